//! Tools for tests without a network.
//!
//! [`FakeTransport`] is a transport that returns the responses of a function. With the feature `proptest`, the module
//! `strategies` generates arbitrary requests and responses for property tests. The package `zuora-sandbox` simulates
//! the service.

mod fake_transport;
#[cfg(feature = "proptest")]
pub mod strategies;

pub use fake_transport::FakeTransport;
