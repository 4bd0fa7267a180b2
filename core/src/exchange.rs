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

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::auth::{SignInFailure, SignInTrouble};
use crate::config::{CallOptions, Timing};
use crate::envelope::{self, Envelope, Spoiled};
use crate::error::{Category, Cause, Circumstances, Error, Outcome, Reason, Result};
use crate::gate::Refill;
use crate::headers::{self, Common, Dress, REQUEST_ID};
use crate::machine::{Action, Event};
use crate::operation::{Effect, Media, Operation as _, Quota, Spec};
use crate::retry::{self, CameBack, Decision, Key, Past};
use crate::session::{Abandoned, Admission, Lease, Pause, Permit, Session};
use crate::transport::{Limits, Now, Request, Response, TransportError};

/// First pause of a call that waits for another one; it doubles up to [`LONGEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_LOOK: Duration = Duration::from_millis(100);
/// Longest attempt at a sign-in.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(30);
/// What a lease outlives the attempt that it is held for.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// One operation on its way.
#[derive(Debug)]
pub(crate) struct Exchange {
    session: Session,
    name: &'static str,
    effect: Effect,
    media: Media,
    quota: Quota,
    timing: Timing,
    common: Common,
    callers_key: Option<String>,
    state: State,
    started: Option<Now>,
    waited: Duration,
    look: Duration,
    waiting_on: Option<u64>,
    attempts: u32,
    key: Option<String>,
    key_turn: u32,
    past: Past,
    seen_ids: Vec<Box<str>>,
    unknown_since: Option<Now>,
    path: String,
}

#[derive(Debug)]
enum State {
    /// Nothing is under way; not to go on before this time.
    Ready {
        not_before: Now,
    },
    SigningIn {
        lease: Lease,
        tries: u32,
        step: SignInStep,
    },
    Sent {
        generation: u64,
        at: Now,
        #[allow(dead_code)]
        permit: Permit,
    },
    Over,
}

#[derive(Clone, Copy, Debug)]
enum SignInStep {
    Pausing { until: Now },
    Sent { at: Now },
}

/// An answer that the caller gets, inflated.
pub(crate) struct Accepted {
    pub(crate) response: Response,
    pub(crate) attempts: u32,
}

/// Makes the operation's own request.
pub(crate) type MakeRequest<'a> = &'a dyn Fn() -> Result<Request>;

impl Exchange {
    /// # Errors
    /// A header that cannot be sent, or a key for an operation that takes none.
    pub(crate) fn new(session: &Session, spec: &Spec, options: &CallOptions) -> Result<Self> {
        if let Some(key) = &options.idempotency_key {
            headers::callers_key(key).map_err(|error| error.of(spec.name))?;
            if spec.effect != Effect::Keyed {
                let why = "is taken by POST operations only: the service refuses it on GET, PUT and DELETE";
                return Err(Error::invalid("Idempotency-Key", why).of(spec.name));
            }
        }
        Ok(Self {
            session: session.clone(),
            name: spec.name,
            effect: spec.effect,
            media: spec.answer,
            quota: spec.quota,
            timing: session.timing().with(options),
            common: Common::check(&options.headers).map_err(|error| error.of(spec.name))?,
            callers_key: options.idempotency_key.clone(),
            state: State::Ready { not_before: Now::default() },
            started: None,
            waited: Duration::ZERO,
            look: FIRST_LOOK,
            waiting_on: None,
            attempts: 0,
            key: None,
            key_turn: 0,
            past: Past::default(),
            seen_ids: Vec::new(),
            unknown_since: None,
            path: String::new(),
        })
    }

