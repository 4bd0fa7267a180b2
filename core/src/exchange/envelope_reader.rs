//! Reader of the envelope of any response: success flag, ids and reasons, whatever the status and the shape of the body.
//!
//! The service uses several shapes: the v1 envelope (`success`, `processId`, `reasons`), the older `Success` with
//! `Errors`, query faults, flat `code` and `message`, and the `error` of OAuth. This reader supports all of them.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::reason::{Reason, ReasonCategory};
use crate::transport::headers::REQUEST_ID;

/// Envelope of a response body: everything except the payload.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EnvelopeReader {
    pub(crate) success: Option<bool>,
    pub(crate) process_id: Option<Box<str>>,
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) reasons: Vec<Reason>,
    /// Whether the reason is a code and a message outside a list of reasons, which may be fields of the payload.
    pub(crate) flat: bool,
}

/// Whether the outermost object has `"success": true` as its first or last field, without parsing the whole body.
///
/// The flag is the first or the last field of nearly every response. The last field ends before the final brace, which
/// closes the outermost object. That position cannot be inside a string, since a string is closed before the brace.
///
/// `false` means that the whole body has to be parsed. So do two flags that contradict each other, of which `false`
/// takes precedence.
pub(crate) fn quick_success(body: &[u8]) -> bool {
    matches!((first_flag(body), last_flag(body)), (Some(true), None | Some(true)) | (None, Some(true)))
}

/// Whether the body begins with `"success": true`, which holds even for a truncated body.
pub(crate) fn begins_with_success(body: &[u8]) -> bool {
    first_flag(body) == Some(true)
}

/// Returns the flag, if it is the first field of the body.
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

/// Returns the flag, if it is the last field of the body.
fn last_flag(body: &[u8]) -> Option<bool> {
    let rest = body.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end();
    let (flag, rest) = match rest.strip_suffix(b"true") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_suffix(b"false")?),
    };
    let rest = rest.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end().strip_suffix(b"\"success\"")?;
    matches!(rest.trim_ascii_end().last(), Some(b'{' | b',')).then_some(flag)
}

/// Whether the body may contain an error envelope. This is a cheap search that often avoids parsing the body.
pub(crate) fn may_hold_error(body: &[u8]) -> bool {
    const MARKERS: [&str; 5] = ["uccess\"", "easons\"", "aultcode\"", "aultCode\"", "REQUEST_EXCEEDED"];
    MARKERS.iter().any(|marker| memchr::memmem::find(body, marker.as_bytes()).is_some())
}

impl EnvelopeReader {
    /// Returns the id of the request from the headers, or else from the body.
    pub(crate) fn request_id_of(&self, headers: &HeaderMap) -> Option<Box<str>> {
        let header = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
        header.map(Into::into).or_else(|| self.request_id.clone())
    }

    /// Reads the envelope of any body. A body that is not a JSON object has an empty envelope.
    pub(crate) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Whether a 2xx response with this envelope is an error response.
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
        struct EnvelopeVisitor;

        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = EnvelopeReader;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EnvelopeReader, A::Error> {
                let mut envelope = EnvelopeReader::default();
                let mut flat = Flat::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let value: &RawValue = map.next_value()?;
                    envelope.read_field(&name, value.get(), &mut flat);
                }
                if envelope.reasons.is_empty() && envelope.is_flat_error(&flat.reason) {
                    envelope.flat = !flat.is_fault;
                    envelope.reasons.push(flat.reason);
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// A code and a message alongside the other fields of the outermost object.
#[derive(Default)]
struct Flat {
    reason: Reason,
    /// Whether the field names are those of a fault, which no payload has.
    is_fault: bool,
}

impl EnvelopeReader {
    fn read_field(&mut self, name: &str, value: &str, flat: &mut Flat) {
        match name {
            // Of two flags that contradict each other, `false` takes precedence.
            "success" | "Success" => {
                let flag = match value {
                    "true" | "\"true\"" => Some(true),
                    "false" | "\"false\"" => Some(false),
                    _ => None,
                };
                self.success = match (self.success, flag) {
                    (Some(false), _) => Some(false),
                    (earlier, None) => earlier,
                    (_, flag) => flag,
                };
            }
            "processId" => self.process_id = id(value),
            "requestId" => self.request_id = id(value),
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

    /// Whether a flat code and message are an error, and not fields of a payload.
    fn is_flat_error(&self, flat: &Reason) -> bool {
        let has_text = !flat.code.is_empty() || !flat.message.is_empty();
        has_text && self.success != Some(true)
    }
}

fn id(json: &str) -> Option<Box<str>> {
    text(json).filter(|id| !id.is_empty()).map(Into::into)
}

/// Returns a JSON string or number as text.
fn text(json: &str) -> Option<String> {
    match serde_json::from_str(json).ok()? {
        Value::String(text) => Some(text),
        // The literal, since a code is not a quantity.
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
    fn every_shape_of_error_response_is_read() {
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
            let (flag, texts) = read(body);
            assert_eq!(flag, success, "{body}");
            assert_eq!(texts, reasons, "{body}");
        }
    }

    #[test]
    fn only_a_flag_of_the_outermost_object_counts() {
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
