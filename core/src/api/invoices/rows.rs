//! Assigns the rows of a bulk response to the rows of the request.

use http::StatusCode;

use crate::api::invoices::row_reader::{BulkBody, BulkResponse, BulkRow, ROWS, ReadRow};
use crate::api::invoices::row_report::RowReport;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::model::envelope::Envelope;
use crate::operation::{RowFacts, Spec};
use crate::session::redact;
use crate::transport::HttpResponse;
use crate::wire::budget::Cap;

/// The way in which the rows of a response name their invoice.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowName {
    /// By the id, which the request contains.
    Id,
    /// By the number, which the request contains if the caller chose it.
    Number,
}

impl RowName {
    /// Returns the name of the field that contains the name of the row.
    pub(super) fn wire_name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Number => "invoiceNumber",
        }
    }

    pub(super) fn is_same(self, sent: &str, received: &str) -> bool {
        match self {
            Self::Id => sent.eq_ignore_ascii_case(received),
            Self::Number => sent == received,
        }
    }
}

/// Outcome of one row of the request.
#[derive(Debug)]
pub(super) struct EvaluatedRow<M> {
    pub(super) outcome: Outcome,
    /// The row of the response that belongs to it.
    pub(super) row: Option<ReadRow<M>>,
}

impl<M: BulkRow> EvaluatedRow<M> {
    /// Returns the outcome of the row, given whether an earlier attempt may have applied a row that this response
    /// rejects.
    ///
    /// The service documents that it stores the first response under a key, whether success or failure. So a response
    /// with rows is that of the only work of the key, or the stored one, and the rows that it rejects were not applied:
    /// also after a response that was lost on the way or replaced by the page of a gateway. Whether that includes
    /// its failures (5xx) is not documented. A service that has reported one under the key, and then begins again instead
    /// of returning it, rejects a row that it has applied before. What it reported to another process is unknown.
    pub(super) fn after_failure(&self, may_have_begun_before: bool) -> Outcome {
        match self.outcome {
            Outcome::NotApplied if may_have_begun_before => Outcome::Unknown,
            outcome => outcome,
        }
    }

    /// Returns the row with the flag of an outcome, which is absent if the outcome is unknown.
    pub(super) fn into_model(self, outcome: Outcome) -> M {
        let mut model = self.row.map(|row| row.model).unwrap_or_default();
        model.envelope_mut().success = flag(outcome);
        model
    }
}

fn flag(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Applied => Some(true),
        Outcome::NotApplied => Some(false),
        Outcome::Unknown => None,
    }
}

/// Evaluates each row of the request by the row of the response that belongs to it.
///
/// `sent` contains the name of each row of the request, if it has one. `is_accepted` is false for the response of a
/// request that failed as a whole, in which a row that succeeded is a contradiction.
pub(super) fn evaluate<M, H>(
    body: BulkBody<M, H>,
    sent: &[Option<&str>],
    by: RowName,
    is_accepted: bool,
) -> Vec<EvaluatedRow<M>> {
    let may_succeed = is_accepted && !body.is_rejection;
    let places = assign(&body, sent, by);
    let mut rows: Vec<_> = body.rows.into_iter().map(Some).collect();
    let evaluate = |place: Option<usize>| {
        let row = place.and_then(|place| rows.get_mut(place)?.take());
        let outcome = match row.as_ref().map(|row| row.report) {
            Some(RowReport::Applied) if may_succeed => Outcome::Applied,
            Some(RowReport::Rejected) => Outcome::NotApplied,
            _ => Outcome::Unknown,
        };
        EvaluatedRow { outcome, row }
    };
    places.into_iter().map(evaluate).collect()
}

/// Reads the response to a call that succeeded.
///
/// # Errors
/// A response without a complete list of rows: the service has stored the whole response under the key.
pub(super) fn read<H: BulkResponse>(success: &HttpResponse, sent: &[Option<&str>], by: RowName) -> Result<H> {
    let Some(body) = BulkBody::read(success.body(), Cap::of(success.extensions()), by) else {
        return Err(Error::unreadable("$", "expected a JSON object"));
    };
    if !body.has_all_rows {
        return Err(Error::unreadable(ROWS, "the list of rows is missing, incomplete or too long"));
    }
    let facts = success.extensions().get::<RowFacts>();
    let key_failed = facts.is_some_and(|facts| facts.key_failed);
    let redact = |envelope: &mut Envelope| {
        if let Some(facts) = facts {
            envelope.redact(&*facts.is_secret);
        }
    };
    Ok(response(body, sent, by, true, key_failed, redact))
}

