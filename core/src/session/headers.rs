//! Headers that every request shares, checked and prepared once.

use std::borrow::Cow;

use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::redact;
use crate::error::{Error, Result};
use crate::transport::HttpRequest;
use crate::transport::headers::{JSON, TRACK_ID};
use crate::types::{RequestScope, Secret};

pub(crate) const VERSION: HeaderName = HeaderName::from_static("zuora-version");
pub(crate) const ENTITY_IDS: HeaderName = HeaderName::from_static("zuora-entity-ids");
pub(crate) const ORG_IDS: HeaderName = HeaderName::from_static("zuora-org-ids");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// Text of the headers that a session and a call can both set.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommonHeaderText {
    pub(crate) version: Option<String>,
    pub(crate) entity_id: Option<String>,
    pub(crate) org_ids: Option<String>,
    pub(crate) track_id: Option<String>,
    pub(crate) accepts_gzip: Option<bool>,
    /// Further headers. Their values may be secret.
    pub(crate) extra: Vec<(String, Secret)>,
}

impl CommonHeaderText {
    pub(crate) const NONE: Self = Self {
        version: None,
        entity_id: None,
        org_ids: None,
        track_id: None,
        accepts_gzip: None,
        extra: Vec::new(),
    };

    /// Whether no header is set.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { version, entity_id, org_ids, track_id, accepts_gzip, extra } = self;
        let has_text = [version, entity_id, org_ids, track_id].into_iter().any(Option::is_some);
        !has_text && accepts_gzip.is_none() && extra.is_empty()
    }

    /// Replaces the headers that a scope consists of.
    pub(crate) fn in_scope(self, scope: &RequestScope) -> Self {
        Self {
            version: scope.api_version.clone(),
            entity_id: scope.entity_id.clone(),
            org_ids: scope.org_ids.clone(),
            ..self
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
    pub(crate) accepts_gzip: Option<bool>,
    pub(crate) extra: Vec<(HeaderName, HeaderValue)>,
}

impl CommonHeaders {
    /// Checks the headers of a configuration or a call.
    ///
    /// # Errors
    /// The service would reject a value, or an extra header is one of the library. The error names the header.
    pub(crate) fn check(text: &CommonHeaderText) -> Result<Self> {
        Ok(Self {
            accepts_gzip: text.accepts_gzip,
            extra: text.extra.iter().map(|(name, value)| extra_header(name, value)).collect::<Result<_>>()?,
            version: text.version.as_deref().map(version).transpose()?,
            entity_id: text.entity_id.as_deref().map(entity).transpose()?,
            org_ids: text.org_ids.as_deref().map(organizations).transpose()?,
            track_id: text.track_id.as_deref().map(track_id).transpose()?,
        })
    }

    /// Returns the values of extra headers that may be secret.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.extra.iter().filter_map(|(_, value)| redact::secret_value(value))
    }

    /// Sets these headers, or replaces their values.
    fn put_into(&self, headers: &mut HeaderMap) {
        let mut put = |name, value: Option<&HeaderValue>| {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        };
        put(VERSION, self.version.as_ref());
        put(ENTITY_IDS, self.entity_id.as_ref());
        put(ORG_IDS, self.org_ids.as_ref());
        put(TRACK_ID, self.track_id.as_ref());
        match self.accepts_gzip {
            Some(true) => headers.insert(ACCEPT_ENCODING, GZIP),
            Some(false) => headers.remove(ACCEPT_ENCODING),
            None => None,
        };
        for (name, value) in &self.extra {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// Headers of all requests of a session. The maps are filled once, since a map takes less time to clone than to fill.
#[derive(Debug)]
pub(crate) struct SessionHeaders {
    pub(crate) common: CommonHeaders,
    /// Headers of a request with a JSON body. Those that differ by request have an empty value.
    with_body: HeaderMap,
    /// Headers of a request without a body. That of the token has an empty value.
    without_body: HeaderMap,
}

impl SessionHeaders {
    pub(crate) fn new(common: CommonHeaders, user_agent: &HeaderValue) -> Self {
        let filled = |differing: &[HeaderName]| {
            let mut headers = HeaderMap::with_capacity(differing.len() + OTHERS);
            for name in differing {
                headers.insert(name.clone(), HeaderValue::from_static(""));
            }
            headers.insert(USER_AGENT, user_agent.clone());
            headers.insert(ACCEPT_ENCODING, GZIP);
            headers.insert(ACCEPT, JSON);
            common.put_into(&mut headers);
            headers
        };
        let mut with_body = filled(&[CONTENT_TYPE, IDEMPOTENCY_KEY, AUTHORIZATION, CONTENT_LENGTH]);
        with_body.insert(CONTENT_TYPE, JSON);
        let without_body = filled(&[AUTHORIZATION]);
        Self { common, with_body, without_body }
    }
}

/// Version, user agent, two headers about the response, and the host, which a transport adds.
const OTHERS: usize = 5;

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

/// Checks a header that the caller adds. Its value is not printed, since it may be the key of a gateway.
///
/// # Errors
/// The name is invalid or that of a header of the library, or the value is not printable ASCII.
fn extra_header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue)> {
    let invalid = |why: &str| Error::invalid(name.to_owned(), why.to_owned());
    let header: HeaderName = name.parse().map_err(|_| invalid("must be a valid name of a header"))?;
    if let Some(remedy) = remedy(&header) {
        return Err(invalid(&format!("must not be an extra header, since {remedy}")));
    }
    let mut value = printable(name.to_owned(), value.expose())?;
    value.set_sensitive(true);
    Ok((header, value))
}

/// Returns who sets a header that a caller may not add.
fn remedy(header: &HeaderName) -> Option<&'static str> {
    Some(match header.as_str() {
        "authorization" => "the session sets it: use `CallOptions::token`",
        "idempotency-key" => "the call sets it: use `CallOptions::idempotency_key`",
        "zuora-version" => "`api_version` sets it",
        "zuora-entity-ids" => "`entity_id` sets it",
        "zuora-org-ids" => "`org_ids` sets it",
        "zuora-track-id" => "`track_id` sets it",
        "user-agent" => "`app_name` sets it",
        "accept-encoding" => "`accept_gzip` sets it",
        "content-encoding" => "`gzip_requests_from` sets it",
        "accept" | "content-type" | "content-length" => "the operation decides about it",
        "range" | "if-range" | "if-match" | "if-none-match" | "if-modified-since" | "if-unmodified-since" => {
            "an operation needs the whole response, whatever the object was before"
        }
        "x-http-method-override" | "x-http-method" | "x-method-override" => {
            "the operation decides about the method, which decides about retries"
        }
        "host"
        | "connection"
        | "keep-alive"
        | "transfer-encoding"
        | "te"
        | "trailer"
        | "upgrade"
        | "expect"
        | "proxy-authorization"
        | "proxy-connection" => "the transport decides about it",
        _ => return None,
    })
}

pub(crate) fn printable(header: impl Into<Cow<'static, str>>, text: &str) -> Result<HeaderValue> {
    let header = header.into();
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

/// Returns what a call sets, or else what its session sets.
pub(crate) fn of_call<'a, T>(
    call: Option<&'a CommonHeaders>,
    session: &'a CommonHeaders,
    field: impl Fn(&'a CommonHeaders) -> Option<T>,
) -> Option<T> {
    call.and_then(&field).or_else(|| field(session))
}

/// Headers that each attempt adds to the request of an operation.
#[derive(Debug)]
pub(crate) struct RequestHeaders<'a> {
    pub(super) session: &'a SessionHeaders,
    pub(super) call: Option<&'a CommonHeaders>,
}

impl RequestHeaders<'_> {
    /// Sets all headers of a request. `own` are those of its operation.
    pub(crate) fn apply(
        self,
        request: &mut HttpRequest,
        own: &HeaderMap,
        authorization: Option<HeaderValue>,
        idempotency_key: Option<HeaderValue>,
    ) {
        let Self { session, call } = self;
        let length = request.body().len();
        let sends_body =
            length > 0 || matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
        let prepared = if sends_body { &session.with_body } else { &session.without_body };
        let headers = request.headers_mut();
        *headers = prepared.clone();
        complete(headers, authorization, idempotency_key, sends_body.then(|| digits(length)));
        if sends_body {
            // A search, since an operation sets one or two headers, and a look-up would compute a hash.
            match own.iter().find(|(name, _)| **name == CONTENT_TYPE) {
                // Nearly every body is JSON, as the prepared headers say.
                Some((_, value)) if *value == JSON => None,
                Some((name, value)) => headers.insert(name, value.clone()),
                None => headers.remove(CONTENT_TYPE),
            };
        }
        if let Some(call) = call {
            call.put_into(headers);
        }
        for name in own.keys().filter(|name| *name != CONTENT_TYPE || !sends_body) {
            // A value set by the operation would bypass the token of the session, or be sent with a PUT, which the
            // service rejects.
            let is_fixed = [AUTHORIZATION, IDEMPOTENCY_KEY, ACCEPT_ENCODING].contains(name);
            if *name == ACCEPT {
                headers.remove(ACCEPT);
            } else if is_fixed || headers.contains_key(name) {
                continue;
            }
            for value in own.get_all(name) {
                headers.append(name, value.clone());
            }
        }
    }
}

