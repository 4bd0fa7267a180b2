//! The one look at an answer that tells success from refusal, whatever the status and the shape of the body.
//!
//! The service has several shapes: the v1 envelope (`success`, `processId`, `reasons`), the older `Success`
//! with `Errors`, query faults, flat `code` and `message`, OAuth's `error`. One reader knows them all.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::reason::{Reason, ReasonCategory};
use crate::transport::headers::REQUEST_ID;

/// What an answer's body says of the request, apart from its payload.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EnvelopeReader {
    pub(crate) success: Option<bool>,
    pub(crate) process_id: Option<Box<str>>,
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) reasons: Vec<Reason>,
    /// The reason is a code and a message of their own, which may be fields of a payload.
    pub(crate) flat: bool,
    /// A row of a bulk response reports its own success.
    pub(crate) has_applied_row: bool,
}

/// Whether the body's outermost object says `"success": true`, found without reading all of it.
///
/// The flag stands first or last in nearly every answer. Last means before the final brace, which closes the
/// outermost object: no text inside a string can stand there, since a string must be closed before the brace.
/// `false`: not in these places, so the whole has to be read.
///
/// Flags that contradict each other need the whole read too, in which the bad news wins.
pub(crate) fn quick_success(body: &[u8]) -> bool {
    matches!((first_flag(body), last_flag(body)), (Some(true), None | Some(true)) | (None, Some(true)))
}

/// Certain even of a body that was cut off.
pub(crate) fn begins_with_success(body: &[u8]) -> bool {
    first_flag(body) == Some(true)
}

/// The flag, if it is what the body begins with.
fn first_flag(body: &[u8]) -> Option<bool> {
    let rest = body.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"success\"")?.trim_ascii_start();
    let rest = rest.strip_prefix(b":")?.trim_ascii_start();
    let (flag, rest) = match rest.strip_prefix(b"true") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix(b"false")?),
    };
    matches!(rest.trim_ascii_start().first(), Some(b'}' | b',')).then_some(flag)
}

/// The flag, if it is what the body ends with.
fn last_flag(body: &[u8]) -> Option<bool> {
    let rest = body.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end();
    let (flag, rest) = match rest.strip_suffix(b"true") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_suffix(b"false")?),
    };
    let rest = rest.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end().strip_suffix(b"\"success\"")?;
    matches!(rest.trim_ascii_end().last(), Some(b'{' | b',')).then_some(flag)
}

/// Whether the body can hold an envelope at all: a cheap search before a whole read.
pub(crate) fn may_hold_error(body: &[u8]) -> bool {
    const MARKS: [&str; 5] = ["uccess\"", "easons\"", "aultcode\"", "aultCode\"", "REQUEST_EXCEEDED"];
    MARKS.iter().any(|mark| memchr::memmem::find(body, mark.as_bytes()).is_some())
}

impl EnvelopeReader {
    /// Returns the service's id of the request: of the headers, else of the body.
    pub(crate) fn request_id_of(&self, headers: &HeaderMap) -> Option<Box<str>> {
        let named = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
        named.map(Into::into).or_else(|| self.request_id.clone())
    }

    /// Reads any body. One that is not a JSON object has an empty envelope.
    pub(crate) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Whether a 2xx answer with this envelope is a refusal all the same.
    pub(crate) fn is_error(&self) -> bool {
        match self.success {
            Some(success) => !success,
            None if self.flat => self.reasons.iter().any(|reason| reason.category() != ReasonCategory::Other),
            None => !self.reasons.is_empty(),
        }
    }
}

impl<'de> Deserialize<'de> for EnvelopeReader {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ExtraFields;

