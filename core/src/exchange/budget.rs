//! The time that a call may take and wait.

use std::time::Duration;

use crate::session::config::Timing;
use crate::transport::Timestamp;

/// Shortest time limit of an attempt, unless the call has less time left.
const MIN_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1);

/// Time left for a call, with its token request, waits and retries.
#[derive(Debug)]
pub(super) struct Budget {
    timeout: Duration,
    max_wait: Option<Duration>,
    started: Option<Timestamp>,
    waited: Duration,
}

impl Budget {
    pub(super) fn new(timing: &Timing) -> Self {
        Self { timeout: timing.timeout, max_wait: timing.max_wait, started: None, waited: Duration::ZERO }
    }

    /// Starts the clock, unless it is running already.
    pub(super) fn start(&mut self, now: Timestamp) {
        self.started.get_or_insert(now);
    }

    pub(super) fn left(&self, now: Timestamp) -> Duration {
        now.until(self.deadline())
    }

    /// Returns the time limit of an attempt that begins now: `most`, or what is left of the call.
    pub(super) fn attempt_timeout(&self, most: Duration, now: Timestamp) -> Duration {
        most.max(MIN_ATTEMPT_TIMEOUT).min(self.left(now))
    }

    pub(super) fn is_used_up(&self, now: Timestamp) -> bool {
        now >= self.deadline()
    }

    /// Whether a wait until `until` ends before the deadline, with at least `need` left for what follows.
    pub(super) fn ends_in_time(&self, until: Timestamp, need: Duration) -> bool {
        until < self.deadline() && until + need <= self.deadline()
    }

    /// Takes a wait from the budget; false, and nothing taken, when the call may not wait that long.
    pub(super) fn take_wait(&mut self, until: Timestamp, now: Timestamp) -> bool {
        self.take_wait_before(until, Duration::ZERO, now)
    }

    /// Takes a wait that may last up to `spread` longer, if there is time for that. Returns the end of the wait.
    pub(super) fn take_spread_wait(
        &mut self,
        until: Timestamp,
        spread: Duration,
        need: Duration,
        now: Timestamp,
    ) -> Option<Timestamp> {
        [until + spread, until].into_iter().find(|until| self.take_wait_before(*until, need, now))
    }

    fn take_wait_before(&mut self, until: Timestamp, need: Duration, now: Timestamp) -> bool {
        let waited = self.waited.saturating_add(now.until(until));
        let allowed = self.ends_in_time(until, need) && self.max_wait.is_none_or(|most| waited <= most);
        if allowed {
            self.waited = waited;
        }
        allowed
    }

    fn deadline(&self) -> Timestamp {
        self.started.unwrap_or_default() + self.timeout
    }
}
