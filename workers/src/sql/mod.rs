//! The queue of apalis in an SQL database: one SQLite file, or PostgreSQL.
//!
//! Tables and migrations are those of apalis. The statements are of this crate, since those of apalis count waiting as
//! an attempt, keep the lock of a job that waits, and fail as a whole over one row that they cannot read.

mod commands;
mod dialect;
mod execute;
mod open;
mod queue;

use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AnyPool, Row as _, Transaction};

use self::dialect::{BEGIN, Dialect, PUSH};
use crate::engine::Enqueued;
use crate::job::Job;

/// A queue in an SQL database.
#[derive(Clone, Debug)]
pub struct SqlQueue {
    pool: AnyPool,
    dialect: Dialect,
    queue: String,
    window: Duration,
}

/// An error of the database, or a line in it that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The database reports an error.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A text in the database is not written by this crate.
    #[error("queue: {0}")]
    Text(#[from] serde_json::Error),
    /// The URL, or a command, does not fit.
    #[error("{0}")]
    Command(String),
}

impl SqlQueue {
    /// Sets the name of the queue, by which several share a database. Default `zuora`.
    #[must_use]
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queue = name.into();
        self
    }

    /// Sets the time after which a worker without a heartbeat has lost its jobs. Default 5 s, at least 2 s. Its lease is
    /// a second shorter: the times of apalis on SQLite have whole seconds. If workers of one queue set different times,
    /// all of them keep the longest that the queue has ever had.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Duration::from_secs(window.as_secs().max(2));
        self
    }

    /// Returns the pool, for statements of the application in the same database.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>, SqlError> {
        Ok(self.pool.begin_with(self.dialect.of(&BEGIN)).await?)
    }

    /// Returns the longest window of all workers: none of them may lose its jobs earlier.
    async fn longest_window(&self) -> Result<i64, SqlError> {
        let stored = self.value("window").await?.and_then(|value| value.parse::<i64>().ok());
        Ok(stored.unwrap_or_default().max(self.window_seconds()))
    }

    fn window_seconds(&self) -> i64 {
        i64::try_from(self.window.as_secs()).unwrap_or(i64::MAX)
    }

    async fn push(&self, connection: &mut AnyConnection, job: &Job) -> Result<Enqueued, SqlError> {
        let query = sqlx::query(self.dialect.of(&PUSH)).bind(ulid::Ulid::generate().to_string());
        let query = query.bind(&self.queue).bind(serde_json::to_vec(job)?).bind(&job.key);
        let is_new = query.execute(connection).await?.rows_affected() > 0;
        Ok(if is_new { Enqueued::New } else { Enqueued::AlreadyThere })
    }

    async fn value(&self, name: &str) -> Result<Option<String>, SqlError> {
        let query = sqlx::query_scalar("SELECT value FROM zuora_fleet WHERE queue = $1 AND name = $2");
        Ok(query.bind(&self.queue).bind(name).fetch_optional(&self.pool).await?)
    }

    async fn set_value(&self, name: &str, value: &str) -> Result<(), SqlError> {
        let query = sqlx::query(
            "INSERT INTO zuora_fleet (queue, name, value) VALUES ($1, $2, $3)
             ON CONFLICT (queue, name) DO UPDATE SET value = excluded.value",
        );
        query.bind(&self.queue).bind(name).bind(value).execute(&self.pool).await?;
        Ok(())
    }
}

/// Returns a column of any bytes as text. Another program may have written it.
fn text(row: &AnyRow, column: &str) -> Result<String, SqlError> {
    let bytes: Option<Vec<u8>> = row.try_get(column)?;
    Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
}
