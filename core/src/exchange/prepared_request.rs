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
    /// The map that the operation made, for the first attempt: it has room for all headers.
    first: Option<HeaderMap>,
    /// The operation's own headers, for later attempts.
    own: Vec<(HeaderName, HeaderValue)>,
}

impl PreparedRequest {
    /// # Errors
    /// A path that names a host, or that forms no URL with the base URL.
    pub(super) fn new(request: HttpRequest, base: &BaseUrl) -> Result<Self> {
        let (mut head, body) = request.into_parts();
        let own = head.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self {
            method: head.method,
            uri: base.join(mem::take(&mut head.uri))?,
            body,
            first: Some(head.headers),
            own,
        })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Path and query as the operation made them.
    pub(super) fn own_path(&self) -> String {
        self.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
    }

    pub(super) fn next(&mut self) -> HttpRequest {
        let mut request = HttpRequest::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = match self.first.take() {
            Some(headers) => headers,
            None => {
                let mut headers = HeaderMap::with_capacity(self.own.len() + 12);
                for (name, value) in &self.own {
                    headers.append(name.clone(), value.clone());
                }
                headers
            }
        };
        request
    }
}
