//! Statements of the queue.

use super::*;

#[tokio::test]
async fn a_second_push_of_a_key_is_reported_and_changes_nothing() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let (engine, client) = (file.open().await, client(&server));
    let first = job(&client, "a");
    assert_eq!(engine.enqueue(&first).await.unwrap(), Enqueued::New);
    assert_eq!(engine.enqueue(&job(&client, "a")).await.unwrap(), Enqueued::AlreadyThere);
    assert_eq!(engine.enqueue(&job(&client, "b")).await.unwrap(), Enqueued::New);
    engine.join("w").await.unwrap();
    let payloads = engine.claim("w", 9).await.unwrap();
    let kept: Job = serde_json::from_str(&payloads[0].payload).unwrap();
    assert_eq!((kept, payloads.len()), (first, 2));
    // A key that has been claimed, or is done, is there too.
    assert_eq!(engine.enqueue(&job(&client, "a")).await.unwrap(), Enqueued::AlreadyThere);
}

#[tokio::test]
async fn each_commit_is_synchronized_to_the_disk() {
    let file = File::new();
    let engine = file.open().await;
    let mut transaction = engine.pool().begin().await.unwrap();
    let full: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *transaction).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!((full, mode.as_str()), (2, "wal"), "2 is FULL; setup() of apalis sets 0");
}

#[tokio::test]
async fn waiting_uses_up_no_attempt_and_lasts_until_the_due_time() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    let put_back = |seconds| Decision::NotBefore { at: in_seconds(seconds), why: "throttled".to_owned() };
    for _ in 0..40 {
        // More often than the 25 attempts of apalis.
        let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
        assert_eq!(held.lost_workers, 0);
        let past = Decision::NotBefore { at: WallTime::from_unix_millis(0), why: "throttled".to_owned() };
        engine.execute("w", &held, &past, &Record::default()).await.unwrap();
    }
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    engine.execute("w", &held, &put_back(3600), &Record::default()).await.unwrap();
    assert_eq!(engine.claim("w", 1).await.unwrap(), [], "not due");
    assert_eq!(engine.count().await.unwrap().waiting, 1, "not stranded");
    sqlx::query("UPDATE Jobs SET run_at = run_at - 3601").execute(engine.pool()).await.unwrap();
    assert_eq!(engine.claim("w", 1).await.unwrap().len(), 1, "due");
}

#[tokio::test]
async fn a_worker_that_lost_its_job_can_only_acknowledge() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    for name in ["slow", "quick"] {
        engine.join(name).await.unwrap();
    }
    let [held] = engine.claim("slow", 1).await.unwrap().try_into().unwrap();
    // Its heartbeats have stopped.
    sqlx::query("UPDATE Workers SET last_seen = 0 WHERE id = 'slow'").execute(engine.pool()).await.unwrap();
    assert_eq!(engine.beat("quick").await.unwrap(), Some(Fleet { alive: 1, is_paused: false }));
    let [taken] = engine.claim("quick", 1).await.unwrap().try_into().unwrap();
    assert_eq!((taken.id.as_str(), taken.lost_workers), (held.id.as_str(), 1));
    let record = Record::default();
    for late in [
        Decision::NotBefore { at: WallTime::from_unix_millis(0), why: String::new() },
        Decision::Rejected(serde_json::from_str(r#"{"reasons":["late"]}"#).unwrap()),
    ] {
        engine.execute("slow", &held, &late, &record).await.unwrap();
        assert_eq!(engine.count().await.unwrap().running, 1, "{late:?} is dropped");
    }
    let done = Decision::Acknowledge(Acknowledged::Evidence("seen".into()));
    engine.execute("slow", &held, &done, &record).await.unwrap();
    let put_back = Decision::NotBefore { at: WallTime::from_unix_millis(0), why: String::new() };
    engine.execute("quick", &taken, &put_back, &record).await.unwrap();
    assert_eq!(engine.count().await.unwrap().done, 1, "done stays done");
}

#[tokio::test]
async fn of_two_writers_of_a_line_one_wins() {
    let file = File::new();
    let engine = file.open().await;
    let seen = engine.read("k").await.unwrap();
    assert_eq!(seen, Record::default());
    let wins = [engine.write("k", &seen).await.unwrap(), engine.write("k", &seen).await.unwrap()];
    assert_eq!(wins, [true, false]);
    let seen = engine.read("k").await.unwrap();
    assert_eq!(seen.version, 1);
    assert!(engine.write("k", &seen).await.unwrap());
    assert!(!engine.write("k", &seen).await.unwrap());
}

#[tokio::test]
async fn a_stored_token_ends_with_its_lifetime() {
    let file = File::new();
    let engine = file.open().await;
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

#[tokio::test]
async fn a_job_in_doubt_is_resolved_or_delivered_again_by_a_person() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
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
    let renewed: Vec<u8> = sqlx::query_scalar("SELECT job FROM Jobs WHERE idempotency_key = 'a'")
        .fetch_one(engine.pool())
        .await
        .unwrap();
    let renewed = String::from_utf8(renewed).unwrap();
    assert!(renewed.contains("-again"), "the old key may have a stored failure: {renewed}");
    park().await;
    engine.resolve("a", &Resolution::Applied("invoice INV00000007".to_owned())).await.unwrap();
    assert!(engine.resolve("a", &Resolution::NotApplied).await.unwrap_err().to_string().contains("is done"));
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.waiting), (1, 1), "the follower is there");
}

