//! Headers that every request shares, checked and prepared once.

use std::fmt;

use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Uri};

use crate::error::{Error, Result};
use crate::transport::HttpRequest;
use crate::transport::headers::{JSON, TRACK_ID};
use crate::types::RequestScope;

pub(crate) const VERSION: HeaderName = HeaderName::from_static("zuora-version");
pub(crate) const ENTITY_IDS: HeaderName = HeaderName::from_static("zuora-entity-ids");
pub(crate) const ORG_IDS: HeaderName = HeaderName::from_static("zuora-org-ids");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// Longest key that a caller may choose; the remaining characters are for counters.
const MAX_CALLER_KEY: usize = 240;
/// Longest key that the service accepts.
const MAX_KEY: usize = 254;

/// Base URL of every request: a scheme and a host.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
}

impl BaseUrl {
    /// # Errors
    /// The scheme is not `https` (or `http` to a loopback address), or the URL contains more than a scheme and a host.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let invalid = |why: &'static str| Error::invalid("base URL", why);
        let uri: Uri = url.parse().map_err(|_| invalid("must be a URL such as https://rest.zuora.com"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("must have a scheme and a host, such as https://rest.zuora.com"));
        };
        if authority.as_str().contains('@') {
            return Err(invalid("must not contain a user name or password"));
        }
        if scheme == Scheme::HTTP && !is_loopback(authority.host()) {
            return Err(invalid("must use https, since http is allowed for loopback addresses only"));
        }
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(invalid("must use https"));
        }
        let base = Self { scheme, authority };
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        // The parser drops a fragment without a word.
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
        is_loopback(self.host())
    }

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

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<core::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Text of the headers that a session and a call can both set.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommonHeaderText {
    pub(crate) version: Option<String>,
    pub(crate) entity_id: Option<String>,
    pub(crate) org_ids: Option<String>,
    pub(crate) track_id: Option<String>,
}

impl CommonHeaderText {
    pub(crate) fn of_scope(scope: &RequestScope) -> Self {
        Self {
            version: scope.api_version.clone(),
            entity_id: scope.entity_id.clone(),
            org_ids: scope.org_ids.clone(),
            track_id: None,
        }
    }
}

pub(crate) fn join<I: Into<String>>(parts: impl IntoIterator<Item = I>) -> String {
    parts.into_iter().map(Into::into).collect::<Vec<String>>().join(",")
}

/// Header values that are the same for every call of a session, or for every attempt of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommonHeaders {
    pub(crate) version: Option<HeaderValue>,
    pub(crate) entity_id: Option<HeaderValue>,
    pub(crate) org_ids: Option<HeaderValue>,
    pub(crate) track_id: Option<HeaderValue>,
}

impl CommonHeaders {
    /// # Errors
    /// The service would reject a value. The error names its header.
    pub(crate) fn check(text: &CommonHeaderText) -> Result<Self> {
        Ok(Self {
            version: text.version.as_deref().map(version).transpose()?,
            entity_id: text.entity_id.as_deref().map(entity).transpose()?,
            org_ids: text.org_ids.as_deref().map(organizations).transpose()?,
            track_id: text.track_id.as_deref().map(track_id).transpose()?,
        })
    }
}

fn version(text: &str) -> Result<HeaderValue> {
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let dated = matches!(&parts[..], [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2));
    let numbered = text.strip_suffix(".0").is_some_and(|number| digits(number, 3));
    if !(dated || numbered) {
        return Err(Error::invalid(
            "Zuora-Version",
            "must be a date such as 2024-05-20 or a number such as 341.0",
        ));
    }
    printable("Zuora-Version", text)
}

fn entity(text: &str) -> Result<HeaderValue> {
    if text.contains(',') {
        return Err(Error::invalid("Zuora-Entity-Ids", "must be a single entity id"));
    }
    printable("Zuora-Entity-Ids", text)
}

fn organizations(text: &str) -> Result<HeaderValue> {
    if text.split(',').any(|id| id.trim().is_empty()) {
        return Err(Error::invalid("Zuora-Org-Ids", "must not contain an empty organization id"));
    }
    printable("Zuora-Org-Ids", text)
}

fn track_id(text: &str) -> Result<HeaderValue> {
    if text.len() > 64 || text.contains([':', ';', '"', '\'']) {
        return Err(Error::invalid("Zuora-Track-Id", "must have at most 64 characters and none of : ; \" '"));
    }
    printable("Zuora-Track-Id", text)
}

