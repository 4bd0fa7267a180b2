//! Statements of the queue.

use super::suite::queue::park;
use super::*;

#[tokio::test]
async fn each_commit_is_synchronized_to_the_disk() {
    let file = File::new("each_commit_is_synchronized_to_the_disk");
    let engine = file.open().await;
    let mut transaction = engine.pool().begin().await.unwrap();
    let full: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *transaction).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!((full, mode.as_str()), (2, "wal"), "2 is FULL; setup() of apalis sets 0");
}

#[tokio::test]
async fn a_job_whose_row_was_removed_is_not_added_again_and_a_person_ends_its_doubt() {
    let file = File::new("a_job_whose_row_was_removed");
    let engine = file.open().await;
    let client = client(&Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let chain = job(&client, "a").then(job(&client, "b"));
    engine.enqueue(&chain).await.unwrap();
    engine.join("w").await.unwrap();
    let vacuum = async || {
        // As `vacuum.sql` of apalis does.
        let ended = "DELETE FROM Jobs WHERE status IN ('Done', 'Killed')";
        assert_eq!(sqlx::query(ended).execute(engine.pool()).await.unwrap().rows_affected(), 1);
    };
    park(&engine, Some(WallTime::from_unix_millis(2))).await;
    vacuum().await;
    assert_eq!(engine.enqueue(&chain).await.unwrap(), Enqueued::AlreadyThere);
    let [doubt] = engine.list("in doubt").await.unwrap().try_into().unwrap();
    assert_eq!((doubt.key.as_str(), serde_json::from_str::<Job>(&doubt.payload).unwrap()), ("a", chain));
    engine.requeue("a").await.unwrap();
    park(&engine, Some(WallTime::from_unix_millis(2))).await;
    vacuum().await;
    engine.resolve("a", &Resolution::NotApplied).await.unwrap();
    park(&engine, Some(in_seconds(0))).await;
    vacuum().await;
    engine.resolve("a", &Resolution::Applied("seen".to_owned())).await.unwrap();
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.waiting), (1, 1), "its follower is there");
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM zuora_parked").fetch_one(engine.pool()).await.unwrap();
    assert_eq!(kept, 0, "the text for a person ends with the doubt");
    vacuum().await;
    assert!(engine.requeue("a").await.unwrap_err().to_string().contains("no job with this key has ended"));
}

#[tokio::test]
async fn a_person_decides_no_job_that_was_acknowledged_meanwhile() {
    let (file, server) = (
        File::new("a_person_decides_no_job_that_was_acknowledged_meanwhile"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
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
async fn a_worker_whose_row_was_removed_is_unknown_and_its_jobs_are_put_back() {
    let (file, server) = (
        File::new("a_worker_whose_row_was_removed_is_unknown_and_its_jobs_are_put_back"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
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
    let (file, server) = (
        File::new("a_handle_with_a_short_window_robs_no_worker_with_a_longer_one"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
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

#[tokio::test]
async fn an_id_that_is_no_text_is_replaced_by_one_that_no_row_has() {
    let file = File::new("an_id_that_is_no_text_is_replaced_by_one_that_no_row_has");
    let engine = file.open().await;
    for (id, key) in [("x'ff'", "a"), ("'row 1'", "b"), ("'row 2'", "c")] {
        let row = format!(
            "INSERT INTO Jobs (job, id, job_type, idempotency_key) VALUES ('{{}}', {id}, 'zuora', '{key}')"
        );
        sqlx::query(sqlx::AssertSqlSafe(row)).execute(engine.pool()).await.unwrap();
    }
    engine.join("w").await.unwrap();
    let claimed = engine.claim("w", 9).await.unwrap();
    assert_eq!(claimed.len(), 3);
    let found = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM Jobs WHERE id = ?1");
    let new = claimed.iter().find(|claimed| claimed.key == "a").unwrap();
    assert_eq!(found.bind(&new.id).fetch_one(engine.pool()).await.unwrap(), 1);
}
