//! Limiters of a session: throttled quotas, and the number of requests that may be in flight.
//!
//! A quota that opens again starts with a few requests in flight, and with twice as many each time that those were
//! served (slow start), up to what the service allows. The calls that wait for it do not wake at one moment: the more
//! calls wait, the longer the time over which they are spread.

use std::time::Duration;

use crate::operation::Quota;
use crate::transport::Timestamp;

/// One limiter for each quota.
#[derive(Debug, Default)]
pub(crate) struct RateLimiters([Limiter; 3]);

/// Feedback of the service on the number of requests in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// The request was served.
    Success,
    /// Too many requests were in flight. `round` is the one of the permit of the rejected request.
    Overload { round: u32 },
}

#[derive(Debug, Default)]
struct Limiter {
    throttled_until: Timestamp,
    in_flight: u32,
    /// Number of requests that may be in flight, in 256ths. `None` until the service has reported an overload or has
    /// throttled the quota.
    limit: Option<u32>,
    /// The limit after the last overload, at which slow start ends.
    threshold: Option<u32>,
    /// The largest limit that the service reports.
    allowed: Option<u32>,
    /// Number of times that the limit was halved.
    round: u32,
    /// Number of calls that wait until `wave_ends` or less.
    waiting: u32,
    wave_ends: Timestamp,
}

/// Longest time for which one response throttles a quota. The quotas of an hour and of a day are probed each hour.
const MAX_THROTTLE: Duration = Duration::from_secs(60 * 60);
/// One request, in the unit of `Limiter::limit`.
const ONE: u32 = 256;
/// Largest limit: twice the largest documented limit of the service, as some tenants have it. A limiter that reaches it
/// no longer limits, unless the service reports a limit.
const MAX_LIMIT: u32 = 160 * ONE;
/// Limit of a quota that opens again.
const REOPEN_LIMIT: u32 = 4 * ONE;
/// Mean time between two waiting calls that wake.
const SPACING: Duration = Duration::from_millis(10);
/// Longest time over which waiting calls are spread.
const MAX_SPREAD: Duration = Duration::from_secs(10);

impl RateLimiters {
    /// Returns the time until which a quota is throttled, if it is throttled now.
    pub(crate) fn throttled_until(&self, quota: Quota, now: Timestamp) -> Option<Timestamp> {
        let limiter = &self.0[index(quota)];
        (now < limiter.throttled_until).then_some(limiter.throttled_until)
    }

    /// Throttles a quota for `span`, but not longer than an hour. A longer throttle stays in force.
    pub(crate) fn throttle(&mut self, quota: Quota, now: Timestamp, span: Duration) {
        if span.is_zero() {
            return;
        }
        let limiter = &mut self.0[index(quota)];
        limiter.throttled_until = limiter.throttled_until.max(now + span.min(MAX_THROTTLE));
        limiter.limit = Some(limiter.limit.unwrap_or(REOPEN_LIMIT).min(REOPEN_LIMIT));
    }

    /// Returns the time over which a call that waits until `until` is to be spread: none for the first call, and more
    /// with each further call, but at most the time that it waits.
    pub(crate) fn spread(&mut self, quota: Quota, now: Timestamp, until: Timestamp) -> Duration {
        let limiter = &mut self.0[index(quota)];
        if limiter.wave_ends <= now {
            limiter.waiting = 0;
        }
        let spread = SPACING.saturating_mul(limiter.waiting).min(MAX_SPREAD).min(now.until(until));
        limiter.waiting = limiter.waiting.saturating_add(1);
        limiter.wave_ends = limiter.wave_ends.max(until);
        spread
    }

    /// Whether any quota has a limit on requests in flight.
    pub(crate) fn are_limited(&self) -> bool {
        self.0.iter().any(|limiter| limiter.limit.is_some())
    }

    /// Acquires a slot for a request in flight, and returns its round. Returns `None` if the limit is reached.
    pub(crate) fn try_acquire(&mut self, quota: Quota) -> Option<u32> {
        let limiter = &mut self.0[index(quota)];
        let in_flight = limiter.in_flight.saturating_add(1);
        if limiter.limit.is_some_and(|limit| in_flight.saturating_mul(ONE) > limit) {
            return None;
        }
        limiter.in_flight = in_flight;
        Some(limiter.round)
    }

    /// Releases a slot.
    pub(crate) fn release(&mut self, quota: Quota) {
        let limiter = &mut self.0[index(quota)];
        limiter.in_flight = limiter.in_flight.saturating_sub(1);
    }

