//! Sans-IO core of the Zuora Billing SDK: bill runs and invoices as plain [`http`] requests and responses.
//!
//! The pages of the [`guide`] explain one subject each, with examples.
//!
//! This crate opens no socket, reads no clock and starts no thread. It turns an operation into an
//! `http::Request` and reads an `http::Response` into a value. In between it decides when to request a token, wait,
//! retry or fail. A [`Transport`](transport::Transport) or [`AsyncTransport`](transport::AsyncTransport) moves the
//! bytes. `zuora-ureq` and `zuora-reqwest` are two transports, and writing a third takes an afternoon.
//!
//! # In short
//!
//! ```
//! use zuora_core::bill_runs::{AdHoc, BillRunWaiter, Batches, CreateBillRun, BillRunGoal, PostBillRun};
//! use zuora_core::{Config, DataCenter, Date, Outcome};
//! use zuora_core::polling::PollingPolicy;
//! # use zuora_core::Client;
//! # use zuora_core::testing::FakeTransport;
//! # let transport = FakeTransport::new(|request| {
//! #     let status = if request.uri().path().ends_with("/post") { "PostInProgress" } else { "Completed" };
//! #     Ok(FakeTransport::json(200, format!(r#"{{"id":"2c98","billRunNumber":"BR-1","status":"{status}","success":true}}"#)))
//! # });
//!
//! let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
//! # let client = Client::with_transport(&config, transport)?;
//! # /*
//! let client = zuora_ureq::Client::new(&config)?;
//! # */
//! let due = Date::new(2024, 6, 30)?;
//! let run = client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(due)))?;
//! let run = client.wait(BillRunWaiter::new(run.id()?.clone(), BillRunGoal::Completed), PollingPolicy::default())?;
//!
//! let post = PostBillRun::new(run.id()?.clone());
//! match client.call(&post) {
//!     Ok(run) => println!("posting {}, request {:?}", run.number()?, run.request_id()),
//!     // The service may have posted the run: read it back before sending the request again.
//!     Err(error) if error.outcome() == Outcome::Unknown => println!("{:?}", client.reconcile(&post, &error)?),
//!     Err(error) => println!("{error}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With a bearer token instead of the credentials of an OAuth client:
//!
//! ```
//! use zuora_core::bill_runs::GetBillRun;
//! use zuora_core::{Config, DataCenter};
//! # use zuora_core::{Client, testing::FakeTransport};
//! # let transport = FakeTransport::new(|request| {
//! #     assert_eq!(request.headers()["authorization"], "Bearer my-token");
//! #     Ok(FakeTransport::json(200, r#"{"status":"Posted","success":true}"#))
//! # });
//! # let bearer_token = "my-token"; /*
//! let bearer_token = std::env::var("BEARER_TOKEN")?;
//! # */
//!
//! let config = Config::with_token(DataCenter::UsCloud2, bearer_token);
//! # let client = Client::with_transport(&config, transport)?;
//! # /*
//! let client = zuora_ureq::Client::new(&config)?;
//! # */
//! let run = client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
//! println!("{}", run.status()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The session cannot renew such a token. [`Config::with_token`] shows how the application does.
//!
//! # States of one call
//!
//! ```text
//!            ┌───── wait: rate limit, backoff, another call's token request ◀──┐
//!            ▼                                                                 │
//!   start ─▶ ready ── token cached, limiter open ──▶ sent ── retry table ──────┤
//!            │  ▲                                     │ └─ 401: new token ─────┘
//!            ▼  │                                     ▼
//!        token request                  a Response, or an Error with an outcome()
//! ```
//!
//! # Drive it by hand
//!
//! A [`Call`](machine::Call) is a [`Machine`](machine::Machine): each [`Event`](machine::Event) yields one
//! [`Action`](machine::Action). No transport is needed.
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
//! let session = Session::new(&config, &Seed::from_bytes([7; 32]))?; // use random bytes, such as those of getrandom
//! let mut call = Call::new(&session, GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"));
//!
//! let now = Timestamp::new(Duration::ZERO);
//! let Action::Send(request, _limits) = call.step(Event::Tick, now) else { panic!("expected a request") };
//! assert_eq!(request.method(), "GET");
//! assert_eq!(request.uri(), "https://rest.zuora.com/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43");
//!
//! let response = FakeTransport::json(200, r#"{"status":"Posted","success":true}"#); // from your HTTP client
//! let Action::Done(Ok(run)) = call.step(Event::Response(response), now) else { panic!("expected a result") };
//! assert_eq!(run.status()?.as_str(), "Posted");
//! # Ok::<(), zuora_core::Error>(())
//! ```
//!
//! # Features
//!
//! No feature is on by default. `stream` implements `futures_core::Stream` for the lists of
//! [`pagination::asynchronous`]. `proptest` adds `testing::strategies`, which generate requests and responses for
//! property tests. `tracing` and `metrics` add observers of calls to [`observer`]. `callouts` reads and checks the
//! notifications that the service sends. `jiff`, `chrono` and `time` convert dates and times, and `bigdecimal` amounts.

#![cfg_attr(docsrs, feature(doc_cfg))]
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

