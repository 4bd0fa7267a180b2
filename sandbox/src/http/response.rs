//! Response bodies, and the HTTP responses that are built from them.

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
    /// The bytes of a PDF file.
    Pdf(Bytes),
}

impl ResponseBody {
    /// Returns a body that contains only `success: true`.
    pub(crate) fn success() -> Self {
        Self::Success(Json::object([]))
    }
}

pub(crate) fn json_response(status: StatusCode, body: &Json) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json;charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

pub(crate) fn pdf_response(bytes: Bytes) -> Response<Bytes> {
    let mut response = Response::new(bytes);
    let pdf = HeaderValue::from_static("application/pdf;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, pdf);
    response
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
