//! Waiting, and giving up.

use std::time::Duration;

use http::StatusCode;

use super::responses::Answered;
use super::{Accepted, Exchange, LONGEST_LOOK, State};
use crate::error::{Cause, Circumstances, Error, Outcome};
use crate::exchange::envelope;
use crate::exchange::envelope::Envelope;
use crate::machine::Action;
use crate::operation::Effect;
use crate::session::permit::Pause;
use crate::transport::{Now, Response};

impl Exchange {
    pub(super) fn look_again(&mut self, now: Now) -> Action<Accepted> {
        let until = now + self.look;
        self.look = (self.look * 2).min(LONGEST_LOOK);
        self.pause(until, Pause::Others, now)
    }

    pub(super) fn pause(&mut self, until: Now, why: Pause, now: Now) -> Action<Accepted> {
        let pause = now.until(until);
        if until >= self.deadline() || !self.may_wait(pause) {
            return self.held_back(why, pause);
        }
        self.waited += pause;
        self.state = State::Ready { not_before: until };
        Action::Wait(until)
    }

    pub(super) fn may_wait(&self, pause: Duration) -> bool {
        self.timing.max_wait.is_none_or(|most| self.waited.saturating_add(pause) <= most)
    }

    pub(super) fn held_back(&mut self, why: Pause, pause: Duration) -> Action<Accepted> {
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

    pub(super) fn out_of_time(&mut self) -> Action<Accepted> {
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

    pub(super) fn stop(&mut self, error: Error) -> Action<Accepted> {
        let outcome = self.known_outcome();
        self.end(error, Circumstances { outcome, ..Circumstances::default() })
    }

    pub(super) fn known_outcome(&self) -> Outcome {
        match (self.settled, self.past.uncertain && self.effect != Effect::Read) {
            (Some(outcome), _) => outcome,
            (None, true) => Outcome::Unknown,
            (None, false) => Outcome::NotApplied,
        }
    }

    pub(super) fn end(&mut self, error: Error, what: Circumstances) -> Action<Accepted> {
        self.state = State::Over;
        self.settled = Some(what.outcome);
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
    pub(crate) fn unread(&mut self, error: Error, answer: &Response) -> Error {
        let said_so = || {
            envelope::begins_with_success(answer.body())
                || Envelope::read(answer.body()).success == Some(true)
        };
        let outcome = match self.effect {
            Effect::Read => Outcome::NotApplied,
            _ if answer.status() == StatusCode::NO_CONTENT || said_so() => Outcome::Applied,
            _ => Outcome::Unknown,
        };
        self.settled = Some(outcome);
        let answered = Answered { response: Some(answer.clone()), verdict: Envelope::default() };
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
