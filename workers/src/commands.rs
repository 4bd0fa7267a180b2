//! The commands of an operator.

use std::future::Future;

use zuora_core::transport::WallTime;

use crate::decision::Decision;
use crate::engine::Engine;

/// Commands about the jobs of a queue and the workers on it.
pub trait Commands: Engine {
    /// Stops the handing out of jobs to all workers. Jobs in progress end.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn pause(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Ends a pause.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn resume(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns the number of jobs in each state.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn count(&self) -> impl Future<Output = Result<Counts, Self::Error>> + Send;

    /// Returns the jobs that have ended in a state: `in doubt`, `rejected` or `done`, in the order of their keys.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn list(&self, state: &str) -> impl Future<Output = Result<Vec<Ended>, Self::Error>> + Send;

    /// Ends the doubt about a job that is in doubt.
    ///
    /// # Errors
    /// The job is not in doubt, [`NotApplied`](Resolution::NotApplied) is earlier than
    /// [`look_from`](crate::InDoubt::look_from), or the queue cannot be reached.
    fn resolve(
        &self,
        key: &str,
        resolution: &Resolution,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Delivers a job again that is in doubt or rejected. What may have been sent stays in the send log, so that nothing
    /// is sent twice. A POST that was surely never applied gets a new idempotency key: the service replays a rejection
    /// under the old one for 24 hours.
    ///
    /// # Errors
    /// The job is neither in doubt nor rejected, or the queue cannot be reached.
    fn requeue(&self, key: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Finding of a person about a job in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Resolution {
    /// The operation was applied, as the evidence shows. The job is done, and the jobs that follow are added.
    Applied(String),
    /// The operation was not applied. The job is delivered as if it had never been sent, a POST under a new idempotency
    /// key: the service may have stored a failure under the old one.
    NotApplied,
}

/// Checks that a person can tell by now that a job in doubt was not applied. Returns the remedy otherwise.
pub(crate) fn check_not_applied(key: &str, decision: &Decision) -> Result<(), String> {
    let Decision::InDoubt(doubt) = decision else { return Err(format!("{key}: the job is not in doubt")) };
    let now = WallTime::from(std::time::SystemTime::now());
    match doubt.look_from.and_then(|from| from.since(now)).filter(|wait| !wait.is_zero()) {
        None => Ok(()),
        Some(wait) => {
            let wait = wait.as_secs() + 1;
            Err(format!("{key}: the service may still be at work on it: look into the tenant in {wait} s"))
        }
    }
}

/// A job that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Key of the job.
    pub key: String,
    /// Name of the worker that decided, or `person`.
    pub worker: String,
    /// The decision.
    pub decision: Decision,
    /// Text of the job, with its intent.
    pub payload: String,
}

/// Number of jobs in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Jobs that wait to be handed out.
    pub waiting: u64,
    /// Jobs that a worker holds.
    pub running: u64,
    /// Jobs whose operation was accepted or applied. NATS counts all jobs but those in the other states, and thus also a
    /// job whose message another program has removed.
    pub done: u64,
    /// Jobs that a person decides about.
    pub in_doubt: u64,
    /// Dead letters.
    pub rejected: u64,
}

impl Counts {
    /// Returns the number of jobs that workers still have to decide about.
    pub fn open(&self) -> u64 {
        self.waiting + self.running
    }
}
