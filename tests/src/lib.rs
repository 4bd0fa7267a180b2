//! What the test programs of the workspace share. The programs themselves are in `tests/`.

pub mod json;
pub mod simulation;

/// The README of the workspace, whose example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
