//! Operations that outlive the process: kept as JSON text, performed once by any process.
//!
//! An [`Intent`] is an operation with everything that another process needs to perform it without a second effect: its
//! idempotency key, the tenant, entity and API version it is for, and the time it was made. [`Perform`] sends it, sends
//! it again under its key, or reads its object back first, as the [`Delivery`] says what may have happened before.
//!
//! ```
//! use zuora_core::invoices::PostInvoice;
//! use zuora_core::intent::{Delivery, Intent, Performed};
//! use zuora_core::{Client, Config, DataCenter};
//! # use zuora_core::testing::FakeTransport;
//!
//! # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"id":"8a","success":true}"#)));
//! # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
//! # let client = Client::with_transport(&config, transport)?;
//! // The producer makes the intent and keeps its text before anything is sent.
//! let intent = client.intent(PostInvoice::new("INV00000155"))?;
//! let text = intent.to_json()?;
//!
//! // A worker, maybe on another machine, performs it.
//! let intent = Intent::from_json(&text)?;
//! match client.perform(&intent, Delivery::first())? {
//!     Performed::Done(response) => println!("accepted after {} attempts", response.attempts()),
//!     Performed::AlreadyDone(evidence) => println!("{}", evidence.shows),
//!     Performed::Undecided(undecided) => println!("deliver again at {:?}", undecided.poll_again_at),
//!     _ => {}
//! }
//! # Ok::<(), zuora_core::Error>(())
//! ```
//!
//! # Boundaries
//!
//! - A key is trusted for 24 hours less 15 minutes from the first possible sending, by the wall clock. An intent that
//!   was never sent has no age.
//! - A PUT or DELETE is sent only while the lease of its delivery runs, if [`Delivery::lease_until`] gives one. The lease
//!   itself is the duty of the queue: see the guide [Never bill twice](crate::guide::never_bill_twice). Nothing can stop a
//!   process that sleeps between its last check and the socket.
//! - An intent belongs to one base URL, entity and set of organizations: a session that differs is rejected.

mod any_operation;
mod delivery;
mod perform;

mod read_back;

use serde::{Deserialize, Serialize};

pub use self::any_operation::{AnyOperation, AnyResponse};
pub use self::delivery::Delivery;
pub use self::perform::{Evidence, Perform, Performed, Undecided};
use crate::error::{Error, Result};
use crate::operation::{Effect, Operation};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::{Timestamp, WallTime};
use crate::types::RequestScope;

/// An operation with everything that any process needs to perform it once.
///
/// The JSON text holds the operation as a *string*, so that amounts keep every digit in any format that the text
/// passes through, `serde_json::Value` and database columns of JSON included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SavedIntent", into = "SavedIntent")]
#[non_exhaustive]
pub struct Intent {
    operation: AnyOperation,
    idempotency_key: Option<String>,
    scope: RequestScope,
    made_at: WallTime,
    baseline: Option<String>,
}

/// An [`Intent`] as it is stored.
#[derive(Clone, Serialize, Deserialize)]
struct SavedIntent {
    operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    scope: RequestScope,
    made_at: WallTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<String>,
}

impl Intent {
    /// Makes an intent for the tenant, entity and organizations of a session. A POST gets an idempotency key of the
    /// session.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) when `now` has no wall time, or when the request cannot be built.
    pub fn new(session: &Session, operation: impl Into<AnyOperation>, now: Timestamp) -> Result<Self> {
        Self::with_options(session, operation, &CallOptions::new(), now)
    }

    /// Makes an intent with the entity, organizations, API version and idempotency key of `options`. Its other settings
    /// are those of whoever performs the intent.
    ///
    /// # Errors
    /// As for [`new`](Self::new), and for a key of an operation that takes none.
    pub fn with_options(
        session: &Session,
        operation: impl Into<AnyOperation>,
        options: &CallOptions,
        now: Timestamp,
    ) -> Result<Self> {
        let operation = operation.into();
        let made_at = wall_time(now)?;
        // Builds the request and checks the options, so that no worker is the first to see a mistake.
        let mut call = crate::call::Call::with_options(session, &operation, options);
        call.check()?;
        let idempotency_key = match (operation.spec().effect, &options.idempotency_key) {
            (Effect::Keyed, None) => Some(session.new_key()),
            (_, key) => key.clone(),
        };
        Ok(Self { scope: session.scope_with(options)?, operation, idempotency_key, made_at, baseline: None })
    }

