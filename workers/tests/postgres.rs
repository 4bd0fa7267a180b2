//! The queue in PostgreSQL. `ZUORA_WORKERS_POSTGRES` is the URL of a database whose user may create others;
//! `.ci/checks/workers` starts a server.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

mod suite;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;
use zuora_workers::SqlQueue;

use self::suite::suite_on;

suite_on!(Database);

/// A separate database for a test.
struct Database {
    name: String,
    is_created: OnceCell<()>,
}

impl Database {
    fn new(_: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        // A name has at most 63 bytes.
        Self { name: format!("test_{}_{number}", std::process::id()), is_created: OnceCell::new() }
    }

    async fn open(&self) -> SqlQueue {
        let url = std::env::var("ZUORA_WORKERS_POSTGRES").expect("the URL of a database");
        let create = async || {
            let queue = SqlQueue::open(&url).await.unwrap();
            let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {}", self.name));
            sqlx::query(create).execute(queue.pool()).await.unwrap();
        };
        self.is_created.get_or_init(create).await;
        let (server, _) = url.rsplit_once('/').unwrap();
        SqlQueue::open(&format!("{server}/{}", self.name)).await.unwrap().window(Duration::from_secs(2))
    }
}
