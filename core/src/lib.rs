//! Sans-IO core of the Zuora Billing SDK.

pub mod bill_runs;
mod error;
pub mod invoices;
mod json;
mod machine;
pub mod object_query;
mod operation;
mod target;
mod transport;
mod types;

pub use bytes;
pub use error::{Category, Error, Kind, Outcome, Reason, Result};
pub use http;
pub use machine::{Action, Event, Machine, drive, drive_async};
pub use operation::{Effect, Media, Operation, Paged, Quota, Spec};
pub use rust_decimal::Decimal;
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
