//! Sans-IO core of the Zuora Billing SDK: bill runs and invoices as plain [`http`] requests and responses.
//!
//! This crate opens no socket, reads no clock and starts no thread. It turns an operation into an
//! `http::Request`, reads an `http::Response` into a value, and decides in between: sign in, wait, repeat, give
//! up. What moves the bytes is a [`Transport`] or an [`AsyncTransport`]; `zuora-ureq` and `zuora-reqwest` are
//! two, and writing a third takes an afternoon.
//!
//! # In short
//!
//! ```
//! use zuora_core::bill_runs::{AdHoc, AwaitBillRun, Batches, CreateBillRun, Goal, PostBillRun};
//! use zuora_core::{Config, DataCenter, Date, Outcome, Pace};
//! # use zuora_core::{Client, Offline};
//! # let world = Offline::new(|request| {
//! #     let status = if request.uri().path().ends_with("/post") { "PostInProgress" } else { "Completed" };
//! #     Ok(Offline::json(200, format!(r#"{{"id":"2c98","billRunNumber":"BR-1","status":"{status}","success":true}}"#)))
//! # });
//!
//! let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
//! # let client = Client::over(&config, world)?;
//! # /*
//! let client = zuora_ureq::Client::new(&config)?;
//! # */
//! let due = Date::new(2024, 6, 30)?;
//! let run = client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(due)))?;
//! let run = client.wait(AwaitBillRun::new(run.id()?.clone(), Goal::Completed), Pace::default())?;
//!
//! let post = PostBillRun::new(run.id()?.clone());
//! match client.call(&post) {
//!     Ok(answer) => println!("posting {}, request {:?}", answer.number()?, answer.request_id()),
//!     // Nobody knows whether the service got it: look, before anything is sent twice.
//!     Err(error) if error.outcome() == Outcome::Unknown => println!("{:?}", client.settle(&post, &error)?),
//!     Err(error) => println!("{error}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What one call goes through
//!
//! ```text
//!            ┌────────────── wait: gate, back-off, somebody else's sign-in ◀──┐
//!            ▼                                                                │
//!   start ─▶ ready ──── token in hand, gate open ──▶ sent ── key table ───────┤
//!            │  ▲                                     │ └─ 401: fresh token ──┘
//!            ▼  │                                     ▼
//!          signing in                    an Answer, or an Error with an outcome()
//! ```
//!
//! # Drive it by hand
//!
//! A [`Call`] is a [`Machine`]: it takes an [`Event`] and gives an [`Action`]. No transport is needed.
//!
//! ```
//! use std::time::Duration;
//! use zuora_core::bill_runs::GetBillRun;
//! use zuora_core::{Action, Call, Config, DataCenter, Event, Machine, Now, Offline, Seed, Session};
//!
//! let config = Config::with_token(DataCenter::UsCloud2, "a-token-of-mine");
//! let session = Session::new(&config, &Seed::from_bytes([7; 32]))?; // take the bytes from getrandom
//! let mut call = Call::new(&session, GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"));
//!
//! let now = Now(Duration::ZERO);
//! let Action::Send(request, _limits) = call.step(Event::Tick, now) else { panic!("it begins with a request") };
//! assert_eq!(request.method(), "GET");
//! assert_eq!(request.uri(), "https://rest.zuora.com/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43");
//!
//! let response = Offline::json(200, r#"{"status":"Posted","success":true}"#); // whatever your client got
//! let Action::Done(Ok(run)) = call.step(Event::Answer(response), now) else { panic!("that was an answer") };
//! assert_eq!(run.status()?.as_str(), "Posted");
//! # Ok::<(), zuora_core::Error>(())
//! ```
//!
//! # Features
//!
//! None is on by default. `stream` makes [`AsyncPages`] and [`AsyncItems`] streams; `proptest` adds `strategies`, which
//! draw any request and any answer for property tests.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod ahead;
mod async_client;
mod auth;
pub mod bill_runs;
mod call;
mod client;
mod config;
mod envelope;
mod error;
mod exchange;
pub mod files;
mod gate;
mod headers;
pub mod invoices;
pub mod jobs;
mod json;
mod machine;
mod oauth;
pub mod object_query;
mod offline;
mod operation;
mod pages;
mod plan;
mod queued;
mod random;
mod raw;
mod reason;
mod retry;
mod session;
mod settle;
#[cfg(feature = "proptest")]
pub mod strategies;
mod target;
mod transport;
mod types;
mod watch;

pub use ahead::Ahead;
pub use async_client::{AsyncClient, AsyncItems, AsyncPages, AsyncWatching};
pub use bytes;
pub use call::{Answer, Call};
pub use client::{Client, ItemIter, PageIter, Watching};
pub use config::{CallOptions, Config, DataCenter, Endpoint};
pub use error::{Error, Kind, Outcome, Result};
pub use headers::{ConcurrencyLimit, RateLimit};
pub use http;
pub use machine::{Action, Event, Machine, drive, drive_async};
pub use oauth::{CreateToken, TokenAnswer};
pub use offline::Offline;
pub use operation::{Effect, Media, Operation, Paged, Quota, Spec};
pub use pages::Pages;
pub use queued::{AnyAnswer, AnyOperation, Queued};
pub use raw::Raw;
pub use reason::{Category, Reason};
pub use rust_decimal::Decimal;
pub use session::{Abandoned, Session, Token};
pub use settle::{Settled, Settlement, Transition};
pub use transport::{
    AsyncTransport, Body, BoxError, Limits, Now, Open, Request, Response, Seed, Transport, TransportError,
};
#[doc(hidden)]
pub use types::Unknown;
pub use types::{
    AccountId, AccountNumber, Amount, AmountError, BillRunId, BillRunKey, BillRunNumber, ContactId,
    CreditMemoId, Date, DateError, DateTime, DebitMemoId, Done, Fields, FileId, InvoiceId, InvoiceItemId,
    InvoiceKey, InvoiceNumber, JobId, Patch, PaymentId, ProductRatePlanChargeId, Secret, SubscriptionId,
    TaxationItemId, Verdict,
};
pub use watch::{Awaited, Pace, Progress, ToEnd, Watch};
