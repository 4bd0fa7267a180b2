//! Looking at something again and again until it is decided.

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
/// A waiter has memory, may change what it reads from poll to poll, and sees rejections too: an object that no longer
/// exists can meet the condition.
///
/// ```
/// use zuora_core::invoices::{GetInvoice, Invoice};
/// use zuora_core::polling::{PollingPolicy, Progress, Waiter};
/// use zuora_core::transport::Timestamp;
/// use zuora_core::{Error, Result};
///
/// /// Waits until an invoice is paid.
/// struct Paid(&'static str);
///
/// impl Waiter for Paid {
///     type Read = GetInvoice;
///     type Output = Invoice;
///
///     fn read(&self) -> GetInvoice {
///         GetInvoice::new(self.0)
///     }
///
///     fn evaluate(&mut self, seen: Result<Invoice>, _now: Timestamp) -> Result<Progress<Invoice>> {
///         let invoice = seen?; // an error that may pass does not end the wait
///         match invoice.balance.as_ref() {
///             Some(balance) if balance.is_zero() => Ok(Progress::Ready(invoice)),
///             Some(_) => Ok(Progress::Pending(None)),
///             None => Err(Error::unreadable("balance", "is missing")),
///         }
///     }
/// }
/// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
/// # let polls = std::cell::Cell::new(0);
/// # let transport = FakeTransport::new(|_| {
/// #     let balance = if polls.replace(polls.get() + 1) == 0 { "12.50" } else { "0" };
/// #     Ok(FakeTransport::json(200, format!(r#"{{"success":true,"id":"8a1","balance":{balance}}}"#)))
/// # });
/// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
///
/// let invoice = client.wait(Paid("INV00000155"), PollingPolicy::default())?;
/// # assert_eq!((invoice.balance()?.to_string(), polls.get()), ("0".to_owned(), 2));
/// # Ok::<(), Error>(())
/// ```
pub trait Waiter {
    /// Operation of a poll.
    type Read: Operation;
    /// Output of the wait.
    type Output;

    /// Returns the operation of the next poll.
    fn read(&self) -> Self::Read;

    /// Returns the output of a wait that is decided without any poll. `None` unless implemented.
    fn decided(&mut self) -> Option<Self::Output> {
        None
    }

    /// Returns the settings of the next poll, by default those of the wait.
    ///
    /// # Errors
    /// The session cannot read the object.
    fn options(&self, session: &Session, options: &CallOptions) -> Result<CallOptions> {
        let _ = session;
        Ok(options.clone())
    }

    /// Ends a wait that was not decided, after `waited`: the time is over, or the reads fail. Returns `error` unless
    /// implemented.
    ///
    /// # Errors
    /// `error`, or one that says more.
    fn undecided(&mut self, error: Error, waited: Duration) -> Result<Self::Output> {
        let _ = waited;
        Err(error)
    }

    /// Evaluates the result of a poll. A returned error ends the wait, unless the error is temporary.
    ///
    /// `now` is the start of the poll. The object was read at this time or later, although the response may have
    /// arrived much later.
    ///
    /// # Errors
    /// The goal can no longer be reached, or the poll failed.
    fn evaluate(
        &mut self,
        seen: Result<<Self::Read as Operation>::Output>,
        now: Timestamp,
    ) -> Result<Progress<Self::Output>>;
}

/// Shortest delay, whatever the policy: a loop without rest would use up the limits of the whole tenant.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// Time for the first poll of a wait that has less.
const FIRST_POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// Result of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// Not decided. Contains the time until the next poll, if it is known.
    Pending(Option<Duration>),
    /// The poll needs one more read, such as the next page, which is sent without a pause. A [`Poller`] never returns
    /// this value.
    Incomplete,
    /// Decided.
    Ready(T),
}

