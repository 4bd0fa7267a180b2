//! Tolerant reading of bulk responses.
//!
//! A usual response is read at once, as any other. In an unusual one, every row is read by itself: a response that cannot
//! be read as a whole still reports the rows before the fault, and a value that cannot be read costs neither its row nor
//! the other rows.

use memchr::memmem;

use crate::api::invoices::row_cursor::{Fields, fields, texts};
use crate::api::invoices::row_report::{RowReport, flags, flags_of, rejects, report};
use crate::api::invoices::rows::RowName;
use crate::exchange::envelope_reader::{EnvelopeReader, is_reason};
use crate::exchange::success_flag::is_flag;
use crate::model::envelope::Envelope;
use crate::wire::budget::Budget;
use crate::wire::fields::ExtraFields;
use crate::wire::{Model, lenient, text_reader};

/// Name of the list of rows.
pub(super) const ROWS: &str = "invoices";
/// Maximum number of rows in one request, and so in its response.
pub(super) const MAX_ROWS: usize = 50;
/// Reasons of a row that are kept even if the memory that the session allows is used up.
const FEW_REASONS: usize = 8;

/// The response of a bulk operation.
#[doc(hidden)]
#[allow(private_bounds)] // the trait is sealed by them
pub trait BulkResponse: Model + Default {
    type Row: BulkRow;

    fn rows_mut(&mut self) -> &mut Vec<Self::Row>;
    fn envelope(&self) -> &Envelope;
    fn envelope_mut(&mut self) -> &mut Envelope;
}

/// A row of the response of a bulk operation.
#[doc(hidden)]
#[allow(private_bounds)] // the trait is sealed by them
pub trait BulkRow: Model + Default {
    /// Returns the index in the request, if the model declares it.
    fn index(&self) -> Option<i64>;
    fn envelope(&self) -> &Envelope;
    fn envelope_mut(&mut self) -> &mut Envelope;
}

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
    /// Other ids or numbers, in a row that contradicts itself.
    pub(super) other_names: Vec<String>,
    /// Index in the request, or -1 for an index that cannot be read or for two of them.
    pub(super) index: Option<i64>,
    pub(super) report: RowReport,
    /// The row with its envelope. A field that cannot be read is kept as JSON text in `extra`.
    pub(super) model: M,
}

impl<M, H> BulkBody<M, H> {
    /// Whether the response reports any row.
    pub(super) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }
}

impl<M: BulkRow, H: BulkResponse<Row = M>> BulkBody<M, H> {
    /// Reads a body, in a session that accepts bodies of `cap` bytes. Returns `None` if the body is not a JSON object.
    pub(super) fn read(body: &[u8], cap: usize, by: RowName) -> Option<Self> {
        match std::str::from_utf8(body) {
            Ok(text) => Self::read_at_once(text, cap, by).or_else(|| Self::read_by_rows(text, cap, by)),
            Err(_) => Self::read_by_rows(&String::from_utf8_lossy(body), cap, by),
        }
    }

    /// Reads a body in which nothing is unusual. Reads the same as [`read_by_rows`](Self::read_by_rows), or nothing.
    fn read_at_once(text: &str, cap: usize, by: RowName) -> Option<Self> {
        let mut lists = memmem::find_iter(text.as_bytes(), "\"invoices\"");
        if lists.next().is_none() || lists.next().is_some() {
            return None;
        }
        let mut head = H::default();
        text_reader::read(text, &mut head, &Budget::new(text.len(), cap, MAX_ROWS)).ok()?;
        let rows = std::mem::take(head.rows_mut());
        // An empty list looks like a list that is absent.
        if rows.is_empty() || is_telling(head.extra()) {
            return None;
        }
        let rows = rows.into_iter().map(|row| ReadRow::of_model(row, by)).collect::<Option<_>>()?;
        let envelope = head.envelope();
        let is_rejection = rejects(flags_of(envelope), || !envelope.reasons.is_empty());
        Some(Self { rows, has_all_rows: true, is_rejection, head })
    }

