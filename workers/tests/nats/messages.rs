//! Messages of other programs.

use super::*;

#[tokio::test]
async fn messages_that_cannot_be_read_become_dead_letters_and_stop_no_worker() {
    let (queue, server) = (Queue::new("unreadable"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let client = client(&server);
    let mut unknown = job(&client, "from a newer version");
    unknown.intent = unknown.intent.replace("create_standalone_invoice", "pause_bill_run");
    engine.enqueue(&unknown).await.unwrap();
    queue.publish(&[], vec![0xff, 0]).await;
    queue.publish(&[("Zuora-Key", "no=20job")], "{}").await;
    queue.publish(&[("Zuora-Key", "=ZZ")], "x").await;
    queue.publish(&[("Zuora-Key", "another")], serde_json::to_string(&job(&client, "key")).unwrap()).await;
    queue.publish(&[], "y".repeat(700_000)).await;
    queue.publish(&[("Zuora-Key", "quotes")], "\"abc".repeat(100_000)).await;
    engine.enqueue(&job(&client, "entry")).await.unwrap();
    queue.jobs().await.put("entry", vec![b'?', 0xff].into()).await.unwrap();
    engine.enqueue(&job(&client, "line")).await.unwrap();
    queue.set("line", serde_json::json!({ "version": 7, "record": "?" })).await;
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
    assert_eq!(
        keys,
        ["another", "from a newer version", "message 2", "message 4", "message 6", "no job", "quotes"]
    );
    assert!(format!("{:?}", rejected[1].decision).contains("pause_bill_run"), "the text is kept");
    assert_eq!(rejected[4].payload.chars().count(), 1001, "cut off");
    assert_eq!(rejected[6].payload.len(), 400_000, "the whole text, which its decision quotes in part");
    assert_eq!(engine.list("done").await.unwrap()[0].key, "good");
    let doubts = engine.list("in doubt").await.unwrap();
    let keys: Vec<_> = doubts.iter().map(|ended| ended.key.as_str()).collect();
    assert_eq!(keys, ["entry", "line"], "their send log cannot be read");
    let kept = queue.jobs().await.get("entry").await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&kept).contains("\"unreadable\":\"?"), "left for a person");
    engine.resolve("entry", &Resolution::Applied("seen".to_owned())).await.unwrap();
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.done, counts.in_doubt, counts.rejected), (2, 1, 7));
}

#[tokio::test]
async fn a_second_message_of_a_job_is_dropped_however_late() {
    let (queue, server) = (Queue::new("twice"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let client = client(&server);
    let job = job(&client, "a");
    engine.enqueue(&job).await.unwrap();
    let text = serde_json::to_string(&job).unwrap();
    // Without the id of the message, as after the window in which the server knows it.
    queue.publish(&[], text.clone()).await;
    let worker = start(&server, engine.clone(), settings());
    all_decided(&engine).await;
    queue.publish(&[], text).await;
    all_decided(&engine).await;
    worker.end().await;
    let created = zuora_sandbox::EffectKind::InvoiceCreated;
    assert_eq!(server.sandbox().journal().effects_of_kind(created).count(), 1);
    assert_eq!(engine.count().await.unwrap().done, 1);
}

#[tokio::test]
async fn a_job_of_another_program_is_performed_and_known() {
    let (queue, server) = (Queue::new("foreign"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let job = job(&client(&server), "a");
    queue.publish(&[], serde_json::to_string(&job).unwrap()).await;
    let worker = start(&server, engine.clone(), settings());
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.enqueue(&job).await.unwrap(), Enqueued::AlreadyThere);
    assert_eq!(engine.count().await.unwrap().done, 1);
}

#[tokio::test]
async fn a_message_with_a_key_that_is_none_becomes_a_dead_letter_and_stops_no_worker() {
    let (queue, server) = (Queue::new("keys"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let (engine, client) = (queue.open().await, client(&server));
    // Longer than the server accepts as part of a command.
    let long = "k".repeat(5000);
    queue.publish(&[("Zuora-Key", &long)], "x").await;
    let mut text = job(&client, "a");
    text.key = long;
    queue.publish(&[], serde_json::to_string(&text).unwrap()).await;
    queue.publish(&[("Zuora-Key", "=07")], "x").await;
    engine.enqueue(&job(&client, "good")).await.unwrap();
    let worker = start(&server, engine.clone(), settings());
    all_decided(&engine).await;
    worker.end().await;
    let rejected = engine.list("rejected").await.unwrap();
    let keys: Vec<_> = rejected.iter().map(|ended| ended.key.as_str()).collect();
    assert_eq!(keys, ["message 1", "message 2", "message 3"]);
    assert_eq!(engine.list("done").await.unwrap()[0].key, "good");
}

#[tokio::test]
async fn a_message_that_cannot_be_taken_keeps_no_other_from_its_worker() {
    let (queue, server) = (Queue::new("taken"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let (engine, client) = (queue.open().await, client(&server));
    for key in ["full", "good", "garbage"] {
        engine.enqueue(&job(&client, key)).await.unwrap();
    }
    // No holder has a place in it.
    let full = serde_json::json!({ "job": "x".repeat((1 << 20) - 20) }).to_string();
    queue.jobs().await.put("full", full.into()).await.unwrap();
    queue.jobs().await.put("garbage", vec![b'"'; (1 << 20) - 200].into()).await.unwrap();
    engine.join("w").await.unwrap();
    let mut claimed = engine.claim("w", 9).await.unwrap();
    claimed.sort_by(|one, other| one.key.cmp(&other.key));
    let keys: Vec<_> = claimed.iter().map(|claimed| claimed.key.as_str()).collect();
    assert_eq!(keys, ["garbage", "good"]);
    let kept = queue.jobs().await.get("garbage").await.unwrap().unwrap();
    assert!(kept.len() < 10_000, "cut off: {}", kept.len());
}

#[tokio::test]
async fn a_job_that_no_entry_could_contain_is_an_error() {
    let (queue, server) = (Queue::new("long"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = queue.open().await;
    let mut long = job(&client(&server), "a");
    long.intent = "x".repeat(600_000);
    assert!(engine.enqueue(&long).await.unwrap_err().to_string().contains("max_payload"));
    assert_eq!(engine.count().await.unwrap().open(), 0);
}
