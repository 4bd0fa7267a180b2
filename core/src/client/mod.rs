//! The clients: one session over one transport, with the verbs that an application calls.
//!
//! The blocking and the async client have the same verbs. Each verb creates a machine and drives it.

pub(crate) mod asynchronous;
mod asynchronous_outcomes;
pub(crate) mod blocking;
