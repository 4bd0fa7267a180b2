//! Patterns that select requests: by method, path, operation and idempotency key.

use http::Method;

use super::operation::ApiOperation;
use crate::http::{ApiError, Fields, path_ends_with};
use crate::values::Json;

/// A pattern that selects requests, for faults and for queries of the journal.
///
/// The pattern of [`any`](Self::any) matches every request; each further part restricts it.
///
/// ```
/// use http::Method;
/// use zuora_sandbox::{ApiOperation, RequestPattern};
///
/// let posts = RequestPattern::path(Method::PUT, "/v1/bill-runs/*/post");
/// let same = RequestPattern::operation(ApiOperation::PostBillRun);
/// let keyed = RequestPattern::any().with_key("march-2026");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RequestPattern {
    method: Option<Method>,
    path: Option<String>,
    operation: Option<ApiOperation>,
    key: Option<String>,
}

impl RequestPattern {
    /// Matches every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Matches requests of that method whose path ends in `path`, in which `*` matches one segment.
    pub fn path(method: Method, path: impl Into<String>) -> Self {
        Self { method: Some(method), path: Some(path.into()), ..Self::default() }
    }

    /// Matches requests of that method.
    pub fn method(method: Method) -> Self {
        Self { method: Some(method), ..Self::default() }
    }

    /// Matches requests of that operation.
    pub fn operation(operation: ApiOperation) -> Self {
        Self { operation: Some(operation), ..Self::default() }
    }

    /// Matches only requests with that idempotency key.
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The members of a pattern as JSON.
    pub(crate) const FIELDS: &[&str] = &["method", "path", "operation", "key"];

    /// Reads the members of a pattern; without any, it matches every request.
    pub(crate) fn from_fields(fields: Fields<'_>) -> Result<Self, ApiError> {
        let invalid = |name: &str, expected: &str| ApiError::value(&fields.name(name), expected);
        let method = fields.text("method")?.map(read_method).transpose();
        let path = fields.text("path")?;
        if path.is_some_and(|path| !path.starts_with('/')) {
            return Err(invalid("path", "a path that starts with / is expected"));
        }
        let operation = fields.text("operation")?.map(str::parse).transpose();
        Ok(Self {
            method: method.map_err(|()| invalid("method", "a method such as POST is expected"))?,
            path: path.map(str::to_owned),
            operation: operation
                .map_err(|_| invalid("operation", "an operation such as post_bill_run is expected"))?,
            key: fields.text("key")?.map(str::to_owned),
        })
    }

    /// Writes the members as [`from_fields`](Self::from_fields) reads them.
    pub(crate) fn to_json(&self) -> Json {
        Json::non_null([
            ("method", self.method.as_ref().map(Method::as_str).into()),
            ("path", self.path.as_deref().into()),
            ("operation", self.operation.map(ApiOperation::as_str).into()),
            ("key", self.key.as_deref().into()),
        ])
    }

    /// Whether a request matches.
    pub(crate) fn matches(&self, request: &RequestTarget<'_>) -> bool {
        self.method.as_ref().is_none_or(|method| method == request.method)
            && self.path.as_ref().is_none_or(|end| path_ends_with(request.path, end))
            && self.operation.is_none_or(|operation| Some(operation) == request.operation)
            && self.key.as_ref().is_none_or(|key| Some(key.as_str()) == request.key)
    }
}

/// Reads a method in any case. Another word would be a method too, of which no client makes use.
fn read_method(name: &str) -> Result<Method, ()> {
    let changing = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let reading = [Method::GET, Method::HEAD, Method::OPTIONS];
    changing.into_iter().chain(reading).find(|method| method.as_str().eq_ignore_ascii_case(name)).ok_or(())
}

/// The parts of a request that a pattern compares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestTarget<'r> {
    pub(crate) method: &'r Method,
    /// The path, percent-encoded.
    pub(crate) path: &'r str,
    pub(crate) operation: Option<ApiOperation>,
    pub(crate) key: Option<&'r str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_pattern_restricts_it() {
        let put = Method::PUT;
        let target = RequestTarget {
            method: &put,
            path: "/v1/bill-runs/8ad0/post",
            operation: Some(ApiOperation::PostBillRun),
            key: None,
        };
        assert!(RequestPattern::any().matches(&target));
        assert!(RequestPattern::method(Method::PUT).matches(&target));
        assert!(RequestPattern::path(Method::PUT, "/post").matches(&target));
        assert!(RequestPattern::operation(ApiOperation::PostBillRun).matches(&target));
        assert!(!RequestPattern::path(Method::GET, "/post").matches(&target));
        assert!(!RequestPattern::path(Method::PUT, "/cancel").matches(&target));
        assert!(!RequestPattern::operation(ApiOperation::PostInvoice).matches(&target));
        assert!(!RequestPattern::any().with_key("k").matches(&target));
        assert!(RequestPattern::any().with_key("k").matches(&RequestTarget { key: Some("k"), ..target }));
    }

    #[test]
    fn a_method_is_a_usual_one_in_any_case() {
        let read = |text: &str| {
            let json = Json::object([("method", text.into())]);
            RequestPattern::from_fields(Fields::new("", &json).unwrap())
        };
        assert_eq!(read("put").unwrap(), RequestPattern::method(Method::PUT));
        for text in ["", "PUTS", "P\u{fc}T"] {
            let error = read(text).unwrap_err();
            assert!(error.reasons[0].message.contains("a method such as POST is expected"), "{text}");
        }
    }

    #[test]
    fn paths_are_matched_by_their_last_segments() {
        assert!(path_ends_with("/v1/invoices/bulk-post", "/bulk-post"));
        assert!(!path_ends_with("/v1/invoices/bulk-post", "/post"));
        assert!(path_ends_with("/v1/bill-runs/8ad0", "/bill-runs/*"));
        assert!(!path_ends_with("/v1/bill-runs", "/bill-runs/*"));
        assert!(!path_ends_with("/post", "/v1/bill-runs/*/post"));
    }
}
