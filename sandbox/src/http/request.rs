//! Decoded requests: path, query, headers, body and version.

use std::borrow::Cow;
use std::io::Read as _;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use percent_encoding::percent_decode_str;

use super::api_error::{ApiError, Category};
use super::fields::Fields;
use crate::settings::Settings;
use crate::values::{Date, Json};

/// Headers of the service.
static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) static ENTITY_IDS: HeaderName = HeaderName::from_static("zuora-entity-ids");
pub(crate) static ORG_IDS: HeaderName = HeaderName::from_static("zuora-org-ids");
static ZUORA_VERSION: HeaderName = HeaderName::from_static("zuora-version");

/// One request.
#[derive(Clone)]
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    /// The path as received, percent-encoded.
    pub(crate) path: String,
    /// The query as received, percent-encoded.
    pub(crate) raw_query: Option<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// The value of `Idempotency-Key`.
    pub(crate) key: Option<HeaderValue>,
    /// The body as received, possibly compressed.
    pub(crate) body: Bytes,
    /// The decompressed body, or the body as received if it cannot be decompressed.
    pub(crate) content: Bytes,
    /// Scheme and authority of the links in the response.
    pub(crate) base_url: String,
    pub(crate) version: Version,
}

/// The features of a response that depend on `Zuora-Version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// A standalone invoice can have `customRates`; from 224.0 on.
    pub(crate) custom_rates: bool,
    /// Errors have an HTTP status other than 200; from 2024-05-20 on.
    pub(crate) statuses: bool,
    /// Errors of Object Query have `reasons`; from 2025-08-12 on.
    pub(crate) query_reasons: bool,
}

/// The numbered versions from 224.0 on.
const FROM_224: [&str; 14] = [
    "224.0", "230.0", "239.0", "256.0", "257.0", "309.0", "314.0", "315.0", "329.0", "330.0", "336.0",
    "337.0", "338.0", "341.0",
];

impl Version {
    /// Parses the header value. Dates compare as text; a number is older than all dates, and one that is not
    /// listed counts as the oldest version.
    fn parse(text: &str) -> Self {
        let is_date = Date::parse(text).is_some();
        let date = if is_date { text } else { "" };
        Self {
            custom_rates: is_date || FROM_224.contains(&text),
            statuses: date >= "2024-05-20",
            query_reasons: date >= "2025-08-12",
        }
    }
}

impl ApiRequest {
    pub(crate) fn new(head: http::request::Parts, body: &[u8], settings: &Settings) -> Self {
        let query = head.uri.query().unwrap_or_default();
        let version = header(&head.headers, &ZUORA_VERSION).unwrap_or(&settings.default_version);
        let mut request = Self {
            path: head.uri.path().to_owned(),
            raw_query: head.uri.query().map(str::to_owned),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            version: Version::parse(version),
            base_url: base_url(&head.uri, &head.headers).unwrap_or_else(|| settings.base_url.clone()),
            body: Bytes::copy_from_slice(body),
            content: Bytes::new(),
            key: head.headers.get(&IDEMPOTENCY_KEY).cloned(),
            method: head.method,
            headers: head.headers,
        };
        request.content = match request.decompressed_body(settings.max_body) {
            Ok(Cow::Owned(content)) => content.into(),
            Ok(Cow::Borrowed(_)) | Err(_) => request.body.clone(),
        };
        request
    }

    /// Returns path and query as received.
    pub(crate) fn target(&self) -> String {
        match &self.raw_query {
            Some(query) => [self.path.as_str(), "?", query].concat(),
            None => self.path.clone(),
        }
    }

