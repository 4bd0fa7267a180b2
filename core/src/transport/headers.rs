//! Headers of responses: limits of the tenant, and ids of the request.

use std::time::Duration;

use http::header::{DATE, Entry, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::http_date;
use super::timestamp::WallTime;

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

/// Marks the cookies of a response, so that they are not printed: the cookie of a gateway may stand for a session.
pub(crate) fn hide_cookies(headers: &mut HeaderMap) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    if let Entry::Occupied(mut cookies) = headers.entry(SET_COOKIE) {
        cookies.iter_mut().for_each(|cookie| cookie.set_sensitive(true));
    }
}

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
    /// Time until the next window starts. A reset that is sent as a date since 1970 is read relative to the `Date` of the
    /// response, and is absent without one.
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
        reset: rate_reset(headers, None),
    }
}

pub(crate) fn rate_remaining(headers: &HeaderMap) -> Option<u64> {
    number(headers, RATE_REMAINING)
}

/// Returns the time until `RateLimit-Reset`. The service sends seconds. A number that is too large for them is a time
/// since 1970, in seconds or in milliseconds, as other services send it.
pub(crate) fn rate_reset(headers: &HeaderMap, wall: Option<WallTime>) -> Option<Duration> {
    let reset = seconds(text(headers, RATE_RESET)?)?;
    let since_1970 = match reset.as_secs() {
        0..EPOCH_SECONDS => return Some(reset),
        EPOCH_SECONDS..EPOCH_MILLIS => reset,
        millis => Duration::from_millis(millis),
    };
    Some(since_1970.saturating_sub(time_of(headers, wall)?))
}

/// Smallest number that is a time in seconds since 1970: in the year 2001. As a span it would be 31 years.
const EPOCH_SECONDS: u64 = 1_000_000_000;
/// Smallest number that is a time in milliseconds since 1970: in the year 1973. In seconds it would be the year 5138.
const EPOCH_MILLIS: u64 = 100_000_000_000;

pub(crate) fn concurrency_limit(headers: &HeaderMap) -> ConcurrencyLimit {
    ConcurrencyLimit {
        class: text(headers, CONCURRENCY_CLASS).map(str::to_owned),
        limit: allowed_in_flight(headers),
        remaining: number(headers, CONCURRENCY_REMAINING),
    }
}

pub(crate) fn allowed_in_flight(headers: &HeaderMap) -> Option<u64> {
    number(headers, CONCURRENCY_LIMIT)
}

/// Returns `Retry-After`: a number of seconds, with or without a fraction, or a date. A date is read relative to the
/// `Date` of the response, since the clocks of two machines differ, or else to `wall`.
pub(crate) fn retry_after(headers: &HeaderMap, wall: Option<WallTime>) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER)?;
    seconds(text).or_else(|| {
        let date = Duration::from_secs(http_date::parse(text)?);
        Some(date.saturating_sub(time_of(headers, wall)?))
    })
}

/// Returns the time of a response since 1970: its `Date`, or else the wall time of its arrival.
fn time_of(headers: &HeaderMap, wall: Option<WallTime>) -> Option<Duration> {
    let date = text(headers, DATE).and_then(http_date::parse).map(Duration::from_secs);
    date.or_else(|| wall.map(|wall| Duration::from_millis(wall.unix_millis())))
}

pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

/// Returns a header that consists of digits, saturating, so that no number can overflow a clock.
pub(crate) fn number(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    digits(text(headers, name)?)
}

fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Reads `30` and `30.5`, saturating. A fraction beyond nanoseconds is rounded up.
fn seconds(text: &str) -> Option<Duration> {
    let Some((whole, fraction)) = text.split_once('.') else { return digits(text).map(Duration::from_secs) };
    digits(fraction)?;
    let whole = Duration::from_secs(digits(whole)?);
    let nanos = digits(&format!("{fraction:0<9}")[..9])?;
    let rest = u64::from(fraction.bytes().skip(9).any(|digit| digit != b'0'));
    Some(whole.saturating_add(Duration::from_nanos(nanos + rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_with_and_without_a_fraction() {
        let nanos = |text| seconds(text).map(|span| span.as_nanos());
        assert_eq!(nanos("30"), Some(30_000_000_000));
        assert_eq!(nanos("30.5"), Some(30_500_000_000));
        assert_eq!(nanos("0.0000000001"), Some(1), "never less than was asked for");
        assert_eq!(nanos("0.99999999999"), Some(1_000_000_000));
        assert_eq!(seconds("18446744073709551616.9").map(|span| span.as_secs()), Some(u64::MAX));
        for nonsense in ["", ".", "1.", ".5", "1.5.2", "-1", "+1", "1e3", "1,5", "0x10", "\u{663}"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
    }
}