    pub(crate) fn step(&mut self, event: Event, now: Now, make: MakeRequest<'_>) -> Action<Accepted> {
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
            (State::SigningIn { lease, tries, step: SignInStep::Sent { at } }, Event::Answer(answer)) => {
                self.signed_in(lease, tries, at, answer, now, make)
            }
            (State::SigningIn { .. }, Event::Failure(failure @ TransportError::Unusable(_))) => {
                self.stop(Cause::Transport(failure).into())
            }
            (State::SigningIn { lease, tries, step: SignInStep::Sent { .. } }, Event::Failure(failure)) => {
                let trouble = SignInTrouble::Unavailable(describe(&failure));
                self.sign_in_again(lease, tries, SignInFailure::new(trouble), now, make)
            }
            (State::Sent { generation, at, permit }, Event::Answer(answer)) => {
                drop(permit);
                self.answered(answer, generation, at, now)
            }
            (State::Sent { at, permit, .. }, Event::Failure(failure)) => {
                drop(permit);
                self.failed(failure, at, now)
            }
            (State::Sent { at, .. }, Event::Tick) => {
                self.past.uncertain = true;
                self.unknown_since = Some(at);
                self.stop(Error::failed("stepped out of turn: a request is in flight"))
            }
            _ => self.stop(Error::failed("stepped out of turn")),
        }
    }

    /// Goes as far as it can without an answer.
    fn proceed(&mut self, now: Now, make: MakeRequest<'_>) -> Action<Accepted> {
        if now >= self.deadline() {
            return self.out_of_time();
        }
        match self.session.admit(self.quota, now, self.waiting_on) {
            Admission::Go { authorization, generation, permit } => {
                self.send(authorization, generation, permit, now, make)
            }
            Admission::SignIn(lease) => self.sign_in(lease, 0, now),
            Admission::Leased(lease) => {
                self.waiting_on = Some(lease);
                self.look_again(now)
            }
            Admission::Crowded => self.look_again(now),
            Admission::Failed(failure) => self.no_access(&failure),
            Admission::Wait { until, why } => self.pause(until, why, now),
        }
    }

    fn send(
        &mut self,
        authorization: HeaderValue,
        generation: u64,
        permit: Permit,
        now: Now,
        make: MakeRequest<'_>,
    ) -> Action<Accepted> {
        let dressed = make().and_then(|request| {
            if self.effect != Effect::Read && self.path.is_empty() {
                self.path = request.uri().to_string();
            }
            self.dress(request, Some(authorization))
        });
        let request = match dressed {
            Ok(request) => request,
            Err(error) => return self.stop(error),
        };
        self.attempts += 1;
        self.look = FIRST_LOOK;
        self.state = State::Sent { generation, at: now, permit };
        Action::Send(request, self.limits(self.timing.attempt, now))
    }

    /// The request as it goes out.
    pub(crate) fn dress(&mut self, request: Request, authorization: Option<HeaderValue>) -> Result<Request> {
        let idempotency_key = (self.effect == Effect::Keyed).then(|| self.key_value()).transpose()?;
        Dress {
            base: self.session.base(),
            user_agent: self.session.user_agent(),
            session: self.session.common(),
            call: &self.common,
            authorization,
            idempotency_key,
        }
        .put_on(request)
    }

    fn key_value(&mut self) -> Result<HeaderValue> {
        if self.key.is_none() {
            self.key = Some(self.callers_key.clone().unwrap_or_else(|| self.session.next_key()));
        }
        let first = self.key.as_deref().unwrap_or_default();
        headers::printable("Idempotency-Key", &numbered(first, self.key_turn))
    }

    fn limits(&self, most: Duration, now: Now) -> Limits {
        Limits::new(most.min(now.until(self.deadline())), self.session.max_body())
    }

    fn deadline(&self) -> Now {
        self.started.unwrap_or_default() + self.timing.deadline
    }
}

/// Answers to the operation itself.
impl Exchange {
    fn answered(&mut self, answer: Response, generation: u64, at: Now, now: Now) -> Action<Accepted> {
        let status = answer.status();
        let (answer, spoiled) = envelope::inflate(answer, self.session.max_body());
        if let (true, Some(spoiled)) = (status.is_success(), spoiled) {
            let answered = Answered { response: Some(answer), verdict: Envelope::default() };
            let came_back = CameBack::Unreadable { applied: false };
            return self.decide(came_back, answered, unreadable(spoiled), at, generation, now);
        }
        if status.is_success() && self.is_plain_success(&answer) {
            return self.accept(answer, now);
        }
        let verdict = Envelope::read(answer.body());
        let refuses = !status.is_success() || verdict.refuses();
        let came_back = if refuses {
            let whole_success = verdict.success == Some(true);
            let mut row = retry::sort_refusal(status, &verdict.reasons, whole_success);
            // On a write, reasons without the flag are a refusal only where they say that nothing began.
            if status.is_success() && verdict.success.is_none() && self.effect != Effect::Read {
                row = match row {
                    CameBack::Busy => CameBack::Busy,
                    _ => CameBack::Unreadable { applied: false },
                };
            }
            row
        } else if verdict.success == Some(true) || self.effect == Effect::Read {
            CameBack::Success
        } else {
            CameBack::Unreadable { applied: false }
        };
        let cause = match came_back {
            CameBack::Success => return self.accept(answer, now),
            CameBack::Unreadable { .. } => Cause::Decode {
                path: "success".into(),
                why: "a write was answered without saying whether it succeeded".into(),
            }
            .into(),
            CameBack::Unauthorized => Cause::SignIn { what: "the token was refused".into() }.into(),
            CameBack::Busy => Cause::Throttled { what: "the service is too busy for this now".into() }.into(),
            _ => refusal(status, &verdict.reasons),
        };
        self.decide(came_back, Answered { response: Some(answer), verdict }, cause, at, generation, now)
    }

