//! Tests of the sandbox through its public API.

#![allow(clippy::unwrap_used, clippy::panic)]

mod amount_steps;
mod amounts;
mod bill_runs;
mod billing;
mod bulk;
mod client;
mod clocks;
mod control;
mod documented;
mod faults;
mod files;
mod front;
mod in_process;
mod journal;
mod life;
mod nasty;
mod object_query;
mod other_user;
mod record;
mod standalone;
mod tax;
mod tenant_kinds;
mod threads;
mod update;
mod wire_facts;
mod with_client;