    /// Halves the limit after an overload, once for all requests that were sent before it was halved. If more requests
    /// were in flight than the service reports to be allowed, the limit becomes that number. Each success raises the limit:
    /// by one request in slow start, and later by one request for as many successes as the limit. `allowed` is the limit
    /// that the service reports.
    pub(crate) fn feedback(&mut self, quota: Quota, feedback: Feedback, allowed: Option<u64>) {
        let limiter = &mut self.0[index(quota)];
        if let Some(allowed) = allowed {
            limiter.allowed = Some(u32::try_from(allowed).unwrap_or(u32::MAX).max(1).saturating_mul(ONE));
        }
        match (feedback, limiter.limit) {
            (Feedback::Overload { round }, limit) if round == limiter.round => {
                let in_flight = limiter.in_flight.saturating_add(1).saturating_mul(ONE);
                let lowered = match limiter.allowed {
                    // Explained by the requests of this session alone.
                    Some(allowed) if allowed < in_flight => allowed,
                    _ => (limit.unwrap_or(in_flight).min(in_flight) / 2).max(ONE),
                };
                limiter.limit = Some(lowered);
                limiter.threshold = Some(lowered);
                limiter.round = limiter.round.wrapping_add(1);
            }
            (Feedback::Success, Some(limit)) => {
                let in_slow_start = limiter.threshold.is_none_or(|threshold| limit < threshold);
                let step = if in_slow_start { ONE } else { (ONE * ONE / limit).max(1) };
                limiter.limit = Some(limit.saturating_add(step));
            }
            (Feedback::Overload { .. } | Feedback::Success, _) => {}
        }
        limiter.limit = match (limiter.limit, limiter.allowed) {
            (Some(limit), Some(allowed)) => Some(limit.min(allowed)),
            (Some(limit), None) if limit >= MAX_LIMIT => {
                limiter.threshold = None;
                None
            }
            (limit, _) => limit,
        };
    }

    /// Opens all quotas and lifts their limits.
    pub(crate) fn reset(&mut self) {
        for limiter in &mut self.0 {
            let Limiter { in_flight, round, .. } = *limiter;
            // The requests in flight still release their slots, and still belong to an earlier round.
            *limiter = Limiter { in_flight, round: round.wrapping_add(1), ..Limiter::default() };
        }
    }
}

