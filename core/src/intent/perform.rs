//! Performing an intent.

use std::borrow::Cow;
use std::time::Duration;

use super::delivery::Sent;
use super::{AnyOperation, AnyResponse, Delivery, Intent, wall_time};
use crate::api::read_back::SeenObject;
use crate::call::baseline::Baseline;
use crate::call::poller::{Poller, Progress};
use crate::call::read_back::Reconcile as _;
use crate::call::reconcile::Reconciliation;
use crate::call::reconciled::Reconciled;
use crate::call::written_at::ProcessingLimits;
use crate::call::{Call, Response};
use crate::error::{Context, Error, Outcome, Result};
use crate::exchange::key;
use crate::machine::{Action, Event, Machine, ready};
use crate::operation::{Effect, Operation};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::{Timestamp, WallTime};

/// A [`Machine`] that performs an intent, sending nothing that could have a second effect.
///
/// | Effect | First delivery | Maybe sent before |
/// | --- | --- | --- |
/// | read | send | send |
/// | POST with a key | send | within the day of its key: send under the key; later: read back by an own number, else [`Outcome::Unknown`] and nothing is sent |
/// | PUT, DELETE | send while the lease runs | read back; send only where a read proves that nothing was applied |
///
/// What a read proves is listed at [`reconcile`](crate::reconcile). Each delivery reads once, so that no worker is held
/// for the time that a proof takes.
///
/// A write whose effect may still show is [`Performed::Undecided`], for 24 hours after its last possible sending. After
/// that, a delivery ends with [`Outcome::Unknown`] and the last status of the object, for a person to look at: the
/// service may post a bill run in the background or process a large invoice in a job, without a documented end.
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
    /// Finding out whether an earlier delivery has done the work.
    Reading(Poller<Reconciliation<AnyOperation>>),
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
    /// An earlier delivery, or another user, has done what the operation does.
    AlreadyDone(Evidence),
    /// The outcome is not known yet. Deliver the intent again, with the time that is given: a delivery that begins more
    /// than 24 hours after the last possible sending decides, or ends with an unknown outcome.
    Undecided(Undecided),
}

/// A later read that shows the effect of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// Text for a person: the object, and the state that was read.
    pub shows: String,
    /// Time of the read, by the wall clock.
    pub read_at: WallTime,
    /// Whether the service is still at work.
    pub is_under_way: bool,
}

/// An outcome that is not known yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Undecided {
    /// The time from which another delivery can find out more.
    pub poll_again_at: WallTime,
    /// Time of the last possible sending, for [`Delivery::again`]; `None` if neither this delivery nor an earlier one
    /// may have sent the operation.
    pub maybe_sent_at: Option<WallTime>,
    /// Text for a person: the known facts.
    pub why: String,
}

/// Time between two deliveries that only wait for the end of work in the background.
const PAUSE: Duration = Duration::from_secs(60);

impl Perform {
    /// Creates the machine. Nothing is sent before it is driven.
    pub fn new(session: &Session, intent: &Intent, delivery: Delivery) -> Self {
        Self { session: session.clone(), intent: intent.clone(), delivery, state: State::Start }
    }

    /// Moves the end of the lease, when the queue has renewed it.
    pub fn renew(&mut self, until: Timestamp) {
        self.delivery.lease_until = Some(until);
        if self.intent.operation.spec().effect != Effect::Unkeyed {
            return;
        }
        if let State::Sending(call) = &mut self.state {
            call.send_before(until);
        }
    }

    fn start(&self, now: Timestamp) -> Result<State> {
        let wall = wall_time(now)?;
        let options = self.intent.options(&self.session)?;
        let Sent::Maybe { first, last } = self.delivery.sent else { return self.send(options, now) };
        match self.intent.operation.spec().effect {
            Effect::Read => self.send(options, now),
            Effect::Unkeyed => Ok(State::Reading(self.read_back(last, &options))),
            Effect::Keyed => {
                let age = key::age(first.unwrap_or(self.intent.made_at), wall);
                if let Some(age) = age.filter(|age| *age < key::LIFETIME) {
                    return self.send(options.in_doubt(now.before(age)), now);
                }
                if self.intent.operation.begin().is_some() {
                    return Ok(State::Reading(self.read_back(last, &options)));
                }
                Err(self.in_doubt("not sent: the service may have forgotten the idempotency key, which was first used a day ago or by a clock that differs"))
            }
        }
    }

    fn send(&self, options: CallOptions, now: Timestamp) -> Result<State> {
        let options = match (self.intent.operation.spec().effect, &self.intent.idempotency_key) {
            // Another worker may use the key as well, while the machine of this one sleeps.
            (Effect::Keyed, Some(text)) => options.idempotency_key(text).send_before(now + key::LIFETIME),
            (Effect::Keyed, None) => {
                return Err(Error::invalid("idempotency_key", "is required in the intent of a POST"));
            }
            (Effect::Unkeyed, _) => match self.delivery.lease_until {
                Some(until) => options.send_before(until),
                None => options,
            },
            (Effect::Read, _) => options,
        };
        Ok(State::Sending(Call::with_options(&self.session, self.intent.operation.clone(), &options)))
    }

    fn read_back(&self, last: WallTime, options: &CallOptions) -> Poller<Reconciliation<AnyOperation>> {
        let scope = Some(self.intent.scope.clone());
        let reconciliation = Reconciliation::of_unconfirmed(&self.intent.operation, Some(last), scope)
            .limits(self.delivery.limits)
            .baseline(self.intent.baseline.clone().map(Baseline::new));
        let policy = Reconciliation::<AnyOperation>::policy();
        Poller::with_options(&self.session, reconciliation, policy, options)
    }

