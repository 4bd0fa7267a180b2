//! The exchange against a tiny model of the service, over every history to a depth of six sends; of five where
//! a call follows on another's error.
//!
//! What nobody documents is left open in the model, and every way it can be is tried: is a refusal for being busy
//! kept under its key, or forgotten? a 5xx? does a replay come as 409 or as it was, with the request id of the
//! first answer or with a new one? Does work go on after the line broke, and for how long? What is documented is
//! taken for granted: a key does its work once, a second request under a key at work is answered with 409, and
//! work ends 120 s after it began.
//!
//! Of every history it is asserted that nothing is done twice, that no outcome is false, and that it ends.

#![allow(clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use http::Method;
use zuora_core::{
    Action, Call, CallOptions, Effect, Error, Event, Machine, Now, Operation, Outcome, Pace, Raw, Request,
    Response, Session, Settled, Settlement, Spec, Transition, Watch,
};

use zuora_tests::simulation::{
    config, header, is_sign_in, json, lost, never_left, operation, secs, token_answer, warm,
};

#[test]
fn a_post_is_done_once_and_its_outcome_is_true() {
    // Five attempts and one more after a first 401.
    let histories = every_history(FRONT, |choices| {
        let mut world = World::new(FRONT, choices);
        let result = world.drive(post(&warm(&config()), &attempts(5)), false).expect("it was not dropped");
        world.service.check(&result, world.choices);
    });
    report("a POST", histories);
}

#[test]
fn a_post_called_again_with_the_errors_key_is_done_once() {
    let histories = every_history(TOKEN_GOOD, |choices| {
        let session = warm(&config());
        let mut world = World::new(TOKEN_GOOD, choices);
        let first = world.drive(post(&session, &attempts(3)), false).expect("it was not dropped");
        world.service.check(&first, world.choices);
        let Err(error) = first else { return };
        if !error.is_retryable() {
            return;
        }
        let key = error.idempotency_key().expect("a POST has a key");
        let again = attempts(2).idempotency_key(key);
        let second = world.drive(post(&session, &again), false).expect("it was not dropped");
        // An outcome speaks of its own call: that this one did nothing says nothing of the one before.
        match second.as_ref().map_err(Error::outcome) {
            Err(Outcome::NotApplied) if error.outcome() == Outcome::Unknown => {
                world.service.check_once(world.choices);
            }
            _ => world.service.check(&second, world.choices),
        }
    });
    report("a POST called again", histories);
}

#[test]
fn a_caller_who_crashes_and_starts_anew_with_its_key_does_nothing_twice() {
    let histories = every_history(BUSY, |choices| {
        let session = warm(&config());
        let mut world = World::new(BUSY, choices);
        let options = attempts(3).idempotency_key("mine");
        if let Some(result) = world.drive(post(&session, &options), true) {
            return world.service.check(&result, world.choices);
        }
        let options = attempts(6 - world.service.sends).idempotency_key("mine");
        let result = world.drive(post(&session, &options), false).expect("it was not dropped");
        world.service.check_once(world.choices);
        if result.is_ok() {
            world.service.check(&result, world.choices);
        }
    });
    report("a caller who crashes", histories);
}

#[test]
fn a_transition_is_done_once_and_its_outcome_is_true() {
    let histories = every_history(FRONT, |choices| {
        let mut world = World::new(FRONT, choices);
        let call = Call::with(&warm(&config()), Post, &attempts(5));
        let result = world.drive(call, false).expect("it was not dropped");
        world.service.check(&result, world.choices);
        assert!(world.service.keys.is_empty(), "a PUT takes no key");
    });
    report("a transition", histories);
}

