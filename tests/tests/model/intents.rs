//! Intents over every history of deliveries: restarts, a second worker with another wall clock, leases that end in the
//! middle of a call, jobs, days that pass, and another person who does the same or undoes it.
//!
//! The service works on a request for at most 119 s, or in a job of 300 s if the object is large. It stores responses
//! under a key for 24 hours. It stores a 5xx, too, or forgets it: then the work of a POST can be done again, which no
//! client can prevent. Such histories are counted apart.

use std::time::Duration;

use http::Method;
use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun};
use zuora_core::intent::{AnyOperation, Delivery, Intent, Perform, Performed};
use zuora_core::invoices::{DeleteInvoice, PostInvoice};
use zuora_core::machine::{Action, Event, Machine};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, Timestamp, WallTime};
use zuora_core::{Config, Date, Outcome};
use zuora_tests::simulation::{secs, seed};

use crate::choices::{Choices, every_excuse};
use crate::intent_service::{Behavior, DAY, Service, Subject};

const LEASE: Duration = Duration::from_secs(60);
/// Seconds by which a wall clock may be wrong: two of them differ by 300 s at most.
const SKEW: i64 = 150;
/// Seconds by which no wall clock may be wrong.
const WILD: i64 = 900;
/// 2026-01-01.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

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
fn check(subject: Subject, steps: usize, whole: usize, expected: &[&str]) {
    let steps = if std::env::var("MODEL").is_ok_and(|depth| depth == "whole") { whole } else { steps };
    let title = format!("{subject:?}, of {steps} steps");
    let excused = every_excuse(&title, 2000, Behavior::of(subject).len(), |choices| {
        let mut history = History::new(subject, choices);
        let what = history.run(steps).or_else(|| history.end())?;
        let excuse = history.excuse();
        Some(excuse.unwrap_or_else(|| panic!("{what}\n{:#?}\n{:?}", history.log, history.choices.path)))
    });
    for why in [FORGETS, WILD_CLOCK] {
        let is_expected = expected.contains(&why);
        assert_eq!(excused.contains_key(why), is_expected, "no longer shows, or is new: {why}");
    }
}

const FORGETS: &str =
    "cannot hold: a service that does the work, responds with a 5xx and forgets its key does the work again";
const WILD_CLOCK: &str = "cannot hold: the wall clocks of two workers differ by more than 300 s";

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
            None => Behavior::Responded,
        };
        self.faults = self.faults.saturating_sub(usize::from(behavior != Behavior::Responded));
        self.log.push(format!("at {:?}: {} is {behavior:?}", self.now, request.method()));
        self.service.write(request, behavior, self.now)
    }
}

fn session() -> Session {
    Session::new(&Config::with_token("https://rest.zuora.com", "token"), &seed(1)).unwrap()
}