    /// A success that needs no whole look at the body.
    fn is_plain_success(&self, answer: &Response) -> bool {
        if answer.status() == StatusCode::NO_CONTENT {
            return true;
        }
        let body = answer.body();
        match (self.media, self.effect) {
            (Media::File, _) if !body.trim_ascii_start().starts_with(b"{") => true,
            (Media::Json, _) if envelope::quick_success(body) => true,
            (_, Effect::Read) => !envelope::may_hold_verdict(body),
            _ => false,
        }
    }

    fn accept(&mut self, answer: Response, now: Now) -> Action<Accepted> {
        self.session.refill(self.quota, Refill::Served);
        self.heed_limits(&answer, now);
        Action::Done(Ok(Accepted { response: answer, attempts: self.attempts }))
    }

    /// A class whose last request this was is closed until the service counts anew.
    fn heed_limits(&self, answer: &Response, now: Now) {
        let limit = headers::rate_limit(answer.headers());
        if let (Some(0), Some(reset)) = (limit.remaining, limit.reset) {
            self.session.close(self.quota, now + reset);
        }
    }

    fn failed(&mut self, failure: TransportError, at: Now, now: Now) -> Action<Accepted> {
        let came_back = match failure {
            TransportError::NeverLeft(_) => CameBack::NeverLeft,
            TransportError::Unusable(_) => CameBack::Refused,
            TransportError::InFlight(_) => CameBack::NoVerdict { hopeless: false },
            TransportError::TooLarge { .. } => CameBack::Unreadable { applied: false },
        };
        self.decide(came_back, Answered::default(), Cause::Transport(failure).into(), at, 0, now)
    }

    /// Applies the key table.
    fn decide(
        &mut self,
        came_back: CameBack,
        mut answered: Answered,
        cause: Error,
        at: Now,
        generation: u64,
        now: Now,
    ) -> Action<Accepted> {
        self.past.replay = self.note_ids(&answered);
        self.past.hopeless += u32::from(came_back == CameBack::NoVerdict { hopeless: true });
        let outcome = retry::outcome(self.effect, came_back, self.past.uncertain);
        let decision = retry::decide(self.effect, came_back, self.past);
        if retry::outcome(self.effect, came_back, false) == Outcome::Unknown {
            self.past.uncertain = true;
            self.unknown_since = Some(at);
        }
        let pause = match decision {
            Decision::Repeat(_) => self.pause_after(came_back, &answered, now),
            _ => Duration::ZERO,
        };
        let mut cause = cause;
        match (decision, answered.response.take()) {
            (Decision::Accept, Some(response)) => return self.accept(response, now),
            (Decision::FreshToken, _) => {
                self.past.refreshed = true;
                self.attempts -= 1;
                self.session.refuse_token(generation);
                self.state = State::Ready { not_before: now };
                return Action::Wait(now);
            }
            (Decision::Repeat(key), response) if self.attempts < self.timing.attempts => {
                let not_before = now + pause;
                if not_before < self.deadline() && self.may_wait(pause) {
                    self.key_turn += u32::from(key == Key::Next);
                    self.waited += pause;
                    self.state = State::Ready { not_before };
                    return Action::Wait(not_before);
                }
                if came_back != CameBack::Busy {
                    cause = Cause::Deadline { what: "no time is left for another attempt".into() }.into();
                }
                answered.response = response;
            }
            (_, response) => answered.response = response,
        }
        if came_back == CameBack::Unauthorized {
            self.session.refuse_token(generation);
        }
        let repeatable = matches!(decision, Decision::Repeat(_))
            || (self.effect == Effect::Keyed && outcome == Outcome::Unknown);
        let retry_after = matches!(decision, Decision::Repeat(_)).then_some(pause);
        let circumstances = answered.circumstances();
        self.end(cause, Circumstances { retry_after, repeatable, outcome, ..circumstances })
    }

