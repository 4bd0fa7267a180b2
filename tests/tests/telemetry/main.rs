//! Spans and metrics of calls, as a subscriber and a recorder receive them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod metrics;
mod tracing;
