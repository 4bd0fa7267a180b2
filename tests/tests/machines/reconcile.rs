//! Reconciling an unknown outcome: the absence of the new state is conclusive only in a read that began 130 s or more
//! after the attempt failed, by a clock that measured it, to a caller who wrote or knows the state before.

use http::Method;
use zuora_core::invoices::{GetInvoice, Invoice, PostInvoice};
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{RawOperation, Spec};
use zuora_core::polling::{Poller, PollingPolicy, Progress};
use zuora_core::reconcile::{Baseline, ReadBack, Reconciled, Reconciliation, Undecided};
use zuora_core::session::Session;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp};
use zuora_core::{CallOptions, Client, Config, DataCenter, Error, Operation, Outcome};
use zuora_tests::simulation::{
    SendResult, Simulation, TOKEN, at, cold, config, json, lost, ms, received, rejected, script, secs, warm,
};

#[derive(Clone)]
struct Post;

impl Operation for Post {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::put("post_thing", "/v1/things/{id}/post");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        RawOperation::new(Method::PUT, "/v1/things/1/post").body("{}".as_bytes()).request()
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
        match seen {
            Ok(response) => Some(response.body().windows(6).any(|text| text == b"Posted")),
            Err(error) => error.is_not_found().then_some(false),
        }
    }

    fn updated(&self, seen: &HttpResponse) -> Option<String> {
        let text = std::str::from_utf8(seen.body()).unwrap();
        text.split("\"updatedDate\":\"").nth(1)?.split('"').next().map(str::to_owned)
    }
}

fn status(status: &str) -> SendResult {
    received(200, &[], &format!(r#"{{"status":"{status}","updatedDate":"{UPDATED}","success":true}}"#))
}

/// When the thing was last changed before the post.
const UPDATED: &str = "2025-12-31 10:00:00";

/// The error of a post that was sent at 0 s and whose response was lost at `lost_at`.
fn lost_post(session: &zuora_core::session::Session, lost_at: Timestamp) -> Error {
    let mut call = Call::new(session, Post);
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    match call.step(Event::Failure(lost()), lost_at) {
        Action::Done(Err(error)) => {
            assert_eq!(error.outcome(), Outcome::Unknown);
            error
        }
        other => panic!("{other:?}"),
    }
}

/// The error of a call that was sent at 0 s and whose response was lost at `lost_at`.
fn lost_call<O: Operation + Clone>(
    session: &Session,
    operation: &O,
    options: &CallOptions,
    lost_at: Timestamp,
) -> Error {
    let mut call = Call::with_options(session, operation.clone(), options);
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    match call.step(Event::Failure(lost()), lost_at) {
        Action::Done(Err(error)) => error,
        Action::Done(Ok(_)) | Action::Send(..) | Action::Wait(_) => panic!("the response was lost"),
    }
}

fn unknown<T: std::fmt::Debug>(result: Result<Reconciled<T>, Error>) -> Undecided<T> {
    match result {
        Ok(Reconciled::Unknown(undecided)) => undecided,
        other => panic!("{other:?}"),
    }
}

/// A post for which a 404 shows nothing.
#[derive(Clone)]
struct Strict;

impl ReadBack for Strict {
    type Read = GetInvoice;

    fn read_back(&self) -> GetInvoice {
        GetInvoice::new("1")
    }

    fn is_applied(&self, seen: Result<&Invoice, &Error>) -> Option<bool> {
        Some(seen.ok()?.status.as_ref()?.as_str() == "Posted")
    }
}

#[test]
fn the_new_state_is_conclusive_immediately() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut simulation = Simulation::new(script([status("Posted")]));
    simulation.now = at(1);
    let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
    let ended = simulation.drive(poller.until_done());
    assert!(matches!(ended.result, Ok(Reconciled::Applied(Some(_)))));
    assert!(ended.at < at(2));
}

#[test]
fn the_old_state_is_conclusive_only_130_s_after_the_failure() {
    // For any duration of a poll, and any start of the reconciliation.
    for latency in [ms(50), secs(5), secs(60), secs(119)] {
        for begin in [1, 60, 129, 130, 500] {
            let session = warm(&config());
            let error = lost_post(&session, at(1));
            let mut simulation = Simulation::new(move |_: &HttpRequest, _| (latency, status("Draft")));
            simulation.now = at(begin);
            let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
            let ended = simulation.drive(poller.until_done());
            assert!(matches!(ended.result, Ok(Reconciled::NotApplied(Some(_)))), "{:?}", ended.result);
            let last = simulation.calls().last().unwrap().at;
            assert!(last >= at(131), "decided by a poll sent at {last:?}, each taking {latency:?}");
            assert!(last <= at(begin.max(131)) + secs(31) + latency, "and not much later: {last:?}");
        }
    }
}

#[test]
fn work_that_ends_during_a_slow_poll_is_not_missed() {
    // The response shows the object as it was when the poll arrived, 119 s ago.
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut simulation = Simulation::new(|_: &HttpRequest, now: Timestamp| {
        let posted = now >= at(119);
        (secs(119), status(if posted { "Posted" } else { "Draft" }))
    });
    simulation.now = at(20);
    let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
    let ended = simulation.drive(poller.until_done());
    assert!(matches!(ended.result, Ok(Reconciled::Applied(_))), "{:?}", ended.result);
}

#[test]
fn a_poll_that_fails_temporarily_decides_nothing() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let replies = [SendResult::Lost, received(503, &[], ""), SendResult::NotSent, status("Posted")];
    let mut simulation = Simulation::new(script(replies));
    simulation.now = at(200);
    let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
    assert!(matches!(simulation.drive(poller.until_done()).result, Ok(Reconciled::Applied(_))));
}

