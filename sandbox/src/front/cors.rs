//! Requests from pages of other origins.

use std::net::IpAddr;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method};

use crate::values::is_origin;

/// The origin whose pages may read responses.
#[derive(Clone, Debug)]
pub(super) struct Cors(HeaderValue);

/// Whether a page of another origin sends the request, which `cors` does not allow. Browsers send the origin with
/// every request that can change something.
///
/// If the server `is_local`, only this machine can connect. A name other than `localhost` then belongs to a page that
/// directs its own name to this machine, so that the server seems to have the same origin.
pub(super) fn is_foreign(cors: Option<&Cors>, is_local: bool, headers: &HeaderMap) -> bool {
    let origin = headers.get(ORIGIN);
    if cors.is_some_and(|Cors(allowed)| allowed == "*" || Some(allowed) == origin) {
        return false;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_redirected = is_local && headers.contains_key(HOST) && !host.is_some_and(is_this_machine);
    let is_of_host = |origin: &HeaderValue| {
        let of_origin =
            origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        host.is_some() && host == of_origin
    };
    is_redirected || !origin.is_none_or(is_of_host)
}

/// Whether a host, with or without a port, is an address or `localhost`.
fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

impl Cors {
    /// Parses `*`, or an origin such as `http://localhost:3000`.
    pub(super) fn parse(origin: &str) -> Option<Self> {
        (origin == "*" || is_origin(origin)).then(|| HeaderValue::from_str(origin).ok().map(Self))?
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
    fn an_origin_is_any_or_one() {
        for origin in ["*", "http://localhost:3000"] {
            assert!(Cors::parse(origin).is_some(), "{origin}");
        }
        for origin in ["", "**", "http://a/b", "https://*.example"] {
            assert!(Cors::parse(origin).is_none(), "{origin}");
        }
    }

    #[test]
    fn a_local_server_has_no_other_name_than_localhost() {
        let is_foreign = |cors: &str, is_local, host: &str, origin: &str| {
            let value = |text: &str| HeaderValue::from_str(text).unwrap();
            let mut headers = HeaderMap::from_iter([(HOST, value(host))]);
            if !origin.is_empty() {
                headers.insert(ORIGIN, value(origin));
            }
            is_foreign(Cors::parse(cors).as_ref(), is_local, &headers)
        };
        for host in ["localhost", "LOCALHOST:8470", "127.0.0.1:8470", "[::1]:8470"] {
            assert!(!is_foreign("", true, host, ""), "{host}");
        }
        for host in ["other.example:8470", "localhost.other.example", "", "127.0.0.1.other.example"] {
            assert!(is_foreign("", true, host, ""), "{host}");
            assert!(is_foreign("", true, host, &format!("http://{host}")), "{host}");
            assert!(!is_foreign("", false, host, ""), "{host}");
            assert!(!is_foreign("*", true, host, ""), "{host}");
        }
        assert!(!is_foreign("http://a.example", true, "a.example", "http://a.example"));
        assert!(is_foreign("http://a.example", true, "b.example", "http://b.example"));
    }
}
