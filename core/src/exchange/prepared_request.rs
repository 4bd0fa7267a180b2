//! The request of a call: built once, kept until the call is decided, sent from here each time.

use std::mem;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::error::Result;
use crate::session::headers::BaseUrl;
use crate::transport::{Body, HttpRequest};

/// A request without the headers that each attempt adds. Its body is shared with every attempt, not copied.
#[derive(Debug)]
pub(super) struct PreparedRequest {
    method: Method,
    uri: Uri,
    body: Body,
    /// The operation's own headers, for later attempts.
    own: Vec<(HeaderName, HeaderValue)>,
    /// The request that the operation made, for the first attempt: its header map has room for all headers.
    first: Option<HttpRequest>,
}

impl PreparedRequest {
    /// # Errors
    /// A path that names a host, or that forms no URL with the base URL.
    // Inlined, and so is `next`: a request is large to move.
    #[inline]
    pub(super) fn new(mut request: HttpRequest, base: &BaseUrl) -> Result<Self> {
        let uri = base.join(mem::take(request.uri_mut()))?;
        *request.uri_mut() = uri.clone();
        let own = request.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self {
            method: request.method().clone(),
            uri,
            body: request.body().clone(),
            own,
            first: Some(request),
        })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Path and query as the operation made them.
    pub(super) fn own_path(&self) -> String {
        self.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
    }

    #[inline]
    pub(super) fn next(&mut self) -> HttpRequest {
        self.first.take().unwrap_or_else(|| self.again())
    }

    fn again(&self) -> HttpRequest {
        let mut request = HttpRequest::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        *headers = HeaderMap::with_capacity(self.own.len() + 12);
        for (name, value) in &self.own {
            headers.append(name.clone(), value.clone());
        }
        request
    }
}
