//! Sans-IO core of the Zuora Billing SDK.

mod error;
mod machine;
mod operation;
mod transport;

pub use bytes;
pub use error::{Category, Error, Kind, Outcome, Reason, Result};
pub use http;
pub use machine::{Action, Event, Machine, drive, drive_async};
pub use operation::{Effect, Media, Operation, Paged, Quota, Spec};
pub use transport::{
    AsyncTransport, Body, BoxError, Limits, Now, Open, Request, Response, Seed, Transport, TransportError,
};