/// Replaces the empty values of prepared headers, and removes the headers that a request does not have.
fn complete(
    headers: &mut HeaderMap,
    mut authorization: Option<HeaderValue>,
    mut key: Option<HeaderValue>,
    mut length: Option<HeaderValue>,
) {
    if authorization.is_none() {
        headers.remove(AUTHORIZATION);
    }
    // The headers of a request without a body have no place for a key.
    if key.is_none() && length.is_some() {
        headers.remove(IDEMPOTENCY_KEY);
    }
    // A pass takes less time than a look-up for each name, which computes a hash.
    for (name, value) in headers.iter_mut().filter(|(_, value)| value.is_empty()) {
        let given = match name {
            _ if *name == AUTHORIZATION => authorization.take(),
            _ if *name == CONTENT_LENGTH => length.take(),
            _ if *name == IDEMPOTENCY_KEY => key.take(),
            _ => None,
        };
        if let Some(given) = given {
            *value = given;
        }
        if authorization.is_none() && key.is_none() && length.is_none() {
            return;
        }
    }
    if let Some(key) = key {
        headers.insert(IDEMPOTENCY_KEY, key);
    }
}

/// Converts a number into a header value, without the spare capacity that `HeaderValue::from` allocates.
fn digits(number: usize) -> HeaderValue {
    HeaderValue::try_from(number.to_string()).unwrap_or_else(|_| number.into())
}

