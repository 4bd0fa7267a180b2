//! The entry of a job, which is changed on condition that nothing else has changed it.

use async_nats::jetstream::kv::Operation;
use serde::{Deserialize, Serialize};
use zuora_core::transport::WallTime;

use super::{NatsError, NatsQueue, encode, is_conflict};
use crate::decision::{Decision, History, Record};

/// All that the queue knows about a job.
///
/// Record, job and decision are texts within it: one that another version has written costs no other field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Text of the job; `None` if the job is in the send log alone.
    pub(super) job: Option<String>,
    /// Sequence of the message of the job; none while the job is handed out again.
    pub(super) message: Option<u64>,
    /// The worker that holds the job.
    pub(super) holder: Option<String>,
    /// Workers that ended while they held the job.
    pub(super) lost_workers: u32,
    /// Earliest time of the next delivery.
    pub(super) due: Option<WallTime>,
    /// Number of times that the line of the send log was written.
    version: u64,
    /// The line.
    record: Option<String>,
    pub(super) end: Option<End>,
    /// The text of an entry that cannot be read, which stays for a person.
    unreadable: Option<String>,
}

/// The end of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct End {
    pub(super) state: String,
    pub(super) worker: String,
    decision: String,
}

impl End {
    pub(super) fn new(worker: &str, decision: &Decision) -> Result<Self, NatsError> {
        let (state, worker) = (decision.state().to_owned(), worker.to_owned());
        Ok(Self { state, worker, decision: serde_json::to_string(decision)? })
    }

    pub(super) fn decision(&self) -> Result<Decision, NatsError> {
        Ok(serde_json::from_str(&self.decision)?)
    }
}

impl Entry {
    /// Returns the state, in one word.
    pub(super) fn state(&self) -> &str {
        self.end.as_ref().map_or("waiting", |end| &end.state)
    }

    pub(super) fn record(&self) -> Record {
        let Some(text) = &self.record else {
            return match self.unreadable {
                Some(_) => Record::of_unreadable_line(),
                None => Record::default().at_version(self.version),
            };
        };
        let record = serde_json::from_str::<Record>(text);
        record.map_or_else(|_| Record::of_unreadable_line(), |record| record.at_version(self.version))
    }

    /// Writes the line if it still has the version of the record.
    pub(super) fn write(&mut self, record: &Record) -> Result<bool, NatsError> {
        if self.unreadable.is_some() || self.version != record.version {
            return Ok(false);
        }
        self.record = Some(serde_json::to_string(record)?);
        self.version += 1;
        Ok(true)
    }

    /// Prepares the next delivery of a job that has ended. Returns whether it may have been sent.
    pub(super) fn reopen(&mut self, history: History) -> Result<bool, NatsError> {
        let record = self.record().reopened(history);
        if !record.is_unreadable {
            self.unreadable = None;
            // Also without a line: a worker that has read none, and wakes now, must not send.
            self.record = Some(serde_json::to_string(&record)?);
            self.version += 1;
        }
        (self.end, self.message, self.holder, self.due, self.lost_workers) = (None, None, None, None, 0);
        Ok(record.may_be_sent())
    }
}

impl NatsQueue {
    /// Reads an entry with its revision, which is 0 if there is none.
    pub(super) async fn entry(&self, key: &str) -> Result<(Entry, u64), NatsError> {
        let found = self.jobs.entry(encode(key)).await.map_err(NatsError::nats)?;
        let empty = Entry { key: key.to_owned(), ..Entry::default() };
        Ok(match found {
            Some(found) if found.operation == Operation::Put => {
                let unreadable = |_| Entry { unreadable: Some(self.text(&found.value)), ..empty };
                (serde_json::from_slice(&found.value).unwrap_or_else(unreadable), found.revision)
            }
            // Another program has removed it.
            found => (empty, found.map_or(0, |found| found.revision)),
        })
    }

    /// Changes an entry. A change that returns `None` leaves the entry as it is. If another program changes the entry
    /// meanwhile, the change is made again.
    pub(super) async fn change<T>(
        &self,
        key: &str,
        mut change: impl FnMut(&mut Entry) -> Result<Option<T>, NatsError>,
    ) -> Result<Option<T>, NatsError> {
        loop {
            let (mut entry, revision) = self.entry(key).await?;
            let Some(result) = change(&mut entry)? else { return Ok(None) };
            let text = serde_json::to_vec(&entry)?;
            match self.jobs.update(encode(key), text.into(), revision).await {
                Ok(_) => return Ok(Some(result)),
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(NatsError::nats(error)),
            }
        }
    }
}
