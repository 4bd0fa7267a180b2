//! Callout notifications: HTTP requests that the service sends to an application when something happens.
//!
//! An application receives them with a web server of its choice. This module reads and checks them without IO, over
//! [`http::Request`]s: [`BasicAuth`] or [`HmacAuth`] checks the sender, [`Callout::read`] reads the parameters, and
//! [`DuplicateGuard`] recognizes a notification that the service sends again.
//!
//! ```
//! use zuora_core::callouts::{BasicAuth, Begin, Callout, DuplicateGuard};
//! use zuora_core::http::{Request, StatusCode};
//! use zuora_core::types::BillRunId;
//!
//! struct Receiver {
//!     auth: BasicAuth,
//!     guard: DuplicateGuard,
//! }
//!
//! impl Receiver {
//!     /// Returns the status of the response.
//!     fn receive(&mut self, request: &Request<Vec<u8>>) -> StatusCode {
//!         if let Err(unauthorized) = self.auth.check(request.headers()) {
//!             return unauthorized.response("billing").status(); // with the header that the service waits for
//!         }
//!         let Ok(callout) = Callout::read(request) else { return StatusCode::BAD_REQUEST };
//!         let id = callout.notification_id().unwrap_or_default();
//!         match self.guard.begin(id) {
//!             Begin::Done => return StatusCode::OK,
//!             Begin::InProgress => return StatusCode::SERVICE_UNAVAILABLE, // the service tries again
//!             Begin::New => {}
//!         }
//!         match callout.fields.get::<BillRunId>("BillRunId") {
//!             Ok(Some(run)) => println!("enqueue a read of {run}"), // the callout is a hint; the API has the facts
//!             _ => {
//!                 self.guard.cancel(id); // or else the id stays in progress
//!                 return StatusCode::BAD_REQUEST;
//!             }
//!         }
//!         self.guard.finish(id);
//!         StatusCode::OK
//!     }
//! }
//! # let mut receiver = Receiver { auth: BasicAuth::new("zuora", "hunter2")?, guard: DuplicateGuard::new(1000) };
//! # let request = |authorization: &str, body: &str| {
//! #     Request::post("/callouts").header("zuora-notification-id", "n-1").header("content-type", "application/json")
//! #         .header("authorization", authorization).body(body.as_bytes().to_vec()).unwrap()
//! # };
//! # let (known, run) = ("Basic enVvcmE6aHVudGVyMg==", r#"{"BillRunId":"2c98"}"#);
//! # assert_eq!(receiver.receive(&request("", run)), StatusCode::UNAUTHORIZED);
//! # assert_eq!(receiver.receive(&request(known, "{}")), StatusCode::BAD_REQUEST);
//! # assert_eq!(receiver.receive(&request(known, run)), StatusCode::OK);
//! # assert_eq!(receiver.guard.begin("n-1"), Begin::Done);
//! # Ok::<(), zuora_core::Error>(())
//! ```
//!
//! # Documented behavior
//! The following is in Zuora's pages "Callout notification overview", "Callout template overview" and "Create a callout
//! template".
//!
//! - The names and contents of the parameters are those of the callout template of the tenant. The service adds the
//!   headers `Zuora-Notification-Id`, which stays the same when a notification is sent again, and `Zuora-Request-Id`,
//!   which differs each time.
//! - With basic authentication, the first request has no `Authorization` header, unless preemptive authentication is
//!   enabled in the template. The service sends the credentials after a 401 with a `WWW-Authenticate` header.
//! - The receiver has 10 s to accept the connection and 15 s to respond. Enqueue the work and respond.
//! - Status 200 ends a notification. It is sent again after a 1xx, 403, 408, 429 or 5xx, at most as often as the callout
//!   settings of the tenant allow. Redirects are not followed.
//! - Notifications may arrive in another order than their events, and dates have the format of a user's locale. Read the
//!   object from the API, and take only its id from the notification.
//!
//! # Limits
//! A [`DuplicateGuard`] trusts the id of the notification, which neither basic authentication nor a signature of the body
//! covers. Only a signature of this header with the body keeps a captured request from being sent again under another id:
//! see [`HmacAuth`].
//!
//! Bodies as XML, NTLM and OAuth 2.0 are not supported. Neither are the HMAC algorithms MD5 and SHA-1, which the service
//! offers: choose SHA-256 in the template.

mod basic_auth;
mod callout;
mod duplicate_guard;
mod hmac_auth;

pub use self::basic_auth::{BasicAuth, Unauthorized};
pub use self::callout::Callout;
pub use self::duplicate_guard::{Begin, DuplicateGuard};
pub use self::hmac_auth::{HmacAlgorithm, HmacAuth, HmacOutputFormat};
