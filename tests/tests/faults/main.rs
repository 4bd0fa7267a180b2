//! The client over a service with injected faults.
//!
//! `workflow` follows one workflow through one fault at a time. `matrix` runs every operation through every fault, at
//! every boundary of the work, and lets the journal of the sandbox judge what was reported.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod cell;
mod jobs;
mod judge;
mod matrix;
mod plan;
mod reconciling;
mod subjects;
mod workflow;
