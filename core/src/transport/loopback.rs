//! Addresses of the same machine.

use core::net::IpAddr;

use http::Uri;

/// Whether a URI names the machine itself: `localhost`, or a loopback address.
///
/// Plain `http` is allowed to such hosts. A transport reaches them without a proxy, which could read the token.
///
/// ```
/// use zuora_core::transport::is_loopback;
///
/// assert!(is_loopback(&"http://127.0.0.1:8470/v1/invoices".parse()?));
/// assert!(is_loopback(&"http://[::1]/".parse()?));
/// assert!(!is_loopback(&"https://rest.zuora.com/".parse()?));
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
pub fn is_loopback(uri: &Uri) -> bool {
    uri.host().is_some_and(is_loopback_host)
}

pub(crate) fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
