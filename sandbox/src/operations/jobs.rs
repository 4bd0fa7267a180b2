//! Execution of operations on one invoice, and `GET /v1/operations/jobs/{jobId}`.

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{BackgroundJob, Job, JobOperation, JobStatus, State};
use crate::values::Json;

/// Shows a job.
pub(crate) fn get(state: &mut State, _request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let key = keys.first().copied().unwrap_or_default();
    let shown = |job: &&Job| {
        let posting = matches!(job.operation, JobOperation::Post(_) | JobOperation::Cancel);
        job.id == key && !(posting && state.settings.hide_posting_jobs)
    };
    let job = state.jobs.iter().find(shown).ok_or_else(|| ApiError::not_found(key))?;
    Ok(ResponseBody::Success(job.json()))
}

impl Job {
    /// Shows the job as the operation that created it does.
    pub(crate) fn started_json(&self) -> Json {
        Json::object([
            ("id", (&self.invoice).into()),
            ("jobId", (&self.id).into()),
            ("jobStatus", self.status.as_str().into()),
        ])
    }

    fn json(&self) -> Json {
        Json::non_null([
            ("id", (&self.id).into()),
            ("objectId", (&self.invoice).into()),
            ("objectType", "Invoice".into()),
            ("operationType", self.operation.as_str().into()),
            ("status", self.status.as_str().into()),
            ("reasons", self.reasons.clone().into()),
        ])
    }
}

impl State {
    /// Validates an operation, then executes it or leaves it to a job. Returns the index of the job, and the
    /// credit memo of a reversal that was executed at once.
    pub(crate) fn execute_or_queue(
        &mut self,
        index: usize,
        operation: JobOperation,
        by_job: bool,
    ) -> Result<(usize, Option<String>), ApiError> {
        self.check_operation(index, operation)?;
        let invoice = self.invoices[index].id.clone();
        let memo = if by_job { None } else { self.perform(index, operation) };
        let status = if by_job { JobStatus::Pending } else { JobStatus::Completed };
        let id = self.ids.entity();
        self.jobs.push(Job { id, invoice, operation, status, since: self.now, reasons: None });
        Ok((self.jobs.len() - 1, memo))
    }

    /// Advances a job whose transition is due.
    pub(crate) fn advance_job(&mut self, index: usize) {
        let ended = match self.jobs[index].status {
            JobStatus::Pending => {
                self.jobs[index].status = JobStatus::Processing;
                None
            }
            _ => Some(self.finish_job(index)),
        };
        let job = &mut self.jobs[index];
        job.since = self.now;
        match ended {
            None => {}
            Some(Ok(())) => job.status = JobStatus::Completed,
            Some(Err(error)) => {
                job.status = JobStatus::Failed;
                job.reasons = Some(error.reasons(self.settings.text_codes));
            }
        }
    }

    fn finish_job(&mut self, index: usize) -> Result<(), ApiError> {
        if self.take_failure(BackgroundJob::Job) {
            return Err(ApiError::rule("The job failed, as planned by the test."));
        }
        let (operation, key) = (self.jobs[index].operation, self.jobs[index].invoice.clone());
        let invoice = self.find_invoice(&key)?;
        // A bill run may have changed the invoice in the meantime.
        self.check_operation(invoice, operation)?;
        self.perform(invoice, operation);
        Ok(())
    }

    fn check_operation(&self, index: usize, operation: JobOperation) -> Result<(), ApiError> {
        match operation {
            JobOperation::Post(_) => self.check_can_post(index),
            JobOperation::Cancel => self.check_can_cancel(index),
            JobOperation::Delete => self.check_can_delete(index),
            JobOperation::Reverse(reversal) => self.check_can_reverse(index, reversal),
        }
    }

    /// Executes the operation; returns the id of the credit memo of a reversal.
    fn perform(&mut self, index: usize, operation: JobOperation) -> Option<String> {
        match operation {
            JobOperation::Post(date) => self.post_invoice(index, date),
            JobOperation::Cancel => self.invoices[index].cancel(&mut self.ledger, self.now),
            JobOperation::Delete => {
                self.invoices.remove(index);
            }
            JobOperation::Reverse(_) => return Some(self.reverse_invoice(index)),
        }
        None
    }
}
