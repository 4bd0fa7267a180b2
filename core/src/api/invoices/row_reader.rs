//! Tolerant reading of bulk responses.
//!
//! A usual response is read at once, as any other. In an unusual one, every row is read by itself: a response that cannot
//! be read as a whole still reports the rows before the fault, and a value that cannot be read costs neither its row nor
//! the other rows.

use memchr::memmem;

use crate::api::invoices::row_cursor::Cursor;
use crate::api::invoices::rows::RowName;
use crate::error::reason::{Reason, ReasonCategory};
use crate::exchange::envelope_reader::{EnvelopeReader, is_reason};
use crate::model::envelope::{Envelope, Success};
use crate::wire::budget::{Budget, DEFAULT_CAP};
use crate::wire::fields::ExtraFields;
use crate::wire::{Model, lenient, text_reader};

/// Name of the list of rows.
pub(super) const ROWS: &str = "invoices";
/// Rows that are read at most: a bulk request has 50, and so its response.
const MAX_ROWS: usize = 50;

/// The response of a bulk operation.
#[doc(hidden)]
#[allow(private_bounds)] // the trait is sealed by them
pub trait BulkResponse: Model + Default {
    type Row: BulkRow;

    fn rows_mut(&mut self) -> &mut Vec<Self::Row>;
    fn envelope(&self) -> &Envelope;
}

/// A row of the response of a bulk operation.
#[doc(hidden)]
#[allow(private_bounds)] // the trait is sealed by them
pub trait BulkRow: Model + Default {
    /// Returns the id or number of the invoice.
    fn name(&self, by: RowName) -> Option<&str>;
    /// Returns the index in the request, if the model declares it.
    fn index(&self) -> Option<i64>;
    fn envelope(&self) -> &Envelope;
    fn envelope_mut(&mut self) -> &mut Envelope;
}

/// Fields of a JSON object: names, and values as JSON text.
type Fields<'a> = Vec<(String, &'a str)>;

/// The readable part of a bulk response.
#[derive(Debug, Default)]
pub(super) struct BulkBody<M, H> {
    /// The response apart from its rows. Rows that are no list are noted as unreadable.
    pub(super) head: H,
    /// The rows, in the order received.
    pub(super) rows: Vec<ReadRow<M>>,
    /// Whether all rows were received: the list of rows is closed.
    pub(super) has_all_rows: bool,
    /// Whether the response rejects the request as a whole.
    pub(super) is_rejection: bool,
}

/// One row of a bulk response.
#[derive(Debug)]
pub(super) struct ReadRow<M> {
    /// The id or number of its invoice.
    pub(super) name: Option<String>,
    /// Index in the request, or -1 for an index that cannot be read.
    pub(super) index: Option<i64>,
    pub(super) verdict: Verdict,
    /// The row with its envelope. A field that cannot be read is kept as JSON text in `extra`.
    pub(super) model: M,
}

/// The report of one row about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Applied,
    Rejected,
    Unknown,
}

impl<M, H> BulkBody<M, H> {
    /// Whether the response reports any row.
    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }
}

impl<M: BulkRow, H: BulkResponse<Row = M>> BulkBody<M, H> {
    /// Reads a body. Returns `None` if the body is not a JSON object.
    pub(super) fn read(body: &[u8], by: RowName) -> Option<Self> {
        match std::str::from_utf8(body) {
            Ok(text) => Self::read_at_once(text, by).or_else(|| Self::read_by_rows(text, by)),
            Err(_) => Self::read_by_rows(&String::from_utf8_lossy(body), by),
        }
    }

