//! The clients: one session over one transport, with the verbs of an application.
//!
//! Both have the same verbs; each verb makes a machine and drives it.

pub(crate) mod asynchronous;
mod asynchronous_outcomes;
pub(crate) mod blocking;
