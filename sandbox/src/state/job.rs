//! Jobs: operations on one invoice that are done at once or in the background.

use std::time::Duration;

use crate::values::{Date, Json, UnixTime};

/// One piece of work. Work that was done at once leaves a job behind too, for the reversal aside every answer
/// names one.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) invoice: String,
    pub(crate) operation: JobOperation,
    pub(crate) status: JobStatus,
    /// When the status was entered.
    pub(crate) since: UnixTime,
    pub(crate) reasons: Option<Json>,
}

/// What is done to the invoice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JobOperation {
    Post(Option<Date>),
    Cancel,
    Delete,
    Reverse(Reversal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobStatus {
    Pending,
    Processing,
    Failed,
    Completed,
}

/// The day of the memo that takes an invoice back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reversal {
    pub(crate) memo_date: Date,
}

impl Job {
    /// When the job moves on by itself; never, when it is over.
    pub(crate) fn due(&self, step: Duration) -> Option<UnixTime> {
        self.is_running().then(|| self.since.after(step))
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.status, JobStatus::Pending | JobStatus::Processing)
    }
}

impl JobOperation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Post(_) => "Post",
            Self::Cancel => "Cancel",
            Self::Delete => "Delete",
            Self::Reverse(_) => "Reverse",
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
