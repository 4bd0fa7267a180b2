//! One request, sent until it is decided: token, limits, retries, timeout.
//!
//! ```text
//!            ┌──────── wait: rate limit, back-off, another call's token request ◀──┐
//!            ▼                                                                     │
//!   start ─▶ ready ──── token available, limiter admits ──▶ sent ── retry table ───┤
//!            │  ▲                                            │ └─ 401: new token ──┘
//!            ▼  │                                            ▼
//!      token request                                       done
//! ```
//!
//! The exchange is not generic, so it is compiled and tested once. [`retry`] decides, [`attempt`] applies the
//! decision, and [`finish`] ends the call; [`token_request`] is a machine of its own.

mod attempt;
mod budget;
mod deflate;
pub(crate) mod envelope_reader;
mod finish;
mod inflate;
pub(crate) mod key;
mod observed;
mod prepared_request;
pub(crate) mod retry;
pub(crate) mod success_flag;
mod token_request;

use std::mem;
use std::time::Duration;

use http::{HeaderValue, Uri};

use self::budget::Budget;
use self::key::IdempotencyKey;
use self::observed::ObservedCall;
use self::prepared_request::{PreparedRequest, prepare};
use self::retry::RetryState;
use self::token_request::{TokenOutcome, TokenRequest};
use crate::error::{Cause, Context, Error, Outcome, Result};
use crate::machine::{Action, Event};
use crate::operation::{Effect, Quota, ResponseFormat, Spec};
use crate::session::Session;
use crate::session::call_options::{CallHeaders, CallOptions, RetryOf};
use crate::session::config::Timing;
use crate::session::headers::CommonHeaders;
use crate::session::observer::{CallEventKind, WaitReason};
use crate::session::permit::{Admission, Permit};
use crate::transport::{HttpRequest, HttpResponse, Limits, Timestamp};
use crate::types::Secret;

/// First delay of a call that waits for another call of the session; it doubles up to [`MAX_POLL_DELAY`].
const INITIAL_POLL_DELAY: Duration = Duration::from_millis(5);
const MAX_POLL_DELAY: Duration = Duration::from_millis(100);

/// A request on its way to being decided.
#[derive(Debug)]
pub(crate) struct Exchange {
    session: Session,
    operation: &'static str,
    /// Path of the operation, with its parameters.
    path: &'static str,
    effect: Effect,
    format: ResponseFormat,
    quota: Quota,
    /// The session's, unless the call has others. Boxed, since an exchange is moved and few calls have others.
    timing: Option<Box<Timing>>,
    headers: Option<Box<CallHeaders>>,
    /// Built once; every attempt is sent from here.
    request: PreparedRequest,
    state: State,
    budget: Budget,
    poll_delay: Duration,
    /// The lease of another call whose token request this call waits for.
    waiting_on: Option<u64>,
    attempts: u32,
    key: IdempotencyKey,
    /// Time at which the key was first sent, by this call or by the one that it retries.
    key_since: Option<Timestamp>,
    retry_state: RetryState,
    seen_ids: Vec<Box<str>>,
    /// Time at which the last attempt with an unknown outcome failed.
    unknown_since: Option<Timestamp>,
    /// No attempt is sent at this time or later: the end of a lease, or of the day of a key.
    pub(crate) send_before: Option<Timestamp>,
    /// Whether the service may have changed some objects and not others.
    has_rows: bool,
    /// Set once the exchange is over.
    outcome: Option<Outcome>,
    /// `None` unless the session has an observer.
    observed: Option<Box<ObservedCall>>,
}

#[derive(Debug)]
enum State {
    /// Nothing is in flight.
    Ready {
        not_before: Timestamp,
    },
    /// Boxed, since it is large and rare.
    RequestingToken(Box<TokenRequest>),
    Sent(InFlight),
    Over,
}

/// An attempt whose result is not known yet.
#[derive(Debug)]
struct InFlight {
    /// The generation of the session's token, unless the attempt has the token of the call.
    generation: Option<u64>,
    permit: Permit,
}

