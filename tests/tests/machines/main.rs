//! The rules by which a call waits, retries, requests a token and gives up, each in a simulation with a clock that
//! only the simulation advances. All tests use the public API.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod builds;
mod envelope;
mod flags;
mod guards;
mod headers;
mod idempotency_keys;
mod limits;
mod messages;
mod observer;
mod outcome;
mod pacing;
mod paginator;
mod poller;
mod reconcile;
mod retries;
mod retry_budget;
mod retry_table;
mod rows;
mod secrets;
mod settings;
mod token;
mod token_request;
mod waits;