#[test]
fn an_object_that_cannot_be_read_leaves_the_outcome_unknown() {
    for reply in [rejected(403, &["50000010"]), received(404, &[], ""), received(200, &[], "<html>")] {
        let session = warm(&config());
        let error = lost_post(&session, at(1));
        let mut simulation = Simulation::new(script([reply]));
        let poller = Poller::new(&session, Reconciliation::new(&Strict, &error), PollingPolicy::default());
        let undecided = unknown(simulation.drive(poller.until_done()).result);
        let error = undecided.error.as_ref().unwrap();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(undecided.to_string().contains("cannot be read"), "{undecided}");
    }
}

#[test]
fn an_error_can_be_conclusive() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut simulation = Simulation::new(script(std::iter::repeat_with(|| rejected(404, &["50000040"]))));
    simulation.now = at(135);
    let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
    assert!(matches!(simulation.drive(poller.until_done()).result, Ok(Reconciled::NotApplied(None))));
}

#[test]
fn an_error_without_a_time_counts_from_the_first_poll_and_needs_a_baseline() {
    for (baseline, is_proven) in [(Some(UPDATED), true), (Some("2025-12-31 10:00:01"), false), (None, false)]
    {
        let session = warm(&config());
        let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), status("Draft")));
        simulation.now = at(1000);
        let error = Error::failed("of another origin");
        let reconciliation = Reconciliation::new(&Post, &error).baseline(baseline.map(Baseline::new));
        let poller = Poller::new(&session, reconciliation, PollingPolicy::default());
        let ended = simulation.drive(poller.until_done());
        match ended.result.unwrap() {
            Reconciled::NotApplied(Some(_)) => assert!(is_proven, "{baseline:?}"),
            Reconciled::Unknown(_) => assert!(!is_proven, "{baseline:?}"),
            other => panic!("{other:?}"),
        }
        assert!(ended.at >= at(1130), "{:?}", ended.at);
    }
}

#[test]
fn the_caller_who_wrote_may_assume_for_ten_minutes_that_nothing_has_undone_it() {
    for (begin, is_told) in [(601, true), (602, false), (100_000, false)] {
        let session = cold(&Config::with_token(DataCenter::UsCloud2, TOKEN));
        let error = lost_post(&session, at(1));
        let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), status("Draft")));
        simulation.now = at(begin);
        let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
        let reconciled = simulation.drive(poller.until_done()).result.unwrap();
        assert_eq!(reconciled.outcome() == Outcome::NotApplied, is_told, "{begin}: {reconciled:?}");
        if !is_told {
            assert!(unknown(Ok(reconciled)).why.contains("ten minutes"));
        }
    }
}

#[test]
fn another_process_does_not_assume_that_nothing_has_undone_it() {
    let session = cold(&Config::with_token(DataCenter::UsCloud2, TOKEN));
    let error = lost_post(&session, at(1));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), status("Draft")));
    // Two minutes later, by the clock of another process.
    simulation.now = Timestamp::new(secs(3600)).with_wall(at(1).wall().unwrap() + secs(120));
    let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
    let undecided = unknown(simulation.drive(poller.until_done()).result);
    assert!(undecided.error.is_none(), "the object was read: {undecided}");
}

#[test]
fn an_error_of_another_clock_is_dated_by_the_wall_clock_with_the_difference_of_clocks() {
    // The other clock is an hour older than the error's; its wall time says how old the error is.
    for (age, decided_after) in [(0, 130), (129, 130), (299, 130), (400, 30), (430, 0), (9000, 0)] {
        let session = cold(&Config::with_token(DataCenter::UsCloud2, TOKEN));
        let error = lost_post(&session, at(1));
        let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), status("Draft")));
        let wall = at(1).wall().unwrap() + secs(age);
        simulation.now = Timestamp::new(secs(3600)).with_wall(wall);
        let begin = simulation.now;
        let reconciliation = Reconciliation::new(&Post, &error).baseline(Baseline::new(UPDATED));
        let poller = Poller::new(&session, reconciliation, PollingPolicy::default());
        let ended = simulation.drive(poller.until_done());
        assert!(matches!(ended.result, Ok(Reconciled::NotApplied(_))), "{:?}", ended.result);
        let took = begin.until(ended.at);
        // The pauses grow up to 30 s.
        assert!(took >= secs(decided_after) && took <= secs(decided_after) + secs(31), "{age}: {took:?}");
    }
}