    /// How long to wait before a repeat; holds the whole session back where the tenant's limits demand it.
    fn pause_after(&self, came_back: CameBack, answered: &Answered, now: Now) -> Duration {
        let jitter = self.session.jitter(retry::ceiling(self.attempts, self.timing.base, self.timing.cap));
        let Some(response) = &answered.response else { return jitter };
        let rate = headers::rate_limit(response.headers());
        let told = headers::retry_after(response.headers());
        if came_back != CameBack::Busy {
            return jitter.max(told.unwrap_or_default());
        }
        let pause = jitter.max(told.or(rate.reset).unwrap_or_default());
        let locked = answered.verdict.reasons.iter().any(|reason| reason.category() == Category::Lock);
        if answered.is_crowded(rate.remaining) {
            self.session.refill(self.quota, Refill::TooMany);
        } else if !locked {
            self.session.close(self.quota, now + pause);
        }
        pause
    }

    fn note_ids(&mut self, answered: &Answered) -> bool {
        let ids = [answered.request_id(), answered.verdict.process_id.clone()];
        let mut replay = false;
        for id in ids.into_iter().flatten() {
            if self.seen_ids.contains(&id) {
                replay = true;
            } else {
                self.seen_ids.push(id);
            }
        }
        replay
    }
}

/// The session's sign-in, when it falls to this call.
impl Exchange {
    fn sign_in(&mut self, lease: Lease, tries: u32, now: Now) -> Action<Accepted> {
        if now >= self.deadline() {
            return self.out_of_time();
        }
        if let Some(until) = self.session.sign_in_gate(now) {
            return self.pause_sign_in(lease, tries, until, Pause::Limit, now);
        }
        let Some(create_token) = self.session.sign_in() else {
            return self.stop(Error::failed("there are no credentials to sign in with"));
        };
        let call = Common { entity_id: None, ..self.common.clone() };
        let session = Common { entity_id: None, ..self.session.common().clone() };
        let dressed = create_token.request().and_then(|request| {
            Dress {
                base: self.session.base(),
                user_agent: self.session.user_agent(),
                session: &session,
                call: &call,
                authorization: None,
                idempotency_key: None,
            }
            .put_on(request)
        });
        let request = match dressed {
            Ok(request) => request,
            Err(error) => return self.stop(error),
        };
        let limits = self.limits(self.timing.attempt.min(SIGN_IN_TIMEOUT), now);
        lease.hold_until(now + limits.timeout + LEASE_SLACK);
        self.state = State::SigningIn { lease, tries: tries + 1, step: SignInStep::Sent { at: now } };
        Action::Send(request, limits)
    }

    fn signed_in(
        &mut self,
        lease: Lease,
        tries: u32,
        at: Now,
        answer: Response,
        now: Now,
        make: MakeRequest<'_>,
    ) -> Action<Accepted> {
        let status = answer.status();
        let (answer, _) = envelope::inflate(answer, self.session.max_body());
        let verdict = Envelope::read(answer.body());
        let mut failure = SignInFailure {
            why: SignInTrouble::Unavailable(format!("the sign-in was answered with {status}")),
            status: Some(status),
            reasons: Vec::new(),
            request_id: id_of(answer.headers(), &verdict),
            retry_after: headers::retry_after(answer.headers()),
        };
        if status.is_success() && !verdict.refuses() {
            let token = self.session.sign_in().map(|create_token| create_token.parse(&answer));
            match token {
                Some(Ok(token)) => {
                    let life = token.expires_in.map(Duration::from_secs);
                    return match lease.signed_in(&token.access_token, life, at) {
                        Ok(()) => self.proceed(now, make),
                        Err(error) => self.stop(error),
                    };
                }
                Some(Err(error)) => failure.why = SignInTrouble::Unavailable(format!("the sign-in: {error}")),
                None => {}
            }
            return self.sign_in_again(lease, tries, failure, now, make);
        }
        let row = retry::sort_refusal(status, &verdict.reasons, false);
        failure.reasons = verdict.reasons;
        match row {
            CameBack::Unauthorized | CameBack::Refused => {
                failure.why = SignInTrouble::Refused("the service refused the sign-in");
                let failure = Arc::new(failure);
                lease.failed(&failure);
                return self.no_access(&failure);
            }
            CameBack::Busy => {
                let rate = headers::rate_limit(answer.headers());
                failure.retry_after = failure.retry_after.or(rate.reset);
                failure.why = SignInTrouble::Unavailable("too many sign-ins".to_owned());
                let pause = failure.retry_after.unwrap_or_default();
                self.session.close(Quota::SignIn, now + pause);
            }
            _ => {}
        }
        self.sign_in_again(lease, tries, failure, now, make)
    }

