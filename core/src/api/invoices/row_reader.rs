//! Tolerant reading of bulk responses: every row is read by itself.
//!
//! A response that cannot be read as a whole still reports the rows before the fault, and a value that cannot be read
//! costs neither its row nor the other rows.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::reason::{Reason, ReasonCategory};
use crate::exchange::envelope_reader::{EnvelopeReader, is_reason};
use crate::model::envelope::{Envelope, Success};
use crate::wire::budget::{Budget, DEFAULT_CAP};
use crate::wire::{Model, lenient};

/// Name of the list of rows.
pub(super) const ROWS: &str = "invoices";
/// Rows that are read at most: a bulk request has 50, and so its response.
const MAX_ROWS: usize = 50;

/// Fields of a JSON object: names, and values as JSON text.
type Fields<'a> = Vec<(String, &'a str)>;

/// The readable part of a bulk response.
#[derive(Debug, Default)]
pub(super) struct BulkBody<'a> {
    /// Fields of the response apart from its rows.
    fields: Fields<'a>,
    /// The rows, in the order received.
    pub(super) rows: Vec<ReadRow<'a>>,
    /// Whether all rows were received: the list of rows is closed.
    pub(super) has_all_rows: bool,
    /// Whether the response rejects the request as a whole.
    pub(super) is_rejection: bool,
}

/// One row of a bulk response.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReadRow<'a> {
    fields: Fields<'a>,
    pub(super) id: Option<String>,
    pub(super) number: Option<String>,
    /// Index in the request, or -1 for an index that cannot be read.
    pub(super) index: Option<i64>,
    pub(super) verdict: Verdict,
    pub(super) envelope: Envelope,
}

/// The report of one row about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Applied,
    Rejected,
    Unknown,
}

impl<'a> BulkBody<'a> {
    /// Reads a body. Returns `None` if the body is not a JSON object. Invalid UTF-8 must be replaced beforehand.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut body = Self::default();
        let mut cursor = Cursor::new(text);
        cursor.object(|cursor, name| {
            if name == ROWS && cursor.peek() == Some(b'[') {
                let is_whole = cursor.list(|row| {
                    if body.rows.len() <= MAX_ROWS {
                        body.rows.push(ReadRow::read(row));
                    }
                });
                body.has_all_rows = is_whole && body.rows.len() <= MAX_ROWS;
                return is_whole;
            }
            cursor.value().is_some_and(|value| {
                body.fields.push((name, value));
                true
            })
        })?;
        let flags = flags(&body.fields);
        let has_reasons = || !body.head::<Success>().envelope.reasons.is_empty();
        body.is_rejection = flags.contains(&false) || (flags.is_empty() && has_reasons());
        Some(body)
    }

    /// Whether the response reports any row.
    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Reads the fields of the response apart from its rows. Rows that are no list are noted as unreadable.
    pub(super) fn head<M: Model + Default>(&self) -> M {
        model_of(&self.fields)
    }
}

impl<'a> ReadRow<'a> {
    fn read(text: &'a str) -> Self {
        let mut fields = Fields::new();
        let is_object = Cursor::new(text).object(|cursor, name| match cursor.value() {
            Some(value) => {
                fields.push((name, value));
                true
            }
            None => false,
        });
        let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, json)| *json);
        let mut envelope = envelope_of(&fields);
        if envelope.reasons.is_empty() && fields.iter().any(|(name, _)| is_reason(name)) {
            envelope.reasons = EnvelopeReader::read(text.as_bytes()).reasons;
        }
        let verdict =
            if is_object.is_some() { verdict(&fields, &envelope.reasons) } else { Verdict::Unknown };
        Self {
            id: field("id").and_then(id_text),
            number: field("invoiceNumber").and_then(id_text),
            index: field("objectIndex").filter(|json| *json != "null").map(index),
            verdict,
            envelope,
            fields,
        }
    }

    /// Reads the row into its model. A field that cannot be read is kept as JSON text in `extra`.
    pub(super) fn model<M: Model + Default>(&self) -> M {
        model_of(&self.fields)
    }
}

