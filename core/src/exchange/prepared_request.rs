//! The request of a call: built once, kept until the call is decided, sent from here each time.

use std::mem;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::deflate::deflate;
use crate::error::Result;
use crate::session::base_url::BaseUrl;
use crate::transport::{Body, HttpRequest};

/// A request without the headers that each attempt adds.
#[derive(Debug)]
pub(super) enum PreparedRequest {
    /// The request that the operation made, for the first attempt: its header map has room for all headers.
    First(HttpRequest),
    Again(Template),
}

/// The parts of a request, for later attempts. The body is shared with every attempt, not copied.
#[derive(Debug)]
pub(super) struct Template {
    method: Method,
    uri: Uri,
    body: Body,
    /// The operation's own headers.
    own: Vec<(HeaderName, HeaderValue)>,
}

impl PreparedRequest {
    /// # Errors
    /// A path that names a host, or that forms no URL with the base URL.
    // Inlined, and so is `next`: a request is large to move.
    #[inline]
    pub(super) fn new(mut request: HttpRequest, base: &BaseUrl, gzip_from: usize) -> Result<Self> {
        *request.uri_mut() = base.join(mem::take(request.uri_mut()))?;
        if request.body().len() >= gzip_from {
            deflate(&mut request);
        }
        Ok(Self::First(request))
    }

    pub(super) fn uri(&self) -> &Uri {
        match self {
            Self::First(request) => request.uri(),
            Self::Again(template) => &template.uri,
        }
    }

    pub(super) fn method(&self) -> &Method {
        match self {
            Self::First(request) => request.method(),
            Self::Again(template) => &template.method,
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> HttpRequest {
        let template = match self {
            Self::First(request) => Template::of(request),
            Self::Again(template) => return template.request(),
        };
        match mem::replace(self, Self::Again(template)) {
            Self::First(request) => request,
            Self::Again(template) => template.request(),
        }
    }
}

impl Template {
    #[inline]
    fn of(request: &HttpRequest) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            body: request.body().clone(),
            own: request.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        }
    }

    fn request(&self) -> HttpRequest {
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
