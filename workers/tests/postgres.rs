//! The queue in PostgreSQL. `ZUORA_WORKERS_POSTGRES` is the URL of an empty database; `.ci/checks/workers` starts one.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

use std::time::{Duration, SystemTime};

use zuora_core::testing::FakeTransport;
use zuora_core::transport::WallTime;
use zuora_core::{Client, Config, invoices::PostInvoice};
use zuora_workers::{
    Acknowledged, Commands, Decision, Engine, Enqueued, Fleet, Job, Limits, Record, Resolution, SendLog,
    SqlQueue, poisoned,
};

async fn queue(name: &str) -> SqlQueue {
    let url = std::env::var("ZUORA_WORKERS_POSTGRES").expect("the URL of an empty database");
    SqlQueue::open(&url).await.unwrap().queue(name).window(Duration::from_secs(2))
}

fn job(key: &str) -> Job {
    let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, "{}")));
    let client =
        Client::with_transport(&Config::with_token("https://rest.zuora.com", "t"), transport).unwrap();
    Job::new(key, &client.intent(PostInvoice::new("INV-1")).unwrap()).unwrap()
}

fn later(seconds: u64) -> Decision {
    let at = WallTime::from(SystemTime::now()) + Duration::from_secs(seconds);
    Decision::NotBefore { at, why: "a \0 byte".to_owned() }
}

#[tokio::test]
async fn a_second_push_of_a_key_is_reported_and_waiting_uses_up_no_attempt() {
    let queue = queue("pushes").await;
    assert_eq!(queue.enqueue(&job("a")).await.unwrap(), Enqueued::New);
    assert_eq!(queue.enqueue(&job("a")).await.unwrap(), Enqueued::AlreadyThere, "an error in apalis");
    queue.join("pushes-1").await.unwrap();
    for _ in 0..40 {
        let [held] = queue.claim("pushes-1", 9).await.unwrap().try_into().unwrap();
        assert_eq!((held.lost_workers, held.key.as_str()), (0, "a"));
        let past = Decision::NotBefore { at: WallTime::from_unix_millis(0), why: String::new() };
        queue.execute("pushes-1", &held, &past, &Record::default()).await.unwrap();
    }
    let [held] = queue.claim("pushes-1", 9).await.unwrap().try_into().unwrap();
    queue.execute("pushes-1", &held, &later(3600), &Record::default()).await.unwrap();
    assert_eq!(queue.claim("pushes-1", 9).await.unwrap(), [], "waits, and does not spin");
    let counts = queue.count().await.unwrap();
    assert_eq!((counts.waiting, counts.running), (1, 0));
}

#[tokio::test]
async fn a_lost_worker_gives_its_job_back_and_can_only_acknowledge() {
    let queue = queue("orphans").await;
    queue.enqueue(&job("a").then(job("b"))).await.unwrap();
    for name in ["orphans-slow", "orphans-quick"] {
        queue.join(name).await.unwrap();
    }
    let [held] = queue.claim("orphans-slow", 1).await.unwrap().try_into().unwrap();
    let lost = "UPDATE workers SET last_seen = to_timestamp(0) WHERE id = 'orphans-slow'";
    sqlx::query(lost).execute(queue.pool()).await.unwrap();
    assert_eq!(queue.beat("orphans-quick").await.unwrap(), Some(Fleet { alive: 1, is_paused: false }));
    let [taken] = queue.claim("orphans-quick", 1).await.unwrap().try_into().unwrap();
    assert_eq!((&taken.id, taken.lost_workers), (&held.id, 1));
    queue.execute("orphans-slow", &held, &later(0), &Record::default()).await.unwrap();
    assert_eq!(queue.count().await.unwrap().running, 1, "dropped");
    let done = Decision::Acknowledge(Acknowledged::Evidence("posted".into()));
    queue.execute("orphans-slow", &held, &done, &Record::default()).await.unwrap();
    queue.execute("orphans-quick", &taken, &later(0), &Record::default()).await.unwrap();
    let counts = queue.count().await.unwrap();
    assert_eq!((counts.done, counts.waiting), (1, 1), "done stays done, and its follower is there once");
}

#[tokio::test]
async fn of_two_writers_of_a_line_one_wins_and_a_person_ends_a_doubt() {
    let queue = queue("doubts").await;
    let seen = queue.read("a").await.unwrap();
    assert!(queue.write("a", &seen).await.unwrap() && !queue.write("a", &seen).await.unwrap());
    queue.enqueue(&job("a")).await.unwrap();
    queue.join("doubts-1").await.unwrap();
    let [held] = queue.claim("doubts-1", 1).await.unwrap().try_into().unwrap();
    let record: Record = serde_json::from_str(r#"{"sent":{"first":1,"last":2},"tries":3}"#).unwrap();
    let record = record.at_version(1);
    let doubt = poisoned("a", &job("a").intent, &record, "its workers end", &Limits::default());
    queue.execute("doubts-1", &held, &doubt, &record).await.unwrap();
    assert_eq!(queue.list("in doubt").await.unwrap()[0].decision, doubt);
    queue.requeue("a").await.unwrap();
    assert!(queue.read("a").await.unwrap().sent.is_some(), "the history stays");
    let [held] = queue.claim("doubts-1", 1).await.unwrap().try_into().unwrap();
    queue.execute("doubts-1", &held, &doubt, &queue.read("a").await.unwrap()).await.unwrap();
    queue.resolve("a", &Resolution::Applied("seen".to_owned())).await.unwrap();
    assert_eq!(queue.count().await.unwrap().done, 1);
}
