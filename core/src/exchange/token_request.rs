//! The session's sign-in, when it falls to this call.

use std::sync::Arc;
use std::time::Duration;

use super::responses::id_of;
use super::{Accepted, Exchange, LEASE_SLACK, MakeRequest, SignInStep, State, TOKEN_TIMEOUT};
use crate::error::reason::Reason;
use crate::error::{Cause, Circumstances, Error, Outcome};
use crate::exchange::envelope;
use crate::exchange::envelope::EnvelopeReader;
use crate::exchange::retry;
use crate::exchange::retry::AttemptResult;
use crate::machine::Action;
use crate::operation::{Effect, Operation as _, Quota};
use crate::session::headers;
use crate::session::headers::{CommonHeaders, RequestHeaders};
use crate::session::permit::{Lease, Pause};
use crate::session::token::{TokenErrorKind, TokenFailure};
use crate::transport::headers as from_service;
use crate::transport::{HttpResponse, Timestamp, TransportError};

impl Exchange {
    pub(super) fn sign_in(&mut self, lease: Lease, tries: u32, now: Timestamp) -> Action<Accepted> {
        if now >= self.deadline() {
            return self.timed_out();
        }
        if let Some(until) = self.session.token_requests_throttled_until(now) {
            return self.pause_sign_in(lease, tries, until, Pause::Limit, now);
        }
        let Some(create_token) = self.session.sign_in() else {
            return self.fail(Error::failed("there are no credentials to sign in with"));
        };
        let call = CommonHeaders { entity_id: None, ..self.common.clone() };
        let session = CommonHeaders { entity_id: None, ..self.session.common().clone() };
        let dressed = create_token.request().and_then(|mut request| {
            let dress = RequestHeaders {
                base: self.session.base(),
                user_agent: self.session.user_agent(),
                session: &session,
                call: &call,
                authorization: None,
                idempotency_key: None,
            };
            dress.apply(&mut request).map(|()| request)
        });
        let request = match dressed {
            Ok(request) => request,
            Err(error) => return self.fail(error),
        };
        let limits = self.limits(self.timing.attempt.min(TOKEN_TIMEOUT), now);
        lease.extend_until(now + limits.timeout + LEASE_SLACK);
        self.state = State::SigningIn { lease, tries: tries + 1, step: SignInStep::Sent { at: now } };
        Action::Send(request, limits)
    }

    pub(super) fn signed_in(
        &mut self,
        lease: Lease,
        tries: u32,
        at: Timestamp,
        answer: HttpResponse,
        now: Timestamp,
        make: MakeRequest<'_>,
    ) -> Action<Accepted> {
        let status = answer.status();
        let (answer, _) = envelope::inflate(answer, self.session.max_body());
        let envelope = EnvelopeReader::read(answer.body());
        let mut failure = TokenFailure {
            why: TokenErrorKind::Unavailable(format!("the sign-in was answered with {status}")),
            status: Some(status),
            reasons: Vec::new(),
            request_id: id_of(answer.headers(), &envelope),
            retry_after: from_service::retry_after(answer.headers()),
        };
        if status.is_success() && !envelope.is_error() {
            let token = self.session.sign_in().map(|create_token| {
                let token = create_token.parse(&answer)?;
                headers::bearer(token.access_token.expose()).map(|value| (token, value))
            });
            match token {
                Some(Ok((token, value))) => {
                    let life = token.expires_in.map(Duration::from_secs);
                    lease.signed_in(token.access_token, value, life, at, now);
                    return self.proceed(now, make);
                }
                Some(Err(error)) => {
                    failure.why = TokenErrorKind::Unavailable(format!("the sign-in: {error}"))
                }
                None => {}
            }
            return self.sign_in_again(lease, tries, failure, now, make);
        }
        let row = retry::classify(status, &envelope.reasons, false);
        failure.reasons = envelope.reasons.into_iter().map(|reason| self.redact(reason)).collect();
        match row {
            AttemptResult::Unauthorized | AttemptResult::Rejected if !lease.postpone_renewal(now) => {
                failure.why = TokenErrorKind::Refused("the service refused the sign-in");
                let failure = Arc::new(failure);
                lease.failed(&failure);
                return self.no_access(&failure);
            }
            AttemptResult::Throttled => {
                failure.retry_after =
                    failure.retry_after.or_else(|| from_service::rate_reset(answer.headers()));
                failure.why = TokenErrorKind::Throttled;
                let pause = failure.retry_after.unwrap_or_default();
                self.session.throttle(Quota::SignIn, now, pause);
            }
            _ => {}
        }
        self.sign_in_again(lease, tries, failure, now, make)
    }

    /// A reason that repeats the client secret, without it.
    fn redact(&self, reason: Reason) -> Reason {
        let tells = |text: &str| self.session.sign_in().is_some_and(|sign_in| sign_in.appears_in(text));
        let without = |text: String| if tells(&text) { "[redacted]".to_owned() } else { text };
        Reason { code: without(reason.code), message: without(reason.message), ..Reason::default() }
    }

    pub(super) fn sign_in_again(
        &mut self,
        lease: Lease,
        tries: u32,
        failure: TokenFailure,
        now: Timestamp,
        make: MakeRequest<'_>,
    ) -> Action<Accepted> {
        if lease.postpone_renewal(now) {
            drop(lease);
            return self.proceed(now, make);
        }
        let jitter = self.session.jitter(retry::backoff_ceiling(tries, self.timing.base, self.timing.cap));
        let pause = jitter.max(failure.retry_after.unwrap_or_default());
        let in_a_hurry = now + pause >= self.deadline() || !self.may_wait(pause);
        if tries >= self.timing.attempts || in_a_hurry {
            let failure = Arc::new(failure);
            // Those who wait may have more time than this call has.
            if tries >= self.timing.attempts {
                lease.failed(&failure);
            }
            return self.no_access(&failure);
        }
        self.pause_sign_in(lease, tries, now + pause, Pause::BackOff, now)
    }

    fn pause_sign_in(
        &mut self,
        lease: Lease,
        tries: u32,
        until: Timestamp,
        why: Pause,
        now: Timestamp,
    ) -> Action<Accepted> {
        let pause = now.until(until);
        if until >= self.deadline() || !self.may_wait(pause) {
            return self.throttled(why, pause);
        }
        self.waited += pause;
        lease.extend_until(until + LEASE_SLACK);
        self.state = State::SigningIn { lease, tries, step: SignInStep::Pausing { until } };
        Action::Wait(until)
    }

    pub(super) fn no_access(&mut self, failure: &TokenFailure) -> Action<Accepted> {
        let (cause, repeatable) = match &failure.why {
            TokenErrorKind::Refused(what) => (Cause::SignIn { what: (*what).into() }, false),
            TokenErrorKind::Throttled => (Cause::Throttled { what: "too many sign-ins".into() }, true),
            TokenErrorKind::Unavailable(what) => (Cause::NoSignIn { what: what.clone().into() }, true),
        };
        let outcome = self.known_outcome();
        self.finish_with(
            cause.into(),
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

pub(super) fn describe(failure: &TransportError) -> String {
    let mut text = format!("the sign-in: {failure}");
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
