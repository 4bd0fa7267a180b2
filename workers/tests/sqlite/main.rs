//! The queue in a SQLite file: pushes, due times, takeovers, dead letters, commands. Known faults of apalis 1.0 would
//! show here again.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

#[cfg(unix)]
mod open;
mod queue;
#[path = "../suite/mod.rs"]
mod suite;
mod workers;

use std::path::PathBuf;
use std::time::Duration;

use zuora_core::transport::WallTime;
use zuora_sandbox::{Sandbox, Server};
use zuora_workers::{Commands, Engine, Enqueued, Fleet, Job, Limits, Record, Resolution, SendLog, SqlQueue};

use self::suite::{all_decided, client, in_seconds, job, settings, start, suite_on};

suite_on!(File);

/// A file that is removed with its journal.
struct File(PathBuf);

impl File {
    fn new(test: &str) -> Self {
        Self(std::env::temp_dir().join(format!("zuora-workers-{}-{test}.db", std::process::id())))
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