    fn sign_in_again(
        &mut self,
        lease: Lease,
        tries: u32,
        failure: SignInFailure,
        now: Now,
        make: MakeRequest<'_>,
    ) -> Action<Accepted> {
        if lease.put_off(now) {
            drop(lease);
            return self.proceed(now, make);
        }
        let jitter = self.session.jitter(retry::ceiling(tries, self.timing.base, self.timing.cap));
        let pause = jitter.max(failure.retry_after.unwrap_or_default());
        if tries >= self.timing.attempts || now + pause >= self.deadline() || !self.may_wait(pause) {
            let failure = Arc::new(failure);
            lease.failed(&failure);
            return self.no_access(&failure);
        }
        self.pause_sign_in(lease, tries, now + pause, Pause::BackOff, now)
    }

    fn pause_sign_in(
        &mut self,
        lease: Lease,
        tries: u32,
        until: Now,
        why: Pause,
        now: Now,
    ) -> Action<Accepted> {
        let pause = now.until(until);
        if until >= self.deadline() || !self.may_wait(pause) {
            return self.held_back(why, pause);
        }
        self.waited += pause;
        lease.hold_until(until + LEASE_SLACK);
        self.state = State::SigningIn { lease, tries, step: SignInStep::Pausing { until } };
        Action::Wait(until)
    }

    fn no_access(&mut self, failure: &SignInFailure) -> Action<Accepted> {
        let (what, repeatable) = match &failure.why {
            SignInTrouble::Refused(what) => ((*what).into(), false),
            SignInTrouble::Unavailable(what) => (what.clone().into(), true),
        };
        let outcome = self.known_outcome();
        self.end(
            Cause::SignIn { what }.into(),
            Circumstances {
                status: failure.status,
                reasons: failure.reasons.clone(),
                request_id: failure.request_id.clone(),
                retry_after: failure.retry_after,
                repeatable: repeatable && (outcome == Outcome::NotApplied || self.effect == Effect::Keyed),
                outcome,
                ..Circumstances::default()
            },
        )
    }
}

/// Waiting and giving up.
impl Exchange {
    fn look_again(&mut self, now: Now) -> Action<Accepted> {
        let until = now + self.look;
        self.look = (self.look * 2).min(LONGEST_LOOK);
        self.pause(until, Pause::Others, now)
    }

    fn pause(&mut self, until: Now, why: Pause, now: Now) -> Action<Accepted> {
        let pause = now.until(until);
        if until >= self.deadline() || !self.may_wait(pause) {
            return self.held_back(why, pause);
        }
        self.waited += pause;
        self.state = State::Ready { not_before: until };
        Action::Wait(until)
    }

    fn may_wait(&self, pause: Duration) -> bool {
        self.timing.max_wait.is_none_or(|most| self.waited.saturating_add(pause) <= most)
    }

    fn held_back(&mut self, why: Pause, pause: Duration) -> Action<Accepted> {
        let what = match why {
            Pause::Limit => "the tenant's limits are used up for longer than this call may wait",
            Pause::BackOff => "the next attempt would come later than this call may wait",
            Pause::Others => "other calls of the session were in the way for longer than this call may wait",
        };
        let outcome = self.known_outcome();
        self.end(
            Cause::Throttled { what: what.into() }.into(),
            Circumstances {
                retry_after: Some(pause),
                repeatable: outcome == Outcome::NotApplied || self.effect == Effect::Keyed,
                outcome,
                ..Circumstances::default()
            },
        )
    }

    fn out_of_time(&mut self) -> Action<Accepted> {
        let outcome = self.known_outcome();
        self.end(
            Cause::Deadline { what: "the time for the whole call is over".into() }.into(),
            Circumstances {
                repeatable: outcome == Outcome::NotApplied || self.effect == Effect::Keyed,
                outcome,
                ..Circumstances::default()
            },
        )
    }

    fn stop(&mut self, error: Error) -> Action<Accepted> {
        let outcome = self.known_outcome();
        self.end(error, Circumstances { outcome, ..Circumstances::default() })
    }