/// Checks a key that the caller chose.
///
/// # Errors
/// The key is empty, too long or not printable ASCII.
pub(crate) fn callers_key(text: &str) -> Result<&str> {
    if split_key(text).0.len() > MAX_CALLER_KEY {
        let why = "must have at most 240 characters, not counting the counters that this library appends";
        return Err(Error::invalid("Idempotency-Key", why));
    }
    printable("Idempotency-Key", text)?;
    key(text.to_owned()).map(|_| text)
}

/// Converts a key with its counters into a header value, without copying the text.
///
/// # Errors
/// The service would reject the key.
pub(crate) fn key(text: String) -> Result<HeaderValue> {
    if text.len() > MAX_KEY {
        return Err(Error::invalid("Idempotency-Key", "must have at most 254 characters, counters included"));
    }
    HeaderValue::try_from(text).map_err(|_| Error::invalid("Idempotency-Key", "must be a valid header value"))
}

/// Splits a key into its base and its number, 0 for a key without one. Only numbers in the form that
/// an exchange writes count.
pub(crate) fn split_key(key: &str) -> (&str, u32) {
    key.rsplit_once('.')
        .filter(|(base, number)| !base.is_empty() && !number.starts_with(['0', '+']))
        .and_then(|(base, number)| Some((base, number.parse().ok().filter(|number| *number < u32::MAX)?)))
        .unwrap_or((key, 0))
}

pub(crate) fn printable(header: &'static str, text: &str) -> Result<HeaderValue> {
    if text.trim().is_empty() || text.trim() != text {
        return Err(Error::invalid(header, "must not be empty, and must not begin or end with a space"));
    }
    if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(Error::invalid(header, "must contain printable ASCII characters only"));
    }
    HeaderValue::from_str(text).map_err(|_| Error::invalid(header, "must be a valid header value"))
}

/// Builds `Bearer …`, marked as sensitive so that it is not printed.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue> {
    let why = "must contain a token of printable ASCII characters, without a space or line break at its ends";
    let mut value = printable("Authorization", token)
        .and_then(|_| printable("Authorization", &format!("Bearer {token}")))
        .map_err(|_| Error::invalid("Authorization", why))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Headers that each attempt adds to the request of an operation.
#[derive(Debug)]
pub(crate) struct RequestHeaders<'a> {
    pub(super) user_agent: &'a HeaderValue,
    pub(super) session: &'a CommonHeaders,
    pub(super) call: &'a CommonHeaders,
}

impl RequestHeaders<'_> {
    pub(crate) fn apply(
        self,
        request: &mut HttpRequest,
        authorization: Option<HeaderValue>,
        idempotency_key: Option<HeaderValue>,
    ) {
        let length = request.body().len();
        let sends_body =
            length > 0 || matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
        let headers = request.headers_mut();
        let pick = |call: &Option<HeaderValue>, session: &Option<HeaderValue>| {
            call.as_ref().or(session.as_ref()).cloned()
        };
        // A value set by the operation would bypass the token of the session, or be sent with a PUT, which the
        // service rejects.
        let mut replace = |name, value: Option<HeaderValue>| match value {
            Some(value) => headers.insert(name, value),
            None => headers.remove(name),
        };
        replace(AUTHORIZATION, authorization);
        replace(IDEMPOTENCY_KEY, idempotency_key);
        let mut put = |name, value: Option<HeaderValue>| {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        };
        put(VERSION, pick(&self.call.version, &self.session.version));
        put(ENTITY_IDS, pick(&self.call.entity_id, &self.session.entity_id));
        put(ORG_IDS, pick(&self.call.org_ids, &self.session.org_ids));
        put(TRACK_ID, pick(&self.call.track_id, &self.session.track_id));
        put(CONTENT_LENGTH, sends_body.then(|| digits(length)));
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT_ENCODING, GZIP);
        headers.entry(ACCEPT).or_insert(JSON);
    }
}

/// Converts a number into a header value, without the spare capacity that `HeaderValue::from` allocates.
fn digits(number: usize) -> HeaderValue {
    HeaderValue::try_from(number.to_string()).unwrap_or_else(|_| number.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_only_in_the_form_that_is_written() {
        for (key, base, turn) in [
            ("K", "K", 0),
            ("K.1", "K", 1),
            ("K.1.1", "K.1", 1),
            ("2024.06", "2024.06", 0),
            ("K.0", "K.0", 0),
            ("K.+1", "K.+1", 0),
            ("K.", "K.", 0),
            (".1", ".1", 0),
            ("K.4294967295", "K.4294967295", 0),
            ("K.99999999999", "K.99999999999", 0),
        ] {
            assert_eq!(split_key(key), (base, turn), "{key}");
        }
    }
}
