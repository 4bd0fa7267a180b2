//! Jobs: operations on one invoice that are executed at once or in the background.

use std::time::Duration;

use super::credit_memo::MemoTerms;
use super::effect::Cause;
use super::store::Stored;
use crate::values::{Date, Json, UnixTime};

/// One operation on an invoice. An operation that is executed at once creates a completed job too, since
/// every response but that of a reversal contains a job id.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) invoice: String,
    pub(crate) operation: JobOperation,
    pub(crate) status: JobStatus,
    /// Time at which the current status was set.
    pub(crate) since: UnixTime,
    pub(crate) reasons: Option<Json>,
    /// Time in each of `Pending` and `Processing`, if it differs from the setting.
    pub(crate) step: Option<Duration>,
    /// The request that created the job.
    pub(crate) cause: Cause,
}

/// The operation that a job executes.
#[derive(Clone, Debug)]
pub(crate) enum JobOperation {
    Post(Option<Date>),
    Cancel,
    Delete,
    Reverse(MemoTerms),
    WriteOff(MemoTerms),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobStatus {
    Pending,
    Processing,
    Failed,
    Completed,
}

impl Stored for Job {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Job {
    /// Returns the time of the next transition; `None` if the job is finished.
    pub(crate) fn due(&self, step: Duration) -> Option<UnixTime> {
        self.is_running().then(|| self.since.after(self.step.unwrap_or(step)))
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.status, JobStatus::Pending | JobStatus::Processing)
    }
}

impl JobOperation {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Post(_) => "Post",
            Self::Cancel => "Cancel",
            Self::Delete => "Delete",
            Self::Reverse(_) => "Reverse",
            Self::WriteOff(_) => "WriteOff",
        }
    }
}

impl JobStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Failed => "Failed",
            Self::Completed => "Completed",
        }
    }
}
