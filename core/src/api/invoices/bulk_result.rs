//! Results of a bulk job.

use std::fmt;
use std::sync::Arc;

use crate::api::invoices::Invoice;
use crate::error::reason::Reason;
use crate::error::{Error, Outcome};
use crate::model::envelope::Envelope;
use crate::types::{InvoiceId, InvoiceNumber};

/// Event of a [`BulkJob`](crate::api::invoices::BulkJob).
#[derive(Debug)]
#[non_exhaustive]
pub enum BulkEvent<D> {
    /// A request is about to be sent. Save [`BulkJob::to_json`](crate::api::invoices::BulkJob::to_json) before
    /// driving the job further, so that a process that is killed can be continued by another one.
    #[doc(alias = "save")]
    Checkpoint,
    /// Results of some rows are known.
    Chunk(ChunkResult<D>),
}

/// Results of one chunk of a [`BulkJob`](crate::api::invoices::BulkJob).
#[derive(Debug)]
#[non_exhaustive]
pub struct ChunkResult<D> {
    /// Rows whose result is known or whose outcome has become unknown, in the order of the job.
    pub rows: Vec<RowResult<D>>,
}

/// Result of one row of a [`BulkJob`](crate::api::invoices::BulkJob).
#[derive(Debug)]
#[non_exhaustive]
pub struct RowResult<D> {
    /// Name of the row.
    pub name: String,
    /// The applied row, or the reason why the row was not applied or has an unknown outcome.
    pub result: Result<D, RowError>,
}

/// Error of one row of a [`BulkJob`](crate::api::invoices::BulkJob): the row was not applied, or its outcome is
/// unknown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RowError {
    /// Outcome of the row.
    pub outcome: Outcome,
    /// Ids and reasons that the service reported for the row. Empty when the whole request failed.
    pub envelope: Envelope,
    /// Error of the whole request, shared by all its rows.
    pub request: Option<Arc<Error>>,
    /// Invoice that was read back, without the effect of the row.
    pub invoice: Option<Box<Invoice>>,
}

/// State of one row of a [`BulkJob`](crate::api::invoices::BulkJob).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RowState<'a> {
    /// The row was not sent, or an earlier request with the row has certainly had no effect.
    Remaining,
    /// The outcome of the row is unknown. The job sends its chunk again under the same idempotency key, or reads
    /// the invoice.
    InDoubt,
    /// The row was applied.
    Applied(&'a AppliedRow),
    /// The row was not applied, for these reasons. It can be sent again, as it is or mended.
    Rejected(&'a [Reason]),
    /// The outcome of the row is unknown, and the job has no way left to determine it.
    Unknown,
}

/// Invoice of a row that was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppliedRow {
    /// Id of the invoice, if the service reported it.
    pub id: Option<InvoiceId>,
    /// Number of the invoice, if the service reported it.
    pub number: Option<InvoiceNumber>,
}

impl RowError {
    pub(super) fn of_row(outcome: Outcome, envelope: Envelope) -> Self {
        Self { outcome, envelope, request: None, invoice: None }
    }

    pub(super) fn of_request(outcome: Outcome, error: &Arc<Error>) -> Self {
        Self { request: Some(Arc::clone(error)), ..Self::of_row(outcome, Envelope::default()) }
    }

    /// Returns the reasons to keep in the state of the job.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        match &self.request {
            _ if !self.envelope.reasons.is_empty() => self.envelope.reasons.clone(),
            Some(error) if !error.reasons().is_empty() => error.reasons().to_vec(),
            Some(error) => vec![Reason { message: error.to_string(), ..Reason::default() }],
            None => Vec::new(),
        }
    }
}

/// One line. Control characters of the service's text are replaced.
impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.envelope.reasons.first(), &self.request) {
            (Some(first), _) => {
                let is_separator = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
                f.write_str(&first.to_string().replace(is_separator, " "))?;
            }
            (None, Some(request)) => write!(f, "{request}")?,
            (None, None) => f.write_str("the response does not decide this row")?,
        }
        match self.outcome {
            Outcome::NotApplied => f.write_str(" (not applied)"),
            Outcome::Applied => f.write_str(" (applied)"),
            Outcome::Unknown => f.write_str(" (outcome unknown)"),
        }
    }
}

impl std::error::Error for RowError {}