/// Reads the rows that the response of a failed call contains. Returns `None` if it contains no row, or if the call was
/// one of another operation.
pub(super) fn read_failed<H: BulkResponse>(
    error: &Error,
    spec: &Spec,
    sent: &[Option<&str>],
    by: RowName,
) -> Option<H> {
    if error.operation() != spec.name {
        return None;
    }
    let body = BulkBody::read(error.body(), error.max_body(), by).filter(BulkBody::has_rows)?;
    let is_secret = redact::finder(error.secrets().to_vec());
    let may_have_begun_before = error.key_failed() || may_be_repeated(error);
    let redact = |envelope: &mut Envelope| envelope.redact(&is_secret);
    Some(response(body, sent, by, is_accepted(error), may_have_begun_before, redact))
}

/// Returns the response with one row for each row of the request.
fn response<H: BulkResponse>(
    mut body: BulkBody<H::Row, H>,
    sent: &[Option<&str>],
    by: RowName,
    is_accepted: bool,
    may_have_begun_before: bool,
    redact: impl Fn(&mut Envelope),
) -> H {
    let mut response = std::mem::take(&mut body.head);
    redact(response.envelope_mut());
    let rows = evaluate(body, sent, by, is_accepted).into_iter().map(|evaluated| {
        let outcome = evaluated.after_failure(may_have_begun_before);
        let mut row = evaluated.into_model(outcome);
        redact(row.envelope_mut());
        row
    });
    *response.rows_mut() = rows.collect();
    response
}

/// Whether the response accepted the request as a whole, so that a row can have succeeded.
pub(super) fn is_accepted(error: &Error) -> bool {
    error.status().is_some_and(|status| status.is_success())
}

/// Whether the service may not have stored the response under the key. The request is then sent again with all its
/// rows, also those that were rejected.
pub(super) fn may_be_repeated(error: &Error) -> bool {
    // A 401 precedes the work, and a 429 may be a gateway's.
    let is_before_work = |status: StatusCode| {
        status.is_server_error() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS)
    };
    let is_stored = error.kind() == ErrorKind::Decode && !error.status().is_some_and(is_before_work);
    error.outcome() == Outcome::Unknown && !is_stored
}

/// Returns for each row of the request the index of its row in the response.
fn assign<M, H>(body: &BulkBody<M, H>, sent: &[Option<&str>], by: RowName) -> Vec<Option<usize>> {
    let mut table = Assignment {
        slots: vec![None; sent.len()],
        contradicted: vec![false; sent.len()],
        is_placed: vec![false; body.rows.len()],
        place_counts: body.has_all_rows && body.rows.len() == sent.len(),
    };
    table.by_name(body, sent, by);
    if table.place_counts {
        table.by_place(body, sent, by);
    }
    let Assignment { slots, contradicted, .. } = table;
    slots.into_iter().zip(contradicted).map(|(slot, contradicted)| slot.filter(|_| !contradicted)).collect()
}

struct Assignment {
    slots: Vec<Option<usize>>,
    contradicted: Vec<bool>,
    is_placed: Vec<bool>,
    /// Whether every row of the request can have exactly one row, and nothing contradicts that.
    place_counts: bool,
}

impl Assignment {
    /// Assigns the rows that name their invoice. Several rows with one name are assigned in their order, if the
    /// request has as many.
    fn by_name<M, H>(&mut self, body: &BulkBody<M, H>, sent: &[Option<&str>], by: RowName) {
        for (at, row) in body.rows.iter().enumerate() {
            let Some(name) = row.name.as_deref().filter(|_| !self.is_placed[at]) else { continue };
            let is_same = |other: Option<&str>| other.is_some_and(|other| by.is_same(other, name));
            let asked: Vec<usize> = (0..sent.len()).filter(|place| is_same(sent[*place])).collect();
            if asked.is_empty() {
                // A number that the service assigned is no contradiction; an id that was not sent is.
                self.place_counts &= by == RowName::Number;
                continue;
            }
            let given: Vec<usize> =
                (at..body.rows.len()).filter(|other| is_same(body.rows[*other].name.as_deref())).collect();
            given.iter().for_each(|other| self.is_placed[*other] = true);
            let report = body.rows[at].report;
            let in_order = asked.len() == given.len()
                && (asked.len() == 1
                    || self.place_counts
                    || given.iter().all(|other| body.rows[*other].report == report));
            for (nth, place) in asked.iter().enumerate() {
                self.slots[*place] = given.get(nth).copied();
                self.contradicted[*place] |= !in_order;
            }
            self.place_counts &= in_order;
            for (nth, other) in given.iter().enumerate() {
                self.check_index(asked.get(nth).copied(), body.rows[*other].index);
            }
        }
        // A row that names no invoice of the request, and has the index of one that is named, contradicts it.
        for (row, is_placed) in body.rows.iter().zip(&self.is_placed) {
            let index = row.index.filter(|_| !is_placed).and_then(|index| usize::try_from(index).ok());
            if let Some(index) = index.filter(|index| matches!(self.slots.get(*index), Some(Some(_)))) {
                self.contradicted[index] = true;
            }
        }
        for name in body.rows.iter().flat_map(|row| &row.other_names) {
            self.place_counts = false;
            for (contradicted, sent) in self.contradicted.iter_mut().zip(sent) {
                *contradicted |= sent.is_some_and(|sent| by.is_same(sent, name));
            }
        }
    }

