//! One operation sent until it is decided: sign-in, gates, repeats, deadline.
//!
//! ```text
//!            ┌────────────── wait: gate, back-off, somebody else's sign-in ◀──┐
//!            ▼                                                                │
//!   start ─▶ ready ──── token in hand, gate open ──▶ sent ── key table ───────┤
//!            │  ▲                                     │ └─ 401: fresh token ──┘
//!            ▼  │                                     ▼
//!          signing in                               done
//! ```
//!
//! It is not generic, so it is compiled and tested once; what depends on the operation comes in as a function
//! that makes the request.

pub(crate) mod envelope;
mod failure;
mod key;
mod responses;
pub(crate) mod retry;
mod token_request;

use std::mem;
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;

use self::key::IdempotencyKey;
use self::token_request::describe;
use crate::error::{Cause, Error, Outcome, Result};
use crate::exchange::retry::RetryState;
use crate::machine::{Action, Event};
use crate::operation::{Effect, Quota, ResponseFormat, Spec};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::session::config::AbandonedWrite;
use crate::session::config::Timing;
use crate::session::headers;
use crate::session::headers::{CommonHeaders, RequestHeaders};
use crate::session::permit::{Admission, Lease, Permit};
use crate::session::token::{TokenErrorKind, TokenFailure};
use crate::transport::{HttpRequest, HttpResponse, Limits, Timestamp, TransportError};

/// First pause of a call that waits for another one; it doubles up to [`MAX_POLL_DELAY`].
const INITIAL_POLL_DELAY: Duration = Duration::from_millis(5);
const MAX_POLL_DELAY: Duration = Duration::from_millis(100);
/// Longest attempt at a sign-in.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// What a lease outlives the attempt that it is held for.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// One operation on its way.
#[derive(Debug)]
pub(crate) struct Exchange {
    session: Session,
    name: &'static str,
    effect: Effect,
    format: ResponseFormat,
    quota: Quota,
    timing: Timing,
    common: CommonHeaders,
    state: State,
    started: Option<Timestamp>,
    waited: Duration,
    poll_delay: Duration,
    waiting_on: Option<u64>,
    attempts: u32,
    key: IdempotencyKey,
    retry_state: RetryState,
    seen_ids: Vec<Box<str>>,
    unknown_since: Option<Timestamp>,
    /// What became of it, once it is over.
    outcome: Option<Outcome>,
    /// Of a write that somebody wants to hear of when it is abandoned.
    path: String,
}

#[derive(Debug)]
enum State {
    /// Nothing is under way; not to go on before this time.
    Ready {
        not_before: Timestamp,
    },
    SigningIn {
        lease: Lease,
        tries: u32,
        step: SignInStep,
    },
    Sent {
        generation: u64,
        at: Timestamp,
        #[allow(dead_code)]
        permit: Permit,
    },
    Over,
}

#[derive(Clone, Copy, Debug)]
enum SignInStep {
    Pausing { until: Timestamp },
    Sent { at: Timestamp },
}

/// An answer that the caller gets, inflated.
pub(crate) struct Accepted {
    pub(crate) response: HttpResponse,
    pub(crate) attempts: u32,
}

/// Makes the operation's own request.
pub(crate) type MakeRequest<'a> = &'a dyn Fn() -> Result<HttpRequest>;

impl Exchange {
    /// # Errors
    /// A header that cannot be sent, or a key for an operation that takes none.
    pub(crate) fn new(session: &Session, spec: &Spec, options: &CallOptions) -> Result<Self> {
        if let Some(key) = &options.idempotency_key {
            headers::callers_key(key).map_err(|error| error.of(spec.name))?;
            if spec.effect != Effect::Keyed {
                let why = "is taken by POST operations only: the service is_error it on GET, PUT and DELETE";
                return Err(Error::invalid("Idempotency-Key", why).of(spec.name));
            }
        }
        Ok(Self {
            session: session.clone(),
            name: spec.name,
            effect: spec.effect,
            format: spec.format,
            quota: spec.quota,
            timing: session.timing().with(options),
            common: CommonHeaders::check(&options.headers).map_err(|error| error.of(spec.name))?,
            state: State::Ready { not_before: Timestamp::default() },
            started: None,
            waited: Duration::ZERO,
            poll_delay: INITIAL_POLL_DELAY,
            waiting_on: None,
            attempts: 0,
            key: IdempotencyKey::new(options.idempotency_key.clone()),
            retry_state: RetryState { uncertain: options.unknown_since.is_some(), ..RetryState::default() },
            seen_ids: Vec::new(),
            unknown_since: options.unknown_since,
            outcome: None,
            path: String::new(),
        })
    }