#[test]
fn settling_a_transition_tells_the_truth() {
    let histories = every_history(FRONT, |choices| {
        let session = warm(&config());
        let mut world = World::new(FRONT, choices);
        let call = Call::with(&session, Post, &attempts(2));
        let Some(Err(error)) = world.drive(call, false) else { return };
        if error.outcome() == Outcome::Unknown {
            let holds = settle(&mut world, &session, &error);
            let in_time = |done: &&Now| **done <= world.now || !holds;
            let happens = world.service.effects.iter().filter(in_time).count();
            assert_eq!(happens, usize::from(holds), "settled wrongly: {:?}", world.choices.path);
        }
    });
    report("a transition that is settled", histories);
}

fn attempts(count: u32) -> CallOptions {
    CallOptions::new().attempts(count)
}

fn post(session: &Session, options: &CallOptions) -> Call<Raw> {
    Call::with(session, operation(Effect::Keyed), options)
}

/// Reads back until it is certain, with looks that take long or not, and show the object as it was when they
/// came or when they were answered.
fn settle(world: &mut World<'_>, session: &Session, error: &Error) -> bool {
    world.now = world.now + [Duration::ZERO, secs(100)][world.choices.pick(2)];
    let latency = [Duration::ZERO, secs(25), AFTERLIFE][world.choices.pick(3)];
    let as_it_came = world.choices.either();
    let mut watch = Watch::new(session, Settlement::new(&Post, error), Pace::default()).to_end();
    let mut event = Event::Tick;
    loop {
        event = match watch.step(event, world.now) {
            Action::Send(..) => {
                let came = world.now;
                world.now = world.now + latency;
                let seen = if as_it_came { came } else { world.now };
                let posted = world.service.effects.iter().any(|done| *done <= seen);
                Event::Answer(json(200, format!(r#"{{"posted":{posted},"success":true}}"#)))
            }
            Action::Wait(until) => {
                world.now = until;
                Event::Tick
            }
            Action::Done(Ok(Settled::Holds(_))) => return true,
            Action::Done(Ok(Settled::NotApplied(_))) => return false,
            Action::Done(Err(error)) => panic!("the object can be read: {error}"),
        };
    }
}

#[allow(clippy::print_stdout, reason = "how much was tried is the point")]
fn report(what: &str, histories: u64) {
    println!("{what}: {histories} histories");
    assert!(histories > 500, "{what}: only {histories} histories");
}

/// A transition and how to read its object back.
#[derive(Clone)]
struct Post;

impl Operation for Post {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::put("post_thing", "/v1/things/{id}/post");
        &SPEC
    }

    fn request(&self) -> Result<Request, Error> {
        operation(Effect::Transition).request()
    }

    fn parse(&self, _: &Response) -> Result<(), Error> {
        Ok(())
    }
}

impl Transition for Post {
    type Read = Raw;

    fn read_back(&self) -> Raw {
        Raw::new(Method::GET, "/v1/things/1")
    }

    fn holds(&self, seen: Result<&Response, &Error>) -> Option<bool> {
        Some(seen.ok()?.body().starts_with(b"{\"posted\":true"))
    }
}

/// The service and the caller's clock.
struct World<'a> {
    service: Service,
    choices: &'a mut Choices,
    now: Now,
}

impl<'a> World<'a> {
    fn new(front: &'static [Front], choices: &'a mut Choices) -> Self {
        Self { service: Service::new(front), choices, now: Now::default() }
    }

    /// Drives a call to its end; `None` when it was dropped with the answer to a send unheard.
    fn drive<O: Operation>(&mut self, mut call: Call<O>, may_crash: bool) -> Option<Result<(), Error>> {
        let mut event = Event::Tick;
        loop {
            event = match call.step(event, self.now) {
                Action::Send(request, _) if is_sign_in(&request) => {
                    Event::Answer(token_answer("fresh", 3599))
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

/// What can happen to a request before anybody looks at it. Nothing is done and nothing is kept.
#[derive(Clone, Copy)]
enum Front {
    NeverLeft,
    /// Also for a 5xx that undid everything and is not kept: to the caller both say that nobody knows.
    LostOnTheWay,
    /// Also for a refusal by a lock that is not kept.
    Busy,
    Unauthorized,
}

const FRONT: &[Front] = &[Front::NeverLeft, Front::LostOnTheWay, Front::Busy, Front::Unauthorized];
/// For histories of two calls, where a fresh token changes nothing.
const TOKEN_GOOD: &[Front] = &[Front::NeverLeft, Front::LostOnTheWay, Front::Busy];

/// For two calls that need six sends to get at the key that worked.
const BUSY: &[Front] = &[Front::Busy];

/// How the work of one request ends. It is kept under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Done,
    Refused,
    Busy,
    /// An internal error that undid everything.
    Undone,
    /// An internal error after the work was done.
    DoneAndBroken,
    /// The work was done, and the answer does not say so.
    DoneUnsaid,
}

impl Work {
    const ALL: [Self; 6] =
        [Self::Done, Self::Refused, Self::Busy, Self::Undone, Self::DoneAndBroken, Self::DoneUnsaid];

    fn takes_effect(self) -> bool {
        matches!(self, Self::Done | Self::DoneAndBroken | Self::DoneUnsaid)
    }

    fn answer(self, as_409: bool, id: u64) -> Response {
        let (status, body) = match self {
            Self::Done => (200, r#"{"success":true}"#),
            Self::Refused => (400, ""),
            Self::Busy if as_409 => (409, r#"{"success":false,"reasons":[{"code":"50000050"}]}"#),
            Self::Busy => (429, ""),
            Self::Undone | Self::DoneAndBroken => (500, ""),
            Self::DoneUnsaid => (200, "{}"),
        };
        with_id(json(if as_409 { 409 } else { status }, body), id)
    }
}

/// Work whose answer is lost on the way back.
#[derive(Clone, Copy)]
enum Unheard {
    Done,
    DoneLater,
    Refused,
}

impl Unheard {
    const ALL: [Self; 3] = [Self::Done, Self::DoneLater, Self::Refused];
}

/// Longest that work goes on after the line broke.
const AFTERLIFE: Duration = Duration::from_secs(119);

/// What a key stands for.
#[derive(Clone, Copy, Debug)]
struct Kept {
    ends_at: Now,
    work: Work,
    id: u64,
}

/// How replays come; asked for once in a history, when the first one is due.
#[derive(Clone, Copy, Debug)]
struct Replays {
    as_409: bool,
    with_the_first_id: bool,
}

/// The service.
struct Service {
    front: &'static [Front],
    replays: Option<Replays>,
    keys: BTreeMap<String, Kept>,
    /// When the work was done, or will be.
    effects: Vec<Now>,
    ids: u64,
    sends: u32,
}

impl Service {
    fn new(front: &'static [Front]) -> Self {
        Self { front, replays: None, keys: BTreeMap::new(), effects: Vec::new(), ids: 0, sends: 0 }
    }

    /// What becomes of one send at this time.
    fn receive(&mut self, request: &Request, now: Now, choices: &mut Choices) -> Event {
        self.sends += 1;
        assert!(self.sends <= 6, "more sends than the calls have attempts");
        let key = header(request.headers(), "idempotency-key");
        let kept = key.as_ref().and_then(|key| self.keys.get(key)).copied();
        let front = self.front.len();
        let way = choices.pick(front + if kept.is_some() { 1 } else { Work::ALL.len() + Unheard::ALL.len() });
        match (self.front.get(way), kept) {
            (Some(Front::NeverLeft), _) => Event::Failure(never_left()),
            (Some(Front::LostOnTheWay), _) => Event::Failure(lost()),
            (Some(Front::Busy), _) => Event::Answer(with_id(json(429, ""), self.fresh_id())),
            (Some(Front::Unauthorized), _) => Event::Answer(with_id(json(401, ""), self.fresh_id())),
            (None, Some(kept)) => self.replay(kept, now, choices),
            (None, None) => match Work::ALL.get(way - front) {
                Some(work) => Event::Answer(work.answer(false, self.begin(key, *work, now))),
                None => self.work_unheard(key, Unheard::ALL[way - front - Work::ALL.len()], now),
            },
        }
    }

    fn replay(&mut self, kept: Kept, now: Now, choices: &mut Choices) -> Event {
        if now < kept.ends_at {
            return Event::Answer(with_id(json(409, ""), self.fresh_id()));
        }
        let replays = *self
            .replays
            .get_or_insert_with(|| Replays { as_409: choices.either(), with_the_first_id: choices.either() });
        let id = if replays.with_the_first_id { kept.id } else { self.fresh_id() };
        Event::Answer(kept.work.answer(replays.as_409, id))
    }

    fn work_unheard(&mut self, key: Option<String>, unheard: Unheard, now: Now) -> Event {
        let (work, ends_at) = match unheard {
            Unheard::Done => (Work::Done, now),
            Unheard::DoneLater => (Work::Done, now + AFTERLIFE),
            Unheard::Refused => (Work::Refused, now),
        };
        self.begin(key, work, ends_at);
        Event::Failure(lost())
    }

    /// Gives the request id of the work.
    fn begin(&mut self, key: Option<String>, work: Work, ends_at: Now) -> u64 {
        if work.takes_effect() {
            self.effects.push(ends_at);
        }
        let id = self.fresh_id();
        if let Some(key) = key {
            self.keys.insert(key, Kept { ends_at, work, id });
        }
        id
    }

    fn fresh_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// What must hold however a call ended.
    fn check(&self, result: &Result<(), Error>, history: &Choices) {
        self.check_once(history);
        let happens = self.effects.len();
        let told = || format!("{result:?}\n{:?}\n{:?}\n{:?}", self.replays, self.keys, history.path);
        match result.as_ref().map_err(Error::outcome) {
            Ok(()) | Err(Outcome::Applied) => assert_eq!(happens, 1, "it never happened: {}", told()),
            Err(Outcome::NotApplied) => assert_eq!(happens, 0, "it happened: {}", told()),
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

fn with_id(mut response: Response, id: u64) -> Response {
    response.headers_mut().insert("zuora-request-id", http::HeaderValue::from(id));
    response
}

/// Plays `history` for every path of choices, on a thread for each first choice, and gives the number of paths.
fn every_history(front: &'static [Front], history: impl Fn(&mut Choices) + Sync) -> u64 {
    let first_choices = front.len() + Work::ALL.len() + Unheard::ALL.len();
    thread::scope(|scope| {
        let history = &history;
        let parts: Vec<_> = (0..first_choices)
            .map(|first| {
                scope.spawn(move || {
                    let mut choices = Choices { path: vec![(first, first_choices)], depth: 0 };
                    let mut count = 0;
                    loop {
                        history(&mut choices);
                        count += 1;
                        if !choices.advance() {
                            return count;
                        }
                    }
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().expect("a history failed")).sum()
    })
}

/// Walks a tree of choices, one path after the other. The first choice stays as it is.
struct Choices {
    path: Vec<(usize, usize)>,
    depth: usize,
}

impl Choices {
    /// One of `count` options: each in turn, over all histories.
    fn pick(&mut self, count: usize) -> usize {
        if self.depth == self.path.len() {
            self.path.push((0, count));
        }
        let (picked, of) = self.path[self.depth];
        assert_eq!(of, count, "the same history leads to the same question");
        self.depth += 1;
        picked
    }

    fn either(&mut self) -> bool {
        self.pick(2) == 1
    }

    /// Goes to the next path; `false` after the last.
    fn advance(&mut self) -> bool {
        self.depth = 0;
        while self.path.len() > 1 {
            let last = self.path.last_mut().expect("it is longer than one");
            last.0 += 1;
            if last.0 < last.1 {
                return true;
            }
            self.path.pop();
        }
        false
    }
}
