//! The request of a call: built once, kept until the call is decided, sent from here each time.

use std::mem;

use http::{HeaderName, HeaderValue};

use super::deflate::deflate;
use crate::error::Result;
use crate::session::base_url::BaseUrl;
use crate::transport::HttpRequest;

/// A request without the headers that each attempt adds. Its body is shared with every attempt, not copied.
#[derive(Debug)]
pub(super) struct PreparedRequest {
    /// Its header map is given to the first attempt.
    request: HttpRequest,
    /// The operation's own headers.
    own: Vec<(HeaderName, HeaderValue)>,
}

/// Completes the URI of a request, and compresses its body from a size on.
///
/// # Errors
/// A path that names a host, or that forms no URL with the base URL.
pub(super) fn prepare(request: &mut HttpRequest, base: &BaseUrl, gzip_from: usize) -> Result<()> {
    *request.uri_mut() = base.join(mem::take(request.uri_mut()))?;
    if request.body().len() >= gzip_from {
        deflate(request);
    }
    Ok(())
}

impl PreparedRequest {
    // Inlined, and so is `next`: a request is large to move.
    #[inline]
    pub(super) fn new(request: HttpRequest) -> Self {
        let own = request.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
        Self { own: own.collect(), request }
    }

    /// The request as it is sent, apart from its headers.
    pub(super) fn get(&self) -> &HttpRequest {
        &self.request
    }

    #[inline]
    pub(super) fn next(&mut self) -> HttpRequest {
        let mut headers = mem::take(self.request.headers_mut());
        let mut request = self.request.clone();
        if headers.is_empty() {
            for (name, value) in &self.own {
                headers.append(name.clone(), value.clone());
            }
        }
        *request.headers_mut() = headers;
        request
    }
}
