//! Progress of background work over time.

use super::sandbox::Sandbox;
use crate::state::{BillRun, Job, State};
use crate::values::UnixTime;

impl Sandbox {
    /// Does the background work that is due by `now`, and executes the requests and actions that were deferred
    /// until then, in chronological order.
    ///
    /// Every request does the same first. A time before that of the last request or call has no effect.
    pub fn advance(&mut self, now: UnixTime) {
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

    fn advance_background(&mut self, now: UnixTime) {
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
    /// Executes every transition that is due by `now`, in chronological order.
    pub(crate) fn advance(&mut self, now: UnixTime) {
        let now = now.clamped().max(self.now);
        while let Some((work, at)) = self.next_due().filter(|(_, at)| *at <= now) {
            self.now = at.max(self.now);
            match work {
                DueWork::Run(index) => self.advance_bill_run(index),
                DueWork::Job(index) => self.advance_job(index),
            }
        }
        self.now = now;
    }

    fn next_due(&self) -> Option<(DueWork, UnixTime)> {
        let run =
            |(index, run): (usize, &BillRun)| Some((DueWork::Run(index), run.due(self.settings.processing)?));
        let job = |(index, job): (usize, &Job)| Some((DueWork::Job(index), job.due(self.settings.job_step)?));
        let runs = self.runs.iter().enumerate().filter_map(run);
        runs.chain(self.jobs.iter().enumerate().filter_map(job)).min_by_key(|(_, at)| *at)
    }
}

/// The index of a run or job whose transition is due.
enum DueWork {
    Run(usize),
    Job(usize),
}
