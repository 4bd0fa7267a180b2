//! Sans-IO core of the Zuora Billing SDK.

mod async_client;
mod auth;
pub mod bill_runs;
mod call;
mod client;
mod config;
mod envelope;
mod error;
mod exchange;
mod gate;
mod headers;
mod json;
mod machine;
mod oauth;
mod offline;
mod operation;
mod pages;
mod plan;
mod random;
mod raw;
mod retry;
mod session;
mod settle;
mod target;
mod transport;
mod types;
mod watch;

pub use async_client::{AsyncClient, AsyncItems, AsyncPages, AsyncWatching};
pub use bytes;
pub use call::{Answer, Call};
pub use client::{Client, ItemIter, PageIter, Watching};
pub use config::{CallOptions, Config, DataCenter, Endpoint};
pub use error::{Category, Error, Kind, Outcome, Reason, Result};
pub use headers::{ConcurrencyLimit, RateLimit};
pub use http;
pub use machine::{Action, Event, Machine, drive, drive_async};
pub use oauth::{CreateToken, TokenAnswer};
pub use offline::Offline;
pub use operation::{Effect, Media, Operation, Paged, Quota, Spec};
pub use pages::Pages;
pub use raw::Raw;
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
