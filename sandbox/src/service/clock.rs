//! The clock of the service, and progress of background work over time.

use std::time::Duration;

use super::sandbox::Sandbox;
use crate::state::State;
use crate::values::UnixTime;

/// The error of [`Sandbox::jump_clock`] to a time in the past.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock cannot go back from {now} to {to}; reset or restore the sandbox first")]
pub struct ClockError {
    now: String,
    to: String,
}

/// The clock of the service. It follows the time that each request has until it is changed; the clocks of the
/// clients do not change with it.
///
/// ```
/// use std::time::Duration;
/// use zuora_sandbox::{Sandbox, UnixTime};
///
/// let mut sandbox = Sandbox::demo();
/// sandbox.advance(UnixTime::from_secs(1_772_384_400));
/// sandbox.freeze_clock();
/// sandbox.advance_clock(Duration::from_secs(31 * 86_400)); // the next month, with all work that is due by then
/// assert_eq!(sandbox.now(), UnixTime::from_secs(1_775_062_800));
/// ```
impl Sandbox {
    /// Stops the clock at the current time.
    pub fn freeze_clock(&mut self) {
        self.clock.set(self.clock.now(), true);
    }

    /// Lets the clock run on from the current time.
    pub fn run_clock(&mut self) {
        self.clock.set(self.clock.now(), false);
    }

    /// Advances the clock, and does the background work that is due by then.
    pub fn advance_clock(&mut self, span: Duration) {
        self.clock.set(self.clock.now().after(span), self.clock.is_frozen());
        self.catch_up();
    }

    /// Advances the clock to a time, and does the background work that is due by then.
    ///
    /// # Errors
    /// Fails if the time is before the current one.
    pub fn jump_clock(&mut self, to: UnixTime) -> Result<(), ClockError> {
        let now = self.clock.now().max(self.now());
        if to < now {
            return Err(ClockError { now: now.to_utc(), to: to.to_utc() });
        }
        self.clock.set(to, self.clock.is_frozen());
        self.catch_up();
        Ok(())
    }

    /// Does all background work that is due, even if it is limited.
    fn catch_up(&mut self) {
        self.advance(self.clock.outside());
        while self.is_behind() {
            self.advance(self.clock.outside());
        }
    }

    /// Whether the clock is stopped.
    pub fn is_clock_frozen(&self) -> bool {
        self.clock.is_frozen()
    }

    /// Returns the time of the sandbox at the time of a front.
    pub(crate) fn time_at(&self, outside: UnixTime) -> UnixTime {
        self.clock.at(outside)
    }
}

impl Sandbox {
    /// Does the background work that is due by `now`, and executes the requests and actions that were deferred
    /// until then, in chronological order.
    ///
    /// Every request does the same first. A time before that of the last request or call has no effect.
    pub fn advance(&mut self, now: UnixTime) {
        let now = self.clock.read(now);
        loop {
            let deferred = self.next_deferred(now);
            let action = self.hooks.next_due(now);
            match (deferred, action) {
                (Some(index), action) if action.is_none_or(|at| self.deferred[index].due <= at) => {
                    let deferred = self.deferred.remove(index);
                    self.advance_background(deferred.due);
                    self.execute_deferred(deferred);
                }
                (_, Some(at)) => {
                    self.advance_background(at);
                    if let Some(action) = self.hooks.take_due(at) {
                        action.perform(self);
                    }
                }
                (_, None) => break,
            }
        }
        self.advance_background(now);
    }

    /// Lets each later call do at most one slice of the background work of a large run, so that it does not delay
    /// the call. Calls of [`advance`](Self::advance) do the rest.
    #[cfg(feature = "serve")]
    pub(crate) fn limit_slices(&mut self) {
        self.state.slices_per_call = Some(1);
    }

    /// Whether background work is still to be done after [`advance`](Self::advance), because it is limited.
    pub(crate) fn is_behind(&self) -> bool {
        self.state.slices_per_call.is_some() && self.state.is_behind()
    }

    pub(super) fn advance_background(&mut self, now: UnixTime) {
        self.state.advance(now);
        self.collect_effects();
    }

    /// Returns the index of the deferred request that is due first, if it is due by `now`.
    fn next_deferred(&self, now: UnixTime) -> Option<usize> {
        let due = self.deferred.iter().enumerate().filter(|(_, deferred)| deferred.due <= now);
        due.min_by_key(|(_, deferred)| deferred.due).map(|(index, _)| index)
    }
}

impl State {
    /// Executes the transitions that are due by `now`, in chronological order: all of them, or at most a number
    /// of slices of large runs.
    pub(crate) fn advance(&mut self, now: UnixTime) {
        let now = now.clamped().max(self.now);
        let mut slices = 0;
        while let Some((work, at)) = self.next_due().filter(|(_, at)| *at <= now) {
            if self.slices_per_call.is_some_and(|limit| slices >= limit) {
                break;
            }
            self.now = at.max(self.now);
            match work {
                DueWork::Run(index) => slices += usize::from(self.advance_bill_run(index)),
                DueWork::Job(index) => self.advance_job(index),
            }
        }
        self.now = now;
    }

    /// Whether transitions that are due are still to be executed.
    fn is_behind(&self) -> bool {
        self.next_due().is_some_and(|(_, at)| at <= self.now)
    }

    fn next_due(&self) -> Option<(DueWork, UnixTime)> {
        let run =
            |index: &usize| Some((DueWork::Run(*index), self.runs[*index].due(self.settings.processing)?));
        let job =
            |index: &usize| Some((DueWork::Job(*index), self.jobs[*index].due(self.settings.job_step)?));
        let runs = self.active_runs.iter().filter_map(run);
        runs.chain(self.active_jobs.iter().filter_map(job)).min_by_key(|(_, at)| *at)
    }
}

/// The index of a run or job whose transition is due.
enum DueWork {
    Run(usize),
    Job(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_772_384_400 + seconds)
    }

    fn sandbox() -> Sandbox {
        let mut sandbox = Sandbox::demo();
        sandbox.advance(at(0));
        sandbox
    }

    #[test]
    fn a_frozen_clock_changes_only_when_it_is_advanced() {
        let mut sandbox = sandbox();
        sandbox.freeze_clock();
        sandbox.advance(at(500));
        assert_eq!(sandbox.now(), at(0));
        sandbox.advance_clock(Duration::from_secs(7));
        assert_eq!(sandbox.now(), at(7));
        sandbox.run_clock();
        sandbox.advance(at(503));
        assert_eq!(sandbox.now(), at(10), "the clock runs on from the time at which it stood");
    }

    #[test]
    fn a_jump_goes_forward_only() {
        let mut sandbox = sandbox();
        sandbox.jump_clock(at(1000)).unwrap();
        sandbox.advance(at(1));
        assert_eq!(sandbox.now(), at(1001));
        let error = sandbox.jump_clock(at(1000)).unwrap_err().to_string();
        assert_eq!(
            error,
            "the clock cannot go back from 2026-03-01T17:16:41.000Z to 2026-03-01T17:16:40.000Z; reset or \
             restore the sandbox first"
        );
    }
}
