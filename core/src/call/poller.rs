//! Polling until a condition is met or can no longer be met.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Response};
use crate::error::{Cause, Error, Result};
use crate::machine::{Action, Event, Machine};
use crate::operation::Operation;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// A condition that is polled until it is met or can no longer be met.
///
/// A waiter has state, so it may read different objects in turn. It also evaluates error responses, since the wanted
/// state can be that an object no longer exists.
#[doc(alias = "wait")]
#[doc(alias = "watch")]
pub trait Waiter {
    /// Operation that one poll reads with.
    type Read: Operation;
    /// Value of the condition once it is met.
    type Output;

    /// Returns the operation of the next poll.
    fn read(&self) -> Self::Read;

    /// Evaluates the result of a poll.
    ///
    /// `now` is the time at which the poll was started. The result is at least as recent, even if its response took
    /// long to arrive.
    ///
    /// # Errors
    /// The goal can no longer be reached, or the poll failed. An error ends the wait unless it is retryable.
    fn evaluate(
        &mut self,
        seen: Result<<Self::Read as Operation>::Output>,
        now: Timestamp,
    ) -> Result<Progress<Self::Output>>;
}

/// Shortest delay between polls: polling without a delay would use up the limits of the whole tenant.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// Time for the last poll of a wait, however little of the timeout is left.
const LAST_POLL_TIMEOUT: Duration = Duration::from_secs(30);

/// Result of one poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// The condition is not met yet. Contains the time until the next poll, if it is known.
    Pending(Option<Duration>),
    /// The condition is met.
    Ready(T),
}

/// Delays and limits of polling.
#[doc(alias = "backoff")]
#[doc(alias = "interval")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollingPolicy {
    /// Delay after the first poll; each later delay is 1.5 times as long. Default: 1 s.
    pub initial_delay: Duration,
    /// Longest delay. Default: 30 s.
    pub max_delay: Duration,
    /// Time limit of the whole wait. Default: two hours.
    #[doc(alias = "deadline")]
    pub timeout: Duration,
    /// Number of successive polls that may fail with a retryable error. Default: 10.
    pub max_failed_polls: u32,
}

impl Default for PollingPolicy {
    fn default() -> Self {
        Self {
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            timeout: Duration::from_secs(2 * 60 * 60),
            max_failed_polls: 10,
        }
    }
}

impl PollingPolicy {
    /// Creates a policy whose delays grow from `initial_delay` to `max_delay`. No delay is shorter than 100 ms.
    pub fn new(initial_delay: Duration, max_delay: Duration) -> Self {
        Self { initial_delay, max_delay, ..Self::default() }
    }

    /// Sets the time limit of the whole wait.
    #[doc(alias = "deadline")]
    #[must_use]
    pub fn timeout(mut self, span: Duration) -> Self {
        self.timeout = span;
        self
    }

    /// Sets the number of successive polls that may fail with a retryable error.
    #[must_use]
    pub fn max_failed_polls(mut self, polls: u32) -> Self {
        self.max_failed_polls = polls;
        self
    }
}

/// A [`Machine`] that polls once each time it is driven, after the delay that is due.
///
/// The caller sees every status without a callback. [`to_json`](Self::to_json) saves a poller, so that another process
/// can resume it.
#[doc(alias = "poll")]
#[doc(alias = "watch")]
pub struct Poller<A: Waiter> {
    session: Session,
    options: CallOptions,
    waiter: A,
    policy: PollingPolicy,
    delay: Duration,
    waited_before: Duration,
    started: Option<Timestamp>,
    next_poll: Option<Timestamp>,
    failures: u32,
    in_flight: Option<(Timestamp, Call<A::Read>)>,
    is_finished: bool,
}

impl<A: Waiter> Poller<A> {
    /// Creates a poller. It sends nothing until it is driven.
    pub fn new(session: &Session, waiter: A, policy: PollingPolicy) -> Self {
        Self {
            session: session.clone(),
            options: CallOptions::default(),
            waiter,
            policy,
            delay: policy.initial_delay,
            waited_before: Duration::ZERO,
            started: None,
            next_poll: None,
            failures: 0,
            in_flight: None,
            is_finished: false,
        }
    }

    /// Returns the waiter, with its state after the last poll.
    pub fn waiter(&self) -> &A {
        &self.waiter
    }

    /// Returns a machine that polls until the condition is met or can no longer be met.
    pub fn until_done(self) -> UntilDone<A> {
        UntilDone(self)
    }

    fn waited(&self, now: Timestamp) -> Duration {
        let since = self.started.map_or(Duration::ZERO, |started| started.until(now));
        self.waited_before.saturating_add(since)
    }

