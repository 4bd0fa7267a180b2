//! The queue in a SQLite file: pushes, due times, takeovers, dead letters, commands. Known faults of apalis 1.0 would
//! show here again.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

mod away;
#[cfg(unix)]
mod open;
mod queue;
mod workers;

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::Row as _;
use tokio::sync::oneshot;
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::{CreateStandaloneInvoice, NewInvoiceItem, PostInvoice};
use zuora_core::session::Token;
use zuora_core::transport::WallTime;
use zuora_core::types::AccountId;
use zuora_core::{Amount, Config};
use zuora_reqwest::{Client, Reqwest};
use zuora_sandbox::{
    ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, RequestPattern, Sandbox, Server,
};
use zuora_workers::{
    Acknowledged, Claimed, Commands, Decision, Engine, Enqueued, Fleet, Job, Limits, Record, Resolution,
    SendLog, Settings, SqlError, SqlQueue, Worker,
};

/// A file that is removed with its journal.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("zuora-workers-{}-{number}.db", std::process::id())))
    }

    async fn open(&self) -> SqlQueue {
        SqlQueue::open(&format!("sqlite:{}", self.0.display())).await.unwrap().window(Duration::from_secs(2))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

fn config(server: &Server) -> Config {
    Config::new(server.url(), CLIENT_ID, CLIENT_SECRET)
}

fn create(amount: &str) -> AnyOperation {
    let day = "2026-03-01".parse().unwrap();
    let item = NewInvoiceItem::named("Fee", amount.parse::<Amount>().unwrap(), day);
    CreateStandaloneInvoice::new(AccountId::from("2c92a08282fa634378aca02a1626d315"), day, [item]).into()
}

fn job(client: &Client, key: &str) -> Job {
    Job::new(key, &client.intent(create("12.50")).unwrap()).unwrap()
}

fn settings() -> Settings {
    let limits = Limits::default().span(Duration::from_secs(2)).clock_skew(Duration::ZERO);
    Settings::default().limits(limits.max_backoff(Duration::from_secs(1))).poll(Duration::from_millis(50))
}

/// A worker in a task of this process, until it is stopped.
struct Running {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
    events: Arc<Mutex<Vec<String>>>,
}

fn start(server: &Server, engine: impl Engine, settings: Settings) -> Running {
    start_with(&config(server), engine, settings)
}

fn start_with(config: &Config, engine: impl Engine, settings: Settings) -> Running {
    let (stop, stopped) = oneshot::channel();
    let events = Arc::new(Mutex::new(Vec::new()));
    let client = Client::with_transport(config, transport()).unwrap();
    let noted = Arc::clone(&events);
    let worker = Worker::new(client, engine, settings)
        .observer(move |event| noted.lock().unwrap().push(format!("{event:?}")));
    let task = tokio::spawn(async move {
        worker
            .run(async {
                let _ = stopped.await;
            })
            .await;
    });
    Running { stop, task, events }
}

fn transport() -> Reqwest {
    Reqwest::with_builder(Reqwest::builder()).unwrap()
}

fn client(server: &Server) -> Client {
    Client::with_transport(&config(server), transport()).unwrap()
}

impl Running {
    async fn end(self) -> Vec<String> {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

/// Waits until a condition holds. The time is that of a test that hangs, not of one that is slow.
async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < Duration::from_secs(120), "{what} does not happen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn all_decided(engine: &SqlQueue) {
    eventually("the end of all jobs", || async { engine.count().await.unwrap().open() == 0 }).await;
}

fn in_seconds(seconds: u64) -> WallTime {
    WallTime::from(std::time::SystemTime::now()) + Duration::from_secs(seconds)
}
