//! Intents over every history of deliveries: restarts, a second worker with another wall clock, leases that end in the
//! middle of a call, jobs, days that pass, and another person who does the same or undoes it.
//!
//! The service works on a request for at most 119 s, or in a job of 300 s if the object is large. It stores responses
//! under a key for 24 hours. It stores a 5xx, too, or forgets it: then the work of a POST can be done again, which no
//! client can prevent. Such histories are counted apart.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use http::Method;
use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun};
use zuora_core::intent::{AnyOperation, Delivery, Intent, Perform, Performed};
use zuora_core::invoices::{DeleteInvoice, PostInvoice};
use zuora_core::machine::{Action, Event, Machine};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, Timestamp, WallTime};
use zuora_core::{Config, Date, Outcome};
use zuora_tests::simulation::{header, json, lost, not_sent, secs, seed};

use crate::choices::Choices;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longest time that the service works on a request after its connection was lost.
const LONGEST: Duration = Duration::from_secs(119);
const JOB: Duration = Duration::from_secs(300);
const LEASE: Duration = Duration::from_secs(60);
/// Seconds by which a wall clock may be wrong: two of them differ by 300 s at most.
const SKEW: i64 = 150;
/// Seconds by which no wall clock may be wrong.
const WILD: i64 = 900;
/// 2026-01-01.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

/// Purpose of the intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// A POST with a key, whose effect no read shows.
    Creation,
    /// A PUT that another person can undo.
    Posting,
    /// A DELETE that may be executed by a job.
    LargeDeletion,
}

#[test]
fn a_creation_is_done_once_over_restarts_workers_and_days() {
    check(Subject::Creation, 3, 4, &[FORGETS]);
}

#[test]
fn a_posting_is_done_once_whoever_else_posts_or_undoes_it() {
    check(Subject::Posting, 3, 4, &[WILD_CLOCK]);
}

#[test]
fn a_deletion_by_a_job_is_done_once() {
    check(Subject::LargeDeletion, 3, 4, &[]);
}

/// Walks all histories of that many steps; of more steps with `MODEL=whole`.
#[allow(clippy::print_stdout, reason = "the number of histories is worth printing")]
fn check(subject: Subject, steps: usize, whole: usize, expected: &[&str]) {
    let steps = if std::env::var("MODEL").is_ok_and(|depth| depth == "whole") { whole } else { steps };
    let histories = AtomicU64::new(0);
    let excused = Mutex::new(BTreeMap::<&'static str, u64>::new());
    let first = Behavior::of(subject).len();
    thread::scope(|scope| {
        for begin in 0..first {
            let (histories, excused) = (&histories, &excused);
            scope.spawn(move || {
                let mut choices = Choices::beginning_with(begin, first);
                loop {
                    let mut history = History::new(subject, &mut choices);
                    let problem = history.run(steps).or_else(|| history.end());
                    histories.fetch_add(1, Ordering::Relaxed);
                    if let Some(what) = problem {
                        match history.excuse() {
                            Some(why) => *excused.lock().unwrap().entry(why).or_default() += 1,
                            None => panic!("{what}\n{:#?}\n{:?}", history.log, choices.path),
                        }
                    }
                    if !choices.advance() {
                        break;
                    }
                }
            });
        }
    });
    let (histories, excused) = (histories.into_inner(), excused.into_inner().unwrap());
    println!("{subject:?}: {histories} histories of {steps} steps");
    for (why, count) in &excused {
        println!("  {count} of them: {why}");
    }
    assert!(histories > 2000, "only {histories} histories");
    for why in [FORGETS, WILD_CLOCK] {
        let is_expected = expected.contains(&why);
        assert_eq!(excused.contains_key(why), is_expected, "no longer shows, or is new: {why}");
    }
}

const FORGETS: &str =
    "cannot hold: a service that does the work, responds with a 5xx and forgets its key does the work again";
const WILD_CLOCK: &str = "cannot hold: the wall clocks of two workers differ by more than 300 s";

/// Treatment of a request of the operation by the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behavior {
    Answered,
    NotSent,
    LostBefore,
    LostAfter,
    /// The connection is lost, and the work is done 119 s later.
    LostAndLate,
    /// Throttled; the client waits for 40 s, in which a worker may fall asleep.
    Throttled,
    Rejected,
    /// A 5xx after the work was undone.
    Undone,
    /// A 5xx after the work was done, which is stored under the key.
    Broken,
    /// A 5xx after the work was done, which is forgotten.
    BrokenAndForgotten,
    /// Done by a job, of which the client learns.
    Job,
    /// Done by a job, of which the client does not learn.
    LostJob,
}

