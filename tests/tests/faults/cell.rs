//! One cell: the operation, what happens to it, and what the client finds out.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::Method;
use zuora_core::bill_runs::GetBillRun;
use zuora_core::intent::{AnyResponse, Delivery, Intent, Performed};
use zuora_core::object_query::QueryInvoices;
use zuora_core::operation::Effect;
use zuora_core::reconcile::Baseline;
use zuora_core::session::Session;
use zuora_core::transport::{Seed, Transport, WallTime};
use zuora_core::{CallOptions, Client, Error, Outcome, Result};
use zuora_sandbox::{Fault, InProcess, RequestPattern, UnixTime};

use crate::jobs;
use crate::judge::{By, Judge};
use crate::plan::{After, Plan, Sight, Work};
use crate::reconciling::{reconcile, reconcile_over_restarts};
use crate::subjects::{ByHand, Subject, config};

/// The way in which the client performs the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A call; then its error is reconciled, or retried under the key.
    Call,
    /// A call for which the object was read before.
    CallWithBaseline,
    /// A call; then its error is reconciled by one process after the other, which keep the state as JSON.
    CallKept,
    /// A job, for a request with rows. One process after the other keeps its state as JSON.
    Job,
    /// An intent that is delivered until it is decided.
    Intent,
    /// An intent that contains what was read before.
    IntentWithBaseline,
    /// An intent that another process performs whose wall clock is ten minutes behind.
    IntentBehind,
    /// An intent that another process performs whose wall clock is ten minutes ahead.
    IntentAhead,
}

#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub sight: Sight,
    pub work: Work,
    pub after: After,
    pub way: Way,
}

/// The result of a cell.
pub struct Report {
    /// Whether the first call or delivery has reported an outcome.
    pub decided_at_once: bool,
    pub undecided_at_last: bool,
    pub false_outcomes: Vec<String>,
    pub double_effects: Vec<String>,
    pub repeated_by_a_proxy: bool,
}

const DAY: Duration = Duration::from_secs(25 * 3600);
/// Seconds by which the wall clock of a process is wrong.
const CLOCK_ERROR: u64 = 600;
/// Times that an unknown outcome is looked at again.
pub const ROUNDS: usize = 3;

pub fn run(subject: &Subject, cell: Cell, plan: Plan, seed: u64) -> Report {
    let transport = subject.transport.fork();
    let mut judge = Judge::new(subject, transport.clone());
    let mut story = Story { subject, cell, seed, transport, baseline: None };
    let client = story.client();
    client.call(&QueryInvoices::new()).expect("the client has a token");
    if matches!(cell.way, Way::CallWithBaseline | Way::CallKept | Way::IntentWithBaseline) {
        story.baseline = client.baseline(&subject.operation).expect("the object can be read");
    }
    story.transport.sandbox().clear_journal();
    story.prepare(plan);

    let decided_at_once = match cell.way {
        Way::Call | Way::CallWithBaseline | Way::CallKept => story.call(&client, &mut judge),
        Way::Job => jobs::perform(&mut story, &client, &mut judge),
        _ => story.perform(&client, &mut judge),
    };
    let undecided_at_last = decided_at_once == Decided::Never;

    story.transport.sandbox().faults().clear();
    story.transport.sandbox().settings().concurrency_in_use = 0;
    client.call(&QueryInvoices::new()).expect("the session works on");
    let unknown = client.call(&GetBillRun::new("0".repeat(32))).expect_err("there is no such run");
    assert!(unknown.is_not_found(), "the session works on: {unknown}");
    story.transport.advance(Duration::from_secs(300));
    judge.check("five minutes later");
    story.transport.advance(DAY);
    judge.check("25 hours later");
    let repeated_by_a_proxy = judge.was_repeated_by_a_proxy();
    let Judge { false_outcomes, double_effects, .. } = judge;
    Report {
        decided_at_once: decided_at_once == Decided::AtOnce,
        undecided_at_last,
        false_outcomes,
        double_effects,
        repeated_by_a_proxy,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    AtOnce,
    Later,
    Never,
}

pub struct Story<'a> {
    pub subject: &'a Subject,
    pub cell: Cell,
    seed: u64,
    transport: InProcess,
    /// Time of the last change that was read before the operation.
    pub baseline: Option<Baseline>,
}

