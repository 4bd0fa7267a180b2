//! The tests are beside this file, one subject each; see `Cargo.toml`.

/// The root README, whose example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub mod readme {}
