//! The tenant's limits as this session meets them: closed classes, and how many requests may be in flight.

use std::time::Duration;

use crate::operation::Quota;
use crate::transport::Now;

/// One gate for each class of quota.
#[derive(Debug, Default)]
pub(crate) struct Gates([Gate; 3]);

/// Whether the service had room for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refill {
    /// It was served.
    Served,
    /// Too many were in flight.
    TooMany,
}

#[derive(Debug, Default)]
struct Gate {
    closed_until: Now,
    in_flight: u32,
    /// How many may be in flight, in 256ths; `None` until the service has once said that it were too many.
    width: Option<u32>,
}

/// The longest window that the service counts in: no header closes a class for longer.
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// One request, in the unit of a gate's width.
const ONE: u32 = 256;
/// The widest gate: the service's largest documented limit, doubled as some tenants have it. Past it there is
/// nothing left to hold back.
const WIDEST: u32 = 160 * ONE;

impl Gates {
    pub(crate) fn closed_until(&self, quota: Quota, now: Now) -> Option<Now> {
        let gate = &self.0[index(quota)];
        (now < gate.closed_until).then_some(gate.closed_until)
    }

    pub(crate) fn close(&mut self, quota: Quota, now: Now, span: Duration) {
        let gate = &mut self.0[index(quota)];
        gate.closed_until = gate.closed_until.max(now + span.min(LONGEST_WINDOW));
    }

    /// Whether some gate lets fewer in than would come.
    pub(crate) fn are_narrowed(&self) -> bool {
        self.0.iter().any(|gate| gate.width.is_some())
    }

    /// Takes a place in flight, if there is one.
    pub(crate) fn enter(&mut self, quota: Quota) -> bool {
        let gate = &mut self.0[index(quota)];
        if gate.width.is_some_and(|width| gate.in_flight.saturating_mul(ONE) >= width) {
            return false;
        }
        gate.in_flight += 1;
        true
    }

    pub(crate) fn leave(&mut self, quota: Quota) {
        let gate = &mut self.0[index(quota)];
        gate.in_flight = gate.in_flight.saturating_sub(1);
    }

    /// Halves the width when there were too many, and opens it again by one request for each full width of
    /// requests that are served.
    pub(crate) fn refill(&mut self, quota: Quota, refill: Refill) {
        let gate = &mut self.0[index(quota)];
        match (refill, gate.width) {
            (Refill::TooMany, width) => {
                let seen = (gate.in_flight + 1).saturating_mul(ONE);
                gate.width = Some((width.unwrap_or(seen).min(seen) / 2).max(ONE));
            }
            (Refill::Served, Some(width)) => {
                let wider = width + (ONE * ONE / width).max(1);
                gate.width = (wider < WIDEST).then_some(wider);
            }
            (Refill::Served, None) => {}
        }
    }
}

fn index(quota: Quota) -> usize {
    match quota {
        Quota::Default => 0,
        Quota::ObjectQuery => 1,
        Quota::SignIn => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_class_leaves_the_others_open() {
        let mut gates = Gates::default();
        gates.close(Quota::Default, Now::default(), Duration::from_secs(9));
        gates.close(Quota::Default, Now::default(), Duration::from_secs(3));
        assert_eq!(gates.closed_until(Quota::Default, Now::default()), Some(Now(Duration::from_secs(9))));
        assert_eq!(gates.closed_until(Quota::ObjectQuery, Now::default()), None);
        assert_eq!(gates.closed_until(Quota::Default, Now(Duration::from_secs(9))), None);
    }

    #[test]
    fn too_many_in_flight_halves_and_service_widens_again() {
        let mut gates = Gates::default();
        for _ in 0..8 {
            assert!(gates.enter(Quota::Default));
        }
        gates.leave(Quota::Default);
        gates.refill(Quota::Default, Refill::TooMany);
        assert!(!gates.enter(Quota::Default), "seven are in flight, four may be");
        for _ in 0..4 {
            gates.leave(Quota::Default);
        }
        assert!(gates.enter(Quota::Default));
        assert!(!gates.enter(Quota::Default));
        for _ in 0..5 {
            gates.refill(Quota::Default, Refill::Served);
        }
        assert!(gates.enter(Quota::Default), "one more after a width of served requests");
        for _ in 0..20_000 {
            gates.refill(Quota::Default, Refill::Served);
        }
        for _ in 0..1_000 {
            assert!(gates.enter(Quota::Default), "in the end nothing is held back");
        }
    }
}