impl Behavior {
    fn of(subject: Subject) -> &'static [Self] {
        use Behavior::{
            Answered, Broken, BrokenAndForgotten, Job, LostAfter, LostAndLate, LostBefore, LostJob, NotSent,
            Rejected, Throttled, Undone,
        };
        match subject {
            Subject::Creation => &[
                Answered,
                NotSent,
                LostBefore,
                LostAfter,
                LostAndLate,
                Throttled,
                Rejected,
                Undone,
                Broken,
                BrokenAndForgotten,
            ],
            Subject::Posting => {
                &[Answered, NotSent, LostBefore, LostAfter, LostAndLate, Throttled, Rejected, Undone, Broken]
            }
            Subject::LargeDeletion => {
                &[Answered, NotSent, LostBefore, LostAfter, LostAndLate, Throttled, Rejected, Job, LostJob]
            }
        }
    }
}

/// One history.
struct History<'a> {
    subject: Subject,
    choices: &'a mut Choices,
    service: Service,
    /// True time since the start.
    now: Duration,
    intent: Intent,
    /// The first and the last possible sending, as a queue notes them: by the clock of the worker.
    sent: Option<(WallTime, WallTime)>,
    /// Faults that the service may still have in this history.
    faults: usize,
    verdict: Option<Verdict>,
    /// Whether a wall clock was wrong by more than is allowed.
    is_wild: bool,
    log: Vec<String>,
}

/// Final report of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    AlreadyDone,
    NotApplied,
}

/// A process that performs intents.
#[derive(Clone, Copy, Debug)]
struct Worker {
    /// True time at which the process began, where its monotonic clock is zero.
    began: Duration,
    /// Seconds by which its wall clock is ahead.
    skew: i64,
}

impl Worker {
    fn time(self, now: Duration) -> Timestamp {
        let wall = (EPOCH + now).as_millis() as i64 + self.skew * 1000;
        Timestamp::new(now - self.began).with_wall(WallTime::from_unix_millis(wall as u64))
    }
}

/// A worker that sleeps in the middle of its delivery.
struct Suspended {
    machine: Perform,
    worker: Worker,
    until: Timestamp,
    since: Duration,
    /// Whether the monotonic clock stops meanwhile, as on a suspended machine.
    is_clock_stopped: bool,
}

impl<'a> History<'a> {
    fn new(subject: Subject, choices: &'a mut Choices) -> Self {
        let operation: AnyOperation = match subject {
            Subject::Creation => {
                let day = Date::new(2026, 1, 31).unwrap();
                CreateBillRun::new(Batches::all(), AdHoc::up_to(day)).into()
            }
            Subject::Posting => PostInvoice::new("1").into(),
            Subject::LargeDeletion => DeleteInvoice::new("1").into(),
        };
        let maker = Worker { began: Duration::ZERO, skew: 0 };
        let intent = Intent::new(&session(), operation, maker.time(Duration::ZERO)).unwrap();
        let service = Service::new(subject);
        Self {
            subject,
            choices,
            service,
            now: Duration::ZERO,
            intent,
            sent: None,
            faults: 2,
            verdict: None,
            is_wild: false,
            log: Vec::new(),
        }
    }

    /// Delivers the intent, then takes that many steps.
    fn run(&mut self, steps: usize) -> Option<String> {
        // The first choice is the behavior of the service at the first request.
        let behavior = Behavior::of(self.subject)[self.choices.pick(Behavior::of(self.subject).len())];
        self.service.next = Some(behavior);
        if self.subject == Subject::Posting && self.choices.either() {
            self.intent = self.intent.clone().with_baseline(self.service.updated_date());
        }
        let has_lease = self.choices.either();
        let first = Worker { began: Duration::ZERO, skew: 0 };
        let suspended = self.deliver(first, has_lease, has_lease);
        for _ in 0..steps {
            // A decided intent is not delivered again; but a worker may still sleep.
            let is_decided = self.verdict.is_some();
            if is_decided && suspended.is_none() {
                break;
            }
            let step = match self.choices.pick(if is_decided { 3 } else { 7 }) {
                0 => break,
                step if is_decided => step + 4,
                step => step,
            };
            match step {
                // A restarted worker.
                1 => self.redeliver(0),
                // Another worker, with a wall clock that is behind or ahead.
                2 => self.redeliver(-SKEW),
                3 => self.redeliver(SKEW),
                4 => {
                    self.is_wild = true;
                    self.redeliver(WILD);
                }
                5 => {
                    let jump = [secs(150), DAY + secs(60)][self.choices.pick(2)];
                    self.pass(jump);
                }
                _ => self.another_person(),
            }
        }
        // The worker that slept wakes up.
        if let Some(Suspended { machine, mut worker, until, since, is_clock_stopped }) = suspended {
            match is_clock_stopped {
                true => worker.began += self.now - since,
                false => self.now = self.now.max(worker.began + until.elapsed()),
            }
            self.log.push("the worker wakes".to_owned());
            self.drive(machine, worker, false, false);
        }
        self.problem()
    }

