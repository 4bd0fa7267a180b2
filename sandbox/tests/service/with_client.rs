//! The client of `zuora-core` over faults that do the work.

use std::time::Duration;

use http::{Method, StatusCode};
use zuora_core::bill_runs::{AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun, PostBillRun};
use zuora_core::polling::PollingPolicy;
use zuora_core::{Client, Config, Date, Outcome};
use zuora_sandbox::{
    CLIENT_ID, CLIENT_SECRET, Duplication, EffectKind, Fault, InProcess, PlannedFault, RequestPattern,
};

fn client() -> Client<InProcess> {
    let config = Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET);
    Client::with_transport(&config, InProcess::demo()).unwrap()
}

fn create() -> CreateBillRun {
    CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31).unwrap()))
}

fn push(client: &Client<InProcess>, fault: impl Into<PlannedFault>) {
    client.transport().sandbox().faults().push(fault);
}

fn count(client: &Client<InProcess>, kind: EffectKind) -> usize {
    client.transport().sandbox().journal().effects_of_kind(kind).count()
}

#[test]
fn a_creation_is_done_once_whenever_the_work_happens() {
    let runs = |fault: Fault| fault.on(Method::POST, "/v1/bill-runs");
    for fault in [
        runs(Fault::execute_then(StatusCode::GATEWAY_TIMEOUT)),
        runs(Fault::execute_then(StatusCode::INTERNAL_SERVER_ERROR)).times(2),
        runs(Fault::execute_later(Duration::ZERO)),
        runs(Fault::execute_later(Duration::from_secs(5))),
        runs(Fault::lose_then_execute(Duration::from_secs(5))),
        runs(Fault::Duplicate(Duplication::SecondResponse)),
        runs(Fault::Duplicate(Duplication::Later(Duration::from_secs(60)))),
        runs(Fault::Garble(0)),
        runs(Fault::html(StatusCode::BAD_GATEWAY)).times(2),
        runs(Fault::ExpireToken),
    ] {
        let client = client();
        let description = format!("{fault:?}");
        push(&client, fault);
        let outcome = client.call(&create()).map_or_else(|error| error.outcome(), |_| Outcome::Applied);
        client.transport().advance(Duration::from_secs(200));
        assert_eq!(count(&client, EffectKind::BillRunCreated), 1, "{description}");
        assert_ne!(outcome, Outcome::NotApplied, "{description}");
    }
}

#[test]
fn a_rejection_while_the_work_is_under_way_does_not_forget_its_key() {
    let client = client();
    let on_runs = |fault: Fault| fault.on(Method::POST, "/v1/bill-runs");
    push(&client, on_runs(Fault::execute_later(Duration::from_secs(300))));
    push(&client, on_runs(Fault::throttled(1)));
    let _ = client.call(&create());
    client.transport().advance(Duration::from_secs(600));
    assert_eq!(count(&client, EffectKind::BillRunCreated), 1);
}

#[test]
fn a_posting_that_happens_a_minute_after_its_504_is_found_by_reading() {
    let client = client();
    let run = client.call(&create()).unwrap();
    let id = run.id().unwrap().clone();
    client.wait(BillRunWaiter::new(id.clone(), BillRunGoal::Completed), PollingPolicy::default()).unwrap();
    push(&client, Fault::execute_later(Duration::from_secs(60)).on(Method::PUT, "/post"));
    let post = PostBillRun::new(id);
    let error = client.call(&post).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let reconciled = client.reconcile(&post, &error).unwrap();
    assert_eq!(reconciled.outcome(), Outcome::Applied, "{reconciled:?}");
    client.transport().advance(Duration::from_secs(10));
    assert_eq!(count(&client, EffectKind::BillRunPosted), 1);
    let sandbox = client.transport().sandbox();
    assert_eq!(sandbox.journal().count(&RequestPattern::path(Method::PUT, "/post")), 1);
}