#[test]
fn without_wall_times_the_time_counts_from_the_first_poll() {
    let session = cold(&Config::with_token(DataCenter::UsCloud2, TOKEN));
    let error = lost_post(&session, Timestamp::new(secs(1)));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), status("Draft")));
    simulation.now = Timestamp::new(secs(5000));
    let reconciliation = Reconciliation::new(&Post, &error).baseline(Baseline::new(UPDATED));
    let poller = Poller::new(&session, reconciliation, PollingPolicy::default());
    let ended = simulation.drive(poller.until_done());
    assert!(matches!(ended.result, Ok(Reconciled::NotApplied(_))));
    assert!(ended.at >= at(5130), "{:?}", ended.at);
}

#[test]
fn a_reconciliation_is_kept_as_json_and_resumed_by_another_process() {
    let session = warm(&config());
    let post = PostInvoice::new("INV1");
    let error = lost_call(&session, &post, &CallOptions::new().entity_id("2c98"), at(1));
    let kept = Reconciliation::new(&post, &error).baseline(Baseline::new(UPDATED)).to_json().unwrap();
    assert!(kept.contains("2c98") && !kept.contains(TOKEN), "{kept}");

    let session = warm(&config());
    let mut simulation = Simulation::new(|request: &HttpRequest, _| {
        assert_eq!(request.headers()["zuora-entity-ids"], "2c98", "the reads use the entity of the write");
        let items = request.uri().path().ends_with("/items");
        (
            ms(10),
            if items {
                received(200, &[], r#"{"success":true,"invoiceItems":[{"id":"1"}]}"#)
            } else {
                status("Draft")
            },
        )
    });
    simulation.now = Timestamp::new(secs(7)).with_wall(at(5000).wall().unwrap());
    let resumed = Reconciliation::<PostInvoice>::from_json(&kept).unwrap();
    let ended = simulation.drive(Poller::new(&session, resumed, PollingPolicy::default()).until_done());
    assert!(matches!(ended.result, Ok(Reconciled::NotApplied(Some(_)))), "{:?}", ended.result);
    assert!(Reconciliation::<PostInvoice>::from_json("{}").is_err());
}

#[test]
fn a_worker_takes_one_look_and_learns_when_to_look_again() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), status("Draft")));
    simulation.now = at(1);
    let reconciliation = Reconciliation::new(&Post, &error);
    assert_eq!(reconciliation.conclusive_in(at(31)), secs(100));
    let mut poller = Poller::new(&session, reconciliation, Reconciliation::<Post>::policy());
    let looked = simulation.drive(&mut poller);
    assert!(matches!(looked.result, Ok(Progress::Pending(Some(pause))) if pause == secs(10)));
    assert_eq!((looked.waits.len(), simulation.calls().len()), (0, 1), "no worker is held");
}

#[test]
fn a_session_of_another_tenant_or_entity_is_rejected() {
    let session = warm(&config());
    let error = lost_call(&session, &Post, &CallOptions::new(), at(1));
    for other in [
        Config::with_token(DataCenter::Eu, "token"),
        Config::with_token(DataCenter::UsCloud2, "token").entity_id("2c98"),
    ] {
        let other = cold(&other);
        let mut simulation = Simulation::new(script([]));
        let poller = Poller::new(&other, Reconciliation::new(&Post, &error), PollingPolicy::default());
        let rejected = simulation.drive(poller.until_done()).result.unwrap_err();
        assert_eq!(rejected.outcome(), Outcome::Unknown);
        assert!(rejected.to_string().contains("the session has another"), "{rejected}");
    }
}

#[test]
fn reading_ends_with_the_time_that_the_caller_gives() {
    for seconds in [1, 10, 60] {
        let session = warm(&config());
        let error = lost_post(&session, at(1));
        // A poll that takes longer than what is left.
        let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(7), status("Draft")));
        simulation.now = at(1);
        let policy = PollingPolicy::default().timeout(secs(seconds));
        let poller = Poller::new(&session, Reconciliation::new(&Post, &error), policy);
        let ended = simulation.drive(poller.until_done());
        assert!(at(1).until(ended.at) <= secs(seconds), "{seconds}: {:?}", ended.at);
        let undecided = unknown(ended.result);
        assert!(undecided.waited >= secs(seconds), "{undecided}");
    }
}

#[test]
fn the_client_reconciles_in_one_call() {
    let polls = std::cell::Cell::new(0);
    let transport = FakeTransport::new(|request| {
        if request.method() == Method::PUT {
            return Err(lost());
        }
        polls.set(polls.get() + 1);
        let status = if polls.get() < 4 { "Draft" } else { "Posted" };
        Ok(json(200, format!(r#"{{"status":"{status}","success":true}}"#)))
    });
    let client = Client::with_transport(&config(), transport).unwrap();
    let error = client.call(&Post).unwrap_err();
    let reconciled = client.reconcile(&Post, &error).unwrap();
    assert!(matches!(reconciled, Reconciled::Applied(Some(_))));
    assert_eq!(polls.get(), 4);
}
