//! The service around the operations: routing, tokens, quotas, idempotency keys, faults and the clock.
//!
//! `Sandbox` is one function from a request and a time to a response; `router.rs` lists the endpoints.
//! Depends on `operations`; performs no I/O.

mod clock;
mod delivered_response;
mod faults;
mod idempotency_store;
mod quotas;
mod request_log;
mod respond;
mod router;
mod sandbox;
mod tokens;

pub use self::delivered_response::DeliveredResponse;
pub use self::faults::{Fault, Faults, PlannedFault};
pub use self::sandbox::{PaymentError, Sandbox};
