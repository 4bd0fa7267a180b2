//! Reading of a body as success or error, whatever the status and the shape of the body.
//!
//! The service has several shapes: the v1 envelope (`success`, `processId`, `reasons`), the older `Success` with
//! `Errors`, query faults, a flat `code` and `message`, OAuth's `error`, and lists of results. One reader knows them
//! all.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::success_flag::{is_flag, is_named_once};
use crate::error::reason::{Reason, ReasonCategory};
use crate::transport::headers::REQUEST_ID;
use crate::wire::lenient;

/// Reasons of a body that are kept. Of more reasons, the first of each category counts.
const MAX_REASONS: usize = 20_000;

/// The part of a body that is about the request, apart from the payload.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EnvelopeReader {
    pub(crate) success: Option<bool>,
    /// Two flags contradict each other, or the results of a list do.
    pub(crate) is_contradictory: bool,
    pub(crate) process_id: Option<Box<str>>,
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) reasons: Vec<Reason>,
    /// The only reason is a `code` and a `message` without an envelope: the form of a gateway, or fields of a payload.
    pub(crate) is_flat: bool,
    /// A row of a bulk response reports its own success, or the response has rows and reports success as a whole.
    pub(crate) has_applied_row: bool,
}

impl EnvelopeReader {
    /// Returns the service's id of the request: of the headers, else of the body.
    pub(crate) fn request_id_of(&self, headers: &HeaderMap) -> Option<Box<str>> {
        let named = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
        named.map(Into::into).or_else(|| self.request_id.clone())
    }

    /// Reads any body, as far as it can be read: the part before a damage counts. A body that is not JSON has an
    /// empty envelope.
    pub(crate) fn read(body: &[u8]) -> Self {
        let text = match std::str::from_utf8(body) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(body),
        };
        let mut reading = Reading::default();
        let mut json = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
        let read = Body(&mut reading).deserialize(&mut json);
        let mut envelope = reading.finish();
        // Behind a damage there may be another flag of the same object. A body that was cut off has nothing there.
        let has_more = match read {
            Ok(()) => json.end().is_err(),
            Err(error) => !error.is_eof() && envelope.success.is_some(),
        };
        if has_more && !is_named_once(body) {
            envelope.is_contradictory = true;
        }
        envelope
    }

    /// Whether a 2xx response with this envelope is an error nevertheless. `any_body` is for responses of which nothing
    /// is known: a `code` and a `message` may be their payload, so they count only when they have a known meaning.
    pub(crate) fn is_error(&self, any_body: bool) -> bool {
        match self.success {
            Some(success) => !success || self.is_contradictory,
            None if self.is_flat && any_body => {
                self.reasons.iter().any(|reason| reason.category() != ReasonCategory::Other)
            }
            None => !self.reasons.is_empty(),
        }
    }

    fn note_flag(&mut self, says: Option<bool>) {
        match (self.success, says) {
            (_, None) => {}
            (None, says) => self.success = says,
            (Some(before), Some(says)) if before != says => {
                self.is_contradictory = true;
                self.success = Some(false);
            }
            _ => {}
        }
    }

    /// Notes the reasons in a list, or the only one.
    fn note_reasons(&mut self, json: &str) {
        match json.as_bytes() {
            [b'[', ..] => entries(json, |entry| self.note_reason(reason(entry))),
            b"null" => {}
            _ => self.note_reason(reason(json)),
        }
    }

    fn note_reason(&mut self, reason: Reason) {
        let more = self.reasons.get(MAX_REASONS..).unwrap_or_default();
        let is_known = |known: &Reason| known.category() == reason.category();
        if self.reasons.len() < MAX_REASONS || !more.iter().any(is_known) {
            self.reasons.push(reason);
        }
    }
}

/// An envelope that is being read, with a code and a message that are beside the other fields.
#[derive(Default)]
struct Reading<'a> {
    envelope: EnvelopeReader,
    /// The lists of rows of a bulk response.
    rows: Vec<&'a str>,
    flat: Reason,
    /// The names of code and message are those of a fault and of no payload.
    is_fault: bool,
}

impl<'a> Reading<'a> {
    fn note(&mut self, name: &str, value: &'a str) {
        match name {
            "processId" => self.envelope.process_id = id(value),
            "requestId" => self.envelope.request_id = id(value),
            "invoices" => self.rows.push(value),
            "reasons" | "Errors" | "errors" => self.envelope.note_reasons(value),
            "code" | "Code" => self.flat.code = text(value).unwrap_or_default(),
            "message" | "Message" => self.flat.message = text(value).unwrap_or_default(),
            "faultcode" | "FaultCode" => {
                self.is_fault = true;
                self.flat.code = text(value).unwrap_or_default();
            }
            "faultstring" | "FaultMessage" | "error_description" => {
                self.is_fault = true;
                self.flat.message = text(value).unwrap_or_default();
            }
            // OAuth's word, or an object with a code and a message.
            "error" | "fault" => {
                self.is_fault = true;
                match text(value) {
                    Some(code) => self.flat.code = code,
                    None => self.envelope.note_reasons(value),
                }
            }
            _ if is_flag(name) => self.envelope.note_flag(flag(value)),
            _ => {}
        }
    }

