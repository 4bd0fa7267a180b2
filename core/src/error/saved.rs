//! The JSON form of an error.

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use super::{Cause, Context, Error, Outcome, Result};
use crate::transport::{Timestamp, WallTime};
use crate::types::RequestScope;
use crate::wire::to_text;

impl Error {
    /// Writes the error as JSON text, for a log or for another process that retries or reconciles the operation.
    ///
    /// The text has the message, the outcome and the reasons, but neither headers and body of the response nor the chain
    /// of causes. Times are those of the wall clock. If the transport has none, the restored error does not know when it
    /// happened, and reconciling it takes longer.
    ///
    /// ```
    /// use zuora_core::invoices::PostInvoice;
    /// use zuora_core::{CallOptions, Error, Outcome};
    /// # use zuora_core::{Client, Config, testing::FakeTransport, transport::TransportError};
    /// # let transport = FakeTransport::new(|_| Err(TransportError::maybe_sent("connection reset")));
    /// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
    ///
    /// let error = client.call(&PostInvoice::new("INV00000155")).unwrap_err();
    /// let text = error.to_json()?; // in another process:
    /// let error = Error::from_json(&text)?;
    /// assert_eq!((error.operation(), error.outcome()), ("post_invoice", Outcome::Unknown));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) for a text that cannot be written.
    #[doc(alias = "serialize")]
    pub fn to_json(&self) -> Result<String> {
        let context = &self.0.context;
        let wall = |time: Option<Timestamp>| time.and_then(Timestamp::wall);
        let reasons = context.reasons.iter();
        let saved = Saved {
            kind: self.0.cause.saved_kind(),
            field: self.field().map(str::to_owned),
            what: self.0.cause.saved_text(),
            operation: context.operation.to_string(),
            outcome: SavedOutcome::from(context.outcome),
            status: context.status.map(|status| status.as_u16()),
            reasons: reasons.map(|reason| [reason.code.clone(), reason.message.clone()]).collect(),
            request_id: context.request_id.clone(),
            process_id: context.process_id.clone(),
            track_id: context.track_id.clone(),
            idempotency_key: context.idempotency_key.clone(),
            attempts: context.attempts,
            retry_after: context.retry_after,
            is_retryable: context.retryable,
            failed_at: wall(context.failed_at),
            key_since: wall(context.key_since),
            is_replay: context.replayed,
            key_failed: context.key_failed,
            no_budget: context.no_budget,
            scope: context.scope.clone(),
        };
        to_text(&saved).map_err(|error| Error::invalid("error", error.to_string()))
    }

