//! Requests with path and query only.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::ser::Serialize;

use crate::error::Error;
use crate::model::json;
use crate::operation::Spec;
use crate::transport::headers::JSON;
use crate::transport::{Body, HttpRequest};

/// Everything but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Room for the headers that the exchange adds.
const HEADERS: usize = 12;

/// Where a request goes.
pub(crate) struct RequestBuilder {
    method: Method,
    path: Cow<'static, str>,
    has_query: bool,
}

impl RequestBuilder {
    /// The path of an operation without ids in it.
    pub(crate) fn new(spec: &Spec) -> Self {
        Self { method: spec.method.clone(), path: Cow::Borrowed(spec.path), has_query: false }
    }

    /// Puts the ids into the template, in its order.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the parameter, for text that would change the path.
    pub(crate) fn with_keys(spec: &Spec, keys: &[&str]) -> Result<Self, Error> {
        let mut path = String::new();
        let mut rest = spec.path;
        for key in keys {
            let (fixed, place) = split_at_byte(rest, b'{');
            let (name, behind) = split_at_byte(place, b'}');
            // Exact for one key that needs no encoding, so that the text becomes the URI without being moved.
            path.reserve_exact(fixed.len() + key.len() + behind.len());
            path.push_str(fixed);
            push_segment(&mut path, name, key)?;
            rest = behind;
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
        let mark = if self.has_query { '&' } else { '?' };
        self.has_query = true;
        // Writing to a string does not fail.
        let _ = write!(self.path.to_mut(), "{mark}{name}={value}");
        self
    }

    /// A request without a body.
    pub(crate) fn empty(self) -> Result<HttpRequest, Error> {
        self.finish(None, Body::empty())
    }

    /// A request with a JSON body of about `size` bytes.
    pub(crate) fn json(self, body: &impl Serialize, size: usize) -> Result<HttpRequest, Error> {
        let body = json::write(body, size)?;
        self.finish(Some(JSON), body.into())
    }

    /// A request with any body.
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
        let mut headers = HeaderMap::with_capacity(HEADERS);
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// The text before and behind a byte. A loop: templates are too short for a search to pay.
fn split_at_byte(text: &str, at: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == at) {
        Some(index) => (&text[..index], &text[index + 1..]),
        None => (text, ""),
    }
}

fn push_segment(path: &mut String, name: &str, key: &str) -> Result<(), Error> {
    let why = match key {
        "" => "is empty",
        "." | ".." => "would change the path",
        // Nearly every key: nothing in it has to be encoded.
        _ if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) => {
            path.push_str(key);
            return Ok(());
        }
        _ if key.chars().any(char::is_control) => "has control characters",
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
    fn keys_are_encoded_in_their_places() {
        let request = RequestBuilder::with_keys(&TWO, &["INV 1/ü?%", "a.b"]).unwrap().empty().unwrap();
        assert_eq!(request.uri(), "/v1/invoices/INV%201%2F%C3%BC%3F%25/items/a.b/taxation-items");
        assert!(request.headers().capacity() >= HEADERS && request.headers().is_empty());
    }

    #[test]
    fn keys_that_would_change_the_path_are_refused_by_name() {
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