/// Ends the only job of the queue: in doubt since a time if it was sent, or rejected.
async fn park(engine: &SqlQueue, last_sent: Option<WallTime>) {
    let [held] = engine.claim("w", 1).await.unwrap().try_into().unwrap();
    let mut record = engine.read(&held.key).await.unwrap();
    record.sent = last_sent
        .map(|last| serde_json::from_value(serde_json::json!({ "first": 1, "last": last })).unwrap());
    let intent = serde_json::from_str::<Job>(&held.payload).unwrap().intent;
    let end = zuora_workers::poisoned(&held.key, &intent, &record, "ended", &Limits::default());
    engine.execute("w", &held, &end, &record).await.unwrap();
}

async fn intent(engine: &SqlQueue) -> String {
    let query = sqlx::query_scalar("SELECT job FROM Jobs");
    String::from_utf8(query.fetch_one(engine.pool()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_job_whose_row_was_removed_is_not_added_again_and_its_doubt_stays() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let job = job(&client(&server), "a");
    engine.enqueue(&job).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(in_seconds(0))).await;
    // As `vacuum.sql` of apalis does.
    sqlx::query("DELETE FROM Jobs WHERE status IN ('Done', 'Killed')").execute(engine.pool()).await.unwrap();
    assert_eq!(engine.enqueue(&job).await.unwrap(), Enqueued::AlreadyThere);
    assert_eq!(engine.list("in doubt").await.unwrap()[0].key, "a");
}

#[tokio::test]
async fn a_rejected_post_is_delivered_again_under_a_new_key() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
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

#[tokio::test]
async fn a_person_decides_no_job_that_was_acknowledged_meanwhile() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(WallTime::from_unix_millis(2))).await;
    sqlx::query("UPDATE Jobs SET status = 'Done'").execute(engine.pool()).await.unwrap();
    for result in [
        engine.resolve("a", &Resolution::NotApplied).await,
        engine.resolve("a", &Resolution::Applied("seen".to_owned())).await,
        engine.requeue("a").await,
    ] {
        assert!(result.unwrap_err().to_string().contains("acknowledged"), "it would be sent twice");
    }
    assert_eq!(engine.count().await.unwrap().done, 1);
    assert!(engine.read("a").await.unwrap().sent.is_some(), "nothing is forgotten");
}

#[tokio::test]
async fn a_person_may_not_decide_while_the_service_may_be_at_work() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    engine.join("w").await.unwrap();
    park(&engine, Some(in_seconds(0))).await;
    let error = engine.resolve("a", &Resolution::NotApplied).await.unwrap_err().to_string();
    assert!(error.contains("look into the tenant in 1"), "{error}");
    engine.resolve("a", &Resolution::Applied("invoice INV00000007".to_owned())).await.unwrap();
    assert_eq!(engine.count().await.unwrap().done, 1);
}

#[tokio::test]
async fn a_worker_whose_row_was_removed_is_unknown_and_its_jobs_are_put_back() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    for name in ["removed", "other"] {
        engine.join(name).await.unwrap();
    }
    assert_eq!(engine.claim("removed", 1).await.unwrap().len(), 1);
    let mut connection = engine.pool().acquire().await.unwrap();
    for statement in ["PRAGMA foreign_keys = OFF", "DELETE FROM Workers WHERE id = 'removed'"] {
        sqlx::query(statement).execute(&mut *connection).await.unwrap();
    }
    assert_eq!(engine.beat("removed").await.unwrap(), None);
    engine.beat("other").await.unwrap();
    assert_eq!(engine.count().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn a_handle_with_a_short_window_robs_no_worker_with_a_longer_one() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let (short, long) = (file.open().await, file.open().await.window(Duration::from_secs(60)));
    short.enqueue(&job(&client(&server), "a")).await.unwrap();
    short.join("short").await.unwrap();
    long.join("long").await.unwrap();
    assert_eq!(long.claim("long", 1).await.unwrap().len(), 1);
    let silent = "UPDATE Workers SET last_seen = strftime('%s', 'now') - 30 WHERE id = 'long'";
    sqlx::query(silent).execute(short.pool()).await.unwrap();
    assert_eq!(short.beat("short").await.unwrap(), Some(Fleet { alive: 2, is_paused: false }));
    assert_eq!(short.count().await.unwrap().running, 1, "its lease still runs");
}