/// The delays between polls, and the time for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollingPolicy {
    /// Delay after the first poll. Each later delay is longer by a half. Default: 1 s.
    pub initial_delay: Duration,
    /// Longest delay. Default: 30 s.
    pub max_delay: Duration,
    /// Time limit of the whole wait. Default: two hours.
    pub timeout: Duration,
    /// Number of polls in succession that may fail for causes that may pass. Default: 10.
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
    /// Creates a policy with delays from `initial_delay` up to `max_delay`. No delay is shorter than 100 ms.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zuora_core::polling::PollingPolicy;
    ///
    /// let policy = PollingPolicy::new(Duration::from_secs(5), Duration::from_secs(60))
    ///     .timeout(Duration::from_secs(6 * 60 * 60))
    ///     .max_failed_polls(30);
    /// # let _ = policy;
    /// ```
    pub fn new(initial_delay: Duration, max_delay: Duration) -> Self {
        Self { initial_delay, max_delay, ..Self::default() }
    }

    /// Sets the time limit of the whole wait. Default: two hours.
    #[must_use]
    pub fn timeout(mut self, span: Duration) -> Self {
        self.timeout = span;
        self
    }

    /// Sets the number of polls in succession that may fail for causes that may pass. Default: 10.
    #[must_use]
    pub fn max_failed_polls(mut self, polls: u32) -> Self {
        self.max_failed_polls = polls;
        self
    }
}