    /// Reads an error from its text.
    ///
    /// [`CallOptions::retry_of`](crate::CallOptions::retry_of) and [`Client::reconcile`](crate::Client::reconcile) take
    /// it like the original error. A transport failure is restored with its text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) for text that [`to_json`](Self::to_json) did not write.
    pub fn from_json(text: &str) -> Result<Self> {
        let saved: Saved =
            serde_json::from_str(text).map_err(|error| Error::unreadable("error", error.to_string()))?;
        let status = match saved.status {
            None => None,
            Some(status) => Some(
                http::StatusCode::from_u16(status)
                    .map_err(|error| Error::unreadable("error.status", error.to_string()))?,
            ),
        };
        // The other process had another monotonic clock, on which this moment means nothing.
        let moment = |wall: Option<WallTime>| wall.map(|wall| Timestamp::default().with_wall(wall));
        let reason = |[code, message]: [String; 2]| Reason { code, message, ..Reason::default() };
        let context = Context {
            operation: saved.operation.into(),
            status,
            reasons: saved.reasons.into_iter().map(reason).collect(),
            request_id: saved.request_id,
            process_id: saved.process_id,
            track_id: saved.track_id,
            idempotency_key: saved.idempotency_key,
            attempts: saved.attempts,
            retry_after: saved.retry_after,
            retryable: saved.is_retryable,
            outcome: saved.outcome.into(),
            failed_at: moment(saved.failed_at),
            key_since: moment(saved.key_since),
            replayed: saved.is_replay,
            key_failed: saved.key_failed,
            no_budget: saved.no_budget,
            scope: saved.scope,
            ..Context::default()
        };
        Ok(Error::from(saved.kind.cause(saved.field, saved.what)).with_context(context))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    kind: SavedKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    what: String,
    operation: String,
    outcome: SavedOutcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Code and message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<[String; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process_id: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track_id: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<Box<str>>,
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<std::time::Duration>,
    is_retryable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed_at: Option<WallTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_since: Option<WallTime>,
    #[serde(default)]
    is_replay: bool,
    #[serde(default)]
    key_failed: bool,
    #[serde(default)]
    no_budget: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Box<RequestScope>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SavedOutcome {
    NotApplied,
    Applied,
    Unknown,
}

impl From<Outcome> for SavedOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::NotApplied => Self::NotApplied,
            Outcome::Applied => Self::Applied,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

impl From<SavedOutcome> for Outcome {
    fn from(outcome: SavedOutcome) -> Self {
        match outcome {
            SavedOutcome::NotApplied => Self::NotApplied,
            SavedOutcome::Applied => Self::Applied,
            SavedOutcome::Unknown => Self::Unknown,
        }
    }
}

/// The causes that are distinguished after they were kept as text: the kinds of errors, and a redirect.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SavedKind {
    Build,
    Transport,
    Auth,
    Rejected,
    Redirect,
    Server,
    Throttled,
    Decode,
    Timeout,
    Failed,
}

impl SavedKind {
    fn cause(self, field: Option<String>, what: String) -> Cause {
        let (field, what) = (field.unwrap_or_default().into(), what.into());
        match self {
            Self::Build => Cause::Field { field, why: what },
            Self::Transport => Cause::TokenUnavailable { what },
            Self::Auth => Cause::Auth { what },
            Self::Rejected => Cause::Rejected,
            Self::Redirect => Cause::Redirect,
            Self::Server => Cause::Server,
            Self::Throttled => Cause::Throttled { what },
            Self::Decode => Cause::Decode { path: field, why: what },
            Self::Timeout => Cause::Timeout { what },
            Self::Failed => Cause::Failed { what },
        }
    }
}

impl Cause {
    fn saved_kind(&self) -> SavedKind {
        match self {
            Self::Field { .. } => SavedKind::Build,
            Self::Transport(_) | Self::TokenUnavailable { .. } => SavedKind::Transport,
            Self::Auth { .. } => SavedKind::Auth,
            Self::Rejected => SavedKind::Rejected,
            Self::Redirect => SavedKind::Redirect,
            Self::Server => SavedKind::Server,
            Self::Throttled { .. } => SavedKind::Throttled,
            Self::Decode { .. } => SavedKind::Decode,
            Self::Timeout { .. } => SavedKind::Timeout,
            Self::Failed { .. } => SavedKind::Failed,
        }
    }

    /// Returns the text, without the part that follows from the kind and the field.
    fn saved_text(&self) -> String {
        match self {
            Self::Field { why, .. } | Self::Decode { why, .. } => why.to_string(),
            Self::Transport(failure) => match super::root_cause(failure) {
                Some(root) => format!("{failure}: {root}"),
                None => failure.to_string(),
            },
            Self::Rejected | Self::Redirect | Self::Server => String::new(),
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::transport::TransportError;
    use std::time::Duration;

    fn causes() -> [Cause; 11] {
        [
            Cause::Field { field: "name".into(), why: "must not be empty".into() },
            Cause::Transport(TransportError::maybe_sent("connection reset")),
            Cause::TokenUnavailable { what: "no usable token".into() },
            Cause::Auth { what: "the token was rejected".into() },
            Cause::Rejected,
            Cause::Redirect,
            Cause::Server,
            Cause::Throttled { what: "rate limited".into() },
            Cause::Decode { path: "invoices[0].amount".into(), why: "must be a number".into() },
            Cause::Timeout { what: "timed out".into() },
            Cause::Failed { what: "the run is canceled".into() },
        ]
    }

    fn context(outcome: Outcome) -> Context {
        let time =
            |millis| Timestamp::new(Duration::from_secs(7)).with_wall(WallTime::from_unix_millis(millis));
        Context {
            operation: "create_bill_run".into(),
            status: Some(http::StatusCode::BAD_GATEWAY),
            reasons: vec![Reason { code: "50000060".into(), message: "busy".into(), ..Reason::default() }],
            request_id: Some("r-1".into()),
            process_id: Some("0123456789ABCDEF".into()),
            track_id: Some("t-1".into()),
            idempotency_key: Some("K".into()),
            attempts: 3,
            retry_after: Some(Duration::from_millis(1500)),
            retryable: true,
            outcome,
            failed_at: Some(time(1_700_000_000_000)),
            key_since: Some(time(1_699_999_999_000)),
            replayed: true,
            key_failed: true,
            no_budget: true,
            scope: Some(Box::new(RequestScope { entity_id: Some("e".into()), ..RequestScope::default() })),
            body: "an-echoed-token".into(),
            ..Context::default()
        }
    }

    #[test]
    fn an_error_is_restored_with_all_that_its_readers_decide_by() {
        for outcome in [Outcome::NotApplied, Outcome::Applied, Outcome::Unknown] {
            for cause in causes() {
                let mut context = context(outcome);
                if matches!(cause, Cause::Transport(_)) {
                    context.reasons.clear(); // No response was received.
                }
                let error = Error::from(cause).with_context(context);
                let back = Error::from_json(&error.to_json().unwrap()).unwrap();
                assert_eq!(back.to_string(), error.to_string());
                assert_eq!(
                    (back.kind(), back.outcome(), back.field()),
                    (error.kind(), outcome, error.field())
                );
                assert_eq!(back.reasons(), error.reasons());
                assert!(!error.to_json().unwrap().contains("an-echoed-token"));
                assert_eq!(back.idempotency_key(), Some("K"));
                assert_eq!(back.failed_at().unwrap().wall(), error.failed_at().unwrap().wall());
                assert_eq!(back.key_since().unwrap().wall(), error.key_since().unwrap().wall());
                assert!(back.is_retryable() && back.is_replay() && back.key_failed());
                assert_eq!(back.scope(), error.scope());
                assert_eq!(back.to_json().unwrap(), error.to_json().unwrap());
            }
        }
    }

    #[test]
    fn other_text_is_an_error() {
        for text in ["", "{}", "null", r#"{"kind":"other"}"#] {
            assert_eq!(Error::from_json(text).unwrap_err().kind(), ErrorKind::Decode, "{text}");
        }
        let text = Error::failed("x").to_json().unwrap().replacen('{', r#"{"status":7,"#, 1);
        assert_eq!(Error::from_json(&text).unwrap_err().field(), Some("error.status"));
    }
}
