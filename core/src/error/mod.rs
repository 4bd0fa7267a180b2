//! The one error of this crate: what failed, what the service said, and whether anything happened.

pub(crate) mod reason;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::error::reason::{Reason, ReasonCategory};
use crate::transport::{Timestamp, TransportError};

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong with an operation. One pointer wide.
///
/// `{}` is one line: operation, status, first reason, request id, and what is known of the outcome. `{:#}` adds
/// the other reasons and the chain of causes. Neither holds a secret.
///
/// For a decision in code ask [`kind`](Self::kind) and [`outcome`](Self::outcome); for a support ticket quote
/// [`request_id`](Self::request_id), [`process_id`](Self::process_id) and the time.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    cause: Cause,
    operation: Cow<'static, str>,
    status: Option<StatusCode>,
    reasons: Vec<Reason>,
    request_id: Option<Box<str>>,
    process_id: Option<Box<str>>,
    track_id: Option<Box<str>>,
    idempotency_key: Option<Box<str>>,
    attempts: u32,
    retry_after: Option<Duration>,
    repeatable: bool,
    outcome: Outcome,
    sent_at: Option<Timestamp>,
    body: Bytes,
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self.0.cause {
            Cause::Field { .. } => ErrorKind::Build,
            Cause::Transport(_) | Cause::NoSignIn { .. } => ErrorKind::Transport,
            Cause::SignIn { .. } => ErrorKind::Auth,
            Cause::Rejected | Cause::Refused { .. } => ErrorKind::Rejected,
            Cause::Throttled { .. } => ErrorKind::Throttled,
            Cause::Decode { .. } => ErrorKind::Decode,
            Cause::Deadline { .. } => ErrorKind::Deadline,
            Cause::Failed { .. } => ErrorKind::Failed,
        }
    }

    /// Whether the operation took effect. Once an attempt ended with nothing known, this stays
    /// [`Outcome::Unknown`] whatever later attempts say.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Name of the operation, such as `post_bill_run`; empty when the failure belongs to none.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// Status of the last answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// All reasons that the service gave, in its order.
    pub fn reasons(&self) -> &[Reason] {
        &self.0.reasons
    }

    /// The service's own id of the last request (`Zuora-HttpRequest-Id`, else `requestId` of the body).
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// `processId` of the last refusal: 16 hexadecimal digits that Zuora's support asks for.
    pub fn process_id(&self) -> Option<&str> {
        self.0.process_id.as_deref()
    }

    /// The track id that the caller sent.
    pub fn track_id(&self) -> Option<&str> {
        self.0.track_id.as_deref()
    }

    /// The idempotency key of the last attempt. A later call with this key cannot do the work twice, for 24
    /// hours: see [`CallOptions::again`](crate::CallOptions::again).
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// How many times the operation was sent; zero when it never was.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the service, or this client's own gate, asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same call may safely be made again and could then succeed. For an operation with an
    /// idempotency key whose outcome is unknown this means: again with
    /// [`idempotency_key`](Self::idempotency_key).
    pub fn is_retryable(&self) -> bool {
        self.0.repeatable
    }

    /// Whether the service says that there is no such object.
    pub fn is_not_found(&self) -> bool {
        self.0.status == Some(StatusCode::NOT_FOUND)
            || self.0.reasons.iter().any(|reason| reason.category() == ReasonCategory::NotFound)
    }

    /// The field, header or JSON path that is at fault, where there is one.
    pub fn field(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Field { field, .. } => Some(field),
            Cause::Decode { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The body of the last answer, inflated; empty when there was none. Answers to token requests are not
    /// kept.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// When the last attempt with an unknown outcome was sent, on the transport's clock.
    pub(crate) fn sent_at(&self) -> Option<Timestamp> {
        self.0.sent_at
    }

    /// A request that would be refused, with the field at fault: for operations defined outside this crate.
    pub fn invalid(field: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Cause::Field { field: field.into(), why: why.into() }.into()
    }

    /// An answer that cannot be read, with the place in it: for operations defined outside this crate.
    pub fn unreadable(path: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Cause::Decode { path: path.into(), why: why.into() }.into()
    }

    /// An awaited object that ended in a state from which the goal cannot be reached.
    pub fn failed(what: impl Into<Cow<'static, str>>) -> Self {
        Cause::Failed { what: what.into() }.into()
    }
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is not legal or cannot be written; nothing was sent.
    Build,
    /// No answer came back, or none that a sign-in could use.
    Transport,
    /// The service did not accept the credentials or the token.
    Auth,
    /// The service said no, and why.
    Rejected,
    /// The tenant's limits are used up, or a wait would be longer than the caller allows.
    Throttled,
    /// An answer came that cannot be read.
    Decode,
    /// The time for the whole call is over.
    Deadline,
    /// The object that was awaited ended in another state.
    Failed,
}

/// Whether an operation took effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing happened.
    #[default]
    NotApplied,
    /// It happened, although there is no answer to show.
    Applied,
    /// Nobody can tell from here: read the object back, for which there is
    /// [`settle`](crate::Client::settle).
    Unknown,
}

