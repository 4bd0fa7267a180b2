//! Workers for the Zuora Billing SDK: a month's billing over many machines, on a queue that a team already runs.
//!
//! A [`Job`] is an intent of `zuora-core` in a queue. A [`Worker`] claims jobs, performs each one once, and executes
//! one of four decisions: acknowledge it, deliver it again later, leave it to a person, or reject it. [`Work`] is that
//! decision without any IO. The [`SendLog`] is the part that no queue has: a line is written before each send, so that
//! a job that is handed out twice, late or after a crash is not performed twice.
//!
//! [`SqlQueue`] is the queue of apalis in one SQLite file, without a server, or in PostgreSQL. With the feature `nats`,
//! `NatsQueue` is a queue in NATS JetStream.
//!
//! ```no_run
//! use zuora_reqwest::{Client, Config, DataCenter};
//! use zuora_workers::{Engine, Job, Settings, SqlQueue, Worker, termination};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(&Config::new(DataCenter::Eu, "00000000-0000-4000-8000-000000000001", "client-secret"))?;
//! let queue = SqlQueue::open("sqlite:billing.db").await?;
//! let post = client.intent(zuora_core::invoices::PostInvoice::new("INV00000155"))?;
//! queue.enqueue(&Job::new("post INV00000155", &post)?).await?;
//! Worker::new(client, queue, Settings::default()).observer(|event| println!("{event:?}")).run(termination()).await;
//! # Ok(())
//! # }
//! ```
//!
//! # The one remaining risk
//!
//! A process that is suspended between its last check of the lease and the sending, for longer than the span of
//! [`Limits::span`], can send a PUT or DELETE that another worker has meanwhile found to be not applied. Nothing on the
//! side of the client can prevent that.

#![cfg_attr(docsrs, feature(doc_cfg))]
// The parts that only queues use.
#![cfg_attr(not(any(feature = "sqlite", feature = "postgres", feature = "nats")), allow(dead_code))]

mod commands;
mod decision;
mod deliver;
mod engine;
mod job;
mod lease;
#[cfg(feature = "nats")]
mod nats;
mod places;
mod send_log;
mod settings;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
mod stored_token;
mod worker;

pub use self::commands::{Commands, Counts, Ended, Resolution};
pub use self::decision::*;
pub use self::deliver::deliver;
pub use self::engine::{Claimed, Engine, Enqueued, Fleet};
pub use self::job::Job;
pub use self::lease::Lease;
#[cfg(feature = "nats")]
pub use self::nats::{NatsError, NatsQueue};
pub use self::send_log::SendLog;
pub use self::settings::Settings;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::sql::{SqlError, SqlQueue};
pub use self::worker::{Event, Worker, termination};

/// The page of the guide, whose example the core cannot compile.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../../core/guide/workers.md")]
mod guide {}
