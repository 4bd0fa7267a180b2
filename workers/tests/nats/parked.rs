//! Jobs that a person decides about stay in sight, and their followers come.

use zuora_workers::{Claimed, Limits, Record};

use super::*;

/// A doubt about a job that the worker holds.
fn doubt(held: &Claimed) -> Decision {
    let mut record = Record::default();
    record.sent = Some(serde_json::from_str(r#"{"first":1,"last":2}"#).unwrap());
    zuora_workers::poisoned(&held.key, "{}", &record, "ended", &Limits::default())
}

async fn in_doubt(engine: &NatsQueue) -> usize {
    engine.list("in doubt").await.unwrap().len()
}

#[tokio::test]
async fn a_job_that_is_parked_during_its_reopening_stays_in_sight() {
    let (queue, server) = (Queue::new("quick"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    let park = async || {
        let mut held = Vec::new();
        while held.is_empty() {
            engine.beat("w").await.unwrap();
            held = engine.claim("w", 1).await.unwrap();
        }
        engine.execute("w", &held[0], &doubt(&held[0]), &Record::default()).await.unwrap();
    };
    park().await;
    for _ in 0..20 {
        let ((), requeued) = tokio::join!(park(), engine.requeue("a"));
        requeued.unwrap();
        assert_eq!(in_doubt(&engine).await, 1);
    }
    assert_eq!(engine.count().await.unwrap().in_doubt, 1);
}

#[tokio::test]
async fn a_job_that_two_workers_park_at_once_stays_in_sight() {
    let (queue, server) = (Queue::new("both"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("late").await.unwrap();
    for _ in 0..20 {
        let mut held = Vec::new();
        while held.is_empty() {
            engine.beat("late").await.unwrap();
            held = engine.claim("late", 1).await.unwrap();
        }
        // As if its lease had ended.
        queue.set("a", serde_json::json!({ "holder": "holder" })).await;
        let (doubt, line) = (doubt(&held[0]), Record::default());
        let (one, other) = tokio::join!(
            engine.execute("late", &held[0], &doubt, &line),
            engine.execute("holder", &held[0], &doubt, &line)
        );
        one.and(other).unwrap();
        assert_eq!(in_doubt(&engine).await, 1);
        engine.requeue("a").await.unwrap();
    }
}

#[tokio::test]
async fn a_parking_that_ends_before_the_list_is_completed_when_the_message_comes_again() {
    let (queue, server) = (Queue::new("unlisted"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    let decision =
        serde_json::to_string(&Decision::Rejected(serde_json::from_str(r#"{"reasons":[]}"#).unwrap()));
    let end = serde_json::json!({ "state": "rejected", "worker": "w", "decision": decision.unwrap() });
    queue.set("a", serde_json::json!({ "end": end })).await;
    assert_eq!(engine.claim("w", 1).await.unwrap(), []);
    assert_eq!(engine.list("rejected").await.unwrap()[0].key, "a");
    assert_eq!(engine.count().await.unwrap().rejected, 1);
}

#[tokio::test]
async fn a_list_that_is_behind_counts_no_job_twice() {
    let (queue, server) = (Queue::new("behind"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(in_seconds(0))).await;
    let seen = Resolution::Applied("seen".to_owned());
    engine.resolve("a", &seen).await.unwrap();
    let fleet = jetstream().await.get_key_value(format!("{}-fleet", queue.0)).await.unwrap();
    fleet.put("in-doubt.a", "a".into()).await.unwrap();
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.in_doubt), (1, 0));
    engine.resolve("a", &seen).await.unwrap();
    assert!(fleet.entry("in-doubt.a").await.unwrap().is_none(), "removed by the next end");
}

#[tokio::test]
async fn a_job_whose_followers_cannot_be_added_stays_in_doubt() {
    let (queue, server) = (Queue::new("follow"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let (engine, client) = (queue.open().await, client(&server));
    engine.enqueue(&job(&client, "a").then(job(&client, "b"))).await.unwrap();
    engine.join("w").await.unwrap();
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    engine.execute("w", &held, &doubt(&held), &Record::default()).await.unwrap();
    jetstream().await.delete_stream(&queue.0).await.unwrap();
    let late = Decision::Acknowledge(Acknowledged::Evidence("seen".to_owned()));
    assert!(engine.execute("w", &held, &late, &Record::default()).await.is_err());
    assert_eq!(in_doubt(&engine).await, 1, "no message is left to add the followers");
    assert!(engine.resolve("a", &Resolution::Applied("seen".to_owned())).await.is_err());
    assert_eq!(in_doubt(&engine).await, 1);
    let engine = queue.open().await;
    engine.resolve("a", &Resolution::Applied("seen once more".to_owned())).await.unwrap();
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.waiting, counts.in_doubt), (1, 1, 0));
}

#[tokio::test]
async fn a_reopened_job_has_the_message_id_of_no_other_job() {
    let (queue, server) = (Queue::new("ids"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let (engine, client) = (queue.open().await, client(&server));
    // The revision of the reopened entry has two digits, as an encoded byte has.
    for number in 0..25 {
        assert!(engine.write(&format!("x{number}"), &Record::default()).await.unwrap());
    }
    engine.enqueue(&job(&client, "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, None).await;
    engine.requeue("a").await.unwrap();
    for byte in b' '..=b'~' {
        let key = format!("a{}", char::from(byte));
        assert_eq!(engine.enqueue(&job(&client, &key)).await.unwrap(), Enqueued::New, "{key}");
    }
}

#[tokio::test]
async fn an_interrupted_resolution_as_not_applied_is_completed_by_the_same_command() {
    let (queue, server) = (Queue::new("stranded"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(zuora_core::transport::WallTime::from_unix_millis(2))).await;
    let reopened = serde_json::json!({ "end": null, "message": null, "holder": null });
    queue.set("a", reopened.clone()).await;
    let again = engine.resolve("a", &Resolution::NotApplied).await.unwrap_err().to_string();
    assert!(again.contains("no job with this key has ended"), "it may have been sent: {again}");
    queue.set("a", serde_json::json!({ "record": "{}" })).await;
    engine.resolve("a", &Resolution::NotApplied).await.unwrap();
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    assert_eq!(held.key, "a");
}

#[tokio::test]
async fn a_worker_that_leaves_gives_no_job_back_that_another_one_holds() {
    let (queue, server) = (Queue::new("other"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await.window(Duration::from_secs(60));
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("late").await.unwrap();
    engine.join("next").await.unwrap();
    assert_eq!(engine.claim("late", 1).await.unwrap().len(), 1);
    queue.set("a", serde_json::json!({ "holder": "holder" })).await;
    engine.leave("late").await.unwrap();
    assert_eq!(engine.claim("next", 1).await.unwrap(), []);
}
