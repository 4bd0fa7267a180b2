//! Guide: one subject a page, with examples that are compiled and run.
//!
//! | Page | Subject |
//! | --- | --- |
//! | [never bill twice](never_bill_twice) | writes over restarts, workers and days |

// A page whose examples need more than this crate is tested by the workspace: `tests/src/guide.rs` lists it.

pub mod never_bill_twice {
    #![doc = include_str!("never-bill-twice.md")]
}
