//! The commands of an operator.

use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::LastRawMessageErrorKind as RawMessageErrorKind;
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::entry::{End, Entry};
use super::{NatsError, NatsQueue, encode};
use crate::commands::{Commands, Counts, Ended, History, Resolution, check_not_applied};
use crate::decision::{Acknowledged, Decision};
use crate::job::Job;

/// Entries that are read at a time.
const READS: usize = 32;

impl NatsQueue {
    /// Lists a job that has ended in a state that a person decides about. The list may have more keys than jobs.
    pub(super) async fn list_as(&self, key: &str, state: &str) -> Result<(), NatsError> {
        self.fleet.put(list_key(key, state), key.to_owned().into()).await.map(drop).map_err(NatsError::nats)
    }

    /// Removes a job from the list of a state.
    pub(super) async fn unlist(&self, key: &str, state: &str) -> Result<(), NatsError> {
        let subject = format!("{}{}", self.fleet.prefix, list_key(key, state));
        self.fleet.stream.purge().filter(subject).await.map(drop).map_err(NatsError::nats)
    }

    async fn listed(&self, state: &str) -> Result<Vec<String>, NatsError> {
        let keys = keys(&self.fleet, &list_prefix(state)).await?;
        let texts = keys.into_iter().map(|key| self.fleet.get(key));
        let texts: Vec<_> =
            futures_util::stream::iter(texts).buffered(READS).try_collect().await.map_err(NatsError::nats)?;
        Ok(texts.into_iter().flatten().map(|text| String::from_utf8_lossy(&text).into_owned()).collect())
    }

    /// Hands a job out again that has ended, under a new idempotency key if it was never sent.
    async fn reopen(
        &self,
        key: &str,
        history: History,
        check: impl Fn(&Entry) -> Result<(), NatsError>,
    ) -> Result<(), NatsError> {
        let change = |entry: &mut Entry| {
            check(entry)?;
            let is_ended = entry.end.is_some();
            let is_sent = entry.reopen(history)?;
            if let (Some(text), true, false) = (&mut entry.job, is_ended, is_sent) {
                // The service may have stored a rejection or a failure under the old idempotency key.
                if let Ok(job) = serde_json::from_str::<Job>(text) {
                    *text = serde_json::to_string(&job.with_new_key())?;
                }
            }
            Ok(Some(()))
        };
        self.change(key, change).await?;
        let (entry, revision) = self.entry(key).await?;
        let id = format!("{}={revision}", encode(key));
        let (message, _) = self.publish(key, &id, entry.job.unwrap_or_default()).await?;
        // A worker may have got the message, and noted it, meanwhile.
        let note = |entry: &mut Entry| {
            let is_missing = entry.message.is_none();
            entry.message = Some(message);
            Ok(is_missing.then_some(()))
        };
        self.change(key, note).await?;
        for state in ["in doubt", "rejected"] {
            self.unlist(key, state).await?;
        }
        Ok(())
    }

    /// Whether a job waits without a message: its reopening was interrupted, or another program has removed the message.
    async fn is_stranded(&self, entry: &Entry) -> Result<bool, NatsError> {
        let (Some(_), None) = (&entry.job, &entry.end) else { return Ok(false) };
        let Some(message) = entry.message else { return Ok(true) };
        match self.stream.get_raw_message(message).await {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(true),
            Err(error) => Err(NatsError::nats(error)),
        }
    }
}

/// Fails unless a job has ended in one of the states.
fn check_state(entry: &Entry, states: &[&str]) -> Result<(), NatsError> {
    match (&entry.end, entry.state()) {
        (None, _) => Err(NatsError::Command(format!("{}: no job with this key has ended", entry.key))),
        (_, state) if states.contains(&state) => Ok(()),
        (_, state) => Err(NatsError::Command(format!("{}: the job is {state}", entry.key))),
    }
}

fn list_prefix(state: &str) -> String {
    state.replace(' ', "-")
}

fn list_key(key: &str, state: &str) -> String {
    format!("{}.{}", list_prefix(state), encode(key))
}

/// Returns the keys of a bucket below a prefix.
async fn keys(bucket: &Store, below: &str) -> Result<Vec<String>, NatsError> {
    let filter = format!("{}{below}.>", bucket.prefix);
    let subjects = bucket.stream.info_with_subjects(filter).await.map_err(NatsError::nats)?;
    let subjects: Vec<_> = subjects.try_collect().await.map_err(NatsError::nats)?;
    let keys = subjects.iter().filter_map(|(subject, _)| subject.strip_prefix(&bucket.prefix));
    Ok(keys.map(str::to_owned).collect())
}

