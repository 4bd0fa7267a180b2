//! Waiting, and giving up.

use std::time::Duration;

use http::StatusCode;

use super::responses::Answered;
use super::{Accepted, Exchange, MAX_POLL_DELAY, State};
use crate::error::{Cause, Circumstances, Error, Outcome};
use crate::exchange::envelope;
use crate::exchange::envelope::EnvelopeReader;
use crate::machine::Action;
use crate::operation::Effect;
use crate::session::permit::Pause;
use crate::transport::{HttpResponse, Timestamp};

impl Exchange {
    pub(super) fn poll_again(&mut self, now: Timestamp) -> Action<Accepted> {
        let until = now + self.poll_delay;
        self.poll_delay = (self.poll_delay * 2).min(MAX_POLL_DELAY);
        self.pause(until, Pause::Contention, now)
    }

    pub(super) fn pause(&mut self, until: Timestamp, why: Pause, now: Timestamp) -> Action<Accepted> {
        let pause = now.until(until);
        if until >= self.deadline() || !self.may_wait(pause) {
            return self.throttled(why, pause);
        }
        self.waited += pause;
        self.state = State::Ready { not_before: until };
        Action::Wait(until)
    }

    pub(super) fn may_wait(&self, pause: Duration) -> bool {
        self.timing.max_wait.is_none_or(|most| self.waited.saturating_add(pause) <= most)
    }

    pub(super) fn throttled(&mut self, why: Pause, pause: Duration) -> Action<Accepted> {
        let what = match why {
            Pause::Limit => "the tenant's limits are used up for longer than this call may wait",
            Pause::BackOff => "the next attempt would come later than this call may wait",
            Pause::Contention => {
                "other calls of the session were in the way for longer than this call may wait"
            }
        };
        let outcome = self.known_outcome();
        self.finish_with(
            Cause::Throttled { what: what.into() }.into(),
            Circumstances {
                retry_after: Some(pause),
                repeatable: outcome == Outcome::NotApplied || self.effect == Effect::Keyed,
                outcome,
                ..Circumstances::default()
            },
        )
    }

    pub(super) fn timed_out(&mut self) -> Action<Accepted> {
        let outcome = self.known_outcome();
        self.finish_with(
            Cause::Deadline { what: "the time for the whole call is over".into() }.into(),
            Circumstances {
                repeatable: outcome == Outcome::NotApplied || self.effect == Effect::Keyed,
                outcome,
                ..Circumstances::default()
            },
        )
    }

    pub(super) fn fail(&mut self, error: Error) -> Action<Accepted> {
        let outcome = self.known_outcome();
        self.finish_with(error, Circumstances { outcome, ..Circumstances::default() })
    }

    pub(super) fn known_outcome(&self) -> Outcome {
        match (self.outcome, self.retry_state.uncertain && self.effect != Effect::Read) {
            (Some(outcome), _) => outcome,
            (None, true) => Outcome::Unknown,
            (None, false) => Outcome::NotApplied,
        }
    }

    pub(super) fn finish_with(&mut self, error: Error, what: Circumstances) -> Action<Accepted> {
        self.state = State::Over;
        self.outcome = Some(what.outcome);
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
    pub(crate) fn decode_failed(&mut self, error: Error, answer: &HttpResponse) -> Error {
        let said_so = || {
            envelope::begins_with_success(answer.body())
                || EnvelopeReader::read(answer.body()).success == Some(true)
        };
        let outcome = match self.effect {
            Effect::Read => Outcome::NotApplied,
            _ if answer.status() == StatusCode::NO_CONTENT || said_so() => Outcome::Applied,
            _ => Outcome::Unknown,
        };
        self.outcome = Some(outcome);
        let answered = Answered { response: Some(answer.clone()), envelope: EnvelopeReader::default() };
        error.under(Circumstances {
            operation: self.name,
            attempts: self.attempts,
            track_id: self.track_id().map(Into::into),
            idempotency_key: self.key_text().map(Into::into),
            repeatable: self.effect == Effect::Keyed && outcome == Outcome::Unknown,
            outcome,
            ..answered.circumstances()
        })
    }

    pub(super) fn track_id(&self) -> Option<&str> {
        self.common.track_id.as_ref().or(self.session.common().track_id.as_ref())?.to_str().ok()
    }

    pub(super) fn key_text(&self) -> Option<String> {
        if self.effect == Effect::Keyed { self.key.text(&self.session) } else { None }
    }
}