    /// Compares the index of a row with the place that its name has. An index that names another row contradicts both.
    /// `place` is `None` for a row beyond those that the request has of its name.
    fn check_index(&mut self, place: Option<usize>, index: Option<i64>) {
        let Some(index) = index else { return };
        let index = usize::try_from(index).ok();
        if index != place {
            self.place_counts = false;
            for place in [place, index].into_iter().flatten() {
                if let Some(contradicted) = self.contradicted.get_mut(place) {
                    *contradicted = true;
                }
            }
        }
    }

    /// Assigns the other rows: by their index, or to the gaps in their order. If anything contradicts an
    /// assignment, none of them counts.
    fn by_place<M, H>(&mut self, body: &BulkBody<M, H>, sent: &[Option<&str>], by: RowName) {
        let mut slots = self.slots.clone();
        let (indexed, others): (Vec<_>, Vec<_>) = (0..body.rows.len())
            .filter(|at| !self.is_placed[*at])
            .partition(|at| body.rows[*at].index.is_some());
        for at in indexed {
            let index = body.rows[at].index.and_then(|index| usize::try_from(index).ok());
            match index.and_then(|index| slots.get_mut(index)) {
                Some(slot @ None) => *slot = Some(at),
                _ => return,
            }
        }
        // Without the rows that have an index, those with a name show whether the others are in the order of the request.
        let has_no_index = |at: &usize| body.rows[*at].index.is_none();
        let places = (0..slots.len()).filter(|place| slots[*place].as_ref().is_none_or(has_no_index));
        let mut pairs = places.zip((0..body.rows.len()).filter(has_no_index));
        let is_in_order = pairs.all(|(place, at)| !self.is_placed[at] || slots[place] == Some(at));
        if others.len() > 1 && !is_in_order {
            return;
        }
        let mut others = others.into_iter();
        for slot in slots.iter_mut().filter(|slot| slot.is_none()) {
            *slot = others.next();
        }
        let contradicts = |(sent, slot): (&Option<&str>, &Option<usize>)| {
            let received = slot.and_then(|at| body.rows[at].name.as_deref());
            matches!((sent, received), (Some(sent), Some(received)) if !by.is_same(sent, received))
        };
        if !sent.iter().zip(&slots).any(contradicts) {
            self.slots = slots;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::{CreatedInvoices, Invoice};
    use crate::wire::budget::DEFAULT_CAP;

    fn read_as(by: RowName, body: &str) -> BulkBody<Invoice, CreatedInvoices> {
        BulkBody::read(body.as_bytes(), DEFAULT_CAP, by).unwrap()
    }

    /// Returns the outcomes of rows as letters: applied, rejected, unknown.
    fn letters(by: RowName, sent: &[&str], body: &str) -> String {
        let sent: Vec<_> = sent.iter().map(|name| Some(*name).filter(|name| !name.is_empty())).collect();
        let body = read_as(by, body);
        let letter = |row: &EvaluatedRow<Invoice>| match row.outcome {
            Outcome::Applied => 'a',
            Outcome::NotApplied => 'r',
            Outcome::Unknown => '?',
        };
        evaluate(body, &sent, by, true).iter().map(letter).collect()
    }

    fn posted(sent: &[&str], rows: &str) -> String {
        letters(RowName::Id, sent, &format!(r#"{{"success":true,"invoices":[{rows}]}}"#))
    }

    fn created(sent: &[&str], rows: &str) -> String {
        letters(RowName::Number, sent, &format!(r#"{{"success":true,"invoices":[{rows}]}}"#))
    }

    const OK: &str = r#"{"success":true}"#;
    const BAD: &str = r#"{"success":false}"#;

    #[test]
    fn a_row_with_an_id_is_identified_by_its_id() {
        let swapped = r#"{"id":"i2","success":false},{"id":"i1","success":true}"#;
        assert_eq!(posted(&["i1", "i2"], swapped), "ar");
        assert_eq!(posted(&["i1", "i2", "i3"], swapped), "ar?", "a row that is not mentioned");
        assert_eq!(posted(&["I1", "i2"], swapped), "ar", "hexadecimal digits in another case");
        assert_eq!(posted(&["i1", "i2"], r#"{"id":"i2","success":true}"#), "?a");
    }

    #[test]
    fn place_counts_only_when_every_row_has_exactly_one() {
        assert_eq!(posted(&["i1", "i2"], &format!("{OK},{BAD}")), "ar");
        assert_eq!(posted(&["i1", "i2", "i3"], &format!("{OK},{BAD}")), "???");
        assert_eq!(posted(&["i1"], &format!("{OK},{BAD}")), "?");
        assert_eq!(created(&["", ""], &format!("{OK},{BAD}")), "ar");
        assert_eq!(created(&["", "", ""], r#"{"objectIndex":2,"success":false}"#), "???");
        let cut = r#"{"success":true,"invoices":[{"success":true},{"success":false}"#;
        assert_eq!(letters(RowName::Number, &["", ""], cut), "??", "there may be more rows");
    }

    #[test]
    fn a_row_with_an_index_leaves_the_gaps_to_the_others() {
        let rows = r#"{"success":true},{"success":true},{"success":false,"objectIndex":1}"#;
        assert_eq!(created(&["", "", ""], rows), "ara");
        assert_eq!(created(&["A", "B", "C"], rows), "ara");
        for index in ["0", "3", "-1", "1.5", "\"x\"", "{}"] {
            let rows =
                format!(r#"{{"success":true,"objectIndex":0}},{{"success":false,"objectIndex":{index}}}"#);
            assert_eq!(created(&["", ""], &rows), "??", "{index}");
        }
    }

    #[test]
    fn a_number_that_contradicts_the_place_takes_its_value() {
        assert_eq!(created(&["A", "B"], &format!(r#"{{"invoiceNumber":"A","success":true}},{BAD}"#)), "ar");
        assert_eq!(created(&["A", "B"], &format!(r#"{{"invoiceNumber":"X","success":true}},{BAD}"#)), "??");
        assert_eq!(created(&["A", "B"], &format!(r#"{{"invoiceNumber":"B","success":true}},{BAD}"#)), "ra");
        assert_eq!(created(&["", "B"], &format!(r#"{{"invoiceNumber":"INV1","success":true}},{BAD}"#)), "ar");
        let index = r#"{"invoiceNumber":"A","objectIndex":1,"success":true},{"success":false}"#;
        assert_eq!(created(&["A", "B"], index), "??", "number and index disagree");
        assert_eq!(posted(&["i1", "i2"], &format!(r#"{{"id":"stranger","success":true}},{BAD}"#)), "??");
    }

    #[test]
    fn names_out_of_order_leave_no_place_for_two_others() {
        let rows = r#"{"invoiceNumber":"B","success":true},{"success":true},{"invoiceNumber":"A","success":true},{"success":false}"#;
        assert_eq!(created(&["A", "B", "", ""], rows), "aa??");
        // One name at another place is enough.
        let rows = r#"{"success":true},{"success":false},{"id":"i1","success":true}"#;
        assert_eq!(posted(&["i1", "i2", "i3"], rows), "a??");
        let rows = r#"{"success":true},{"id":"i2","success":true},{"success":false}"#;
        assert_eq!(posted(&["i1", "i2", "i3"], rows), "aar");
    }

    #[test]
    fn rows_with_an_index_do_not_shift_the_order_of_the_others() {
        let named = r#"{"invoiceNumber":"A","success":true}"#;
        let indexed = |index: usize| format!(r#"{{"success":true,"objectIndex":{index}}}"#);
        let before = format!("{},{named},{OK},{BAD}", indexed(3));
        assert_eq!(created(&["A", "", "", ""], &before), "aara");
        assert_eq!(created(&["", "A", "", ""], &before), "?a??", "the first of the others belongs to no gap");
        assert_eq!(created(&["", "A", "", ""], &format!("{named},{OK},{BAD},{}", indexed(0))), "aaar");
    }

    #[test]
    fn an_index_of_a_row_that_is_named_contradicts_it() {
        let rows =
            r#"{"objectIndex":2,"success":true},{"id":"i3","success":false},{"id":"i1","success":true}"#;
        assert_eq!(posted(&["i1", "i2", "i3"], rows), "a??");
        let rows = r#"{"objectIndex":1,"success":false},{"id":"i2","success":true}"#;
        assert_eq!(posted(&["i1", "i2", "i3"], rows), "???");
    }

    #[test]
    fn duplicates_are_a_contradiction_for_their_row_only() {
        let twice = r#"{"id":"i1","success":true},{"id":"i1","success":false},{"id":"i2","success":true}"#;
        assert_eq!(posted(&["i1", "i2"], twice), "?a");
        assert_eq!(posted(&["i1", "i1"], r#"{"id":"i1","success":true},{"id":"i1","success":false}"#), "ar");
        assert_eq!(
            posted(&["i1", "i1", "i2"], r#"{"id":"i1","success":true},{"id":"i1","success":false}"#),
            "???"
        );
        assert_eq!(
            posted(&["i1", "i1", "i2"], r#"{"id":"i1","success":false},{"id":"i1","success":false}"#),
            "rr?"
        );
        assert_eq!(posted(&["i1", "i1"], r#"{"id":"i1","success":true}"#), "??");
    }

    #[test]
    fn an_index_of_a_row_too_many_contradicts_the_row_that_it_names() {
        let rejected = r#"{"id":"i2","success":false},{"id":"I1"}"#;
        let rows = format!(r#"{rejected},{{"id":"I1","success":true,"objectIndex":1}}"#);
        assert_eq!(posted(&["i1", "i2"], &rows), "??");
        for index in ["0", "7", "-1"] {
            let rows = format!(r#"{rejected},{{"id":"I1","success":true,"objectIndex":{index}}}"#);
            assert_eq!(posted(&["i1", "i2"], &rows), "?r", "{index}");
        }
    }

    #[test]
    fn a_row_with_two_names_is_believed_about_neither() {
        let two = r#"{"id":"i1","id":"i3","success":true}"#;
        assert_eq!(posted(&["i1"], two), "?");
        assert_eq!(posted(&["i3"], two), "?");
        assert_eq!(posted(&["i1", "i2", "i3"], &format!("{two},{OK},{BAD}")), "???", "no place counts");
        let named = r#"{"id":"i2","success":true},{"id":"i3","success":false}"#;
        assert_eq!(posted(&["i1", "i2", "i3"], &format!("{two},{named}")), "?a?");
        assert_eq!(posted(&["i1"], r#"{"id":"i1","id":"I1","success":true}"#), "a", "one id in two cases");
    }

    #[test]
    fn a_row_with_two_indices_has_no_place() {
        let two = r#"{"objectIndex":1,"objectIndex":2,"success":true}"#;
        assert_eq!(created(&["", "", ""], &format!("{OK},{two},{BAD}")), "???");
        assert_eq!(
            created(&["A"], r#"{"invoiceNumber":"A","objectIndex":0,"objectIndex":1,"success":true}"#),
            "?"
        );
    }

    #[test]
    fn a_success_in_a_request_that_failed_is_a_contradiction() {
        let rows = r#"{"success":false,"invoices":[{"id":"i1","success":true},{"id":"i2","success":false}]}"#;
        assert_eq!(letters(RowName::Id, &["i1", "i2"], rows), "?r");
        let late = r#"{"success":true,"invoices":[{"id":"i1","success":true},{"id":"i2","success":false}],"success":false}"#;
        assert_eq!(letters(RowName::Id, &["i1", "i2"], late), "?r");
        let damaged = r#"{"success":true,"invoices":[{"id":"i1","success":true},{"id":"i2","success":false}],x,"success":false}"#;
        assert_eq!(letters(RowName::Id, &["i1", "i2"], damaged), "?r", "the second flag is behind a damage");
        let rows = read_as(RowName::Id, r#"{"invoices":[{"id":"i1","success":true}]}"#);
        assert_eq!(evaluate(rows, &[Some("i1")], RowName::Id, false)[0].outcome, Outcome::Unknown);
    }

    #[test]
    fn secrets_are_redacted_in_the_response_and_in_its_rows() {
        let part = r#""success":false,"processId":"s3cret","requestId":"s3cret","reasons":[{"code":"1","message":"s3cret"}]"#;
        let body = read_as(RowName::Id, &format!(r#"{{{part},"invoices":[{{{part}}}]}}"#));
        let redact = |envelope: &mut Envelope| envelope.redact(|text| text.contains("s3cret"));
        let response = response(body, &[Some("i1")], RowName::Id, false, false, redact);
        let text = serde_json::to_string(&response).unwrap();
        assert!(text.matches("[redacted]").count() >= 6 && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn cut_responses_keep_what_was_read() {
        let cut = r#"{"success":true,"invoices":[{"id":"i1","success":false},{"id":"i2","success":true},{"id":"i3","suc"#;
        assert_eq!(letters(RowName::Id, &["i1", "i2", "i3"], cut), "ra?");
    }
}