    /// Returns the operation.
    pub fn operation(&self) -> &AnyOperation {
        &self.operation
    }

    /// Returns the idempotency key of a POST. It names the intent among all intents; other operations have none.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    /// Returns the tenant, entity, organizations and API version that the intent is for.
    pub fn scope(&self) -> &RequestScope {
        &self.scope
    }

    /// Returns the time at which the intent was made, by the wall clock of its maker.
    pub fn made_at(&self) -> WallTime {
        self.made_at
    }

    /// Returns the `updatedDate` of the object as it was read before the first sending of a PUT or DELETE.
    pub fn baseline(&self) -> Option<&str> {
        self.baseline.as_deref()
    }

    /// Adds `updatedDate` of the object as it was read before the first sending of a PUT or DELETE. With it a later
    /// read can prove that the operation was not applied; without it such a read leaves the outcome unknown.
    #[must_use]
    pub fn with_baseline(mut self, updated: impl Into<String>) -> Self {
        self.baseline = Some(updated.into());
        self
    }

    /// Writes the intent as JSON text. The text contains no token.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) for a value that cannot be written.
    // Inlined, and so is `from_json`: only programs that keep intents compile the writers and readers of all
    // operations, a quarter of this crate's code.
    #[inline]
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::invalid("intent", error.to_string()))
    }

    /// Reads an intent from its text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) for text that [`to_json`](Self::to_json) did not write, or for
    /// an operation that this version does not know.
    #[inline]
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::unreadable("intent", error.to_string()))
    }

    /// Returns the options of every request for the intent.
    ///
    /// # Errors
    /// A session of another tenant, or one that would add an entity or organizations.
    fn options(&self, session: &Session) -> Result<CallOptions> {
        session.check_scope(&self.scope)?;
        Ok(CallOptions::new().in_scope(&self.scope))
    }
}

#[inline]
fn written(operation: &AnyOperation) -> Result<String, serde_json::Error> {
    serde_json::to_string(operation)
}

impl From<Intent> for SavedIntent {
    #[inline]
    fn from(intent: Intent) -> Self {
        Self {
            // An operation is a tree of texts and numbers, which JSON can hold; an empty text is rejected when read.
            operation: written(&intent.operation).unwrap_or_default(),
            idempotency_key: intent.idempotency_key,
            scope: intent.scope,
            made_at: intent.made_at,
            baseline: intent.baseline,
        }
    }
}

impl TryFrom<SavedIntent> for Intent {
    type Error = serde_json::Error;

    #[inline]
    fn try_from(saved: SavedIntent) -> Result<Self, serde_json::Error> {
        Ok(Self {
            operation: serde_json::from_str(&saved.operation)?,
            idempotency_key: saved.idempotency_key,
            scope: saved.scope,
            made_at: saved.made_at,
            baseline: saved.baseline,
        })
    }
}

