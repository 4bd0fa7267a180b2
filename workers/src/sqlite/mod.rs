//! The queue of apalis in one SQLite file.
//!
//! Tables, pushes, heartbeats and the return of orphans are those of `apalis-sqlite`. Claims and ends are statements of
//! this crate, since those of apalis count waiting as an attempt and keep their lock.

mod commands;
mod settle;

use std::path::Path;
use std::time::Duration;

use apalis_core::backend::WorkerFilter;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_sqlite::queries::{keep_alive, push_tasks, reenqueue_orphaned, register_worker};
use apalis_sqlite::{Config, SqliteStorage};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, SqliteConnection};
use zuora_core::session::Token;
use zuora_core::transport::WallTime;

use crate::decision::{Decision, Record};
use crate::engine::{Claimed, Engine, Enqueued, Fleet};
use crate::job::Job;
use crate::send_log::SendLog;

/// A queue in a SQLite file, for workers on one machine.
#[derive(Clone, Debug)]
pub struct Sqlite {
    pool: SqlitePool,
    queue: String,
    window: Duration,
}

/// An error of the database, or a line in it that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// The database reports an error.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// apalis reports an error.
    #[error("queue: {0}")]
    Queue(#[from] apalis_sqlite::Error),
    /// A text in the database is not what this crate writes.
    #[error("queue: {0}")]
    Text(#[from] serde_json::Error),
    /// The command does not fit the state of the job.
    #[error("{0}")]
    Command(String),
}

/// The tables of this crate. `zuora_sends` is the send log, `zuora_ends` has the decision about each job that ended.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS zuora_sends (
        queue TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (queue, key)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS zuora_ends (
        queue TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, decided_at INTEGER NOT NULL,
        worker TEXT NOT NULL, decision TEXT NOT NULL,
        PRIMARY KEY (queue, key)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS zuora_fleet (
        queue TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (queue, name)
    ) WITHOUT ROWID;
";

/// Takes the lock of the writer at once: a transaction that reads first could not get it later.
const BEGIN: &str = "BEGIN IMMEDIATE";

impl Sqlite {
    /// Opens or creates a file, and runs the migrations of apalis.
    ///
    /// Each commit is synchronized to the disk. `SqliteStorage::setup` of apalis would switch that off, and with it the
    /// promise of the send log after a power failure.
    ///
    /// # Errors
    /// The file cannot be opened or migrated.
    pub async fn open(file: impl AsRef<Path>) -> Result<Self, SqliteError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(20));
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        // Two processes may start at once, and the migrator of SQLite has no lock.
        for tries in 1.. {
            match SqliteStorage::<()>::migrations().run(&pool).await {
                Ok(()) => break,
                Err(error) if tries == 5 => return Err(sqlx::Error::from(error).into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(200) * tries).await,
            }
        }
        sqlx::raw_sql(TABLES).execute(&pool).await?;
        Ok(Self { pool, queue: "zuora".to_owned(), window: Duration::from_secs(5) })
    }

    /// Sets the name of the queue, by which several share a file. Default `zuora`.
    #[must_use]
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queue = name.into();
        self
    }

    /// Sets the time after which a worker without a heartbeat has lost its jobs. Default 5 s, at least 2 s: the times of
    /// apalis have whole seconds, so that a lease is a second shorter.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Duration::from_secs(window.as_secs().max(2));
        self
    }

    /// Returns the pool, for statements of the application in the same file.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    fn config(&self) -> Config {
        Config::default().queue(&self.queue).heartbeat_interval(self.window)
    }

    fn window_seconds(&self) -> i64 {
        i64::try_from(self.window.as_secs()).unwrap_or(i64::MAX)
    }

    /// Adds a job with the statement of apalis, which is silent about a key that exists.
    async fn push(&self, connection: &mut SqliteConnection, job: &Job) -> Result<Enqueued, SqliteError> {
        let task = TaskBuilder::new(serde_json::to_vec(job)?).idempotency_key(&job.key).build();
        push_tasks(&mut *connection, &self.queue, &[task]).await?;
        let changed: i64 = sqlx::query_scalar("SELECT changes()").fetch_one(&mut *connection).await?;
        Ok(if changed > 0 { Enqueued::New } else { Enqueued::AlreadyThere })
    }

    async fn value(&self, name: &str) -> Result<Option<String>, SqliteError> {
        let query = sqlx::query_scalar("SELECT value FROM zuora_fleet WHERE queue = ?1 AND name = ?2");
        Ok(query.bind(&self.queue).bind(name).fetch_optional(&self.pool).await?)
    }

    async fn set_value(&self, name: &str, value: &str) -> Result<(), SqliteError> {
        let query = sqlx::query(
            "INSERT INTO zuora_fleet VALUES (?1, ?2, ?3)
             ON CONFLICT (queue, name) DO UPDATE SET value = excluded.value",
        );
        query.bind(&self.queue).bind(name).bind(value).execute(&self.pool).await?;
        Ok(())
    }
}

impl SendLog for Sqlite {
    type Error = SqliteError;

