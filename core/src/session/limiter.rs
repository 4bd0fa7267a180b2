//! Limiters of a session: throttled quotas, and the number of requests that may be in flight.

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
    /// Too many requests were in flight.
    Overload,
}

#[derive(Debug, Default)]
struct Limiter {
    throttled_until: Timestamp,
    in_flight: u32,
    /// Number of requests that may be in flight, in 256ths. `None` until the service has reported an overload.
    limit: Option<u32>,
}

/// Longest window that the service counts in. No header throttles a quota for longer.
const MAX_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// One request, in the unit of `Limiter::limit`.
const ONE: u32 = 256;
/// Largest limit: twice the largest documented limit of the service, as some tenants have it. A limiter that reaches it
/// no longer limits.
const MAX_LIMIT: u32 = 160 * ONE;

impl RateLimiters {
    /// Returns the time until which a quota is throttled, if it is throttled now.
    pub(crate) fn throttled_until(&self, quota: Quota, now: Timestamp) -> Option<Timestamp> {
        let limiter = &self.0[index(quota)];
        (now < limiter.throttled_until).then_some(limiter.throttled_until)
    }

    /// Throttles a quota for `span`, but not longer than a day. A longer throttle stays in force.
    pub(crate) fn throttle(&mut self, quota: Quota, now: Timestamp, span: Duration) {
        let limiter = &mut self.0[index(quota)];
        limiter.throttled_until = limiter.throttled_until.max(now + span.min(MAX_WINDOW));
    }

    /// Whether any quota has a limit on requests in flight.
    pub(crate) fn are_limited(&self) -> bool {
        self.0.iter().any(|limiter| limiter.limit.is_some())
    }

    /// Acquires a slot for a request in flight. Returns `false` if the limit is reached.
    pub(crate) fn try_acquire(&mut self, quota: Quota) -> bool {
        let limiter = &mut self.0[index(quota)];
        if limiter.limit.is_some_and(|limit| limiter.in_flight.saturating_mul(ONE) >= limit) {
            return false;
        }
        limiter.in_flight += 1;
        true
    }

    /// Releases a slot.
    pub(crate) fn release(&mut self, quota: Quota) {
        let limiter = &mut self.0[index(quota)];
        limiter.in_flight = limiter.in_flight.saturating_sub(1);
    }

    /// Halves the limit after an overload, and raises it by one request each time that as many requests as the limit
    /// were served.
    pub(crate) fn feedback(&mut self, quota: Quota, feedback: Feedback) {
        let limiter = &mut self.0[index(quota)];
        match (feedback, limiter.limit) {
            (Feedback::Overload, limit) => {
                let in_flight = (limiter.in_flight + 1).saturating_mul(ONE);
                limiter.limit = Some((limit.unwrap_or(in_flight).min(in_flight) / 2).max(ONE));
            }
            (Feedback::Success, Some(limit)) => {
                let raised = limit + (ONE * ONE / limit).max(1);
                limiter.limit = (raised < MAX_LIMIT).then_some(raised);
            }
            (Feedback::Success, None) => {}
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

    #[test]
    fn a_throttled_quota_leaves_the_others_open() {
        let mut limiters = RateLimiters::default();
        limiters.throttle(Quota::Default, Timestamp::default(), Duration::from_secs(9));
        limiters.throttle(Quota::Default, Timestamp::default(), Duration::from_secs(3));
        assert_eq!(
            limiters.throttled_until(Quota::Default, Timestamp::default()),
            Some(Timestamp::new(Duration::from_secs(9)))
        );
        assert_eq!(limiters.throttled_until(Quota::ObjectQuery, Timestamp::default()), None);
        assert_eq!(limiters.throttled_until(Quota::Default, Timestamp::new(Duration::from_secs(9))), None);
    }

    #[test]
    fn an_overload_halves_the_limit_and_successes_raise_it_again() {
        let mut limiters = RateLimiters::default();
        for _ in 0..8 {
            assert!(limiters.try_acquire(Quota::Default));
        }
        limiters.release(Quota::Default);
        limiters.feedback(Quota::Default, Feedback::Overload);
        assert!(!limiters.try_acquire(Quota::Default), "seven are in flight, four are allowed");
        for _ in 0..4 {
            limiters.release(Quota::Default);
        }
        assert!(limiters.try_acquire(Quota::Default));
        assert!(!limiters.try_acquire(Quota::Default));
        for _ in 0..5 {
            limiters.feedback(Quota::Default, Feedback::Success);
        }
        assert!(limiters.try_acquire(Quota::Default), "the limit rises by one after a full round");
        for _ in 0..20_000 {
            limiters.feedback(Quota::Default, Feedback::Success);
        }
        for _ in 0..1_000 {
            assert!(limiters.try_acquire(Quota::Default), "in the end nothing is limited");
        }
    }
}