    /// Lets all work end, and checks what was reported.
    fn end(&mut self) -> Option<String> {
        self.pass(DAY * 2);
        self.problem()
    }

    fn problem(&self) -> Option<String> {
        let done = self.service.done;
        if done > 1 {
            return Some(format!("done {done} times"));
        }
        match self.verdict? {
            Verdict::NotApplied if done > 0 => Some("reported as not applied, and done".to_owned()),
            Verdict::Done if done == 0 && self.service.pending.is_empty() => {
                Some("reported as done, and not done".to_owned())
            }
            // Another worker or a person may have done it.
            Verdict::AlreadyDone if !self.service.was_done && self.service.pending.is_empty() => {
                Some("reported as done by another, and never done".to_owned())
            }
            _ => None,
        }
    }

    /// Returns why the history may end wrongly.
    fn excuse(&self) -> Option<&'static str> {
        match self.service.forgets {
            true => Some(FORGETS),
            false => self.is_wild.then_some(WILD_CLOCK),
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.service.advance(self.now);
        self.log.push(format!("{span:?} pass"));
    }

    fn another_person(&mut self) {
        self.service.advance(self.now);
        self.log.push(format!("another person acts on {:?}", self.service.object));
        self.service.by_hand(self.now);
    }

    fn redeliver(&mut self, skew: i64) {
        // A separate process, which began a moment ago.
        let worker = Worker { began: self.now.saturating_sub(secs(1)), skew };
        self.deliver(worker, false, false);
    }

    fn deliver(&mut self, worker: Worker, has_lease: bool, may_sleep: bool) -> Option<Suspended> {
        let begun = worker.time(self.now);
        let delivery = match self.sent {
            None => Delivery::first(),
            Some((first, last)) => Delivery::again(last).since(first),
        };
        let delivery = if has_lease { delivery.lease_until(begun + LEASE) } else { delivery };
        let first = self.sent.map_or_else(|| begun.wall().unwrap(), |(first, _)| first);
        let machine = Perform::new(&session(), &self.intent, delivery);
        self.log.push(format!("delivered by {worker:?} at {:?}, lease {has_lease}", self.now));
        // The queue notes the delivery before it knows how it ends.
        let last = begun.wall().unwrap() + if has_lease { LEASE } else { Duration::ZERO };
        self.sent = Some((first, last));
        self.drive(machine, worker, has_lease, may_sleep)
    }

    /// Drives a delivery to its end, or until the worker falls asleep.
    fn drive(
        &mut self,
        mut machine: Perform,
        worker: Worker,
        has_lease: bool,
        may_sleep: bool,
    ) -> Option<Suspended> {
        let mut event = Event::Tick;
        let mut sends = 0;
        loop {
            match machine.step(event, worker.time(self.now)) {
                Action::Send(request, _) => {
                    sends += 1;
                    assert!(sends < 40, "a storm of requests: {:#?}", self.log);
                    event = self.receive(&request);
                }
                Action::Wait(until) if may_sleep && worker.time(self.now).until(until) >= secs(40) => {
                    // The queue renews the lease, or the worker sleeps until it has ended, and the intent is handed out again.
                    if has_lease && self.choices.either() {
                        machine.renew(until + LEASE);
                        self.log.push("the lease is renewed".to_owned());
                        self.wait(worker, until);
                        event = Event::Tick;
                        continue;
                    }
                    let is_clock_stopped = self.choices.either();
                    self.log.push(format!("the worker sleeps, clock stopped: {is_clock_stopped}"));
                    let since = self.now;
                    // The call itself may last 300 s.
                    let slept = [LEASE + secs(1), secs(600)][self.choices.pick(2)];
                    self.pass(slept);
                    return Some(Suspended { machine, worker, until, since, is_clock_stopped });
                }
                Action::Wait(until) => {
                    self.wait(worker, until);
                    event = Event::Tick;
                }
                Action::Done(result) => {
                    self.service.advance(self.now);
                    self.note(worker, result);
                    return None;
                }
            }
        }
    }

    fn wait(&mut self, worker: Worker, until: Timestamp) {
        self.now = self.now.max(worker.began + until.elapsed());
    }

