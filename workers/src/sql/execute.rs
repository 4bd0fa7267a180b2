//! Executing a decision.

use sqlx::AnyConnection;
use zuora_core::transport::WallTime;

use super::dialect::{FINISH, PARK, PUT_BACK};
use super::{SqlError, SqlQueue};
use crate::decision::{Acknowledged, Decision, Record};
use crate::engine::Claimed;
use crate::job::Job;

/// Writes a line of the send log, if it still has the version of the record.
pub(super) async fn write_record(
    connection: &mut AnyConnection,
    queue: &str,
    key: &str,
    record: &Record,
) -> Result<bool, SqlError> {
    let text = serde_json::to_string(record)?;
    let query = match record.version {
        0 => sqlx::query(
            "INSERT INTO zuora_sends (queue, key, version, record) VALUES ($1, $2, 1, $3) ON CONFLICT (queue, key) DO NOTHING",
        ),
        _ => sqlx::query(
            "UPDATE zuora_sends SET version = version + 1, record = $3
             WHERE queue = $1 AND key = $2 AND version = $4",
        ),
    };
    let version = i64::try_from(record.version).unwrap_or(i64::MAX);
    let query = query.bind(queue).bind(key).bind(text);
    let query = if record.version == 0 { query } else { query.bind(version) };
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

impl SqlQueue {
    pub(super) async fn execute_in(
        &self,
        connection: &mut AnyConnection,
        worker: &str,
        claimed: &Claimed,
        decision: &Decision,
        record: &Record,
    ) -> Result<(), SqlError> {
        if *record != Record::default() {
            // A line that another worker has written since is newer.
            write_record(connection, &self.queue, claimed.label(), record).await?;
        }
        let changed = match decision {
            Decision::Acknowledge(how) => self.finish(connection, &claimed.id, how).await?,
            Decision::NotBefore { at, why } => {
                return self.put_back(connection, worker, &claimed.id, *at, why).await;
            }
            end => {
                let query = sqlx::query(self.dialect.of(&PARK));
                let result = result("Err", &serde_json::to_string(end)?);
                let query = query.bind(result).bind(&claimed.id).bind(worker);
                query.execute(&mut *connection).await?.rows_affected() > 0
            }
        };
        if !changed {
            return Ok(());
        }
        self.note_end(connection, claimed.label(), worker, decision).await?;
        match decision {
            Decision::Acknowledge(_) => self.push_followers(connection, &claimed.payload).await,
            _ => self.keep_text(connection, claimed).await,
        }
    }

    /// Marks a job as done, whoever holds it.
    pub(super) async fn finish(
        &self,
        connection: &mut AnyConnection,
        id: &str,
        how: &Acknowledged,
    ) -> Result<bool, SqlError> {
        let (Acknowledged::Response(text) | Acknowledged::Evidence(text)) = how;
        let query = sqlx::query(self.dialect.of(&FINISH));
        Ok(query.bind(result("Ok", text)).bind(id).execute(connection).await?.rows_affected() > 0)
    }

    /// Sets the due time and gives the lock back. Waiting is not an attempt.
    async fn put_back(
        &self,
        connection: &mut AnyConnection,
        worker: &str,
        id: &str,
        at: WallTime,
        why: &str,
    ) -> Result<(), SqlError> {
        let query = sqlx::query(self.dialect.of(&PUT_BACK));
        let millis = i64::try_from(at.unix_millis()).unwrap_or(i64::MAX);
        query.bind(result("Err", why)).bind(id).bind(worker).bind(millis).execute(connection).await?;
        Ok(())
    }

    /// Writes the decision about a job that ended. The text that was kept of it for a person ends with the job.
    pub(super) async fn note_end(
        &self,
        connection: &mut AnyConnection,
        key: &str,
        worker: &str,
        decision: &Decision,
    ) -> Result<(), SqlError> {
        let query = sqlx::query(
            "INSERT INTO zuora_ends (queue, key, state, decided_at, worker, decision) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (queue, key) DO UPDATE SET state = excluded.state, decided_at = excluded.decided_at,
                 worker = excluded.worker, decision = excluded.decision",
        );
        let now = WallTime::from(std::time::SystemTime::now()).unix_millis();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let query = query.bind(&self.queue).bind(key).bind(decision.state()).bind(now).bind(worker);
        query.bind(serde_json::to_string(decision)?).execute(&mut *connection).await?;
        if let Decision::Acknowledge(_) = decision {
            let query = sqlx::query("DELETE FROM zuora_parked WHERE queue = $1 AND key = $2");
            query.bind(&self.queue).bind(key).execute(connection).await?;
        }
        Ok(())
    }

    /// Keeps the text of a job for the commands of a person.
    async fn keep_text(&self, connection: &mut AnyConnection, claimed: &Claimed) -> Result<(), SqlError> {
        let query = sqlx::query(
            "INSERT INTO zuora_parked (queue, key, text) VALUES ($1, $2, $3)
             ON CONFLICT (queue, key) DO UPDATE SET text = excluded.text",
        );
        let query = query.bind(&self.queue).bind(claimed.label()).bind(without_zeros(&claimed.payload));
        query.execute(connection).await?;
        Ok(())
    }

    pub(super) async fn push_followers(
        &self,
        connection: &mut AnyConnection,
        payload: &str,
    ) -> Result<(), SqlError> {
        let Ok(job) = serde_json::from_str::<Job>(payload) else { return Ok(()) };
        for next in &job.then {
            self.push(connection, next).await?;
        }
        Ok(())
    }
}

/// Returns a result in the form of apalis, as JSON text.
fn result(kind: &str, text: &str) -> String {
    serde_json::json!({ kind: without_zeros(text) }).to_string()
}

/// Removes zero bytes, which the texts of PostgreSQL cannot have.
fn without_zeros(text: &str) -> String {
    text.replace('\0', "")
}