impl InFlight {
    /// Frees the place in flight, and returns the generation of the attempt's token and the round of its permit.
    fn end(self) -> (Option<u64>, u32) {
        (self.generation, self.permit.release())
    }
}

/// A response that the caller gets, decompressed.
pub(crate) struct Accepted {
    pub(crate) response: HttpResponse,
    pub(crate) attempts: u32,
}

impl Exchange {
    /// Prepares a request to be sent.
    ///
    /// # Errors
    /// A request that a guard of the session forbids or that cannot be built, a header that cannot be sent, or a key for
    /// an operation that takes none.
    pub(crate) fn new(
        session: &Session,
        spec: &Spec,
        request: Result<HttpRequest>,
        options: &CallOptions,
    ) -> Result<Self> {
        Self::build(session, spec, request, options, true)
    }

    /// Creates an exchange whose request is built and never sent.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), apart from the guards.
    pub(crate) fn unguarded(
        session: &Session,
        spec: &Spec,
        request: Result<HttpRequest>,
        options: &CallOptions,
    ) -> Result<Self> {
        Self::build(session, spec, request, options, false)
    }

    // An exchange is large to move, so each error is described where it occurs and not in a result that is mapped.
    #[inline]
    fn build(
        session: &Session,
        spec: &Spec,
        request: Result<HttpRequest>,
        options: &CallOptions,
        is_guarded: bool,
    ) -> Result<Self> {
        let describe = |error: Error| not_built(error, spec, options);
        let headers = checked_headers(session, spec, options).map_err(describe)?;
        let mut request = request.map_err(describe)?;
        if is_guarded {
            session.check_guards(spec.effect, &request).map_err(describe)?;
        }
        let earlier = options.retry_of.as_ref();
        let is_in_doubt = earlier.is_some_and(|earlier| earlier.is_in_doubt);
        let timing = options.timing(session.timing());
        let gzip_from = options.gzip_requests_from.or(session.gzip_requests_from());
        let gzip_from = gzip_from.unwrap_or(deflate::default_size(spec.format));
        prepare(&mut request, session.base(), gzip_from).map_err(describe)?;
        Ok(Self {
            headers,
            request: PreparedRequest::new(request),
            session: session.clone(),
            operation: spec.name,
            path: spec.path,
            effect: spec.effect,
            format: spec.format,
            quota: spec.quota,
            state: State::Ready { not_before: Timestamp::default() },
            budget: Budget::new(timing.as_deref().unwrap_or(session.timing())),
            timing,
            poll_delay: INITIAL_POLL_DELAY,
            waiting_on: None,
            attempts: 0,
            key: IdempotencyKey::new(options.idempotency_key.clone()),
            key_since: earlier.and_then(|earlier| earlier.key_since),
            retry_state: RetryState {
                uncertain: is_in_doubt,
                key_failed: earlier.is_some_and(|earlier| earlier.key_failed),
                ..RetryState::default()
            },
            seen_ids: earlier.map(RetryOf::ids).unwrap_or_default(),
            unknown_since: earlier.and_then(|earlier| earlier.failed_at),
            send_before: options.send_before,
            has_rows: spec.has_rows,
            outcome: None,
            observed: None,
        })
    }

    /// Returns the absolute URI of the request.
    pub(crate) fn uri(&self) -> &Uri {
        self.request.get().uri()
    }

    pub(crate) fn step(&mut self, event: Event, now: Timestamp) -> Action<Accepted> {
        self.budget.start(now);
        self.observe_step(now);
        match (mem::replace(&mut self.state, State::Over), event) {
            (State::Ready { not_before }, Event::Tick) if now < not_before => {
                self.state = State::Ready { not_before };
                Action::Wait(not_before)
            }
            (State::Ready { .. }, Event::Tick) => self.proceed(now),
            (State::RequestingToken(token_request), event) => self.request_token(token_request, event, now),
            (State::Sent(in_flight), Event::Response(response)) => self.responded(response, in_flight, now),
            (State::Sent(in_flight), Event::Failure(failure)) => self.not_responded(failure, in_flight, now),
            (State::Sent(_), Event::Tick) => {
                self.retry_state.uncertain = true;
                self.unknown_since = Some(now);
                self.fail(Error::failed("stepped out of turn: a request is in flight"))
            }
            _ => self.fail(Error::failed("stepped out of turn")),
        }
    }