    fn note(&mut self, worker: Worker, result: zuora_core::Result<Performed>) {
        self.log.push(format!("at {:?}: {result:?}", self.now));
        let wall = worker.time(self.now).wall().unwrap();
        let verdict = match result {
            Ok(Performed::Done(_)) => Verdict::Done,
            Ok(Performed::AlreadyDone(_)) => Verdict::AlreadyDone,
            Ok(Performed::Undecided(undecided)) => {
                if let (Some((_, last)), Some(sent)) = (&mut self.sent, undecided.maybe_sent_at) {
                    *last = sent;
                }
                return;
            }
            Ok(_) => panic!("a new end of a delivery"),
            Err(error) if error.outcome() == Outcome::NotApplied => Verdict::NotApplied,
            Err(error) if error.outcome() == Outcome::Applied => Verdict::Done,
            Err(error) => {
                if let (Some((_, last)), true) = (&mut self.sent, error.attempts() > 0) {
                    *last = wall;
                }
                return;
            }
        };
        self.verdict = self.verdict.or(Some(verdict));
    }

    fn receive(&mut self, request: &HttpRequest) -> Event {
        self.service.advance(self.now);
        if request.method() == Method::GET {
            return self.service.read(request);
        }
        let behavior = match self.service.next.take() {
            Some(behavior) => behavior,
            None if self.faults > 0 && self.service.is_new(request, self.now) => {
                let all = Behavior::of(self.subject);
                all[self.choices.pick(all.len())]
            }
            None => Behavior::Answered,
        };
        self.faults = self.faults.saturating_sub(usize::from(behavior != Behavior::Answered));
        self.log.push(format!("at {:?}: {} is {behavior:?}", self.now, request.method()));
        self.service.write(request, behavior, self.now)
    }
}

/// The object of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    /// A draft, or a canceled invoice, or nothing yet.
    Before,
    /// Posted, deleted, created.
    After,
}

/// The service.
struct Service {
    subject: Subject,
    object: Object,
    /// Time of the last change of the object.
    updated: Duration,
    /// Times that a request of the intent took effect.
    done: usize,
    /// Whether the work of the operation has been done by any party.
    was_done: bool,
    /// Work that ends later.
    pending: Vec<Duration>,
    /// The response that is stored under a key, its time, and the time from which the key is no longer running.
    stored: Option<Stored>,
    job: Option<Duration>,
    /// Whether the service has forgotten a response after it did the work.
    forgets: bool,
    next: Option<Behavior>,
}

#[derive(Clone, Debug)]
struct Stored {
    key: String,
    status: u16,
    body: &'static str,
    at: Duration,
    ends_at: Duration,
}

const SUCCESS: &str = r#"{"success":true,"id":"1"}"#;
const REJECTION: &str = r#"{"success":false,"reasons":[{"code":50000030,"message":"a rule"}]}"#;
const INTERNAL: &str = r#"{"success":false,"reasons":[{"code":50000060,"message":"internal"}]}"#;
const LIMIT: &str = r#"{"success":false,"reasons":[{"code":50000070,"message":"limit"}]}"#;
const NOT_FOUND: &str = r#"{"success":false,"reasons":[{"code":50000040,"message":"not found"}]}"#;
const ACCEPTED: &str = r#"{"success":true,"id":"1","jobId":"j","jobStatus":"Pending"}"#;

impl Service {
    fn new(subject: Subject) -> Self {
        Self {
            subject,
            object: Object::Before,
            updated: Duration::ZERO,
            done: 0,
            was_done: false,
            pending: Vec::new(),
            stored: None,
            job: None,
            forgets: false,
            next: None,
        }
    }

