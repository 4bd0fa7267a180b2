//! Shared code of the benches: the measurements, the response bodies, and the hand-written client for comparison.

pub mod bulk_create;
mod measure;
pub mod memory;
pub mod plain;
pub mod server;
pub mod wire;

pub use measure::{Bench, Table};
