//! Executing a decision.

use sqlx::SqliteConnection;
use zuora_core::transport::WallTime;

use super::{Sqlite, SqliteError};
use crate::decision::{Acknowledged, Decision, Record};
use crate::engine::Claimed;
use crate::job::Job;

/// Writes a line of the send log, if it still has the version of the record.
pub(super) async fn write_record(
    connection: &mut SqliteConnection,
    queue: &str,
    key: &str,
    record: &Record,
) -> Result<bool, SqliteError> {
    let text = serde_json::to_string(record)?;
    let query = match record.version {
        0 => {
            sqlx::query("INSERT INTO zuora_sends VALUES (?1, ?2, 1, ?3) ON CONFLICT (queue, key) DO NOTHING")
        }
        _ => sqlx::query(
            "UPDATE zuora_sends SET version = version + 1, record = ?3
             WHERE queue = ?1 AND key = ?2 AND version = ?4",
        ),
    };
    let version = i64::try_from(record.version).unwrap_or(i64::MAX);
    let query = query.bind(queue).bind(key).bind(text);
    let query = if record.version == 0 { query } else { query.bind(version) };
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

impl Sqlite {
    pub(super) async fn settle_in(
        &self,
        connection: &mut SqliteConnection,
        worker: &str,
        claimed: &Claimed,
        decision: &Decision,
        record: &Record,
    ) -> Result<(), SqliteError> {
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
                let query = sqlx::query(
                    "UPDATE Jobs SET status = 'Killed', done_at = strftime('%s', 'now'), last_result = ?1
                     WHERE id = ?2 AND lock_by = ?3 AND status IN ('Queued', 'Running')",
                );
                let result = serde_json::json!({ "Err": serde_json::to_string(end)? }).to_string();
                let query = query.bind(result).bind(&claimed.id).bind(worker);
                query.execute(&mut *connection).await?.rows_affected() > 0
            }
        };
        if !changed {
            return Ok(());
        }
        self.note_end(connection, claimed.label(), worker, decision).await?;
        if let Decision::Acknowledge(_) = decision {
            self.push_followers(connection, &claimed.payload).await?;
        }
        Ok(())
    }

    /// Marks a job as done, whoever holds it.
    pub(super) async fn finish(
        &self,
        connection: &mut SqliteConnection,
        id: &str,
        how: &Acknowledged,
    ) -> Result<bool, SqliteError> {
        let (Acknowledged::Response(text) | Acknowledged::Evidence(text)) = how;
        let query = sqlx::query(
            "UPDATE Jobs SET status = 'Done', done_at = strftime('%s', 'now'), last_result = ?1
             WHERE id = ?2 AND status <> 'Done'",
        );
        let result = serde_json::json!({ "Ok": text }).to_string();
        Ok(query.bind(result).bind(id).execute(connection).await?.rows_affected() > 0)
    }

    /// Sets the due time and gives the lock back. Waiting is not an attempt.
    async fn put_back(
        &self,
        connection: &mut SqliteConnection,
        worker: &str,
        id: &str,
        at: WallTime,
        why: &str,
    ) -> Result<(), SqliteError> {
        let query = sqlx::query(
            "UPDATE Jobs SET status = 'Pending', run_at = ?1, lock_by = NULL, lock_at = NULL, last_result = ?2
             WHERE id = ?3 AND lock_by = ?4 AND status IN ('Queued', 'Running')",
        );
        let seconds = i64::try_from(at.unix_millis().div_ceil(1000)).unwrap_or(i64::MAX);
        let result = serde_json::json!({ "Err": why }).to_string();
        query.bind(seconds).bind(result).bind(id).bind(worker).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn note_end(
        &self,
        connection: &mut SqliteConnection,
        key: &str,
        worker: &str,
        decision: &Decision,
    ) -> Result<(), SqliteError> {
        let query = sqlx::query(
            "INSERT INTO zuora_ends VALUES (?1, ?2, ?3, strftime('%s', 'now'), ?4, ?5)
             ON CONFLICT (queue, key) DO UPDATE SET state = excluded.state, decided_at = excluded.decided_at,
                 worker = excluded.worker, decision = excluded.decision",
        );
        let query = query.bind(&self.queue).bind(key).bind(decision.state()).bind(worker);
        query.bind(serde_json::to_string(decision)?).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn push_followers(
        &self,
        connection: &mut SqliteConnection,
        payload: &str,
    ) -> Result<(), SqliteError> {
        let Ok(job) = serde_json::from_str::<Job>(payload) else { return Ok(()) };
        for next in &job.then {
            self.push(connection, next).await?;
        }
        Ok(())
    }
}
