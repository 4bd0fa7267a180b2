//! Looking at something again and again until it is decided.

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

/// Something that is looked at again until it is decided. It may switch what it reads, it has memory, and it
/// sees refusals: that an object is gone can be what was waited for.
pub trait Waiter {
    /// What one look reads.
    type Read: Operation;
    /// What there is in the end.
    type Output;

    /// The next look.
    fn read(&self) -> Self::Read;

    /// Judges what a look showed. An error that is handed back ends the wait, unless it is one that passes.
    ///
    /// `now` is when the look began: what it showed is at least as new, whereas the answer may have been long
    /// under way.
    ///
    /// # Errors
    /// The goal cannot be reached any more, or the look failed.
    fn evaluate(
        &mut self,
        seen: Result<<Self::Read as Operation>::Output>,
        now: Timestamp,
    ) -> Result<Progress<Self::Output>>;
}

/// What a caller cannot go below: a loop without rest would use up the tenant's limits for everybody.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// What the last look of a wait is given, however little time is left.
const LAST_POLL_TIMEOUT: Duration = Duration::from_secs(30);

/// What a look has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// Not decided. The time until the next look, where one is known.
    Pending(Option<Duration>),
    /// Decided.
    Ready(T),
}

/// How often to look and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollingPolicy {
    /// Pause after the first look; each later one is half as long again. 1 s unless set.
    pub initial_delay: Duration,
    /// Longest delay; 30 s unless set.
    pub max_delay: Duration,
    /// The whole wait; two hours unless set.
    pub timeout: Duration,
    /// Looks that may fail one after the other, for reasons that pass; 10 unless set.
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
    /// Pauses from `first` up to `longest`; none is shorter than 100 ms.
    pub fn new(initial_delay: Duration, max_delay: Duration) -> Self {
        Self { initial_delay, max_delay, ..Self::default() }
    }

    /// Gives up after this time.
    #[must_use]
    pub fn timeout(mut self, span: Duration) -> Self {
        self.timeout = span;
        self
    }

    /// Looks that may fail one after the other.
    #[must_use]
    pub fn max_failed_polls(mut self, polls: u32) -> Self {
        self.max_failed_polls = polls;
        self
    }
}

/// A [`Machine`] that takes one look each time it is driven, after the delay that is due.
///
/// The caller sees every status without a callback, and may keep the watch as text
/// ([`to_json`](Self::to_json)) for another process to take up.
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
    under_way: Option<(Timestamp, Call<A::Read>)>,
    over: bool,
}

impl<A: Waiter> Poller<A> {
    /// Nothing is read before it is driven.
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
            under_way: None,
            over: false,
        }
    }

    /// Sets the options of every read.
    #[must_use]
    pub fn with_options(mut self, options: &CallOptions) -> Self {
        self.options = options.clone();
        self
    }

    /// What is waiter, with what it remembers of the last look.
    pub fn waiter(&self) -> &A {
        &self.waiter
    }

    /// A machine that goes on until it is decided.
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
        let judged = self.waiter.evaluate(seen.map(Response::into_inner), began);
        let hint = match judged {
            Ok(Progress::Ready(ready)) => {
                self.over = true;
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
                self.over = true;
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
        if self.over {
            return Action::Done(Err(Error::failed("this watch is over: it was decided or has failed")));
        }
        self.started.get_or_insert(now);
        let (began, mut call) = match self.under_way.take() {
            Some(look) => look,
            None => {
                if let Some(next_poll) = self.next_poll.filter(|next_poll| now < *next_poll) {
                    return Action::Wait(next_poll);
                }
                if self.next_poll.is_some() && self.waited(now) >= self.policy.timeout {
                    self.over = true;
                    let what = "not decided within the time for the whole wait";
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
                self.under_way = Some((began, call));
                Action::Send(request, limits)
            }
            Action::Wait(until) => {
                self.under_way = Some((began, call));
                Action::Wait(until)
            }
            Action::Done(seen) => self.polled(seen, began, now),
        }
    }
}

/// A [`Poller`] that is driven to its decision in one go.
pub struct UntilDone<A: Waiter>(Poller<A>);

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
    /// The watch as JSON text, for another process. It holds no token.
    ///
    /// # Errors
    /// What is waiter cannot be written.
    pub fn to_json(&self, now: Timestamp) -> Result<String> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let saved = SavedPoller {
            waiter: &self.waiter,
            waited_ms: millis(self.waited(now)),
            delay_ms: millis(self.delay),
            failures: self.failures,
        };
        serde_json::to_string(&saved).map_err(|error| Error::invalid("watch", error.to_string()))
    }

    /// Takes up a watch that was saved. The time it has waited counts on; the next look is due at once.
    ///
    /// # Errors
    /// Text that [`to_json`](Self::to_json) did not write.
    pub fn from_json(session: &Session, text: &str, policy: PollingPolicy) -> Result<Self> {
        let saved: SavedPoller<A> =
            serde_json::from_str(text).map_err(|error| Error::unreadable("watch", error.to_string()))?;
        Ok(Self {
            delay: Duration::from_millis(saved.delay_ms),
            waited_before: Duration::from_millis(saved.waited_ms),
            failures: saved.failures,
            ..Self::new(session, saved.waiter, policy)
        })
    }
}
