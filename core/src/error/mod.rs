//! The error of this crate: cause, reasons of the service, and outcome of the operation.
//!
//! All messages are written here, in one form. `reason.rs` has the codes of the service and their categories, `saved.rs`
//! the JSON form of an error, and `redact.rs` removes secrets that the service sends back.

pub(crate) mod reason;
pub(crate) mod redact;
mod saved;
pub(crate) mod text;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::error::reason::{Reason, ReasonCategory};
use crate::error::text::{Capped, OneLine};
use crate::transport::headers::{self, ConcurrencyLimit, RateLimit};
use crate::transport::{Timestamp, TransportError};
use crate::types::{RequestScope, Secret};
use crate::wire::budget::DEFAULT_CAP;

/// Result with the error of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Failure of an operation. Its size is one pointer.
///
/// `{}` prints one line: operation, cause or first reason, status, outcome with its remedy, and request id. `{:#}` adds
/// up to nine other reasons and the chain of causes. Neither prints a body, or a secret of the session that the service
/// repeats. Each text of the service is cut after 500 characters; [`reasons`](Self::reasons) and [`body`](Self::body)
/// return all of it.
///
/// Programs decide by [`kind`](Self::kind) and [`outcome`](Self::outcome). In a support ticket, quote
/// [`request_id`](Self::request_id), [`process_id`](Self::process_id) and the time.
///
/// ```
/// use zuora_core::bill_runs::PostBillRun;
/// use zuora_core::{ErrorKind, Operation, Outcome};
///
/// let error = PostBillRun::new("..").request().unwrap_err();
/// assert_eq!((error.kind(), error.outcome()), (ErrorKind::Build, Outcome::NotApplied));
/// ```
#[doc(alias = "ApiException")]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    cause: Cause,
    context: Context,
}

/// Data of the call that failed. All fields are empty for an error outside a call.
#[derive(Debug, Default)]
pub(crate) struct Context {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) process_id: Option<Box<str>>,
    pub(crate) track_id: Option<Box<str>>,
    pub(crate) idempotency_key: Option<Box<str>>,
    pub(crate) attempts: u32,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) retryable: bool,
    pub(crate) outcome: Outcome,
    /// Time at which the last attempt with an unknown outcome failed.
    pub(crate) failed_at: Option<Timestamp>,
    /// Time at which the idempotency key was first sent.
    pub(crate) key_since: Option<Timestamp>,
    /// Whether the response was one that the service had stored under the idempotency key.
    pub(crate) replayed: bool,
    /// Whether the service reported a failure to an attempt under the idempotency key, or may have reported one to
    /// another process.
    pub(crate) key_failed: bool,
    /// Whether the retry budget of the session had nothing left for another attempt.
    pub(crate) no_budget: bool,
    /// The entity, organizations and API version of the call.
    pub(crate) scope: Option<Box<RequestScope>>,
    /// Texts that no row may show. Kept for operations whose rows can be read from the error.
    pub(crate) secrets: Vec<Secret>,
    /// Headers of the last response, without secrets of the session.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The largest body that the session accepts, which also bounds the values that are read from the body.
    pub(crate) max_body: Option<usize>,
}