impl Commands for NatsQueue {
    async fn pause(&self) -> Result<(), NatsError> {
        self.fleet.put("paused", "true".into()).await.map(drop).map_err(NatsError::nats)
    }

    async fn resume(&self) -> Result<(), NatsError> {
        self.fleet.put("paused", "false".into()).await.map(drop).map_err(NatsError::nats)
    }

    /// The number of running jobs is that of the last heartbeats.
    async fn count(&self) -> Result<Counts, NatsError> {
        let mut running: u64 = 0;
        if let Ok(beats) = self.jetstream.get_key_value(format!("{}-workers", self.name)).await {
            let workers = beats.stream.info_with_subjects(format!("{}>", beats.prefix)).await;
            let workers: Vec<_> =
                workers.map_err(NatsError::nats)?.try_collect().await.map_err(NatsError::nats)?;
            for (subject, _) in workers {
                let held =
                    beats.get(subject.trim_start_matches(&beats.prefix)).await.map_err(NatsError::nats)?;
                let held = held.and_then(|held| std::str::from_utf8(&held).ok()?.parse::<u64>().ok());
                running += held.unwrap_or_default();
            }
        }
        // In this order, no job that is open or in doubt counts as done.
        let all = self.jobs.stream.get_info().await.map_err(NatsError::nats)?.state.messages;
        let open = self.stream.get_info().await.map_err(NatsError::nats)?.state.messages;
        let in_doubt = keys(&self.fleet, &list_prefix("in doubt")).await?.len() as u64;
        let rejected = keys(&self.fleet, &list_prefix("rejected")).await?.len() as u64;
        let running = running.min(open);
        let done = all.saturating_sub(open + in_doubt + rejected);
        Ok(Counts { waiting: open - running, running, done, in_doubt, rejected })
    }

    async fn list(&self, state: &str) -> Result<Vec<Ended>, NatsError> {
        let keys = match state {
            "done" => {
                let keys = self.jobs.keys().await.map_err(NatsError::nats)?;
                let keys: Vec<_> = keys.try_collect().await.map_err(NatsError::nats)?;
                keys.iter().filter_map(|key| super::decode(key)).collect()
            }
            _ => self.listed(state).await?,
        };
        let entries = keys.into_iter().map(|key| async move { self.entry(&key).await });
        let entries: Vec<_> = futures_util::stream::iter(entries).buffered(READS).try_collect().await?;
        let mut ended = Vec::new();
        for (entry, _) in entries {
            if let Some(end) = entry.end.filter(|end| end.state == state) {
                let (decision, worker) = (end.decision()?, end.worker);
                ended.push(Ended {
                    key: entry.key,
                    worker,
                    decision,
                    payload: entry.job.unwrap_or_default(),
                });
            }
        }
        ended.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(ended)
    }

    async fn resolve(&self, key: &str, resolution: &Resolution) -> Result<(), NatsError> {
        let Resolution::Applied(evidence) = resolution else {
            return self
                .reopen(key, History::Forgotten, |entry| {
                    check_state(entry, &["in doubt"])?;
                    let decision = entry.end.as_ref().map(End::decision).transpose()?;
                    decision
                        .map_or(Ok(()), |decision| check_not_applied(key, &decision))
                        .map_err(NatsError::Command)
                })
                .await;
        };
        let end = End::new("person", &Decision::Acknowledge(Acknowledged::Evidence(evidence.clone())))?;
        let mut payload = String::new();
        let change = |entry: &mut Entry| {
            payload = entry.job.clone().unwrap_or_default();
            // The same command once more adds the followers that an interrupted one has left out.
            if entry.end.as_ref() == Some(&end) {
                return Ok(None);
            }
            check_state(entry, &["in doubt"])?;
            entry.end = Some(end.clone());
            Ok(Some(()))
        };
        self.change(key, change).await?;
        self.push_followers(&payload).await?;
        self.unlist(key, "in doubt").await
    }

    async fn requeue(&self, key: &str) -> Result<(), NatsError> {
        let (entry, _) = self.entry(key).await?;
        let is_stranded = self.is_stranded(&entry).await?;
        self.reopen(key, History::Kept, |entry| match is_stranded && entry.end.is_none() {
            true => Ok(()),
            false => check_state(entry, &["in doubt", "rejected"]),
        })
        .await
    }
}
