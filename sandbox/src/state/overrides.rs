//! Planned deviations in the execution of one request.

use std::time::Duration;

use crate::values::FailureCategory;

/// The deviations that apply to the request in execution; they are reset after each request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    /// The row of a bulk request that fails.
    pub(crate) row_failure: Option<RowFailure>,
    /// The failure that the response reports.
    pub(crate) failure: Option<PlannedFailure>,
    /// Age of the state that is read.
    pub(crate) stale: Option<Duration>,
    /// Whether the request is one of those that the concurrency limit allows; `None` if that is counted when
    /// the request is executed.
    pub(crate) admitted: Option<bool>,
    /// Position of the draft that fails to be posted with its run.
    pub(crate) document_failure: Option<usize>,
    /// Duration of the job that executes the operation, however small the invoice is.
    pub(crate) job: Option<Duration>,
}

/// A planned failure of one row of a bulk request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFailure {
    pub(crate) row: usize,
    pub(crate) category: FailureCategory,
}

/// A planned failure of a whole request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedFailure {
    pub(crate) category: FailureCategory,
    /// Whether the request is executed anyway.
    pub(crate) executed: bool,
}

impl Overrides {
    /// Whether the operation must be executed by a job.
    pub(crate) fn has_job(&self) -> bool {
        self.job.is_some()
    }

    /// Consumes the duration of the job that must execute the operation.
    pub(crate) fn take_job(&mut self) -> Option<Duration> {
        self.job.take()
    }
}
