//! A fault with the requests that it applies to.

use std::time::Duration;

use super::fault::Fault;
use super::request_pattern::{RequestPattern, RequestTarget};
use crate::values::UnixTime;

/// A [`Fault`] with the requests that it applies to.
#[derive(Clone, Debug)]
pub struct PlannedFault {
    pub(super) fault: Fault,
    pattern: RequestPattern,
    /// Number of matching requests that are passed over first.
    pub(super) skip: usize,
    pub(super) times: usize,
    pub(super) delay: Duration,
    /// Time that the fault is in force, from the first request after it was planned.
    pub(super) lasting: Option<Duration>,
    until: Option<UnixTime>,
}

impl PlannedFault {
    pub(super) const fn new(fault: Fault, pattern: RequestPattern) -> Self {
        let (skip, times) = (0, 1);
        Self { fault, pattern, skip, times, delay: Duration::ZERO, lasting: None, until: None }
    }

    /// Sets the number of requests that the fault applies to.
    #[must_use]
    pub const fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Starts with the n-th matching request, from 1.
    #[must_use]
    pub const fn nth(mut self, nth: usize) -> Self {
        self.skip = nth.saturating_sub(1);
        self
    }

    /// Applies the fault to every matching request for the time `span`, which begins with the next request of
    /// any kind.
    #[must_use]
    pub const fn lasting(mut self, span: Duration) -> Self {
        self.lasting = Some(span);
        self.times = usize::MAX;
        self
    }

    /// Adds `delay` to the time of arrival of the response or of the transport error.
    #[must_use]
    pub const fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(super) const fn pattern(&self) -> &RequestPattern {
        &self.pattern
    }

    /// Returns how far back the fault lets requests read.
    pub(super) fn stale_by(&self) -> Option<Duration> {
        match self.fault {
            Fault::StaleRead(age) => Some(age),
            _ => None,
        }
    }

    /// Starts the time that the fault is in force; whether the fault can still apply.
    pub(super) fn is_in_force(&mut self, now: UnixTime) -> bool {
        if let (Some(span), None) = (self.lasting, self.until) {
            self.until = Some(now.after(span));
        }
        self.times > 0 && self.until.is_none_or(|until| now < until)
    }

    /// Whether the fault applies to the request, which is counted.
    pub(super) fn apply(&mut self, request: &RequestTarget<'_>) -> bool {
        if !self.pattern.matches(request) || !self.fault.can_affect(request) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

impl From<Fault> for PlannedFault {
    fn from(fault: Fault) -> Self {
        Self::new(fault, RequestPattern::any())
    }
}
