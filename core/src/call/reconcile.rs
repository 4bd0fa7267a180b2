//! Reconciliation of a write whose outcome is unknown.

use std::time::Duration;

use crate::call::poller::{Progress, Waiter};
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::transport::Timestamp;

/// Longest time for which the service may continue to process a request after its connection closed, with a margin.
const MAX_SERVER_PROCESSING: Duration = Duration::from_secs(130);

/// A write whose effect can be determined by reading its object back.
#[doc(alias = "reconcile")]
pub trait ReadBack: Clone {
    /// Operation that reads the object.
    type Read: Operation;

    /// Returns the read that shows the effect of the write.
    fn read_back(&self) -> Self::Read;

    /// Whether the object that was read is in the state that the write leads to.
    ///
    /// `None` means that the read is inconclusive. If the read failed, `None` returns its error to the caller.
    fn is_applied(&self, seen: Result<&<Self::Read as Operation>::Output, &Error>) -> Option<bool>;
}

/// Result of reading the object of a write back.
///
/// That an object is in the wanted state does not show which request put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled<T> {
    /// The object is in the wanted state. `None` when the object was deleted, as wanted.
    Applied(Option<T>),
    /// The object is not in the wanted state, and the service can no longer be processing the request.
    NotApplied(Option<T>),
}

/// A [`Waiter`] that reads the object of a write back until its outcome is certain.
///
/// A write is known to be applied as soon as the object is in the wanted state. It is known not to be applied only
/// 130 s after the request was sent, since the service may process a request for up to 120 s after its connection
/// closed.
#[doc(alias = "settle")]
#[derive(Clone, Debug)]
pub struct Reconciliation<O> {
    operation: O,
    sent_at: Option<Timestamp>,
}

impl<O: ReadBack> Reconciliation<O> {
    /// Creates the reconciliation of an operation that ended with `error`. Both have to use the clock of the same
    /// transport.
    pub fn new(operation: &O, error: &Error) -> Self {
        Self { operation: operation.clone(), sent_at: error.failed_at() }
    }
}

impl<O: ReadBack> Waiter for Reconciliation<O> {
    type Read = O::Read;
    type Output = Reconciled<<O::Read as Operation>::Output>;

    fn read(&self) -> O::Read {
        self.operation.read_back()
    }

    fn evaluate(
        &mut self,
        seen: Result<<O::Read as Operation>::Output>,
        now: Timestamp,
    ) -> Result<Progress<Self::Output>> {
        let certain_at = *self.sent_at.get_or_insert(now) + MAX_SERVER_PROCESSING;
        match (self.operation.is_applied(seen.as_ref()), seen) {
            (Some(true), seen) => Ok(Progress::Ready(Reconciled::Applied(seen.ok()))),
            (Some(false), seen) if now >= certain_at => {
                Ok(Progress::Ready(Reconciled::NotApplied(seen.ok())))
            }
            (None, Err(error)) => Err(error),
            _ => Ok(Progress::Pending(Some(now.until(certain_at).min(Duration::from_secs(10))))),
        }
    }
}