    /// Notes one result of a list.
    fn note_result(&mut self, result: &'a str) {
        let Self { envelope, .. } = Self::of_object(result);
        self.envelope.note_flag(envelope.success);
        self.envelope.is_contradictory |= envelope.is_contradictory;
        envelope.reasons.into_iter().for_each(|reason| self.envelope.note_reason(reason));
    }

    fn of_object(json: &'a str) -> Self {
        let mut reading = Self::default();
        // A damaged result counts up to the damage.
        let _ = Body(&mut reading).deserialize(&mut serde_json::Deserializer::from_str(json));
        reading
    }

    fn finish(self) -> EnvelopeReader {
        let Self { mut envelope, rows, flat, is_fault } = self;
        let has_flat = !flat.code.is_empty() || !flat.message.is_empty();
        if envelope.reasons.is_empty() && has_flat && envelope.success != Some(true) {
            envelope.is_flat = !is_fault;
            envelope.reasons.push(flat);
        }
        // The rows are read only if the response reports no success as a whole, since they are most of it.
        let is_success = envelope.success == Some(true);
        envelope.has_applied_row = rows.into_iter().any(|rows| is_success || has_applied_row(rows));
        envelope
    }
}

/// Reads a body into a [`Reading`], which keeps what was read when an error ends the reading.
struct Body<'r, 'de>(&'r mut Reading<'de>);

impl<'de> DeserializeSeed<'de> for Body<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Body<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object or a list of results")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let value: &'de RawValue = map.next_value()?;
            self.0.note(&name, value.get());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut results: A) -> Result<(), A::Error> {
        while let Some(result) = results.next_element::<&'de RawValue>()? {
            if !result.get().starts_with('{') {
                while results.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
            self.0.note_result(result.get());
        }
        Ok(())
    }
}

/// Whether [`EnvelopeReader::read`] takes a field of this name for a reason, or for a part of one.
pub(crate) fn is_reason(name: &str) -> bool {
    matches!(
        name,
        "reasons"
            | "Errors"
            | "errors"
            | "code"
            | "Code"
            | "message"
            | "Message"
            | "faultcode"
            | "FaultCode"
            | "faultstring"
            | "FaultMessage"
            | "error_description"
            | "error"
            | "fault"
    )
}

fn has_applied_row(json: &str) -> bool {
    let mut has_applied = false;
    // Only the flag of a row is read: rows within rows could be nested deeper than the stack.
    entries(json, |row| has_applied |= Reading::of_object(row).envelope.success == Some(true));
    has_applied
}

/// Calls `each` with the JSON text of every entry of a list.
fn entries<'a>(json: &'a str, each: impl FnMut(&'a str)) {
    struct Entries<F>(F);

    impl<'de, F: FnMut(&'de str)> Visitor<'de> for Entries<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
            while let Some(entry) = entries.next_element::<&'de RawValue>()? {
                (self.0)(entry.get());
            }
            Ok(())
        }
    }

    // A value that is no list has no entries.
    let _ = serde_json::Deserializer::from_str(json).deserialize_seq(Entries(each));
}

/// Reads the value of a success flag. Returns `None` for a value that is neither true nor false.
pub(crate) fn flag(json: &str) -> Option<bool> {
    match lenient::text(json).as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    }
}

fn id(json: &str) -> Option<Box<str>> {
    text(json).filter(|id| !id.is_empty()).map(Into::into)
}

