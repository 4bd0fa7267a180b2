//! Waiting for what the service does to an invoice in the background.

use serde::{Deserialize, Serialize};

use crate::api::invoices::{GetInvoice, Invoice, InvoiceStatus, ReversedInvoice};
use crate::api::jobs::{GetOperationJob, JobStatus, OperationJob, SubmittedJob};
use crate::call::poller::{Progress, Waiter};
use crate::error::{Error, ErrorKind, Result};
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse, Timestamp};
use crate::types::{Amount, InvoiceKey, JobId};

/// An invoice that is being posted, canceled, reversed or deleted.
///
/// Small invoices are done when the answer comes, large ones by a job. The job is looked at where there is one;
/// where the service does not let it be seen (its documents name deletion and reversal jobs only), the invoice
/// itself is read instead.
///
/// ```
/// use zuora_core::invoices::{InvoiceGoal, InvoiceWaiter, PostInvoice};
/// use zuora_core::{Client, Config, DataCenter};
/// use zuora_core::polling::PollingPolicy;
/// use zuora_core::testing::FakeTransport;
///
/// # let world = FakeTransport::new(|request| Ok(FakeTransport::json(200, match request.method().as_str() {
/// #     "PUT" => r#"{"id":"8a","jobId":"8b","jobStatus":"Pending","success":true}"#,
/// #     _ => r#"{"id":"8b","status":"Completed","success":true}"#,
/// # })));
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, world)?;
/// let submitted = client.call(&PostInvoice::new("INV00000155"))?;
/// client.wait(InvoiceWaiter::of("INV00000155", InvoiceGoal::Posted, &submitted), PollingPolicy::default())?;
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoiceWaiter {
    invoice: InvoiceKey,
    goal: InvoiceGoal,
    /// `None` once it is the invoice that is looked at.
    job: Option<JobId>,
}

/// What is to become of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum InvoiceGoal {
    /// It is posted.
    Posted,
    /// It is canceled.
    Canceled,
    /// It is reversed, which leaves it posted with nothing due.
    Reversed,
    /// It is gone.
    Deleted,
}

/// How an [`InvoiceWaiter`] ended well.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InvoiceOutcome {
    /// The job, where it was a job that was looked at.
    pub job: Option<OperationJob>,
    /// The invoice, where it was the invoice that was looked at, and it is not gone.
    pub invoice: Option<Invoice>,
}

impl InvoiceWaiter {
    /// Awaits the goal by reading the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>, goal: InvoiceGoal) -> Self {
        Self { invoice: invoice.into(), goal, job: None }
    }

    /// Awaits what was submitted. An answer that says `Completed` is believed, job or not: one look at the
    /// invoice is all that is left.
    pub fn of(invoice: impl Into<InvoiceKey>, goal: InvoiceGoal, submitted: &SubmittedJob) -> Self {
        match submitted.status() {
            JobStatus::Completed => Self::new(invoice, goal),
            _ => Self { job: submitted.job_id(), ..Self::new(invoice, goal) },
        }
    }

    /// Awaits a reversal that was submitted.
    pub fn of_reversal(invoice: impl Into<InvoiceKey>, submitted: &ReversedInvoice) -> Self {
        let job = match &submitted.job_status {
            Some(JobStatus::Completed) => None,
            _ => submitted.job_id.clone(),
        };
        Self { job, ..Self::new(invoice, InvoiceGoal::Reversed) }
    }

    /// Awaits this job.
    pub fn by_job(invoice: impl Into<InvoiceKey>, goal: InvoiceGoal, job: impl Into<JobId>) -> Self {
        Self { job: Some(job.into()), ..Self::new(invoice, goal) }
    }

    fn judge_job(&self, job: OperationJob) -> Result<Progress<InvoiceOutcome>> {
        match job.status()? {
            JobStatus::Completed => {
                Ok(Progress::Ready(InvoiceOutcome { job: Some(job), ..InvoiceOutcome::default() }))
            }
            JobStatus::Failed => {
                let reasons =
                    job.envelope.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                let invoice = self.invoice.as_str();
                Err(Error::failed(format!(
                    "the job that invoice {invoice} be {:?} failed: {reasons}",
                    self.goal
                )))
            }
            _ => Ok(Progress::Pending(None)),
        }
    }

    fn judge_invoice(&self, invoice: Invoice) -> Result<Progress<InvoiceOutcome>> {
        use InvoiceStatus::{Canceled, Error as Broken, Posted};
        let status = invoice.status()?;
        let reached = match self.goal {
            InvoiceGoal::Posted => *status == Posted,
            InvoiceGoal::Canceled => *status == Canceled,
            // The retrieve answer has no field for it; a reversal leaves nothing due.
            InvoiceGoal::Reversed => invoice.balance.as_ref().is_some_and(Amount::is_zero),
            InvoiceGoal::Deleted => false,
        };
        let lost = match self.goal {
            InvoiceGoal::Posted => matches!(status, Canceled | Broken),
            InvoiceGoal::Canceled => matches!(status, Posted | Broken),
            InvoiceGoal::Reversed => matches!(status, Canceled | Broken),
            InvoiceGoal::Deleted => false,
        };
        if lost {
            let key = self.invoice.as_str();
            return Err(Error::failed(format!("invoice {key} is {status} and will not be {:?}", self.goal)));
        }
        Ok(match reached {
            true => Progress::Ready(InvoiceOutcome { invoice: Some(invoice), ..InvoiceOutcome::default() }),
            false => Progress::Pending(None),
        })
    }
}