#[cfg(test)]
mod tests {
    use std::mem;

    use super::*;
    use crate::transport::Body;

    #[test]
    fn a_header_that_would_change_the_request_is_no_extra_header() {
        for name in ["Range", "If-None-Match", "If-Match", "X-HTTP-Method-Override"] {
            let error = extra_header(name, &Secret::from("value")).unwrap_err();
            assert_eq!(error.field(), Some(name));
        }
        assert!(extra_header("X-Gateway-Key", &Secret::from("value")).is_ok());
    }

    fn sent(method: Method, body: &'static str, own: &HeaderMap, key: Option<HeaderValue>) -> HeaderMap {
        let session = SessionHeaders::new(CommonHeaders::default(), &GZIP);
        let mut request = HttpRequest::new(Body::from(body));
        *request.method_mut() = method;
        let headers = RequestHeaders { session: &session, call: None };
        headers.apply(&mut request, own, None, key);
        mem::take(request.headers_mut())
    }

    #[test]
    fn no_prepared_value_is_sent_in_place_of_one_of_the_request() {
        for method in [Method::GET, Method::DELETE, Method::PUT, Method::POST] {
            for (body, length) in [("", "0"), ("{}", "2")] {
                let has_body = !body.is_empty() || method == Method::PUT || method == Method::POST;
                let headers = sent(method.clone(), body, &HeaderMap::new(), None);
                let given = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
                assert_eq!(given, has_body.then_some(length.as_bytes()), "{method} {body:?}");
                assert_eq!(headers.len(), 3 + usize::from(has_body), "{method} {body:?}: {headers:?}");
            }
        }
    }

    #[test]
    fn an_operation_decides_about_its_content_type_and_accept_and_adds_headers() {
        let mut own = HeaderMap::new();
        for (name, value) in [("accept", "text/csv"), ("accept", "*/*"), ("x-own", "1"), ("x-own", "2")] {
            own.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        for name in [CONTENT_TYPE, AUTHORIZATION, IDEMPOTENCY_KEY, ACCEPT_ENCODING, USER_AGENT] {
            own.insert(name, HeaderValue::from_static("own"));
        }
        for (method, body) in [(Method::GET, ""), (Method::PUT, "{}")] {
            let headers = sent(method, body, &own, None);
            let all = |name: &str| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
            assert_eq!(all("accept"), ["text/csv", "*/*"]);
            assert_eq!(all("x-own"), ["1", "2"]);
            assert_eq!(all("content-type"), ["own"]);
            assert_eq!(all("accept-encoding"), ["gzip"]);
            assert_eq!(all("user-agent"), ["gzip"], "the value of the session");
            assert!(all("authorization").is_empty() && all("idempotency-key").is_empty());
        }
        for (method, body) in [(Method::POST, "{}"), (Method::DELETE, "")] {
            assert_eq!(sent(method, body, &own, Some(GZIP))[IDEMPOTENCY_KEY], "gzip");
        }
    }

    #[test]
    fn the_usual_get_fits_in_the_smallest_map() {
        let version = Some(HeaderValue::from_static("2024-05-20"));
        let session = SessionHeaders::new(CommonHeaders { version, ..CommonHeaders::default() }, &GZIP);
        let mut request = HttpRequest::new(Body::empty());
        let headers = RequestHeaders { session: &session, call: None };
        headers.apply(&mut request, &HeaderMap::new(), Some(GZIP), None);
        let headers = request.headers();
        assert_eq!((headers.len(), headers.capacity()), (5, 6), "one more is for the host");
    }
}
