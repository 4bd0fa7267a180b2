//! The send log and the queue.

use std::time::Duration;

use sqlx::Row as _;
use sqlx::any::AnyRow;
use zuora_core::session::Token;
use zuora_core::transport::WallTime;

use super::dialect::{ALIVE, BEAT, CLAIM, END_LEASE, JOIN, ORPHANS};
use super::{SqlError, SqlQueue, execute, text};
use crate::decision::{Decision, Record};
use crate::engine::{Claimed, Engine, Enqueued, Fleet};
use crate::job::Job;
use crate::send_log::SendLog;
use crate::stored_token;

impl SendLog for SqlQueue {
    type Error = SqlError;

    async fn read(&self, key: &str) -> Result<Record, SqlError> {
        let query = sqlx::query("SELECT version, record FROM zuora_sends WHERE queue = $1 AND key = $2");
        let Some(row) = query.bind(&self.queue).bind(key).fetch_optional(&self.pool).await? else {
            return Ok(Record::default());
        };
        let Ok(record) = serde_json::from_str::<Record>(&row.try_get::<String, _>("record")?) else {
            return Ok(Record::of_unreadable_line());
        };
        Ok(record.at_version(u64::try_from(row.try_get::<i64, _>("version")?).unwrap_or_default()))
    }

    async fn write(&self, key: &str, record: &Record) -> Result<bool, SqlError> {
        let mut connection = self.pool.acquire().await?;
        execute::write_record(&mut connection, &self.queue, key, record).await
    }
}

impl Engine for SqlQueue {
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, SqlError> {
        job.check().map_err(|error| SqlError::Command(error.to_string()))?;
        let mut transaction = self.begin().await?;
        let enqueued = self.push(&mut transaction, job).await?;
        transaction.commit().await?;
        Ok(enqueued)
    }

    async fn join(&self, worker: &str) -> Result<(), SqlError> {
        let mut transaction = self.begin().await?;
        let query = sqlx::query(
            "INSERT INTO zuora_fleet (queue, name, value) VALUES ($1, 'window', $2)
             ON CONFLICT (queue, name) DO UPDATE SET value = excluded.value
             WHERE CAST(zuora_fleet.value AS BIGINT) < CAST(excluded.value AS BIGINT)",
        );
        let window = self.window_seconds().to_string();
        query.bind(&self.queue).bind(window).execute(&mut *transaction).await?;
        let query = sqlx::query(self.dialect.of(&JOIN));
        query.bind(worker).bind(&self.queue).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn beat(&self, worker: &str) -> Result<Option<Fleet>, SqlError> {
        let window = self.longest_window().await?;
        let mut transaction = self.begin().await?;
        let query = sqlx::query(self.dialect.of(&BEAT)).bind(worker).bind(&self.queue);
        if query.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(None);
        }
        let query = sqlx::query(self.dialect.of(&ORPHANS)).bind(&self.queue).bind(worker);
        query.bind(window).execute(&mut *transaction).await?;
        let query = sqlx::query_scalar(self.dialect.of(&ALIVE)).bind(&self.queue).bind(window);
        let alive: i64 = query.fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        let is_paused = self.value("paused").await?.is_some_and(|value| value == "true");
        Ok(Some(Fleet { alive: u32::try_from(alive).unwrap_or(u32::MAX), is_paused }))
    }

    fn lease(&self) -> Duration {
        self.window - Duration::from_secs(1)
    }

    async fn claim(&self, worker: &str, most: u32) -> Result<Vec<Claimed>, SqlError> {
        let query = sqlx::query(self.dialect.of(&CLAIM)).bind(worker).bind(&self.queue);
        let rows = query.bind(i64::from(most)).fetch_all(&self.pool).await?;
        let mut claimed = Vec::new();
        for row in rows {
            claimed.push(Claimed {
                id: self.readable_id(&row).await?,
                key: text(&row, "key")?,
                payload: text(&row, "job")?,
                lost_workers: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
            });
        }
        Ok(claimed)
    }

    async fn execute(
        &self,
        worker: &str,
        claimed: &Claimed,
        decision: &Decision,
        record: &Record,
    ) -> Result<(), SqlError> {
        let mut transaction = self.begin().await?;
        self.execute_in(&mut transaction, worker, claimed, decision, record).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn leave(&self, worker: &str) -> Result<(), SqlError> {
        let mut transaction = self.begin().await?;
        let query = sqlx::query(
            "UPDATE Jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL
             WHERE job_type = $1 AND lock_by = $2 AND status IN ('Queued', 'Running')",
        );
        query.bind(&self.queue).bind(worker).execute(&mut *transaction).await?;
        let query = sqlx::query(self.dialect.of(&END_LEASE));
        query.bind(worker).bind(&self.queue).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn token(&self, owner: &str, now: WallTime) -> Result<Option<Token>, SqlError> {
        let Some(text) = self.value(&format!("token of {owner}")).await? else { return Ok(None) };
        Ok(stored_token::read(text.as_bytes(), now)?)
    }

    async fn store_token(&self, owner: &str, token: &Token, now: WallTime) -> Result<(), SqlError> {
        self.set_value(&format!("token of {owner}"), &stored_token::write(token, now)?).await
    }
}

impl SqlQueue {
    /// Returns the id of a claimed row. One that no statement could find again, since it is not a text, is replaced.
    async fn readable_id(&self, row: &AnyRow) -> Result<String, SqlError> {
        let bytes: Option<Vec<u8>> = row.try_get("id")?;
        match String::from_utf8(bytes.unwrap_or_default()) {
            Ok(id) if row.try_get::<i64, _>("is_text")? == 1 => Ok(id),
            _ => {
                let number: i64 = row.try_get("number")?;
                let id = ulid::Ulid::generate().to_string();
                let query = sqlx::query("UPDATE Jobs SET id = $1 WHERE ROWID = $2").bind(&id);
                query.bind(number).execute(&self.pool).await?;
                Ok(id)
            }
        }
    }
}
