//! Builder of requests with path and query only.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::ser::Serialize;

use crate::error::Error;
use crate::model::json;
use crate::operation::Spec;
use crate::transport::headers::JSON;
use crate::transport::{Body, HttpRequest};

/// Every character except those that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Method, path and query of a request that is being built.
#[derive(Debug)]
pub(crate) struct RequestBuilder {
    method: Method,
    path: Cow<'static, str>,
    has_query: bool,
}

impl RequestBuilder {
    /// Starts with the path of an operation that contains no ids.
    pub(crate) fn new(spec: &Spec) -> Self {
        Self { method: spec.method.clone(), path: Cow::Borrowed(spec.path), has_query: false }
    }

    /// Inserts the ids into the path template, in order.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the parameter, for an id that would change the path.
    pub(crate) fn with_keys(spec: &Spec, keys: &[&str]) -> Result<Self, Error> {
        let size = spec.path.len() + keys.iter().map(|key| key.len()).sum::<usize>();
        let mut path = String::with_capacity(size);
        let mut rest = spec.path;
        for key in keys {
            let (fixed, parameter) = split_at_byte(rest, b'{');
            let (name, suffix) = split_at_byte(parameter, b'}');
            path.push_str(fixed);
            push_segment(&mut path, name, key)?;
            rest = suffix;
        }
        path.push_str(rest);
        Ok(Self { method: spec.method.clone(), path: Cow::Owned(path), has_query: false })
    }

    /// Adds a pair to the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let path = self.path.to_mut();
        path.push(if self.has_query { '&' } else { '?' });
        path.extend(utf8_percent_encode(name, RESERVED));
        path.push('=');
        path.extend(utf8_percent_encode(value, RESERVED));
        self.has_query = true;
        self
    }

    /// Adds a number to the query.
    pub(crate) fn query_number(mut self, name: &str, value: u32) -> Self {
        let separator = if self.has_query { '&' } else { '?' };
        self.has_query = true;
        // Writing to a string does not fail.
        let _ = write!(self.path.to_mut(), "{separator}{name}={value}");
        self
    }

    /// Builds a request without a body.
    pub(crate) fn empty(self) -> Result<HttpRequest, Error> {
        self.finish(None, Body::empty())
    }

    /// Builds a request with a JSON body of about `size` bytes.
    pub(crate) fn json(self, body: &impl Serialize, size: usize) -> Result<HttpRequest, Error> {
        let body = json::write(body, size)?;
        self.finish(Some(JSON), body.into())
    }

    /// Builds a request with any body.
    pub(crate) fn body(self, content_type: HeaderValue, body: Vec<u8>) -> Result<HttpRequest, Error> {
        self.finish(Some(content_type), body.into())
    }

    fn finish(self, content_type: Option<HeaderValue>, body: Body) -> Result<HttpRequest, Error> {
        let path = match self.path {
            Cow::Borrowed(path) => Ok(PathAndQuery::from_static(path)),
            Cow::Owned(path) => PathAndQuery::try_from(path),
        }
        .map_err(|error| Error::invalid("path", error.to_string()))?;
        let mut request = HttpRequest::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = Uri::from(path);
        if let Some(content_type) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        Ok(request)
    }
}

/// Splits a text before and after a byte. A plain loop is faster than a search for texts as short as a path template.
fn split_at_byte(text: &str, at: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == at) {
        Some(index) => (&text[..index], &text[index + 1..]),
        None => (text, ""),
    }
}

/// Whether a text consists of the characters that RFC 3986 calls unreserved. Without an early end, the compiler looks at
/// several bytes at a time.
fn is_unreserved(text: &str) -> bool {
    text.bytes().fold(true, |all, byte| {
        all & (byte.is_ascii_alphanumeric()
            | (byte == b'-')
            | (byte == b'.')
            | (byte == b'_')
            | (byte == b'~'))
    })
}

fn push_segment(path: &mut String, name: &str, key: &str) -> Result<(), Error> {
    let why = match key {
        "" => "must not be empty",
        "." | ".." => "must not be `.` or `..`, which would change the path",
        // Nearly every key contains only characters that need no encoding.
        _ if is_unreserved(key) => {
            path.push_str(key);
            return Ok(());
        }
        _ if key.chars().any(char::is_control) => "must not contain control characters",
        _ => {
            path.extend(utf8_percent_encode(key, RESERVED));
            return Ok(());
        }
    };
    Err(Error::invalid(name.to_owned(), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    static TWO: Spec = Spec::read("two", "/v1/invoices/{invoiceKey}/items/{itemId}/taxation-items");

    #[test]
    fn keys_are_inserted_percent_encoded() {
        let request = RequestBuilder::with_keys(&TWO, &["INV 1/ü?%", "a.b"]).unwrap().empty().unwrap();
        assert_eq!(request.uri(), "/v1/invoices/INV%201%2F%C3%BC%3F%25/items/a.b/taxation-items");
        assert!(request.headers().is_empty());
    }

    #[test]
    fn keys_that_would_change_the_path_are_rejected_by_name() {
        for key in ["", ".", "..", "a\nb", "\u{7f}", "\u{85}"] {
            let error = RequestBuilder::with_keys(&TWO, &["INV1", key]).err().unwrap();
            assert_eq!(error.field(), Some("itemId"), "{key:?}");
            assert_eq!(error.kind(), crate::ErrorKind::Build);
        }
    }

    #[test]
    fn queries_are_encoded() {
        let target = RequestBuilder::new(&Spec::read("q", "/object-query/invoices"));
        let request = target.query_number("pageSize", 99).query("filter[]", "a.EQ:b c&d").empty().unwrap();
        assert_eq!(request.uri(), "/object-query/invoices?pageSize=99&filter%5B%5D=a.EQ%3Ab%20c%26d");
    }
}
