//! Recording of results: what a response or a read proves of each row of a chunk.

use std::fmt;
use std::sync::Arc;

use crate::api::invoices::Invoice;
use crate::api::invoices::bulk::Bulk;
use crate::api::invoices::bulk_chunk::rows_of;
use crate::api::invoices::bulk_job::BulkJob;
use crate::api::invoices::bulk_ledger::State;
use crate::api::invoices::bulk_reading::{Cause, Seen, Target};
use crate::api::invoices::bulk_result::{AppliedRow, RowError};
use crate::api::invoices::row_reader::{BulkBody, BulkRow};
use crate::api::invoices::rows::{self, RowName};
use crate::error::{Error, Outcome, Result};
use crate::model::envelope::Envelope;
use crate::operation::Effect;

impl<B: Bulk> BulkJob<B> {
    /// Records the results of a chunk from the response to it. Returns the rows to look up after an attempt that may
    /// have been applied: those with a number of the caller's own that are in doubt or rejected, and rejected postings.
    pub(super) fn record(
        &mut self,
        id: u64,
        body: &[u8],
        error: Option<&Arc<Error>>,
        was_in_doubt: bool,
    ) -> Result<Vec<usize>> {
        let Some(chunk) = self.ledger.chunk(id) else { return Ok(Vec::new()) };
        let sent = sent_rows::<B>(&chunk.body)?;
        let (places, key_failed) = (chunk.rows.clone(), chunk.key_failed);
        let is_secret = self.session.secret_finder(self.options.secrets());
        let evaluated = evaluate::<B>(&sent, body, self.session.max_body(), error, is_secret);
        let mut look_up = Vec::new();
        for ((place, row), evaluated) in places.into_iter().zip(&sent).zip(evaluated) {
            let Some(place) = place else { continue };
            let mut row_error = match evaluated {
                Ok(applied) => {
                    self.applied(place, applied);
                    continue;
                }
                Err(row_error) => row_error,
            };
            // A posting that is rejected may have been posted before; a number may be in use by the row itself.
            let is_looked_up = was_in_doubt
                && B::look_up(row).is_some()
                && (B::NAMED_BY == RowName::Number || row_error.outcome == Outcome::NotApplied);
            match row_error.outcome {
                // Nothing identifies the invoice that an attempt before the failure may have created.
                Outcome::NotApplied if !is_looked_up && key_failed => {
                    row_error.outcome = Outcome::Unknown;
                    row_error.envelope.success = None;
                    self.unknown(place, row_error, None);
                }
                Outcome::NotApplied if !is_looked_up => self.rejected(place, row_error),
                _ => {
                    if is_looked_up {
                        look_up.push(place);
                    }
                    self.run.results.push((place, Err(row_error)));
                }
            }
        }
        Ok(look_up)
    }

    /// Records what reading the invoices of a chunk has shown.
    ///
    /// `is_over` reports whether the service has certainly finished with the chunk, if that is known.
    pub(super) fn record_seen(&mut self, cause: &Cause, is_over: Option<bool>, seen: Vec<(Target<B>, Seen)>) {
        let seen = if B::fixed_spec().effect == Effect::Keyed { seen } else { agreed::<B>(seen) };
        for (Target { place, row }, seen) in seen {
            let earlier = self.run.results.iter().position(|(known, _)| *known == place);
            let earlier = earlier.map(|at| self.run.results.swap_remove(at).1);
            let (mut error, was_rejected) = match (earlier, cause) {
                (Some(Err(error)), _) => {
                    let was_rejected = error.outcome == Outcome::NotApplied;
                    (error, was_rejected)
                }
                (_, Cause::Lost(error)) => (RowError::of_request(Outcome::Unknown, error), false),
                (_, Cause::PartlyRejected(error)) => (RowError::of_request(Outcome::Unknown, error), false),
                _ => (RowError::of_row(Outcome::Unknown, Envelope::default()), false),
            };
            error.outcome = Outcome::Unknown;
            let may_prove_absence = matches!(cause, Cause::Lost(_) | Cause::PartlyRejected(_));
            match seen {
                Seen::Applied(invoice) => self.applied(place, B::found(&row, *invoice)),
                Seen::NotApplied(invoice) if may_prove_absence || was_rejected => {
                    (error.outcome, error.invoice) = (Outcome::NotApplied, invoice);
                    self.rejected(place, error);
                }
                Seen::Absent if B::NAMED_BY == RowName::Number && matches!(cause, Cause::Expired) => {
                    match is_over {
                        Some(true) => self.ledger.set(place, State::Remaining),
                        Some(false) => self.run.results.push((place, Err(error))),
                        None => self.unknown(place, error, None),
                    }
                }
                Seen::Absent if was_rejected => {
                    error.outcome = Outcome::NotApplied;
                    self.rejected(place, error);
                }
                Seen::Absent if matches!(cause, Cause::Repeated) => {
                    self.run.results.push((place, Err(error)));
                }
                Seen::Failed => self.run.results.push((place, Err(error))),
                Seen::NotApplied(invoice) | Seen::Unclear(invoice) => self.unknown(place, error, invoice),
                Seen::Absent => self.unknown(place, error, None),
            }
        }
    }

