//! The tenant's limits as this session meets them: closed classes, and how many requests may be in flight.

use std::time::Duration;

use crate::operation::Quota;
use crate::transport::Timestamp;

/// One limiter for each class of quota.
#[derive(Debug, Default)]
pub(crate) struct RateLimiters([Limiter; 3]);

/// Whether the service had room for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// It was served.
    Success,
    /// Too many were in flight.
    Overload,
}

#[derive(Debug, Default)]
struct Limiter {
    throttled_until: Timestamp,
    in_flight: u32,
    /// How many may be in flight, in 256ths; `None` until the service has once said that it were too many.
    limit: Option<u32>,
}

/// The longest window that the service counts in: no header closes a class for longer.
const MAX_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// One request, in the unit of a limiter's limit.
const ONE: u32 = 256;
/// The widest limiter: the service's largest documented limit, doubled as some tenants have it. Past it there is
/// nothing left to hold back.
const MAX_LIMIT: u32 = 160 * ONE;

impl RateLimiters {
    pub(crate) fn throttled_until(&self, quota: Quota, now: Timestamp) -> Option<Timestamp> {
        let limiter = &self.0[index(quota)];
        (now < limiter.throttled_until).then_some(limiter.throttled_until)
    }

    pub(crate) fn throttle(&mut self, quota: Quota, now: Timestamp, span: Duration) {
        let limiter = &mut self.0[index(quota)];
        limiter.throttled_until = limiter.throttled_until.max(now + span.min(MAX_WINDOW));
    }

    /// Whether some limiter lets fewer in than would come.
    pub(crate) fn are_limited(&self) -> bool {
        self.0.iter().any(|limiter| limiter.limit.is_some())
    }

    /// Takes a place in flight, if there is one.
    pub(crate) fn try_acquire(&mut self, quota: Quota) -> bool {
        let limiter = &mut self.0[index(quota)];
        if limiter.limit.is_some_and(|limit| limiter.in_flight.saturating_mul(ONE) >= limit) {
            return false;
        }
        limiter.in_flight += 1;
        true
    }

    pub(crate) fn release(&mut self, quota: Quota) {
        let limiter = &mut self.0[index(quota)];
        limiter.in_flight = limiter.in_flight.saturating_sub(1);
    }

    /// Halves the limit when there were too many, and opens it again by one request for each full limit of
    /// requests that are served.
    pub(crate) fn feedback(&mut self, quota: Quota, feedback: Feedback) {
        let limiter = &mut self.0[index(quota)];
        match (feedback, limiter.limit) {
            (Feedback::Overload, limit) => {
                let seen = (limiter.in_flight + 1).saturating_mul(ONE);
                limiter.limit = Some((limit.unwrap_or(seen).min(seen) / 2).max(ONE));
            }
            (Feedback::Success, Some(limit)) => {
                let wider = limit + (ONE * ONE / limit).max(1);
                limiter.limit = (wider < MAX_LIMIT).then_some(wider);
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
    fn a_closed_class_leaves_the_others_open() {
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
    fn too_many_in_flight_halves_and_service_widens_again() {
        let mut limiters = RateLimiters::default();
        for _ in 0..8 {
            assert!(limiters.try_acquire(Quota::Default));
        }
        limiters.release(Quota::Default);
        limiters.feedback(Quota::Default, Feedback::Overload);
        assert!(!limiters.try_acquire(Quota::Default), "seven are in flight, four may be");
        for _ in 0..4 {
            limiters.release(Quota::Default);
        }
        assert!(limiters.try_acquire(Quota::Default));
        assert!(!limiters.try_acquire(Quota::Default));
        for _ in 0..5 {
            limiters.feedback(Quota::Default, Feedback::Success);
        }
        assert!(limiters.try_acquire(Quota::Default), "one more after a limit of served requests");
        for _ in 0..20_000 {
            limiters.feedback(Quota::Default, Feedback::Success);
        }
        for _ in 0..1_000 {
            assert!(limiters.try_acquire(Quota::Default), "in the end nothing is cached back");
        }
    }
}