    /// Ends with the result of a read, or sends if the read permits that.
    fn after_read(
        &self,
        progress: Result<Progress<Reconciled<SeenObject>>>,
        now: Timestamp,
    ) -> Result<Result<Performed, State>> {
        let wall = wall_time(now).map_err(|error| self.not_begun(error))?;
        let evidence = |is_under_way| {
            let shows =
                format!("{} is in the state that {} leads to", self.intent.operation.object(), self.name());
            Ok(Ok(Performed::AlreadyDone(Evidence { shows, read_at: wall, is_under_way })))
        };
        match progress {
            Ok(Progress::Ready(Reconciled::Applied(_))) => evidence(false),
            Ok(Progress::Ready(Reconciled::UnderWay(_))) => evidence(true),
            Ok(Progress::Ready(Reconciled::NotApplied(_))) => {
                self.send(self.intent.options(&self.session)?, now).map(Err)
            }
            Ok(Progress::Ready(Reconciled::Unknown(undecided))) => {
                let limit = match self.delivery.is_overdue(now) {
                    true => "; nothing more is expected to show 24 hours after the last possible sending",
                    false => "",
                };
                Err(self.in_doubt(format!("{undecided}{limit}")))
            }
            Ok(Progress::Pending(delay)) => {
                let last = self.sent_before();
                Ok(Ok(Performed::Undecided(Undecided {
                    poll_again_at: poll_again_at(
                        last.unwrap_or(wall),
                        wall + delay.unwrap_or_default(),
                        self.delivery.limits,
                    ),
                    maybe_sent_at: last,
                    why: format!(
                        "{} does not show yet whether {} was applied",
                        self.intent.operation.object(),
                        self.name()
                    ),
                })))
            }
            Ok(Progress::Incomplete) => Err(Error::failed("stepped out of turn")),
            Err(error) => Err(error.with_unknown_outcome()),
        }
    }

    /// Returns the time of the last possible sending before this delivery.
    fn sent_before(&self) -> Option<WallTime> {
        match self.delivery.sent {
            Sent::Maybe { last, .. } => Some(last),
            Sent::Never => None,
        }
    }

    /// Returns the error of a delivery that has sent nothing, which says nothing about an earlier one.
    fn not_begun(&self, error: Error) -> Error {
        let is_read = self.intent.operation.spec().effect == Effect::Read;
        if is_read || self.sent_before().is_none() {
            return error;
        }
        error.in_doubt(self.unseen())
    }

    /// Returns the context of attempts that another process made, to one of which the service may have reported a
    /// failure.
    fn unseen(&self) -> Context {
        Context {
            idempotency_key: self.intent.idempotency_key.as_deref().map(Into::into),
            key_failed: true,
            scope: Some(Box::new(self.intent.scope.clone())),
            ..Context::default()
        }
    }

    fn name(&self) -> &'static str {
        self.intent.operation.spec().name
    }

    fn in_doubt(&self, what: impl Into<Cow<'static, str>>) -> Error {
        Error::failed(what).with_context(Context {
            operation: self.name().into(),
            outcome: Outcome::Unknown,
            ..self.unseen()
        })
    }

    /// Ends with the result of the call.
    fn finish(&self, result: Result<Response<AnyResponse>>, now: Timestamp) -> Result<Performed> {
        let error = match result {
            Ok(response) => return Ok(Performed::Done(response)),
            Err(error) => error,
        };
        let has_lease = self.delivery.lease_until.is_none_or(|until| !now.has_reached(until));
        match self.intent.operation.spec().effect {
            Effect::Read => return Err(error),
            Effect::Keyed if error.outcome() != Outcome::NotApplied => return Err(error),
            _ if error.outcome() == Outcome::NotApplied && has_lease => return Err(error),
            _ => {}
        }
        // Without its lease this delivery may not be the only one: not even a rejection says what another one does.
        let was_sent = error.attempts() > 0;
        let wall = wall_time(now).map_err(Error::with_unknown_outcome)?;
        Ok(Performed::Undecided(Undecided {
            poll_again_at: if was_sent { wall + self.delivery.limits.processing } else { wall },
            maybe_sent_at: was_sent.then_some(wall).or(self.sent_before()),
            why: error.to_string(),
        }))
    }
}

impl Machine for Perform {
    type Output = Performed;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Performed> {
        if matches!(self.state, State::Start) {
            match self.start(now) {
                Ok(state) => self.state = state,
                Err(error) => return self.end(Err(self.not_begun(error))),
            }
        }
        if let State::Reading(poller) = &mut self.state {
            let mut progress = ready!(poller.step(event, now));
            if matches!(progress, Ok(Progress::Pending(_))) && self.delivery.is_overdue(now) {
                progress = poller.give_up(now);
            }
            match self.after_read(progress, now) {
                Ok(Ok(performed)) => return self.end(Ok(performed)),
                Ok(Err(state)) => self.state = state,
                Err(error) => return self.end(Err(error)),
            }
            event = Event::Tick;
        }
        let State::Sending(call) = &mut self.state else {
            return Action::Done(Err(Error::failed("stepped out of turn")));
        };
        let result = ready!(call.step(event, now));
        let performed = self.finish(result, now);
        self.end(performed)
    }
}

impl Perform {
    fn end(&mut self, result: Result<Performed>) -> Action<Performed> {
        self.state = State::Over;
        Action::Done(result)
    }
}

/// Returns the time of the next poll: once the service has ended its work, once that is certain whatever the clocks
/// say, and from then on in intervals.
fn poll_again_at(last_sent: WallTime, soonest: WallTime, limits: ProcessingLimits) -> WallTime {
    let ended = last_sent + limits.processing;
    let certain = ended + limits.clock_skew;
    [ended, certain].into_iter().find(|time| *time > soonest).unwrap_or(soonest + PAUSE)
}
