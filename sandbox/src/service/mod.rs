//! The service around the operations: routing, tokens, quotas, idempotency keys, faults, the journal and
//! the clock.
//!
//! `Sandbox` is one function from a request and a time to a response; `router.rs` lists the endpoints.
//! Depends on `operations`; performs no I/O.

mod api_family;
mod change;
mod change_log;
mod chaos;
mod clock;
mod deferred_request;
mod deliver;
mod delivered_response;
mod execute;
mod fault;
mod fault_fields;
mod faults;
mod history;
mod hooks;
mod idempotency_store;
mod in_flight;
mod journal;
mod journal_curl;
mod journal_entry;
mod journal_json;
mod journal_text;
mod operation;
mod other_user;
mod overview;
mod packed;
mod planned_fault;
mod quotas;
mod redact;
mod request_pattern;
mod respond;
mod router;
mod sandbox;
mod sandbox_clock;
mod snapshot;
mod tokens;

pub(crate) use self::change::Change;
pub use self::chaos::Chaos;
pub use self::clock::ClockError;
pub use self::delivered_response::DeliveredResponse;
pub use self::fault::{Duplication, Fault};
pub(crate) use self::fault_fields::duration;
pub use self::faults::Faults;
pub(crate) use self::in_flight::Slot;
pub use self::journal::Journal;
pub use self::journal_entry::{Delivery, JournalEntry};
pub use self::operation::{ApiOperation, UnknownOperation};
pub use self::other_user::{ChangeError, PaymentError};
pub use self::planned_fault::PlannedFault;
pub use self::request_pattern::RequestPattern;
pub use self::sandbox::Sandbox;
pub use self::snapshot::Snapshot;