fn wall_time(now: Timestamp) -> Result<WallTime> {
    let why = "must have a wall time, by which intents are dated";
    now.wall().ok_or_else(|| Error::invalid("Transport::now", why))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::api::bill_runs::GetBillRun;
    use crate::api::invoices::{CreateStandaloneInvoice, NewInvoiceItem, PostInvoice};
    use crate::operation::RawOperation;
    use crate::session::config::Config;
    use crate::transport::Seed;
    use crate::types::{AccountId, Amount};

    fn now() -> Timestamp {
        Timestamp::new(Duration::ZERO).with_wall(WallTime::from_unix_millis(1_767_225_600_000))
    }

    fn session(config: &Config) -> Session {
        Session::new(config, &Seed::from_bytes([7; 32])).unwrap()
    }

    fn create() -> CreateStandaloneInvoice {
        let day = "2024-06-01".parse().unwrap();
        let item = NewInvoiceItem::named("Fee", "90071992547409.931234567".parse::<Amount>().unwrap(), day);
        CreateStandaloneInvoice::new(AccountId::from("a"), day, [item])
    }

    #[test]
    fn an_intent_survives_every_format_to_the_last_digit() {
        let session = session(&Config::with_token("https://rest.zuora.com", "t").entity_id("e1"));
        let intent = Intent::new(&session, create(), now()).unwrap();
        assert!(intent.idempotency_key().is_some(), "a POST has a key before it is sent");
        let text = intent.to_json().unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let back: Intent = serde_json::from_value(value).unwrap();
        assert_eq!(back, intent);
        assert_eq!(back.to_json().unwrap(), text);
        let body = back.operation().request().unwrap();
        assert!(String::from_utf8_lossy(body.body()).contains("90071992547409.931234567"));
        assert_eq!(back.scope().entity_id.as_deref(), Some("e1"));
        assert_eq!(back.scope().base_url, "https://rest.zuora.com");
    }

    #[test]
    fn an_unknown_operation_and_other_text_are_rejected() {
        let scope = r#""scope":{"base_url":"https://rest.zuora.com"},"made_at":1"#;
        for (operation, says) in [(r#""{\"pause_bill_run\":{}}""#, "pause_bill_run"), (r#""""#, "EOF")] {
            let error = Intent::from_json(&format!(r#"{{"operation":{operation},{scope}}}"#)).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
        assert!(Intent::from_json("{}").is_err());
    }

    #[test]
    fn raw_operations_are_kept_with_their_bytes() {
        let session = session(&Config::with_token("https://rest.zuora.com", "t"));
        let raw =
            RawOperation::new(http::Method::PUT, "/v1/things/1?a=b").body(r#"{"amount":1.10}"#.as_bytes());
        let intent = Intent::new(&session, raw, now()).unwrap();
        assert_eq!(intent.idempotency_key(), None);
        let back = Intent::from_json(&intent.to_json().unwrap()).unwrap();
        let (a, b) = (intent.operation().request().unwrap(), back.operation().request().unwrap());
        assert_eq!((a.method(), a.uri(), a.body()), (b.method(), b.uri(), b.body()));
        assert_eq!(back.operation().spec().effect, Effect::Unkeyed);
    }

    #[test]
    fn a_token_request_is_no_intent() {
        let session = session(&Config::with_token("https://rest.zuora.com", "t"));
        for path in ["/oauth/token", "/oauth/token?x=1", "/oauth/%74oken/"] {
            let raw = RawOperation::new(http::Method::POST, path).body("secret".as_bytes());
            assert_eq!(Intent::new(&session, raw.clone(), now()).unwrap_err().field(), Some("path"));
            let response = crate::transport::HttpResponse::new(r#"{"access_token":"t"}"#.into());
            assert!(AnyOperation::from(raw).parse(&response).is_err(), "a response that could be saved");
        }
    }

    #[test]
    fn mistakes_are_found_when_the_intent_is_made() {
        let session = session(&Config::with_token("https://rest.zuora.com", "t"));
        assert_eq!(
            Intent::new(&session, GetBillRun::new(".."), now()).unwrap_err().field(),
            Some("billRunId")
        );
        let keyed = CallOptions::new().idempotency_key("k");
        let error = Intent::with_options(&session, PostInvoice::new("1"), &keyed, now()).unwrap_err();
        assert_eq!(error.field(), Some("Idempotency-Key"));
        let without_wall = Timestamp::new(Duration::ZERO);
        assert!(Intent::new(&session, PostInvoice::new("1"), without_wall).is_err());
    }

    #[test]
    fn the_name_in_the_text_is_that_of_the_operation() {
        for operation in
            [AnyOperation::from(GetBillRun::new("a")), PostInvoice::new("a").into(), create().into()]
        {
            let text = serde_json::to_string(&operation).unwrap();
            assert!(text.starts_with(&format!(r#"{{"{}":"#, operation.spec().name)), "{text}");
        }
    }
}
