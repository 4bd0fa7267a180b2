//! The send log and the queue.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::PurgeErrorKind;
use async_nats::jetstream::{AckKind, ErrorCode};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use zuora_core::session::Token;
use zuora_core::transport::WallTime;

use super::entry::{End, Entry};
use super::{Joined, NatsError, NatsQueue, code, encode, is_conflict};
use crate::decision::{Decision, Record};
use crate::engine::{Claimed, Engine, Enqueued, Fleet};
use crate::job::Job;
use crate::send_log::SendLog;
use crate::stored_token;

/// Longest wait for messages of a stream that has fewer than a worker requests.
const FETCH: Duration = Duration::from_millis(100);
/// Longest wait for a server that does not respond to a request for messages.
const RESPONSE: Duration = Duration::from_secs(2);

impl SendLog for NatsQueue {
    type Error = NatsError;

    async fn read(&self, key: &str) -> Result<Record, NatsError> {
        Ok(self.entry(key).await?.0.record())
    }

    async fn write(&self, key: &str, record: &Record) -> Result<bool, NatsError> {
        let change = |entry: &mut Entry| Ok(entry.write(record)?.then_some(()));
        Ok(self.change(key, change).await?.is_some())
    }
}

impl Engine for NatsQueue {
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, NatsError> {
        job.check().map_err(|error| NatsError::Command(error.to_string()))?;
        if self.is_too_long(&serde_json::to_string(job)?) {
            let why = format!("{}: the job must be shorter than half of the server's `max_payload`", job.key);
            return Err(NatsError::Command(why));
        }
        self.push(job).await
    }

    async fn join(&self, worker: &str) -> Result<(), NatsError> {
        let joined = self.joined_as(worker).await?;
        self.joined().insert(worker.to_owned(), joined);
        Ok(())
    }

    async fn beat(&self, worker: &str) -> Result<Option<Fleet>, NatsError> {
        let Some(joined) = self.joined().get(worker).cloned() else { return Ok(None) };
        let Joined { beats, held, .. } = joined;
        if !renew(&beats, worker, held.len()).await? {
            return Ok(None);
        }
        try_join_all(held.values().map(|held| self.acknowledge(&held.reply, AckKind::Progress))).await?;
        let info = beats.stream.get_info().await.map_err(NatsError::nats)?;
        let paused = self.fleet.get("paused").await.map_err(NatsError::nats)?;
        let alive = u32::try_from(info.state.messages).unwrap_or(u32::MAX);
        Ok(Some(Fleet { alive, is_paused: paused.is_some_and(|value| value == "true") }))
    }

    fn lease(&self) -> Duration {
        self.window * 3 / 4
    }

    async fn claim(&self, worker: &str, most: u32) -> Result<Vec<Claimed>, NatsError> {
        let consumer = self.joined().get(worker).map(|joined| joined.consumer.clone());
        let consumer =
            consumer.ok_or_else(|| NatsError::Command(format!("{worker}: the worker has not joined")))?;
        let fetch = consumer.batch().max_messages(usize::try_from(most).unwrap_or(usize::MAX));
        let mut batch = fetch.expires(FETCH).messages().await.map_err(NatsError::nats)?;
        let mut messages = Vec::new();
        while let Ok(Some(message)) = tokio::time::timeout(RESPONSE, batch.next()).await {
            messages.push(message.map_err(NatsError::Nats)?);
        }
        let claimed = self.take_all(worker, &messages).await?;
        // A beat that began before the messages were noted has renewed the lease without them.
        let held = self.joined().get(worker).map(|joined| joined.held.clone()).unwrap_or_default();
        let held = claimed.iter().filter_map(|claimed| held.get(&claimed.id));
        try_join_all(held.map(|held| self.acknowledge(&held.reply, AckKind::Progress))).await?;
        Ok(claimed)
    }

    async fn execute(
        &self,
        worker: &str,
        claimed: &Claimed,
        decision: &Decision,
        record: &Record,
    ) -> Result<(), NatsError> {
        let key = claimed.label();
        let kind = match decision {
            Decision::Acknowledge(_) => {
                self.finish(worker, claimed, decision, record).await?;
                Some(AckKind::Ack)
            }
            Decision::NotBefore { at, .. } => self.put_back(worker, key, *at, record).await?,
            _ => self.park(worker, key, decision, record).await?,
        };
        if let Some(AckKind::Ack) = kind {
            self.push_followers(&claimed.payload).await?;
        }
        let held = self.joined().get(worker).and_then(|joined| joined.held.get(&claimed.id).cloned());
        if let (Some(kind), Some(held)) = (kind, held) {
            self.acknowledge(&held.reply, kind).await?;
        }
        self.release(worker, &claimed.id);
        Ok(())
    }

