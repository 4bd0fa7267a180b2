//! The tests are beside this file, one subject each; see `Cargo.toml`.