    pub(crate) fn step(&mut self, event: Event, now: Timestamp, make: MakeRequest<'_>) -> Action<Accepted> {
        self.started.get_or_insert(now);
        match (mem::replace(&mut self.state, State::Over), event) {
            (State::Ready { not_before }, Event::Tick) if now < not_before => {
                self.state = State::Ready { not_before };
                Action::Wait(not_before)
            }
            (State::Ready { .. }, Event::Tick) => self.proceed(now, make),
            (State::SigningIn { lease, tries, step: SignInStep::Pausing { until } }, Event::Tick) => {
                if now < until {
                    self.state = State::SigningIn { lease, tries, step: SignInStep::Pausing { until } };
                    return Action::Wait(until);
                }
                self.sign_in(lease, tries, now)
            }
            (State::SigningIn { lease, tries, step: SignInStep::Sent { at } }, Event::Response(answer)) => {
                self.signed_in(lease, tries, at, answer, now, make)
            }
            (State::SigningIn { .. }, Event::Failure(failure @ TransportError::Unusable(_))) => {
                self.fail(Cause::Transport(failure).into())
            }
            (State::SigningIn { lease, tries, step: SignInStep::Sent { .. } }, Event::Failure(failure)) => {
                let trouble = TokenErrorKind::Unavailable(describe(&failure));
                self.sign_in_again(lease, tries, TokenFailure::new(trouble), now, make)
            }
            (State::Sent { generation, at, permit }, Event::Response(answer)) => {
                drop(permit);
                self.answered(answer, generation, at, now)
            }
            (State::Sent { at, permit, .. }, Event::Failure(failure)) => {
                drop(permit);
                self.failed(failure, at, now)
            }
            (State::Sent { at, .. }, Event::Tick) => {
                self.retry_state.uncertain = true;
                self.unknown_since = Some(at);
                self.fail(Error::failed("stepped out of turn: a request is in flight"))
            }
            _ => self.fail(Error::failed("stepped out of turn")),
        }
    }

    /// Goes as far as it can without an answer.
    fn proceed(&mut self, now: Timestamp, make: MakeRequest<'_>) -> Action<Accepted> {
        if now >= self.deadline() {
            return self.timed_out();
        }
        // Made before it is let in: one that cannot be sent costs no sign-in and no place in flight.
        let mut request = match make() {
            Ok(request) => request,
            Err(error) => return self.fail(error),
        };
        if self.effect != Effect::Read && self.session.is_observed() && self.path.is_empty() {
            self.path = request.uri().to_string();
        }
        if let Err(error) = self.dress(&mut request, None) {
            return self.fail(error);
        }
        match self.session.admit(self.quota, now, self.waiting_on) {
            Admission::Go { authorization, generation, permit } => {
                self.send(request, authorization, generation, permit, now)
            }
            Admission::SignIn(lease) => self.sign_in(lease, 0, now),
            Admission::Leased(lease) => {
                self.waiting_on = Some(lease);
                self.poll_again(now)
            }
            Admission::AtConcurrencyLimit => self.poll_again(now),
            Admission::Failed(failure) => self.no_access(&failure),
            Admission::Wait { until, why } => self.pause(until, why, now),
        }
    }

    fn send(
        &mut self,
        mut request: HttpRequest,
        authorization: HeaderValue,
        generation: u64,
        permit: Permit,
        now: Timestamp,
    ) -> Action<Accepted> {
        request.headers_mut().insert(AUTHORIZATION, authorization);
        self.attempts += 1;
        self.poll_delay = INITIAL_POLL_DELAY;
        self.state = State::Sent { generation, at: now, permit };
        Action::Send(request, self.limits(self.timing.attempt, now))
    }

    /// Makes the request what goes out.
    pub(crate) fn dress(
        &mut self,
        request: &mut HttpRequest,
        authorization: Option<HeaderValue>,
    ) -> Result<()> {
        let idempotency_key = match self.effect {
            Effect::Keyed => Some(self.key.value(&self.session)?),
            _ => None,
        };
        RequestHeaders {
            base: self.session.base(),
            user_agent: self.session.user_agent(),
            session: self.session.common(),
            call: &self.common,
            authorization,
            idempotency_key,
        }
        .apply(request)
    }

    fn limits(&self, most: Duration, now: Timestamp) -> Limits {
        Limits::new(most.min(now.until(self.deadline())), self.session.max_body())
    }

    fn deadline(&self) -> Timestamp {
        self.started.unwrap_or_default() + self.timing.deadline
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let unknown = match &self.state {
            State::Sent { .. } => true,
            State::Ready { .. } | State::SigningIn { .. } => self.retry_state.uncertain,
            State::Over => false,
        };
        if unknown && self.effect != Effect::Read && self.session.is_observed() {
            self.session.abandon(&AbandonedWrite {
                operation: self.name,
                path: mem::take(&mut self.path),
                effect: self.effect,
                idempotency_key: self.key_text(),
                track_id: self.track_id().map(str::to_owned),
            });
        }
    }
}
