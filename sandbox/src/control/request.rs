//! Requests and responses of the control API.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_FRAME_OPTIONS};
use http::{HeaderValue, Response, StatusCode};

use crate::http::{ApiError, Fields};
use crate::values::{Json, UnixTime};

/// A request of the control API whose route is known.
pub(super) struct ControlRequest {
    /// The segments of the path that the wildcards of the route match.
    pub(super) arguments: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    /// The body, which is an object; empty if the request has none.
    pub(super) body: Json,
    /// Names of the members that the body may have.
    pub(super) fields: Vec<&'static str>,
    /// Time of the front.
    pub(super) outside: UnixTime,
}

impl ControlRequest {
    /// Returns the members of the body, all of which the route knows.
    pub(super) fn fields(&self) -> Result<Fields<'_>, ControlError> {
        Ok(Fields::new("", &self.body)?.deny_unknown(&self.fields)?)
    }

    /// Returns a whole number of the query.
    pub(super) fn number(&self, name: &str, default: u64) -> Result<u64, ControlError> {
        let text = self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let invalid = || ControlError::invalid(format!("{name}: must be a whole number"));
        text.map_or(Ok(default), |text| text.parse().map_err(|_| invalid()))
    }
}

/// The content of a response.
pub(super) enum ControlBody {
    Json(Json),
    /// A JSON body with a status other than 200.
    Status(StatusCode, Json),
    /// A text and its media type.
    Text(&'static str, Cow<'static, str>),
}

impl ControlBody {
    pub(super) fn respond(self) -> Response<Bytes> {
        let json = |json: &Json| Cow::Owned(format!("{json}\n"));
        let (status, media, text) = match self {
            Self::Json(body) => (StatusCode::OK, "application/json", json(&body)),
            Self::Status(status, body) => (status, "application/json", json(&body)),
            Self::Text(media, text) => (StatusCode::OK, media, text),
        };
        let mut response = Response::new(Bytes::from(text.into_owned()));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        response
    }
}

/// The error of a request of the control API.
#[derive(Debug)]
pub(super) struct ControlError {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl ControlError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn conflict(error: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, error.to_string())
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn respond(self) -> Response<Bytes> {
        let body = Json::object([("error", self.message.into())]);
        ControlBody::Status(self.status, body).respond()
    }
}

impl From<ApiError> for ControlError {
    fn from(error: ApiError) -> Self {
        let messages: Vec<String> = error.reasons.into_iter().map(|reason| reason.message).collect();
        Self::invalid(messages.join(" "))
    }
}