#[cfg(feature = "callouts")]
pub use api::callouts;
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
    //! Paginated lists: page by page, row by row, or with several pages in flight.
    //!
    //! [`Client::items`](crate::Client::items) is the short way. The `nextPage` link of the service is never followed,
    //! so the token cannot be sent to another host. A list that points back to an earlier page ends with an error.
    //!
    //! ```
    //! use zuora_core::invoices::GetInvoiceItems;
    //! # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    //! # let body = r#"{"invoiceItems":[{"chargeAmount":9.50},{"chargeAmount":0.25}],"success":true}"#;
    //! # let transport = FakeTransport::new(move |_| Ok(FakeTransport::json(200, body)));
    //! # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    //!
    //! for item in client.items(&GetInvoiceItems::new("INV00000155")) {
    //!     println!("{}", item?.charge_amount()?);
    //! }
    //! # Ok::<(), zuora_core::Error>(())
    //! ```

    #[doc(inline)]
    pub use crate::call::paginator::Paginator;
    #[doc(inline)]
    pub use crate::call::prefetch::Prefetch;
    #[doc(inline)]
    pub use crate::operation::Paginated;

    pub mod blocking {
        //! Iterators over the lists of the blocking client.
        #[doc(inline)]
        pub use crate::client::blocking::{Items, Pages};
    }

    pub mod asynchronous {
        //! Lists of the async client, which are streams with the feature `stream`.
        #[doc(inline)]
        pub use crate::client::asynchronous::{Items, Pages};
    }
}

pub mod polling {
    //! Waiting for work that the service does in the background.
    //!
    //! A [`Waiter`] defines the read and the condition that ends the wait. A [`Poller`] makes the read again and again
    //! under a [`PollingPolicy`]. The waiters for bill runs, invoices and PDF files are in the modules of their operations.
    //!
    //! ```
    //! use zuora_core::bill_runs::{BillRunGoal, BillRunWaiter};
    //! use zuora_core::polling::{PollingPolicy, Progress};
    //! # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    //! # let body = r#"{"id":"2c98","billRunNumber":"BR-1","status":"Completed","success":true}"#;
    //! # let transport = FakeTransport::new(move |_| Ok(FakeTransport::json(200, body)));
    //! # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    //!
    //! let waiter = BillRunWaiter::new("2c9890077e8a8490017e8bf3a5171a43", BillRunGoal::Completed);
    //! let mut poller = client.poller(waiter, PollingPolicy::default());
    //! let run = loop {
    //!     match poller.poll()? {
    //!         Progress::Ready(run) => break run,
    //!         _ => println!("{:?}", poller.waiter().status()),
    //!     }
    //! };
    //! assert_eq!(run.status()?.as_str(), "Completed");
    //! # Ok::<(), zuora_core::Error>(())
    //! ```
    //!
    //! [`Client::wait`](crate::Client::wait) does the same in one call, without showing each status.

    #[doc(inline)]
    pub use crate::call::poller::{Poller, PollingPolicy, Progress, UntilDone, Waiter};
    #[doc(inline)]
    pub use crate::client::asynchronous::AsyncPoller;
    #[doc(inline)]
    pub use crate::client::blocking::BlockingPoller;
}

#[path = "../guide/mod.rs"]
pub mod guide;

pub mod observer {
    //! Events in the course of calls, for logs, traces and metrics.
    //!
    //! [`Config::observer`](crate::Config::observer) adds a callback that receives a [`CallEvent`] for the start and the
    //! end of each call, each attempt with its classification, each decision about a retry, each wait with its reason,
    //! each token request, and each time that a limiter closes or opens. A session without an observer reports nothing,
    //! and a call then costs the same as without this module. The events are those of the machines, so they are the same
    //! for the blocking client, the async client and calls that a program drives by hand.
    //!
    //! ```
    //! use std::sync::{Arc, Mutex};
    //! use zuora_core::bill_runs::GetBillRun;
    //! use zuora_core::observer::CallEventKind;
    //! use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    //!
    //! let log = Arc::new(Mutex::new(Vec::new()));
    //! let config = Config::with_token(DataCenter::UsCloud2, "token").observer({
    //!     let log = Arc::clone(&log);
    //!     move |event| {
    //!         let operation = event.call.map_or("session", |call| call.operation);
    //!         log.lock().unwrap().push(match &event.kind {
    //!             CallEventKind::Started => format!("{operation}: started"),
    //!             CallEventKind::AttemptSent { attempt, .. } => format!("{operation}: attempt {attempt}"),
    //!             CallEventKind::AttemptClassified { classification, .. } => classification.name().to_owned(),
    //!             CallEventKind::RetryDecided { decision, .. } => format!("{decision:?}"),
    //!             CallEventKind::Ended { result, .. } => format!("{operation}: {result:?}"),
    //!             other => format!("{other:?}"),
    //!         });
    //!     }
    //! });
    //! let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"status":"Posted","success":true}"#)));
    //! let client = Client::with_transport(&config, transport)?;
    //! client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
    //! let expected = ["get_bill_run: started", "get_bill_run: attempt 1", "success", "get_bill_run: Ok(())"];
    //! assert_eq!(*log.lock().unwrap(), expected);
    //! # Ok::<(), zuora_core::Error>(())
    //! ```
    //!
    //! No event contains a token, the client secret or a body. A call that is dropped before its end is reported as
    //! [`Abandoned`](CallEventKind::Abandoned): its outcome is unknown if its request was in flight.
    //!
    //! The feature `tracing` adds `to_tracing`, an observer that makes a span of each call. The feature `metrics` adds
    //! `to_metrics`, an observer that counts and measures calls.

    #[cfg(feature = "metrics")]
    #[doc(inline)]
    pub use crate::session::observer::to_metrics;
    #[cfg(feature = "tracing")]
    #[doc(inline)]
    pub use crate::session::observer::to_tracing;
    #[doc(inline)]
    pub use crate::session::observer::{
        CallEvent, CallEventKind, CallId, CallInfo, Classification, GiveUpReason, RateLimits, RetryDecision,
        WaitReason,
    };
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