    /// Reads each row by itself, up to a fault of the syntax.
    fn read_by_rows(text: &str, cap: usize, by: RowName) -> Option<Self> {
        let (mut rows, mut has_all_rows) = (Vec::new(), false);
        let (fields, is_whole) = fields(text, |cursor, name| {
            let is_list = name == ROWS && cursor.peek() == Some(b'[');
            is_list.then(|| {
                let is_whole = cursor.list(|row| {
                    if rows.len() <= MAX_ROWS {
                        rows.push(row);
                    }
                });
                has_all_rows = is_whole && rows.len() <= MAX_ROWS;
                is_whole
            })
        })?;
        let budget = Budget::new(text.len(), cap, usize::MAX);
        let mut head: H = model_of(&fields, &budget);
        let is_unreadable = head.extra().unreadable().any(|(name, _)| name == "reasons");
        let has_reasons = || is_unreadable || !head.envelope().reasons.is_empty();
        // A flag behind a damage is not among the fields, and may reject all rows.
        let is_contradictory = || has_all_rows && EnvelopeReader::read(text.as_bytes()).is_contradictory;
        let is_rejection = rejects(flags(&fields), has_reasons) || is_contradictory();
        let rows = rows.into_iter().map(|row| ReadRow::read(row, by, &budget)).collect();
        Some(Self { head, rows, has_all_rows: has_all_rows && is_whole, is_rejection })
    }
}

impl<M: BulkRow> ReadRow<M> {
    /// Reads the facts of a row from its model. Returns `None` if it has fields that only [`read`](Self::read) knows.
    fn of_model(mut model: M, by: RowName) -> Option<Self> {
        if is_telling(model.extra()) {
            return None;
        }
        let name = model.field(by.wire_name()).and_then(|field| field.as_text());
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        let envelope = model.envelope();
        Some(Self {
            name,
            other_names: Vec::new(),
            index: model.index(),
            report: report(flags_of(envelope), &envelope.reasons),
            model,
        })
    }

    fn read(text: &str, by: RowName, budget: &Budget) -> Self {
        let (fields, is_whole) = fields(text, |_, _| None).unwrap_or_default();
        let (mut names, mut indices) = (texts(&fields, by.wire_name()), texts(&fields, INDEX));
        let (first_name, first_index) = (names.next(), indices.next());
        let is_other = |name: &String| first_name.as_ref().is_some_and(|first| !by.is_same(first, name));
        let other_names: Vec<_> = names.filter(is_other).collect();
        let has_two_indices = indices.any(|index| first_index.as_ref() != Some(&index));

        let mut model: M = model_of(&fields, budget);
        // A row may have further reasons, of a name that its model does not declare.
        let has_none = model.envelope().reasons.is_empty();
        let has_further = fields.iter().any(|(name, _)| is_reason(name) && (has_none || name != "reasons"));
        let reasons = &mut model.envelope_mut().reasons;
        if has_further {
            *reasons = EnvelopeReader::read(text.as_bytes()).reasons;
        }
        let report = match is_whole && other_names.is_empty() && !has_two_indices {
            true => report(flags(&fields), reasons),
            false => RowReport::Unknown,
        };
        // The model has paid for its own.
        if has_further && budget.spend(size_of_val(&**reasons)).is_err() {
            reasons.truncate(FEW_REASONS);
        }
        Self {
            name: first_name.filter(|name| !name.is_empty()),
            other_names,
            index: first_index
                .map(|index| index.parse().ok().filter(|_: &i64| !has_two_indices).unwrap_or(-1)),
            report,
            model,
        }
    }
}

/// Name of the index of a row in the request.
const INDEX: &str = "objectIndex";

/// Whether fields that a model does not declare say something about the outcome.
fn is_telling(extra: &ExtraFields) -> bool {
    !extra.is_empty() && extra.iter().any(|(name, _)| name == INDEX || is_flag(&name) || is_reason(&name))
}

