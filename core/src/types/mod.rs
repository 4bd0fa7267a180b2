//! Value types of requests and responses: amounts, dates, ids and keys.
//!
//! Each type is exact: an amount keeps the digits of its JSON text, and an open enum keeps a value that it does not know.
//! `conversions/` has the conversions to the types of other crates.

mod amount;
mod conversions;
mod date;
mod date_time;
mod id;
mod json_number;
pub(crate) mod open_enum;
mod request_scope;
mod secret;

#[doc(inline)]
pub use super::model::envelope::{Envelope, Success};
#[doc(inline)]
pub use super::model::patch::Patch;
#[doc(inline)]
pub use super::wire::fields::ExtraFields;
pub use rust_decimal::Decimal;

pub use amount::{Amount, AmountError};
pub use date::{Date, DateError};
pub use date_time::DateTime;
pub use id::{
    AccountId, AccountNumber, BillRunId, BillRunKey, BillRunNumber, ContactId, CreditMemoId, DebitMemoId,
    FileId, InvoiceId, InvoiceItemId, InvoiceKey, InvoiceNumber, JobId, PaymentId, ProductRatePlanChargeId,
    SubscriptionId, TaxationItemId,
};
#[doc(hidden)]
pub use open_enum::Unknown;
pub use request_scope::RequestScope;
pub use secret::Secret;
