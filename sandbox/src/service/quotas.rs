//! Rate quotas of the tenant per minute, hour and day.

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use crate::settings::RateQuota;
use crate::values::UnixTime;

/// The number of requests in each of three fixed windows.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuotaUsage {
    windows: [Window; 3],
    /// The header with the limits, by its quota and window, since it seldom changes.
    limit: Option<(RateQuota, usize, HeaderValue)>,
    reset: NumberHeader,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    /// The number of windows since 1970.
    index: u64,
    count: u64,
}

/// Unit and length in seconds of each window.
const WINDOWS: [(&str, u64); 3] = [("minute", 60), ("hour", 3600), ("day", 86_400)];

static LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The quota after a request.
#[derive(Clone, Debug)]
pub(crate) struct QuotaStatus {
    limit: HeaderValue,
    /// The window closest to exhaustion: its index, the requests that remain, the seconds until it resets.
    closest: usize,
    remaining: u64,
    reset: u64,
    reset_header: HeaderValue,
    pub(crate) exhausted: bool,
}

/// The header of a number that seldom changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberHeader(Option<(u64, HeaderValue)>);

impl NumberHeader {
    pub(crate) fn of(&mut self, number: u64) -> HeaderValue {
        match &self.0 {
            Some((known, header)) if *known == number => header.clone(),
            _ => {
                let header = HeaderValue::from(number);
                self.0 = Some((number, header.clone()));
                header
            }
        }
    }
}

impl QuotaUsage {
    /// Counts a request, including one that is rejected.
    pub(crate) fn count(&mut self, quota: RateQuota, now: UnixTime) -> QuotaStatus {
        let seconds = now.0.as_secs();
        let limits = [quota.per_minute, quota.per_hour, quota.per_day];
        let (mut closest, mut remaining, mut reset, mut exhausted) = (0, u64::MAX, 0, false);
        for (index, ((_, length), window)) in WINDOWS.iter().zip(&mut self.windows).enumerate() {
            if window.index != seconds / length {
                *window = Window { index: seconds / length, count: 0 };
            }
            window.count += 1;
            let left = limits[index].saturating_sub(window.count);
            let is_exhausted = window.count > limits[index];
            // Of two exhausted windows, the later reset decides.
            if left < remaining || is_exhausted {
                (closest, remaining, reset) = (index, left, length - seconds % length);
                exhausted = is_exhausted;
            }
        }
        let (limit, reset_header) = (self.limit(quota, closest), self.reset.of(reset));
        QuotaStatus { limit, closest, remaining, reset, reset_header, exhausted }
    }

    fn limit(&mut self, quota: RateQuota, closest: usize) -> HeaderValue {
        match &self.limit {
            Some((known, window, limit)) if (*known, *window) == (quota, closest) => limit.clone(),
            _ => {
                let RateQuota { per_minute, per_hour, per_day } = quota;
                let current = [per_minute, per_hour, per_day][closest];
                let limit = format!("{current}, {per_minute};w=60, {per_hour};w=3600, {per_day};w=86400");
                let limit =
                    HeaderValue::from_str(&limit).expect("digits and punctuation make a header value");
                self.limit = Some((quota, closest, limit.clone()));
                limit
            }
        }
    }
}

impl QuotaStatus {
    /// Writes the three rate headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(&LIMIT, self.limit.clone());
        headers.insert(&REMAINING, self.remaining.into());
        headers.insert(&RESET, self.reset_header.clone());
    }

    pub(crate) fn reset(&self) -> u64 {
        self.reset
    }

    /// Returns the message of the 429.
    pub(crate) fn message(&self) -> String {
        let (unit, _) = WINDOWS[self.closest];
        format!("API Rate limit exceeded for the {unit}, retry after {} seconds", self.reset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_window_is_reported() {
        let mut usage = QuotaUsage::default();
        let quota = RateQuota::new(2, 3, 100);
        let status = usage.count(quota, UnixTime::from_secs(60));
        assert_eq!((status.closest, status.remaining, status.reset, status.exhausted), (0, 1, 60, false));
        usage.count(quota, UnixTime::from_secs(61));
        let out = usage.count(quota, UnixTime::from_secs(62));
        assert!(out.exhausted);
        assert_eq!(out.message(), "API Rate limit exceeded for the minute, retry after 58 seconds");
        let hour = usage.count(quota, UnixTime::from_secs(120));
        assert!(hour.exhausted);
        assert_eq!(hour.message(), "API Rate limit exceeded for the hour, retry after 3480 seconds");
        assert!(!usage.count(quota, UnixTime::from_secs(3600)).exhausted);
    }

    #[test]
    fn headers_are_as_documented() {
        let mut headers = HeaderMap::new();
        QuotaUsage::default()
            .count(RateQuota::new(50_000, 2_250_000, 27_000_000), UnixTime::from_secs(59))
            .write(&mut headers);
        assert_eq!(headers["ratelimit-limit"], "50000, 50000;w=60, 2250000;w=3600, 27000000;w=86400");
        assert_eq!(headers["ratelimit-remaining"], "49999");
        assert_eq!(headers["ratelimit-reset"], "1");
    }
}