    async fn leave(&self, worker: &str) -> Result<(), NatsError> {
        // First, since after an error nothing leaves under this name again: its messages and its heartbeat end by time.
        let Some(joined) = self.joined().remove(worker) else { return Ok(()) };
        for held in joined.held.values() {
            let change = |entry: &mut Entry| {
                let is_holder = entry.holder.as_deref() == Some(worker);
                entry.holder = None;
                Ok(is_holder.then_some(()))
            };
            if self.change(&held.key, change).await?.is_some() {
                self.acknowledge(&held.reply, AckKind::Nak(None)).await?;
            }
        }
        let subject = format!("{}{}", joined.beats.prefix, encode(worker));
        match joined.beats.stream.purge().filter(subject).await.map_err(|error| (error.kind(), error)) {
            Ok(_) => Ok(()),
            // A restart of the server has ended all heartbeats.
            Err((PurgeErrorKind::JetStream(why), _)) if why.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                Ok(())
            }
            Err((_, error)) => Err(NatsError::nats(error)),
        }
    }

    async fn token(&self, owner: &str, now: WallTime) -> Result<Option<Token>, NatsError> {
        let text = self.fleet.get(token_key(owner)).await.map_err(NatsError::nats)?;
        Ok(text.map(|text| stored_token::read(&text, now)).transpose()?.flatten())
    }

    async fn store_token(&self, owner: &str, token: &Token, now: WallTime) -> Result<(), NatsError> {
        let text = stored_token::write(token, now)?;
        self.fleet.put(token_key(owner), text.into()).await.map(drop).map_err(NatsError::nats)
    }
}

/// Renews the heartbeat of a worker. Returns whether it had one: not after its end, nor after a restart of the server,
/// which does not restore the bucket.
async fn renew(beats: &Store, worker: &str, held: usize) -> Result<bool, NatsError> {
    loop {
        let known = match beats.entry(encode(worker)).await {
            Ok(Some(known)) => known,
            Ok(None) => return Ok(false),
            Err(error) if code(&error) == Some(ErrorCode::STREAM_NOT_FOUND) => return Ok(false),
            Err(error) => return Err(NatsError::nats(error)),
        };
        match beats.update(encode(worker), held.to_string().into(), known.revision).await {
            Ok(_) => return Ok(true),
            // It has ended meanwhile, or an earlier one has arrived late.
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(NatsError::nats(error)),
        }
    }
}

impl NatsQueue {
    /// Marks a job as done, whoever holds it.
    async fn finish(
        &self,
        worker: &str,
        claimed: &Claimed,
        decision: &Decision,
        record: &Record,
    ) -> Result<(), NatsError> {
        let (key, end) = (claimed.label(), End::new(worker, decision)?);
        let mut has_followers = false;
        loop {
            let (mut before, mut is_put_off) = (String::new(), false);
            let change = |entry: &mut Entry| {
                let is_written = write(entry, record)?;
                entry.state().clone_into(&mut before);
                if before == "done" {
                    return Ok(is_written.then_some(()));
                }
                // Without a message, nothing would add the followers after an interruption.
                is_put_off = !has_followers && (entry.end.is_some() || entry.message.is_none());
                if is_put_off {
                    return Ok(None);
                }
                (entry.end, entry.holder) = (Some(end.clone()), None);
                Ok(Some(()))
            };
            self.change(key, change).await?;
            if !is_put_off {
                return if before == "waiting" { Ok(()) } else { self.unlist(key).await };
            }
            self.push_followers(&claimed.payload).await?;
            has_followers = true;
        }
    }

    /// Sets the due time, and gives the job back, unless another worker has it or has done it. Returns the message to
    /// the server.
    async fn put_back(
        &self,
        worker: &str,
        key: &str,
        at: WallTime,
        record: &Record,
    ) -> Result<Option<AckKind>, NatsError> {
        let (mut is_ours, mut is_done) = (false, false);
        let change = |entry: &mut Entry| {
            let is_written = write(entry, record)?;
            is_done = entry.state() == "done";
            let is_holder = entry.end.is_none() && entry.holder.as_deref() == Some(worker);
            // Or an earlier try has been lost on its way back.
            is_ours = is_holder || entry.end.is_none() && entry.holder.is_none() && entry.due == Some(at);
            if is_holder {
                (entry.holder, entry.due) = (None, Some(at));
            }
            Ok((is_written || is_holder).then_some(()))
        };
        self.change(key, change).await?;
        let wait = at.since(SystemTime::now().into()).filter(|wait| !wait.is_zero());
        Ok(if is_done { Some(AckKind::Ack) } else { is_ours.then_some(AckKind::Nak(wait)) })
    }

    /// Takes a job out of the queue without success, unless another worker has it or has done it. Returns the message
    /// to the server.
    async fn park(
        &self,
        worker: &str,
        key: &str,
        decision: &Decision,
        record: &Record,
    ) -> Result<Option<AckKind>, NatsError> {
        let end = End::new(worker, decision)?;
        let (mut is_ours, mut after) = (false, String::new());
        let change = |entry: &mut Entry| {
            let is_written = write(entry, record)?;
            let is_holder = entry.end.is_none() && entry.holder.as_deref() == Some(worker);
            if is_holder {
                (entry.end, entry.holder) = (Some(end.clone()), None);
            }
            is_ours = entry.end.as_ref() == Some(&end);
            entry.state().clone_into(&mut after);
            Ok((is_written || is_holder).then_some(()))
        };
        self.change(key, change).await?;
        // After the end, so that it stays listed if another worker removes it from the list meanwhile. An interruption
        // leaves the message, whose next delivery lists the job.
        if after == decision.state() {
            self.list_as(key, &after).await?;
        }
        Ok(if after == "done" { Some(AckKind::Ack) } else { is_ours.then_some(AckKind::Term) })
    }
}

/// Writes the line, unless the decision leaves it as it is. A line that another worker has written since is newer.
fn write(entry: &mut Entry, record: &Record) -> Result<bool, NatsError> {
    match *record == Record::default() {
        true => Ok(false),
        false => entry.write(record),
    }
}

fn token_key(owner: &str) -> String {
    format!("token.{}", encode(owner))
}
