//! The request of a call: built once, kept until the call is decided, sent from here each time.

use std::mem;

use http::HeaderValue;

use super::deflate::deflate;
use crate::error::Result;
use crate::session::base_url::BaseUrl;
use crate::session::headers::RequestHeaders;
use crate::transport::HttpRequest;

/// A request with the headers of its operation, without those that each attempt adds. Its body is shared with every
/// attempt, not copied.
#[derive(Debug)]
pub(super) struct PreparedRequest(HttpRequest);

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
    pub(super) fn new(request: HttpRequest) -> Self {
        Self(request)
    }

    pub(super) fn get(&self) -> &HttpRequest {
        &self.0
    }

    // Inlined, since a request is large to move.
    #[inline]
    pub(super) fn next(
        &self,
        headers: RequestHeaders<'_>,
        authorization: HeaderValue,
        key: Option<HeaderValue>,
    ) -> HttpRequest {
        // All but the headers, which take longer to clone than to leave out.
        let mut request = HttpRequest::new(self.0.body().clone());
        *request.method_mut() = self.0.method().clone();
        *request.uri_mut() = self.0.uri().clone();
        *request.version_mut() = self.0.version();
        *request.extensions_mut() = self.0.extensions().clone();
        headers.apply(&mut request, self.0.headers(), Some(authorization), key);
        request
    }
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

    use super::*;
    use crate::transport::headers::JSON;

    #[test]
    fn a_body_of_exactly_the_size_is_compressed() {
        let base = BaseUrl::parse("https://rest.example.com", &[]).unwrap();
        for (length, expected) in [(999, false), (1000, true)] {
            let mut request = HttpRequest::new("1".repeat(length).into());
            *request.uri_mut() = "/v1/invoices".parse().unwrap();
            request.headers_mut().insert(CONTENT_TYPE, JSON);
            prepare(&mut request, &base, 1000).unwrap();
            assert_eq!(request.headers().contains_key(CONTENT_ENCODING), expected, "{length}");
            assert_eq!(request.uri(), "https://rest.example.com/v1/invoices");
        }
    }
}
