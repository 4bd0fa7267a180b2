//! What became of a transition whose answer was lost.

use std::time::Duration;

use crate::call::poller::{Awaited, Progress};
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::transport::Now;

/// How long the service may go on working on a request that it was cut off from, with a margin.
const AFTERLIFE: Duration = Duration::from_secs(130);

/// A transition whose effect shows in an object that can be read.
pub trait Transition: Clone {
    /// Reads the object.
    type Read: Operation;

    /// The read that shows the effect.
    fn read_back(&self) -> Self::Read;

    /// Whether the object holds the state that the transition leads to; `None` when what was seen does not
    /// tell, which for an error means that the error stands.
    fn holds(&self, seen: Result<&<Self::Read as Operation>::Output, &Error>) -> Option<bool>;
}

/// What reading back has shown.
///
/// That an object holds the wanted state does not say who put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled<T> {
    /// The object holds the state; `None` when the state is that it is gone.
    Holds(Option<T>),
    /// The object does not hold it, so long after the request that it will not come any more.
    NotApplied(Option<T>),
}

/// Reads a transition's object back until it is certain what became of it.
///
/// That it holds the state is certain at once. That it does not is certain only 130 s after the request was
/// sent: the service goes on working for up to 120 s after it hangs up.
#[derive(Clone, Debug)]
pub struct Settlement<O> {
    transition: O,
    sent_at: Option<Now>,
}

impl<O: Transition> Settlement<O> {
    /// For a transition that ended with `error`, on the same transport's clock.
    pub fn new(transition: &O, error: &Error) -> Self {
        Self { transition: transition.clone(), sent_at: error.sent_at() }
    }
}

impl<O: Transition> Awaited for Settlement<O> {
    type Read = O::Read;
    type Ready = Settled<<O::Read as Operation>::Output>;

    fn read(&self) -> O::Read {
        self.transition.read_back()
    }

    fn judge(
        &mut self,
        seen: Result<<O::Read as Operation>::Output>,
        now: Now,
    ) -> Result<Progress<Self::Ready>> {
        let certain_at = *self.sent_at.get_or_insert(now) + AFTERLIFE;
        match (self.transition.holds(seen.as_ref()), seen) {
            (Some(true), seen) => Ok(Progress::Ready(Settled::Holds(seen.ok()))),
            (Some(false), seen) if now >= certain_at => Ok(Progress::Ready(Settled::NotApplied(seen.ok()))),
            (None, Err(error)) => Err(error),
            _ => Ok(Progress::Pending(Some(now.until(certain_at).min(Duration::from_secs(10))))),
        }
    }
}
