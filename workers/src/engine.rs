//! The part of a worker that a queue does: hand out jobs, keep them for a while, execute decisions.

use std::future::Future;
use std::time::Duration;

use zuora_core::session::Token;
use zuora_core::transport::WallTime;

use crate::decision::{Decision, Record};
use crate::job::Job;
use crate::send_log::SendLog;

/// A queue that hands each job to one worker at a time, and again if that worker does not report.
pub trait Engine: SendLog + Clone + Send + 'static {
    /// Adds a job. A key that the queue already has, in whatever state, adds nothing.
    ///
    /// # Errors
    /// [`Job::check`] fails, or the queue cannot be reached.
    fn enqueue(&self, job: &Job) -> impl Future<Output = Result<Enqueued, Self::Error>> + Send;

    /// Makes a worker known under a name that no worker has had before.
    ///
    /// # Errors
    /// The queue cannot be reached, or the name is taken.
    fn join(&self, worker: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Renews the lease of a worker, and puts the jobs of workers without one back. Returns none if the queue does not
    /// know the worker any more.
    ///
    /// # Errors
    /// The queue cannot be reached: the lease was not renewed.
    fn beat(&self, worker: &str) -> impl Future<Output = Result<Option<Fleet>, Self::Error>> + Send;

    /// Returns the time for which a beat renews the lease, counted from before the beat.
    fn lease(&self) -> Duration;

    /// Hands at most `most` due jobs to a worker.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn claim(
        &self,
        worker: &str,
        most: u32,
    ) -> impl Future<Output = Result<Vec<Claimed>, Self::Error>> + Send;

    /// Executes a decision with its record and the jobs that follow: in one transaction where the engine has some, else
    /// in an order in which an interruption loses none of them. Only an acknowledgement counts after the job was
    /// handed to another worker.
    ///
    /// # Errors
    /// The queue cannot be reached. The decision may have been executed; doing so again changes nothing.
    fn execute(
        &self,
        worker: &str,
        claimed: &Claimed,
        decision: &Decision,
        record: &Record,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Puts the jobs of a worker back whose decisions it has not executed, and ends its lease.
    ///
    /// # Errors
    /// The queue cannot be reached: the jobs are put back when the lease ends.
    fn leave(&self, worker: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns the token that a worker with the same credentials has stored. `owner` is that of
    /// [`Session::token_owner`](zuora_core::session::Session::token_owner).
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn token(
        &self,
        owner: &str,
        now: WallTime,
    ) -> impl Future<Output = Result<Option<Token>, Self::Error>> + Send;

    /// Stores a token for the workers with the same credentials that start later.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn store_token(
        &self,
        owner: &str,
        token: &Token,
        now: WallTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The effect of adding a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Enqueued {
    /// The job is new.
    New,
    /// The queue had a job with this key already, and keeps it as it is.
    AlreadyThere,
}

/// A job that was handed to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Claimed {
    /// Id of the entry in the queue.
    pub id: String,
    /// Key of the job; empty if another program has added the entry without one.
    pub key: String,
    /// The text of the [`Job`].
    pub payload: String,
    /// Number of workers that ended while they held the job.
    pub lost_workers: u32,
}

impl Claimed {
    /// Returns the key, or the id of an entry without one.
    pub fn label(&self) -> &str {
        if self.key.is_empty() { &self.id } else { &self.key }
    }
}

/// The state of all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Fleet {
    /// Workers whose lease runs.
    pub alive: u32,
    /// Whether an operator has stopped the handing out of jobs.
    pub is_paused: bool,
}