/// A [`Machine`] that polls once each time it is driven, after the delay that is due.
///
/// The caller sees every status without a callback, and can save the poller as text with [`to_json`](Self::to_json),
/// for another process to resume.
///
/// ```
/// use zuora_core::bill_runs::{BillRunGoal, BillRunWaiter};
/// use zuora_core::polling::{Poller, PollingPolicy, Progress};
/// use zuora_core::transport::Transport;
/// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
/// # let polls = std::cell::Cell::new(0);
/// # let transport = FakeTransport::new(|_| {
/// #     let status = if polls.replace(polls.get() + 1) == 0 { "Processing" } else { "Completed" };
/// #     Ok(FakeTransport::json(200, format!(r#"{{"success":true,"id":"2c98","status":"{status}"}}"#)))
/// # });
/// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
///
/// let waiter = BillRunWaiter::new("2c9890077e8a8490017e8bf3a5171a43", BillRunGoal::Completed);
/// let mut poller = Poller::new(client.session(), waiter, PollingPolicy::default());
/// assert!(matches!(client.drive(&mut poller)?, Progress::Pending(_)));
/// let text = poller.to_json(client.transport().now())?;
///
/// // Later, perhaps in another process:
/// let poller = Poller::<BillRunWaiter>::from_json(client.session(), &text, PollingPolicy::default())?;
/// let run = client.drive(poller.until_done())?;
/// assert_eq!(run.status()?.as_str(), "Completed");
/// # Ok::<(), zuora_core::Error>(())
/// ```
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
    /// Creates a poller. Nothing is read before the poller is driven.
    pub fn new(session: &Session, waiter: A, policy: PollingPolicy) -> Self {
        Self::with_options(session, waiter, policy, &CallOptions::default())
    }

    /// Creates a poller with settings for the call of each poll.
    pub fn with_options(session: &Session, waiter: A, policy: PollingPolicy, options: &CallOptions) -> Self {
        Self {
            session: session.clone(),
            options: options.clone(),
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

    /// Sets the settings for the call of each poll. A poller that was kept as JSON has none.
    #[must_use]
    pub fn options(mut self, options: &CallOptions) -> Self {
        self.options = options.clone();
        self
    }

    /// Returns the waiter, with its memory of the last poll.
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

    /// Evaluates a read. Returns `None` if the poll needs another read.
    fn polled(
        &mut self,
        seen: Result<Response<<A::Read as Operation>::Output>>,
        began: Timestamp,
        now: Timestamp,
    ) -> Option<Action<Progress<A::Output>>> {
        let failed = seen.is_err();
        let evaluated = self.waiter.evaluate(seen.map(Response::into_inner), began);
        let hint = match evaluated {
            Ok(Progress::Ready(ready)) => {
                self.over = true;
                return Some(Action::Done(Ok(Progress::Ready(ready))));
            }
            Ok(Progress::Incomplete) => return None,
            Ok(Progress::Pending(hint)) => {
                self.failures = if failed { self.failures.saturating_add(1) } else { 0 };
                hint
            }
            Err(_) if failed && self.waited(now) >= self.policy.timeout => return Some(self.timed_out(now)),
            Err(error) if failed && error.is_retryable() && self.failures < self.policy.max_failed_polls => {
                self.failures += 1;
                error.retry_after()
            }
            Err(error) => return Some(self.end(error, now)),
        };
        let delay = self.delay.max(hint.unwrap_or_default()).max(MIN_DELAY);
        self.delay =
            self.delay.saturating_mul(3).checked_div(2).unwrap_or(self.delay).min(self.policy.max_delay);
        let left = self.policy.timeout.saturating_sub(self.waited(now));
        let delay = delay.min(left);
        self.next_poll = Some(now + delay);
        Some(Action::Done(Ok(Progress::Pending(Some(delay)))))
    }

    /// Ends a wait that is not continued as if its time were over.
    pub(crate) fn give_up(&mut self, now: Timestamp) -> Result<Progress<A::Output>> {
        match self.timed_out(now) {
            Action::Done(progress) => progress,
            _ => Err(Error::failed("stepped out of turn")),
        }
    }

    fn timed_out(&mut self, now: Timestamp) -> Action<Progress<A::Output>> {
        let what = format!("not decided within the {} s of the whole wait", self.policy.timeout.as_secs());
        self.end(Error::from(Cause::Timeout { what: what.into() }).with_unknown_outcome(), now)
    }

    fn end(&mut self, error: Error, now: Timestamp) -> Action<Progress<A::Output>> {
        self.over = true;
        Action::Done(self.waiter.undecided(error, self.waited(now)).map(Progress::Ready))
    }

    /// Begins the next read. No read lasts longer than what is left of the wait.
    fn begin(&mut self, now: Timestamp) -> Result<Call<A::Read>> {
        let left = self.policy.timeout.saturating_sub(self.waited(now));
        let left = if self.next_poll.is_none() { left.max(FIRST_POLL_TIMEOUT) } else { left };
        let options = self.waiter.options(&self.session, &self.options)?;
        let span = self.session.timing().with(&options).timeout.min(left);
        Ok(Call::with_options(&self.session, self.waiter.read(), &options.timeout(span)))
    }
}

impl<A: Waiter> Machine for Poller<A> {
    type Output = Progress<A::Output>;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Self::Output> {
        if self.over {
            return Action::Done(Err(Error::failed("the poller is over: it was decided or has failed")));
        }
        if self.started.is_none() {
            self.started = Some(now);
            if let Some(decided) = self.waiter.decided() {
                self.over = true;
                return Action::Done(Ok(Progress::Ready(decided)));
            }
        }
        loop {
            let (began, mut call) = match self.under_way.take() {
                Some(read) => read,
                None => {
                    if let Some(next_poll) = self.next_poll.filter(|next_poll| now < *next_poll) {
                        return Action::Wait(next_poll);
                    }
                    if self.next_poll.is_some() && self.waited(now) >= self.policy.timeout {
                        return self.timed_out(now);
                    }
                    match self.begin(now) {
                        Ok(call) => (now, call),
                        Err(error) => {
                            self.over = true;
                            return Action::Done(Err(error));
                        }
                    }
                }
            };
            match call.step(event, now) {
                Action::Send(request, limits) => {
                    self.under_way = Some((began, call));
                    return Action::Send(request, limits);
                }
                Action::Wait(until) => {
                    self.under_way = Some((began, call));
                    return Action::Wait(until);
                }
                Action::Done(seen) => match self.polled(seen, began, now) {
                    Some(action) => return action,
                    // The rest of the poll is read at once, and within the wait.
                    None => (event, self.next_poll) = (Event::Tick, Some(now)),
                },
            }
        }
    }
}

/// A [`Poller`] that is driven to its decision in one go.
pub struct UntilDone<A: Waiter>(Poller<A>);

impl<A: Waiter + fmt::Debug> fmt::Debug for Poller<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("waiter", &self.waiter)
            .field("policy", &self.policy)
            .field("failures", &self.failures)
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
                Action::Done(Ok(Progress::Pending(_) | Progress::Incomplete)) => return Action::Wait(now),
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
    /// Returns the poller as JSON text, for another process. The text contains no token.
    ///
    /// # Errors
    /// The waiter cannot be written as JSON.
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

    /// Restores a poller that was saved. The time that it had waited counts, and the next poll is due at once.
    ///
    /// # Errors
    /// The text was not written by [`to_json`](Self::to_json).
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
