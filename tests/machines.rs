//! The rules by which a call waits, repeats, signs in and gives up, each in a scripted world with a clock that
//! only the script moves. Everything goes through the public API.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod support;

#[path = "machines/envelope.rs"]
mod envelope;
#[path = "machines/headers.rs"]
mod headers;
#[path = "machines/key_table.rs"]
mod key_table;
#[path = "machines/keys.rs"]
mod keys;
#[path = "machines/limits.rs"]
mod limits;
#[path = "machines/outcome.rs"]
mod outcome;
#[path = "machines/pages.rs"]
mod pages;
#[path = "machines/secrets.rs"]
mod secrets;
#[path = "machines/settle.rs"]
mod settle;
#[path = "machines/sign_in.rs"]
mod sign_in;
#[path = "machines/token.rs"]
mod token;
#[path = "machines/waits.rs"]
mod waits;
#[path = "machines/watch.rs"]
mod watch;