    /// Reads a body in which nothing is unusual. Reads the same as [`read_by_rows`](Self::read_by_rows), or nothing.
    fn read_at_once(text: &str, by: RowName) -> Option<Self> {
        let mut lists = memmem::find_iter(text.as_bytes(), "\"invoices\"");
        if lists.next().is_none() || lists.next().is_some() {
            return None;
        }
        let mut head = H::default();
        let budget = Budget::new(text.len(), DEFAULT_CAP, usize::MAX);
        text_reader::read(text, &mut head, &budget).ok()?;
        let rows = std::mem::take(head.rows_mut());
        // An empty list looks like a list that is absent.
        if rows.is_empty() || rows.len() > MAX_ROWS || is_telling(head.extra()) {
            return None;
        }
        let rows = rows.into_iter().map(|row| ReadRow::of_model(row, by)).collect::<Option<_>>()?;
        let envelope = head.envelope();
        let is_rejection = rejects(flags_of(envelope), || !envelope.reasons.is_empty());
        Some(Self { rows, has_all_rows: true, is_rejection, head })
    }

    /// Reads each row by itself, up to a fault of the syntax.
    fn read_by_rows(text: &str, by: RowName) -> Option<Self> {
        let (mut fields, mut rows, mut has_all_rows) = (Fields::new(), Vec::new(), false);
        let mut cursor = Cursor::new(text);
        cursor.object(|cursor, name| {
            if name == ROWS && cursor.peek() == Some(b'[') {
                let is_whole = cursor.list(|row| {
                    if rows.len() <= MAX_ROWS {
                        rows.push(ReadRow::read(row, by));
                    }
                });
                has_all_rows = is_whole && rows.len() <= MAX_ROWS;
                return is_whole;
            }
            cursor.value().is_some_and(|value| {
                fields.push((name, value));
                true
            })
        })?;
        let head: H = model_of(&fields);
        let is_rejection = rejects(flags(&fields), || !envelope_of(&fields).reasons.is_empty());
        Some(Self { head, rows, has_all_rows, is_rejection })
    }
}

impl<M: BulkRow> ReadRow<M> {
    /// Reads the facts of a row from its model. Returns `None` if it has fields that only [`read`](Self::read) knows.
    fn of_model(mut model: M, by: RowName) -> Option<Self> {
        if is_telling(model.extra()) {
            return None;
        }
        let envelope = model.envelope();
        Some(Self {
            name: model.name(by).filter(|name| !name.is_empty()).map(str::to_owned),
            index: model.index(),
            verdict: verdict(flags_of(envelope), &envelope.reasons),
            model,
        })
    }

    fn read(text: &str, by: RowName) -> Self {
        let mut fields = Fields::new();
        let is_object = Cursor::new(text).object(|cursor, name| match cursor.value() {
            Some(value) => {
                fields.push((name, value));
                true
            }
            None => false,
        });
        let field = |name: &str| fields.iter().find(|(known, json)| known == name && *json != "null");
        let text_of = |name: &str| lenient::text(field(name)?.1).filter(|text| !text.is_empty());
        let mut envelope = envelope_of(&fields);
        if envelope.reasons.is_empty() && fields.iter().any(|(name, _)| is_reason(name)) {
            envelope.reasons = EnvelopeReader::read(text.as_bytes()).reasons;
        }
        let verdict = match is_object {
            Some(()) => verdict(flags(&fields), &envelope.reasons),
            None => Verdict::Unknown,
        };
        let mut model: M = model_of(&fields);
        *model.envelope_mut() = envelope;
        Self {
            name: text_of(match by {
                RowName::Id => "id",
                RowName::Number => "invoiceNumber",
            }),
            index: field(INDEX).map(|_| text_of(INDEX).and_then(|text| text.parse().ok()).unwrap_or(-1)),
            verdict,
            model,
        }
    }
}

/// Name of the index of a row in the request.
const INDEX: &str = "objectIndex";

/// Whether fields that a model does not declare say something about the outcome.
fn is_telling(extra: &ExtraFields) -> bool {
    extra.iter().any(|(name, _)| name == INDEX || name.eq_ignore_ascii_case("success") || is_reason(&name))
}

