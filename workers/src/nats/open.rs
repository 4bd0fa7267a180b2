//! Opening a queue: its stream and its buckets.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};

use super::{Joined, NatsError, NatsQueue, encode, is_conflict};

impl NatsQueue {
    /// Opens a queue by its URL: `nats://USER:PASSWORD@HOST:PORT/QUEUE`, or `tls://`. The name of the queue is `zuora`
    /// without one. The stream and the buckets of the queue are created if they are missing.
    ///
    /// Workers store their bearer token in a bucket, where each client with rights on `$KV.>` reads it, and `nats://`
    /// sends it in the clear. Use `tls://` and permissions, or [`store_token(false)`](crate::Settings::store_token).
    ///
    /// # Errors
    /// The server cannot be reached, or has no JetStream. The name has other characters than letters, digits, `-` and
    /// `_`.
    pub async fn open(url: &str) -> Result<Self, NatsError> {
        let (servers, name) = match url.rsplit_once('/') {
            Some((servers, name)) if !servers.ends_with('/') => (servers, name),
            _ => (url, ""),
        };
        let client = async_nats::connect(servers).await.map_err(NatsError::nats)?;
        Self::with_client(client, if name.is_empty() { "zuora" } else { name }, 1).await
    }

    /// Opens a queue by its name, over a connection of the caller. The stream and the buckets that are missing
    /// get this number of replicas in a cluster; those that exist keep theirs.
    ///
    /// # Errors
    /// The name has other characters than letters, digits, `-` and `_`. The server cannot be reached, or has no
    /// JetStream.
    pub async fn with_client(
        client: async_nats::Client,
        name: &str,
        replicas: usize,
    ) -> Result<Self, NatsError> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_fit) {
            let why = "the name of a queue must have letters, digits, `-` and `_` only";
            return Err(NatsError::Command(why.to_owned()));
        }
        let jetstream = jetstream::new(client.clone());
        // A job waits for its acknowledgement, however long that takes, and the acknowledgement removes it.
        let config = stream::Config {
            name: name.to_owned(),
            subjects: vec![format!("{name}.jobs")],
            retention: RetentionPolicy::WorkQueue,
            num_replicas: replicas,
            ..stream::Config::default()
        };
        let stream = create(&jetstream, config).await?;
        let bucket = |part| bucket(name, part, replicas);
        Ok(Self {
            client,
            stream,
            jobs: get_or_create(&jetstream, bucket("jobs")).await?,
            fleet: get_or_create(&jetstream, bucket("fleet")).await?,
            jetstream,
            name: name.to_owned(),
            replicas,
            window: Duration::from_secs(5),
            workers: std::sync::Arc::default(),
        })
    }

    /// Opens what a worker needs, with the longest window of all workers.
    pub(super) async fn joined_as(&self, worker: &str) -> Result<Joined, NatsError> {
        let config = stream::Config {
            max_age: self.window,
            duplicate_window: self.window,
            // Heartbeats are worth nothing after a restart of the server.
            storage: StorageType::Memory,
            ..bucket(&self.name, "workers", self.replicas)
        };
        let beats = get_or_create(&self.jetstream, config).await?;
        loop {
            let window = self.longest_window().await?;
            let known = beats.stream.get_info().await.map_err(NatsError::nats)?.config;
            if known.max_age >= window {
                break;
            }
            let longer = stream::Config { max_age: window, ..known };
            self.jetstream.update_stream(longer).await.map_err(NatsError::nats)?;
        }
        beats.create(encode(worker), "0".into()).await.map_err(NatsError::nats)?;
        Ok(Joined { consumer: self.consumer().await?, beats, held: HashMap::new() })
    }

    async fn consumer(&self) -> Result<PullConsumer, NatsError> {
        const NAME: &str = "workers";
        loop {
            let window = self.longest_window().await?;
            let config = pull::Config {
                durable_name: Some(NAME.to_owned()),
                ack_policy: AckPolicy::Explicit,
                ack_wait: window,
                max_deliver: -1,
                // Jobs that wait for their time count too.
                max_ack_pending: -1,
                ..pull::Config::default()
            };
            let consumer = self.stream.get_or_create_consumer(NAME, config.clone()).await;
            let consumer: PullConsumer = consumer.map_err(NatsError::nats)?;
            if consumer.cached_info().config.ack_wait >= window {
                return Ok(consumer);
            }
            self.stream.create_consumer(config).await.map_err(NatsError::nats)?;
        }
    }

    /// Notes the window of this handle, and returns the longest. No update of a stream or a consumer is conditional, so a
    /// worker that joins at the same time may set a shorter one: it reads this note, and thus its own fault, after its
    /// update.
    async fn longest_window(&self) -> Result<Duration, NatsError> {
        const KEY: &str = "window";
        loop {
            let known = self.fleet.entry(KEY).await.map_err(NatsError::nats)?;
            let millis =
                known.as_ref().and_then(|known| std::str::from_utf8(&known.value).ok()?.parse().ok());
            let longest = millis.map(Duration::from_millis);
            if let Some(longest) = longest.filter(|longest| *longest >= self.window) {
                return Ok(longest);
            }
            // Rounded up, so that the note suffices at the next read.
            let millis = self.window.as_nanos().div_ceil(1_000_000).to_string();
            let revision = known.map_or(0, |known| known.revision);
            match self.fleet.update(KEY, millis.into(), revision).await {
                Ok(_) => {}
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(NatsError::nats(error)),
            }
        }
    }
}

/// Returns the stream of a bucket, in the form of [`Context::create_key_value`], which requires a newer server.
fn bucket(queue: &str, part: &str, replicas: usize) -> stream::Config {
    let name = format!("{queue}-{part}");
    stream::Config {
        subjects: vec![format!("$KV.{name}.>")],
        name: format!("KV_{name}"),
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        num_replicas: replicas,
        ..stream::Config::default()
    }
}

async fn get_or_create(jetstream: &Context, config: stream::Config) -> Result<Store, NatsError> {
    let bucket = config.name.trim_start_matches("KV_").to_owned();
    if let Ok(store) = jetstream.get_key_value(&bucket).await {
        return Ok(store);
    }
    create(jetstream, config).await?;
    jetstream.get_key_value(&bucket).await.map_err(NatsError::nats)
}

/// Creates a stream, unless it exists.
async fn create(jetstream: &Context, config: stream::Config) -> Result<Stream, NatsError> {
    let name = config.name.clone();
    match jetstream.get_or_create_stream(config).await {
        Ok(stream) => Ok(stream),
        // Another program may have created it at the same time, with which the server finds a conflict.
        Err(error) => jetstream.get_stream(name).await.map_err(|_| NatsError::nats(error)),
    }
}
