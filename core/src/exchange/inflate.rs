//! Decompression of response bodies, under a size cap.
//!
//! The content encoding of a response is what gateways get wrong most often. Whatever can be read without losing
//! anything is read: an encoding that is empty or names a charset, several encodings of which one is gzip, a body that
//! is JSON although its header says gzip, and padding after the end of a gzip body. A body without its end is an error.

use std::io::Read as _;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::Error;
use crate::transport::HttpResponse;
use crate::wire::budget::{Cap, DEFAULT_CAP};

/// The fault of a body that cannot be decompressed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    TooLarge,
    Truncated(String),
    UnknownEncoding(String),
}

/// Undoes `Content-Encoding: gzip`, up to `cap` bytes. Other responses are returned as they are. A response that cannot
/// be decompressed is returned as it was, with the error. The headers stay as received.
pub(crate) fn inflate(response: HttpResponse, cap: usize) -> (HttpResponse, Option<InflateError>) {
    let (mut response, error) = undo(response, cap);
    // The smallest row of a list is two bytes long, and takes less than two kilobytes.
    if cap != DEFAULT_CAP && response.body().len().saturating_mul(1024) > cap {
        response.extensions_mut().insert(Cap(cap));
    }
    (response, error)
}

fn undo(response: HttpResponse, cap: usize) -> (HttpResponse, Option<InflateError>) {
    if response.headers().get(CONTENT_ENCODING).is_none() || response.body().is_empty() {
        return (response, None);
    }
    match layers(response.headers()) {
        Ok(0) => return (response, None),
        Ok(_) if is_json(response.body()) => return (response, None),
        Ok(1) => {}
        Ok(_) => return (response, Some(InflateError::UnknownEncoding("gzip, gzip".to_owned()))),
        Err(other) => return (response, Some(InflateError::UnknownEncoding(other))),
    }
    match gunzip(response.body(), cap) {
        Ok(inflated) => (response.map(|_| Bytes::from(inflated)), None),
        Err(error) => (response, Some(error)),
    }
}

/// Returns the number of layers of gzip that the headers name, or the name of an unknown encoding.
fn layers(headers: &HeaderMap) -> Result<usize, String> {
    let mut layers = 0;
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in String::from_utf8_lossy(value.as_bytes()).split(',') {
            match name.trim().trim_matches('"').to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => layers += 1,
                "" | "identity" | "none" | "utf-8" | "utf8" | "us-ascii" | "iso-8859-1" => {}
                "charset=utf-8" | "charset=utf8" => {}
                other => return Err(other.to_owned()),
            }
        }
    }
    Ok(layers)
}

/// Returns whether a body begins as JSON does, which no gzip body does.
fn is_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Decompresses a body of one or more gzip members, up to `cap` bytes in all.
fn gunzip(mut body: &[u8], cap: usize) -> Result<Vec<u8>, InflateError> {
    // The trailer names the size, modulo 2^32: a hint for one good allocation, never a promise.
    let hint = body.last_chunk::<4>().map_or(0, |tail| u32::from_le_bytes(*tail) as usize);
    let mut inflated = Vec::with_capacity(hint.min(cap).min(body.len().saturating_mul(32)) + 1);
    loop {
        let left = u64::try_from(cap - inflated.len()).unwrap_or(u64::MAX).saturating_add(1);
        let mut member = GzDecoder::new(body);
        match member.by_ref().take(left).read_to_end(&mut inflated) {
            Ok(_) if inflated.len() > cap => return Err(InflateError::TooLarge),
            Ok(_) => body = member.into_inner(),
            Err(error) => return Err(InflateError::Truncated(error.to_string())),
        }
        if is_padding(body) {
            return Ok(inflated);
        }
    }
}

/// Returns whether nothing but padding follows the end of a gzip member.
fn is_padding(rest: &[u8]) -> bool {
    rest.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n'))
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

    fn pack(text: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn response(body: &[u8], encoding: &str) -> HttpResponse {
        let builder = http::Response::builder().header(CONTENT_ENCODING, encoding);
        builder.body(Bytes::copy_from_slice(body)).unwrap()
    }

    #[test]
    fn gzip_is_undone_under_a_cap_and_damage_is_reported() {
        let packed = pack(&[b'a'; 100_000]);
        let whole = inflate(response(&packed, "gzip"), 100_000).0;
        assert_eq!(whole.body().len(), 100_000);
        assert_eq!(whole.headers()[CONTENT_ENCODING], "gzip", "headers are as received");
        assert_eq!(inflate(response(&packed, "gzip"), 99_999).1, Some(InflateError::TooLarge));
        for cut in [1, 8, packed.len() / 2] {
            let cut = inflate(response(&packed[..packed.len() - cut], "gzip"), 1 << 20).1;
            assert!(matches!(cut, Some(InflateError::Truncated(_))), "{cut:?}");
        }
        let brotli = inflate(response(&packed, "br"), 1 << 20).1;
        assert_eq!(brotli, Some(InflateError::UnknownEncoding("br".into())));
        let both = inflate(response(&packed, "br, gzip"), 1 << 20).1;
        assert_eq!(both, Some(InflateError::UnknownEncoding("br".into())));
    }

    #[test]
    fn padding_after_gzip_is_ignored_and_other_bytes_are_not() {
        let packed = pack(b"text");
        let read = |tail: &[u8]| inflate(response(&[&packed[..], tail].concat(), "gzip"), 100);
        for tail in [&b""[..], &[0; 16], b"\r\n", b"\n"] {
            let (read, damage) = read(tail);
            assert_eq!((&read.body()[..], damage), (&b"text"[..], None));
        }
        assert_eq!(&read(&packed).0.body()[..], b"texttext", "members follow each other");
        for tail in [&b"x"[..], b"\0\0x", &packed[..9]] {
            assert!(matches!(read(tail).1, Some(InflateError::Truncated(_))));
        }
        assert_eq!(inflate(response(&packed.repeat(30), "gzip"), 100).1, Some(InflateError::TooLarge));
    }

    #[test]
    fn an_encoding_that_changes_nothing_is_no_obstacle() {
        let packed = pack(br#"{"id":"i"}"#);
        for encoding in ["gzip", "x-gzip", "GZIP", "identity, gzip", "gzip,identity", "gzip, utf-8"] {
            assert_eq!(
                &inflate(response(&packed, encoding), 100).0.body()[..],
                br#"{"id":"i"}"#,
                "{encoding}"
            );
        }
        for encoding in ["", " ", "identity", "UTF-8", "utf8", "charset=UTF-8", "none", "gzip", "gzip, gzip"]
        {
            for body in [&b"{}"[..], b" [1]", b"\xef\xbb\xbf{}"] {
                let (read, damage) = inflate(response(body, encoding), 100);
                assert_eq!((&read.body()[..], damage), (body, None), "{encoding}");
            }
        }
    }

    #[test]
    fn a_response_that_may_exceed_its_cap_keeps_the_cap() {
        let cap =
            |body: &[u8], cap| inflate(response(body, "identity"), cap).0.extensions().get::<Cap>().is_some();
        assert!(cap(&[b'x'; 2_000], 1 << 20));
        assert!(!cap(&[b'x'; 1_000], 1 << 20));
        assert!(!cap(&[b'x'; 1 << 20], DEFAULT_CAP));
    }
}
