//! The result of an attempt: classified, looked up in the retry table, and applied.

use std::borrow::Cow;
use std::time::Duration;

use super::envelope_reader::EnvelopeReader;
use super::inflate::inflate;
use super::retry::{self, AttemptResult, Decision, NextKey};
use super::{Accepted, Exchange, InFlight, State};
use crate::error::reason::{Reason, ReasonCategory};
use crate::error::{Cause, Context, Error, Outcome};
use crate::machine::Action;
use crate::operation::{Effect, ResponseFormat};
use crate::session::limiter::Feedback;
use crate::session::observer::RetryDecision;
use crate::transport::headers;
use crate::transport::{HttpResponse, Timestamp, TransportError};

/// The end of one attempt.
pub(super) struct Attempt {
    pub(super) result: AttemptResult,
    pub(super) error: Error,
    pub(super) response: Option<HttpResponse>,
    pub(super) envelope: EnvelopeReader,
    generation: Option<u64>,
    /// The round of the limiter that the attempt was sent in.
    round: u32,
    /// The retry budget of the session has nothing left for a retry.
    is_unpaid: bool,
}

impl Exchange {
    pub(super) fn responded(
        &mut self,
        response: HttpResponse,
        in_flight: InFlight,
        now: Timestamp,
    ) -> Action<Accepted> {
        let (generation, round) = in_flight.end();
        let (mut response, damage) = inflate(response, self.session.max_body());
        headers::hide_cookies(response.headers_mut());
        let (result, envelope) = retry::classify(self.effect, self.format, &response, damage.is_some());
        self.report_result(result, Some(&response), &envelope);
        if result == AttemptResult::Success {
            return self.accept(response, now);
        }
        let error = match (result, damage) {
            (AttemptResult::Undecodable, Some(damage)) => damage.into_error(),
            _ => error_of(result, self.format, &response, &envelope),
        };
        self.decide(
            Attempt {
                result,
                error,
                response: Some(response),
                envelope,
                generation,
                round,
                is_unpaid: false,
            },
            now,
        )
    }

    pub(super) fn not_responded(
        &mut self,
        failure: TransportError,
        in_flight: InFlight,
        now: Timestamp,
    ) -> Action<Accepted> {
        let (generation, round) = in_flight.end();
        let result = retry::classify_failure(&failure);
        let envelope = EnvelopeReader::default();
        self.report_result(result, None, &envelope);
        let error = Cause::Transport(failure).into();
        self.decide(
            Attempt { result, error, response: None, envelope, generation, round, is_unpaid: false },
            now,
        )
    }

    fn accept(&mut self, response: HttpResponse, now: Timestamp) -> Action<Accepted> {
        self.session.served(self.quota, response.headers());
        self.apply_rate_limit(&response, now);
        self.outcome = (self.effect != Effect::Read).then_some(Outcome::Applied);
        Action::Done(Ok(Accepted { response, attempts: self.attempts }))
    }

    /// Holds back a quota whose last request this was until the service counts afresh.
    fn apply_rate_limit(&self, response: &HttpResponse, now: Timestamp) {
        if headers::rate_remaining(response.headers()) == Some(0) {
            if let Some(reset) = headers::rate_reset(response.headers(), now.wall()) {
                self.session.throttle(self.quota, now, reset);
            }
        }
    }

    /// Applies the retry table.
    fn decide(&mut self, attempt: Attempt, now: Timestamp) -> Action<Accepted> {
        let result = attempt.result;
        self.retry_state.replay = self.is_replay(&attempt);
        self.retry_state.unlikely_to_recover +=
            u32::from(result == AttemptResult::Indeterminate { unlikely_to_recover: true });
        if self.has_rows && retry::may_have_kept_rows(self.effect, result, &attempt.envelope.reasons) {
            self.retry_state.uncertain = true;
            self.unknown_since = Some(now);
            return self.finish_attempt(attempt, Outcome::Unknown, false, None);
        }
        let outcome = retry::outcome(self.effect, result, self.retry_state.uncertain);
        let decision = retry::decide(self.effect, result, self.retry_state);
        if retry::outcome(self.effect, result, false) == Outcome::Unknown {
            self.retry_state.uncertain = true;
            self.unknown_since = Some(now);
            self.retry_state.key_failed |= self.effect == Effect::Keyed
                && matches!(result, AttemptResult::Indeterminate { .. })
                && attempt.is_of_service();
        }
        match decision {
            Decision::Accept => match attempt.response {
                Some(response) => {
                    self.report_decision(result, RetryDecision::Accept);
                    self.accept(response, now)
                }
                None => self.finish_attempt(attempt, outcome, false, None),
            },
            Decision::RefreshToken => {
                if self.session.invalidate_token(attempt.generation) {
                    self.report_decision(result, RetryDecision::RefreshToken);
                    self.retry_state.refreshed = true;
                    self.state = State::Ready { not_before: now };
                    return Action::Wait(now);
                }
                self.finish_attempt(attempt, outcome, false, None)
            }
            Decision::Retry(key) => self.retry(attempt, key, outcome, now),
            Decision::Fail => {
                if result == AttemptResult::Unauthorized {
                    self.session.invalidate_token(attempt.generation);
                }
                self.finish_attempt(attempt, outcome, false, None)
            }
        }
    }

