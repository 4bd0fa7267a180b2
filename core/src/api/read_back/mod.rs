//! Which reads show the effect of each write, and what they prove. The table is in [`crate::reconcile`].

mod bill_run;
mod check;
mod invoice;
mod reads;
mod step;
mod writes;

pub use reads::{FromSeen, QueriedCreditMemo, QueriedCreditMemos, QueryCreditMemos, ReadObject, SeenObject};
pub use writes::Checked;
pub(crate) use writes::reconcile_by_checks;
