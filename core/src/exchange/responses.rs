//! What an answer means for the call: read, sorted, decided by the key table.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Accepted, Exchange, State};
use crate::error::reason::{Reason, ReasonCategory};
use crate::error::{Cause, Circumstances, Error, Outcome};
use crate::exchange::envelope;
use crate::exchange::envelope::{EnvelopeReader, InflateError};
use crate::exchange::retry;
use crate::exchange::retry::{AttemptResult, Decision, NextKey};
use crate::machine::Action;
use crate::operation::{Effect, ResponseFormat};
use crate::session::limiter::Feedback;
use crate::transport::headers;
use crate::transport::headers::REQUEST_ID;
use crate::transport::{HttpResponse, Timestamp, TransportError};

/// Answers to the operation itself.
impl Exchange {
    pub(super) fn answered(
        &mut self,
        answer: HttpResponse,
        generation: u64,
        at: Timestamp,
        now: Timestamp,
    ) -> Action<Accepted> {
        let status = answer.status();
        let (answer, spoiled) = envelope::inflate(answer, self.session.max_body());
        if let (true, Some(spoiled)) = (status.is_success(), spoiled) {
            let answered = Answered { response: Some(answer), envelope: EnvelopeReader::default() };
            let result = AttemptResult::Undecodable { applied: false };
            return self.decide(result, answered, unreadable(spoiled), at, generation, now);
        }
        if status.is_success() && self.is_plain_success(&answer) {
            return self.accept(answer, now);
        }
        let envelope = EnvelopeReader::read(answer.body());
        let is_error = !status.is_success() || envelope.is_error();
        let result = if is_error {
            let whole_success = envelope.success == Some(true);
            let mut row = retry::classify(status, &envelope.reasons, whole_success);
            // On a write, reasons without the flag are a refusal only where they say that nothing began or that
            // nobody knows.
            if status.is_success() && envelope.success.is_none() && self.effect != Effect::Read {
                row = match row {
                    AttemptResult::Throttled | AttemptResult::Indeterminate { .. } => row,
                    _ => AttemptResult::Undecodable { applied: false },
                };
            }
            row
        } else if envelope.success == Some(true) || self.effect == Effect::Read {
            AttemptResult::Success
        } else {
            AttemptResult::Undecodable { applied: false }
        };
        let cause = match result {
            AttemptResult::Success => return self.accept(answer, now),
            AttemptResult::Undecodable { .. } => Cause::Decode {
                path: "success".into(),
                why: "a write was answered without saying whether it succeeded".into(),
            }
            .into(),
            AttemptResult::Unauthorized => Cause::SignIn { what: "the token was refused".into() }.into(),
            AttemptResult::Throttled => {
                Cause::Throttled { what: "the service is too busy for this now".into() }.into()
            }
            _ => refusal(status, &envelope.reasons),
        };
        self.decide(result, Answered { response: Some(answer), envelope }, cause, at, generation, now)
    }

    /// A success that needs no whole look at the body.
    fn is_plain_success(&self, answer: &HttpResponse) -> bool {
        if answer.status() == StatusCode::NO_CONTENT {
            return true;
        }
        let body = answer.body();
        match (self.format, self.effect) {
            (ResponseFormat::File, _) if !body.trim_ascii_start().starts_with(b"{") => true,
            (ResponseFormat::Json, _) if envelope::quick_success(body) => true,
            (_, Effect::Read) => !envelope::may_hold_error(body),
            _ => false,
        }
    }

    fn accept(&mut self, answer: HttpResponse, now: Timestamp) -> Action<Accepted> {
        self.session.feedback(self.quota, Feedback::Success);
        self.apply_rate_limit(&answer, now);
        self.outcome = (self.effect != Effect::Read).then_some(Outcome::Applied);
        Action::Done(Ok(Accepted { response: answer, attempts: self.attempts }))
    }

    /// A class whose last request this was is closed until the service counts anew.
    fn apply_rate_limit(&self, answer: &HttpResponse, now: Timestamp) {
        if headers::rate_remaining(answer.headers()) == Some(0) {
            if let Some(reset) = headers::rate_reset(answer.headers()) {
                self.session.throttle(self.quota, now, reset);
            }
        }
    }

    pub(super) fn failed(
        &mut self,
        failure: TransportError,
        at: Timestamp,
        now: Timestamp,
    ) -> Action<Accepted> {
        let result = match failure {
            TransportError::NotSent(_) => AttemptResult::NotSent,
            TransportError::Unusable(_) => AttemptResult::Rejected,
            TransportError::MaybeSent(_) => AttemptResult::Indeterminate { unlikely_to_recover: false },
            TransportError::TooLarge { .. } => AttemptResult::Undecodable { applied: false },
        };
        self.decide(result, Answered::default(), Cause::Transport(failure).into(), at, 0, now)
    }

