//! The events that an observer receives.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode, Uri};

use crate::error::{Error, Outcome};
use crate::operation::{Effect, Quota};
use crate::transport::Timestamp;

/// An event in the course of a call, or of a limiter of the session.
///
/// Events contain names, sizes, times and ids. They contain no token, no client secret and no body.
///
/// The events of a call begin with [`Started`](CallEventKind::Started), and end with exactly one
/// [`Ended`](CallEventKind::Ended) or [`Abandoned`](CallEventKind::Abandoned). Nothing is reported of a call that is
/// never driven, or whose request cannot be built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallEvent<'a> {
    /// Time of the event, on the clock of the transport.
    pub time: Timestamp,
    /// The call. `None` for an event of a limiter, which all calls of the session share.
    pub call: Option<&'a CallInfo>,
    /// The event itself.
    pub kind: CallEventKind<'a>,
}

/// The call of an event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallInfo {
    /// Id of the call.
    pub id: CallId,
    /// Name of the operation, such as `post_bill_run`.
    pub operation: &'static str,
    /// Effect of the operation, which decides whether it may be retried.
    pub effect: Effect,
    /// Method of the request.
    pub method: Method,
    /// Path of the operation with its parameters, such as `/v1/bill-runs/{billRunId}/post`.
    pub path: &'static str,
    /// Absolute URI of the request. It contains the keys of objects.
    pub uri: Uri,
    /// Track id that is sent.
    pub track_id: Option<String>,
}

/// Id of a call. It differs from that of every other call of the session, and of every other session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId {
    pub(super) session: u64,
    pub(super) number: u64,
}

/// Prints a number for the session, and the number of the call in the session, from 1.
impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.session, self.number)
    }
}

/// Kind of a [`CallEvent`], with its data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallEventKind<'a> {
    /// The call is driven for the first time.
    Started,
    /// The call sends a token request, for itself and for the calls that wait for the token.
    #[non_exhaustive]
    TokenRequested {
        /// Number of this attempt at the token request, from 1.
        attempt: u32,
    },
    /// The call sends its request.
    #[non_exhaustive]
    AttemptSent {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// Size of the request body in bytes.
        body_bytes: usize,
        /// Time limit of the attempt.
        timeout: Duration,
        /// Idempotency key of a POST.
        idempotency_key: Option<String>,
    },
    /// The attempt has a result, which the retry table classifies.
    #[non_exhaustive]
    AttemptClassified {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// Row of the retry table.
        classification: Classification,
        /// Status of the response. `None` if there was no response.
        status: Option<StatusCode>,
        /// Size of the response body in bytes, decompressed.
        body_bytes: usize,
        /// Id that the service gave the request.
        request_id: Option<String>,
        /// Limits of the tenant that the response reports.
        limits: RateLimits,
    },
    /// The attempt has failed, and it is decided whether it is retried.
    #[non_exhaustive]
    RetryDecided {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// Row of the retry table, which is the reason of the decision.
        because: Classification,
        /// The decision.
        decision: RetryDecision,
    },
    /// The call waits.
    #[non_exhaustive]
    WaitStarted {
        /// Reason of the wait.
        reason: WaitReason,
        /// Length of the wait. A call that waits for another call of the session may wait again.
        duration: Duration,
    },
    /// A quota is throttled for all calls of the session.
    #[non_exhaustive]
    LimiterClosed {
        /// The quota.
        quota: Quota,
        /// Time for which it is throttled.
        duration: Duration,
    },
    /// A quota is no longer throttled, as the first call after the throttle has found.
    #[non_exhaustive]
    LimiterOpened {
        /// The quota.
        quota: Quota,
    },
    /// The call returns its result.
    #[non_exhaustive]
    Ended {
        /// The error, which has the outcome, the status and the ids.
        result: Result<(), &'a Error>,
        /// Number of attempts.
        attempts: u32,
        /// Time since the start of the call.
        elapsed: Duration,
    },
    /// The call is dropped before its end, for example with its future. No error reports its outcome.
    #[non_exhaustive]
    #[doc(alias = "cancel")]
    Abandoned {
        /// [`Outcome::Unknown`] for a write whose request was in flight, or may have been applied by an earlier attempt.
        outcome: Outcome,
        /// Number of attempts.
        attempts: u32,
        /// Time from the start of the call to its last step.
        elapsed: Duration,
        /// Idempotency key under which a retry has to be sent.
        idempotency_key: Option<String>,
    },
}

/// Row of the retry table to which the result of an attempt belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Classification {
    /// The service has processed the request.
    Success,
    /// The server cannot have received the request.
    NotSent,
    /// The service rejected the token.
    Unauthorized,
    /// The service did not begin, because of a limit or a lock.
    #[doc(alias = "429")]
    Throttled,
    /// Another request with the idempotency key is in progress.
    KeyInUse,
    /// Nothing shows whether the work was done: no response, or a failure inside the service.
    Indeterminate,
    /// The response cannot be read, or contradicts itself.
    Undecodable,
    /// The service rejected the request.
    Rejected,
}

impl Classification {
    /// Returns the name in small letters, such as `not_sent`, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::NotSent => "not_sent",
            Self::Unauthorized => "unauthorized",
            Self::Throttled => "throttled",
            Self::KeyInUse => "key_in_use",
            Self::Indeterminate => "indeterminate",
            Self::Undecodable => "undecodable",
            Self::Rejected => "rejected",
        }
    }
}

/// Limits of the tenant, as a response reports them. A number is absent if the response does not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// Quota of the operation.
    pub quota: Quota,
    /// Requests left in the window that is closest to exhaustion.
    pub rate_remaining: Option<u64>,
    /// Maximum number of requests in flight.
    pub concurrency_limit: Option<u64>,
    /// Number of requests that could start now.
    pub concurrency_remaining: Option<u64>,
}

/// Decision after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryDecision {
    /// The request is sent again after a delay.
    #[non_exhaustive]
    Retry {
        /// The delay.
        delay: Duration,
        /// Whether the retry has a new idempotency key, since the service has stored a throttled response under the last.
        has_new_key: bool,
    },
    /// The request is sent again with a new token.
    RefreshToken,
    /// The response is accepted as the result of an earlier attempt.
    Accept,
    /// The call ends with an error.
    GiveUp(GiveUpReason),
}

/// Reason why a failed attempt is not retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GiveUpReason {
    /// A retry would be of no use, or could apply a write twice.
    NotRetryable,
    /// The call has made all its attempts.
    MaxAttempts,
    /// The call has no time left, or may not wait as long as it had to.
    NoTime,
    /// The retry budget of the session is used up.
    RetryBudget,
}

/// Reason why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitReason {
    /// The quota of the tenant is used up.
    RateLimit,
    /// As many requests are in flight as the service allows.
    ConcurrencyLimit,
    /// A token is being requested, by this call or by another.
    TokenRequest,
    /// The delay before a retry.
    Backoff,
}

impl WaitReason {
    /// Returns the name in small letters, such as `rate_limit`, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::ConcurrencyLimit => "concurrency_limit",
            Self::TokenRequest => "token_request",
            Self::Backoff => "backoff",
        }
    }
}
