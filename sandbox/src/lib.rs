//! Offline simulator of the Zuora Billing service, for bill runs and invoices.
//!
//! [`Sandbox::handle`] is the whole service as one function from a request and a time to a response: no I/O,
//! no clock, no thread. [`InProcess`] implements the transport traits of `zuora-core` over it, so that a
//! client can use the sandbox without a socket and without waiting. The default feature `serve` adds an HTTP
//! server, `Server`, and a binary:
//!
//! ```text
//! cargo install zuora-sandbox
//! zuora-sandbox --open
//! ```
//!
//! [`Faults`] lose, delay, duplicate and damage requests and responses, before or after the work is done; the
//! [`Journal`] lists the requests and every [`Effect`], so that a test can prove that nothing was done twice.
//! [`Sandbox::snapshot`] and [`Sandbox::restore`] copy the whole state and return to it.
//!
//! [`Sandbox::control`] is the same control over HTTP, under `/sandbox/`.
//!
//! Every behavior that Zuora does not document is a field of [`Settings`]. `README.md` lists what is
//! simulated and what is not.
//!
//! ```
//! use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, UnixTime};
//!
//! let mut sandbox = Sandbox::demo();
//! let form = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&grant_type=client_credentials");
//! let request = http::Request::post("/oauth/token")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body(form)
//!     .unwrap();
//! let response = sandbox.handle(request, UnixTime::from_secs(1_772_352_000));
//! assert_eq!(response.status(), 200);
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod control;
mod front;
mod http;
mod operations;
mod service;
mod settings;
mod state;
mod values;

pub use control::RecordError;
pub use front::InProcess;
#[cfg(feature = "serve")]
pub use front::{OriginError, Server, ServerConfig};
pub use service::{
    ApiOperation, ChangeError, Chaos, ClockError, DeliveredResponse, Delivery, Duplication, Fault, Faults,
    Journal, JournalEntry, PaymentError, PlannedFault, RequestPattern, Sandbox, Snapshot, UnknownOperation,
};
pub use settings::{BillRunTexts, RateQuota, SettingError, Settings, TokenErrorFormat};
pub use state::{BackgroundJob, CLIENT_ID, CLIENT_SECRET, Effect, EffectKind, Tenant, TenantError};
pub use values::{FailureCategory, UnixTime};
