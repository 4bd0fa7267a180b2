//! Steps of the queue.

use super::*;

pub(crate) async fn a_second_push_of_a_key_is_reported_and_changes_nothing<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let (engine, client) = (open().await, client(&server));
    let first = job(&client, "a");
    assert_eq!(engine.enqueue(&first).await.unwrap(), Enqueued::New);
    assert_eq!(engine.enqueue(&job(&client, "a")).await.unwrap(), Enqueued::AlreadyThere);
    assert_eq!(engine.enqueue(&job(&client, "b")).await.unwrap(), Enqueued::New);
    engine.join("w").await.unwrap();
    let claimed = engine.claim("w", 9).await.unwrap();
    // Jobs of one claim are in any order.
    let kept = claimed.iter().find(|claimed| claimed.key == "a").unwrap();
    assert_eq!((serde_json::from_str::<Job>(&kept.payload).unwrap(), claimed.len()), (first, 2));
    // A key that has been claimed, or is done, is there too.
    assert_eq!(engine.enqueue(&job(&client, "a")).await.unwrap(), Enqueued::AlreadyThere);
}

pub(crate) async fn waiting_uses_up_no_attempt_and_lasts_until_the_due_time<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let engine = open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    let put_back = |at| Decision::NotBefore { at, why: "a \0 byte".to_owned() };
    for _ in 0..40 {
        // More often than the 25 attempts of apalis.
        let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
        assert_eq!(held.lost_workers, 0);
        engine
            .execute("w", &held, &put_back(WallTime::from_unix_millis(0)), &Record::default())
            .await
            .unwrap();
    }
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    let due = in_seconds(3);
    engine.execute("w", &held, &put_back(due), &Record::default()).await.unwrap();
    let mut claimed = Vec::new();
    while claimed.is_empty() {
        engine.beat("w").await.unwrap();
        let counts = engine.count().await.unwrap();
        assert_eq!((counts.waiting, counts.running), (1, 0), "not stranded");
        tokio::time::sleep(Duration::from_millis(50)).await;
        claimed = engine.claim("w", 1).await.unwrap();
        assert!(claimed.is_empty() || in_seconds(0) >= due, "not due");
    }
    assert_eq!(claimed[0].lost_workers, 0);
    engine.execute("w", &claimed[0], &put_back(in_seconds(3600)), &Record::default()).await.unwrap();
    assert_eq!(engine.claim("w", 1).await.unwrap(), [], "not due");
}

pub(crate) async fn a_worker_that_lost_its_job_can_only_acknowledge<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let (_server, engine, client) = scene(&open).await;
    engine.enqueue(&job(&client, "a").then(job(&client, "b"))).await.unwrap();
    for name in ["slow", "quick"] {
        engine.join(name).await.unwrap();
    }
    let [held] = engine.claim("slow", 1).await.unwrap().try_into().unwrap();
    // Its heartbeats have stopped.
    let mut taken = Vec::new();
    while taken.is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        engine.beat("quick").await.unwrap();
        taken = engine.claim("quick", 1).await.unwrap();
    }
    let [taken] = taken.try_into().unwrap();
    eventually("the end of its lease", async || engine.beat("quick").await.unwrap().unwrap().alive == 1)
        .await;
    assert_eq!((taken.id.as_str(), taken.lost_workers), (held.id.as_str(), 1));
    let record = Record::default();
    for late in [
        Decision::NotBefore { at: WallTime::from_unix_millis(0), why: String::new() },
        Decision::Rejected(serde_json::from_str(r#"{"reasons":["late"]}"#).unwrap()),
    ] {
        engine.execute("slow", &held, &late, &record).await.unwrap();
        engine.beat("quick").await.unwrap();
        assert_eq!(engine.count().await.unwrap().running, 1, "{late:?} is dropped");
    }
    let done = Decision::Acknowledge(Acknowledged::Evidence("seen".into()));
    engine.execute("slow", &held, &done, &record).await.unwrap();
    let put_back = Decision::NotBefore { at: WallTime::from_unix_millis(0), why: String::new() };
    engine.execute("quick", &taken, &put_back, &record).await.unwrap();
    engine.beat("quick").await.unwrap();
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.waiting), (1, 1), "done stays done, and its follower is there once");
}

pub(crate) async fn of_two_writers_of_a_line_one_wins<Q: Engine + Commands>(open: impl AsyncFn() -> Q) {
    let engine = open().await;
    let seen = engine.read("k").await.unwrap();
    assert_eq!(seen, Record::default());
    let wins = [engine.write("k", &seen).await.unwrap(), engine.write("k", &seen).await.unwrap()];
    assert_eq!(wins, [true, false]);
    let seen = engine.read("k").await.unwrap();
    assert_eq!(seen.version, 1);
    assert!(engine.write("k", &seen).await.unwrap());
    assert!(!engine.write("k", &seen).await.unwrap());
}

