//! Tests without a network.
//!
//! [`FakeTransport`] is a transport whose responses come from a function. With the feature `proptest`, `strategies`
//! draws any request and any response. For a service that behaves like the real one, use the package `zuora-sandbox`.

mod fake_transport;
#[cfg(feature = "proptest")]
pub mod strategies;

pub use fake_transport::FakeTransport;
