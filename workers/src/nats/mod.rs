//! The queue in NATS JetStream: a stream whose messages are the jobs to perform, and key-value buckets for the rest.
//!
//! The stream of the queue hands jobs out: its acknowledgements renew a lease, delay a job, or end it. The bucket `-jobs`
//! has an entry for each job ever added, with its state, its line of the send log and its end, so that one conditional
//! write changes all three. A message without an entry is a job that was just added; a second message of a job is
//! dropped.

mod claim;
mod commands;
mod entry;
mod open;
mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Subject;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::kv::{Store, UpdateError, UpdateErrorKind};
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{self, AckKind, Context, ErrorCode};

/// A queue in NATS JetStream. Requires the server 2.9 or newer.
#[derive(Clone, Debug)]
pub struct NatsQueue {
    client: async_nats::Client,
    jetstream: Context,
    name: String,
    replicas: usize,
    window: Duration,
    stream: Stream,
    jobs: Store,
    fleet: Store,
    /// The workers of this handle, by name.
    workers: Arc<Mutex<HashMap<String, Joined>>>,
}

/// A worker that has joined through this handle.
#[derive(Clone, Debug)]
struct Joined {
    consumer: PullConsumer,
    /// The bucket with the heartbeats, whose entries end after the window.
    beats: Store,
    /// The messages that the worker holds, by the id of the entry.
    held: HashMap<String, Held>,
}

/// A message that a worker holds.
#[derive(Clone, Debug)]
struct Held {
    key: String,
    /// Subject of its acknowledgements.
    reply: Subject,
}

/// An error of the server, or a text in it that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsError {
    /// The server reports an error, or cannot be reached.
    #[error("NATS: {0}")]
    Nats(#[source] async_nats::Error),
    /// A text in a bucket is not written by this crate.
    #[error("queue: {0}")]
    Text(#[from] serde_json::Error),
    /// The URL, a job, or a command does not fit.
    #[error("{0}")]
    Command(String),
}

impl NatsError {
    fn nats(error: impl Into<async_nats::Error>) -> Self {
        Self::Nats(error.into())
    }
}

impl NatsQueue {
    /// Sets the time after which a worker without a heartbeat has lost its jobs. Default 5 s, at least 1 s. Its lease is
    /// three quarters of it. If workers of one queue set different times, all of them keep the longest.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window.max(Duration::from_secs(1));
        self
    }

    fn joined(&self) -> MutexGuard<'_, HashMap<String, Joined>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a message that the worker no longer holds.
    fn release(&self, worker: &str, id: &str) -> Option<Held> {
        self.joined().get_mut(worker)?.held.remove(id)
    }

    /// Sends an acknowledgement, and waits until the server has it.
    async fn acknowledge(&self, reply: &Subject, kind: AckKind) -> Result<(), NatsError> {
        self.client.request(reply.clone(), kind.into()).await.map(drop).map_err(NatsError::nats)
    }
}

/// Whether the server has found that another write came first.
fn is_conflict(error: &UpdateError) -> bool {
    // Of a write that the server has not finished yet, the client knows no kind.
    error.kind() == UpdateErrorKind::WrongLastRevision
        || code(error) == Some(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT)
}

/// Returns the code that the server has given for an error.
fn code(error: &(dyn std::error::Error + 'static)) -> Option<ErrorCode> {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<jetstream::Error>())
        .map(jetstream::Error::error_code)
        .next()
}

/// Returns a key of a bucket for any text: letters, digits and `-` stay, other bytes become `=` with two digits.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => encoded.push(char::from(byte)),
            _ => drop(write!(encoded, "={byte:02X}")),
        }
    }
    encoded
}

/// Reads what [`encode`] has written.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_is_behind_one_in_progress_is_a_conflict() {
        let refused = |code: u64| {
            let text = format!(r#"{{"code":400,"err_code":{code},"description":"wrong last sequence"}}"#);
            let error: jetstream::Error = serde_json::from_str(&text).unwrap();
            let kind = jetstream::context::PublishErrorKind::Other;
            is_conflict(&UpdateError::from(jetstream::context::PublishError::with_source(kind, error)))
        };
        assert_eq!([10164, 10071, 10008].map(refused), [true, false, false], "the client knows 10071");
    }

    #[test]
    fn a_key_of_a_bucket_is_unique_for_each_text() {
        assert_eq!(encode("post INV-7"), "post=20INV-7");
        let texts = ["a.b", "a b", "a=20b", "a*b", "ab", "A-b", "ä", "a/b", "a_b"];
        let keys = texts.map(encode);
        assert_eq!(
            texts.map(Some),
            std::array::from_fn(|place| decode(&keys[place])).each_ref().map(Option::as_deref)
        );
        assert_eq!(keys.iter().collect::<std::collections::HashSet<_>>().len(), keys.len());
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-=".contains(&byte);
        assert!(keys.iter().all(|key| key.bytes().all(is_valid)), "{keys:?}");
    }
}