    fn polled(
        &mut self,
        seen: Result<Response<<A::Read as Operation>::Output>>,
        began: Timestamp,
        now: Timestamp,
    ) -> Action<Progress<A::Output>> {
        let failed = seen.is_err();
        let progress = self.waiter.evaluate(seen.map(Response::into_inner), began);
        let hint = match progress {
            Ok(Progress::Ready(ready)) => {
                self.is_finished = true;
                return Action::Done(Ok(Progress::Ready(ready)));
            }
            Ok(Progress::Pending(hint)) => {
                self.failures = if failed { self.failures.saturating_add(1) } else { 0 };
                hint
            }
            Err(error) if failed && error.is_retryable() && self.failures < self.policy.max_failed_polls => {
                self.failures += 1;
                error.retry_after()
            }
            Err(error) => {
                self.is_finished = true;
                return Action::Done(Err(error));
            }
        };
        let delay = self.delay.max(hint.unwrap_or_default()).max(MIN_DELAY);
        self.delay =
            self.delay.saturating_mul(3).checked_div(2).unwrap_or(self.delay).min(self.policy.max_delay);
        let left = self.policy.timeout.saturating_sub(self.waited(now));
        let delay = delay.min(left);
        self.next_poll = Some(now + delay);
        Action::Done(Ok(Progress::Pending(Some(delay))))
    }
}

impl<A: Waiter> Machine for Poller<A> {
    type Output = Progress<A::Output>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        if self.is_finished {
            let what = "this poller is finished: it has already returned its output or an error";
            return Action::Done(Err(Error::failed(what)));
        }
        self.started.get_or_insert(now);
        let (began, mut call) = match self.in_flight.take() {
            Some(poll) => poll,
            None => {
                if let Some(next_poll) = self.next_poll.filter(|next_poll| now < *next_poll) {
                    return Action::Wait(next_poll);
                }
                if self.next_poll.is_some() && self.waited(now) >= self.policy.timeout {
                    self.is_finished = true;
                    let what =
                        "timed out: the goal was not reached within the `timeout` of the polling policy";
                    return Action::Done(Err(Cause::Timeout { what: what.into() }.into()));
                }
                let left = self.policy.timeout.saturating_sub(self.waited(now)).max(LAST_POLL_TIMEOUT);
                let span = self.session.timing().with(&self.options).timeout.min(left);
                let options = self.options.clone().timeout(span);
                (now, Call::with_options(&self.session, self.waiter.read(), &options))
            }
        };
        match call.step(event, now) {
            Action::Send(request, limits) => {
                self.in_flight = Some((began, call));
                Action::Send(request, limits)
            }
            Action::Wait(until) => {
                self.in_flight = Some((began, call));
                Action::Wait(until)
            }
            Action::Done(seen) => self.polled(seen, began, now),
        }
    }
}

/// A [`Machine`] that drives a [`Poller`] until its condition is met or can no longer be met.
pub struct UntilDone<A: Waiter>(Poller<A>);

impl<A: Waiter + fmt::Debug> fmt::Debug for Poller<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("waiter", &self.waiter)
            .field("policy", &self.policy)
            .field("failures", &self.failures)
            .field("is_finished", &self.is_finished)
            .finish_non_exhaustive()
    }
}

impl<A: Waiter + fmt::Debug> fmt::Debug for UntilDone<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UntilDone").field(&self.0).finish()
    }
}

impl<A: Waiter> Machine for UntilDone<A> {
    type Output = A::Output;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<A::Output> {
        loop {
            match self.0.step(event, now) {
                Action::Done(Ok(Progress::Pending(Some(delay)))) if delay > Duration::ZERO => {
                    event = Event::Tick;
                }
                Action::Done(Ok(Progress::Pending(_))) => return Action::Wait(now),
                Action::Done(Ok(Progress::Ready(ready))) => return Action::Done(Ok(ready)),
                Action::Done(Err(error)) => return Action::Done(Err(error)),
                Action::Send(request, limits) => return Action::Send(request, limits),
                Action::Wait(until) => return Action::Wait(until),
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SavedPoller<A> {
    waiter: A,
    waited_ms: u64,
    delay_ms: u64,
    failures: u32,
}

impl<A: Waiter + Serialize + DeserializeOwned> Poller<A> {
    /// Serializes the poller as JSON text, for another process. The text contains no token.
    ///
    /// # Errors
    /// The waiter cannot be serialized.
    #[doc(alias = "save")]
    pub fn to_json(&self, now: Timestamp) -> Result<String> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let saved = SavedPoller {
            waiter: &self.waiter,
            waited_ms: millis(self.waited(now)),
            delay_ms: millis(self.delay),
            failures: self.failures,
        };
        serde_json::to_string(&saved).map_err(|error| Error::invalid("poller", error.to_string()))
    }

    /// Restores a poller from its JSON text. The time that it has waited counts toward the timeout, and the next poll
    /// is due at once.
    ///
    /// # Errors
    /// The text was not written by [`to_json`](Self::to_json).
    #[doc(alias = "resume")]
    pub fn from_json(session: &Session, text: &str, policy: PollingPolicy) -> Result<Self> {
        let saved: SavedPoller<A> =
            serde_json::from_str(text).map_err(|error| Error::unreadable("poller", error.to_string()))?;
        Ok(Self {
            delay: Duration::from_millis(saved.delay_ms),
            waited_before: Duration::from_millis(saved.waited_ms),
            failures: saved.failures,
            ..Self::new(session, saved.waiter, policy)
        })
    }
}
