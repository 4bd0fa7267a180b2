//! The decision about one delivery, without IO: from an intent and its record to an end that a queue can execute.

mod added_items;
mod end;
mod record;
mod unperformed;
mod work;

pub use self::added_items::SeenItem;
pub use self::end::{Acknowledged, Decision, InDoubt, Rejected};
pub use self::record::{Limits, Record, Sendings};
pub(crate) use self::unperformed::with_text;
pub use self::unperformed::{poisoned, unreadable};
pub(crate) use self::work::ONE_JOB_A_ROW;
pub use self::work::{Prepared, Step, Work};
