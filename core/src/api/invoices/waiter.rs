//! Waiter for the background processing of an invoice.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::invoices::{GetInvoice, Invoice, InvoiceStatus, ReversedInvoice, query_of};
use crate::api::jobs::{GetOperationJob, JobStatus, OperationJob, SubmittedJob};
use crate::api::object_query::{QueriedInvoice, QueriedInvoices, QueryInvoices};
use crate::call::poller::{Progress, Waiter};
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse, Timestamp};
use crate::types::{InvoiceKey, JobId};

/// Waits until an invoice is posted, canceled, reversed or deleted.
///
/// The service processes small invoices synchronously, and large invoices in a background job. The waiter
/// polls the job, if there is one. When the service rejects the retrieval of the job, the waiter polls the
/// invoice instead: job retrieval is documented for deletions and reversals only.
///
/// Whether an invoice is reversed is read with Object Query. A balance of zero does not show it: the invoice may have
/// been paid. That an invoice is deleted needs the service's own reason of category 40: a 404 of a gateway is an error.
///
/// ```
/// use zuora_core::invoices::{InvoiceGoal, InvoiceWaiter, PostInvoice};
/// use zuora_core::{Client, Config, DataCenter};
/// use zuora_core::polling::PollingPolicy;
/// use zuora_core::testing::FakeTransport;
///
/// # let transport = FakeTransport::new(|request| Ok(FakeTransport::json(200, match request.method().as_str() {
/// #     "PUT" => r#"{"id":"8a","jobId":"8b","jobStatus":"Pending","success":true}"#,
/// #     _ => r#"{"id":"8b","status":"Completed","success":true}"#,
/// # })));
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, transport)?;
/// let submitted = client.call(&PostInvoice::new("INV00000155"))?;
/// client.wait(InvoiceWaiter::of("INV00000155", InvoiceGoal::Posted, &submitted), PollingPolicy::default())?;
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "wait")]
#[doc(alias = "poll")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoiceWaiter {
    invoice: InvoiceKey,
    goal: InvoiceGoal,
    /// Id of the job to poll; `None` when the invoice is polled.
    job: Option<JobId>,
    /// Status of the job or the invoice as of the last poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<String>,
}

/// Goal of an [`InvoiceWaiter`]: the state that the invoice must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum InvoiceGoal {
    /// Invoice is posted.
    Posted,
    /// Invoice is canceled.
    Canceled,
    /// Invoice is reversed: it is still posted, with a balance of zero, and flagged as reversed.
    Reversed,
    /// Invoice no longer exists.
    Deleted,
}

/// Output of an [`InvoiceWaiter`] that reached its goal.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InvoiceOutcome {
    /// Completed job, if the waiter polled a job.
    pub job: Option<OperationJob>,
    /// Invoice, if the waiter polled the invoice and the invoice still exists.
    pub invoice: Option<Invoice>,
    /// Reversed invoice, if the waiter queried the invoice.
    pub queried: Option<QueriedInvoice>,
}

impl InvoiceGoal {
    fn verb(self) -> &'static str {
        match self {
            Self::Posted => "post",
            Self::Canceled => "cancel",
            Self::Reversed => "reverse",
            Self::Deleted => "delete",
        }
    }

    fn participle(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Canceled => "canceled",
            Self::Reversed => "reversed",
            Self::Deleted => "deleted",
        }
    }
}