impl Error {
    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        match self.0.cause {
            Cause::Field { .. } => ErrorKind::Build,
            Cause::Transport(_) | Cause::TokenUnavailable { .. } => ErrorKind::Transport,
            Cause::Auth { .. } => ErrorKind::Auth,
            Cause::Rejected | Cause::Redirect => ErrorKind::Rejected,
            Cause::Server => ErrorKind::Server,
            Cause::Throttled { .. } => ErrorKind::Throttled,
            Cause::Decode { .. } => ErrorKind::Decode,
            Cause::Timeout { .. } => ErrorKind::Timeout,
            Cause::Failed { .. } => ErrorKind::Failed,
        }
    }

    /// Returns whether the operation was applied.
    ///
    /// Once the outcome of an attempt is unknown, this stays [`Outcome::Unknown`], whatever later attempts return.
    pub fn outcome(&self) -> Outcome {
        self.0.context.outcome
    }

    /// Returns the name of the operation, such as `post_bill_run`, or an empty text for an error outside a call.
    pub fn operation(&self) -> &str {
        &self.0.context.operation
    }

    /// Returns the status of the last response.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.context.status
    }

    /// Returns all reasons of the service, in their order.
    pub fn reasons(&self) -> &[Reason] {
        &self.0.context.reasons
    }

    /// Returns the id that the service gave the last request: `Zuora-Request-Id`, or else `requestId` of the body.
    pub fn request_id(&self) -> Option<&str> {
        self.0.context.request_id.as_deref()
    }

    /// Returns the `processId` of the last error response: 16 hexadecimal digits that Zuora's support asks for.
    pub fn process_id(&self) -> Option<&str> {
        self.0.context.process_id.as_deref()
    }

    /// Returns the track id that was sent. [`headers`](Self::headers) contain the one that the service returned.
    pub fn track_id(&self) -> Option<&str> {
        self.0.context.track_id.as_deref()
    }

    /// Returns the idempotency key of the last attempt.
    ///
    /// For 24 hours, a later call with this key cannot be applied twice: see
    /// [`CallOptions::retry_of`](crate::CallOptions::retry_of).
    #[doc(alias = "idempotency")]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.context.idempotency_key.as_deref()
    }

    /// Returns the number of times the operation was sent, which may be zero.
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts
    }

    /// Returns the time to wait before a retry, as requested by the service or by a limiter of the session.
    #[doc(alias = "backoff")]
    #[doc(alias = "rate limit")]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.context.retry_after
    }

    /// Whether a retry is safe and may succeed.
    ///
    /// If the outcome of an operation with an idempotency key is unknown, the retry has to use the same key: see
    /// [`CallOptions::retry_of`](crate::CallOptions::retry_of).
    #[doc(alias = "retry")]
    #[doc(alias = "transient")]
    pub fn is_retryable(&self) -> bool {
        self.0.context.retryable
    }

    /// Whether the service reports that the object does not exist.
    ///
    /// ```
    /// use zuora_core::bill_runs::GetBillRun;
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let body = r#"{"success":false,"reasons":[{"code":50000040,"message":"Cannot find entity by key."}]}"#;
    /// # let transport = FakeTransport::new(move |_| Ok(FakeTransport::json(404, body)));
    /// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    ///
    /// let run = match client.call(&GetBillRun::new("BR-00000007")) {
    ///     Ok(run) => Some(run),
    ///     Err(error) if error.is_not_found() => None,
    ///     Err(error) => return Err(error),
    /// };
    /// assert!(run.is_none());
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    pub fn is_not_found(&self) -> bool {
        self.0.context.status == Some(StatusCode::NOT_FOUND)
            || self.0.context.reasons.iter().any(|reason| reason.category() == ReasonCategory::NotFound)
    }

    /// Whether the service itself says, with a reason of category 40 in its envelope, that there is no such object. A
    /// 404 of a gateway proves nothing: not even that the request reached the service.
    pub(crate) fn is_gone(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Enveloped {
            #[serde(rename = "reasons")]
            _reasons: Vec<serde::de::IgnoredAny>,
        }
        !self.reasons().is_empty()
            && self.reasons().iter().all(|reason| reason.category() == ReasonCategory::NotFound)
            && std::str::from_utf8(self.body())
                .is_ok_and(|text| serde_json::from_str::<Enveloped>(text).is_ok())
    }

    /// Returns the field, header or JSON path that caused the error, if there is one.
    pub fn field(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Field { field, .. } => Some(field),
            Cause::Decode { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Returns the decompressed body of the last response, or an empty body. Responses to token requests are not kept.
    pub fn body(&self) -> &Bytes {
        &self.0.context.body
    }

    /// Returns the cap of the session that received the body.
    pub(crate) fn max_body(&self) -> usize {
        self.0.context.max_body.unwrap_or(DEFAULT_CAP)
    }

    /// Returns the headers of the last response, or no headers. A value with a secret of the session is replaced.
    ///
    /// They include `WWW-Authenticate` of a 401, `Zuora-Track-Id` as returned by the service, and `Retry-After`. For the
    /// limits of the tenant, use [`rate_limit`](Self::rate_limit) and [`concurrency_limit`](Self::concurrency_limit).
    ///
    /// ```
    /// use zuora_core::bill_runs::GetBillRun;
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let mut response = FakeTransport::json(401, r#"{"success":false}"#);
    /// # response.headers_mut().insert("www-authenticate", "Bearer realm=\"Zuora API\"".parse().unwrap());
    /// # let transport = FakeTransport::new(move |_| Ok(response.clone()));
    /// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    ///
    /// let error = client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43")).unwrap_err();
    /// assert_eq!(error.headers()["WWW-Authenticate"], "Bearer realm=\"Zuora API\"");
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "WWW-Authenticate")]
    #[doc(alias = "http_resp")]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.context.headers
    }

    /// Returns the quota of the tenant and its remainder, as reported by the last response.
    ///
    /// ```
    /// use zuora_core::invoices::GetInvoice;
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let mut response = FakeTransport::json(429, r#"{"success":false}"#);
    /// # for (name, value) in [("ratelimit-remaining", "0"), ("ratelimit-reset", "12"),
    /// #     ("concurrency-limit-type", "Default"), ("concurrency-limit-limit", "40")] {
    /// #     response.headers_mut().insert(name, value.parse().unwrap());
    /// # }
    /// # let transport = FakeTransport::new(move |_| Ok(response.clone()));
    /// # let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
    /// # let client = Client::with_transport(&config, transport)?;
    ///
    /// let error = client.call(&GetInvoice::new("INV00000155")).unwrap_err();
    /// let quota = error.rate_limit();
    /// println!("{:?} requests left, next window in {:?}", quota.remaining, quota.reset);
    /// # assert_eq!((quota.remaining, quota.reset), (Some(0), Some(std::time::Duration::from_secs(12))));
    /// let in_flight = error.concurrency_limit();
    /// println!("at most {:?} requests of quota {:?} in flight", in_flight.limit, in_flight.class);
    /// # assert_eq!((in_flight.limit, in_flight.class.as_deref()), (Some(40), Some("Default")));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "quota")]
    pub fn rate_limit(&self) -> RateLimit {
        headers::rate_limit(self.headers())
    }

    /// Returns the number of requests that the tenant may have in flight, as reported by the last response.
    pub fn concurrency_limit(&self) -> ConcurrencyLimit {
        headers::concurrency_limit(self.headers())
    }

    /// Whether the failure is one that the service had stored under the idempotency key. The service may keep a
    /// failure for 24 hours, and returns it for every retry under that key.
    pub fn is_replay(&self) -> bool {
        self.0.context.replayed
    }

    /// Returns the time at which the last attempt with an unknown outcome failed, on the clock of the transport that
    /// sent it.
    pub fn failed_at(&self) -> Option<Timestamp> {
        self.0.context.failed_at
    }

    /// Returns the entity, organizations and API version that the failed call was made with: a read has to use the
    /// same.
    pub(crate) fn scope(&self) -> Option<&RequestScope> {
        self.0.context.scope.as_deref()
    }

    /// Creates an error for a request that the service would reject, with the invalid field. It is public for operations
    /// that are defined outside this crate.
    pub fn invalid(field: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Cause::Field { field: field.into(), why: why.into() }.into()
    }

    /// Creates an error for a response that cannot be read, with the path in its JSON. It is public for operations that
    /// are defined outside this crate.
    pub fn unreadable(path: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Cause::Decode { path: path.into(), why: why.into() }.into()
    }

    /// Creates an error for an object in a state from which the goal can no longer be reached.
    pub fn failed(what: impl Into<Cow<'static, str>>) -> Self {
        Cause::Failed { what: what.into() }.into()
    }
}