    fn known_outcome(&self) -> Outcome {
        match self.past.uncertain && self.effect != Effect::Read {
            true => Outcome::Unknown,
            false => Outcome::NotApplied,
        }
    }

    fn end(&mut self, error: Error, what: Circumstances) -> Action<Accepted> {
        self.state = State::Over;
        Action::Done(Err(error.under(Circumstances {
            operation: self.name,
            attempts: self.attempts,
            track_id: self.track_id().map(Into::into),
            idempotency_key: self.key_text().map(Into::into),
            sent_at: self.unknown_since,
            ..what
        })))
    }

    /// An error that the operation's own reading of an accepted answer ended with.
    pub(crate) fn unread(&self, error: Error, answer: &Response) -> Error {
        let said_so = || {
            envelope::begins_with_success(answer.body())
                || Envelope::read(answer.body()).success == Some(true)
        };
        let outcome = match self.effect {
            Effect::Read => Outcome::NotApplied,
            _ if answer.status() == StatusCode::NO_CONTENT || said_so() => Outcome::Applied,
            _ => Outcome::Unknown,
        };
        let answered = Answered { response: Some(answer.clone()), verdict: Envelope::default() };
        error.under(Circumstances {
            operation: self.name,
            attempts: self.attempts,
            track_id: self.track_id().map(Into::into),
            idempotency_key: self.key_text().map(Into::into),
            outcome,
            ..answered.circumstances()
        })
    }

    fn track_id(&self) -> Option<&str> {
        self.common.track_id.as_ref().or(self.session.common().track_id.as_ref())?.to_str().ok()
    }

    fn key_text(&self) -> Option<String> {
        self.key.as_deref().map(|first| numbered(first, self.key_turn))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let (State::Sent { .. }, Effect::Keyed | Effect::Transition) = (&self.state, self.effect) {
            self.session.abandon(&Abandoned {
                operation: self.name,
                path: mem::take(&mut self.path),
                effect: self.effect,
                idempotency_key: self.key_text(),
                track_id: self.track_id().map(str::to_owned),
            });
        }
    }
}

/// What an attempt left to look at.
#[derive(Default)]
struct Answered {
    response: Option<Response>,
    verdict: Envelope,
}

impl Answered {
    fn request_id(&self) -> Option<Box<str>> {
        id_of(self.response.as_ref()?.headers(), &self.verdict)
    }

    /// Whether too many requests were in flight, as against too many in a span of time.
    fn is_crowded(&self, rate_remaining: Option<u64>) -> bool {
        let Some(response) = &self.response else { return false };
        let room = headers::concurrency_limit(response.headers()).remaining;
        let named = |reason: &Reason| {
            reason.code == "REQUEST_EXCEEDED_LIMIT"
                || (reason.code.len() == 8 && reason.category() == Category::Limit)
        };
        rate_remaining != Some(0) && (room == Some(0) || self.verdict.reasons.iter().any(named))
    }

    fn circumstances(self) -> Circumstances {
        let request_id = self.request_id();
        Circumstances {
            status: self.response.as_ref().map(http::Response::status),
            request_id,
            process_id: self.verdict.process_id,
            reasons: self.verdict.reasons,
            body: self.response.map_or_else(Bytes::new, http::Response::into_body),
            ..Circumstances::default()
        }
    }
}

fn id_of(headers: &HeaderMap, verdict: &Envelope) -> Option<Box<str>> {
    let named = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    named.map(Into::into).or_else(|| verdict.request_id.clone())
}

fn numbered(first: &str, turn: u32) -> String {
    match turn {
        0 => first.to_owned(),
        turn => format!("{first}.{turn}"),
    }
}

fn refusal(status: StatusCode, reasons: &[Reason]) -> Error {
    if reasons.is_empty() && status.is_redirection() {
        let why = "the server redirects, which is not followed: the token would go along; check the base URL";
        return Cause::Refused { what: why.into() }.into();
    }
    Cause::Rejected.into()
}

fn unreadable(spoiled: Spoiled) -> Error {
    let why = match spoiled {
        Spoiled::TooLarge => "is larger inflated than this session accepts".to_owned(),
        Spoiled::Truncated(why) => format!("is damaged gzip: {why}"),
        Spoiled::UnknownEncoding(name) => {
            format!("has the content encoding {name:?}, which was not asked for")
        }
    };
    Error::unreadable("$", why)
}

fn describe(failure: &TransportError) -> String {
    let mut text = format!("the sign-in: {failure}");
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