        impl<'de> Visitor<'de> for ExtraFields {
            type Value = EnvelopeReader;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EnvelopeReader, A::Error> {
                let mut envelope = EnvelopeReader::default();
                let mut flat = Flat::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let value: &RawValue = map.next_value()?;
                    envelope.note(&name, value.get(), &mut flat);
                }
                if envelope.reasons.is_empty() && envelope.shows_flat(&flat.reason) {
                    envelope.flat = !flat.is_fault;
                    envelope.reasons.push(flat.reason);
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(ExtraFields)
    }
}

/// A code and a message beside the other fields.
#[derive(Default)]
struct Flat {
    reason: Reason,
    /// The names are those of a fault and of no payload.
    is_fault: bool,
}

impl EnvelopeReader {
    fn note(&mut self, name: &str, value: &str, flat: &mut Flat) {
        match name {
            // Of two flags that contradict each other the bad news wins.
            "success" | "Success" => {
                let says = match value {
                    "true" | "\"true\"" => Some(true),
                    "false" | "\"false\"" => Some(false),
                    _ => None,
                };
                self.success = match (self.success, says) {
                    (Some(false), _) => Some(false),
                    (before, None) => before,
                    (_, says) => says,
                };
            }
            "processId" => self.process_id = id(value),
            "requestId" => self.request_id = id(value),
            "invoices" => self.has_applied_row |= has_applied_row(value),
            "reasons" | "Errors" | "errors" => self.reasons.extend(reasons(value)),
            "code" | "Code" => flat.reason.code = text(value).unwrap_or_default(),
            "message" | "Message" => flat.reason.message = text(value).unwrap_or_default(),
            "faultcode" | "FaultCode" | "error" => {
                flat.is_fault = true;
                flat.reason.code = text(value).unwrap_or_default();
            }
            "faultstring" | "FaultMessage" | "error_description" => {
                flat.is_fault = true;
                flat.reason.message = text(value).unwrap_or_default();
            }
            _ => {}
        }
    }

    /// Whether a code and a message beside each other are a refusal, and not fields of some payload.
    fn shows_flat(&self, flat: &Reason) -> bool {
        let said = !flat.code.is_empty() || !flat.message.is_empty();
        said && self.success != Some(true)
    }
}

fn has_applied_row(json: &str) -> bool {
    let rows = serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default();
    rows.iter().any(|row| EnvelopeReader::read(row.get().as_bytes()).success == Some(true))
}

fn id(json: &str) -> Option<Box<str>> {
    text(json).filter(|id| !id.is_empty()).map(Into::into)
}

/// A JSON text or number as text.
fn text(json: &str) -> Option<String> {
    match serde_json::from_str(json).ok()? {
        Value::String(text) => Some(text),
        // The literal and not the number: a code is no quantity.
        Value::Number(_) => Some(json.to_owned()),
        _ => None,
    }
}

fn reasons(json: &str) -> Vec<Reason> {
    let Ok(value) = serde_json::from_str::<Value>(json) else { return Vec::new() };
    let rows = match value {
        Value::Array(rows) => rows,
        Value::Null => return Vec::new(),
        one => vec![one],
    };
    rows.iter().map(reason).collect()
}

fn reason(row: &Value) -> Reason {
    let field = |names: [&str; 2]| match names.iter().find_map(|name| row.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let (code, message) = match row {
        Value::Object(_) => (field(["code", "Code"]), field(["message", "Message"])),
        Value::String(text) => (String::new(), text.clone()),
        other => (String::new(), other.to_string()),
    };
    Reason { code, message, ..Reason::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<bool>, Vec<String>) {
        let envelope = EnvelopeReader::read(body.as_bytes());
        (envelope.success, envelope.reasons.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_shape_of_refusal_is_understood() {
        let cases: [(&str, Option<bool>, &[&str]); 12] = [
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
            ("<html>Bad Gateway</html>", None, &[]),
        ];
        for (body, success, reasons) in cases {
            let (flag, said) = read(body);
            assert_eq!(flag, success, "{body}");
            assert_eq!(said, reasons, "{body}");
        }
    }

    #[test]
    fn a_flag_is_the_outermost_one() {
        let nested = br#"{"invoices":[{"success":true},{"success":false}],"note":"\"success\":true"}"#;
        assert!(!quick_success(nested));
        assert_eq!(EnvelopeReader::read(nested).success, None);
        assert!(quick_success(b" { \"success\" : true , \"id\":1}"));
        assert!(quick_success(b"{\"id\":1,\n \"success\" : true\n}\n"));
        assert!(!quick_success(br#"{"row":{"success":true}}"#));
        assert!(!quick_success(br#"{"asuccess":true}"#));
        assert!(!quick_success(br#"{"success":false}"#));
        assert!(!quick_success(br#"{"success":false,"id":1,"success":true}"#));
        assert!(!quick_success(br#"{"success":true,"id":1,"success":false}"#));
        assert_eq!(EnvelopeReader::read(br#"{"success":true,"success":false}"#).success, Some(false));
    }
}
