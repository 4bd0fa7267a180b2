//! The envelope of a response: success flag, ids and reasons.

use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::Outcome;
use crate::error::reason::{REDACTED, Reason};
use crate::wire::values;
use crate::wire::{Empty, FromWire, ReadError, ValueReader};

/// The envelope of a response: success flag, ids for support requests, and reasons for a failure.
///
/// A call that fails as a whole returns an [`Error`](crate::Error) instead of a response. In a bulk response, each
/// row has its own envelope, which reports whether the row succeeded.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// Whether the operation succeeded. Responses to reads may omit the flag.
    pub success: Option<bool>,
    /// Id of the request, a UUID assigned by the service.
    pub request_id: Option<String>,
    /// Id of the process, 16 hexadecimal digits requested by Zuora Support. Present on failures only.
    pub process_id: Option<String>,
    /// Reasons for the failure. Empty on success.
    pub reasons: Vec<Reason>,
}

impl Empty for Envelope {
    const EMPTY: Self = Self { success: None, request_id: None, process_id: None, reasons: Vec::new() };
}

impl Default for Envelope {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Envelope {
    /// Replaces each text that contains a secret.
    pub(crate) fn redact(&mut self, is_secret: impl Fn(&str) -> bool) {
        for reason in &mut self.reasons {
            reason.redact(&is_secret);
        }
        for id in [&mut self.request_id, &mut self.process_id].into_iter().flatten() {
            if is_secret(id) {
                REDACTED.clone_into(id);
            }
        }
    }

    /// Returns the outcome that the envelope of a row of a bulk response reports: applied with the success flag, not
    /// applied without success, and unknown without a flag.
    ///
    /// Reasons of categories 60, 61 and 99 report failures inside or behind the service, after which the work may
    /// have been done: the outcome is unknown.
    pub fn outcome(&self) -> Outcome {
        let leaves_doubt = |reason: &Reason| reason.category().leaves_doubt();
        match self.success {
            Some(true) => Outcome::Applied,
            Some(false) if !self.reasons.iter().any(leaves_doubt) => Outcome::NotApplied,
            _ => Outcome::Unknown,
        }
    }
}

impl fmt::Debug for Envelope {
    /// Shows what is present, like a model.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Envelope");
        if let Some(success) = self.success {
            fields.field("success", &success);
        }
        if let Some(id) = &self.request_id {
            fields.field("request_id", id);
        }
        if let Some(id) = &self.process_id {
            fields.field("process_id", id);
        }
        if !self.reasons.is_empty() {
            fields.field("reasons", &self.reasons);
        }
        fields.finish()
    }
}

super::model! {
    /// A response without data, which reports only that the operation succeeded.
    #[doc(alias = "CommonResponse")]
    pub response Success {}
}

super::model! {
    /// A reason in its JSON form.
    pub(super) struct WireReason {
        code: Option<String> = "code",
        message: Option<String> = "message",
    }
}

impl FromWire for Reason {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        let mut reason = None;
        WireReason::read(&mut reason, source)?;
        *place = reason.map(|reason| Reason {
            code: reason.code.unwrap_or_default(),
            message: reason.message.unwrap_or_default(),
            extra: reason.extra,
        });
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

/// Writes a numeric code as text, which is the form of error responses.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in [("code", &self.code), ("message", &self.message)] {
            if !text.is_empty() {
                map.serialize_entry(name, text)?;
            }
        }
        self.extra.write(&mut map, &mut WireReason::default())?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debug_output_of_a_response_has_what_its_envelope_has() {
        let text = r#"{"success":false,"processId":"A","reasons":[{"code":58730030,"message":"no"}]}"#;
        let shown = format!("{:?}", serde_json::from_str::<Success>(text).unwrap());
        for part in ["envelope: Envelope { success: false, process_id: \"A\"", "58730030", "no"] {
            assert!(shown.contains(part), "{shown}");
        }
        assert_eq!(format!("{:?}", Success::default()), "Success");
        let rejected = Success {
            envelope: Envelope { success: Some(false), ..Envelope::default() },
            ..Success::default()
        };
        assert_eq!(format!("{rejected:?}"), "Success { envelope: Envelope { success: false } }");
    }
}
