//! Reconciling an unknown outcome: the absence of the new state is conclusive only in a read that began 130 s or more
//! after the write was sent.

use http::Method;
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{RawOperation, Spec};
use zuora_core::polling::{Poller, PollingPolicy};
use zuora_core::reconcile::{ReadBack, Reconciled, Reconciliation};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp};
use zuora_core::{Client, Error, Operation, Outcome};
use zuora_tests::simulation::{
    SendResult, Simulation, at, config, json, lost, ms, received, rejected, script, secs, warm,
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
}

fn status(status: &str) -> SendResult {
    received(200, &[], &format!(r#"{{"status":"{status}","success":true}}"#))
}

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
fn the_old_state_is_conclusive_only_130_s_after_the_send() {
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
            assert!(last >= at(130), "decided by a poll sent at {last:?}, each taking {latency:?}");
            assert!(last <= at(begin.max(130)) + secs(31) + latency, "and not much later: {last:?}");
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
fn an_object_that_cannot_be_read_is_an_error() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut simulation = Simulation::new(script([rejected(403, &["50000010"])]));
    let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
    let error = simulation.drive(poller.until_done()).result.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
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
fn an_error_without_a_time_counts_from_the_first_poll() {
    let session = warm(&config());
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), status("Draft")));
    simulation.now = at(1000);
    let error = Error::failed("of another origin");
    let poller = Poller::new(&session, Reconciliation::new(&Post, &error), PollingPolicy::default());
    let ended = simulation.drive(poller.until_done());
    assert!(matches!(ended.result, Ok(Reconciled::NotApplied(_))));
    assert!(ended.at >= at(1130), "{:?}", ended.at);
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