impl Story<'_> {
    /// Returns a client in a new process.
    pub fn client(&mut self) -> Client<InProcess> {
        let mut seed = [0; 32];
        self.seed += 1;
        seed[..8].copy_from_slice(&self.seed.to_be_bytes());
        let session = Session::new(&config(), &Seed::from_bytes(seed)).unwrap();
        Client::with_session(&session, self.transport.new_process())
    }

    fn prepare(&self, plan: Plan) {
        let mut sandbox = self.transport.sandbox();
        (plan.set)(sandbox.settings());
        for fault in plan.faults {
            sandbox.faults().push(fault);
        }
        if self.cell.sight == Sight::LostThenStale {
            let stale = Fault::StaleRead(Duration::from_secs(10));
            let reads = RequestPattern::method(Method::GET);
            sandbox.faults().push(stale.matching(reads).lasting(Duration::from_secs(600)));
        }
        if plan.revoke {
            sandbox.revoke_tokens();
        }
        if plan.crowd {
            sandbox.settings().concurrency_in_use = 40;
            let later = Duration::from_secs(60);
            sandbox.schedule_after(later, |sandbox| sandbox.settings().concurrency_in_use = 0);
        }
        if let (After::PersonFirst, Some(act)) = (self.cell.after, self.subject.same_by_hand()) {
            let ids = self.subject.ids.clone();
            let pattern = RequestPattern::operation(self.subject.api);
            sandbox.before_next(pattern, move |sandbox| ids.iter().for_each(|id| act(sandbox, id)));
        }
    }

    /// Does what happens between the first attempt and the next poll, and returns the client that polls.
    pub fn go_on(&mut self, client: &Client<InProcess>, judge: &mut Judge<'_>) -> Client<InProcess> {
        match self.cell.after {
            After::SameProcess | After::PersonFirst => {}
            After::Restart => return self.restarted(),
            After::FiveMinutes => self.transport.advance(Duration::from_secs(300)),
            After::Day => self.transport.advance(DAY),
            After::RestartAfterDay => {
                self.transport.advance(DAY);
                return self.restarted();
            }
            After::OtherClient => {
                let other = self.client();
                judge.by_another_client(|| drop(other.call(&self.subject.operation)));
            }
            After::PersonNext => self.by_hand(self.subject.same_by_hand()),
            After::Undone => {
                self.transport.advance(match self.cell.work {
                    Work::Later(seconds) => Duration::from_secs(seconds + 1),
                    Work::Job => Duration::from_secs(301),
                    _ => Duration::from_secs(1),
                });
                self.by_hand(self.subject.undone_by_hand());
            }
        }
        client.clone()
    }

    /// Returns a client in a new process, with the wall clock of the cell.
    fn restarted(&mut self) -> Client<InProcess> {
        let client = self.client();
        let now = client.transport().wall_time().0.as_secs();
        let shown = match self.cell.way {
            Way::IntentAhead => now + CLOCK_ERROR,
            Way::IntentBehind => now - CLOCK_ERROR,
            _ => return client,
        };
        client.transport().set_wall_time(UnixTime::from_secs(shown));
        client
    }

    fn by_hand(&self, act: Option<ByHand>) {
        let act = act.expect("the cell is possible");
        let mut sandbox = self.transport.sandbox();
        self.subject.ids.iter().for_each(|id| act(&mut sandbox, id));
    }

    /// Calls, then reads back or calls again under the key.
    fn call(&mut self, client: &Client<InProcess>, judge: &mut Judge<'_>) -> Decided {
        let operation = &self.subject.operation;
        let result = client.call(operation).map(zuora_core::Response::into_inner);
        let Some(mut error) = report(result, judge) else { return Decided::AtOnce };
        let client = self.go_on(client, judge);
        let read = match self.cell.way {
            Way::CallKept => reconcile_over_restarts(self, &error),
            _ => reconcile(&client, operation, &error, self.baseline.clone()),
        };
        if let Some(outcome) = read {
            judge.report(By::Read, outcome, None);
            if outcome != Outcome::Unknown {
                return Decided::Later;
            }
        }
        if self.subject.effect == Effect::Keyed {
            for _ in 0..ROUNDS {
                let options = CallOptions::retry_of(&error);
                let result = client.call_with(operation, &options).map(zuora_core::Response::into_inner);
                match report(result, judge) {
                    None => return Decided::Later,
                    Some(unknown) => error = unknown,
                }
            }
        }
        Decided::Never
    }

    /// Delivers an intent until it is decided.
    fn perform(&mut self, client: &Client<InProcess>, judge: &mut Judge<'_>) -> Decided {
        let mut intent = client.intent(self.subject.operation.clone()).unwrap();
        if let Some(baseline) = &self.baseline {
            intent = intent.with_baseline(baseline.as_str());
        }
        let intent = Intent::from_json(&intent.to_json().unwrap()).unwrap();
        let first = wall(client);
        let mut last = match performed(client.perform(&intent, Delivery::first()), judge) {
            None => return Decided::AtOnce,
            Some(at) => at.map_or_else(|| wall(client), |at| at.0),
        };
        let client = self.go_on(client, judge);
        for _ in 0..ROUNDS {
            match performed(client.perform(&intent, Delivery::again(last).since(first)), judge) {
                None => return Decided::Later,
                Some(Some((sent, look_again))) => {
                    last = sent;
                    let wait = look_again.since(wall(&client)).unwrap_or_default();
                    self.transport.advance(wait);
                }
                Some(None) => last = wall(&client),
            }
        }
        Decided::Never
    }
}

