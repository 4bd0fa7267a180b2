//! The commands of an operator.

use sqlx::{AnyConnection, Row as _};

use super::dialect::{LIST, PARKED, REOPEN, RESTORE};
use super::{SqlError, SqlQueue, text};
use crate::commands::{Commands, Counts, Ended, Resolution, check_not_applied};
use crate::decision::{Acknowledged, Decision, History, Record};
use crate::job::Job;

impl SqlQueue {
    /// Returns id, payload and decision of a job that has ended in one of two states.
    async fn parked(
        &self,
        connection: &mut AnyConnection,
        key: &str,
        states: [&str; 2],
    ) -> Result<(String, String, Decision), SqlError> {
        let query = sqlx::query(self.dialect.of(&RESTORE)).bind(ulid::Ulid::generate().to_string());
        query.bind(&self.queue).bind(key).execute(&mut *connection).await?;
        let query = sqlx::query(self.dialect.of(&PARKED));
        let row = query.bind(&self.queue).bind(key).fetch_optional(&mut *connection).await?;
        let row = row.ok_or_else(|| SqlError::Command(format!("{key}: no job with this key has ended")))?;
        let state: String = row.try_get("state")?;
        if !states.contains(&state.as_str()) {
            return Err(SqlError::Command(format!("{key}: the job is {state}")));
        }
        let decision = serde_json::from_str(row.try_get("decision")?)?;
        Ok((row.try_get("id")?, text(&row, "job")?, decision))
    }

    /// Hands the job out again, under a new idempotency key if it was never sent.
    async fn reopen(
        &self,
        connection: &mut AnyConnection,
        key: &str,
        (id, payload): (&str, &str),
        history: History,
    ) -> Result<(), SqlError> {
        let query = sqlx::query("SELECT version, record FROM zuora_sends WHERE queue = $1 AND key = $2");
        let mut record = Record::default();
        if let Some(row) = query.bind(&self.queue).bind(key).fetch_optional(&mut *connection).await? {
            if let History::Kept = history {
                record = serde_json::from_str(row.try_get("record")?)?;
            }
            record.version = u64::try_from(row.try_get::<i64, _>("version")?).unwrap_or_default();
        }
        let record = record.reopened(history);
        // Also without a line: a worker that has read none, and wakes now, must not send.
        if !super::execute::write_record(connection, &self.queue, key, &record).await? {
            return Err(acknowledged_meanwhile(key));
        }
        if record.sent.is_none() {
            // The service may have stored a rejection or a failure under the old idempotency key.
            self.renew_key(connection, id, payload).await?;
        }
        let query = sqlx::query("DELETE FROM zuora_ends WHERE queue = $1 AND key = $2");
        query.bind(&self.queue).bind(key).execute(&mut *connection).await?;
        let query = sqlx::query(self.dialect.of(&REOPEN));
        match query.bind(id).execute(&mut *connection).await?.rows_affected() {
            0 => Err(acknowledged_meanwhile(key)),
            _ => Ok(()),
        }
    }

    async fn renew_key(
        &self,
        connection: &mut AnyConnection,
        id: &str,
        payload: &str,
    ) -> Result<(), SqlError> {
        let Ok(job) = serde_json::from_str::<Job>(payload) else { return Ok(()) };
        let text = serde_json::to_vec(&job.with_new_key())?;
        let query = sqlx::query("UPDATE Jobs SET job = $1 WHERE id = $2");
        query.bind(text).bind(id).execute(connection).await?;
        Ok(())
    }
}

fn acknowledged_meanwhile(key: &str) -> SqlError {
    SqlError::Command(format!("{key}: the job has been acknowledged or handed out meanwhile"))
}

impl Commands for SqlQueue {
    async fn pause(&self) -> Result<(), SqlError> {
        self.set_value("paused", "true").await
    }

    async fn resume(&self) -> Result<(), SqlError> {
        self.set_value("paused", "false").await
    }

    async fn count(&self) -> Result<Counts, SqlError> {
        let query = sqlx::query(
            "SELECT status, state, count(*) AS jobs FROM Jobs
             LEFT JOIN zuora_ends ON queue = job_type AND key = coalesce(idempotency_key, id)
             WHERE job_type = $1 GROUP BY status, state",
        );
        let mut counts = Counts::default();
        for row in query.bind(&self.queue).fetch_all(&self.pool).await? {
            let status: String = row.try_get("status")?;
            let state: Option<String> = row.try_get("state")?;
            let jobs = u64::try_from(row.try_get::<i64, _>("jobs")?).unwrap_or_default();
            *match (status.as_str(), state.as_deref()) {
                ("Pending" | "Failed", _) => &mut counts.waiting,
                ("Queued" | "Running", _) => &mut counts.running,
                ("Done", _) => &mut counts.done,
                (_, Some("in doubt")) => &mut counts.in_doubt,
                _ => &mut counts.rejected,
            } += jobs;
        }
        Ok(counts)
    }

    async fn list(&self, state: &str) -> Result<Vec<Ended>, SqlError> {
        let query = sqlx::query(self.dialect.of(&LIST));
        let rows = query.bind(&self.queue).bind(state).fetch_all(&self.pool).await?;
        let ended = rows.into_iter().map(|row| {
            Ok(Ended {
                key: row.try_get("key")?,
                worker: row.try_get("worker")?,
                decision: serde_json::from_str(row.try_get("decision")?)?,
                payload: text(&row, "job")?,
            })
        });
        ended.collect()
    }

    async fn resolve(&self, key: &str, resolution: &Resolution) -> Result<(), SqlError> {
        let mut transaction = self.begin().await?;
        let (id, payload, decision) = self.parked(&mut transaction, key, ["in doubt", "in doubt"]).await?;
        match resolution {
            Resolution::Applied(evidence) => {
                let how = Acknowledged::Evidence(evidence.clone());
                if !self.finish(&mut transaction, &id, &how).await? {
                    return Err(acknowledged_meanwhile(key));
                }
                self.note_end(&mut transaction, key, "person", &Decision::Acknowledge(how)).await?;
                self.push_followers(&mut transaction, &payload).await?;
            }
            Resolution::NotApplied => {
                check_not_applied(key, &decision).map_err(SqlError::Command)?;
                self.reopen(&mut transaction, key, (&id, &payload), History::Forgotten).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn requeue(&self, key: &str) -> Result<(), SqlError> {
        let mut transaction = self.begin().await?;
        let (id, payload, _) = self.parked(&mut transaction, key, ["in doubt", "rejected"]).await?;
        self.reopen(&mut transaction, key, (&id, &payload), History::Kept).await?;
        transaction.commit().await?;
        Ok(())
    }
}
