//! Base URL of a session: where requests are sent, and where `http` is allowed.

use std::fmt;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::error::{Error, Result};
use crate::transport::is_loopback_host;

/// Base URL of every request: a scheme and a host.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
}

impl BaseUrl {
    /// Reads and checks a base URL.
    ///
    /// # Errors
    /// The scheme is not `https`, or `http` to a loopback address or to one of `http_hosts`. The URL contains more than a
    /// scheme and a host. One of `http_hosts` is not a host, or a host of the service.
    pub(crate) fn parse(url: &str, http_hosts: &[String]) -> Result<Self> {
        http_hosts.iter().try_for_each(|host| check_http_host(host))?;
        let invalid = |why: &'static str| Error::invalid("base URL", why);
        let uri: Uri = url.parse().map_err(|_| invalid("must be a URL such as https://rest.zuora.com"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("must have a scheme and a host, such as https://rest.zuora.com"));
        };
        if authority.as_str().contains('@') {
            return Err(invalid("must not contain a user name or password"));
        }
        // The parser accepts any text as a port, and a transport would use the default port instead.
        if authority.as_str().len() > authority.host().len() && authority.port_u16().is_none() {
            return Err(invalid("must have a port from 0 to 65535, or none"));
        }
        let may_use_http = |host: &str| {
            is_loopback_host(host) || http_hosts.iter().any(|named| named.eq_ignore_ascii_case(host))
        };
        if scheme == Scheme::HTTP && !may_use_http(authority.host()) {
            return Err(invalid(
                "must use https, since http is allowed only for loopback addresses and for hosts that \
                 `Config::allow_http_to` names",
            ));
        }
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(invalid("must use https"));
        }
        let base = Self { scheme, authority };
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        // The parser drops a fragment without an error.
        if path != "/" || url.contains('#') {
            let why = format!(
                "must be a scheme and a host only, since operations have their own paths: `{base}`, without a path, \
                 query or fragment"
            );
            return Err(Error::invalid("base URL", why));
        }
        Ok(base)
    }

    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback_host(self.host())
    }

    /// Joins the base URL and a path.
    ///
    /// # Errors
    /// The path names a host, or does not form a URL with the base URL.
    pub(crate) fn join(&self, path: Uri) -> Result<Uri> {
        let mut parts = path.into_parts();
        if parts.authority.is_some() {
            let why = "must not name a host, since requests are sent to the base URL only";
            return Err(Error::invalid("path", why));
        }
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        Uri::from_parts(parts)
            .map_err(|_| Error::invalid("path", "must form a valid URL together with the base URL"))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Checks a host for which `http` is to be allowed.
///
/// # Errors
/// A text that is not a host, or a host of the service, which offers https.
fn check_http_host(host: &str) -> Result<()> {
    let is_host = host.parse::<Authority>().is_ok_and(|authority| authority.host() == host);
    if !is_host {
        return Err(Error::invalid(
            "allow_http_to",
            "must be a host without scheme and port, such as zuora-sandbox",
        ));
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "zuora.com" || name.ends_with(".zuora.com") {
        return Err(Error::invalid("allow_http_to", "must not be a host of zuora.com, which requires https"));
    }
    Ok(())
}