/// The values of the success flag.
#[derive(Clone, Copy, Default)]
struct Flags {
    is_true: bool,
    is_false: bool,
}

/// Whether the flags and reasons of a response reject the request as a whole.
fn rejects(flags: Flags, has_reasons: impl Fn() -> bool) -> bool {
    flags.is_false || (!flags.is_true && has_reasons())
}

/// Judges a row by its flags and reasons. Reasons of categories 60, 61 and 99 decide nothing: the work may have been
/// done.
fn verdict(flags: Flags, reasons: &[Reason]) -> Verdict {
    let category = |reason: &Reason| reason.category();
    match (flags.is_true, flags.is_false) {
        (true, false) => Verdict::Applied,
        (false, true) if !reasons.iter().map(category).any(ReasonCategory::leaves_doubt) => Verdict::Rejected,
        (false, false) if !reasons.is_empty() => {
            let began =
                |reason: &Reason| !matches!(reason.category(), ReasonCategory::Lock | ReasonCategory::Limit);
            if reasons.iter().any(began) { Verdict::Unknown } else { Verdict::Rejected }
        }
        _ => Verdict::Unknown,
    }
}

/// All values of the success flag, which an object may contain twice.
fn flags(fields: &Fields<'_>) -> Flags {
    let mut flags = Flags::default();
    for (_, json) in fields.iter().filter(|(name, _)| matches!(name.as_str(), "success" | "Success")) {
        match lenient::text(json).as_deref() {
            Some("true") => flags.is_true = true,
            Some("false") => flags.is_false = true,
            _ => {}
        }
    }
    flags
}

fn flags_of(envelope: &Envelope) -> Flags {
    Flags { is_true: envelope.success == Some(true), is_false: envelope.success == Some(false) }
}

fn model_of<M: Model + Default>(fields: &Fields<'_>) -> M {
    let mut model = M::default();
    let budget = Budget::new(fields.iter().map(|(_, json)| json.len()).sum(), DEFAULT_CAP, usize::MAX);
    for (name, json) in fields {
        lenient::read_one(&mut model, name, json, &budget);
    }
    model
}

