//! Deliveries that end without a performance, or fail again and again: what may have been sent is never rejected.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

mod memory;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use zuora_core::invoices::{BulkPostInvoices, PostInvoice};
use zuora_core::transport::{AsyncTransport, WallTime};
use zuora_core::{AsyncClient, Client, Config};
use zuora_sandbox::{ApiOperation, CLIENT_ID, CLIENT_SECRET, Fault, InProcess};
use zuora_workers::{Decision, Job, Lease, Limits, Record, Sendings, deliver, poisoned, unreadable};

use self::memory::Memory;

fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET).max_attempts(1)
}

fn job(transport: &InProcess) -> Job {
    let client = Client::with_transport(&config(), transport.clone()).unwrap();
    Job::new("post", &client.intent(PostInvoice::new("INV00000155")).unwrap()).unwrap()
}

fn now(transport: &InProcess) -> WallTime {
    AsyncTransport::now(transport).wall().unwrap()
}

/// A line of an intent that was sent, and that its workers could not perform since.
fn sent() -> Record {
    let at = WallTime::from_unix_millis(1000);
    let mut record = Record::default().at_version(3);
    record.sent = Some(Sendings { first: at, last: at });
    record.unreadable_since = Some(at);
    record
}

async fn delivered(config: &Config, transport: &InProcess, job: &Job, record: Record) -> (Decision, Record) {
    let client = AsyncClient::with_transport(config, transport.clone()).unwrap();
    let lease = Lease::until(AsyncTransport::now(transport) + Duration::from_secs(20));
    let line = Memory(Arc::new(Mutex::new(record)));
    deliver(&client, &line, job, &lease, &Limits::default()).await.unwrap()
}

#[test]
fn a_sent_job_whose_text_cannot_be_read_ends_in_doubt() {
    let later = WallTime::from_unix_millis(1000) + Limits::default().unreadable;
    let (decision, _) = unreadable("post", "{}", sent(), "unknown", &Limits::default(), later);
    let Decision::InDoubt(doubt) = &decision else { panic!("{decision:?}") };
    assert_eq!((doubt.why.as_str(), doubt.operation.as_str()), ("unknown", ""));
    assert_eq!(doubt.look_from.unwrap().unix_millis(), 131_000);
    assert!(doubt.advice.contains("from 131000 on"), "{}", doubt.advice);
    let mut unsent = sent();
    unsent.sent = None;
    let (decision, _) = unreadable("post", "{}", unsent, "unknown", &Limits::default(), later);
    assert_eq!(decision.state(), "rejected");
}

#[test]
fn a_sent_job_that_ends_its_workers_and_cannot_be_read_ends_in_doubt() {
    let decision = poisoned("post", "not an intent", &sent(), "its workers end", &Limits::default());
    assert_eq!(decision.state(), "in doubt");
    let line = Record::of_unreadable_line();
    assert_eq!(poisoned("post", "{}", &line, "ends", &Limits::default()).state(), "in doubt");
    assert_eq!(poisoned("post", "{}", &Record::default(), "ends", &Limits::default()).state(), "rejected");
}

#[tokio::test]
async fn a_sent_job_that_only_workers_of_another_entity_get_ends_in_doubt() {
    let transport = InProcess::demo();
    let job = job(&transport);
    let other = config().entity_id("2c92c0f85d7f3c1d015d7f8e0f0c0001");
    let (decision, _) = delivered(&other, &transport, &job, sent()).await;
    assert_eq!(decision.state(), "in doubt", "{decision:?}");
    let (decision, record) = delivered(&other, &transport, &job, Record::default()).await;
    assert_eq!(decision.state(), "waiting", "{decision:?}");
    assert!(record.unreadable_since.is_some());
}

#[tokio::test]
async fn a_guard_of_one_worker_leaves_its_jobs_to_others() {
    let transport = InProcess::demo();
    let job = job(&transport);
    let guarded = config().read_only();
    let (decision, _) = delivered(&guarded, &transport, &job, Record::default()).await;
    assert_eq!(decision.state(), "waiting", "{decision:?}");
    let (decision, _) = delivered(&guarded, &transport, &job, sent()).await;
    assert_eq!(decision.state(), "in doubt", "{decision:?}");
}

#[tokio::test]
async fn a_line_that_cannot_be_read_ends_in_doubt_and_stays() {
    let transport = InProcess::demo();
    let line = Record::of_unreadable_line();
    let (decision, record) = delivered(&config(), &transport, &job(&transport), line).await;
    assert_eq!((decision.state(), record), ("in doubt", Record::default()));
}

#[tokio::test]
async fn a_job_with_several_rows_is_rejected_before_it_is_sent() {
    let transport = InProcess::demo();
    let client = Client::with_transport(&config(), transport.clone()).unwrap();
    let intent = client.intent(BulkPostInvoices::new(["INV00000155", "INV00000156"])).unwrap();
    let error = Job::new("rows", &intent).unwrap_err().to_string();
    assert!(error.contains("must be one job a row"), "{error}");
    // Another program may write the text of a job.
    let text = serde_json::json!({ "key": "rows", "intent": intent.to_json().unwrap() });
    let job: Job = serde_json::from_value(text).unwrap();
    let (decision, _) = delivered(&config(), &transport, &job, Record::default()).await;
    assert_eq!(decision.state(), "rejected", "{decision:?}");
    let (decision, _) = delivered(&config(), &transport, &job, sent()).await;
    assert_eq!(decision.state(), "in doubt", "{decision:?}");
}

#[tokio::test]
async fn a_job_that_was_never_sent_waits_for_as_long_as_an_outage_lasts() {
    let transport = InProcess::demo();
    let job = job(&transport);
    for operation in [ApiOperation::GetInvoice, ApiOperation::CreateToken] {
        transport.sandbox().faults().push(Fault::NotSent.on_operation(operation).times(9));
        let mut tried = Record::default();
        tried.tries = 1000;
        let before = now(&transport);
        let (decision, record) = delivered(&config(), &transport, &job, tried).await;
        let Decision::NotBefore { at, .. } = decision else { panic!("{decision:?}") };
        assert!(at.since(before).unwrap() >= Duration::from_secs(59), "the longest pause");
        assert_eq!((record.sent, record.tries), (None, 1001));
        transport.sandbox().faults().clear();
    }
}

#[tokio::test]
async fn waiting_for_another_worker_leaves_its_line_as_it_is() {
    let transport = InProcess::demo();
    let now = now(&transport);
    let mut held = sent();
    held.sent = Some(Sendings { first: now, last: now + Duration::from_secs(15) });
    let (decision, record) = delivered(&config(), &transport, &job(&transport), held).await;
    assert_eq!((decision.state(), record), ("waiting", Record::default()), "its next renewal must count");
}