fn model_of<M: Model + Default>(fields: &Fields<'_>, budget: &Budget) -> M {
    let mut model = M::default();
    for (name, json) in fields {
        lenient::read_one(&mut model, name, json, budget);
    }
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::row_cursor::MAX_FIELDS;
    use crate::api::invoices::{CreatedInvoices, Invoice, PostedInvoice, PostedInvoices, bulk_post, rows};
    use crate::error::reason::Reason;
    use crate::error::{Context, Error};
    use crate::transport::HttpResponse;
    use crate::wire::budget::{Cap, DEFAULT_CAP};

    type Created = BulkBody<Invoice, CreatedInvoices>;
    type Posted = BulkBody<PostedInvoice, PostedInvoices>;

    fn read(body: &str) -> Option<Created> {
        Created::read(body.as_bytes(), DEFAULT_CAP, RowName::Number)
    }

    fn reports(body: &str) -> (Vec<RowReport>, bool) {
        let body = read(body).unwrap();
        (body.rows.iter().map(|row| row.report).collect(), body.has_all_rows)
    }

    #[test]
    fn every_row_reports_for_itself() {
        use RowReport::{Applied, Rejected, Unknown};
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
            (r#"{"success":false,"reasons":[{"code":"58490020"}],"errors":[{"code":"58490099"}]}"#, Unknown),
            (r#"{"reasons":[{"code":"58490050"}]}"#, Rejected),
            (r#"{"reasons":[{"code":"58490070"}]}"#, Rejected),
            (r#"{"reasons":[{"code":"58490020"}]}"#, Unknown),
            (r#"{"success":true,"success":false}"#, Unknown),
            (r#"{"success":true,"invoiceNumber":"A","invoiceNumber":"B"}"#, Unknown),
            (r#"{"success":true,"invoiceNumber":"A","invoiceNumber":{}}"#, Unknown),
            (r#"{"success":false,"objectIndex":1,"objectIndex":2}"#, Unknown),
            (
                r#"{"success":true,"invoiceNumber":"A","invoiceNumber":null,"invoiceNumber":"\u0041"}"#,
                Applied,
            ),
            (r#"{"success":true,"amount":"n/a","objectIndex":0,"objectIndex":"0"}"#, Applied),
            (r#"{"SUCCESS":"tru\u0065","amount":"n/a"}"#, Applied),
            (r#"{"succ\u0065ss":true,"amount":"n/a"}"#, Applied),
            (r#"{"success":true,"succ\u0065ss":false}"#, Unknown),
            (r#"{"reversed":true,"amount":"n/a"}"#, Unknown),
            (r#"{"success":1,"id":"i"}"#, Unknown),
            (r#"{"id":"i"}"#, Unknown),
            ("{}", Unknown),
            ("null", Unknown),
            ("[true]", Unknown),
        ] {
            let body = format!(r#"{{"success":true,"invoices":[{row}]}}"#);
            assert_eq!(reports(&body), (vec![expected], true), "{row}");
        }
    }

    #[test]
    fn all_rows_of_a_body_share_the_memory_that_the_session_allows() {
        const CAP: usize = 1 << 20;
        for (rows, entries) in [(1, 340_000), (50, 6_000), (1, 5_000)] {
            let reasons = vec!["{}"; entries].join(",");
            let doubt = format!(r#"{{"success":false,"reasons":[{reasons},{{"code":"58490099"}}]}}"#);
            let body = format!(r#"{{"success":true,"invoices":[{}]}}"#, vec![doubt; rows].join(","));
            let mut response = HttpResponse::new(body.clone().into());
            response.extensions_mut().insert(Cap(CAP));
            let sent = vec![None; rows];
            let read: PostedInvoices = rows::read(&response, &sent, RowName::Id).unwrap();
            let kept: usize = read.invoices.iter().map(|row| row.envelope.reasons.len()).sum();
            assert!(kept >= rows && kept * size_of::<Reason>() <= 2 * CAP, "{rows} rows: {kept} reasons");
            assert!(read.invoices.iter().all(|row| row.envelope.success.is_none()), "the last reason counts");

            let (status, max_body) = (Some(http::StatusCode::OK), Some(CAP));
            let operation = bulk_post::SPEC.name.into();
            let context = Context { operation, status, max_body, body: body.into(), ..Context::default() };
            let error = Error::unreadable("$", "cut off").with_context(context);
            let read: PostedInvoices =
                rows::read_failed(&error, &bulk_post::SPEC, &sent, RowName::Id).unwrap();
            let of_error: usize = read.invoices.iter().map(|row| row.envelope.reasons.len()).sum();
            assert_eq!(of_error, kept, "an error has the limit of its session");
        }
    }

    #[test]
    fn an_object_with_absurdly_many_fields_is_not_read_to_its_end() {
        let many = vec![r#""a":1"#; 2 * MAX_FIELDS].join(",");
        let row = format!(r#"{{"success":true,"amount":"n/a",{many}}}"#);
        let body = format!(r#"{{"invoices":[{row}],"x":1}}"#);
        assert_eq!(reports(&body), (vec![RowReport::Unknown], true));
        let body = format!(r#"{{"invoices":[{{"success":true,"amount":"n/a"}}],{many}}}"#);
        assert_eq!(reports(&body), (vec![RowReport::Applied], false));
    }

    #[test]
    fn rows_before_a_fault_are_read() {
        use RowReport::{Applied, Rejected};
        let whole = r#"{"invoices":[{"id":"a","success":true},{"id":"b","success":false}],"success":true}"#;
        assert_eq!(reports(whole), (vec![Applied, Rejected], true));
        for end in 0..whole.len() {
            let Some(body) = read(&whole[..end]) else { continue };
            let expected: Vec<_> = [(Applied, 38), (Rejected, 65)]
                .into_iter()
                .filter(|(_, closed)| end >= *closed)
                .map(|(row, _)| row)
                .collect();
            let read: Vec<_> = body.rows.iter().map(|row| row.report).collect();
            assert_eq!((read, body.has_all_rows), (expected, end >= 66), "{}", &whole[..end]);
        }
        let broken =
            r#"{"success":true,"invoices":[{"success":false},{"id":"x",,"success":true},{"success":true}]}"#;
        assert_eq!(reports(broken), (vec![Rejected], false));
        assert_eq!(reports(r#"{"id":,"invoices":[{"success":true}]}"#), (vec![], false));
        assert_eq!(reports(r#"{"invoices":[12"#), (vec![], false), "the number may be truncated");
        assert_eq!(reports(r#"{"invoices":[ ]}"#), (vec![], true));
        let spaces = r#"{ "invoices" : [ { "success" : true , "amount" : "n/a" } , { } ] }"#;
        assert_eq!(reports(spaces), (vec![Applied, RowReport::Unknown], true));
        assert!(read("[]").is_none() && read("").is_none());
    }

    #[test]
    fn rows_that_are_no_list_are_unreadable() {
        for (rows, expected) in [("{}", 1), ("7", 1), ("null", 0), ("[]", 0)] {
            let text = format!(r#"{{"success":true,"invoices":{rows}}}"#);
            let head = Posted::read(text.as_bytes(), DEFAULT_CAP, RowName::Id).unwrap().head;
            assert_eq!(head.extra.unreadable().filter(|(name, _)| *name == ROWS).count(), expected, "{rows}");
            assert!(serde_json::to_string(&head).is_ok(), "{rows}");
        }
    }

    #[test]
    fn rows_within_rows_end_at_the_first_level() {
        const LEVELS: usize = 100_000;
        let rows = format!("{}{}", r#"{"success":false,"invoices":["#.repeat(LEVELS), "]}".repeat(LEVELS));
        for body in [format!(r#"{{"success":true,"invoices":[{rows}]}}"#), rows] {
            assert_eq!(reports(&body), (vec![RowReport::Rejected], true));
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

    #[test]
    fn a_row_keeps_its_reasons_while_there_is_memory() {
        let reasons = vec![r#"{"code":"58490020"}"#; 2 * FEW_REASONS].join(",");
        for name in ["reasons", "errors"] {
            let row = format!(r#"{{"success":false,"amount":"n/a","{name}":[{reasons}]}}"#);
            let row = read(&format!(r#"{{"invoices":[{row}]}}"#)).unwrap().rows.remove(0);
            assert_eq!(row.model.envelope.reasons.len(), 2 * FEW_REASONS, "{name}");
        }
    }

    /// Compares both ways of reading. Returns whether the body of a creation is read at once.
    fn is_read_at_once(body: &str) -> bool {
        fn compare<M, H>(body: &str, by: RowName) -> bool
        where
            M: BulkRow + std::fmt::Debug,
            H: BulkResponse<Row = M> + std::fmt::Debug,
        {
            let Some(at_once) = BulkBody::<M, H>::read_at_once(body, DEFAULT_CAP, by) else { return false };
            let by_rows = BulkBody::<M, H>::read_by_rows(body, DEFAULT_CAP, by);
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
