//! Reads that show the effect of each write, and what they prove. The table is in [`crate::reconcile`].
//!
//! `writes.rs` has the checks of each write, `bill_run.rs` and `invoice.rs` the steps of a check, and `reads.rs` the
//! operations that read. When to read is decided in `call/reconcile.rs`.

mod bill_run;
mod check;
mod invoice;
mod reads;
mod step;
mod writes;

pub use reads::{FromSeen, QueriedCreditMemo, QueriedCreditMemos, QueryCreditMemos, ReadObject, SeenObject};
pub use writes::Checked;
pub(crate) use writes::reconcile_by_checks;
