//! The exchange against a small model of the service, over every history to a depth of six sends, or of five sends
//! if a second call follows the error of the first.
//!
//! The model leaves undocumented behavior open, and every variant is tried. Is a rejection of a busy service stored
//! under its key, or forgotten? And a 5xx? Is a replay sent as 409 or as the original response, with the request id of
//! the original response or with a new one? Does work continue after the connection was lost, and for how long?
//! Documented behavior is assumed: a key does its work once, a second request under a key in use receives a 409, and
//! work ends at most 120 s after it started.
//!
//! `intents` contains the histories that go on after a call: restarts, two workers, leases, jobs, days, another person.
//! `rows` contains those of bulk jobs: killed processes, restarts with other clocks, a second client, days, another
//! person.
//!
//! For every history the tests assert that nothing is done twice, that no outcome is false, and that the call ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod choices;
mod intent_service;
mod intents;
mod rows;
mod rows_service;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::choices::Choices;
use http::Method;
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{Effect, RawOperation, Spec};
use zuora_core::polling::{Poller, PollingPolicy};
use zuora_core::reconcile::{ReadBack, Reconciled, Reconciliation};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp};
use zuora_core::{CallOptions, Error, Operation, Outcome};
use zuora_tests::simulation::{
    at, config, header, is_token_request, json, lost, not_sent, operation, secs, token_response, warm,
};

#[test]
fn a_post_is_done_once_and_its_outcome_is_true() {
    // Five attempts and one more after a first 401.
    let histories = every_history(ALL_FRONTS, |choices| {
        let mut model = Model::new(ALL_FRONTS, choices);
        let result =
            model.drive(post(&warm(&config()), &attempts(5)), false).expect("the call was not dropped");
        model.service.check(&result, model.choices);
    });
    report("a POST", histories);
}

#[test]
fn a_post_called_again_with_the_key_of_the_error_is_done_once() {
    let histories = every_history(TOKEN_VALID, |choices| {
        let session = warm(&config());
        let mut model = Model::new(TOKEN_VALID, choices);
        let first = model.drive(post(&session, &attempts(3)), false).expect("the call was not dropped");
        model.service.check(&first, model.choices);
        let Err(error) = first else { return };
        if !error.is_retryable() {
            return;
        }
        let key = error.idempotency_key().expect("a POST has a key");
        let again = attempts(2).idempotency_key(key);
        let second = model.drive(post(&session, &again), false).expect("the call was not dropped");
        // An outcome describes one call only: `NotApplied` of the second call does not decide the first.
        match second.as_ref().map_err(Error::outcome) {
            Err(Outcome::NotApplied) if error.outcome() == Outcome::Unknown => {
                model.service.check_once(model.choices);
            }
            _ => model.service.check(&second, model.choices),
        }
    });
    report("a POST called again", histories);
}

#[test]
fn a_caller_that_crashes_and_restarts_with_its_key_does_nothing_twice() {
    let histories = every_history(BUSY, |choices| {
        let session = warm(&config());
        let mut model = Model::new(BUSY, choices);
        let options = attempts(3).idempotency_key("mine");
        if let Some(result) = model.drive(post(&session, &options), true) {
            return model.service.check(&result, model.choices);
        }
        let options = attempts(6 - model.service.sends).idempotency_key("mine");
        let result = model.drive(post(&session, &options), false).expect("the call was not dropped");
        model.service.check_once(model.choices);
        if result.is_ok() {
            model.service.check(&result, model.choices);
        }
    });
    report("a caller who crashes", histories);
}

#[test]
fn an_unkeyed_write_is_done_once_and_its_outcome_is_true() {
    let histories = every_history(ALL_FRONTS, |choices| {
        let mut model = Model::new(ALL_FRONTS, choices);
        let call = Call::with_options(&warm(&config()), Post, &attempts(5));
        let result = model.drive(call, false).expect("the call was not dropped");
        model.service.check(&result, model.choices);
        assert!(model.service.keys.is_empty(), "a PUT takes no key");
    });
    report("an unkeyed write", histories);
}

