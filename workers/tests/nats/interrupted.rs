//! Steps that end between two writes of the server, since no transaction spans a message and an entry.

use super::*;

#[tokio::test]
async fn a_push_that_ends_after_its_message_is_completed_by_a_worker_or_the_next_push() {
    let (queue, server) = (Queue::new("pushed"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let job = job(&client(&server), "a");
    let text = serde_json::to_string(&job).unwrap();
    queue.publish(&[("Nats-Msg-Id", "a"), ("Zuora-Key", "a")], text).await;
    assert_eq!(engine.enqueue(&job).await.unwrap(), Enqueued::AlreadyThere, "its message is there");
    engine.join("w").await.unwrap();
    assert_eq!(engine.claim("w", 9).await.unwrap().len(), 1, "one message");
}

#[tokio::test]
async fn followers_that_are_missing_are_added_when_the_message_comes_again() {
    let (queue, server) = (Queue::new("followers"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let client = client(&server);
    engine.enqueue(&job(&client, "a").then(job(&client, "b"))).await.unwrap();
    // Its worker has ended after it noted the end of the job.
    queue.set("a", serde_json::json!({ "end": { "state": "done", "worker": "w", "decision": "{}" } })).await;
    engine.join("next").await.unwrap();
    assert_eq!(engine.claim("next", 1).await.unwrap(), []);
    let [next] = engine.claim("next", 1).await.unwrap().try_into().unwrap();
    assert_eq!(next.key, "b");
}

#[tokio::test]
async fn a_reopening_that_ends_before_its_message_is_completed_by_the_same_command() {
    let (queue, server) = (Queue::new("reopened"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(in_seconds(0))).await;
    queue.set("a", serde_json::json!({ "end": null, "message": null, "holder": null })).await;
    assert_eq!(engine.claim("w", 1).await.unwrap(), []);
    engine.requeue("a").await.unwrap();
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    assert_eq!(held.key, "a");
    assert!(engine.requeue("a").await.unwrap_err().to_string().contains("no job with this key has ended"));
    assert_eq!(engine.count().await.unwrap().in_doubt, 0);
}

#[tokio::test]
async fn a_job_whose_message_was_purged_is_delivered_again_by_a_person() {
    let (queue, server) = (Queue::new("purged"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    assert!(engine.requeue("a").await.unwrap_err().to_string().contains("no job with this key has ended"));
    jetstream().await.get_stream(&queue.0).await.unwrap().purge().await.unwrap();
    engine.join("w").await.unwrap();
    assert_eq!(engine.claim("w", 1).await.unwrap(), []);
    engine.requeue("a").await.unwrap();
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    assert!(!held.payload.contains("-again"), "it may have been sent: {}", held.payload);
}

#[tokio::test]
async fn a_resolution_that_ends_before_the_followers_is_completed_by_the_same_command() {
    let (queue, server) = (Queue::new("resolved"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let client = client(&server);
    let chain = job(&client, "a").then(job(&client, "b"));
    engine.enqueue(&chain).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(in_seconds(0))).await;
    let seen = Resolution::Applied("seen".to_owned());
    engine.resolve("a", &seen).await.unwrap();
    // As if the follower had not been added.
    let jobs = queue.jobs().await;
    jobs.stream.purge().filter(format!("$KV.{}-jobs.b", queue.0)).await.unwrap();
    jetstream().await.get_stream(&queue.0).await.unwrap().purge().await.unwrap();
    engine.resolve("a", &seen).await.unwrap();
    assert_eq!(jobs.get("b").await.unwrap().map(|entry| entry.is_empty()), Some(false));
    let other = engine.resolve("a", &Resolution::NotApplied).await.unwrap_err().to_string();
    assert!(other.contains("the job is done"), "{other}");
}

#[tokio::test]
async fn a_delay_that_the_server_has_not_received_lasts_until_the_due_time() {
    let (queue, server) = (Queue::new("due"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    let due = in_seconds(3);
    queue.set("a", serde_json::json!({ "due": due })).await;
    engine.join("w").await.unwrap();
    let is_claimed = async || {
        engine.beat("w").await.unwrap();
        engine.claim("w", 1).await.unwrap().len() == 1
    };
    assert!(!is_claimed().await, "not due");
    eventually("the delivery", is_claimed).await;
    assert!(in_seconds(0) >= due);
}

#[tokio::test]
async fn a_decision_that_is_executed_again_changes_nothing() {
    let (queue, server) = (Queue::new("again"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let client = client(&server);
    engine.enqueue(&job(&client, "a").then(job(&client, "b"))).await.unwrap();
    engine.join("w").await.unwrap();
    let put_back = Decision::NotBefore { at: in_seconds(0), why: String::new() };
    let done = Decision::Acknowledge(Acknowledged::Evidence("seen".to_owned()));
    for decision in [put_back, done] {
        let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
        let mut record = engine.read("a").await.unwrap();
        record.tries += 1;
        for _ in 0..3 {
            // As if the responses had been lost.
            engine.execute("w", &held, &decision, &record).await.unwrap();
        }
        assert_eq!(engine.read("a").await.unwrap(), record.written(), "one line for {decision:?}");
    }
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.waiting), (1, 1));
}
