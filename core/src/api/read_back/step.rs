//! The steps of a poll of one object.

use super::reads::{FromSeen, ReadObject, SeenObject};
use crate::call::read_back::{Finding, Sight};
use crate::types::DateTime;

/// Result of a read: the next one of the same object, or the finding about the object.
#[derive(Debug)]
pub(super) enum Step {
    Read(ReadObject),
    Found(Finding),
}

/// Notes what an object shows of itself.
pub(super) fn note<T: FromSeen>(
    sight: &mut Sight<T>,
    seen: &SeenObject,
    status: Option<&str>,
    updated: Option<DateTime>,
) {
    sight.status = status.map(str::to_owned);
    sight.updated = updated.map(|time| time.to_string());
    sight.object = T::from_seen(seen).or(sight.object.take());
}