fn wall(client: &Client<InProcess>) -> WallTime {
    Transport::now(client.transport()).wall().unwrap()
}

/// Reports the result of a call; returns the error if its outcome is unknown.
fn report(result: Result<AnyResponse>, judge: &mut Judge<'_>) -> Option<Error> {
    match result {
        Ok(response) => judge.report(By::Request, Outcome::Applied, rows(&response)),
        Err(error) if error.outcome() == Outcome::Unknown => return Some(error),
        Err(error) => judge.report(By::Request, error.outcome(), None),
    }
    None
}

/// Reports the end of a delivery. If that is unknown, returns `Some`, with the last possible sending and the time of the
/// next poll where they are known.
#[allow(clippy::option_option, reason = "unknown, with or without times")]
fn performed(result: Result<Performed>, judge: &mut Judge<'_>) -> Option<Option<(WallTime, WallTime)>> {
    match result {
        Ok(Performed::Done(response)) => {
            let response = response.into_inner();
            judge.report(By::Request, Outcome::Applied, rows(&response));
            None
        }
        Ok(Performed::AlreadyDone(_)) => {
            judge.report(By::Read, Outcome::Applied, None);
            None
        }
        Ok(Performed::Undecided(undecided)) => {
            Some(undecided.maybe_sent_at.map(|sent| (sent, undecided.poll_again_at)))
        }
        Ok(_) => panic!("a new end of a delivery"),
        Err(error) => report(Err(error), judge).map(|_| None),
    }
}

/// The least and the largest number of rows that a bulk response reports as done.
fn rows(response: &AnyResponse) -> Option<RangeInclusive<usize>> {
    let outcomes: Vec<Outcome> = match response {
        AnyResponse::BulkCreateStandaloneInvoices(created) => {
            created.invoices.iter().map(|row| row.envelope.outcome()).collect()
        }
        AnyResponse::BulkPostInvoices(posted) => {
            posted.invoices.iter().map(|row| row.envelope.outcome()).collect()
        }
        _ => return None,
    };
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let applied = count(Outcome::Applied);
    Some(applied..=applied + count(Outcome::Unknown))
}