    /// Advances as far as possible without a response.
    fn proceed(&mut self, now: Timestamp) -> Action<Accepted> {
        if self.budget.is_used_up(now) || self.budget.left(now) < self.needed_time() {
            return self.timed_out();
        }
        if self.send_before.is_some_and(|time| now.has_reached(time)) {
            return self.fail(
                Cause::Timeout {
                    what: "not sent: the time in which this delivery may send has ended".into(),
                }
                .into(),
            );
        }
        if self.is_key_forgotten(now) {
            let what = "not sent again: the service may have forgotten the idempotency key, which was first sent a day ago";
            return self.fail(Error::failed(what));
        }
        let own_token = self.own_token().map(|(_, value)| value);
        match self.session.admit(self.quota, now, self.waiting_on, own_token) {
            Admission::Go { authorization, generation, permit } => {
                self.send(authorization, InFlight { generation, permit }, now)
            }
            Admission::RequestToken(lease) => {
                let token_request =
                    TokenRequest::new(&self.session, lease, self.common_headers(), *self.timing());
                self.request_token(Box::new(token_request), Event::Tick, now)
            }
            Admission::Leased(lease) => {
                self.waiting_on = Some(lease);
                self.poll_again(now)
            }
            Admission::AtConcurrencyLimit => self.poll_limiter(now),
            Admission::Failed(failure) => self.token_failed(&failure),
            Admission::Wait { until, spread } => self.wait(until, spread, WaitReason::RateLimit, now),
        }
    }

    fn request_token(
        &mut self,
        mut token_request: Box<TokenRequest>,
        event: Event,
        now: Timestamp,
    ) -> Action<Accepted> {
        match token_request.step(event, now, &mut self.budget) {
            Action::Done(Ok(TokenOutcome::Proceed)) => self.proceed(now),
            Action::Done(Ok(TokenOutcome::Failed(failure))) => self.token_failed(&failure),
            Action::Done(Ok(TokenOutcome::TooLong { why, delay })) => self.throttled(why, delay),
            Action::Done(Ok(TokenOutcome::TimedOut)) => self.timed_out(),
            Action::Done(Err(error)) => self.fail(error),
            Action::Send(request, limits) => {
                self.report(|_| CallEventKind::TokenRequested { attempt: token_request.attempts });
                self.state = State::RequestingToken(token_request);
                Action::Send(request, limits)
            }
            Action::Wait(until) => {
                self.report_wait(WaitReason::TokenRequest, until);
                self.state = State::RequestingToken(token_request);
                Action::Wait(until)
            }
        }
    }

    fn send(&mut self, authorization: HeaderValue, in_flight: InFlight, now: Timestamp) -> Action<Accepted> {
        let key = match self.key() {
            Ok(key) => key,
            Err(error) => return self.fail(error),
        };
        let timeout = self.budget.attempt_timeout(self.timing().attempt, now);
        let limits = Limits::new(timeout, self.session.max_body());
        self.attempts = self.attempts.saturating_add(1);
        self.key_since.get_or_insert(now);
        self.report_attempt(self.request.get().body().len(), timeout);
        self.poll_delay = INITIAL_POLL_DELAY;
        self.state = State::Sent(in_flight);
        Action::Send(self.next_request(authorization, key), limits)
    }

    fn timing(&self) -> &Timing {
        self.timing.as_deref().unwrap_or(self.session.timing())
    }

    /// Returns the headers that the call sets itself.
    fn common_headers(&self) -> Option<&CommonHeaders> {
        self.headers.as_ref().map(|headers| &headers.common)
    }

