//! Bulk jobs over every history of two rows: processes that are killed, restarts with other clocks, days that pass, a
//! second client that has no state, and another person who does the first row or undoes it.
//!
//! Each process has only the JSON of the one before. What a process reports of a row is compared with the service at
//! once, and again when all work has ended.

use std::time::Duration;

use zuora_core::invoices::{
    Bulk, BulkCreateStandaloneInvoices, BulkEvent, BulkJob, BulkPostInvoices, BulkUpdateInvoices,
    CreateStandaloneInvoice, InvoicePatch, InvoiceToPost, NewInvoiceItem, RowState,
};
use zuora_core::machine::{Action, Event, Machine};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, Timestamp, WallTime};
use zuora_core::types::{AccountId, InvoiceId};
use zuora_core::{Config, Date, Outcome};
use zuora_tests::simulation::{secs, seed};

use crate::choices::{Choices, every_excuse};
use crate::intent_service::DAY;
use crate::rows_service::{Behavior, Service, Subject, has_rows};

/// Seconds by which a wall clock may be wrong: two of them differ by 15 minutes at most.
const SKEW: i64 = 400;
/// Seconds by which no wall clock may be wrong.
const WILD: i64 = 3600;
/// The client whose processes continue from the saved state, and one that begins the same job again.
const WITH_STATE: usize = 0;
const WITHOUT: usize = 1;
/// 2026-01-01.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

const FORGETS: &str =
    "cannot hold: a service that does the work, responds with a 5xx and forgets its key does the work again";
const WILD_CLOCK: &str = "cannot hold: a wall clock is wrong by more than 15 minutes";
const WITHOUT_STATE: &str =
    "cannot hold: of a job and one begun again without its state, one is driven after the day of the keys";
const UNDONE: &str = "cannot hold: another person undoes a lost write before anything reads it";

#[test]
fn rows_are_created_once_over_restarts_clients_and_days() {
    check::<BulkCreateStandaloneInvoices>(Subject::Creations, &[FORGETS, WILD_CLOCK, WITHOUT_STATE]);
}

#[test]
fn rows_are_posted_once_whoever_else_posts_or_undoes_them() {
    check::<BulkPostInvoices>(Subject::Postings, &[FORGETS, WITHOUT_STATE, UNDONE]);
}

#[test]
fn rows_are_updated_once_and_read_back() {
    check::<BulkUpdateInvoices>(Subject::Updates, &[UNDONE]);
}

/// Walks all histories of two steps; of three steps with `MODEL=whole`.
fn check<B: Rows>(subject: Subject, expected: &[&str]) {
    let is_whole = std::env::var("MODEL").is_ok_and(|depth| depth == "whole");
    let steps = if is_whole { 3 } else { 2 };
    let title = format!("{subject:?}, of two rows and {steps} steps");
    let excused = every_excuse(&title, 1500, Behavior::of(subject).len(), |choices| {
        let mut history = History::<B>::new(subject, choices);
        history.run(steps);
        let what = history.problem.as_ref()?;
        let excuse = history.excuse();
        Some(excuse.unwrap_or_else(|| panic!("{what}\n{:#?}\n{:?}", history.log, history.choices.path)))
    });
    for why in [FORGETS, WILD_CLOCK, WITHOUT_STATE, UNDONE] {
        let is_expected = expected.contains(&why);
        // More steps may show more.
        let is_shown = excused.contains_key(why);
        assert!(is_shown == is_expected || (is_whole && is_shown), "no longer shows, or is new: {why}");
    }
}

/// The rows of a job.
trait Rows: Bulk {
    fn rows() -> [Self::Row; 2];
}

impl Rows for BulkCreateStandaloneInvoices {
    fn rows() -> [CreateStandaloneInvoice; 2] {
        let day = Date::new(2026, 1, 31).unwrap();
        let row = || {
            let item = NewInvoiceItem::named("Fee", 10, day);
            CreateStandaloneInvoice::new(AccountId::from("a1"), day, [item]).currency("EUR")
        };
        [row().invoice_number("N0"), row()]
    }
}

impl Rows for BulkPostInvoices {
    fn rows() -> [InvoiceToPost; 2] {
        ["i0", "i1"].map(InvoiceToPost::new)
    }
}

