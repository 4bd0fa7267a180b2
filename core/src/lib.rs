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
//! use zuora_core::bill_runs::{AdHoc, BillRunWaiter, Batches, CreateBillRun, BillRunGoal, PostBillRun};
//! use zuora_core::{Config, DataCenter, Date, Outcome};
//! use zuora_core::polling::PollingPolicy;
//! # use zuora_core::Client;
//! # use zuora_core::testing::FakeTransport;
//! # let world = FakeTransport::new(|request| {
//! #     let status = if request.uri().path().ends_with("/post") { "PostInProgress" } else { "Completed" };
//! #     Ok(FakeTransport::json(200, format!(r#"{{"id":"2c98","billRunNumber":"BR-1","status":"{status}","success":true}}"#)))
//! # });
//!
//! let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
//! # let client = Client::with_transport(&config, world)?;
//! # /*
//! let client = zuora_ureq::Client::new(&config)?;
//! # */
//! let due = Date::new(2024, 6, 30)?;
//! let run = client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(due)))?;
//! let run = client.wait(BillRunWaiter::new(run.id()?.clone(), BillRunGoal::Completed), PollingPolicy::default())?;
//!
//! let post = PostBillRun::new(run.id()?.clone());
//! match client.call(&post) {
//!     Ok(answer) => println!("posting {}, request {:?}", answer.number()?, answer.request_id()),
//!     // Nobody knows whether the service got it: look, before anything is sent twice.
//!     Err(error) if error.outcome() == Outcome::Unknown => println!("{:?}", client.reconcile(&post, &error)?),
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
//! use zuora_core::{Config, DataCenter};
//! use zuora_core::machine::{Action, Call, Event, Machine};
//! use zuora_core::session::Session;
//! use zuora_core::testing::FakeTransport;
//! use zuora_core::transport::{Seed, Timestamp};
//!
//! let config = Config::with_token(DataCenter::UsCloud2, "a-token-of-mine");
//! let session = Session::new(&config, &Seed::from_bytes([7; 32]))?; // take the bytes from getrandom
//! let mut call = Call::new(&session, GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"));
//!
//! let now = Timestamp::new(Duration::ZERO);
//! let Action::Send(request, _limits) = call.step(Event::Tick, now) else { panic!("it begins with a request") };
//! assert_eq!(request.method(), "GET");
//! assert_eq!(request.uri(), "https://rest.zuora.com/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43");
//!
//! let response = FakeTransport::json(200, r#"{"status":"Posted","success":true}"#); // whatever your client got
//! let Action::Done(Ok(run)) = call.step(Event::Response(response), now) else { panic!("that was an answer") };
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
pub mod intent;
pub mod machine;
mod model;
pub mod operation;
pub mod session;
pub mod testing;
pub mod transport;
pub mod types;
mod wire;

pub use api::{bill_runs, files, invoices, jobs, object_query};
pub use client::asynchronous::AsyncClient;
pub use client::blocking::Client;

pub use bytes;
pub use http;

pub use call::Response;
pub use error::reason::{Reason, ReasonCategory};
pub use error::{Error, ErrorKind, Outcome, Result};
pub use operation::Operation;
pub use session::call_options::CallOptions;
pub use session::config::Config;
pub use session::data_center::{DataCenter, Endpoint};
pub use types::{Amount, Date};

pub mod pagination {
    //! Lists that come in pages: page by page, row by row, or several pages at a time.
    //!
    //! [`Client::items`](crate::Client::items) is the short way. The service's own next link is never followed, so the
    //! token cannot be led to another host, and a list that leads back to a page it has shown ends with an error.

    #[doc(inline)]
    pub use crate::call::paginator::Paginator;
    #[doc(inline)]
    pub use crate::call::prefetch::Prefetch;
    #[doc(inline)]
    pub use crate::operation::Paginated;

    pub mod blocking {
        //! Iterators of the blocking client.
        #[doc(inline)]
        pub use crate::client::blocking::{Items, Pages};
    }

    pub mod asynchronous {
        //! Iterators of the async client; streams with the feature `stream`.
        #[doc(inline)]
        pub use crate::client::asynchronous::{Items, Pages};
    }
}

pub mod polling {
    //! Waiting for what the service does in the background.
    //!
    //! A [`Waiter`] says what to read and when the wait is over; a [`Poller`] reads again and again under a
    //! [`PollingPolicy`]. Waiters for bill runs, invoices and PDF files stand beside their operations.

    #[doc(inline)]
    pub use crate::call::poller::{Poller, PollingPolicy, Progress, UntilDone, Waiter};
    #[doc(inline)]
    pub use crate::client::asynchronous::AsyncPoller;
    #[doc(inline)]
    pub use crate::client::blocking::BlockingPoller;
}

pub mod reconcile {
    #![doc = include_str!("call/reconcile.md")]

    #[doc(inline)]
    pub use crate::api::read_back::{
        Checked, FromSeen, QueriedCreditMemo, QueriedCreditMemos, QueryCreditMemos, ReadObject, SeenObject,
    };
    #[doc(inline)]
    pub use crate::call::baseline::{Baseline, ReadBaseline};
    #[doc(inline)]
    pub use crate::call::read_back::{Finding, JobCheck, Processing, ReadBack, Reconcile, Sight};
    #[doc(inline)]
    pub use crate::call::reconcile::{NextRead, Reconciliation};
    #[doc(inline)]
    pub use crate::call::reconciled::{Reconciled, Undecided};
}
