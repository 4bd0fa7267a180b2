//! What every answer says of the call itself.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::reason::Reason;
use crate::wire::values;
use crate::wire::{FromWire, ReadError, ValueReader};

/// What an answer says of the call itself: whether it worked, and where to find it in the service's logs.
///
/// An operation that failed as a whole is an [`Error`](crate::Error) and gives no answer; in the row of a bulk
/// answer this is the verdict on the row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// Whether it worked. Reads may leave it out.
    pub success: Option<bool>,
    /// The service's id of the request, a UUID.
    pub request_id: Option<String>,
    /// 16 hexadecimal digits that Zuora's support asks for; on failures.
    pub process_id: Option<String>,
    /// Why it failed.
    pub reasons: Vec<Reason>,
}

super::model! {
    /// The answer of an operation that says only that it worked.
    pub response Success {}
}

super::model! {
    /// A reason as it travels.
    pub(super) struct WireReason {
        code: Option<String> = "code",
        message: Option<String> = "message",
    }
}

impl FromWire for Reason {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        let reason = WireReason::read(source)?;
        Ok(reason.map(|reason| Reason {
            code: reason.code.unwrap_or_default(),
            message: reason.message.unwrap_or_default(),
            extra: reason.extra,
        }))
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

/// A code of digits is written as text, the form that refusals have.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in [("code", &self.code), ("message", &self.message)] {
            if !text.is_empty() {
                map.serialize_entry(name, text)?;
            }
        }
        self.extra.write(&mut map)?;
        map.end()
    }
}
