//! Compression of request bodies.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::operation::ResponseFormat;
use crate::transport::HttpRequest;

/// A body that fits in the first window of a connection, of ten packets, arrives in one round trip, however small it is.
const COMPRESSED_FROM: usize = 16 << 10;

/// Returns the size from which bodies are compressed by default. Not every endpoint documents compressed bodies, and an
/// operation whose response is of any format may be of any endpoint.
pub(super) fn default_size(format: ResponseFormat) -> usize {
    match format {
        ResponseFormat::Any => usize::MAX,
        _ => COMPRESSED_FROM,
    }
}

/// Compresses a JSON body. A request with a content encoding is left alone, and so are uploads,
/// whose files are compressed already or are read by the service as they are.
///
/// The same body always becomes the same bytes.
pub(super) fn deflate(request: &mut HttpRequest) {
    if is_plain_json(request) {
        if let Some(compressed) = gzip(request.body()) {
            *request.body_mut() = compressed.into();
            request.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
}

fn is_plain_json(request: &HttpRequest) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"application/json")
        && !request.headers().contains_key(CONTENT_ENCODING)
}

/// Returns `None` for a body that becomes no smaller.
fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    // Writing to a vector does not fail.
    encoder.write_all(body).ok()?;
    let compressed = encoder.finish().ok()?;
    (compressed.len() < body.len()).then(|| compressed.into())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn request(content_type: &str, body: &str) -> HttpRequest {
        let mut request = HttpRequest::new(body.to_owned().into());
        request.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
        request
    }

    fn is_compressed(mut request: HttpRequest) -> bool {
        let before = request.body().to_vec();
        deflate(&mut request);
        let mut after = Vec::new();
        match request.headers().get(CONTENT_ENCODING) {
            Some(encoding) if encoding == "gzip" => {
                flate2::read::GzDecoder::new(&request.body()[..]).read_to_end(&mut after).unwrap();
            }
            _ => after = request.body().to_vec(),
        }
        assert_eq!(after, before, "the decoded body is the same");
        request.body().len() < before.len()
    }

    #[test]
    fn only_json_that_becomes_smaller_is_compressed() {
        let body = format!("{{\"a\":\"{}\"}}", "x".repeat(992));
        assert!(is_compressed(request("application/json", &body)));
        assert!(is_compressed(request("Application/JSON; charset=utf-8", &body)));
        assert!(!is_compressed(request("multipart/form-data; boundary=b", &body)));
        assert!(!is_compressed(request("application/x-www-form-urlencoded", &body)));
        assert!(!is_compressed(HttpRequest::new(body.clone().into())));
        assert!(!is_compressed(request("application/json", "{}")), "it would become larger");
        assert!(!is_compressed(request("application/json", "")));

        let mut encoded = request("application/json", &body);
        encoded.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
        assert!(!is_compressed(encoded), "the caller has chosen an encoding");
    }

    #[test]
    fn the_same_body_becomes_the_same_bytes() {
        let body = "[1,2,3],".repeat(10_000);
        assert_eq!(gzip(body.as_bytes()), gzip(body.as_bytes()));
        assert!(gzip(body.as_bytes()).unwrap().len() < 1_000);
    }
}
