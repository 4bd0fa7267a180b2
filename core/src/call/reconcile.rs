//! What became of a transition whose answer was lost.

use std::time::Duration;

use crate::call::poller::{Progress, Waiter};
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::transport::Timestamp;

/// How long the service may go on working on a request that it was cut off from, with a margin.
const MAX_SERVER_PROCESSING: Duration = Duration::from_secs(130);

/// A transition whose effect shows in an object that can be read.
pub trait ReadBack: Clone {
    /// Reads the object.
    type Read: Operation;

    /// The read that shows the effect.
    fn read_back(&self) -> Self::Read;

    /// Whether the object holds the state that the transition leads to; `None` when what was seen does not
    /// tell, which for an error means that the error stands.
    fn is_applied(&self, seen: Result<&<Self::Read as Operation>::Output, &Error>) -> Option<bool>;
}

/// What reading back has shown.
///
/// That an object holds the wanted state does not say who put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled<T> {
    /// The object holds the state; `None` when the state is that it is gone.
    Applied(Option<T>),
    /// The object does not hold it, so long after the request that it will not come any more.
    NotApplied(Option<T>),
}

/// Reads a transition's object back until it is certain what became of it.
///
/// That it holds the state is certain at once. That it does not is certain only 130 s after the request was
/// sent: the service goes on working for up to 120 s after it hangs up.
#[derive(Clone, Debug)]
pub struct Reconciliation<O> {
    transition: O,
    sent_at: Option<Timestamp>,
}

impl<O: ReadBack> Reconciliation<O> {
    /// For a transition that ended with `error`, on the same transport's clock.
    pub fn new(transition: &O, error: &Error) -> Self {
        Self { transition: transition.clone(), sent_at: error.failed_at() }
    }
}

impl<O: ReadBack> Waiter for Reconciliation<O> {
    type Read = O::Read;
    type Output = Reconciled<<O::Read as Operation>::Output>;

    fn read(&self) -> O::Read {
        self.transition.read_back()
    }

    fn evaluate(
        &mut self,
        seen: Result<<O::Read as Operation>::Output>,
        now: Timestamp,
    ) -> Result<Progress<Self::Output>> {
        let certain_at = *self.sent_at.get_or_insert(now) + MAX_SERVER_PROCESSING;
        match (self.transition.is_applied(seen.as_ref()), seen) {
            (Some(true), seen) => Ok(Progress::Ready(Reconciled::Applied(seen.ok()))),
            (Some(false), seen) if now >= certain_at => {
                Ok(Progress::Ready(Reconciled::NotApplied(seen.ok())))
            }
            (None, Err(error)) => Err(error),
            _ => Ok(Progress::Pending(Some(now.until(certain_at).min(Duration::from_secs(10))))),
        }
    }
}
