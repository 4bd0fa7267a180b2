//! Work on one invoice, at once or in the background, and `GET /v1/operations/jobs/{jobId}`.

use std::time::Duration;

use crate::call::Call;
use crate::invoices::Reversal;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::sandbox::Background;
use crate::time::{Date, UnixTime};
use crate::world::World;

/// One piece of work. Work that was done at once leaves a job behind too, for the reversal aside every answer
/// names one.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    id: String,
    invoice: String,
    work: Work,
    status: JobStatus,
    /// When the status was entered.
    since: UnixTime,
    reasons: Option<Json>,
}

/// What is done to the invoice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Post(Option<Date>),
    Cancel,
    Delete,
    Reverse(Reversal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobStatus {
    Pending,
    Processing,
    Failed,
    Completed,
}

/// Looks a job up.
pub(crate) fn get(world: &mut World, _call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let key = keys.first().copied().unwrap_or_default();
    let shown = |job: &&Job| {
        let posting = matches!(job.work, Work::Post(_) | Work::Cancel);
        job.id == key && !(posting && world.settings.hide_posting_jobs)
    };
    let job = world.jobs.iter().find(shown).ok_or_else(|| Refusal::no_entity(key))?;
    Ok(Reply::Success(job.json()))
}

impl Job {
    /// When the job moves on by itself; never, when it is over.
    pub(crate) fn due(&self, step: Duration) -> Option<UnixTime> {
        self.is_running().then(|| self.since.after(step))
    }

    fn is_running(&self) -> bool {
        matches!(self.status, JobStatus::Pending | JobStatus::Processing)
    }

    /// The answer of the operation that started it.
    pub(crate) fn started(&self) -> Json {
        Json::object([
            ("id", (&self.invoice).into()),
            ("jobId", (&self.id).into()),
            ("jobStatus", self.status.wire().into()),
        ])
    }

    fn json(&self) -> Json {
        Json::filled([
            ("id", (&self.id).into()),
            ("objectId", (&self.invoice).into()),
            ("objectType", "Invoice".into()),
            ("operationType", self.work.wire().into()),
            ("status", self.status.wire().into()),
            ("reasons", self.reasons.clone().into()),
        ])
    }
}

impl Work {
    fn wire(self) -> &'static str {
        match self {
            Self::Post(_) => "Post",
            Self::Cancel => "Cancel",
            Self::Delete => "Delete",
            Self::Reverse(_) => "Reverse",
        }
    }
}

impl JobStatus {
    fn wire(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Failed => "Failed",
            Self::Completed => "Completed",
        }
    }
}

impl World {
    /// Checks a piece of work, then does it or leaves it to a job. Gives the place of the job, and the credit
    /// memo of a reversal that was done at once.
    pub(crate) fn work(
        &mut self,
        index: usize,
        work: Work,
        by_job: bool,
    ) -> Result<(usize, Option<String>), Refusal> {
        self.why_not(index, work)?;
        let invoice = self.invoices[index].id.clone();
        let memo = if by_job { None } else { self.perform(index, work) };
        let status = if by_job { JobStatus::Pending } else { JobStatus::Completed };
        let id = self.ids.entity();
        self.jobs.push(Job { id, invoice, work, status, since: self.now, reasons: None });
        Ok((self.jobs.len() - 1, memo))
    }

    /// Whether a job is working on the invoice of that id.
    pub(crate) fn is_in_work(&self, invoice: &str) -> bool {
        self.jobs.iter().any(|job| job.invoice == invoice && job.is_running())
    }

    /// Moves a job on whose time has come.
    pub(crate) fn step_job(&mut self, index: usize) {
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
            Some(Err(refusal)) => {
                job.status = JobStatus::Failed;
                job.reasons = Some(refusal.reasons(self.settings.text_codes));
            }
        }
    }

    fn finish_job(&mut self, index: usize) -> Result<(), Refusal> {
        if self.fails(Background::Job) {
            return Err(Refusal::rule("The sandbox was told to let the job fail."));
        }
        let (work, key) = (self.jobs[index].work, self.jobs[index].invoice.clone());
        let invoice = self.find_invoice(&key)?;
        // A bill run may have worked on it meanwhile.
        self.why_not(invoice, work)?;
        self.perform(invoice, work);
        Ok(())
    }

    fn why_not(&self, index: usize, work: Work) -> Result<(), Refusal> {
        match work {
            Work::Post(_) => self.why_not_post(index),
            Work::Cancel => self.why_not_cancel_invoice(index),
            Work::Delete => self.why_not_delete(index),
            Work::Reverse(reversal) => self.why_not_reverse(index, reversal),
        }
    }

    /// Gives the id of the credit memo of a reversal.
    fn perform(&mut self, index: usize, work: Work) -> Option<String> {
        match work {
            Work::Post(date) => self.post_invoice(index, date),
            Work::Cancel => self.invoices[index].cancel(&mut self.ledger, self.now),
            Work::Delete => {
                self.invoices.remove(index);
            }
            Work::Reverse(_) => return Some(self.reverse_invoice(index)),
        }
        None
    }
}
