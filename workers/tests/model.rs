//! Deliveries against a model of an at-least-once engine: twice, concurrently, late, after a day, with crashes.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

mod memory;

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use zuora_core::invoices::{
    CreateStandaloneInvoice, InvoicePatch, ItemUpdate, NewInvoiceItem, PostInvoice, UpdateInvoice,
};
use zuora_core::transport::{AsyncTransport, WallTime};
use zuora_core::{Amount, AsyncClient, Client, Config};
use zuora_sandbox::{
    ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, FailureCategory, Fault, InProcess, UnixTime,
};
use zuora_workers::{Decision, Job, Lease, Limits, Record, deliver};

use self::memory::Memory;

const LEASE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Write {
    Create,
    AddItem,
    Post,
}

#[derive(Clone, Debug)]
enum Act {
    Deliver { clock_ahead: u64 },
    Poll(usize),
    Crash(usize),
    Pass(u64),
    Fault(Injected),
}

#[derive(Clone, Copy, Debug)]
enum Injected {
    NotSent,
    Lost,
    Late(u64),
    LostThenLate(u64),
    Failed,
    DoneThenFailed,
}

fn act() -> impl Strategy<Value = Act> {
    let injected = prop_oneof![
        Just(Injected::NotSent),
        Just(Injected::Lost),
        (1..119_u64).prop_map(Injected::Late),
        (1..119_u64).prop_map(Injected::LostThenLate),
        Just(Injected::Failed),
        Just(Injected::DoneThenFailed),
    ];
    prop_oneof![
        4 => (0..200_u64).prop_map(|clock_ahead| Act::Deliver { clock_ahead }),
        20 => (0..3_usize).prop_map(Act::Poll),
        2 => (0..3_usize).prop_map(Act::Crash),
        3 => prop_oneof![3 => 1..15_u64, 2 => 15..700_u64, 1 => Just(25 * 3600_u64)].prop_map(Act::Pass),
        2 => injected.prop_map(Act::Fault),
    ]
}

fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET).max_attempts(2)
}

type Delivery<'a> = Pin<Box<dyn Future<Output = (Decision, Record)> + 'a>>;

struct World {
    transport: InProcess,
    write: Write,
    job: Job,
    log: Memory,
    /// The state that the engine has recorded.
    decided: Option<Decision>,
    due: Option<WallTime>,
    effects_before: usize,
}

fn fee(name: &str) -> NewInvoiceItem {
    NewInvoiceItem::named(name, "12.50".parse::<Amount>().unwrap(), "2026-03-01".parse().unwrap())
}

impl World {
    fn new(write: Write) -> Self {
        let transport = InProcess::demo();
        let client = Client::with_transport(&config(), transport.clone()).unwrap();
        let account = zuora_core::types::AccountId::from("2c92a08282fa634378aca02a1626d315");
        let create = CreateStandaloneInvoice::new(account, "2026-03-01".parse().unwrap(), [fee("Base")]);
        let operation: zuora_core::intent::AnyOperation = match write {
            Write::Create => create.into(),
            _ => {
                let invoice = client.call(&create).unwrap();
                transport.advance(Duration::from_millis(700));
                let id = invoice.id().unwrap().to_string();
                match write {
                    Write::Post => PostInvoice::new(id).into(),
                    _ => {
                        let patch = InvoicePatch::default().items([ItemUpdate::from(fee("Added"))]);
                        UpdateInvoice::new(id, patch).into()
                    }
                }
            }
        };
        let job = Job::new("job", &client.intent(operation).unwrap()).unwrap();
        let mut world = Self {
            transport,
            write,
            job,
            log: Memory::default(),
            decided: None,
            due: None,
            effects_before: 0,
        };
        world.effects_before = world.effects();
        world
    }

    fn effects(&self) -> usize {
        let kind = match self.write {
            Write::Create => EffectKind::InvoiceCreated,
            Write::AddItem => EffectKind::InvoiceUpdated,
            Write::Post => EffectKind::InvoicePosted,
        };
        self.transport.sandbox().journal().effects_of_kind(kind).count() - self.effects_before
    }

    fn fault(&self, injected: Injected) {
        let fault = match injected {
            Injected::NotSent => Fault::NotSent,
            Injected::Lost => Fault::LoseResponse,
            Injected::Late(seconds) => Fault::execute_later(Duration::from_secs(seconds)),
            Injected::LostThenLate(seconds) => Fault::lose_then_execute(Duration::from_secs(seconds)),
            Injected::Failed => Fault::Fail(FailureCategory::Internal),
            Injected::DoneThenFailed => Fault::ExecuteThenFail(FailureCategory::Internal),
        };
        let operation = match self.write {
            Write::Create => ApiOperation::CreateInvoice,
            Write::AddItem => ApiOperation::UpdateInvoice,
            Write::Post => ApiOperation::PostInvoice,
        };
        self.transport.sandbox().faults().push(fault.on_operation(operation));
    }