impl Waiter for InvoiceWaiter {
    type Read = ReadInvoiceOrJob;
    type Output = InvoiceOutcome;

    fn read(&self) -> ReadInvoiceOrJob {
        match &self.job {
            Some(job) => ReadInvoiceOrJob::Job(GetOperationJob::new(job.clone())),
            None => ReadInvoiceOrJob::Invoice(GetInvoice::new(self.invoice.clone())),
        }
    }

    fn evaluate(&mut self, seen: Result<InvoiceOrJob>, _: Timestamp) -> Result<Progress<InvoiceOutcome>> {
        match seen {
            Ok(InvoiceOrJob::Job(job)) => self.judge_job(*job),
            Ok(InvoiceOrJob::Invoice(invoice)) => self.judge_invoice(*invoice),
            Err(error)
                if self.job.is_some() && error.kind() == ErrorKind::Rejected && !error.is_retryable() =>
            {
                self.job = None;
                Ok(Progress::Pending(None))
            }
            Err(error) if self.job.is_none() && self.goal == InvoiceGoal::Deleted && error.is_not_found() => {
                Ok(Progress::Ready(InvoiceOutcome::default()))
            }
            Err(error) => Err(error),
        }
    }
}

/// One look of an [`InvoiceWaiter`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReadInvoiceOrJob {
    /// At the job.
    Job(GetOperationJob),
    /// At the invoice itself.
    Invoice(GetInvoice),
}

/// What a [`ReadInvoiceOrJob`] shows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InvoiceOrJob {
    /// The job.
    Job(Box<OperationJob>),
    /// The invoice.
    Invoice(Box<Invoice>),
}

impl Operation for ReadInvoiceOrJob {
    type Output = InvoiceOrJob;

    fn spec(&self) -> &Spec {
        match self {
            Self::Job(look) => look.spec(),
            Self::Invoice(look) => look.spec(),
        }
    }

    fn request(&self) -> Result<HttpRequest> {
        match self {
            Self::Job(look) => look.request(),
            Self::Invoice(look) => look.request(),
        }
    }

    fn parse(&self, success: &HttpResponse) -> Result<InvoiceOrJob> {
        match self {
            Self::Job(look) => look.parse(success).map(|job| InvoiceOrJob::Job(Box::new(job))),
            Self::Invoice(look) => {
                look.parse(success).map(|invoice| InvoiceOrJob::Invoice(Box::new(invoice)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Circumstances;

    fn not_found() -> Error {
        let status = Some(http::StatusCode::NOT_FOUND);
        crate::error::Error::from(crate::error::Cause::Rejected)
            .under(Circumstances { status, ..Default::default() })
    }

    fn seen(invoice: &str) -> Result<InvoiceOrJob> {
        Ok(InvoiceOrJob::Invoice(Box::new(serde_json::from_str(invoice).unwrap())))
    }

    #[test]
    fn a_job_that_cannot_be_seen_gives_way_to_the_invoice() {
        let mut awaited = InvoiceWaiter::by_job("INV1", InvoiceGoal::Posted, "8b");
        assert_eq!(awaited.read().spec().name, "get_operation_job");
        assert!(matches!(
            awaited.evaluate(Err(not_found()), Timestamp::default()),
            Ok(Progress::Pending(None))
        ));
        assert_eq!(awaited.read().spec().name, "get_invoice");
        assert!(matches!(
            awaited.evaluate(seen(r#"{"status":"Draft"}"#), Timestamp::default()),
            Ok(Progress::Pending(_))
        ));
        assert!(matches!(
            awaited.evaluate(seen(r#"{"status":"Posted"}"#), Timestamp::default()),
            Ok(Progress::Ready(_))
        ));
        assert!(
            awaited.evaluate(Err(not_found()), Timestamp::default()).is_err(),
            "the invoice itself is gone"
        );
    }

    #[test]
    fn an_answer_that_says_completed_needs_no_job() {
        let submitted: SubmittedJob =
            serde_json::from_str(r#"{"id":"8a","jobId":"8b","jobStatus":"Completed"}"#).unwrap();
        let mut awaited = InvoiceWaiter::of("INV1", InvoiceGoal::Deleted, &submitted);
        assert_eq!(awaited.read().spec().name, "get_invoice");
        assert!(matches!(awaited.evaluate(Err(not_found()), Timestamp::default()), Ok(Progress::Ready(_))));
    }

    #[test]
    fn a_failed_job_tells_why() {
        let mut awaited = InvoiceWaiter::by_job("INV1", InvoiceGoal::Reversed, "8b");
        let job = r#"{"success":true,"status":"Failed","reasons":[{"code":50000030,"message":"payments applied"}]}"#;
        let job = InvoiceOrJob::Job(Box::new(serde_json::from_str(job).unwrap()));
        let error = awaited.evaluate(Ok(job), Timestamp::default()).unwrap_err();
        assert!(error.to_string().contains("[50000030] payments applied"), "{error}");
    }

    #[test]
    fn nothing_due_is_what_a_reversal_leaves() {
        let mut awaited = InvoiceWaiter::new("INV1", InvoiceGoal::Reversed);
        let open = seen(r#"{"status":"Posted","balance":10.00}"#);
        assert!(matches!(awaited.evaluate(open, Timestamp::default()), Ok(Progress::Pending(_))));
        let settled = seen(r#"{"status":"Posted","balance":0.00}"#);
        assert!(matches!(awaited.evaluate(settled, Timestamp::default()), Ok(Progress::Ready(_))));
    }
}
