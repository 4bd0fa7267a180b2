//! Headers of responses: limits of the tenant, and ids of the request.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const CONCURRENCY_CLASS: HeaderName = HeaderName::from_static("concurrency-limit-type");
const CONCURRENCY_LIMIT: HeaderName = HeaderName::from_static("concurrency-limit-limit");
const CONCURRENCY_REMAINING: HeaderName = HeaderName::from_static("concurrency-limit-remaining");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("zuora-request-id");
pub(crate) const TRACK_ID: HeaderName = HeaderName::from_static("zuora-track-id");

/// Media type of request and response bodies.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Rate limit of the tenant, as reported by the last response: the quota window that is closest to exhaustion.
#[doc(alias = "quota")]
#[doc(alias = "throttle")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Text of `RateLimit-Limit`: the quota, then every window with its length, such as
    /// `2250000, 50000;w=60, 2250000;w=3600, 27000000;w=86400`.
    pub limit: Option<String>,
    /// Requests left in the window.
    pub remaining: Option<u64>,
    /// Time until the next window starts.
    pub reset: Option<Duration>,
}

/// Limit on the requests that the tenant may have in flight, as reported by the last response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConcurrencyLimit {
    /// Name of the quota, such as `Default`.
    pub class: Option<String>,
    /// Maximum number of requests in flight.
    pub limit: Option<u64>,
    /// Number of requests that could start now. The service updates it once a second.
    pub remaining: Option<u64>,
}

pub(crate) fn rate_limit(headers: &HeaderMap) -> RateLimit {
    RateLimit {
        limit: text(headers, RATE_LIMIT).map(str::to_owned),
        remaining: rate_remaining(headers),
        reset: rate_reset(headers),
    }
}

pub(crate) fn rate_remaining(headers: &HeaderMap) -> Option<u64> {
    number(headers, RATE_REMAINING)
}

pub(crate) fn rate_reset(headers: &HeaderMap) -> Option<Duration> {
    number(headers, RATE_RESET).map(Duration::from_secs)
}

pub(crate) fn concurrency_limit(headers: &HeaderMap) -> ConcurrencyLimit {
    ConcurrencyLimit {
        class: text(headers, CONCURRENCY_CLASS).map(str::to_owned),
        limit: number(headers, CONCURRENCY_LIMIT),
        remaining: number(headers, CONCURRENCY_REMAINING),
    }
}

/// Returns `Retry-After`, if it is a number of seconds. Its date form is not documented for this service.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    number(headers, RETRY_AFTER).map(Duration::from_secs)
}

pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

/// Returns a header that consists of digits, saturating, so that no number can overflow a clock.
pub(crate) fn number(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    let digits = text(headers, name)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().unwrap_or(u64::MAX))
}
