//! Waiting, and the ends of a call.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;

use super::attempt::context_of;
use super::envelope_reader::EnvelopeReader;
use super::{Accepted, Exchange, MAX_POLL_DELAY, State};
use crate::error::{Cause, Context, Error, Outcome};
use crate::machine::Action;
use crate::operation::{Effect, RowFacts};
use crate::session::headers;
use crate::session::observer::WaitReason;
use crate::session::redact;
use crate::session::token::{TokenErrorKind, TokenFailure};
use crate::transport::{HttpResponse, Timestamp};

impl Exchange {
    pub(super) fn poll_again(&mut self, now: Timestamp) -> Action<Accepted> {
        let until = now + self.poll_delay;
        self.poll_delay = (self.poll_delay * 2).min(MAX_POLL_DELAY);
        self.wait(until, Duration::ZERO, WaitReason::TokenRequest, now)
    }

    /// Waits for a slot of a limiter, for a random part of the delay so that waiting calls do not poll together.
    pub(super) fn poll_limiter(&mut self, now: Timestamp) -> Action<Accepted> {
        let half = self.poll_delay / 2;
        let until = now + half + self.session.jitter(half);
        self.poll_delay = (self.poll_delay * 2).min(MAX_POLL_DELAY);
        self.wait(until, Duration::ZERO, WaitReason::ConcurrencyLimit, now)
    }

    pub(super) fn wait(
        &mut self,
        until: Timestamp,
        spread: Duration,
        why: WaitReason,
        now: Timestamp,
    ) -> Action<Accepted> {
        match self.budget.take_spread_wait(until, spread, self.needed_time(), now) {
            Some(until) => {
                self.report_wait(why, until);
                self.state = State::Ready { not_before: until };
                Action::Wait(until)
            }
            None => self.throttled(why, now.until(until)),
        }
    }

    /// Returns the time that must be left to send the next attempt: none for the first one.
    pub(super) fn needed_time(&self) -> Duration {
        if self.counted_attempts() == 0 { Duration::ZERO } else { self.timing().min_attempt }
    }

    /// Ends a call that may not wait as long as it has to.
    pub(super) fn throttled(&mut self, why: WaitReason, delay: Duration) -> Action<Accepted> {
        let what = match why {
            WaitReason::RateLimit => {
                "rate limited: the quota resets later than this call's `max_wait` allows"
            }
            _ => "timed out waiting for another call of this session (token request or concurrency limit)",
        };
        self.finish_without_response(Cause::Throttled { what: what.into() }, Some(delay))
    }

    pub(super) fn timed_out(&mut self) -> Action<Accepted> {
        self.finish_without_response(
            Cause::Timeout { what: "timed out before the next attempt".into() },
            None,
        )
    }

    fn finish_without_response(&mut self, cause: Cause, retry_after: Option<Duration>) -> Action<Accepted> {
        let outcome = self.known_outcome();
        let retryable = self.is_retryable_after(outcome);
        self.finish_with(cause.into(), Context { retry_after, retryable, outcome, ..Context::default() })
    }

    /// Ends the call with an error that no retry can cure.
    pub(super) fn fail(&mut self, error: Error) -> Action<Accepted> {
        let outcome = self.known_outcome();
        self.finish_with(error, Context { outcome, ..Context::default() })
    }

    pub(super) fn token_failed(&mut self, failure: &TokenFailure) -> Action<Accepted> {
        let (cause, may_retry) = match &failure.kind {
            TokenErrorKind::Rejected(what) => (Cause::Auth { what: (*what).into() }, false),
            TokenErrorKind::Throttled => {
                (Cause::Throttled { what: "the service is throttling token requests".into() }, true)
            }
            TokenErrorKind::Unavailable(what) => {
                (Cause::TokenUnavailable { what: what.clone().into() }, true)
            }
        };
        let outcome = self.known_outcome();
        self.finish_with(
            cause.into(),
            Context {
                status: failure.status,
                reasons: failure.reasons.clone(),
                request_id: failure.request_id.clone(),
                headers: failure.headers.clone(),
                retry_after: failure.retry_after,
                retryable: may_retry && self.is_retryable_after(outcome),
                outcome,
                ..Context::default()
            },
        )
    }

    fn is_retryable_after(&self, outcome: Outcome) -> bool {
        outcome == Outcome::NotApplied || self.effect == Effect::Keyed
    }

    fn known_outcome(&self) -> Outcome {
        match (self.outcome, self.retry_state.uncertain && self.effect != Effect::Read) {
            (Some(outcome), _) => outcome,
            (None, true) => Outcome::Unknown,
            (None, false) => Outcome::NotApplied,
        }
    }

    pub(super) fn finish_with(&mut self, error: Error, context: Context) -> Action<Accepted> {
        self.state = State::Over;
        self.outcome = Some(context.outcome);
        Action::Done(Err(self.describe(error, context)))
    }

    /// Returns the error of an accepted response that the operation cannot read.
    pub(crate) fn decode_failed(&mut self, error: Error, response: &HttpResponse, now: Timestamp) -> Error {
        let says_success = || {
            let envelope = EnvelopeReader::read(response.body());
            envelope.success == Some(true) && !envelope.is_contradictory
        };
        let outcome = match self.effect {
            Effect::Read => Outcome::NotApplied,
            _ if self.has_rows => Outcome::Unknown,
            _ if response.status() == StatusCode::NO_CONTENT || says_success() => Outcome::Applied,
            _ => Outcome::Unknown,
        };
        self.outcome = Some(outcome);
        if outcome == Outcome::Unknown {
            self.unknown_since = Some(now);
        }
        let context = context_of(Some(response.clone()), EnvelopeReader::default());
        let retryable = self.effect == Effect::Keyed && outcome == Outcome::Unknown;
        self.describe(error, Context { retryable, outcome, ..context })
    }

    /// Adds what the exchange knows about itself, and removes the secrets of the session.
    fn describe(&self, error: Error, context: Context) -> Error {
        let secrets = self.session.secrets(self.own_secrets());
        let context = Context {
            operation: self.operation.into(),
            attempts: self.attempts,
            track_id: self.track_id().map(Into::into),
            idempotency_key: self.key_text().map(Into::into),
            key_since: self.key_since,
            key_failed: self.retry_state.key_failed,
            failed_at: self.unknown_since.filter(|_| context.outcome == Outcome::Unknown),
            scope: Some(Box::new(self.session.scope_of(self.common_headers()))),
            secrets: if self.has_rows { secrets.clone() } else { Vec::new() },
            max_body: Some(self.session.max_body()),
            ..context
        };
        error.with_context(context).redact(redact::finder(secrets))
    }

    /// Returns the facts of the call by which its rows are evaluated.
    pub(crate) fn row_facts(&self) -> RowFacts {
        let session = self.session.clone();
        let own = self.own_secrets();
        // Few responses have a row with a text to search.
        let finder = OnceLock::new();
        RowFacts {
            key_failed: self.retry_state.key_failed,
            is_secret: Arc::new(move |text| finder.get_or_init(|| session.secret_finder(own.clone()))(text)),
        }
    }

    pub(super) fn track_id(&self) -> Option<&str> {
        headers::of_call(self.common_headers(), self.session.headers(), |headers| headers.track_id.as_ref())?
            .to_str()
            .ok()
    }

    pub(super) fn key_text(&self) -> Option<String> {
        if self.effect == Effect::Keyed { self.key.text(&self.session) } else { None }
    }
}
