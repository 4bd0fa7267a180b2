//! Offline sandbox that plays the Zuora Billing service, as far as bill runs and invoices go.
//!
//! [`Sandbox::handle`] is the whole service as one function from request and time to response: no IO, no
//! clock, no thread. [`InProcess`] puts it behind the transport traits of `zuora-core`, so that a client of
//! yours talks to it without a socket and without waiting. With the feature `serve` there is an HTTP server,
//! `Server`, and the binary:
//!
//! ```text
//! cargo run -p zuora-sandbox --features serve -- --listen 127.0.0.1:8470
//! ```
//!
//! Whatever Zuora does not document is a field of [`Settings`]. `README.md` lists what is played and what not.
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
//! let answer = sandbox.handle(request, UnixTime::from_secs(1_772_352_000));
//! assert_eq!(answer.status(), 200);
//! ```

mod front;
mod http;
mod operations;
mod service;
mod settings;
mod state;
mod values;

pub use front::InProcess;
#[cfg(feature = "serve")]
pub use front::Server;
pub use service::{DeliveredResponse, Fault, Faults, PaymentError, PlannedFault, Sandbox};
pub use settings::{BillRunTexts, RateQuota, Settings, TokenRefusal};
pub use state::{BackgroundJob, CLIENT_ID, CLIENT_SECRET, Tenant, TenantError};
pub use values::UnixTime;
