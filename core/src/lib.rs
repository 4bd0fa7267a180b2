//! Sans-IO core of the Zuora Billing SDK.

mod async_client;
mod auth;
mod call;
mod client;
mod config;
mod envelope;
mod error;
mod exchange;
mod gate;
mod headers;
mod machine;
mod oauth;
mod offline;
mod operation;
mod pages;
mod plan;
mod random;
mod raw;
mod retry;
mod session;
mod settle;
mod transport;
mod types;
mod watch;

pub use async_client::{AsyncClient, AsyncItems, AsyncPages, AsyncWatching};
pub use bytes;
pub use call::{Answer, Call};
pub use client::{Client, ItemIter, PageIter, Watching};
pub use config::{CallOptions, Config, DataCenter, Endpoint};
pub use error::{Category, Error, Kind, Outcome, Reason, Result};
pub use headers::{ConcurrencyLimit, RateLimit};
pub use http;
pub use machine::{Action, Event, Machine, drive, drive_async};
pub use oauth::{CreateToken, TokenAnswer};
pub use offline::Offline;
pub use operation::{Effect, Media, Operation, Paged, Quota, Spec};
pub use pages::Pages;
pub use raw::Raw;
pub use session::{Abandoned, Session, Token};
pub use settle::{Settled, Settlement, Transition};
pub use transport::{
    AsyncTransport, Body, BoxError, Limits, Now, Open, Request, Response, Seed, Transport, TransportError,
};
pub use types::Secret;
pub use watch::{Awaited, Pace, Progress, ToEnd, Watch};