fn envelope_of(fields: &Fields<'_>) -> Envelope {
    let is_own = |name: &str| matches!(name, "success" | "requestId" | "processId" | "reasons");
    model_of::<Success>(&fields.iter().filter(|(name, _)| is_own(name)).cloned().collect()).envelope
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::{CreatedInvoices, Invoice, PostedInvoice, PostedInvoices};

    type Created = BulkBody<Invoice, CreatedInvoices>;
    type Posted = BulkBody<PostedInvoice, PostedInvoices>;

    fn read(body: &str) -> Option<Created> {
        Created::read(body.as_bytes(), RowName::Number)
    }

    fn verdicts(body: &str) -> (Vec<Verdict>, bool) {
        let body = read(body).unwrap();
        (body.rows.iter().map(|row| row.verdict).collect(), body.has_all_rows)
    }

    #[test]
    fn every_row_reports_for_itself() {
        use Verdict::{Applied, Rejected, Unknown};
        for (row, expected) in [
            (r#"{"success":true}"#, Applied),
            (r#"{"success":"true","id":"i"}"#, Applied),
            (r#"{"success":true,"amount":"n/a","accountId":[1]}"#, Applied),
            (r#"{"success":false}"#, Rejected),
            (r#"{"success":false,"reasons":[{"code":58490020,"message":"m"}]}"#, Rejected),
            (r#"{"Success":false,"Errors":[{"Code":"INVALID_VALUE"}]}"#, Rejected),
            (r#"{"success":false,"reasons":[{"code":"58490060"}]}"#, Unknown),
            (r#"{"success":false,"reasons":[{"code":"58490061"}]}"#, Unknown),
            (r#"{"success":false,"reasons":[{"code":"58490020"},{"code":"58490099"}]}"#, Unknown),
            (r#"{"success":false,"reasons":{"code":"58490099"}}"#, Unknown),
            (r#"{"reasons":[{"code":"58490050"}]}"#, Rejected),
            (r#"{"reasons":[{"code":"58490020"}]}"#, Unknown),
            (r#"{"success":true,"success":false}"#, Unknown),
            (r#"{"success":1,"id":"i"}"#, Unknown),
            (r#"{"id":"i"}"#, Unknown),
            ("{}", Unknown),
            ("null", Unknown),
            ("[true]", Unknown),
        ] {
            let body = format!(r#"{{"success":true,"invoices":[{row}]}}"#);
            assert_eq!(verdicts(&body), (vec![expected], true), "{row}");
        }
    }

    #[test]
    fn rows_before_a_fault_are_read() {
        use Verdict::{Applied, Rejected};
        let whole = r#"{"invoices":[{"id":"a","success":true},{"id":"b","success":false}],"success":true}"#;
        assert_eq!(verdicts(whole), (vec![Applied, Rejected], true));
        for end in 0..whole.len() {
            let Some(body) = read(&whole[..end]) else { continue };
            let expected: Vec<_> = [(Applied, 38), (Rejected, 65)]
                .into_iter()
                .filter(|(_, closed)| end >= *closed)
                .map(|(row, _)| row)
                .collect();
            let read: Vec<_> = body.rows.iter().map(|row| row.verdict).collect();
            assert_eq!((read, body.has_all_rows), (expected, end >= 66), "{}", &whole[..end]);
        }
        let broken =
            r#"{"success":true,"invoices":[{"success":false},{"id":"x",,"success":true},{"success":true}]}"#;
        assert_eq!(verdicts(broken), (vec![Rejected], false));
        assert!(read("[]").is_none() && read("").is_none());
    }

    #[test]
    fn rows_that_are_no_list_are_unreadable() {
        for (rows, expected) in [("{}", 1), ("7", 1), ("null", 0), ("[]", 0)] {
            let text = format!(r#"{{"success":true,"invoices":{rows}}}"#);
            let head = Posted::read(text.as_bytes(), RowName::Id).unwrap().head;
            assert_eq!(head.extra.unreadable().filter(|(name, _)| *name == ROWS).count(), expected, "{rows}");
            assert!(serde_json::to_string(&head).is_ok(), "{rows}");
        }
    }

    #[test]
    fn rows_within_rows_end_at_the_first_level() {
        const LEVELS: usize = 100_000;
        let rows = format!("{}{}", r#"{"success":false,"invoices":["#.repeat(LEVELS), "]}".repeat(LEVELS));
        for body in [format!(r#"{{"success":true,"invoices":[{rows}]}}"#), rows] {
            assert_eq!(verdicts(&body), (vec![Verdict::Rejected], true));
        }
    }

    #[test]
    fn an_unreadable_field_is_kept_as_text() {
        let text = r#"{"invoices":[{"id":"a","success":true,"amount":"n/a","balance":"1.50"}]}"#;
        let invoice = read(text).unwrap().rows.remove(0).model;
        assert_eq!(
            (invoice.id().unwrap().as_str(), invoice.balance().unwrap().to_string()),
            ("a", "1.50".into())
        );
        assert_eq!((invoice.amount, invoice.extra.raw("amount")), (None, Some("\"n/a\"")));
    }

    /// Compares both ways of reading. Returns whether the body of a creation is read at once.
    fn is_read_at_once(body: &str) -> bool {
        fn compare<M, H>(body: &str, by: RowName) -> bool
        where
            M: BulkRow + std::fmt::Debug,
            H: BulkResponse<Row = M> + std::fmt::Debug,
        {
            let Some(at_once) = BulkBody::<M, H>::read_at_once(body, by) else { return false };
            let by_rows = BulkBody::<M, H>::read_by_rows(body, by);
            assert_eq!(format!("{:?}", Some(at_once)), format!("{by_rows:?}"), "{body}");
            true
        }
        compare::<PostedInvoice, PostedInvoices>(body, RowName::Id);
        compare::<Invoice, CreatedInvoices>(body, RowName::Id);
        compare::<Invoice, CreatedInvoices>(body, RowName::Number)
    }

    #[test]
    fn a_row_is_read_at_once_as_by_itself_or_not_at_once() {
        let usual = r#"{"success":true,"id":"i2","invoiceNumber":"B","amount":1.50}"#;
        for (row, expected) in [
            (r#"{"id":"i1","success":true,"Region__c":"EU","amount":"1.50"}"#, true),
            (r#"{"id":"i1","success":false,"reasons":[{"code":58490020,"message":"m"}]}"#, true),
            (r#"{"reasons":[{"code":"58490060"}],"processId":"P"}"#, true),
            (r#"{"objectIndex":1,"success":false}"#, true),
            (r#"{"objectIndex":"1","success":"false"}"#, true),
            (r#"{"objectIndex":1.0,"success":"tru\u0065"}"#, true),
            (
                r#"{"id":null,"id":"i1","success":null,"success":true,"objectIndex":null,"objectIndex":1}"#,
                true,
            ),
            (r#"{"id":"","invoiceNumber":"","success":true}"#, true),
            (r#"{"id":17,"invoiceNumber":true,"success":true}"#, true),
            ("{}", true),
            (r#"{"id":"i1","id":"i3","success":true}"#, false),
            (r#"{"success":true,"success":false}"#, false),
            (r#"{"success":true,"amount":"n/a"}"#, false),
            (r#"{"success":1}"#, false),
            (r#"{"Success":true}"#, false),
            (r#"{"success":true,"Success":false}"#, false),
            (r#"{"success":false,"errors":[{"code":"58490099"}]}"#, false),
            (r#"{"code":"58490050","message":"m"}"#, false),
            (r#"{"success":true,"invoices":[]}"#, false),
            (r#"{"success":true,"comments":"cut \ud83d"}"#, false),
            ("null", false),
            ("7", false),
        ] {
            for (before, after) in [(r#"{"success":true,"#, "}"), ("{", r#","success":false}"#), ("{", "}")] {
                let body = format!(r#"{before}"invoices":[{usual},{row}]{after}"#);
                assert_eq!(is_read_at_once(&body), expected, "{body}");
            }
        }
        for body in [
            r#"{"success":true}"#,
            r#"{"success":true,"invoices":[]}"#,
            r#"{"success":true,"invoices":null}"#,
            r#"{"invoices":[{"id":"a"}],"invoices":[{"id":"a"}]}"#,
            r#"{"invoices":[{"id":"a"}],"Success":false}"#,
            r#"{"invoices":[{"id":"a"}],"errors":"x"}"#,
            r#"{"invoices":[{"id":"a"}]} {}"#,
        ] {
            assert!(!is_read_at_once(body), "{body}");
        }
        let rows = |count| format!(r#"{{"invoices":[{}]}}"#, vec!["{}"; count].join(","));
        assert!(is_read_at_once(&rows(50)) && !is_read_at_once(&rows(51)));
    }

    #[test]
    fn every_changed_byte_is_read_at_once_as_by_rows() {
        let body = r#"{"success":true,"invoices":[{"id":"i1","success":true,"objectIndex":0,"amount":1.5},
            {"success":false,"reasons":[{"code":"58490020"}],"x__c":[1]}]}"#;
        let mut read = 0;
        for place in 0..body.len() {
            is_read_at_once(&body[..place]);
            for other in "\"\\{}],:0.sS ".chars() {
                let changed = format!("{}{other}{}", &body[..place], &body[place + 1..]);
                read += usize::from(is_read_at_once(&changed));
                is_read_at_once(&format!("{}{other}{}", &body[..place], &body[place..]));
            }
        }
        assert!(read > 200, "{read} of the changed bodies are read at once");
    }
}
