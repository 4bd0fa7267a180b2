//! Workers on the queue.

use super::*;

#[tokio::test]
async fn entries_that_cannot_be_read_become_dead_letters_and_stop_no_worker() {
    let (file, server) = (
        File::new("entries_that_cannot_be_read_become_dead_letters_and_stop_no_worker"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
    let engine = file.open().await;
    let client = client(&server);
    let mut unknown = job(&client, "from a newer version");
    unknown.intent = unknown.intent.replace("create_standalone_invoice", "pause_bill_run");
    engine.enqueue(&unknown).await.unwrap();
    for (id, payload, key) in [
        ("1", vec![0xff, 0], Some("bytes")),
        ("2", b"{}".to_vec(), Some("no job")),
        ("not a ulid", b"x".to_vec(), None),
    ] {
        let row = "INSERT INTO Jobs (job, id, job_type, idempotency_key) VALUES (?1, ?2, 'zuora', ?3)";
        sqlx::query(row).bind(payload).bind(id).bind(key).execute(engine.pool()).await.unwrap();
    }
    let row = "INSERT INTO Jobs (job, id, job_type, idempotency_key) VALUES (x'00', '3', 'zuora', x'ff')";
    sqlx::query(row).execute(engine.pool()).await.unwrap();
    // An id without a type, and one that is no UTF-8: the jobs themselves can be read.
    for (id, key) in [("x'ff'", "blob"), ("CAST(x'fe' AS TEXT)", "bytes as id")] {
        let row = format!(
            "INSERT INTO Jobs (job, id, job_type, idempotency_key, attempts) VALUES (?1, {id}, 'zuora', ?2, 'x')"
        );
        let text = serde_json::to_vec(&job(&client, key)).unwrap();
        sqlx::query(sqlx::AssertSqlSafe(row)).bind(text).bind(key).execute(engine.pool()).await.unwrap();
    }
    engine.enqueue(&job(&client, "line")).await.unwrap();
    let line = "INSERT INTO zuora_sends (queue, key, version, record) VALUES ('zuora', 'line', 7, '?')";
    sqlx::query(line).execute(engine.pool()).await.unwrap();
    engine.enqueue(&job(&client, "good")).await.unwrap();
    let mut settings = settings();
    settings.limits = settings.limits.unreadable(Duration::from_secs(2));
    let worker = start(&server, engine.clone(), settings);
    all_decided(&engine).await;
    let events = worker.end().await;
    assert!(
        events.iter().any(|event| event.contains("from a newer version") && event.contains("NotBefore")),
        "{events:?}"
    );
    let rejected = engine.list("rejected").await.unwrap();
    let keys: Vec<_> = rejected.iter().map(|ended| ended.key.as_str()).collect();
    assert_eq!(keys, ["bytes", "from a newer version", "no job", "not a ulid", "\u{fffd}"]);
    assert!(format!("{:?}", rejected[1].decision).contains("pause_bill_run"), "the text is kept");
    let done = engine.list("done").await.unwrap();
    assert_eq!(
        done.iter().map(|ended| ended.key.as_str()).collect::<Vec<_>>(),
        ["blob", "bytes as id", "good"]
    );
    assert_eq!(engine.list("in doubt").await.unwrap()[0].key, "line");
    let line: String = sqlx::query_scalar("SELECT record FROM zuora_sends WHERE key = 'line'")
        .fetch_one(engine.pool())
        .await
        .unwrap();
    assert_eq!(line, "?", "left for a person");
}

#[tokio::test]
async fn a_long_text_is_kept_whole_and_quoted_in_part() {
    let (file, server) = (
        File::new("a_long_text_is_kept_whole_and_quoted_in_part"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
    let engine = file.open().await;
    let text = "\"abc".repeat(100_000);
    let row = "INSERT INTO Jobs (job, id, job_type, idempotency_key) VALUES (?1, 'long', 'zuora', 'long')";
    sqlx::query(row).bind(text.as_bytes()).execute(engine.pool()).await.unwrap();
    let mut other = job(&client(&server), "intent");
    other.intent = text;
    engine.enqueue(&other).await.unwrap();
    let mut settings = settings();
    settings.limits = settings.limits.unreadable(Duration::from_secs(1));
    let worker = start(&server, engine.clone(), settings);
    all_decided(&engine).await;
    worker.end().await;
    let rejected = engine.list("rejected").await.unwrap();
    assert_eq!(rejected.len(), 2);
    for ended in rejected {
        let why = format!("{:?}", ended.decision);
        assert!(why.len() < 6000 && why.contains("cut off, 400000 bytes in all"), "{why}");
        assert!(ended.payload.len() >= 400_000, "the whole text");
    }
}

#[tokio::test]
async fn a_worker_that_reads_the_operation_performs_what_another_has_put_back() {
    let (file, server) = (
        File::new("a_worker_that_reads_the_operation_performs_what_another_has_put_back"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    // A worker of an older version has left this.
    engine.join("old").await.unwrap();
    let [held] = engine.claim("old", 1).await.unwrap().try_into().unwrap();
    let (decision, record) =
        zuora_workers::unreadable("a", "", Record::default(), "unknown", &Limits::default(), in_seconds(0));
    engine.execute("old", &held, &decision, &record).await.unwrap();
    sqlx::query("UPDATE Jobs SET run_at = 0").execute(engine.pool()).await.unwrap();
    let worker = start(&server, engine.clone(), settings());
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.count().await.unwrap().done, 1);
    assert_eq!(engine.read("a").await.unwrap().unreadable_since, None);
}