fn index(quota: Quota) -> usize {
    match quota {
        Quota::Default => 0,
        Quota::ObjectQuery => 1,
        Quota::TokenRequest => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota::Default;

    fn at(millis: u64) -> Timestamp {
        Timestamp::new(Duration::from_millis(millis))
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Acquires as many slots as there are.
    fn acquire_all(limiters: &mut RateLimiters) -> usize {
        (0..1_000).take_while(|_| limiters.try_acquire(QUOTA).is_some()).count()
    }

    fn release(limiters: &mut RateLimiters, count: usize) {
        for _ in 0..count {
            limiters.release(QUOTA);
        }
    }

    /// Returns the number of requests that may be in flight; none is in flight.
    fn limit(limiters: &mut RateLimiters) -> usize {
        let count = acquire_all(limiters);
        release(limiters, count);
        count
    }

    fn succeed(limiters: &mut RateLimiters, times: usize, allowed: Option<u64>) {
        for _ in 0..times {
            limiters.feedback(QUOTA, Feedback::Success, allowed);
        }
    }

    /// Rejects one of `count` requests in flight, and releases them.
    fn overload(limiters: &mut RateLimiters, count: usize) {
        let rounds: Vec<_> = (0..count).map_while(|_| limiters.try_acquire(QUOTA)).collect();
        limiters.release(QUOTA);
        let round = *rounds.last().expect("the limit is not below the count");
        limiters.feedback(QUOTA, Feedback::Overload { round }, None);
        release(limiters, count - 1);
    }

    #[test]
    fn a_throttled_quota_leaves_the_others_open() {
        let mut limiters = RateLimiters::default();
        limiters.throttle(QUOTA, at(0), secs(9));
        limiters.throttle(QUOTA, at(0), secs(3));
        assert_eq!(limiters.throttled_until(QUOTA, at(0)), Some(at(9_000)));
        assert_eq!(limiters.throttled_until(QUOTA, at(8_999)), Some(at(9_000)));
        assert_eq!(limiters.throttled_until(Quota::ObjectQuery, at(0)), None);
        assert_eq!(limiters.throttled_until(QUOTA, at(9_000)), None);
    }

    #[test]
    fn no_throttle_is_longer_than_an_hour() {
        let mut limiters = RateLimiters::default();
        limiters.throttle(QUOTA, at(0), secs(3_600));
        limiters.throttle(QUOTA, at(0), Duration::MAX);
        assert_eq!(limiters.throttled_until(QUOTA, at(0)), Some(at(3_600_000)));
        let end = Timestamp::new(Duration::MAX);
        limiters.throttle(QUOTA, end, Duration::MAX);
        assert_eq!(limiters.throttled_until(QUOTA, end), None, "a clock at its end does not overflow");
        limiters.reset();
        assert_eq!(limiters.throttled_until(QUOTA, at(0)), None);
    }

    #[test]
    fn an_overload_halves_the_limit_and_successes_raise_it_again() {
        let mut limiters = RateLimiters::default();
        assert!(!limiters.are_limited());
        overload(&mut limiters, 8);
        assert!(limiters.are_limited());
        assert_eq!(limit(&mut limiters), 4);
        succeed(&mut limiters, 3, None);
        assert_eq!(limit(&mut limiters), 4);
        succeed(&mut limiters, 2, None);
        assert_eq!(limit(&mut limiters), 5, "one more after a full round");
        succeed(&mut limiters, 20_000, None);
        assert_eq!(acquire_all(&mut limiters), 1_000, "in the end nothing is limited");
        assert!(!limiters.are_limited());
    }

    #[test]
    fn the_limit_is_half_of_what_was_in_flight_or_of_the_limit_before() {
        let mut limiters = RateLimiters::default();
        overload(&mut limiters, 40);
        assert_eq!(limit(&mut limiters), 20);
        overload(&mut limiters, 20);
        assert_eq!(limit(&mut limiters), 10);
        overload(&mut limiters, 6);
        assert_eq!(limit(&mut limiters), 3, "only six were in flight");
        let round = (0..2).filter_map(|_| limiters.try_acquire(QUOTA)).last().expect("a slot");
        limiters.throttle(QUOTA, at(0), secs(1));
        release(&mut limiters, 1);
        limiters.feedback(QUOTA, Feedback::Overload { round }, None);
        release(&mut limiters, 1);
        assert_eq!(limit(&mut limiters), 1);
        overload(&mut limiters, 1);
        assert_eq!(limit(&mut limiters), 1, "one request is always admitted");
    }

    #[test]
    fn requests_beyond_the_limit_do_not_raise_it() {
        let mut limiters = RateLimiters::default();
        let round = (0..40).filter_map(|_| limiters.try_acquire(QUOTA)).last().expect("a slot");
        limiters.throttle(QUOTA, at(0), secs(1));
        limiters.release(QUOTA);
        limiters.feedback(QUOTA, Feedback::Overload { round }, None);
        release(&mut limiters, 39);
        assert_eq!(limit(&mut limiters), 2, "half of the four that the quota opens with");
    }

    #[test]
    fn a_reported_limit_that_was_exceeded_is_the_limit() {
        let mut limiters = RateLimiters::default();
        succeed(&mut limiters, 1, Some(40));
        overload(&mut limiters, 60);
        assert_eq!(limit(&mut limiters), 40);
        overload(&mut limiters, 40);
        assert_eq!(limit(&mut limiters), 20, "others of the tenant are in flight, too");
    }

    #[test]
    fn a_burst_of_overloads_halves_the_limit_once() {
        let mut limiters = RateLimiters::default();
        let rounds: Vec<_> = (0..64).filter_map(|_| limiters.try_acquire(QUOTA)).collect();
        for round in rounds {
            limiters.release(QUOTA);
            limiters.feedback(QUOTA, Feedback::Overload { round }, None);
        }
        assert_eq!(limit(&mut limiters), 32);
        let round = limiters.try_acquire(QUOTA).expect("a slot");
        limiters.release(QUOTA);
        limiters.feedback(QUOTA, Feedback::Overload { round }, None);
        assert_eq!(limit(&mut limiters), 1, "a request that was sent later counts again");
    }

    #[test]
    fn a_quota_that_opens_again_starts_slowly() {
        let mut limiters = RateLimiters::default();
        limiters.throttle(QUOTA, at(0), secs(30));
        assert!(limiters.are_limited());
        for expected in [4, 8, 16, 32, 64, 128] {
            let count = limit(&mut limiters);
            assert_eq!(count, expected, "twice as many after each round");
            succeed(&mut limiters, count, None);
        }
        assert!(!limiters.are_limited());
        limiters.throttle(QUOTA, at(40_000), secs(30));
        succeed(&mut limiters, 155, None);
        assert_eq!(limit(&mut limiters), 159);
        succeed(&mut limiters, 1, None);
        assert!(!limiters.are_limited(), "160 are as good as no limit");
    }

    #[test]
    fn a_limit_that_was_lifted_does_not_end_the_next_slow_start() {
        let mut limiters = RateLimiters::default();
        overload(&mut limiters, 12);
        succeed(&mut limiters, 20_000, None);
        assert!(!limiters.are_limited());
        limiters.throttle(QUOTA, at(0), secs(30));
        succeed(&mut limiters, 10, None);
        assert_eq!(limit(&mut limiters), 14);
    }

    #[test]
    fn slow_start_ends_where_the_last_overload_was() {
        let mut limiters = RateLimiters::default();
        overload(&mut limiters, 20);
        limiters.throttle(QUOTA, at(0), secs(30));
        assert_eq!(limit(&mut limiters), 4);
        succeed(&mut limiters, 6, None);
        assert_eq!(limit(&mut limiters), 10);
        succeed(&mut limiters, 6, None);
        assert_eq!(limit(&mut limiters), 10, "from there on by one in a round");
        overload(&mut limiters, 2);
        limiters.throttle(QUOTA, at(40_000), secs(30));
        assert_eq!(limit(&mut limiters), 1, "a lower limit stays");
    }

    #[test]
    fn a_quota_is_not_closed_for_no_time() {
        let mut limiters = RateLimiters::default();
        limiters.throttle(QUOTA, at(0), Duration::ZERO);
        assert!(!limiters.are_limited());
    }

    #[test]
    fn the_limit_stays_within_what_the_service_reports() {
        let mut limiters = RateLimiters::default();
        succeed(&mut limiters, 1, Some(7));
        assert_eq!(acquire_all(&mut limiters), 1_000, "nothing was rejected yet");
        release(&mut limiters, 1_000);
        limiters.throttle(QUOTA, at(0), secs(1));
        succeed(&mut limiters, 1_000, None);
        assert_eq!(limit(&mut limiters), 7);
        limiters.throttle(QUOTA, at(2_000), secs(1));
        succeed(&mut limiters, 1, Some(40));
        assert_eq!(limit(&mut limiters), 5, "a reported limit is not a reason to hurry");
        succeed(&mut limiters, 1_000, Some(200));
        assert_eq!(limit(&mut limiters), 200, "a larger limit than the usual one");
        succeed(&mut limiters, 1, Some(0));
        assert_eq!(limit(&mut limiters), 1);
        succeed(&mut limiters, 1, Some(u64::MAX));
        assert!(limit(&mut limiters) > 1);
    }

    #[test]
    fn a_reset_opens_everything_and_keeps_the_count_of_requests() {
        let mut limiters = RateLimiters::default();
        overload(&mut limiters, 2);
        let round = limiters.try_acquire(QUOTA).expect("a slot");
        limiters.throttle(QUOTA, at(0), secs(30));
        limiters.reset();
        assert_eq!((limiters.throttled_until(QUOTA, at(0)), limiters.are_limited()), (None, false));
        limiters.release(QUOTA);
        limiters.feedback(QUOTA, Feedback::Overload { round }, None);
        assert!(!limiters.are_limited(), "a late rejection does not close what was opened");
        assert!((0..5).all(|_| limiters.try_acquire(QUOTA).is_some()));
        limiters.reset();
        limiters.release(QUOTA);
        let round = limiters.try_acquire(QUOTA).expect("a slot");
        limiters.feedback(QUOTA, Feedback::Overload { round }, None);
        assert_eq!(limiters.try_acquire(QUOTA), None, "five are in flight, and three are allowed");
        release(&mut limiters, 2);
        assert_eq!(limiters.try_acquire(QUOTA), None);
        release(&mut limiters, 1);
        assert!(limiters.try_acquire(QUOTA).is_some());
    }

    #[test]
    fn waiting_calls_are_spread_the_more_the_more_calls_wait() {
        let mut limiters = RateLimiters::default();
        let mut spread = |now, until| limiters.spread(QUOTA, at(now), at(until));
        assert_eq!(spread(0, 30_000), Duration::ZERO, "the first call wakes when the quota opens");
        assert_eq!(spread(10, 30_000), Duration::from_millis(10));
        assert_eq!(spread(20, 30_000), Duration::from_millis(20));
        for _ in 3..2_000 {
            assert!(spread(30, 30_000) <= secs(10));
        }
        assert_eq!(spread(30, 30_000), secs(10));
        assert_eq!(spread(29_999, 30_000), Duration::from_millis(1), "no call waits more than twice as long");
        assert_eq!(spread(30_000, 40_000), Duration::ZERO, "the next wave begins");
        spread(30_010, 50_000);
        spread(30_020, 31_000);
        assert_eq!(spread(40_000, 60_000), Duration::from_millis(30), "one of them still waits");
        assert_eq!(limiters.spread(Quota::ObjectQuery, at(0), at(1_000)), Duration::ZERO);
    }
}
