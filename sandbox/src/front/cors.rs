//! Requests from pages of other origins.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

/// The origin whose pages may read responses.
#[derive(Clone, Debug)]
pub(super) struct Cors(HeaderValue);

/// Whether a page of another origin sends the request, which `cors` does not allow. Browsers send the origin with
/// every request that can change something.
pub(super) fn is_foreign(cors: Option<&Cors>, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let of_origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let is_allowed = cors.is_some_and(|Cors(allowed)| allowed == "*" || allowed == origin);
    !is_allowed && (host.is_none() || host != of_origin)
}

impl Cors {
    /// Parses `*`, or an origin such as `http://localhost:3000`.
    pub(super) fn parse(origin: &str) -> Option<Self> {
        let is_origin = origin.split_once("://").is_some_and(|(scheme, host)| {
            matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', ' ', '*'])
        });
        (origin == "*" || is_origin).then(|| HeaderValue::from_str(origin).ok().map(Self))?
    }

    /// Returns the headers of the response to a preflight request; `None` for any other request.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<HeaderMap> {
        if *method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let mut allowed = HeaderMap::new();
        let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
        allowed.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        // A wildcard would not include `Authorization`.
        if let Some(names) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            allowed.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        allowed.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        self.allow(&mut allowed);
        Some(allowed)
    }

    /// Adds the headers of a response that the page may read.
    pub(super) fn allow(&self, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.0.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_a_scheme_and_a_host_only() {
        for origin in ["*", "http://localhost:3000", "https://app.example"] {
            assert!(Cors::parse(origin).is_some(), "{origin}");
        }
        for origin in ["", "localhost", "http://", "http://a/b", "http://a\n", "https://*.example"] {
            assert!(Cors::parse(origin).is_none(), "{origin}");
        }
    }
}
