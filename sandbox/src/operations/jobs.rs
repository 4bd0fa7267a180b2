//! Execution of operations on one invoice, and `GET /v1/operations/jobs/{jobId}`.

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{BackgroundJob, EffectKind, Job, JobOperation, JobStatus, State};
use crate::values::Json;

/// Shows a job.
pub(crate) fn get(state: &mut State, _request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let key = keys.first().copied().unwrap_or_default();
    let shown = |job: &&Job| {
        let posting = matches!(job.operation, JobOperation::Post(_) | JobOperation::Cancel);
        !(posting && state.settings.hide_posting_jobs)
    };
    let job = state.jobs.by_key(key).filter(shown).ok_or_else(|| ApiError::not_found(key))?;
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

    /// Shows the job.
    pub(crate) fn json(&self) -> Json {
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
    /// credit memo of a reversal or write-off that was executed at once.
    pub(crate) fn execute_or_queue(
        &mut self,
        index: usize,
        operation: JobOperation,
        by_job: bool,
    ) -> Result<(usize, Option<String>), ApiError> {
        self.check_operation(index, &operation)?;
        let invoice = self.invoices[index].id.clone();
        let forced = self.overrides.take_job();
        let by_job = by_job || forced.is_some();
        let memo = if by_job { None } else { self.perform(index, operation.clone()) };
        let status = if by_job { JobStatus::Pending } else { JobStatus::Completed };
        let id = self.ids.entity();
        if by_job {
            self.record(EffectKind::JobStarted, &id);
        }
        let (since, cause) = (self.now, self.effects.cause.clone());
        let step = forced.map(|duration| duration / 2);
        let job = self.add_job(Job { id, invoice, operation, status, since, reasons: None, step, cause });
        Ok((job, memo))
    }

    /// Advances a job whose transition is due.
    pub(crate) fn advance_job(&mut self, index: usize) {
        let cause = self.jobs[index].cause.clone();
        let outer = std::mem::replace(&mut self.effects.cause, cause);
        let (status, reasons) = match self.jobs[index].status {
            JobStatus::Pending => (JobStatus::Processing, None),
            _ => match self.finish_job(index) {
                Ok(()) => (JobStatus::Completed, None),
                Err(error) => (JobStatus::Failed, Some(error.reasons(self.settings.text_codes))),
            },
        };
        let job = &mut self.jobs[index];
        (job.status, job.since, job.reasons) = (status, self.now, reasons);
        if !job.is_running() {
            self.active_jobs.remove(&index);
        }
        match status {
            JobStatus::Completed => self.effects.record(self.now, EffectKind::JobCompleted, &job.id),
            JobStatus::Failed => self.effects.record(self.now, EffectKind::JobFailed, &job.id),
            JobStatus::Pending | JobStatus::Processing => {}
        }
        self.effects.cause = outer;
    }

    fn finish_job(&mut self, index: usize) -> Result<(), ApiError> {
        if self.take_failure(BackgroundJob::Job) {
            return Err(ApiError::rule("The job failed, as planned by the test."));
        }
        let (operation, key) = (self.jobs[index].operation.clone(), self.jobs[index].invoice.clone());
        let invoice = self.find_invoice(&key)?;
        // A bill run may have changed the invoice in the meantime.
        self.check_operation(invoice, &operation)?;
        self.perform(invoice, operation);
        Ok(())
    }

    fn check_operation(&self, index: usize, operation: &JobOperation) -> Result<(), ApiError> {
        match operation {
            JobOperation::Post(_) => self.check_can_post(index),
            JobOperation::Cancel => self.check_can_cancel(index),
            JobOperation::Delete => self.check_can_delete(index),
            JobOperation::Reverse(terms) => self.check_can_reverse(index, terms),
            JobOperation::WriteOff(_) => self.check_can_write_off(index),
        }
    }

    /// Executes the operation; returns the id of the credit memo of a reversal or write-off.
    fn perform(&mut self, index: usize, operation: JobOperation) -> Option<String> {
        match operation {
            JobOperation::Post(date) => self.post_invoice(index, date),
            JobOperation::Cancel => self.cancel_invoice(index),
            JobOperation::Delete => self.delete_invoice(index),
            JobOperation::Reverse(terms) => return Some(self.reverse_invoice(index, terms)),
            JobOperation::WriteOff(terms) => return Some(self.write_off_invoice(index, terms)),
        }
        None
    }
}
