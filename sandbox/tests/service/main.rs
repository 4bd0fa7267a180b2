//! The sandbox seen from outside: requests in, answers out.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bill_runs;
mod billing;
mod bulk;
mod desk;
mod documented;
mod front;
mod in_process;
mod object_query;
mod standalone;
mod update;