    fn delivery(&self, clock_ahead: u64) -> Delivery<'static> {
        let process = self.transport.new_process();
        let ahead = UnixTime(process.unix_time().0 + Duration::from_secs(clock_ahead));
        process.set_wall_time(ahead);
        let (job, log) = (self.job.clone(), self.log.clone());
        Box::pin(async move {
            let client = AsyncClient::with_transport(&config(), process).unwrap();
            let lease = Lease::until(AsyncTransport::now(client.transport()) + LEASE);
            deliver(&client, &log, &job, &lease, &Limits::default()).await.unwrap()
        })
    }

    /// Executes a decision as an engine does: the first end that is recorded counts.
    fn carry_out(&mut self, decision: Decision, record: &Record) {
        let mut line = self.log.0.lock().unwrap();
        if record.version != 0 && line.version == record.version {
            *line = record.clone().written();
        }
        drop(line);
        match decision {
            Decision::NotBefore { at, .. } => self.due = Some(at),
            end if self.decided.is_none() => self.decided = Some(end),
            // A worker that has lost its job still knows that it was done.
            Decision::Acknowledge(done) if !matches!(self.decided, Some(Decision::Acknowledge(_))) => {
                self.decided = Some(Decision::Acknowledge(done));
            }
            _ => {}
        }
    }

    fn poll(&mut self, deliveries: &mut Vec<Delivery<'static>>, index: usize) {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready((decision, record)) = deliveries[index].as_mut().poll(&mut context) {
            drop(deliveries.remove(index));
            self.carry_out(decision, &record);
        }
    }
}

/// Runs a history, then delivers without faults until the job has ended. Returns the end and the number of effects.
fn run(write: Write, acts: Vec<Act>) -> (Decision, usize) {
    let mut world = World::new(write);
    let mut deliveries: Vec<Delivery<'static>> = Vec::new();
    for act in acts {
        match act {
            Act::Deliver { clock_ahead } if deliveries.len() < 3 => {
                deliveries.push(world.delivery(clock_ahead));
            }
            Act::Poll(index) if !deliveries.is_empty() => {
                let index = index % deliveries.len();
                world.poll(&mut deliveries, index);
            }
            Act::Crash(index) if !deliveries.is_empty() => {
                let index = index % deliveries.len();
                drop(deliveries.remove(index));
            }
            // A stall between the last check and the sending is the one remaining risk: shorter than the span.
            Act::Pass(seconds) if deliveries.is_empty() || seconds < 15 => {
                world.transport.advance(Duration::from_secs(seconds));
            }
            Act::Fault(injected) => world.fault(injected),
            _ => {}
        }
        assert!(world.effects() <= 1, "applied twice");
    }
    world.transport.sandbox().faults().clear();
    while !deliveries.is_empty() {
        world.poll(&mut deliveries, 0);
    }
    for _ in 0..200 {
        if world.decided.is_some() {
            break;
        }
        let now =
            WallTime::from_unix_millis(u64::try_from(world.transport.unix_time().0.as_millis()).unwrap());
        if let Some(wait) = world.due.take().and_then(|due| due.since(now)) {
            world.transport.advance(wait);
        }
        deliveries.push(world.delivery(0));
        while !deliveries.is_empty() {
            world.poll(&mut deliveries, 0);
        }
    }
    world.transport.advance(Duration::from_secs(600));
    let effects = world.effects();
    (world.decided.take().expect("every history ends"), effects)
}

fn check(write: Write, acts: Vec<Act>) {
    let (decision, effects) = run(write, acts);
    COUNTED.with(|counted| {
        let [done, doubt, rejected] = counted.get();
        counted.set(match decision {
            Decision::Acknowledge(_) => [done + 1, doubt, rejected],
            Decision::InDoubt(_) => [done, doubt + 1, rejected],
            _ => [done, doubt, rejected + 1],
        });
    });
    match decision {
        Decision::Acknowledge(_) => assert_eq!(effects, 1, "{write:?} acknowledged"),
        Decision::Rejected(ref why) => assert_eq!(effects, 0, "{write:?} rejected: {why:?}"),
        Decision::InDoubt(_) => assert!(effects <= 1, "{write:?} in doubt"),
        other => panic!("no end: {other:?}"),
    }
}

thread_local! {
    static COUNTED: Cell<[usize; 3]> = const { Cell::new([0; 3]) };
}

fn histories(write: Write) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let acts = proptest::collection::vec(act(), 0..80);
    runner
        .run(&acts, |acts| {
            check(write, acts);
            Ok(())
        })
        .unwrap();
    let [done, doubt, rejected] = COUNTED.with(Cell::get);
    println!("{write:?}: {done} done, {doubt} in doubt, {rejected} rejected");
    assert!(done > doubt, "most histories end without a person: {done} done, {doubt} in doubt");
}

#[test]
fn a_creation_is_decided_once_over_every_history() {
    histories(Write::Create);
}

#[test]
fn an_update_that_adds_an_item_is_decided_once_over_every_history() {
    histories(Write::AddItem);
}

#[test]
fn a_posting_is_decided_once_over_every_history() {
    histories(Write::Post);
}

#[test]
fn a_delivery_without_trouble_is_acknowledged_with_its_result() {
    for write in [Write::Create, Write::AddItem, Write::Post] {
        let (decision, effects) = run(write, Vec::new());
        assert_eq!((decision.state(), effects), ("done", 1), "{decision:?}");
    }
}

#[test]
fn an_update_whose_worker_dies_after_the_service_has_added_the_item_is_found_by_the_new_item() {
    let mut acts: VecDeque<Act> = vec![Act::Deliver { clock_ahead: 0 }, Act::Fault(Injected::Lost)].into();
    acts.extend(std::iter::repeat_n(Act::Poll(0), 12));
    acts.push_back(Act::Crash(0));
    let (decision, effects) = run(Write::AddItem, acts.into());
    assert_eq!(effects, 1);
    let Decision::Acknowledge(zuora_workers::Acknowledged::Evidence(shows)) = decision else {
        panic!("{decision:?}")
    };
    assert!(shows.contains("did not have before"), "{shows}");
}
