//! The queue in NATS JetStream. `ZUORA_WORKERS_NATS` is the URL of a server; `.ci/checks/workers` starts one.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

mod interrupted;
mod messages;
mod parked;
#[path = "../suite/mod.rs"]
mod suite;

use std::time::Duration;

use zuora_sandbox::{Sandbox, Server};
use zuora_workers::{Acknowledged, Commands, Decision, Engine, Enqueued, NatsQueue, Resolution, SendLog};

use self::suite::queue::park;
use self::suite::{all_decided, client, eventually, in_seconds, job, settings, start, suite_on};

suite_on!(Queue);

/// A separate queue for a test.
struct Queue(String);

impl Queue {
    fn new(test: &str) -> Self {
        Self(format!("{test}-{}", std::process::id()))
    }

    async fn open(&self) -> NatsQueue {
        NatsQueue::open(&format!("{}/{}", server(), self.0)).await.unwrap().window(Duration::from_secs(2))
    }

    /// Adds a message as another program does.
    async fn publish(&self, headers: &[(&str, &str)], text: impl Into<bytes::Bytes>) {
        let mut all = async_nats::HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, *value);
        }
        let jetstream = jetstream().await;
        let publish = jetstream.publish_with_headers(format!("{}.jobs", self.0), all, text.into());
        publish.await.unwrap().await.unwrap();
    }

    /// The bucket with the entries of the jobs.
    async fn jobs(&self) -> async_nats::jetstream::kv::Store {
        jetstream().await.get_key_value(format!("{}-jobs", self.0)).await.unwrap()
    }

    /// Sets fields of the entry of a job.
    async fn set(&self, key: &str, fields: serde_json::Value) {
        let jobs = self.jobs().await;
        let mut entry: serde_json::Value =
            serde_json::from_slice(&jobs.get(key).await.unwrap().unwrap()).unwrap();
        for (name, value) in fields.as_object().unwrap() {
            entry[name] = value.clone();
        }
        jobs.put(key, entry.to_string().into()).await.unwrap();
    }
}

fn server() -> String {
    std::env::var("ZUORA_WORKERS_NATS").expect("the URL of a NATS server with JetStream")
}

async fn jetstream() -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(server()).await.unwrap())
}

#[tokio::test]
async fn a_worker_with_a_short_window_robs_no_worker_with_a_longer_one() {
    let queue = Queue::new("windows");
    let (short, long) = (queue.open().await, queue.open().await.window(Duration::from_secs(30)));
    short.enqueue(&job(&client(&Server::start("127.0.0.1:0", Sandbox::demo()).unwrap()), "a")).await.unwrap();
    short.join("short").await.unwrap();
    long.join("long").await.unwrap();
    assert_eq!(long.claim("long", 1).await.unwrap().len(), 1);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(short.beat("short").await.unwrap().unwrap().alive, 2, "its lease still runs");
    assert_eq!(short.claim("short", 1).await.unwrap(), []);
}

#[tokio::test]
async fn the_name_of_a_worker_is_taken_once_and_an_unknown_worker_has_no_heartbeat() {
    let queue = Queue::new("names").open().await;
    queue.join("w").await.unwrap();
    assert!(queue.join("w").await.is_err());
    assert_eq!(queue.beat("other").await.unwrap(), None);
    queue.leave("w").await.unwrap();
    assert_eq!(queue.beat("w").await.unwrap(), None);
    assert!(queue.claim("w", 1).await.unwrap_err().to_string().contains("has not joined"));
}

#[tokio::test]
async fn workers_join_again_after_a_restart_of_the_server() {
    let (queue, server) = (Queue::new("restart"), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let (engine, client) = (queue.open().await, client(&server));
    engine.enqueue(&job(&client, "before")).await.unwrap();
    let worker = start(&server, engine.clone(), settings());
    all_decided(&engine).await;
    let (jetstream, heartbeats) = (jetstream().await, format!("{}-workers", queue.0));
    // A server that keeps nothing in memory over a restart.
    jetstream.delete_key_value(&heartbeats).await.unwrap();
    eventually("the next join", async || jetstream.get_key_value(&heartbeats).await.is_ok()).await;
    engine.enqueue(&job(&client, "after")).await.unwrap();
    all_decided(&engine).await;
    let events = worker.end().await;
    assert_eq!(events.iter().filter(|event| event.starts_with("Joined")).count(), 2, "{events:?}");
}

#[tokio::test]
async fn a_worker_without_a_heartbeat_is_unknown_and_leaves() {
    let queue = Queue::new("unknown");
    let engine = queue.open().await;
    let heartbeats = format!("{}-workers", queue.0);
    for name in ["expired", "lost"] {
        engine.join(name).await.unwrap();
    }
    let store = jetstream().await.get_key_value(&heartbeats).await.unwrap();
    store.stream.purge().filter(format!("{}expired", store.prefix)).await.unwrap();
    assert_eq!(engine.beat("expired").await.unwrap(), None);
    jetstream().await.delete_key_value(&heartbeats).await.unwrap();
    assert_eq!(engine.beat("lost").await.unwrap(), None);
    for name in ["expired", "lost"] {
        engine.leave(name).await.unwrap();
        assert!(engine.claim(name, 1).await.unwrap_err().to_string().contains("has not joined"));
    }
}

#[tokio::test]
async fn of_workers_that_join_at_once_all_keep_the_longest_window() {
    let queue = Queue::new("longest");
    let joins = (2..14).map(|seconds| {
        let queue = &queue;
        async move {
            queue.open().await.window(Duration::from_secs(seconds)).join(&seconds.to_string()).await.unwrap();
        }
    });
    futures_util::future::join_all(joins).await;
    let jetstream = jetstream().await;
    let heartbeats = jetstream.get_stream(format!("KV_{}-workers", queue.0)).await.unwrap();
    assert_eq!(heartbeats.cached_info().config.max_age, Duration::from_secs(13));
    let consumer = jetstream.get_stream(&queue.0).await.unwrap().consumer_info("workers").await.unwrap();
    assert_eq!(consumer.config.ack_wait, Duration::from_secs(13));
}

#[tokio::test]
async fn an_error_of_the_connection_shows_no_password() {
    for url in ["nats://u:hunter2@127.0.0.1:1/x", "nats://u:hunter2@127.0.0.1:1/a b", "nats://u:hunter2@[/x"]
    {
        let error = NatsQueue::open(url).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    // The server has no users, and accepts all.
    let url = format!("{}/password-{}", server().replace("nats://", "nats://u:hunter2@"), std::process::id());
    let queue = NatsQueue::open(&url).await.unwrap();
    assert!(!format!("{queue:?}").contains("hunter2"));
}