#[test]
fn reconciling_an_unkeyed_write_reports_the_truth() {
    let histories = every_history(ALL_FRONTS, |choices| {
        let session = warm(&config());
        let mut model = Model::new(ALL_FRONTS, choices);
        let call = Call::with_options(&session, Post, &attempts(2));
        let Some(Err(error)) = model.drive(call, false) else { return };
        if error.outcome() == Outcome::Unknown {
            let is_applied = reconcile(&mut model, &session, &error);
            let in_time = |done: &&Timestamp| **done <= model.now || !is_applied;
            let count = model.service.effects.iter().filter(in_time).count();
            assert_eq!(count, usize::from(is_applied), "reconciled wrongly: {:?}", model.choices.path);
        }
    });
    report("an unkeyed write that is reconciled", histories);
}

fn attempts(count: u32) -> CallOptions {
    CallOptions::new().max_attempts(count)
}

fn post(session: &Session, options: &CallOptions) -> Call<RawOperation> {
    Call::with_options(session, operation(Effect::Keyed), options)
}

/// Reads back until the outcome is known, with short and long polls that show the object as it was when the poll
/// arrived or when the response was sent.
fn reconcile(model: &mut Model<'_>, session: &Session, error: &Error) -> bool {
    model.now = model.now + [Duration::ZERO, secs(100)][model.choices.pick(2)];
    let latency = [Duration::ZERO, secs(25), MAX_SERVER_PROCESSING][model.choices.pick(3)];
    let as_it_arrived = model.choices.either();
    let mut poller =
        Poller::new(session, Reconciliation::new(&Post, error), PollingPolicy::default()).until_done();
    let mut event = Event::Tick;
    loop {
        event = match poller.step(event, model.now) {
            Action::Send(..) => {
                let arrived = model.now;
                model.now = model.now + latency;
                let seen = if as_it_arrived { arrived } else { model.now };
                let posted = model.service.effects.iter().any(|done| *done <= seen);
                Event::Response(json(200, format!(r#"{{"posted":{posted},"success":true}}"#)))
            }
            Action::Wait(until) => {
                model.now = until;
                Event::Tick
            }
            Action::Done(Ok(Reconciled::Applied(_))) => return true,
            Action::Done(Ok(Reconciled::NotApplied(_))) => return false,
            Action::Done(Ok(other)) => panic!("the caller reads within ten minutes: {other:?}"),
            Action::Done(Err(error)) => panic!("the object can be read: {error}"),
        };
    }
}

#[allow(clippy::print_stdout, reason = "the number of histories is worth printing")]
fn report(what: &str, histories: u64) {
    println!("{what}: {histories} histories");
    assert!(histories > 500, "{what}: only {histories} histories");
}

/// An unkeyed write that can read its object back.
#[derive(Clone)]
struct Post;

impl Operation for Post {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::put("post_thing", "/v1/things/{id}/post");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        operation(Effect::Unkeyed).request()
    }

    fn parse(&self, _: &HttpResponse) -> Result<(), Error> {
        Ok(())
    }
}

impl ReadBack for Post {
    type Read = RawOperation;

    fn read_back(&self) -> RawOperation {
        RawOperation::new(Method::GET, "/v1/things/1")
    }

    fn is_applied(&self, seen: Result<&HttpResponse, &Error>) -> Option<bool> {
        Some(seen.ok()?.body().starts_with(b"{\"posted\":true"))
    }
}

/// The service, the choices of this history, and the clock of the caller.
struct Model<'a> {
    service: Service,
    choices: &'a mut Choices,
    now: Timestamp,
}

impl<'a> Model<'a> {
    fn new(front: &'static [Front], choices: &'a mut Choices) -> Self {
        Self { service: Service::new(front), choices, now: at(0) }
    }

    /// Drives a call to its end; `None` if the call was dropped before it received a response.
    fn drive<O: Operation>(&mut self, mut call: Call<O>, may_crash: bool) -> Option<Result<(), Error>> {
        let mut event = Event::Tick;
        loop {
            event = match call.step(event, self.now) {
                Action::Send(request, _) if is_token_request(&request) => {
                    Event::Response(token_response("fresh", 3599))
                }
                Action::Send(request, _) => {
                    let event = self.service.receive(&request, self.now, self.choices);
                    if may_crash && self.choices.either() {
                        return None;
                    }
                    event
                }
                Action::Wait(until) => {
                    assert!(until >= self.now);
                    self.now = until;
                    Event::Tick
                }
                Action::Done(result) => return Some(result.map(drop)),
            };
        }
    }
}

/// The end of a request before the service processes it. Nothing is done and nothing is stored.
#[derive(Clone, Copy)]
enum Front {
    NotSent,
    /// Also represents a 5xx that undid everything and is not stored: to the caller both are unknown outcomes.
    LostInTransit,
    /// Also represents a rejection by a lock that is not stored.
    Busy,
    Unauthorized,
}

const ALL_FRONTS: &[Front] = &[Front::NotSent, Front::LostInTransit, Front::Busy, Front::Unauthorized];
/// For histories of two calls, where a fresh token changes nothing.
const TOKEN_VALID: &[Front] = &[Front::NotSent, Front::LostInTransit, Front::Busy];

/// For two calls that need six sends to reach the key that worked.
const BUSY: &[Front] = &[Front::Busy];

/// The result of the work of one request. The service stores it under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Done,
    Rejected,
    Busy,
    /// An internal error that undid everything.
    Undone,
    /// An internal error after the work was done.
    DoneAndBroken,
    /// The work was done, and the response does not show it.
    DoneWithoutFlag,
}