impl Rows for BulkUpdateInvoices {
    fn rows() -> [(InvoiceId, InvoicePatch); 2] {
        ["i0", "i1"].map(|id| (InvoiceId::from(id), InvoicePatch::default().auto_pay(true)))
    }
}

/// The moment at which the first process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kill {
    Never,
    /// After it has saved the checkpoint, before it sends anything.
    BeforeSend,
    /// After the service has processed its request.
    BeforeSave,
}

/// A process.
#[derive(Clone, Copy, Debug)]
struct Process {
    /// True time at which it began, where its monotonic clock is zero.
    began: Duration,
    /// Seconds by which its wall clock is ahead.
    skew: i64,
}

impl Process {
    fn time(self, now: Duration) -> Timestamp {
        let wall = (EPOCH + now).as_millis() as i64 + self.skew * 1000;
        Timestamp::new(now - self.began).with_wall(WallTime::from_unix_millis(wall as u64))
    }
}

/// One history.
struct History<'a, B: Rows> {
    subject: Subject,
    choices: &'a mut Choices,
    service: Service,
    /// Behavior of the service at the next request with rows.
    next: Option<Behavior>,
    /// Faults that the service may still have in this history.
    faults: usize,
    /// True time since the start.
    now: Duration,
    /// The state that was saved last, and the one from which a job without its state begins.
    saved: String,
    blank: String,
    is_wild: bool,
    /// Whether the job was begun again without its state, and one of the two was driven after the day of the first keys.
    has_second: bool,
    is_begun_late: bool,
    problem: Option<String>,
    log: Vec<String>,
    rows: std::marker::PhantomData<B>,
}

impl<'a, B: Rows> History<'a, B> {
    fn new(subject: Subject, choices: &'a mut Choices) -> Self {
        let rows = ["row 0", "row 1"].into_iter().zip(B::rows());
        let blank = BulkJob::<B>::new(&session(1), rows).unwrap().key_prefix("job").to_json().unwrap();
        Self {
            subject,
            choices,
            service: Service::new(subject),
            next: None,
            faults: 2,
            now: Duration::ZERO,
            saved: blank.clone(),
            blank,
            is_wild: false,
            has_second: false,
            is_begun_late: false,
            problem: None,
            log: Vec::new(),
            rows: std::marker::PhantomData,
        }
    }

    fn run(&mut self, steps: usize) {
        let all = Behavior::of(self.subject);
        // The first choice is the behavior of the service at the first request.
        self.next = Some(all[self.choices.pick(all.len())]);
        let kill = [Kill::Never, Kill::BeforeSend, Kill::BeforeSave][self.choices.pick(3)];
        let process = Process { began: Duration::ZERO, skew: 0 };
        self.saved = self.process(WITH_STATE, &self.blank.clone(), process, kill);
        for _ in 0..steps {
            // An update begun without its state would be sent again, which the docs say.
            let count = if self.subject == Subject::Updates { 7 } else { 8 };
            match self.choices.pick(count) {
                0 => break,
                1 => self.restart(0),
                2 => self.restart(-SKEW),
                3 => self.restart(SKEW),
                4 => {
                    self.is_wild = true;
                    self.restart(-WILD);
                }
                5 => {
                    let jump = [secs(150), DAY + secs(60)][self.choices.pick(2)];
                    self.pass(jump);
                }
                6 => {
                    self.log.push("another person acts on the first row".to_owned());
                    self.service.by_hand();
                }
                _ => {
                    self.has_second = true;
                    self.log.push("a second client begins the job without its state".to_owned());
                    let process = Process { began: self.now.saturating_sub(secs(1)), skew: 0 };
                    self.process(WITHOUT, &self.blank.clone(), process, Kill::Never);
                }
            }
        }
        self.pass(DAY * 2);
        self.check_effects();
    }

    fn restart(&mut self, skew: i64) {
        let process = Process { began: self.now.saturating_sub(secs(1)), skew };
        self.saved = self.process(WITH_STATE, &self.saved.clone(), process, Kill::Never);
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.service.advance(self.now);
        self.log.push(format!("{span:?} pass"));
    }

