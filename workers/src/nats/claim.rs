//! Handing out a message.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::{AckKind, Message};
use futures_util::future::join_all;
use zuora_core::transport::WallTime;

use super::commands::LISTED;
use super::entry::Entry;
use super::{Held, NatsError, NatsQueue, decode, encode};
use crate::engine::{Claimed, Enqueued};
use crate::job::{Job, is_fit_as_key};

/// The use of a delivered message.
enum Use {
    HandOut {
        payload: String,
        lost_workers: u32,
    },
    /// The job is done, and its followers may be missing.
    AddFollowers {
        payload: String,
    },
    /// The job has ended without success, and may be missing from the list of its state.
    List {
        state: String,
    },
    /// The job has another message, or an end that this version does not know.
    Drop,
    Wait(Duration),
}

impl NatsQueue {
    /// Adds a job, unless its key is known. The message is published first: an entry alone would be a lost job.
    pub(super) async fn push(&self, job: &Job) -> Result<Enqueued, NatsError> {
        if self.entry(&job.key).await?.0.job.is_some() {
            return Ok(Enqueued::AlreadyThere);
        }
        let text = serde_json::to_string(job)?;
        let id = encode(&job.key);
        let (message, is_duplicate) = self.publish(&job.key, &id, text.clone()).await?;
        let change = |entry: &mut Entry| {
            let is_new = entry.job.is_none();
            if is_new {
                (entry.job, entry.message) = (Some(text.clone()), Some(message));
            }
            Ok(is_new.then_some(()))
        };
        let mut is_new = self.change(&job.key, change).await?.is_some();
        // A worker may have made the entry from the message meanwhile.
        is_new = is_new || self.entry(&job.key).await?.0.message == Some(message);
        Ok(if is_new && !is_duplicate { Enqueued::New } else { Enqueued::AlreadyThere })
    }

    /// Publishes the text of a job. Returns the sequence of the message, and whether it was there before.
    pub(super) async fn publish(&self, key: &str, id: &str, text: String) -> Result<(u64, bool), NatsError> {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, id);
        headers.insert(KEY, encode(key));
        let subject = format!("{}.jobs", self.name);
        let publish = self.jetstream.publish_with_headers(subject, headers, text.into());
        let published = publish.await.map_err(NatsError::nats)?.await.map_err(NatsError::nats)?;
        Ok((published.sequence, published.duplicate))
    }

    /// Adds the jobs that follow.
    pub(super) async fn push_followers(&self, payload: &str) -> Result<(), NatsError> {
        let Ok(job) = serde_json::from_str::<Job>(payload) else { return Ok(()) };
        for next in &job.then {
            self.push(next).await?;
        }
        Ok(())
    }

    /// Takes messages for a worker. One that cannot be taken keeps no other from it.
    pub(super) async fn take_all(
        &self,
        worker: &str,
        messages: &[Message],
    ) -> Result<Vec<Claimed>, NatsError> {
        let taken = join_all(messages.iter().map(|message| self.take(worker, message))).await;
        let (mut claimed, mut failed, mut error) = (Vec::new(), Vec::new(), None);
        for (message, taken) in messages.iter().zip(taken) {
            match taken {
                Ok(job) => claimed.extend(job),
                Err(why) => {
                    failed.push(id_of(message)?);
                    error = Some(why);
                }
            }
        }
        match error {
            Some(error) if failed.len() == messages.len() => Err(error),
            _ => {
                // Without a renewal, they are delivered again after the window.
                failed.iter().for_each(|id| drop(self.release(worker, id)));
                Ok(claimed)
            }
        }
    }

    /// Takes a message for a worker. Returns none if it is no longer, or not yet, a job to perform.
    async fn take(&self, worker: &str, message: &Message) -> Result<Option<Claimed>, NatsError> {
        let sequence = message.info().map_err(NatsError::Nats)?.stream_sequence;
        let id = id_of(message)?;
        let reply = message.reply.clone().unwrap_or_else(|| "".into());
        let text = self.text(&message.payload);
        let key = key_of(message, &text);
        let label = if key.is_empty() { &id } else { &key };
        if let Some(joined) = self.joined().get_mut(worker) {
            joined.held.insert(id.clone(), Held { key: label.clone(), reply: reply.clone() });
        }
        let mut used = Use::Drop;
        let now = WallTime::from(SystemTime::now());
        let change = |entry: &mut Entry| {
            let payload = entry.job.get_or_insert_with(|| text.clone()).clone();
            if entry.message.is_some_and(|message| message != sequence) {
                used = Use::Drop;
                return Ok(None);
            }
            if let Some(end) = &entry.end {
                used = match end.state.as_str() {
                    "done" => Use::AddFollowers { payload },
                    state if LISTED.contains(&state) => Use::List { state: state.to_owned() },
                    _ => Use::Drop,
                };
                return Ok(None);
            }
            if let Some(wait) = entry.due.and_then(|due| due.since(now)).filter(|wait| !wait.is_zero()) {
                used = Use::Wait(wait);
                return Ok(None);
            }
            entry.lost_workers += u32::from(entry.holder.is_some());
            entry.holder = Some(worker.to_owned());
            entry.message = Some(sequence);
            used = Use::HandOut { payload, lost_workers: entry.lost_workers };
            Ok(Some(()))
        };
        self.change(label, change).await?;
        match used {
            Use::HandOut { payload, lost_workers } => {
                return Ok(Some(Claimed { id, key, payload, lost_workers }));
            }
            Use::AddFollowers { payload } => {
                self.push_followers(&payload).await?;
                self.acknowledge(&reply, AckKind::Ack).await?;
            }
            Use::List { state } => {
                self.list_as(label, &state).await?;
                self.acknowledge(&reply, AckKind::Ack).await?;
            }
            Use::Drop => self.acknowledge(&reply, AckKind::Ack).await?,
            Use::Wait(time) => self.acknowledge(&reply, AckKind::Nak(Some(time))).await?,
        }
        self.release(worker, &id);
        Ok(None)
    }

    /// Returns a text of another program, cut off if no entry could contain it.
    pub(super) fn text(&self, payload: &[u8]) -> String {
        let text = String::from_utf8_lossy(payload).into_owned();
        match self.is_too_long(&text) {
            true => text.chars().take(1000).chain(['\u{2026}']).collect(),
            false => text,
        }
    }

    /// Whether an entry with the text, its record and its end would exceed what the server accepts.
    pub(super) fn is_too_long(&self, text: &str) -> bool {
        let as_string = serde_json::to_string(text).map_or(usize::MAX, |text| text.len());
        as_string > self.client.max_payload() / 2
    }
}

/// Returns the id of the entry of a message.
fn id_of(message: &Message) -> Result<String, NatsError> {
    Ok(format!("message {}", message.info().map_err(NatsError::Nats)?.stream_sequence))
}

/// The header with the key of the job.
const KEY: &str = "Zuora-Key";

/// Returns the key of a job; empty if neither the header nor the text has one. A text that is not fit as a key may be
/// too long for the name of an entry, so that the server would close the connection.
fn key_of(message: &Message, text: &str) -> String {
    let header = message.headers.as_ref().and_then(|headers| headers.get(KEY));
    let key = header.and_then(|key| decode(key.as_str())).filter(|key| is_fit_as_key(key));
    let in_text =
        || serde_json::from_str::<Job>(text).ok().map(|job| job.key).filter(|key| is_fit_as_key(key));
    key.or_else(in_text).unwrap_or_default()
}