/// Judges a row by its flags and reasons. Reasons of categories 60, 61 and 99 decide nothing: the work may have been
/// done.
fn verdict(fields: &Fields<'_>, reasons: &[Reason]) -> Verdict {
    let flags = flags(fields);
    let category = |reason: &Reason| reason.category();
    match (flags.contains(&true), flags.contains(&false)) {
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
fn flags(fields: &Fields<'_>) -> Vec<bool> {
    let values = fields.iter().filter(|(name, _)| matches!(name.as_str(), "success" | "Success"));
    values
        .filter_map(|(_, json)| match *json {
            "true" | "\"true\"" => Some(true),
            "false" | "\"false\"" => Some(false),
            _ => None,
        })
        .collect()
}

fn id_text(json: &str) -> Option<String> {
    let text = match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok()?,
        b'-' | b'0'..=b'9' => json.to_owned(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn index(json: &str) -> i64 {
    id_text(json).and_then(|text| text.parse().ok()).unwrap_or(-1)
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

/// A position in JSON text, which moves over one complete value at a time.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.trim_start_matches('\u{feff}') }
    }

    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.bytes().next()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }

    /// Reads one complete, valid value as JSON text.
    fn value(&mut self) -> Option<&'a str> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<&'a RawValue>();
        let value = values.next()?.ok()?.get();
        self.rest = self.rest.get(values.byte_offset()..)?;
        Some(value)
    }

    fn name(&mut self) -> Option<String> {
        let name = self.value()?;
        let name: Cow<'_, str> = serde_json::from_str(name).ok()?;
        self.take(b':').then(|| name.into_owned())
    }

    /// Reads the fields of an object until `field` returns false or the text is not valid. Returns `None` if there
    /// is no object.
    fn object(&mut self, mut field: impl FnMut(&mut Self, String) -> bool) -> Option<()> {
        if !self.take(b'{') {
            return None;
        }
        while self.peek() != Some(b'}') {
            let Some(name) = self.name() else { break };
            if !field(self, name) || !self.take(b',') {
                break;
            }
        }
        Some(())
    }

    /// Reads the entries of a list. Returns whether the list was read to its end.
    fn list(&mut self, mut entry: impl FnMut(&'a str)) -> bool {
        if !self.take(b'[') {
            return false;
        }
        if self.take(b']') {
            return true;
        }
        loop {
            let Some(value) = self.value() else { return false };
            // A value at the end of a truncated text may itself be truncated.
            let is_last = self.take(b']');
            if !is_last && !self.take(b',') {
                if value.ends_with('}') {
                    entry(value);
                }
                return false;
            }
            entry(value);
            if is_last {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::{Invoice, PostedInvoices};

    fn verdicts(body: &str) -> (Vec<Verdict>, bool) {
        let body = BulkBody::read(body).unwrap();
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
            let Some(body) = BulkBody::read(&whole[..end]) else { continue };
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
        assert!(BulkBody::read("[]").is_none() && BulkBody::read("").is_none());
    }

    #[test]
    fn rows_that_are_no_list_are_unreadable() {
        for (rows, expected) in [("{}", 1), ("7", 1), ("null", 0), ("[]", 0)] {
            let text = format!(r#"{{"success":true,"invoices":{rows}}}"#);
            let head: PostedInvoices = BulkBody::read(&text).unwrap().head();
            assert_eq!(head.extra.unreadable().filter(|(name, _)| *name == ROWS).count(), expected, "{rows}");
            assert!(serde_json::to_string(&head).is_ok(), "{rows}");
        }
    }

    #[test]
    fn an_unreadable_field_is_kept_as_text() {
        let text = r#"{"invoices":[{"id":"a","success":true,"amount":"n/a","balance":"1.50"}]}"#;
        let body = BulkBody::read(text).unwrap();
        let invoice: Invoice = body.rows[0].model();
        assert_eq!(
            (invoice.id().unwrap().as_str(), invoice.balance().unwrap().to_string()),
            ("a", "1.50".into())
        );
        assert_eq!((invoice.amount, invoice.extra.raw("amount")), (None, Some("\"n/a\"")));
    }
}
