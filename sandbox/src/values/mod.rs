//! Values that requests, responses and the state consist of: JSON, instants and calendar dates.
//!
//! Exact by construction: numbers keep their digits, and dates never pass through a local clock.
//! This module is the ground floor and depends on no other module.

mod json;
mod time;

pub(crate) use self::json::{Json, exact_decimal};
pub use self::time::UnixTime;
pub(crate) use self::time::{Date, Zone, parse_iso};
