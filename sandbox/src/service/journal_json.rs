//! The journal as JSON.

use bytes::Bytes;
use http::{HeaderMap, Response};

use super::journal_entry::{Delivery, JournalEntry, sorted};
use super::operation::ApiOperation;
use crate::state::Effect;
use crate::values::{Json, SettingValue as _, UnixTime};

impl JournalEntry {
    /// Writes the entry with request and responses.
    pub(crate) fn to_json(&self) -> Json {
        let gateway = self.response().filter(|_| self.delivery() == Delivery::Gateway);
        Json::non_null([
            ("number", self.number().to_json()),
            ("at", self.at().to_utc().into()),
            ("operation", self.operation().map(ApiOperation::as_str).into()),
            ("key", self.key().into()),
            ("fault", self.faults().into()),
            ("duplicate_of", self.duplicate_of().map(|number| number.to_json()).unwrap_or(Json::Null)),
            ("delivery", self.delivery().as_str().into()),
            ("status", self.response().map(|response| i64::from(response.status().as_u16())).into()),
            (
                "request",
                Json::object([
                    ("method", self.method().as_str().into()),
                    ("target", self.target().into()),
                    ("headers", headers_to_json(self.headers())),
                    ("body", body_to_json(self.body())),
                ]),
            ),
            ("response", self.service_response().map_or(Json::Null, response_to_json)),
            ("gateway_response", gateway.map_or(Json::Null, response_to_json)),
            ("handled_at", self.handled_at().map(UnixTime::to_utc).into()),
        ])
    }
}

impl Delivery {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Gateway => "gateway",
            Self::Lost => "lost",
            Self::NotSent => "not_sent",
        }
    }
}

impl Effect {
    /// Writes the effect.
    pub(crate) fn to_json(&self) -> Json {
        Json::non_null([
            ("at", self.at.to_utc().into()),
            ("effect", self.kind.as_str().into()),
            ("id", (&self.id).into()),
            ("request", self.request.map_or(Json::Null, |number| number.to_json())),
            ("operation", self.operation.into()),
            ("key", self.key.as_deref().into()),
        ])
    }
}

fn response_to_json(response: &Response<Bytes>) -> Json {
    Json::object([
        ("status", i64::from(response.status().as_u16()).into()),
        ("headers", headers_to_json(response.headers())),
        ("body", body_to_json(response.body())),
    ])
}

fn headers_to_json(headers: &HeaderMap) -> Json {
    let rows = sorted(headers).into_iter();
    Json::Object(rows.map(|(name, value)| (name.to_owned().into(), value.into())).collect())
}

/// Writes a body as text, or its length if it is not text.
fn body_to_json(body: &Bytes) -> Json {
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => format!("{} bytes that are not text", body.len()).into(),
    }
}
