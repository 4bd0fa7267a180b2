//! What the benches share: how things are measured, what is read, and the hand-written client they are held
//! against.

pub mod batch;
mod measure;
pub mod memory;
pub mod plain;
pub mod server;
pub mod wire;

pub use measure::{Bench, Table};
