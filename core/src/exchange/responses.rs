//! What an answer means for the call: read, sorted, decided by the key table.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Accepted, Exchange, State};
use crate::error::reason::{Category, Reason};
use crate::error::{Cause, Circumstances, Error, Outcome};
use crate::exchange::envelope;
use crate::exchange::envelope::{Envelope, Spoiled};
use crate::exchange::retry;
use crate::exchange::retry::{CameBack, Decision, Key};
use crate::machine::Action;
use crate::operation::{Effect, Media};
use crate::transport::headers;
use crate::session::limiter::Refill;
use crate::transport::headers::REQUEST_ID;
use crate::transport::{Now, Response, TransportError};

/// Answers to the operation itself.
impl Exchange {
    pub(super) fn answered(
        &mut self,
        answer: Response,
        generation: u64,
        at: Now,
        now: Now,
    ) -> Action<Accepted> {
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
            // On a write, reasons without the flag are a refusal only where they say that nothing began or that
            // nobody knows.
            if status.is_success() && verdict.success.is_none() && self.effect != Effect::Read {
                row = match row {
                    CameBack::Busy | CameBack::NoVerdict { .. } => row,
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
        self.settled = (self.effect != Effect::Read).then_some(Outcome::Applied);
        Action::Done(Ok(Accepted { response: answer, attempts: self.attempts }))
    }

    /// A class whose last request this was is closed until the service counts anew.
    fn heed_limits(&self, answer: &Response, now: Now) {
        if headers::rate_remaining(answer.headers()) == Some(0) {
            if let Some(reset) = headers::rate_reset(answer.headers()) {
                self.session.close(self.quota, now, reset);
            }
        }
    }

    pub(super) fn failed(&mut self, failure: TransportError, at: Now, now: Now) -> Action<Accepted> {
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
            (Decision::FreshToken, response) => {
                if self.session.refuse_token(generation) {
                    self.past.refreshed = true;
                    self.state = State::Ready { not_before: now };
                    return Action::Wait(now);
                }
                answered.response = response;
            }
            (Decision::Repeat(key), response) if self.counted() < self.timing.attempts => {
                let not_before = now + pause;
                if not_before < self.deadline() && self.may_wait(pause) {
                    if key == Key::Next {
                        self.key.turn();
                    }
                    self.waited += pause;
                    self.state = State::Ready { not_before };
                    return Action::Wait(not_before);
                }
                if came_back != CameBack::Busy {
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
        let jitter = self.session.jitter(retry::ceiling(self.counted(), self.timing.base, self.timing.cap));
        let Some(response) = &answered.response else { return jitter };
        let told = headers::retry_after(response.headers());
        if came_back != CameBack::Busy {
            return jitter.max(told.unwrap_or_default());
        }
        let pause = jitter.max(told.or_else(|| headers::rate_reset(response.headers())).unwrap_or_default());
        let locked = answered.verdict.reasons.iter().any(|reason| reason.category() == Category::Lock);
        if answered.is_crowded() {
            self.session.refill(self.quota, Refill::TooMany);
        } else if !locked {
            self.session.close(self.quota, now, pause);
        }
        pause
    }

    /// The attempts that count; the one that only showed the token to be stale does not.
    fn counted(&self) -> u32 {
        self.attempts - u32::from(self.past.refreshed)
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

/// What an attempt left to look at.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) response: Option<Response>,
    pub(super) verdict: Envelope,
}

impl Answered {
    pub(super) fn request_id(&self) -> Option<Box<str>> {
        id_of(self.response.as_ref()?.headers(), &self.verdict)
    }

    /// Whether too many requests were in flight, as against too many in a span of time.
    pub(super) fn is_crowded(&self) -> bool {
        let Some(response) = &self.response else { return false };
        let room = headers::concurrency_limit(response.headers()).remaining;
        let named = |reason: &Reason| {
            reason.code == "REQUEST_EXCEEDED_LIMIT"
                || (reason.code.len() == 8 && reason.category() == Category::Limit)
        };
        headers::rate_remaining(response.headers()) != Some(0)
            && (room == Some(0) || self.verdict.reasons.iter().any(named))
    }

    pub(super) fn circumstances(self) -> Circumstances {
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

pub(super) fn id_of(headers: &HeaderMap, verdict: &Envelope) -> Option<Box<str>> {
    let named = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    named.map(Into::into).or_else(|| verdict.request_id.clone())
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
