//! Decompression of response bodies, with a size limit.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::header::CONTENT_ENCODING;

use crate::error::Error;
use crate::transport::HttpResponse;

/// Cause of a failed decompression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    TooLarge,
    Truncated(String),
    UnknownEncoding(String),
}

/// Decompresses a response with `Content-Encoding: gzip`, up to `cap` bytes. Other responses are returned unchanged.
///
/// A response that cannot be decompressed is returned unchanged, with the cause.
pub(crate) fn inflate(response: HttpResponse, cap: usize) -> (HttpResponse, Option<InflateError>) {
    let encoding = match response.headers().get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None => return (response, None),
        Some(name) if name.eq_ignore_ascii_case(b"identity") => return (response, None),
        Some(_) if response.body().is_empty() => return (response, None),
        Some(name) => String::from_utf8_lossy(name).trim().to_ascii_lowercase(),
    };
    if encoding != "gzip" && encoding != "x-gzip" {
        return (response, Some(InflateError::UnknownEncoding(encoding)));
    }
    let body = response.body();
    // The trailer contains the size modulo 2^32. It is only a hint for the first allocation.
    let hint = body.last_chunk::<4>().map_or(0, |tail| u32::from_le_bytes(*tail) as usize);
    let mut inflated = Vec::with_capacity(hint.min(cap).min(body.len().saturating_mul(32)) + 1);
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    match MultiGzDecoder::new(&body[..]).take(limit).read_to_end(&mut inflated) {
        Ok(_) if inflated.len() > cap => (response, Some(InflateError::TooLarge)),
        Ok(_) => {
            let (mut head, _) = response.into_parts();
            head.headers.remove(CONTENT_ENCODING);
            head.headers.remove(http::header::CONTENT_LENGTH);
            (HttpResponse::from_parts(head, Bytes::from(inflated)), None)
        }
        Err(error) => (response, Some(InflateError::Truncated(error.to_string()))),
    }
}

impl InflateError {
    pub(crate) fn into_error(self) -> Error {
        let why = match self {
            Self::TooLarge => "is larger after decompression than this session accepts".to_owned(),
            Self::Truncated(why) => format!("is damaged gzip: {why}"),
            Self::UnknownEncoding(name) => {
                format!("has the content encoding {name:?}, which was not requested")
            }
        };
        Error::unreadable("$", why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_decompressed_up_to_a_limit_and_damage_is_reported() {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&[b'a'; 100_000]).unwrap();
        let compressed = encoder.finish().unwrap();
        let response = |body: &[u8], encoding: &'static str| {
            http::Response::builder()
                .header(CONTENT_ENCODING, encoding)
                .body(Bytes::copy_from_slice(body))
                .unwrap()
        };
        let whole = inflate(response(&compressed, "gzip"), 100_000).0;
        assert_eq!(whole.body().len(), 100_000);
        assert!(whole.headers().get(CONTENT_ENCODING).is_none());
        assert_eq!(inflate(response(&compressed, "gzip"), 99_999).1, Some(InflateError::TooLarge));
        let cut = inflate(response(&compressed[..compressed.len() / 2], "gzip"), 1 << 20).1;
        assert!(matches!(cut, Some(InflateError::Truncated(_))), "{cut:?}");
        let brotli = inflate(response(&compressed, "br"), 1 << 20).1;
        assert_eq!(brotli, Some(InflateError::UnknownEncoding("br".into())));
        assert!(inflate(response(b"plain", "identity"), 9).1.is_none());
    }
}
