//! The control API: what a test changes or reads in the sandbox, over HTTP under `/sandbox/`.
//!
//! Each route calls the method of `Sandbox` that does the same in Rust; `routes.rs` lists them.
//! Depends on `service`; performs no I/O.

mod clock;
mod documents;
mod faults;
mod journal;
mod record;
mod request;
mod routes;
mod tenant;

pub use self::record::RecordError;
pub(crate) use self::routes::is_control;
