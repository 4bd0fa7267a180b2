//! Events of calls, for logs, traces and metrics: [`CallEvent`]s that a session reports to its observers.
//!
//! `event.rs` has the events, and `names.rs` their names. The exchange reports them through `exchange/observed.rs`.
//! `tracing.rs` and `metrics.rs` are two observers, each with the feature of its name.

mod event;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(any(feature = "metrics", feature = "tracing"))]
mod names;
#[cfg(feature = "tracing")]
mod tracing;

pub use self::event::{
    CallEvent, CallEventKind, CallId, CallInfo, Classification, GiveUpReason, RateLimits, RetryDecision,
    WaitReason,
};
#[cfg(feature = "metrics")]
pub use self::metrics::to_metrics;
#[cfg(feature = "tracing")]
pub use self::tracing::to_tracing;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::operation::Quota;
use crate::transport::Timestamp;

/// A callback that receives events.
type Observer = dyn Fn(&CallEvent<'_>) + Send + Sync;

/// The observers of a configuration. Their `Debug` output is their number.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<Observer>>);

impl Observers {
    pub(crate) fn add(&mut self, observer: impl Fn(&CallEvent<'_>) + Send + Sync + 'static) {
        self.0.push(Arc::new(observer));
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}

/// The part of a session that reports events.
#[derive(Debug)]
pub(crate) struct Reporter {
    observers: Observers,
    session: u64,
    calls: AtomicU64,
    /// The quotas whose closing was reported, one bit each.
    closed: AtomicU8,
}

impl Reporter {
    /// Creates the observers of a session, whose number `session` is random.
    pub(crate) fn new(observers: &Observers, session: u64) -> Self {
        let observers = observers.clone();
        Self { observers, session, calls: AtomicU64::new(0), closed: AtomicU8::new(0) }
    }

    pub(crate) fn is_used(&self) -> bool {
        !self.observers.0.is_empty()
    }

    pub(crate) fn next_call(&self) -> CallId {
        CallId { session: self.session, number: self.calls.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    /// Reports an event. No lock of the session may be held, since an observer may use the session.
    pub(crate) fn report(&self, event: &CallEvent<'_>) {
        for observer in &self.observers.0 {
            observer(event);
        }
    }

    /// Reports that a quota is throttled now, or for longer than before.
    pub(crate) fn limiter_closed(
        &self,
        quota: Quota,
        before: Option<Timestamp>,
        until: Option<Timestamp>,
        now: Timestamp,
    ) {
        let Some(until) = until.filter(|until| self.is_used() && before.is_none_or(|before| before < *until))
        else {
            return;
        };
        self.closed.fetch_or(bit(quota), Ordering::Relaxed);
        let kind = CallEventKind::LimiterClosed { quota, duration: now.until(until) };
        self.report(&CallEvent { time: now, call: None, kind });
    }

    /// Reports that a quota is no longer throttled, once.
    pub(crate) fn limiter_opened(&self, quota: Quota, now: Timestamp) {
        if self.is_used() && self.closed.fetch_and(!bit(quota), Ordering::Relaxed) & bit(quota) != 0 {
            self.report(&CallEvent { time: now, call: None, kind: CallEventKind::LimiterOpened { quota } });
        }
    }
}

fn bit(quota: Quota) -> u8 {
    1 << quota as u8
}
