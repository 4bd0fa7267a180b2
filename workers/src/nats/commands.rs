//! The commands of an operator.

use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::LastRawMessageErrorKind as RawMessageErrorKind;
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::entry::{End, Entry};
use super::{NatsError, NatsQueue, encode};
use crate::commands::{Commands, Counts, Ended, Resolution, check_not_applied};
use crate::decision::{Acknowledged, Decision, History};
use crate::job::Job;

/// Entries that are read at a time.
const READS: usize = 32;

/// The states with a list: those that a person decides about.
pub(super) const LISTED: [&str; 2] = ["in doubt", "rejected"];

impl NatsQueue {
    /// Lists a job that has ended in a state that a person decides about. The list may have more keys than jobs.
    pub(super) async fn list_as(&self, key: &str, state: &str) -> Result<(), NatsError> {
        self.fleet.put(list_key(key, state), key.to_owned().into()).await.map(drop).map_err(NatsError::nats)
    }

    /// Removes a job from the lists, unless it has ended again meanwhile. Since a worker lists a job after it has noted
    /// its end, either this read or the worker finds the job.
    pub(super) async fn unlist(&self, key: &str) -> Result<(), NatsError> {
        for state in LISTED {
            let subject = format!("{}{}", self.fleet.prefix, list_key(key, state));
            self.fleet.stream.purge().filter(subject).await.map_err(NatsError::nats)?;
        }
        let (entry, _) = self.entry(key).await?;
        match LISTED.contains(&entry.state()) {
            true => self.list_as(key, entry.state()).await,
            false => Ok(()),
        }
    }

    /// Applies `read` to the entries of the jobs in a state, and returns the results.
    async fn in_state<T>(
        &self,
        state: &str,
        mut read: impl FnMut(Entry) -> Result<T, NatsError>,
    ) -> Result<Vec<T>, NatsError> {
        let keys = match LISTED.contains(&state) {
            true => keys(&self.fleet, &format!("{}.", list_prefix(state))).await?,
            false => {
                let keys = self.jobs.keys().await.map_err(NatsError::nats)?;
                keys.try_collect().await.map_err(NatsError::nats)?
            }
        };
        let keys: Vec<_> = keys.iter().filter_map(|key| super::decode(key)).collect();
        let entries = keys.into_iter().map(|key| async move { self.entry(&key).await });
        let mut entries = futures_util::stream::iter(entries).buffered(READS);
        let mut found = Vec::new();
        while let Some((entry, _)) = entries.try_next().await? {
            if entry.state() == state && entry.end.is_some() {
                found.push(read(entry)?);
            }
        }
        Ok(found)
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
        // Before the message: a worker may end the job at once.
        self.unlist(key).await?;
        let (entry, revision) = self.entry(key).await?;
        // No id of a first message has a point.
        let id = format!("{}.{revision}", encode(key));
        let (message, _) = self.publish(key, &id, entry.job.unwrap_or_default()).await?;
        // A worker may have got the message, and noted it, meanwhile.
        let note = |entry: &mut Entry| {
            let is_missing = entry.message.is_none();
            entry.message = Some(message);
            Ok(is_missing.then_some(()))
        };
        self.change(key, note).await.map(drop)
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

/// Returns the keys of a bucket that begin with a prefix, without it.
async fn keys(bucket: &Store, prefix: &str) -> Result<Vec<String>, NatsError> {
    let prefix = format!("{}{prefix}", bucket.prefix);
    let subjects = bucket.stream.info_with_subjects(format!("{prefix}>")).await.map_err(NatsError::nats)?;
    let subjects: Vec<_> = subjects.try_collect().await.map_err(NatsError::nats)?;
    let keys = subjects.iter().filter_map(|(subject, _)| subject.strip_prefix(&prefix));
    Ok(keys.map(str::to_owned).collect())
}

impl Commands for NatsQueue {
    async fn pause(&self) -> Result<(), NatsError> {
        self.fleet.put("paused", "true".into()).await.map(drop).map_err(NatsError::nats)
    }

    async fn resume(&self) -> Result<(), NatsError> {
        self.fleet.put("paused", "false".into()).await.map(drop).map_err(NatsError::nats)
    }

    /// Counts the jobs by their states. The number of running jobs is that of the last heartbeats.
    async fn count(&self) -> Result<Counts, NatsError> {
        let mut running: u64 = 0;
        if let Ok(beats) = self.jetstream.get_key_value(format!("{}-workers", self.name)).await {
            for worker in keys(&beats, "").await? {
                let held = beats.get(worker).await.map_err(NatsError::nats)?;
                let held = held.and_then(|held| std::str::from_utf8(&held).ok()?.parse::<u64>().ok());
                running += held.unwrap_or_default();
            }
        }
        // In this order, no job that is open or in doubt counts as done.
        let all = self.jobs.stream.get_info().await.map_err(NatsError::nats)?.state.messages;
        let open = self.stream.get_info().await.map_err(NatsError::nats)?.state.messages;
        let in_doubt = self.in_state("in doubt", |_| Ok(())).await?.len() as u64;
        let rejected = self.in_state("rejected", |_| Ok(())).await?.len() as u64;
        let running = running.min(open);
        let done = all.saturating_sub(open + in_doubt + rejected);
        Ok(Counts { waiting: open - running, running, done, in_doubt, rejected })
    }

    async fn list(&self, state: &str) -> Result<Vec<Ended>, NatsError> {
        let read = |entry: Entry| {
            let end = entry.end.unwrap_or_default();
            let (decision, payload) = (end.decision()?, entry.job.unwrap_or_default());
            Ok(Ended { key: entry.key, worker: end.worker, decision, payload })
        };
        let mut ended = self.in_state(state, read).await?;
        ended.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(ended)
    }

    async fn resolve(&self, key: &str, resolution: &Resolution) -> Result<(), NatsError> {
        let (entry, _) = self.entry(key).await?;
        let Resolution::Applied(evidence) = resolution else {
            // Such as by this command, which was interrupted.
            let is_reopened = !entry.record().may_be_sent() && self.is_stranded(&entry).await?;
            return self
                .reopen(key, History::Forgotten, |entry| {
                    if is_reopened && entry.end.is_none() && !entry.record().may_be_sent() {
                        return Ok(());
                    }
                    check_state(entry, &["in doubt"])?;
                    let decision = entry.end.as_ref().map(End::decision).transpose()?;
                    decision
                        .map_or(Ok(()), |decision| check_not_applied(key, &decision))
                        .map_err(NatsError::Command)
                })
                .await;
        };
        let end = End::new("person", &Decision::Acknowledge(Acknowledged::Evidence(evidence.clone())))?;
        let check = |entry: &Entry| match entry.end.as_ref() == Some(&end) {
            true => Ok(()),
            false => check_state(entry, &["in doubt"]),
        };
        check(&entry)?;
        // Before the end, after which no message would bring the followers that an interruption has left out.
        self.push_followers(entry.job.as_deref().unwrap_or_default()).await?;
        let change = |entry: &mut Entry| {
            check(entry)?;
            entry.end = Some(end.clone());
            Ok(Some(()))
        };
        self.change(key, change).await?;
        self.unlist(key).await
    }

    async fn requeue(&self, key: &str) -> Result<(), NatsError> {
        let (entry, _) = self.entry(key).await?;
        let is_stranded = self.is_stranded(&entry).await?;
        self.reopen(key, History::Kept, |entry| match is_stranded && entry.end.is_none() {
            true => Ok(()),
            false => check_state(entry, &LISTED),
        })
        .await
    }
}
