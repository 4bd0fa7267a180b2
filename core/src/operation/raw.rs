//! Requests to endpoints without a typed operation.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::operation::{Effect, Operation, ResponseFormat, Spec};
use crate::transport::{Body, HttpRequest, HttpResponse};

/// A request to any other endpoint, with the same authorization, retries, envelope check and errors.
///
/// GET, HEAD and OPTIONS are reads. POST and PATCH are sent with an idempotency key. Every other method is an unkeyed
/// write, which is not retried after an unknown outcome.
///
/// ```
/// use zuora_core::http::Method;
/// use zuora_core::operation::RawOperation;
/// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
/// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"success":true}"#)));
/// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
///
/// let account = client.call(&RawOperation::new(Method::GET, "/v1/accounts/A00000001"))?;
/// assert_eq!(account.status(), 200);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "SavedRawOperation", into = "SavedRawOperation")]
pub struct RawOperation {
    spec: Spec,
    path: String,
    body: Option<Body>,
}

impl RawOperation {
    /// Creates a request. `path` begins with `/` and may contain a query; it is sent unchanged, so it must be
    /// percent-encoded.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let effect = match method {
            Method::GET | Method::HEAD | Method::OPTIONS => Effect::Read,
            Method::POST | Method::PATCH => Effect::Keyed,
            _ => Effect::Unkeyed,
        };
        Self {
            spec: Spec::new("raw", method, "", effect).with_format(ResponseFormat::Any),
            path: path.into(),
            body: None,
        }
    }

    pub(crate) fn from_parts(method: Method, path: &str, body: Option<Body>) -> Self {
        Self { body, ..Self::new(method, path) }
    }

    /// Sets a JSON body, which is sent unchanged.
    #[must_use]
    pub fn body(mut self, json: impl Into<Body>) -> Self {
        self.body = Some(json.into());
        self
    }

    /// Whether this is a token request, whose body and response are secret.
    pub(crate) fn requests_token(&self) -> bool {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        let path = percent_decode_str(path).decode_utf8_lossy().to_ascii_lowercase();
        path.trim_end_matches('/').ends_with("/oauth/token")
    }

    /// Marks the request as a read, for a POST that changes nothing, such as a query action.
    ///
    /// A read may always be retried, is sent without an idempotency key, and needs no success flag in its response.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.spec.effect = Effect::Read;
        self
    }
}

impl Operation for RawOperation {
    type Output = HttpResponse;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn request(&self) -> Result<HttpRequest> {
        if !self.path.starts_with('/') || self.path.starts_with("//") {
            let why = "must begin with exactly one slash, since requests are sent to the base URL only";
            return Err(Error::invalid("path", why));
        }
        let uri = self
            .path
            .parse()
            .map_err(|_| Error::invalid("path", "must be a percent-encoded path, with or without a query"))?;
        let mut request = HttpRequest::new(self.body.clone().unwrap_or_default());
        *request.method_mut() = self.spec.method.clone();
        *request.uri_mut() = uri;
        if self.body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    fn parse(&self, success: &HttpResponse) -> Result<HttpResponse> {
        Ok(success.clone())
    }
}

impl PartialEq for RawOperation {
    fn eq(&self, other: &Self) -> bool {
        (&self.spec, &self.path, &self.body) == (&other.spec, &other.path, &other.body)
    }
}

/// A [`RawOperation`] as it is stored.
#[derive(Serialize, Deserialize)]
struct SavedRawOperation {
    method: String,
    path: String,
    /// The body as text; JSON is always text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
}

impl From<RawOperation> for SavedRawOperation {
    fn from(operation: RawOperation) -> Self {
        let reads = RawOperation::new(operation.spec.method.clone(), "").spec.effect == Effect::Read;
        Self {
            method: operation.spec.method.to_string(),
            path: operation.path,
            body: operation.body.map(|body| String::from_utf8_lossy(&body).into_owned()),
            read_only: operation.spec.effect == Effect::Read && !reads,
        }
    }
}

impl TryFrom<SavedRawOperation> for RawOperation {
    type Error = Error;

    fn try_from(saved: SavedRawOperation) -> Result<Self> {
        let method =
            saved.method.parse().map_err(|_| Error::unreadable("method", "is not an HTTP method"))?;
        let operation = Self::from_parts(method, &saved.path, saved.body.map(Body::from));
        Ok(if saved.read_only { operation.read_only() } else { operation })
    }
}