    /// Applies the key table.
    fn decide(
        &mut self,
        result: AttemptResult,
        mut answered: Answered,
        cause: Error,
        at: Timestamp,
        generation: u64,
        now: Timestamp,
    ) -> Action<Accepted> {
        self.retry_state.replay = self.is_replay(&answered);
        self.retry_state.unlikely_to_recover +=
            u32::from(result == AttemptResult::Indeterminate { unlikely_to_recover: true });
        let outcome = retry::outcome(self.effect, result, self.retry_state.uncertain);
        let decision = retry::decide(self.effect, result, self.retry_state);
        if retry::outcome(self.effect, result, false) == Outcome::Unknown {
            self.retry_state.uncertain = true;
            self.unknown_since = Some(at);
        }
        let pause = match decision {
            Decision::Repeat(_) => self.pause_after(result, &answered, now),
            _ => Duration::ZERO,
        };
        let mut cause = cause;
        match (decision, answered.response.take()) {
            (Decision::Accept, Some(response)) => return self.accept(response, now),
            (Decision::FreshToken, response) => {
                if self.session.invalidate_token(generation) {
                    self.retry_state.refreshed = true;
                    self.state = State::Ready { not_before: now };
                    return Action::Wait(now);
                }
                answered.response = response;
            }
            (Decision::Repeat(key), response) if self.counted() < self.timing.attempts => {
                let not_before = now + pause;
                if not_before < self.deadline() && self.may_wait(pause) {
                    if key == NextKey::Advance {
                        self.key.turn();
                    }
                    self.waited += pause;
                    self.state = State::Ready { not_before };
                    return Action::Wait(not_before);
                }
                if result != AttemptResult::Throttled {
                    cause = match not_before < self.deadline() {
                        true => {
                            let what = "the next attempt would come later than this call may wait";
                            Cause::Throttled { what: tried(what, &cause) }.into()
                        }
                        false => {
                            let what = "no time is left for another attempt";
                            Cause::Deadline { what: tried(what, &cause) }.into()
                        }
                    };
                }
                answered.response = response;
            }
            (_, response) => answered.response = response,
        }
        if result == AttemptResult::Unauthorized {
            self.session.invalidate_token(generation);
        }
        let repeatable = matches!(decision, Decision::Repeat(_))
            || (self.effect == Effect::Keyed && outcome == Outcome::Unknown);
        let retry_after = matches!(decision, Decision::Repeat(_)).then_some(pause);
        let circumstances = answered.circumstances();
        self.finish_with(cause, Circumstances { retry_after, repeatable, outcome, ..circumstances })
    }

    /// How long to wait before a repeat; holds the whole session back where the tenant's limits demand it.
    fn pause_after(&self, result: AttemptResult, answered: &Answered, now: Timestamp) -> Duration {
        let jitter =
            self.session.jitter(retry::backoff_ceiling(self.counted(), self.timing.base, self.timing.cap));
        let Some(response) = &answered.response else { return jitter };
        let told = headers::retry_after(response.headers());
        if result != AttemptResult::Throttled {
            return jitter.max(told.unwrap_or_default());
        }
        let pause = jitter.max(told.or_else(|| headers::rate_reset(response.headers())).unwrap_or_default());
        let locked = answered.envelope.reasons.iter().any(|reason| reason.category() == ReasonCategory::Lock);
        if answered.is_over_concurrency() {
            self.session.feedback(self.quota, Feedback::Overload);
        } else if !locked {
            self.session.throttle(self.quota, now, pause);
        }
        pause
    }

    /// The attempts that count; the one that only showed the token to be stale does not.
    fn counted(&self) -> u32 {
        self.attempts - u32::from(self.retry_state.refreshed)
    }

    fn is_replay(&mut self, answered: &Answered) -> bool {
        let ids = [answered.request_id(), answered.envelope.process_id.clone()];
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

/// What an attempt left to look at.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) response: Option<HttpResponse>,
    pub(super) envelope: EnvelopeReader,
}

impl Answered {
    pub(super) fn request_id(&self) -> Option<Box<str>> {
        id_of(self.response.as_ref()?.headers(), &self.envelope)
    }

    /// Whether too many requests were in flight, as against too many in a span of time.
    pub(super) fn is_over_concurrency(&self) -> bool {
        let Some(response) = &self.response else { return false };
        let room = headers::concurrency_limit(response.headers()).remaining;
        let named = |reason: &Reason| {
            reason.code == "REQUEST_EXCEEDED_LIMIT"
                || (reason.code.len() == 8 && reason.category() == ReasonCategory::Limit)
        };
        headers::rate_remaining(response.headers()) != Some(0)
            && (room == Some(0) || self.envelope.reasons.iter().any(named))
    }

    pub(super) fn circumstances(self) -> Circumstances {
        let request_id = self.request_id();
        Circumstances {
            status: self.response.as_ref().map(http::Response::status),
            request_id,
            process_id: self.envelope.process_id,
            reasons: self.envelope.reasons,
            body: self.response.map_or_else(Bytes::new, http::Response::into_body),
            ..Circumstances::default()
        }
    }
}

pub(super) fn id_of(headers: &HeaderMap, envelope: &EnvelopeReader) -> Option<Box<str>> {
    let named = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    named.map(Into::into).or_else(|| envelope.request_id.clone())
}

fn refusal(status: StatusCode, reasons: &[Reason]) -> Error {
    if reasons.is_empty() && status.is_redirection() {
        let why = "the server redirects, which is not followed: the token would go along; check the base URL";
        return Cause::Refused { what: why.into() }.into();
    }
    Cause::Rejected.into()
}

/// Why there is no other attempt, with why the last one failed where no answer tells.
fn tried(what: &'static str, last: &Error) -> Cow<'static, str> {
    match std::error::Error::source(last) {
        Some(failure) => format!("{what}: {failure}").into(),
        None => what.into(),
    }
}

fn unreadable(spoiled: InflateError) -> Error {
    let why = match spoiled {
        InflateError::TooLarge => "is larger inflated than this session accepts".to_owned(),
        InflateError::Truncated(why) => format!("is damaged gzip: {why}"),
        InflateError::UnknownEncoding(name) => {
            format!("has the content encoding {name:?}, which was not asked for")
        }
    };
    Error::unreadable("$", why)
}
