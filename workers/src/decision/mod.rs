//! The decision about one delivery, without IO: from an intent and its record to an end that a queue can execute.
//!
//! `work.rs` requests the reads, the sending and the writes of the record, and `end.rs` has the four decisions.
//! `unperformed.rs` decides about a job that its worker does not perform.

mod added_items;
mod end;
mod record;
mod unperformed;
mod work;

pub use self::added_items::SeenItem;
pub use self::end::{Acknowledged, Decision, InDoubt, Rejected};
pub(crate) use self::record::History;
pub use self::record::{Limits, Record, Sendings};
pub(crate) use self::unperformed::with_text;
pub use self::unperformed::{poisoned, unreadable};
pub use self::work::{Prepared, Step, Work};
