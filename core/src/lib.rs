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

mod api;
mod call;
mod client;
mod error;
mod exchange;
mod intent;
mod machine;
mod model;
mod operation;
mod session;
#[cfg(feature = "proptest")]
pub mod strategies;
mod transport;
mod types;
mod wire;

pub use api::{bill_runs, files, invoices, jobs, object_query};
pub use bytes;
pub use call::paginator::Pages;
pub use call::poller::{Awaited, Pace, Progress, ToEnd, Watch};
pub use call::prefetch::Ahead;
pub use call::reconcile::{Settled, Settlement, Transition};
pub use call::{Answer, Call};
pub use client::asynchronous::{AsyncClient, AsyncItems, AsyncPages, AsyncWatching};
pub use client::blocking::{Client, ItemIter, PageIter, Watching};
pub use error::reason::{Category, Reason};
pub use error::{Error, Kind, Outcome, Result};
pub use http;
pub use intent::{AnyAnswer, AnyOperation, Queued};
pub use machine::{Action, Event, Machine, drive, drive_async};
pub use model::envelope::{Done, Verdict};
pub use model::patch::Patch;
pub use operation::raw::Raw;
pub use operation::{Effect, Media, Operation, Paged, Quota, Spec};
pub use rust_decimal::Decimal;
pub use session::Session;
pub use session::call_options::CallOptions;
pub use session::config::{Abandoned, Config};
pub use session::data_center::{DataCenter, Endpoint};
pub use session::oauth::{CreateToken, TokenAnswer};
pub use session::token::Token;
pub use transport::fake::Offline;
pub use transport::headers::{ConcurrencyLimit, RateLimit};
pub use transport::{
    AsyncTransport, Body, BoxError, Limits, Now, Open, Request, Response, Seed, Transport, TransportError,
};
#[doc(hidden)]
pub use types::Unknown;
pub use types::{
    AccountId, AccountNumber, Amount, AmountError, BillRunId, BillRunKey, BillRunNumber, ContactId,
    CreditMemoId, Date, DateError, DateTime, DebitMemoId, FileId, InvoiceId, InvoiceItemId, InvoiceKey,
    InvoiceNumber, JobId, PaymentId, ProductRatePlanChargeId, Secret, SubscriptionId, TaxationItemId,
};
pub use wire::fields::Fields;