    /// Returns the token that the call has instead of that of the session, with its header.
    fn own_token(&self) -> Option<&(Secret, HeaderValue)> {
        self.headers.as_ref()?.token.as_ref()
    }

    /// Returns the secrets that only the call has.
    fn own_secrets(&self) -> Vec<Secret> {
        self.headers.as_ref().map(|headers| headers.secrets()).unwrap_or_default()
    }

    /// Whether the key no longer protects from a second effect of an attempt whose outcome is unknown.
    fn is_key_forgotten(&self, now: Timestamp) -> bool {
        self.effect == Effect::Keyed
            && self.retry_state.uncertain
            && self.key_since.is_some_and(|first| key::may_be_forgotten(first, now))
    }

    /// Returns the request of the next attempt, with all headers.
    ///
    /// # Errors
    /// A key that has grown too long.
    pub(crate) fn outgoing(&mut self, authorization: HeaderValue) -> Result<HttpRequest> {
        let key = self.key()?;
        Ok(self.next_request(authorization, key))
    }

    /// Returns the idempotency key of the next attempt.
    fn key(&mut self) -> Result<Option<HeaderValue>> {
        match self.effect {
            Effect::Keyed => self.key.value(&self.session).map(Some),
            _ => Ok(None),
        }
    }

    #[inline]
    fn next_request(&self, authorization: HeaderValue, key: Option<HeaderValue>) -> HttpRequest {
        let headers = self.session.request_headers(self.common_headers());
        self.request.next(headers, authorization, key)
    }
}

/// Checks the options of a call, and returns its headers.
fn checked_headers(
    session: &Session,
    spec: &Spec,
    options: &CallOptions,
) -> Result<Option<Box<CallHeaders>>> {
    if let Some(text) = &options.idempotency_key {
        key::check(text)?;
        if spec.effect != Effect::Keyed {
            let why = "applies to POST operations only: the service rejects it on GET, PUT and DELETE";
            return Err(Error::invalid("Idempotency-Key", why));
        }
    }
    let earlier = options.retry_of.as_ref().filter(|earlier| earlier.is_in_doubt);
    if let Some(key) = earlier.and_then(|earlier| earlier.key.as_deref()) {
        if spec.effect == Effect::Keyed && options.idempotency_key.as_deref() != Some(key) {
            let why = "must be the key of the call that is retried: its outcome is unknown, and another key could \
                       apply the operation twice";
            return Err(Error::invalid("Idempotency-Key", why));
        }
    }
    let headers = CallHeaders::check(options)?;
    let Some(earlier) = earlier else {
        return Ok(headers);
    };
    if spec.effect == Effect::Unkeyed {
        return Err(unsafe_retry(earlier.failed_at));
    }
    let own = session.scope_of(headers.as_ref().map(|headers| &headers.common));
    let difference = earlier.scope.as_ref().and_then(|scope| own.difference(scope));
    match difference {
        Some(other) if spec.effect != Effect::Read => {
            let why = format!(
                "must be that of the call that is retried, whose idempotency key counts in another {other}"
            );
            Err(Error::invalid("scope", why))
        }
        _ => Ok(headers),
    }
}

/// Describes why there is no exchange. That nothing is sent says nothing about an earlier call.
#[cold]
fn not_built(error: Error, spec: &Spec, options: &CallOptions) -> Error {
    let error = error.in_operation(spec.name);
    match &options.retry_of {
        Some(earlier) if earlier.is_in_doubt && spec.effect != Effect::Read => {
            error.in_doubt(earlier.context(earlier.key.as_deref().or(options.idempotency_key.as_deref())))
        }
        _ => error,
    }
}

/// Returns the error of a PUT or DELETE that would be sent although an earlier attempt may have been applied.
fn unsafe_retry(failed_at: Option<Timestamp>) -> Error {
    let what = "not sent again: the outcome of an earlier attempt is unknown, and a PUT or DELETE has no idempotency key";
    Error::failed(what).with_context(Context { outcome: Outcome::Unknown, failed_at, ..Context::default() })
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.is_observed_to_run() {
            self.report_drop();
        }
    }
}