/// Kind of failure of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is invalid or cannot be serialized. Nothing was sent.
    Build,
    /// No response was received, or no usable response to a token request.
    Transport,
    /// The service rejected the credentials or the token.
    #[doc(alias = "OAuth")]
    Auth,
    /// The service rejected the request, usually with reasons.
    Rejected,
    /// The service or a gateway before it failed (5xx), or reported a failure inside the service.
    Server,
    /// The quota of the tenant is used up, or a wait would be longer than the caller allows.
    #[doc(alias = "rate limit")]
    #[doc(alias = "429")]
    Throttled,
    /// The response cannot be read.
    Decode,
    /// The time limit of the whole call or wait was exceeded.
    #[doc(alias = "deadline")]
    Timeout,
    /// The object can no longer reach the wanted state.
    Failed,
}

/// Outcome of an operation that ended with an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The operation was not applied.
    #[default]
    NotApplied,
    /// The operation was applied, although its response cannot be returned.
    Applied,
    /// The operation may have been applied. [`reconcile`](crate::Client::reconcile) determines it by reading the object
    /// back.
    Unknown,
}

/// Cause of an error. Its text is part of the first line of the error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("`{field}`: {why}")]
    Field { field: Cow<'static, str>, why: Cow<'static, str> },
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{what}")]
    Auth { what: Cow<'static, str> },
    #[error("{what}")]
    TokenUnavailable { what: Cow<'static, str> },
    #[error("the service rejected the request")]
    Rejected,
    #[error("the service failed")]
    Server,
    #[error(
        "the server redirects, which is not followed because the token would be sent along: check the base URL"
    )]
    Redirect,
    #[error("{what}")]
    Throttled { what: Cow<'static, str> },
    #[error("the response cannot be read at `{path}`: {why}")]
    Decode { path: Cow<'static, str>, why: Cow<'static, str> },
    #[error("{what}")]
    Timeout { what: Cow<'static, str> },
    #[error("{what}")]
    Failed { what: Cow<'static, str> },
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self(Box::new(Inner { cause, context: Context::default() }))
    }
}

impl From<TransportError> for Error {
    fn from(failure: TransportError) -> Self {
        Cause::Transport(failure).into()
    }
}

impl Error {
    pub(crate) fn with_context(mut self, context: Context) -> Self {
        self.0.context = context;
        self
    }

    /// Names another field, such as the setting from which the invalid value was read.
    pub(crate) fn with_field(mut self, name: String) -> Self {
        if let Cause::Field { field, .. } = &mut self.0.cause {
            *field = name.into();
        }
        self
    }

    /// Marks the outcome of the write that the error is about as unknown.
    pub(crate) fn with_unknown_outcome(mut self) -> Self {
        self.0.context.outcome = Outcome::Unknown;
        self.0.context.retryable = false;
        self
    }

    /// Adds what is known of an earlier sending whose outcome is unknown.
    pub(crate) fn in_doubt(mut self, earlier: Context) -> Self {
        let context = &mut self.0.context;
        context.outcome = Outcome::Unknown;
        context.idempotency_key = earlier.idempotency_key.or(context.idempotency_key.take());
        context.failed_at = context.failed_at.or(earlier.failed_at);
        context.key_since = context.key_since.or(earlier.key_since);
        context.scope = context.scope.take().or(earlier.scope);
        context.key_failed |= earlier.key_failed;
        self
    }

    /// Whether the service reported a failure to an attempt under the idempotency key.
    pub(crate) fn key_failed(&self) -> bool {
        self.0.context.key_failed
    }

    /// Returns the texts that no row of the response may show.
    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.0.context.secrets
    }

    /// Returns the time at which the idempotency key was first sent, by this call or by one that it retried.
    pub(crate) fn key_since(&self) -> Option<Timestamp> {
        self.0.context.key_since
    }

    /// Sets the operation of an error that was created before anything was sent.
    pub(crate) fn in_operation(mut self, operation: &'static str) -> Self {
        if self.0.context.operation.is_empty() {
            self.0.context.operation = Cow::Borrowed(operation);
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alternate = f.alternate();
        self.write_line(&mut OneLine(f), alternate)
    }
}

/// Largest number of further reasons and causes in the long form of a message.
const MAX_FURTHER: usize = 9;

/// Every message has the form `operation: what failed (details); outcome and what to do; request id`. A part that is
/// absent is left out, such as the operation of a wait.
impl Error {
    fn write_line(&self, f: &mut impl fmt::Write, alternate: bool) -> fmt::Result {
        let Inner { cause, context } = &*self.0;
        if !context.operation.is_empty() {
            write!(f, "{}: ", context.operation)?;
        }
        match (cause, context.reasons.first()) {
            (Cause::Rejected | Cause::Server, Some(first)) => write!(f, "{first}")?,
            (cause, Some(first)) => write!(f, "{}: {first}", Capped(cause))?,
            (Cause::Transport(failure), None) => {
                write!(f, "{failure}")?;
                if let Some(root) = root_cause(failure) {
                    write!(f, ": {}", Capped(root))?;
                }
            }
            (cause, None) => write!(f, "{}", Capped(cause))?,
        }
        let details: Vec<String> = [
            context.status.map(|status| status.to_string()),
            (context.attempts > 1).then(|| format!("{} attempts", context.attempts)),
            context.retry_after.map(|wait| format!("retry after {} s", wait.as_secs_f64().ceil())),
            context.no_budget.then(|| "the session's retry budget is used up".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !details.is_empty() {
            write!(f, " ({})", details.join(", "))?;
        }
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        if let Some(id) = &context.request_id {
            write!(f, "; request {}", Capped(id))?;
        }
        if alternate {
            let others = context.reasons.get(1..).unwrap_or_default();
            for reason in others.iter().take(MAX_FURTHER) {
                write!(f, "; also: {reason}")?;
            }
            if let Some(more) = others.len().checked_sub(MAX_FURTHER).filter(|more| *more > 0) {
                write!(f, "; and {more} more reasons")?;
            }
            let causes = std::iter::successors(self.source(), |cause| (**cause).source());
            for cause in causes.take(MAX_FURTHER) {
                write!(f, "; caused by: {}", Capped(cause))?;
            }
        }
        Ok(())
    }

    /// Returns the outcome and the remedy.
    fn advice(&self) -> Option<&'static str> {
        let lacks_permission =
            || self.reasons().iter().any(|reason| reason.category() == ReasonCategory::Permission);
        Some(match (self.outcome(), self.kind()) {
            (Outcome::Unknown, _) if self.is_replay() => {
                "outcome unknown: the operation may have been applied; the service keeps this failure under the \
                 idempotency key for up to 24 hours, so look for the object before you send it under another key"
            }
            (Outcome::Unknown, _) if self.idempotency_key().is_some() => {
                "outcome unknown: the operation may have been applied; retry with the same idempotency key"
            }
            // A wait, which is no operation, for the end of one.
            (Outcome::Unknown, ErrorKind::Timeout) if self.operation().is_empty() => {
                "outcome unknown: the service may still be at work; resume the wait, or read the object"
            }
            (Outcome::Unknown, _) => {
                "outcome unknown: the operation may have been applied; reconcile before retrying"
            }
            (Outcome::Applied, _) => "the operation was applied; do not send it again",
            (Outcome::NotApplied, ErrorKind::Failed) => return None,
            (Outcome::NotApplied, ErrorKind::Build) => "not sent",
            (Outcome::NotApplied, ErrorKind::Auth) => {
                "not applied; check the token or the client id and secret, and the data center: a wrong data center \
                 looks like wrong credentials"
            }
            (Outcome::NotApplied, _) if lacks_permission() => {
                "not applied; the user or the tenant lacks the permission or the feature"
            }
            (Outcome::NotApplied, _) if self.is_retryable() => "not applied; safe to retry",
            (Outcome::NotApplied, _) => "not applied",
        })
    }
}

fn root_cause(error: &dyn StdError) -> Option<&dyn StdError> {
    let mut root = error.source()?;
    while let Some(next) = root.source() {
        root = next;
    }
    Some(root)
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { cause, context } = &*self.0;
        let reasons: Vec<String> =
            context.reasons.iter().take(1 + MAX_FURTHER).map(ToString::to_string).collect();
        let capped = |id: &str| Capped(id).to_string();
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("operation", &context.operation)
            .field("cause", &Capped(format_args!("{cause:?}")))
            .field("status", &context.status)
            .field("reasons", &reasons)
            .field("request_id", &self.request_id().map(capped))
            .field("process_id", &self.process_id().map(capped))
            .field("attempts", &context.attempts)
            .field("outcome", &context.outcome)
            .field("body", &format_args!("{} bytes", context.body.len()))
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Transport(failure) => failure.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide_and_thread_safe() {
        fn is_thread_safe<T: Send + Sync + 'static>() {}
        is_thread_safe::<Error>();
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
}