    fn updated_date(&self) -> String {
        let seconds = self.updated.as_secs();
        let (day, seconds) = (1 + seconds / 86_400, seconds % 86_400);
        format!("2026-01-{day:02} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// Whether a request is not a replay.
    fn is_new(&self, request: &HttpRequest, now: Duration) -> bool {
        let key = header(request.headers(), "idempotency-key");
        !self.stored.as_ref().is_some_and(|stored| Some(&stored.key) == key.as_ref() && now < stored.at + DAY)
    }

    fn advance(&mut self, now: Duration) {
        let due: Vec<Duration> = self.pending.iter().copied().filter(|at| *at <= now).collect();
        self.pending.retain(|at| *at > now);
        for at in due {
            self.work(at);
        }
        if self.job.is_some_and(|ends| ends <= now) {
            self.job = None;
        }
    }

    /// Does the work, unless the object no longer permits it.
    fn work(&mut self, at: Duration) -> bool {
        if self.subject != Subject::Creation && self.object == Object::After {
            return false;
        }
        self.done += 1;
        self.changed(Object::After, at);
        true
    }

    fn changed(&mut self, object: Object, at: Duration) {
        self.object = object;
        self.was_done |= object == Object::After;
        // No two changes are within one second.
        self.updated = at.max(self.updated + secs(1));
    }

    /// Another person does the same, or undoes it.
    fn by_hand(&mut self, now: Duration) {
        match (self.subject, self.object) {
            (Subject::Creation, _) => {}
            (Subject::Posting, Object::After) => self.changed(Object::Before, now),
            (_, Object::Before) if self.job.is_none() => self.changed(Object::After, now),
            _ => {}
        }
    }

    fn read(&self, request: &HttpRequest) -> Event {
        if request.uri().path().ends_with("/items") {
            let count = if self.subject == Subject::LargeDeletion { 100 } else { 1 };
            let items = vec![r#"{"id":"1"}"#; count].join(",");
            return Event::Response(json(200, format!(r#"{{"success":true,"invoiceItems":[{items}]}}"#)));
        }
        if request.uri().path().contains("/jobs/") {
            let status = if self.job.is_some() { "Processing" } else { "Completed" };
            return Event::Response(json(200, format!(r#"{{"success":true,"status":"{status}"}}"#)));
        }
        let status = match (self.subject, self.object) {
            (Subject::LargeDeletion, Object::After) => return Event::Response(json(404, NOT_FOUND)),
            (Subject::LargeDeletion, Object::Before) => "Canceled",
            (_, Object::Before) => "Draft",
            (_, Object::After) => "Posted",
        };
        let updated = self.updated_date();
        let body = format!(r#"{{"success":true,"id":"1","status":"{status}","updatedDate":"{updated}"}}"#);
        Event::Response(json(200, body))
    }

    fn write(&mut self, request: &HttpRequest, behavior: Behavior, now: Duration) -> Event {
        let key = header(request.headers(), "idempotency-key");
        match behavior {
            Behavior::NotSent => return Event::Failure(not_sent()),
            Behavior::LostBefore => return Event::Failure(lost()),
            Behavior::Throttled => {
                let mut response = json(429, LIMIT);
                response.headers_mut().insert("retry-after", http::HeaderValue::from(40));
                return Event::Response(response);
            }
            _ => {}
        }
        if let Some(stored) = &self.stored {
            if Some(&stored.key) == key.as_ref() && now < stored.at + DAY {
                return Event::Response(match now < stored.ends_at {
                    true => {
                        json(409, r#"{"success":false,"reasons":[{"code":50000020,"message":"running"}]}"#)
                    }
                    false => json(stored.status, stored.body),
                });
            }
        }
        let store = |service: &mut Self, status, body, ends_at| {
            if let Some(key) = key.clone() {
                service.stored = Some(Stored { key, status, body, at: now, ends_at });
            }
            Event::Response(json(status, body))
        };
        // An object with a job is locked, and one that is changed already rejects the request.
        let permits = self.subject == Subject::Creation || self.object == Object::Before;
        if self.job.is_some() || !permits {
            return store(self, 400, REJECTION, now);
        }
        match behavior {
            Behavior::Answered => {
                self.work(now);
                store(self, 200, SUCCESS, now)
            }
            Behavior::LostAfter => {
                self.work(now);
                store(self, 200, SUCCESS, now);
                Event::Failure(lost())
            }
            Behavior::LostAndLate => {
                self.pending.push(now + LONGEST);
                store(self, 200, SUCCESS, now + LONGEST);
                Event::Failure(lost())
            }
            Behavior::Rejected => store(self, 400, REJECTION, now),
            Behavior::Undone => store(self, 500, INTERNAL, now),
            Behavior::Broken => {
                self.work(now);
                store(self, 500, INTERNAL, now)
            }
            Behavior::BrokenAndForgotten => {
                self.work(now);
                self.forgets = true;
                Event::Response(json(500, INTERNAL))
            }
            Behavior::Job | Behavior::LostJob => {
                self.pending.push(now + JOB);
                self.job = Some(now + JOB);
                match behavior {
                    Behavior::Job => store(self, 200, ACCEPTED, now),
                    _ => Event::Failure(lost()),
                }
            }
            Behavior::NotSent | Behavior::LostBefore | Behavior::Throttled => unreachable!("responded above"),
        }
    }
}

fn session() -> Session {
    Session::new(&Config::with_token("https://rest.zuora.com", "token"), &seed(1)).unwrap()
}
