//! Shared code of the test programs of the workspace. The programs are in `tests/`.

pub mod event_log;
pub mod fuzz;
pub mod guide;
pub mod json;
pub mod simulation;

/// The README of the workspace, whose example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