impl InvoiceWaiter {
    /// Creates a waiter that polls the invoice, for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>, goal: InvoiceGoal) -> Self {
        Self { invoice: invoice.into(), goal, job: None, last: None }
    }

    /// Creates a waiter for a submitted operation, from its response. When the response reports `Completed`,
    /// the job is not polled and the waiter reads the invoice.
    pub fn of(invoice: impl Into<InvoiceKey>, goal: InvoiceGoal, submitted: &SubmittedJob) -> Self {
        match submitted.status() {
            JobStatus::Completed => Self::new(invoice, goal),
            _ => Self { job: submitted.job_id(), ..Self::new(invoice, goal) },
        }
    }

    /// Creates a waiter for a submitted reversal, from its response.
    pub fn of_reversal(invoice: impl Into<InvoiceKey>, submitted: &ReversedInvoice) -> Self {
        let job = match &submitted.job_status {
            Some(JobStatus::Completed) => None,
            _ => submitted.job_id.clone(),
        };
        Self { job, ..Self::new(invoice, InvoiceGoal::Reversed) }
    }

    /// Creates a waiter that polls a job.
    pub fn by_job(invoice: impl Into<InvoiceKey>, goal: InvoiceGoal, job: impl Into<JobId>) -> Self {
        Self { job: Some(job.into()), ..Self::new(invoice, goal) }
    }

    fn evaluate_job(&mut self, job: OperationJob) -> Result<Progress<InvoiceOutcome>> {
        self.last = job.status.as_ref().map(|status| format!("{status} (job)"));
        match job.status()? {
            JobStatus::Completed => {
                Ok(Progress::Ready(InvoiceOutcome { job: Some(job), ..InvoiceOutcome::default() }))
            }
            JobStatus::Failed => {
                let reasons =
                    job.envelope.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                let invoice = self.invoice.as_str();
                Err(Error::failed(format!("job to {} invoice {invoice} failed: {reasons}", self.goal.verb())))
            }
            _ => Ok(Progress::Pending(None)),
        }
    }

    fn evaluate_query(&mut self, page: QueriedInvoices) -> Result<Progress<InvoiceOutcome>> {
        let Some(invoice) = page.data.into_iter().next() else { return Ok(Progress::Pending(None)) };
        self.last = invoice.status.as_ref().map(ToString::to_string);
        if invoice.reversed == Some(true) {
            let queried = Some(invoice);
            return Ok(Progress::Ready(InvoiceOutcome { queried, ..InvoiceOutcome::default() }));
        }
        match &invoice.status {
            Some(status @ (InvoiceStatus::Canceled | InvoiceStatus::Error)) => Err(self.unreachable(status)),
            _ => Ok(Progress::Pending(None)),
        }
    }

    fn unreachable(&self, status: &InvoiceStatus) -> Error {
        let (key, goal) = (self.invoice.as_str(), self.goal.participle());
        Error::failed(format!("invoice {key} is {status} and can no longer be {goal}"))
    }

    fn evaluate_invoice(&mut self, invoice: Invoice) -> Result<Progress<InvoiceOutcome>> {
        use InvoiceStatus::{Canceled, Error as Failed, Posted};
        let status = invoice.status()?;
        self.last = Some(status.to_string());
        let is_reached = match self.goal {
            InvoiceGoal::Posted => *status == Posted,
            InvoiceGoal::Canceled => *status == Canceled,
            InvoiceGoal::Reversed | InvoiceGoal::Deleted => false,
        };
        let is_unreachable = match self.goal {
            InvoiceGoal::Posted | InvoiceGoal::Reversed => matches!(status, Canceled | Failed),
            InvoiceGoal::Canceled => matches!(status, Posted | Failed),
            InvoiceGoal::Deleted => false,
        };
        if is_unreachable {
            return Err(self.unreachable(status));
        }
        Ok(match is_reached {
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
            None if self.goal == InvoiceGoal::Reversed => ReadInvoiceOrJob::Query(query_of(&self.invoice)),
            None => ReadInvoiceOrJob::Invoice(GetInvoice::new(self.invoice.clone())),
        }
    }

    fn evaluate(&mut self, seen: Result<InvoiceOrJob>, _: Timestamp) -> Result<Progress<InvoiceOutcome>> {
        match seen {
            Ok(InvoiceOrJob::Job(job)) => self.evaluate_job(*job),
            Ok(InvoiceOrJob::Invoice(invoice)) => self.evaluate_invoice(*invoice),
            Ok(InvoiceOrJob::Query(page)) => self.evaluate_query(*page),
            Err(error)
                if self.job.is_some() && error.kind() == ErrorKind::Rejected && !error.is_retryable() =>
            {
                self.job = None;
                Ok(Progress::Pending(None))
            }
            Err(error) if self.job.is_none() && self.goal == InvoiceGoal::Deleted && error.is_gone() => {
                Ok(Progress::Ready(InvoiceOutcome::default()))
            }
            Err(error) => Err(error),
        }
    }

    fn undecided(&mut self, error: Error, waited: Duration) -> Result<InvoiceOutcome> {
        if error.kind() != ErrorKind::Timeout {
            return Err(error);
        }
        let what = format!(
            "invoice {} was not {} within {} s (last status {})",
            self.invoice,
            self.goal.participle(),
            waited.as_secs(),
            self.last.as_deref().unwrap_or("unknown"),
        );
        Err(Error::from(Cause::Timeout { what: what.into() }).with_unknown_outcome())
    }
}