/// Returns the text of a JSON string, or the literal of a number: a code is not a quantity.
fn text(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => lenient::text(json),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// Reads one reason: an object, or any other value as its message.
fn reason(json: &str) -> Reason {
    struct Fields<'r>(&'r mut Reason);

    impl<'de> Visitor<'de> for Fields<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a reason")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
            while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
                let value: &'de RawValue = fields.next_value()?;
                let part = match &*name {
                    "code" | "Code" | "faultcode" => &mut self.0.code,
                    "message" | "Message" | "faultstring" => &mut self.0.message,
                    _ => continue,
                };
                if part.is_empty() {
                    *part = text(value.get()).unwrap_or_default();
                }
            }
            Ok(())
        }
    }

    let mut reason = Reason::default();
    if json.starts_with('{') {
        // A damaged name ends the reason, which keeps what was read.
        let _ = serde_json::Deserializer::from_str(json).deserialize_map(Fields(&mut reason));
    } else {
        reason.message = text(json).unwrap_or_else(|| json.to_owned());
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<bool>, Vec<String>) {
        let envelope = EnvelopeReader::read(body.as_bytes());
        (envelope.success, envelope.reasons.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_shape_of_rejection_is_understood() {
        let cases: [(&str, Option<bool>, &[&str]); 14] = [
            (
                r#"{"success":false,"reasons":[{"code":53100320,"message":"a"},{"code":"58730222"}]}"#,
                Some(false),
                &["[53100320] a", "[58730222]"],
            ),
            (
                r#"{"Success":false,"Errors":[{"Code":"LOCK_COMPETITION","Message":"m"}]}"#,
                Some(false),
                &["[LOCK_COMPETITION] m"],
            ),
            (
                r#"{"reasons":[{"code":"SystemError","message":"internal server error"}]}"#,
                None,
                &["[SystemError] internal server error"],
            ),
            (
                r#"{"reasons":[{"code":70,"message":"API Rate limit exceeded"}]}"#,
                None,
                &["[70] API Rate limit exceeded"],
            ),
            (
                r#"{"faultcode":"fns:MALFORMED_QUERY","faultstring":"bad"}"#,
                None,
                &["[fns:MALFORMED_QUERY] bad"],
            ),
            (r#"{"FaultCode":"X","FaultMessage":"bad"}"#, None, &["[X] bad"]),
            (
                r#"{"code":415,"message":"HTTP 415 Unsupported Media Type"}"#,
                None,
                &["[415] HTTP 415 Unsupported Media Type"],
            ),
            (
                r#"{"message":"no Route matched with those values"}"#,
                None,
                &["no Route matched with those values"],
            ),
            (r#"{"error":"invalid_client","error_description":"who?"}"#, None, &["[invalid_client] who?"]),
            (r#"{"errors":"[40000050] busy","success":false}"#, Some(false), &["[40000050] busy"]),
            (r#"{"success":true,"code":"A","message":"of a payload"}"#, Some(true), &[]),
            (r#"{"errors":[{"code":"A","Code":"B","Message":"a","message":"b"}]}"#, None, &["[A] a"]),
            (r#"[{"Success":false,"Errors":[{"Code":"A","Message":"a"}]}]"#, Some(false), &["[A] a"]),
            ("<html>Bad Gateway</html>", None, &[]),
        ];
        for (body, success, reasons) in cases {
            let (flag, said) = read(body);
            assert_eq!(flag, success, "{body}");
            assert_eq!(said, reasons, "{body}");
        }
    }

    #[test]
    fn reasons_have_the_names_that_are_read() {
        for (name, value) in [("reasons", "[\"x\"]"), ("Errors", "[\"x\"]"), ("errors", "\"x\"")]
            .into_iter()
            .chain(["code", "Code", "message", "Message"].map(|name| (name, "\"x\"")))
            .chain(["faultcode", "FaultCode", "faultstring", "FaultMessage"].map(|name| (name, "\"x\"")))
            .chain(["error_description", "error", "fault"].map(|name| (name, "\"x\"")))
            .chain(["processId", "requestId", "success", "invoices", "id"].map(|name| (name, "\"x\"")))
        {
            let envelope = EnvelopeReader::read(format!("{{\"{name}\":{value}}}").as_bytes());
            assert_eq!(!envelope.reasons.is_empty(), is_reason(name), "{name}");
        }
    }

    #[test]
    fn a_flag_behind_a_damage_makes_the_first_one_doubtful() {
        for damaged in [
            r#"{"success":true,"invoices":[{"id":"i1","success":true}],x,"success":false}"#,
            r#"{"success":true,x,"success":false}"#,
            r#"{"success":true},"success":false}"#,
            r#"{"success":false,"id":},"success":true}"#,
        ] {
            let envelope = EnvelopeReader::read(damaged.as_bytes());
            assert!(envelope.success.is_some() && envelope.is_contradictory, "{damaged}");
        }
        for harmless in [
            r#"{"success":true,x,"id":"i1"}"#,
            r#"{"success":true,"invoices":[{"id":"i1","success":true},{"id":"i2","suc"#,
            r#"<a class="success"><b class="success">"#,
        ] {
            assert!(!EnvelopeReader::read(harmless.as_bytes()).is_contradictory, "{harmless}");
        }
    }

    #[test]
    fn a_row_reports_success_in_escaped_text_too() {
        for flag in ["true", r#""true""#, r#""tru\u0065""#] {
            let body = format!(r#"{{"success":false,"invoices":[{{"id":"i1","success":{flag}}}]}}"#);
            assert!(EnvelopeReader::read(body.as_bytes()).has_applied_row, "{body}");
        }
    }

    #[test]
    fn of_many_reasons_every_category_is_kept() {
        let many = vec![r#"{"code":"58490020"}"#; 2 * MAX_REASONS].join(",");
        let body = format!(r#"{{"success":false,"reasons":[{many},{{"code":58490099}}],"errors":["x"]}}"#);
        let reasons = EnvelopeReader::read(body.as_bytes()).reasons;
        assert!(reasons.len() < MAX_REASONS + 10, "{}", reasons.len());
        let has = |category| reasons.iter().any(|reason| reason.category() == category);
        assert!(has(ReasonCategory::Format) && has(ReasonCategory::External) && has(ReasonCategory::Other));
    }

    #[test]
    fn rows_within_rows_end_at_the_first_level() {
        const LEVELS: usize = 100_000;
        let body = [r#"{"invoices":["#.repeat(LEVELS), "]}".repeat(LEVELS)].concat();
        assert_eq!(EnvelopeReader::read(body.as_bytes()), EnvelopeReader::default());
        let applied = br#"{"invoices":[{"invoices":[{"success":false}],"success":true}]}"#;
        assert!(EnvelopeReader::read(applied).has_applied_row);
    }
}
