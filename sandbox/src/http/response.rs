//! Response bodies, and the HTTP responses that are built from them.

use std::borrow::Cow;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use crate::values::Json;

/// The body of a successful response.
pub(crate) enum ResponseBody {
    /// An object to which `success: true` is added.
    Success(Json),
    /// A value that is written unchanged, since responses of Object Query have no `success` field.
    Plain(Json),
    /// JSON that is written already, with its `success` field.
    Written(Bytes),
    /// The bytes of a PDF file.
    Pdf(Bytes),
}

impl ResponseBody {
    /// Returns a body that contains only `success: true`.
    pub(crate) fn success() -> Self {
        Self::Success(Json::object([]))
    }

    /// Returns the response with this body.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        match self {
            Self::Success(body) => json_response(StatusCode::OK, &body.prepend("success", true.into())),
            Self::Plain(body) => json_response(StatusCode::OK, &body),
            Self::Written(body) => written_response(StatusCode::OK, body),
            Self::Pdf(bytes) => pdf_response(bytes),
        }
    }

    /// Adds fields and values that no document lists, as a later version of the service may send.
    pub(crate) fn with_future_fields(self) -> Self {
        match self {
            Self::Success(body) => Self::Success(future(body)),
            Self::Plain(body) => Self::Plain(future(body)),
            Self::Written(body) => Self::Plain(future(Json::read(&body).unwrap_or(Json::Null))),
            Self::Pdf(bytes) => Self::Pdf(bytes),
        }
    }
}

/// Fields whose values decide nothing that a client waits for.
const OPEN_VALUES: [&str; 4] = ["source", "sourceType", "sourceItemType", "processingType"];

fn future(json: Json) -> Json {
    match json {
        Json::Written(text) => future(Json::read(text.as_bytes()).unwrap_or(Json::Null)),
        Json::Array(rows) => Json::Array(rows.into_iter().map(future).collect()),
        Json::Object(members) => {
            let member = |(name, value): (Cow<'static, str>, Json)| match &value {
                Json::Text(_) if OPEN_VALUES.contains(&name.as_ref()) => (name, "FutureValue".into()),
                _ => (name, future(value)),
            };
            let added = Json::object([("number", 1.into()), ("list", Json::Array(vec![Json::Null]))]);
            Json::Object(members.into_iter().map(member).collect()).append([("futureField".into(), added)])
        }
        plain => plain,
    }
}

pub(crate) fn json_response(status: StatusCode, body: &Json) -> Response<Bytes> {
    // A copy has the exact length, and the journal keeps it.
    written_response(status, Bytes::copy_from_slice(&body.to_bytes()))
}

/// Returns a response with JSON that is written already.
fn written_response(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
    response
}

/// Number of headers that a response has, so that they are stored at once.
const HEADERS: usize = 10;

fn pdf_response(bytes: Bytes) -> Response<Bytes> {
    let mut response = Response::new(bytes);
    let pdf = HeaderValue::from_static("application/pdf;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, pdf);
    response
}

/// Whether the service compresses a body of that type: text, and no PDF.
pub(crate) fn is_compressible(response: &Response<Bytes>) -> bool {
    let media =
        response.headers().get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    ["application/json", "application/xml", "text/"].iter().any(|text| media.starts_with(text))
}

pub(crate) fn compress(response: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = response.into_parts();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(packed) => {
            head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Response::from_parts(head, packed.into())
        }
        Err(_) => Response::from_parts(head, body),
    }
}