/// The inner reason. Its text stands in the first line of the error's own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("{field}: {why}")]
    Field { field: Cow<'static, str>, why: Cow<'static, str> },
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{what}")]
    SignIn { what: Cow<'static, str> },
    #[error("{what}")]
    NoSignIn { what: Cow<'static, str> },
    #[error("the service refused the request")]
    Rejected,
    #[error("{what}")]
    Refused { what: Cow<'static, str> },
    #[error("{what}")]
    Throttled { what: Cow<'static, str> },
    #[error("the answer cannot be read at {path}: {why}")]
    Decode { path: Cow<'static, str>, why: Cow<'static, str> },
    #[error("{what}")]
    Deadline { what: Cow<'static, str> },
    #[error("{what}")]
    Failed { what: Cow<'static, str> },
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self(Box::new(Inner {
            cause,
            operation: Cow::Borrowed(""),
            status: None,
            reasons: Vec::new(),
            request_id: None,
            process_id: None,
            track_id: None,
            idempotency_key: None,
            attempts: 0,
            retry_after: None,
            repeatable: false,
            outcome: Outcome::NotApplied,
            sent_at: None,
            body: Bytes::new(),
        }))
    }
}

impl From<TransportError> for Error {
    fn from(failure: TransportError) -> Self {
        Cause::Transport(failure).into()
    }
}

/// What the exchange knows of a failed call, filled in where the error leaves it.
#[derive(Default)]
pub(crate) struct Circumstances {
    pub(crate) operation: &'static str,
    pub(crate) status: Option<StatusCode>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) process_id: Option<Box<str>>,
    pub(crate) track_id: Option<Box<str>>,
    pub(crate) idempotency_key: Option<Box<str>>,
    pub(crate) attempts: u32,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) repeatable: bool,
    pub(crate) outcome: Outcome,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) body: Bytes,
}

impl Error {
    pub(crate) fn under(mut self, what: Circumstances) -> Self {
        let cause = self.0.cause;
        *self.0 = Inner {
            cause,
            operation: Cow::Borrowed(what.operation),
            status: what.status,
            reasons: what.reasons,
            request_id: what.request_id,
            process_id: what.process_id,
            track_id: what.track_id,
            idempotency_key: what.idempotency_key,
            attempts: what.attempts,
            retry_after: what.retry_after,
            repeatable: what.repeatable,
            outcome: what.outcome,
            sent_at: what.sent_at,
            body: what.body,
        };
        self
    }

    /// Names the operation of an error that was made before anything was sent.
    pub(crate) fn of(mut self, operation: &'static str) -> Self {
        if self.0.operation.is_empty() {
            self.0.operation = Cow::Borrowed(operation);
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

/// Text from outside must not begin a line of its own in somebody's log.
struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (place, part) in text.split(char::is_control).enumerate() {
            if place > 0 {
                self.0.write_char(' ')?;
            }
            self.0.write_str(part)?;
        }
        Ok(())
    }
}

impl Error {
    fn write_line(&self, f: &mut impl fmt::Write, alternate: bool) -> fmt::Result {
        let inner = &*self.0;
        if !inner.operation.is_empty() {
            write!(f, "{}: ", inner.operation)?;
        }
        if let Some(status) = inner.status {
            write!(f, "{status}: ")?;
        }
        match (&inner.cause, inner.reasons.first()) {
            (Cause::Rejected, Some(first)) => write!(f, "{first}")?,
            (cause, Some(first)) => write!(f, "{cause}: {first}")?,
            (Cause::Transport(failure), None) => {
                write!(f, "{failure}")?;
                if let Some(root) = root_cause(failure) {
                    write!(f, ": {root}")?;
                }
            }
            (cause, None) => write!(f, "{cause}")?,
        }
        let mut notes = Vec::new();
        if let Some(id) = &inner.request_id {
            notes.push(format!("request {id}"));
        }
        if inner.attempts > 1 {
            notes.push(format!("{} attempts", inner.attempts));
        }
        if let Some(wait) = inner.retry_after {
            notes.push(format!("again in {} s", wait.as_secs_f64().ceil()));
        }
        if !notes.is_empty() {
            write!(f, " ({})", notes.join(", "))?;
        }
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        if alternate {
            for reason in inner.reasons.iter().skip(1) {
                write!(f, "; also: {reason}")?;
            }
            let mut source = self.source();
            while let Some(cause) = source {
                write!(f, "; caused by: {cause}")?;
                source = cause.source();
            }
        }
        Ok(())
    }
}

impl Error {
    /// What to do about it, in a few words.
    fn advice(&self) -> Option<&'static str> {
        match (self.outcome(), self.kind()) {
            (Outcome::Unknown, _) if self.idempotency_key().is_some() => {
                Some("it may have happened: call again with the same idempotency key")
            }
            (Outcome::Unknown, _) => Some("it may have happened: read the object back before trying again"),
            (Outcome::Applied, _) => Some("it happened: do not send it again"),
            (Outcome::NotApplied, ErrorKind::Build) => Some("nothing was sent"),
            (Outcome::NotApplied, ErrorKind::Auth) => Some(
                "check client id, secret and data center: a wrong data center looks like wrong credentials",
            ),
            (Outcome::NotApplied, _)
                if self.0.reasons.iter().any(|r| r.category() == ReasonCategory::Permission) =>
            {
                Some("nothing happened: the user or the tenant lacks the permission or the feature")
            }
            (Outcome::NotApplied, ErrorKind::Failed) => None,
            (Outcome::NotApplied, _) if self.is_retryable() => Some("nothing happened: safe to call again"),
            (Outcome::NotApplied, _) => Some("nothing happened"),
        }
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
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("operation", &inner.operation)
            .field("cause", &inner.cause)
            .field("status", &inner.status)
            .field("reasons", &inner.reasons)
            .field("request_id", &inner.request_id)
            .field("process_id", &inner.process_id)
            .field("attempts", &inner.attempts)
            .field("outcome", &inner.outcome)
            .field("body", &format_args!("{} bytes", inner.body.len()))
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
    fn an_error_is_one_pointer_wide_and_goes_anywhere() {
        fn goes_anywhere<T: Send + Sync + 'static>() {}
        goes_anywhere::<Error>();
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
}