    /// Runs a process that continues from `saved`, and returns the state that it saved last.
    fn process(&mut self, client: usize, saved: &str, process: Process, kill: Kill) -> String {
        self.is_begun_late |= self.has_second && self.now >= DAY;
        self.log.push(format!("at {:?}: {process:?}, killed: {kill:?}", self.now));
        let session = session(2 + self.log.len() as u64);
        let mut job = BulkJob::<B>::from_json(&session, saved).unwrap();
        let mut saved = saved.to_owned();
        loop {
            let mut event = Event::Tick;
            let result = loop {
                match job.step(event, process.time(self.now)) {
                    Action::Send(request, _) => {
                        let writes = has_rows(&request);
                        event = self.receive(&request, client);
                        if writes && kill == Kill::BeforeSave {
                            return saved;
                        }
                    }
                    Action::Wait(until) => {
                        self.now = self.now.max(process.began + until.elapsed());
                        event = Event::Tick;
                    }
                    Action::Done(result) => break result,
                }
            };
            self.service.advance(self.now);
            saved = job.to_json().unwrap();
            match result {
                Ok(Some(BulkEvent::Chunk(chunk))) => {
                    for row in &chunk.rows {
                        let outcome =
                            row.result.as_ref().map_or_else(|error| error.outcome, |_| Outcome::Applied);
                        self.log.push(format!("at {:?}: {} is {outcome:?}", self.now, row.name));
                        self.check_row(client, &row.name, outcome);
                    }
                }
                Ok(Some(_)) if kill == Kill::BeforeSend => return saved,
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    self.log.push(format!("at {:?}: {error}", self.now));
                    break;
                }
            }
        }
        for (name, state) in job.rows() {
            match state {
                RowState::Applied(_) => self.check_row(client, name, Outcome::Applied),
                RowState::Rejected(_) | RowState::Remaining => {
                    self.check_row(client, name, Outcome::NotApplied);
                }
                _ => {}
            }
        }
        saved
    }

    fn receive(&mut self, request: &HttpRequest, client: usize) -> Event {
        self.service.advance(self.now);
        if !has_rows(request) {
            return self.service.read(request.uri().path());
        }
        let behavior = match self.next.take() {
            Some(behavior) => behavior,
            None if self.faults > 0 && self.service.is_new(request, self.now) => {
                let all = Behavior::of(self.subject);
                all[self.choices.pick(all.len())]
            }
            None => Behavior::Responded,
        };
        self.faults = self.faults.saturating_sub(usize::from(behavior != Behavior::Responded));
        self.log.push(format!("at {:?}: the rows are {behavior:?}", self.now));
        self.service.write(request, behavior, self.now, client)
    }

    /// Compares what is reported of a row with the service.
    fn check_row(&mut self, client: usize, name: &str, outcome: Outcome) {
        let index = usize::from(name == "row 1");
        let row = self.service.rows[index];
        let is_false = match outcome {
            // By this client, by another one, or by a person.
            Outcome::Applied => !row.was_done && !self.service.is_pending(index, None),
            Outcome::NotApplied => row.done[client] > 0 || self.service.is_pending(index, Some(client)),
            Outcome::Unknown => false,
        };
        if is_false {
            self.problem.get_or_insert_with(|| format!("{name} is reported as {outcome:?}: {row:?}"));
        }
    }

    fn check_effects(&mut self) {
        for (index, row) in self.service.rows.iter().enumerate() {
            if row.done.iter().sum::<usize>() > 1 {
                self.problem.get_or_insert_with(|| format!("row {index} was done twice: {row:?}"));
            }
        }
    }

    /// Returns why the history may end wrongly.
    fn excuse(&self) -> Option<&'static str> {
        let excuses = [
            (self.is_begun_late, WITHOUT_STATE),
            (self.service.is_undone, UNDONE),
            (self.service.forgets, FORGETS),
            (self.is_wild, WILD_CLOCK),
        ];
        excuses.into_iter().find(|(applies, _)| *applies).map(|(_, why)| why)
    }
}

fn session(seeded: u64) -> Session {
    let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(2);
    Session::new(&config, &seed(seeded)).unwrap()
}