    fn retry(
        &mut self,
        mut attempt: Attempt,
        key: NextKey,
        outcome: Outcome,
        now: Timestamp,
    ) -> Action<Accepted> {
        if key == NextKey::Advance && !self.key.can_advance() {
            attempt.error = Cause::Throttled {
                what: "the service has stored a throttled response under the idempotency key, and a longer key would be \
                       rejected: use another key"
                    .into(),
            }
            .into();
            return self.finish_attempt(attempt, outcome, false, None);
        }
        let (delay, spread) = self.delay_after(&attempt, now);
        let not_before = now + delay;
        if self.counted_attempts() < self.timing().max_attempts {
            let need = self.needed_time();
            if let Some(until) = self.budget.take_spread_wait(not_before, spread, need, now) {
                attempt.is_unpaid = !self.pay_for(attempt.result);
                if attempt.is_unpaid {
                    return self.finish_attempt(attempt, outcome, true, Some(delay));
                }
                let has_new_key = key == NextKey::Advance;
                if has_new_key {
                    self.key.advance();
                }
                self.report_retry(attempt.result, until, has_new_key);
                self.state = State::Ready { not_before: until };
                return Action::Wait(until);
            }
            if attempt.result != AttemptResult::Throttled {
                attempt.error = give_up(&attempt.error, self.budget.ends_in_time(not_before, need));
            }
        }
        self.finish_attempt(attempt, outcome, true, Some(delay))
    }

    /// Takes a retry after this result from the retry budget of the session.
    fn pay_for(&self, result: AttemptResult) -> bool {
        match result {
            AttemptResult::NotSent | AttemptResult::Indeterminate { .. } => self.session.take_retry(),
            _ => true,
        }
    }

    fn finish_attempt(
        &mut self,
        attempt: Attempt,
        outcome: Outcome,
        may_retry: bool,
        retry_after: Option<Duration>,
    ) -> Action<Accepted> {
        self.report_end_of_retries(attempt.result, may_retry, attempt.is_unpaid);
        let retryable = may_retry || (self.effect == Effect::Keyed && outcome == Outcome::Unknown);
        let replayed = self.retry_state.replay;
        let no_budget = attempt.is_unpaid;
        let (error, context) = attempt.into_parts();
        // A failure that the service keeps under the key is sent again for every retry under that key.
        let retryable = retryable && !replayed;
        self.finish_with(error, Context { retry_after, retryable, outcome, replayed, no_budget, ..context })
    }

    /// Returns the delay before a retry, and the time by which it may be longer because other calls wait for the same
    /// moment. Throttles the whole session if the limits of the tenant require it.
    fn delay_after(&self, attempt: &Attempt, now: Timestamp) -> (Duration, Duration) {
        let ceiling = retry::backoff_ceiling(
            self.counted_attempts(),
            self.timing().initial_backoff,
            self.timing().max_backoff,
        );
        let jitter = self.session.jitter(ceiling);
        let Some(response) = &attempt.response else { return (jitter, Duration::ZERO) };
        let requested = headers::retry_after(response.headers(), now.wall());
        if attempt.result != AttemptResult::Throttled {
            return (jitter.max(requested.unwrap_or_default()), Duration::ZERO);
        }
        let requested = requested.or_else(|| headers::rate_reset(response.headers(), now.wall()));
        let requested = requested.unwrap_or_default();
        let delay = jitter.max(requested);
        let locked = attempt.envelope.reasons.iter().any(|r| r.category() == ReasonCategory::Lock);
        if attempt.is_over_concurrency() {
            let feedback = Feedback::Overload { round: attempt.round };
            self.session.feedback(self.quota, feedback, response.headers());
        } else if !locked {
            self.session.throttle(self.quota, now, delay);
        }
        // A delay of the call's own jitter differs from that of other calls already.
        let is_shared = requested >= jitter && !locked;
        let spread =
            if is_shared { self.session.spread(self.quota, now, now + delay) } else { Duration::ZERO };
        (delay, spread)
    }