impl Work {
    const ALL: [Self; 6] =
        [Self::Done, Self::Rejected, Self::Busy, Self::Undone, Self::DoneAndBroken, Self::DoneWithoutFlag];

    fn takes_effect(self) -> bool {
        matches!(self, Self::Done | Self::DoneAndBroken | Self::DoneWithoutFlag)
    }

    fn response(self, as_409: bool, id: u64) -> HttpResponse {
        let (status, body) = match self {
            Self::Done => (200, r#"{"success":true}"#),
            Self::Rejected => (400, ""),
            Self::Busy if as_409 => (409, r#"{"success":false,"reasons":[{"code":"50000050"}]}"#),
            Self::Busy => (429, ""),
            Self::Undone | Self::DoneAndBroken => (500, ""),
            Self::DoneWithoutFlag => (200, "{}"),
        };
        with_id(json(if as_409 { 409 } else { status }, body), id)
    }
}

/// Work whose response is lost in transit.
#[derive(Clone, Copy)]
enum ResponseLost {
    Done,
    DoneLater,
    Rejected,
}

impl ResponseLost {
    const ALL: [Self; 3] = [Self::Done, Self::DoneLater, Self::Rejected];
}

/// The longest time that work continues after the connection was lost.
const MAX_SERVER_PROCESSING: Duration = Duration::from_secs(119);

/// The record that the service stores under a key.
#[derive(Clone, Copy, Debug)]
struct Stored {
    ends_at: Timestamp,
    work: Work,
    id: u64,
}

/// The form of replays; chosen once in a history, at the first replay.
#[derive(Clone, Copy, Debug)]
struct Replays {
    as_409: bool,
    with_the_original_id: bool,
}

/// The service.
struct Service {
    front: &'static [Front],
    replays: Option<Replays>,
    keys: BTreeMap<String, Stored>,
    /// The times at which work was done or will be done.
    effects: Vec<Timestamp>,
    ids: u64,
    sends: u32,
}

impl Service {
    fn new(front: &'static [Front]) -> Self {
        Self { front, replays: None, keys: BTreeMap::new(), effects: Vec::new(), ids: 0, sends: 0 }
    }

    /// Processes one request at this time.
    fn receive(&mut self, request: &HttpRequest, now: Timestamp, choices: &mut Choices) -> Event {
        self.sends += 1;
        assert!(self.sends <= 6, "more sends than the calls have attempts");
        let key = header(request.headers(), "idempotency-key");
        let stored = key.as_ref().and_then(|key| self.keys.get(key)).copied();
        let front = self.front.len();
        let way = choices
            .pick(front + if stored.is_some() { 1 } else { Work::ALL.len() + ResponseLost::ALL.len() });
        match (self.front.get(way), stored) {
            (Some(Front::NotSent), _) => Event::Failure(not_sent()),
            (Some(Front::LostInTransit), _) => Event::Failure(lost()),
            (Some(Front::Busy), _) => Event::Response(with_id(json(429, ""), self.fresh_id())),
            (Some(Front::Unauthorized), _) => Event::Response(with_id(json(401, ""), self.fresh_id())),
            (None, Some(stored)) => self.replay(stored, now, choices),
            (None, None) => match Work::ALL.get(way - front) {
                Some(work) => Event::Response(work.response(false, self.begin(key, *work, now))),
                None => {
                    self.work_with_lost_response(key, ResponseLost::ALL[way - front - Work::ALL.len()], now)
                }
            },
        }
    }

    fn replay(&mut self, stored: Stored, now: Timestamp, choices: &mut Choices) -> Event {
        if now < stored.ends_at {
            return Event::Response(with_id(json(409, ""), self.fresh_id()));
        }
        let replays = *self.replays.get_or_insert_with(|| Replays {
            as_409: choices.either(),
            with_the_original_id: choices.either(),
        });
        let id = if replays.with_the_original_id { stored.id } else { self.fresh_id() };
        Event::Response(stored.work.response(replays.as_409, id))
    }

    fn work_with_lost_response(&mut self, key: Option<String>, loss: ResponseLost, now: Timestamp) -> Event {
        let (work, ends_at) = match loss {
            ResponseLost::Done => (Work::Done, now),
            ResponseLost::DoneLater => (Work::Done, now + MAX_SERVER_PROCESSING),
            ResponseLost::Rejected => (Work::Rejected, now),
        };
        self.begin(key, work, ends_at);
        Event::Failure(lost())
    }

    /// Starts work and returns its request id.
    fn begin(&mut self, key: Option<String>, work: Work, ends_at: Timestamp) -> u64 {
        if work.takes_effect() {
            self.effects.push(ends_at);
        }
        let id = self.fresh_id();
        if let Some(key) = key {
            self.keys.insert(key, Stored { ends_at, work, id });
        }
        id
    }

    fn fresh_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Asserts the properties of every end of a call.
    fn check(&self, result: &Result<(), Error>, history: &Choices) {
        self.check_once(history);
        let count = self.effects.len();
        let details = || format!("{result:?}\n{:?}\n{:?}\n{:?}", self.replays, self.keys, history.path);
        match result.as_ref().map_err(Error::outcome) {
            Ok(()) | Err(Outcome::Applied) => assert_eq!(count, 1, "the work was never done: {}", details()),
            Err(Outcome::NotApplied) => assert_eq!(count, 0, "the work was done: {}", details()),
            Err(Outcome::Unknown) => {}
        }
    }

    fn check_once(&self, history: &Choices) {
        assert!(
            self.effects.len() <= 1,
            "done twice: {:?}\n{:?}\n{:?}",
            self.replays,
            self.keys,
            history.path
        );
    }
}

fn with_id(mut response: HttpResponse, id: u64) -> HttpResponse {
    response.headers_mut().insert("zuora-request-id", http::HeaderValue::from(id));
    response
}

/// Runs `history` for every path of choices: of the fronts, the work and the loss of the response first.
fn every_history(front: &'static [Front], history: impl Fn(&mut Choices) + Sync) -> u64 {
    choices::every_history(front.len() + Work::ALL.len() + ResponseLost::ALL.len(), history)
}