/// Poll operation of an [`InvoiceWaiter`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReadInvoiceOrJob {
    /// Retrieves the job.
    Job(GetOperationJob),
    /// Retrieves the invoice.
    Invoice(GetInvoice),
    /// Queries the invoice, for its reversed flag.
    Query(QueryInvoices),
}

/// Output of [`ReadInvoiceOrJob`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InvoiceOrJob {
    /// Job.
    Job(Box<OperationJob>),
    /// Invoice.
    Invoice(Box<Invoice>),
    /// Page with the invoice.
    Query(Box<QueriedInvoices>),
}

impl Operation for ReadInvoiceOrJob {
    type Output = InvoiceOrJob;

    fn spec(&self) -> &Spec {
        match self {
            Self::Job(read) => read.spec(),
            Self::Invoice(read) => read.spec(),
            Self::Query(read) => read.spec(),
        }
    }

    fn request(&self) -> Result<HttpRequest> {
        match self {
            Self::Job(read) => read.request(),
            Self::Invoice(read) => read.request(),
            Self::Query(read) => read.request(),
        }
    }

    fn parse(&self, success: &HttpResponse) -> Result<InvoiceOrJob> {
        match self {
            Self::Job(read) => read.parse(success).map(|job| InvoiceOrJob::Job(Box::new(job))),
            Self::Invoice(read) => {
                read.parse(success).map(|invoice| InvoiceOrJob::Invoice(Box::new(invoice)))
            }
            Self::Query(read) => read.parse(success).map(|page| InvoiceOrJob::Query(Box::new(page))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Context;

    fn not_found() -> Error {
        let body = r#"{"success":false,"reasons":[{"code":50000040,"message":"gone"}]}"#;
        let reason = crate::Reason { code: "50000040".to_owned(), ..crate::Reason::default() };
        let status = Some(http::StatusCode::NOT_FOUND);
        let context = Context { status, reasons: vec![reason], body: body.into(), ..Default::default() };
        Error::from(Cause::Rejected).with_context(context)
    }

    fn seen(invoice: &str) -> Result<InvoiceOrJob> {
        Ok(InvoiceOrJob::Invoice(Box::new(serde_json::from_str(invoice).unwrap())))
    }

    #[test]
    fn the_invoice_is_polled_when_the_job_cannot_be_retrieved() {
        let mut waiter = InvoiceWaiter::by_job("INV1", InvoiceGoal::Posted, "8b");
        assert_eq!(waiter.read().spec().name, "get_operation_job");
        assert!(matches!(
            waiter.evaluate(Err(not_found()), Timestamp::default()),
            Ok(Progress::Pending(None))
        ));
        assert_eq!(waiter.read().spec().name, "get_invoice");
        assert!(matches!(
            waiter.evaluate(seen(r#"{"status":"Draft"}"#), Timestamp::default()),
            Ok(Progress::Pending(_))
        ));
        assert!(matches!(
            waiter.evaluate(seen(r#"{"status":"Posted"}"#), Timestamp::default()),
            Ok(Progress::Ready(_))
        ));
        assert!(
            waiter.evaluate(Err(not_found()), Timestamp::default()).is_err(),
            "the invoice itself no longer exists"
        );
    }

    #[test]
    fn a_completed_response_requires_no_job() {
        let submitted: SubmittedJob =
            serde_json::from_str(r#"{"id":"8a","jobId":"8b","jobStatus":"Completed"}"#).unwrap();
        let mut waiter = InvoiceWaiter::of("INV1", InvoiceGoal::Deleted, &submitted);
        assert_eq!(waiter.read().spec().name, "get_invoice");
        assert!(matches!(waiter.evaluate(Err(not_found()), Timestamp::default()), Ok(Progress::Ready(_))));
    }

    #[test]
    fn a_failed_job_reports_its_reasons() {
        let mut waiter = InvoiceWaiter::by_job("INV1", InvoiceGoal::Reversed, "8b");
        let job = r#"{"success":true,"status":"Failed","reasons":[{"code":50000030,"message":"payments applied"}]}"#;
        let job = InvoiceOrJob::Job(Box::new(serde_json::from_str(job).unwrap()));
        let error = waiter.evaluate(Ok(job), Timestamp::default()).unwrap_err();
        assert!(error.to_string().contains("[50000030] payments applied"), "{error}");
    }

    #[test]
    fn a_reversed_invoice_is_flagged_and_a_paid_one_is_not_reversed() {
        let mut waiter = InvoiceWaiter::new("INV1", InvoiceGoal::Reversed);
        assert_eq!(waiter.read().spec().name, "query_invoices");
        let mut seen = |rows: &str| {
            let page = serde_json::from_str(&format!(r#"{{"data":[{rows}]}}"#)).unwrap();
            waiter.evaluate(Ok(InvoiceOrJob::Query(Box::new(page))), Timestamp::default())
        };
        assert!(matches!(seen(""), Ok(Progress::Pending(_))));
        let paid = r#"{"status":"Posted","balance":0,"reversed":false}"#;
        assert!(matches!(seen(paid), Ok(Progress::Pending(_))));
        assert!(matches!(seen(r#"{"status":"Posted","balance":0}"#), Ok(Progress::Pending(_))));
        assert!(seen(r#"{"status":"Canceled"}"#).is_err());
        let reversed = r#"{"status":"Posted","balance":0,"reversed":true}"#;
        assert!(matches!(seen(reversed), Ok(Progress::Ready(InvoiceOutcome { queried: Some(_), .. }))));
    }

    #[test]
    fn an_undecided_wait_names_the_invoice_its_status_and_the_time() {
        let mut waiter = InvoiceWaiter::new("INV1", InvoiceGoal::Posted);
        waiter.evaluate(seen(r#"{"status":"Draft"}"#), Timestamp::default()).unwrap();
        let timeout = Error::from(Cause::Timeout { what: "over".into() });
        let error = waiter.undecided(timeout, Duration::from_secs(60)).unwrap_err();
        assert_eq!(error.outcome(), crate::Outcome::Unknown);
        let text = error.to_string();
        assert!(text.starts_with("invoice INV1 was not posted within 60 s (last status Draft)"), "{text}");
    }

    #[test]
    fn a_404_without_the_services_own_reason_deletes_nothing() {
        let mut waiter = InvoiceWaiter::new("INV1", InvoiceGoal::Deleted);
        let status = Some(http::StatusCode::NOT_FOUND);
        let gateway = Error::from(Cause::Rejected).with_context(Context { status, ..Default::default() });
        assert!(waiter.evaluate(Err(gateway), Timestamp::default()).is_err());
        assert!(matches!(waiter.evaluate(Err(not_found()), Timestamp::default()), Ok(Progress::Ready(_))));
    }
}
