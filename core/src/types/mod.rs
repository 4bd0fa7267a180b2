//! Values that requests and answers are made of.

mod amount;
mod date;
mod fields;
mod id;
pub(crate) mod model;
pub(crate) mod open_enum;
mod patch;
pub(crate) mod rules;
mod secret;
pub(crate) mod source;
mod verdict;
pub(crate) mod wire;

pub use amount::{Amount, AmountError};
pub use date::{Date, DateError, DateTime};
pub use fields::Fields;
pub use id::{
    AccountId, AccountNumber, BillRunId, BillRunKey, BillRunNumber, ContactId, CreditMemoId, DebitMemoId,
    FileId, InvoiceId, InvoiceItemId, InvoiceKey, InvoiceNumber, JobId, PaymentId, ProductRatePlanChargeId,
    SubscriptionId, TaxationItemId,
};
pub use open_enum::Unknown;
pub use patch::Patch;
pub use secret::Secret;
pub use verdict::{Done, Verdict};