pub(crate) async fn a_stored_token_ends_with_its_lifetime<Q: Engine + Commands>(open: impl AsyncFn() -> Q) {
    let engine = open().await;
    let now = in_seconds(0);
    assert!(engine.token("u c", now).await.unwrap().is_none());
    engine
        .store_token("u c", &Token::new("secret".to_owned().into(), Duration::from_secs(60)), now)
        .await
        .unwrap();
    assert_eq!(engine.token("u c", now).await.unwrap().unwrap().expires_in(), Duration::from_secs(60));
    assert!(engine.token("u other", now).await.unwrap().is_none(), "that of another client");
    assert!(engine.token("u c", now + Duration::from_secs(61)).await.unwrap().is_none());
}

pub(crate) async fn a_job_in_doubt_is_resolved_or_delivered_again_by_a_person<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let (_server, engine, client) = scene(&open).await;
    let follower = job(&client, "next");
    engine.enqueue(&job(&client, "a").then(follower)).await.unwrap();
    engine.join("w").await.unwrap();
    let park = async || {
        let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
        let mut record = engine.read("a").await.unwrap();
        let sent = r#"{"sent":{"first":1,"last":2},"tries":3}"#;
        record = serde_json::from_str::<Record>(sent).unwrap().at_version(record.version);
        let job: Job = serde_json::from_str(&held.payload).unwrap();
        let doubt = zuora_workers::poisoned(
            "a",
            &job.intent,
            &record,
            "three workers have ended",
            &Limits::default(),
        );
        engine.execute("w", &held, &doubt, &record).await.unwrap();
    };
    park().await;
    let [ended] = engine.list("in doubt").await.unwrap().try_into().unwrap();
    let Decision::InDoubt(doubt) = &ended.decision else { panic!("{ended:?}") };
    assert_eq!(
        (doubt.request.as_str(), doubt.operation.as_str()),
        ("POST /v1/invoices", "create_standalone_invoice")
    );
    assert!(
        doubt.idempotency_key.is_some()
            && doubt.first_sent.is_some()
            && doubt.advice.contains("resolve \"a\"")
    );
    assert!(engine.requeue("next").await.unwrap_err().to_string().contains("no job with this key has ended"));
    // Delivered again, with its history.
    engine.requeue("a").await.unwrap();
    let record = engine.read("a").await.unwrap();
    assert!(record.sent.is_some() && record.tries == 0);
    park().await;
    engine.resolve("a", &Resolution::NotApplied).await.unwrap();
    assert_eq!(engine.read("a").await.unwrap().sent, None);
    assert!(intent(&engine).await.contains("-again"), "the old key may have a stored failure");
    park().await;
    engine.resolve("a", &Resolution::Applied("invoice INV00000007".to_owned())).await.unwrap();
    assert!(engine.resolve("a", &Resolution::NotApplied).await.unwrap_err().to_string().contains("is done"));
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.waiting), (1, 1), "the follower is there");
}

/// Ends the only job of the queue: in doubt since a time if it was sent, or rejected.
pub(crate) async fn park<Q: Engine>(engine: &Q, last_sent: Option<WallTime>) {
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    let mut record = engine.read(&held.key).await.unwrap();
    record.sent = last_sent
        .map(|last| serde_json::from_value(serde_json::json!({ "first": 1, "last": last })).unwrap());
    let intent = serde_json::from_str::<Job>(&held.payload).unwrap().intent;
    let end = zuora_workers::poisoned(&held.key, &intent, &record, "ended", &Limits::default());
    engine.execute("w", &held, &end, &record).await.unwrap();
}

/// The intent of the only job of the queue, which is put back.
async fn intent<Q: Engine>(engine: &Q) -> String {
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    let put_back = Decision::NotBefore { at: WallTime::from_unix_millis(0), why: String::new() };
    engine.execute("w", &held, &put_back, &Record::default()).await.unwrap();
    serde_json::from_str::<Job>(&held.payload).unwrap().intent
}

pub(crate) async fn a_rejected_post_is_delivered_again_under_a_new_key<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let engine = open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, None).await;
    assert_eq!(engine.count().await.unwrap().rejected, 1);
    engine.requeue("a").await.unwrap();
    assert!(intent(&engine).await.contains("-again"), "the service replays the rejection of the old key");
    park(&engine, Some(in_seconds(0))).await;
    engine.requeue("a").await.unwrap();
    assert!(!intent(&engine).await.contains("-again-again"), "what may have been sent keeps its key");
}

pub(crate) async fn a_worker_that_wakes_after_a_reopening_writes_no_line<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let engine = open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    let seen = engine.read("a").await.unwrap();
    assert_eq!(seen, Record::default());
    park(&engine, None).await;
    engine.requeue("a").await.unwrap();
    assert!(!engine.write("a", &seen).await.unwrap(), "it would send under the old idempotency key");
    let seen = engine.read("a").await.unwrap();
    assert!(seen.sent.is_none() && engine.write("a", &seen).await.unwrap());
}

pub(crate) async fn a_person_may_not_decide_while_the_service_may_be_at_work<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let engine = open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(in_seconds(0))).await;
    let error = engine.resolve("a", &Resolution::NotApplied).await.unwrap_err().to_string();
    assert!(error.contains("look into the tenant in 1"), "{error}");
    engine.resolve("a", &Resolution::Applied("invoice INV00000007".to_owned())).await.unwrap();
    assert_eq!(engine.count().await.unwrap().done, 1);
}