    /// Returns the number of attempts that count, which leaves out one that only showed the token to be stale.
    pub(super) fn counted_attempts(&self) -> u32 {
        self.attempts.saturating_sub(u32::from(self.retry_state.refreshed))
    }

    /// Whether the response has the id of an earlier response of this call.
    fn is_replay(&mut self, attempt: &Attempt) -> bool {
        let ids = [attempt.request_id(), attempt.envelope.process_id.clone()];
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

impl Attempt {
    fn request_id(&self) -> Option<Box<str>> {
        self.envelope.request_id_of(self.response.as_ref()?.headers())
    }

    /// Whether the response has an id of the service, which the page of a gateway lacks.
    fn is_of_service(&self) -> bool {
        self.envelope.process_id.is_some() || self.request_id().is_some()
    }

    /// Whether too many requests were in flight, as opposed to too many in a span of time.
    fn is_over_concurrency(&self) -> bool {
        let Some(response) = &self.response else { return false };
        let remaining = headers::concurrency_limit(response.headers()).remaining;
        let named = |reason: &Reason| {
            reason.code == "REQUEST_EXCEEDED_LIMIT"
                || (reason.code.len() == 8 && reason.category() == ReasonCategory::Limit)
        };
        headers::rate_remaining(response.headers()) != Some(0)
            && (remaining == Some(0) || self.envelope.reasons.iter().any(named))
    }

    fn into_parts(self) -> (Error, Context) {
        let context = context_of(self.response, self.envelope);
        (self.error, context)
    }
}

/// Returns the part of an error's context that a response contains.
pub(super) fn context_of(response: Option<HttpResponse>, envelope: EnvelopeReader) -> Context {
    let context = match response {
        None => Context { request_id: envelope.request_id, ..Context::default() },
        Some(response) => {
            let request_id = envelope.request_id_of(response.headers());
            let (head, body) = response.into_parts();
            Context {
                status: Some(head.status),
                headers: head.headers,
                request_id,
                body,
                ..Context::default()
            }
        }
    };
    Context { process_id: envelope.process_id, reasons: envelope.reasons, ..context }
}

fn error_of(
    result: AttemptResult,
    format: ResponseFormat,
    response: &HttpResponse,
    envelope: &EnvelopeReader,
) -> Error {
    let text = |what: &'static str| Cow::Borrowed(what);
    match result {
        AttemptResult::Undecodable => {
            let why = if envelope.is_contradictory || envelope.has_applied_row {
                "the response contradicts itself about success"
            } else if !response.status().is_success() {
                "the response says success with an error status"
            } else if format == ResponseFormat::Any {
                "the response to a write does not say whether it succeeded; a request that only reads is made with \
                 `RawOperation::read_only`"
            } else {
                "the response to a write does not say whether it succeeded"
            };
            Cause::Decode { path: "success".into(), why: why.into() }
        }
        AttemptResult::Unauthorized => Cause::Auth { what: text("the service rejected the token") },
        AttemptResult::Throttled => Cause::Throttled { what: text("the service is throttling requests") },
        AttemptResult::Indeterminate { .. } => Cause::Server,
        _ if response.status().is_server_error() => Cause::Server,
        _ if envelope.reasons.is_empty() && response.status().is_redirection() => Cause::Redirect,
        _ => Cause::Rejected,
    }
    .into()
}

/// Returns the error of a call that has no time for the retry that `last` asks for.
fn give_up(last: &Error, in_time: bool) -> Error {
    let what = match in_time {
        true => "the next attempt is due later than this call's `max_wait` allows",
        false => "no time is left for another attempt",
    };
    // A response is shown by its status and reasons; a transport failure would be lost.
    let what = match std::error::Error::source(last) {
        Some(failure) => format!("{what}: {failure}").into(),
        None => what.into(),
    };
    if in_time { Cause::Throttled { what } } else { Cause::Timeout { what } }.into()
}