    async fn read(&self, key: &str) -> Result<Record, SqliteError> {
        let query = sqlx::query("SELECT version, record FROM zuora_sends WHERE queue = ?1 AND key = ?2");
        let Some(row) = query.bind(&self.queue).bind(key).fetch_optional(&self.pool).await? else {
            return Ok(Record::default());
        };
        let mut record: Record = serde_json::from_str(row.try_get("record")?)?;
        record.version = u64::try_from(row.try_get::<i64, _>("version")?).unwrap_or_default();
        Ok(record)
    }

    async fn write(&self, key: &str, record: &Record) -> Result<bool, SqliteError> {
        let mut connection = self.pool.acquire().await?;
        settle::write_record(&mut connection, &self.queue, key, record).await
    }
}

/// A token as it is stored.
#[derive(serde::Serialize, serde::Deserialize)]
struct StoredToken {
    secret: String,
    expires_at: WallTime,
}

impl Engine for Sqlite {
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, SqliteError> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        let enqueued = self.push(&mut transaction, job).await?;
        transaction.commit().await?;
        Ok(enqueued)
    }

    async fn join(&self, worker: &str) -> Result<(), SqliteError> {
        let context = WorkerContext::new(worker);
        register_worker(&self.pool, &self.config(), &context, "zuora-workers").await?;
        Ok(())
    }

    async fn beat(&self, worker: &str) -> Result<Fleet, SqliteError> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        keep_alive(&mut *transaction, &self.config(), &WorkerContext::new(worker)).await?;
        let others = WorkerFilter::AllExcept(worker.to_owned());
        reenqueue_orphaned(&mut *transaction, self.window_seconds(), &self.queue, &others).await?;
        let alive: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM Workers WHERE worker_type = ?1 AND strftime('%s', 'now') - last_seen < ?2",
        )
        .bind(&self.queue)
        .bind(self.window_seconds())
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let is_paused = self.value("paused").await?.is_some_and(|value| value == "true");
        Ok(Fleet { alive: u32::try_from(alive).unwrap_or(u32::MAX), is_paused })
    }

    fn lease(&self) -> Duration {
        self.window - Duration::from_secs(1)
    }

    async fn claim(&self, worker: &str, most: u32) -> Result<Vec<Claimed>, SqliteError> {
        let rows = sqlx::query(
            "UPDATE Jobs SET status = 'Running', lock_by = ?1, lock_at = strftime('%s', 'now')
             WHERE ROWID IN (
                 SELECT ROWID FROM Jobs
                 WHERE job_type = ?2 AND status = 'Pending' AND lock_by IS NULL
                     AND (run_at IS NULL OR run_at <= CAST(strftime('%s', 'now') AS INTEGER))
                 ORDER BY priority DESC, run_at, id LIMIT ?3
             )
             RETURNING CAST(id AS TEXT) AS id, CAST(job AS BLOB) AS job, attempts, idempotency_key",
        )
        .bind(worker)
        .bind(&self.queue)
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        let claimed = rows.into_iter().map(|row| {
            Ok(Claimed {
                id: row.try_get::<Option<String>, _>("id")?.unwrap_or_default(),
                key: row.try_get::<Option<String>, _>("idempotency_key")?.unwrap_or_default(),
                payload: text(&row, "job")?,
                lost_workers: row
                    .try_get::<Option<i64>, _>("attempts")?
                    .map_or(0, |attempts| u32::try_from(attempts).unwrap_or(u32::MAX)),
            })
        });
        claimed.collect()
    }

    async fn settle(
        &self,
        worker: &str,
        claimed: &Claimed,
        decision: &Decision,
        record: &Record,
    ) -> Result<(), SqliteError> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        self.settle_in(&mut transaction, worker, claimed, decision, record).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn leave(&self, worker: &str) -> Result<(), SqliteError> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        sqlx::query(
            "UPDATE Jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL
             WHERE job_type = ?1 AND lock_by = ?2 AND status IN ('Queued', 'Running')",
        )
        .bind(&self.queue)
        .bind(worker)
        .execute(&mut *transaction)
        .await?;
        let ended = sqlx::query("UPDATE Workers SET last_seen = 0 WHERE id = ?1 AND worker_type = ?2");
        ended.bind(worker).bind(&self.queue).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn token(&self, now: WallTime) -> Result<Option<Token>, SqliteError> {
        let Some(text) = self.value("token").await? else { return Ok(None) };
        let stored: StoredToken = serde_json::from_str(&text)?;
        Ok(stored.expires_at.since(now).map(|left| Token::new(stored.secret.into(), left)))
    }

    async fn store_token(&self, token: &Token, now: WallTime) -> Result<(), SqliteError> {
        let secret = token.secret().expose().to_owned();
        let stored = StoredToken { secret, expires_at: now + token.expires_in() };
        self.set_value("token", &serde_json::to_string(&stored)?).await
    }
}

/// Returns a column of any bytes as text. Another program may have written it.
fn text(row: &SqliteRow, column: &str) -> Result<String, SqliteError> {
    let bytes: Option<Vec<u8>> = row.try_get(column)?;
    Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
}
