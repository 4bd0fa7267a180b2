//! Performing an intent.

use std::time::Duration;

use super::delivery::Sent;
use super::{AnyOperation, AnyResponse, Delivery, Intent, wall_time};
use crate::call::{Call, Response};
use crate::error::{Context, Error, Outcome, Result};
use crate::machine::{Action, Event, Machine, ready};
use crate::operation::{Effect, Operation};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::{Timestamp, WallTime};

/// Time for which a key is trusted after the first possible sending: the service keeps keys for 24 hours.
const KEY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60 - 15 * 60);

/// A [`Machine`] that performs an intent, sending nothing that could have a second effect.
///
/// | Effect | First delivery | Maybe sent before |
/// | --- | --- | --- |
/// | read | send | send |
/// | POST with a key | send | within the day of its key: send under the key; later: [`Outcome::Unknown`], nothing is sent |
/// | PUT, DELETE | send while the lease runs | read back; send only where a read proves that nothing was applied |
#[derive(Debug)]
pub struct Perform {
    session: Session,
    intent: Intent,
    delivery: Delivery,
    state: State,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // made once, not moved
enum State {
    Start,
    Sending(Call<AnyOperation>),
    Over,
}

/// The end of one delivery of an intent.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // returned once
pub enum Performed {
    /// The service accepted the operation now. One that may run as a job has been accepted, not finished.
    Done(Response<AnyResponse>),
    /// An earlier delivery, or somebody else, has brought about what the operation does.
    AlreadyDone(Evidence),
    /// Not known yet. Deliver the intent again, with the time that is given.
    Undecided(Undecided),
}

/// A later read that shows the effect of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// The object and the state that was read, for people.
    pub shows: String,
    /// When it was read, by the wall clock.
    pub read_at: WallTime,
    /// Whether the service is still at work.
    pub is_under_way: bool,
}

/// An outcome that is not known yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Undecided {
    /// The time from which another delivery can find out more.
    pub look_again_at: WallTime,
    /// The last possible sending, for [`Delivery::again`]; none when this delivery has sent nothing and none before it.
    pub maybe_sent_at: Option<WallTime>,
    /// What is known, for people.
    pub why: String,
}

/// Time for which the service may work on a request after the attempt has failed, with a margin.
const MAX_SERVER_PROCESSING: Duration = Duration::from_secs(130);

impl Perform {
    /// Nothing is sent before the machine is driven.
    pub fn new(session: &Session, intent: &Intent, delivery: Delivery) -> Self {
        Self { session: session.clone(), intent: intent.clone(), delivery, state: State::Start }
    }

    /// Moves the end of the lease, when the queue has renewed it.
    pub fn renew(&mut self, until: Timestamp) {
        self.delivery.lease_until = Some(until);
        if let State::Sending(call) = &mut self.state {
            call.send_before(until);
        }
    }

    fn start(&self, now: Timestamp) -> Result<Call<AnyOperation>> {
        let wall = wall_time(now)?;
        let options = self.intent.options(&self.session)?;
        let options = match self.intent.operation.spec().effect {
            Effect::Read => options,
            Effect::Keyed => self.keyed(options, wall)?,
            Effect::Unkeyed => self.unkeyed(options)?,
        };
        Ok(Call::with_options(&self.session, self.intent.operation.clone(), &options))
    }

    fn keyed(&self, options: CallOptions, now: WallTime) -> Result<CallOptions> {
        let Some(key) = &self.intent.idempotency_key else {
            return Err(Error::invalid("idempotency_key", "is required in the intent of a POST"));
        };
        let options = options.idempotency_key(key);
        let Sent::Maybe { first, .. } = self.delivery.sent else { return Ok(options) };
        let first = first.unwrap_or(self.intent.made_at);
        match now.since(first) {
            Some(age) if age >= KEY_LIFETIME => Err(self.in_doubt(
                "not sent: the service may have forgotten the idempotency key, which was first used a day ago",
            )),
            // A first sending in the future is that of a clock that differs.
            _ => Ok(options.in_doubt()),
        }
    }

    fn unkeyed(&self, options: CallOptions) -> Result<CallOptions> {
        match (self.delivery.sent, self.delivery.lease_until) {
            (Sent::Maybe { .. }, _) => {
                Err(self
                    .in_doubt("not sent: the operation may have been applied, and it has no idempotency key"))
            }
            (Sent::Never, Some(until)) => Ok(options.send_before(until)),
            (Sent::Never, None) => Ok(options),
        }
    }

    fn in_doubt(&self, what: &'static str) -> Error {
        Error::failed(what).with_context(Context {
            operation: self.intent.operation.spec().name.into(),
            idempotency_key: self.intent.idempotency_key.as_deref().map(Into::into),
            outcome: Outcome::Unknown,
            scope: Some(Box::new(self.intent.scope.clone())),
            ..Context::default()
        })
    }

    /// The end of a call.
    fn finish(&self, result: Result<Response<AnyResponse>>, now: Timestamp) -> Result<Performed> {
        let error = match result {
            Ok(response) => return Ok(Performed::Done(response)),
            Err(error) => error,
        };
        if self.intent.operation.spec().effect != Effect::Unkeyed {
            return Err(error);
        }
        let has_lease = self.delivery.lease_until.is_none_or(|until| now < until);
        if error.outcome() == Outcome::NotApplied && has_lease {
            return Err(error);
        }
        // Without its lease this delivery may not be the only one: not even a rejection says what another one does.
        let was_sent = error.attempts() > 0;
        let wall = wall_time(now)?;
        Ok(Performed::Undecided(Undecided {
            look_again_at: if was_sent { wall + MAX_SERVER_PROCESSING } else { wall },
            maybe_sent_at: was_sent.then_some(wall),
            why: error.to_string(),
        }))
    }
}

impl Machine for Perform {
    type Output = Performed;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Performed> {
        if matches!(self.state, State::Start) {
            self.state = match self.start(now) {
                Ok(call) => State::Sending(call),
                Err(error) => {
                    self.state = State::Over;
                    return Action::Done(Err(error));
                }
            };
        }
        let State::Sending(call) = &mut self.state else {
            return Action::Done(Err(Error::failed("stepped out of turn")));
        };
        let result = ready!(call.step(event, now));
        self.state = State::Over;
        Action::Done(self.finish(result, now))
    }
}