    /// Returns the first value of the header with that name, if it is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Returns the value of `Idempotency-Key`, if it is text.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.key.as_ref()?.to_str().ok()
    }

    /// Returns the decoded segments of the path; `None` if one of them is not UTF-8.
    pub(crate) fn decoded_segments(&self) -> Option<Vec<Cow<'_, str>>> {
        let decode = |part| percent_decode_str(part).decode_utf8().ok();
        self.path.trim_start_matches('/').split('/').map(decode).collect()
    }

    /// Returns the first query parameter of that name.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn accepts_gzip(&self) -> bool {
        let listed = self.headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        listed.flat_map(|value| value.split(',')).any(|coding| {
            let (name, parameter) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case("gzip") && parameter.trim() != "q=0"
        })
    }

    /// Whether the client accepts a response of one of these media types.
    pub(crate) fn accepts(&self, media: &[&str]) -> bool {
        let mut listed =
            self.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
        listed.peek().is_none()
            || listed.flat_map(|value| value.split(',')).any(|range| {
                let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
                let name = name.trim().to_ascii_lowercase();
                let is_named = media.contains(&name.as_str()) || name == "*/*" || name == "application/*";
                is_named
                    && !parameters.split(';').any(|parameter| matches!(parameter.trim(), "q=0" | "q=0.0"))
            })
    }

    /// Parses the body as a JSON object whose members are all in `known`.
    pub(crate) fn object(&self, settings: &Settings, known: &[&str]) -> Result<Json, ApiError> {
        let body = self.json(settings)?;
        Fields::new("", &body)?.deny_unknown(known)?;
        Ok(body)
    }

    /// Parses the body as a JSON object with any members.
    pub(crate) fn json(&self, settings: &Settings) -> Result<Json, ApiError> {
        if self.body.is_empty() || !self.has_media_type("application/json") {
            return Err(ApiError::media());
        }
        let body = self.decompressed_body(settings.max_body)?;
        let body = Json::read(&body).filter(|body| matches!(body, Json::Object(_)));
        body.ok_or_else(|| ApiError::new(Category::Malformed, "The request body is no valid JSON object."))
    }

    /// Whether the body has that media type, parameters aside.
    pub(crate) fn has_media_type(&self, media: &str) -> bool {
        let named = self.header(&CONTENT_TYPE).unwrap_or_default();
        named.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media)
    }

    /// Returns the decompressed body, or an error if it is longer than `limit` bytes.
    pub(crate) fn decompressed_body(&self, limit: usize) -> Result<Cow<'_, [u8]>, ApiError> {
        let coding = self.header(&CONTENT_ENCODING).unwrap_or("identity");
        let malformed = |message| ApiError::new(Category::Malformed, message);
        if self.body.len() > limit {
            return Err(malformed("The request body is too large."));
        }
        if coding.eq_ignore_ascii_case("identity") {
            return Ok(Cow::Borrowed(&self.body));
        }
        if !coding.eq_ignore_ascii_case("gzip") {
            return Err(malformed("The Content-Encoding is not gzip."));
        }
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut body = Vec::new();
        let decoder = flate2::read::MultiGzDecoder::new(&self.body[..]);
        match decoder.take(most.saturating_add(1)).read_to_end(&mut body) {
            Ok(read) if read <= limit => Ok(Cow::Owned(body)),
            Ok(_) => Err(malformed("The request body is too large.")),
            Err(_) => Err(malformed("The request body is no valid gzip.")),
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn base_url(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    // A user with a password is no part of a link.
    let (scheme, authority) = match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => (scheme, authority.as_str()),
        _ => ("http", header(headers, &HOST)?),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some([scheme, "://", host].concat())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn api_request(request: http::request::Builder, body: &[u8]) -> ApiRequest {
        let (head, ()) = request.body(()).unwrap().into_parts();
        ApiRequest::new(head, body, &Settings::default())
    }

    #[test]
    fn version_numbers_are_older_than_dates() {
        let version =
            |custom_rates, statuses, query_reasons| Version { custom_rates, statuses, query_reasons };
        assert_eq!(Version::parse("223.0"), version(false, false, false));
        assert_eq!(Version::parse("341.0"), version(true, false, false));
        assert_eq!(Version::parse("999.0"), version(false, false, false));
        assert_eq!(Version::parse("2024-05-20"), version(true, true, false));
        assert_eq!(Version::parse("2025-08-12"), version(true, true, true));
    }

    #[test]
    fn links_have_the_host_of_the_request() {
        let base = |request| api_request(request, b"").base_url;
        assert_eq!(base(http::Request::get("https://a.example:8443/v1/x")), "https://a.example:8443");
        assert_eq!(base(http::Request::get("/v1/x").header("host", "127.0.0.1:9")), "http://127.0.0.1:9");
        assert_eq!(base(http::Request::get("http://user:pw@a.example/v1/x")), "http://a.example");
        assert_eq!(base(http::Request::get("/v1/x").header("host", "user:pw@a.example")), "http://a.example");
        assert_eq!(base(http::Request::get("/v1/x")), "https://rest.test.zuora.com");
    }

    #[test]
    fn a_bodyless_or_untyped_write_is_415() {
        let rejected =
            api_request(http::Request::put("/x"), b"").object(&Settings::default(), &[]).unwrap_err();
        assert_eq!(
            (rejected.status(false), rejected.reasons(false).to_string().contains("50000045")),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, true)
        );
        let untyped =
            api_request(http::Request::put("/x"), b"{}").object(&Settings::default(), &[]).unwrap_err();
        assert_eq!(untyped.status(true), 415);
    }

    #[test]
    fn one_error_names_all_unknown_members() {
        let typed = http::Request::put("/x").header("content-type", "application/json;charset=utf-8");
        let rejected =
            api_request(typed, br#"{"a":1,"b":2,"c":3}"#).object(&Settings::default(), &["b"]).unwrap_err();
        let names: Vec<&str> = rejected.reasons.iter().map(|reason| reason.message.as_str()).collect();
        assert_eq!(names, ["The field 'a' is unknown.", "The field 'c' is unknown."]);
    }

    #[test]
    fn a_gzip_bomb_is_rejected() {
        use flate2::{Compression, write::GzEncoder};
        use std::io::Write as _;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&vec![b' '; 5 << 20]).unwrap();
        let body = encoder.finish().unwrap();
        let typed = http::Request::put("/x")
            .header("content-type", "application/json")
            .header("content-encoding", "gzip");
        let rejected = api_request(typed, &body).object(&Settings::default(), &[]).unwrap_err();
        assert_eq!(rejected.reasons[0].message, "The request body is too large.");
    }
}