    fn applied(&mut self, place: usize, applied: B::Applied) {
        let (id, number) = B::ids(&applied);
        self.ledger.set(place, State::Applied(AppliedRow { id, number }));
        self.run.results.push((place, Ok(applied)));
    }

    fn rejected(&mut self, place: usize, error: RowError) {
        self.ledger.set(place, State::Rejected(error.reasons()));
        self.run.results.push((place, Err(error)));
    }

    fn unknown(&mut self, place: usize, error: RowError, invoice: Option<Box<Invoice>>) {
        self.ledger.set(place, State::Unknown);
        self.run.results.push((place, Err(RowError { invoice, ..error })));
    }

    /// Returns the rows of a chunk with these indices, as they were sent.
    pub(super) fn targets(&mut self, id: u64, places: &[usize]) -> Result<Vec<Target<B>>> {
        let Some(chunk) = self.ledger.chunk(id) else { return Ok(Vec::new()) };
        let sent = sent_rows::<B>(&chunk.body)?;
        let rows = chunk.rows.iter().zip(sent);
        Ok(rows
            .filter_map(|(place, row)| Some(Target { place: (*place)?, row }))
            .filter(|target| places.contains(&target.place))
            .collect())
    }
}

fn sent_rows<B: Bulk>(body: &[u8]) -> Result<Vec<B::Row>> {
    let unreadable =
        |why: &dyn fmt::Display| Error::unreadable("bulk job", format!("the body of a chunk: {why}"));
    let body = std::str::from_utf8(body).map_err(|error| unreadable(&error))?;
    let rows = rows_of(body).and_then(|rows| rows.into_iter().map(B::from_text).collect());
    rows.map_err(|error| unreadable(&error))
}

/// Evaluates each row by its own row of the response, and by the whole response only if it has no rows.
fn evaluate<B: Bulk>(
    sent: &[B::Row],
    body: &[u8],
    max_body: usize,
    error: Option<&Arc<Error>>,
    is_secret: impl Fn(&str) -> bool,
) -> Vec<std::result::Result<B::Applied, RowError>> {
    let is_accepted = error.is_none_or(|error| rows::is_accepted(error));
    let may_be_repeated = error.is_some_and(|error| rows::may_be_repeated(error));
    let read = BulkBody::<_, B::Response>::read(body, max_body, B::NAMED_BY).unwrap_or_default();
    let names: Vec<_> = sent.iter().map(B::name).collect();
    let has_rows = read.has_rows();
    let reports_rows = B::fixed_spec().effect == Effect::Keyed;
    let of_whole = |outcome| match error {
        Some(error) => RowError::of_request(outcome, error),
        None => RowError::of_row(outcome, Envelope::default()),
    };
    let whole = match error {
        _ if reports_rows && has_rows => Outcome::Unknown,
        // A creation or posting that succeeded as a whole says nothing about its rows.
        None if reports_rows => Outcome::Unknown,
        None => Outcome::Applied,
        Some(error) if reports_rows && error.outcome() == Outcome::Applied => Outcome::Unknown,
        Some(error) => error.outcome(),
    };
    let evaluated = rows::evaluate(read, &names, B::NAMED_BY, is_accepted);
    evaluated
        .into_iter()
        .zip(sent)
        .map(|(evaluated, row)| {
            let has_row = evaluated.row.is_some();
            let outcome = if has_row { evaluated.after_failure(may_be_repeated) } else { whole };
            let mut model = evaluated.into_model(outcome);
            model.envelope_mut().redact(&is_secret);
            match (outcome, has_row) {
                (Outcome::Applied, _) => Ok(B::applied(row, has_row.then_some(model))),
                (_, true) => Err(RowError {
                    request: error.map(Arc::clone),
                    ..RowError::of_row(outcome, std::mem::take(model.envelope_mut()))
                }),
                (_, false) => Err(of_whole(outcome)),
            }
        })
        .collect()
}

/// Marks the changes to one invoice as unclear unless reading proves the same of all of them: two changes that are read
/// back together hide each other.
fn agreed<B: Bulk>(mut seen: Vec<(Target<B>, Seen)>) -> Vec<(Target<B>, Seen)> {
    let kinds: Vec<_> = seen
        .iter()
        .map(|(target, seen)| {
            let invoice = B::name(&target.row).map(str::to_ascii_lowercase);
            (invoice, std::mem::discriminant(seen))
        })
        .collect();
    for ((_, seen), (invoice, kind)) in seen.iter_mut().zip(&kinds) {
        if kinds.iter().any(|(other, other_kind)| other == invoice && other_kind != kind) {
            *seen = match std::mem::replace(seen, Seen::Unclear(None)) {
                Seen::Applied(invoice) => Seen::Unclear(Some(invoice)),
                Seen::NotApplied(invoice) | Seen::Unclear(invoice) => Seen::Unclear(invoice),
                Seen::Absent | Seen::Failed => Seen::Unclear(None),
            };
        }
    }
    seen
}
