//! The retry table: which attempts are retried, under which key, and the outcome of the call.
//!
//! All functions are pure functions of the attempt's result, so that each row can be read and tested alone.
//!
//! | Result of the attempt | Read | Keyed (POST) | Unkeyed (PUT, DELETE) | Outcome |
//! | --- | --- | --- | --- | --- |
//! | not sent | retry | retry, same key | retry | not applied |
//! | first 401 | new token, once, not counted | same | same | not applied |
//! | 429, or only reasons of categories 50 and 70 | retry | retry, same key; a replay: next key | retry | not applied |
//! | 409 without such a reason | fail | complete success body: accept; else retry, same key | fail | keyed: unknown; else not applied |
//! | no response, 5xx without a known reason, any reason of category 60, 61 or 99 | retry (60 and 99: at most twice) | retry, same key; a replay: fail | fail; reconcile | unknown, sticky |
//! | 2xx that cannot be decoded or, on a write, lacks the success flag | fail | fail | fail | unknown, or applied if `success: true` was read |
//! | any other error response | fail | fail | fail | not applied, unless already unknown |
//!
//! The first matching row applies. A *replay* is a response with the request id or process id of an earlier response of
//! the same call: the service stores the first outcome of a key for a day.

use std::time::Duration;

use http::StatusCode;

use super::envelope_reader::{self, EnvelopeReader};
use crate::error::Outcome;
use crate::error::reason::{Reason, ReasonCategory};
use crate::operation::{Effect, ResponseFormat};
use crate::transport::{HttpResponse, TransportError};

/// Result of one attempt: the rows of the retry table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptResult {
    /// The server cannot have seen the request.
    NotSent,
    /// 401, or only reasons of category 11.
    Unauthorized,
    /// 429, or only lock and limit reasons: the service did not start the work.
    Throttled,
    /// 409 because of the idempotency key, not because of a lock.
    KeyInUse { whole_success: bool },
    /// It is unknown whether the operation was applied. `unlikely_to_recover` marks reasons that are retried at most
    /// twice.
    Indeterminate { unlikely_to_recover: bool },
    /// 2xx that cannot be decoded. `applied` if `success: true` was read.
    Undecodable { applied: bool },
    /// An error response that a retry would not change.
    Rejected,
    /// A successful response.
    Success,
}

/// State from earlier attempts of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetryState {
    /// Whether a new token was requested because of a 401.
    pub(crate) refreshed: bool,
    /// Whether the current response is a replay.
    pub(crate) replay: bool,
    /// Whether the outcome of an attempt is unknown.
    pub(crate) uncertain: bool,
    /// Number of results that were unlikely to recover, including the current one.
    pub(crate) unlikely_to_recover: u32,
}

/// Next step of a call after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Return the response to the caller.
    Accept,
    /// Request a new token and retry, without counting the attempt.
    RefreshToken,
    /// Wait and retry.
    Retry(NextKey),
    /// Return an error to the caller.
    Fail,
}

/// Idempotency key of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextKey {
    Same,
    Advance,
}

/// Maximum number of retries after a response of category 60 or 99.
const MAX_UNLIKELY_RETRIES: u32 = 2;

/// Decides the next step: the first columns of the retry table.
pub(crate) fn decide(effect: Effect, result: AttemptResult, state: RetryState) -> Decision {
    use AttemptResult::{
        Indeterminate, KeyInUse, NotSent, Rejected, Success, Throttled, Unauthorized, Undecodable,
    };
    use Decision::{Accept, Fail, RefreshToken, Retry};
    use Effect::{Keyed, Read, Unkeyed};

    match (result, effect) {
        (Success, _) => Accept,
        (NotSent, _) => Retry(NextKey::Same),
        (Unauthorized, _) if !state.refreshed => RefreshToken,
        (Unauthorized, _) => Fail,
        // The service has stored the error response itself under the key. A new key is safe only if no earlier attempt
        // can still be applied.
        (Throttled, Keyed) if state.replay && state.uncertain => Fail,
        (Throttled, Keyed) if state.replay => Retry(NextKey::Advance),
        (Throttled, _) => Retry(NextKey::Same),
        (KeyInUse { whole_success: true }, Keyed) => Accept,
        (KeyInUse { .. }, Keyed) => Retry(NextKey::Same),
        (KeyInUse { .. }, _) => Fail,
        (Indeterminate { .. }, Unkeyed) => Fail,
        (Indeterminate { .. }, Keyed) if state.replay => Fail,
        (Indeterminate { unlikely_to_recover: true }, Read)
            if state.unlikely_to_recover > MAX_UNLIKELY_RETRIES =>
        {
            Fail
        }
        (Indeterminate { .. }, Read | Keyed) => Retry(NextKey::Same),
        (Undecodable { .. } | Rejected, _) => Fail,
    }
}

/// Returns the outcome of a call that ends with this result: the last column of the retry table. `uncertain` means that
/// the outcome of an earlier attempt is unknown.
pub(crate) fn outcome(effect: Effect, result: AttemptResult, uncertain: bool) -> Outcome {
    match result {
        // A read changes nothing.
        _ if effect == Effect::Read => Outcome::NotApplied,
        AttemptResult::Success | AttemptResult::Undecodable { applied: true } => Outcome::Applied,
        AttemptResult::KeyInUse { whole_success: true } if effect == Effect::Keyed => Outcome::Applied,
        AttemptResult::Undecodable { applied: false } | AttemptResult::Indeterminate { .. } => {
            Outcome::Unknown
        }
        AttemptResult::KeyInUse { .. } if effect == Effect::Keyed => Outcome::Unknown,
        _ if uncertain => Outcome::Unknown,
        _ => Outcome::NotApplied,
    }
}

/// Classifies a response, decompressed unless it `is_damaged`, whatever its status and the shape of its body.
pub(crate) fn classify(
    effect: Effect,
    format: ResponseFormat,
    response: &HttpResponse,
    is_damaged: bool,
) -> (AttemptResult, EnvelopeReader) {
    let status = response.status();
    if status.is_success() && is_damaged {
        return (AttemptResult::Undecodable { applied: false }, EnvelopeReader::default());
    }
    if status.is_success() && is_plain_success(effect, format, response) {
        return (AttemptResult::Success, EnvelopeReader::default());
    }
    let envelope = EnvelopeReader::read(response.body());
    let result = if status.is_success() {
        classify_success(effect, status, &envelope)
    } else {
        classify_error(status, &envelope.reasons, envelope.success == Some(true))
    };
    (result, envelope)
}

/// Whether the response is a success that can be recognized without parsing the whole body.
fn is_plain_success(effect: Effect, format: ResponseFormat, response: &HttpResponse) -> bool {
    if response.status() == StatusCode::NO_CONTENT {
        return true;
    }
    let body = response.body();
    match (format, effect) {
        (ResponseFormat::File, _) if !body.trim_ascii_start().starts_with(b"{") => true,
        (ResponseFormat::Json, _) if envelope_reader::quick_success(body) => true,
        (_, Effect::Read) => !envelope_reader::may_hold_error(body),
        _ => false,
    }
}

/// Classifies a 2xx response, which may still report an error.
fn classify_success(effect: Effect, status: StatusCode, envelope: &EnvelopeReader) -> AttemptResult {
    if !envelope.is_error() {
        return match envelope.success == Some(true) || effect == Effect::Read {
            true => AttemptResult::Success,
            false => AttemptResult::Undecodable { applied: false },
        };
    }
    match classify_error(status, &envelope.reasons, envelope.success == Some(true)) {
        result @ (AttemptResult::Throttled | AttemptResult::Indeterminate { .. }) => result,
        // On a write, reasons without the success flag are a rejection only if they show that the work did not start.
        _ if envelope.success.is_none() && effect != Effect::Read => {
            AttemptResult::Undecodable { applied: false }
        }
        result => result,
    }
}

/// Classifies an attempt without a response.
pub(crate) fn classify_failure(failure: &TransportError) -> AttemptResult {
    match failure {
        TransportError::NotSent(_) => AttemptResult::NotSent,
        TransportError::Unusable(_) => AttemptResult::Rejected,
        TransportError::MaybeSent(_) => AttemptResult::Indeterminate { unlikely_to_recover: false },
        TransportError::TooLarge { .. } => AttemptResult::Undecodable { applied: false },
    }
}

/// Classifies an error response.
pub(crate) fn classify_error(status: StatusCode, reasons: &[Reason], whole_success: bool) -> AttemptResult {
    let any =
        |categories: &[ReasonCategory]| reasons.iter().any(|reason| categories.contains(&reason.category()));
    let transient = [ReasonCategory::Lock, ReasonCategory::Limit];
    let all_transient = reasons.iter().all(|reason| transient.contains(&reason.category()));
    let all = |category| !reasons.is_empty() && reasons.iter().all(|reason| reason.category() == category);
    if status == StatusCode::UNAUTHORIZED || all(ReasonCategory::Authentication) {
        return AttemptResult::Unauthorized;
    }
    if status == StatusCode::TOO_MANY_REQUESTS || (all_transient && !reasons.is_empty()) {
        return AttemptResult::Throttled;
    }
    if status == StatusCode::CONFLICT && !any(&[ReasonCategory::Lock]) {
        return AttemptResult::KeyInUse { whole_success };
    }
    if any(&[ReasonCategory::Internal, ReasonCategory::Temporary, ReasonCategory::External]) {
        return AttemptResult::Indeterminate {
            unlikely_to_recover: any(&[ReasonCategory::Internal, ReasonCategory::External]),
        };
    }
    let has_known_reason = reasons.iter().any(|reason| reason.category() != ReasonCategory::Other);
    if (status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT) && !has_known_reason {
        return AttemptResult::Indeterminate { unlikely_to_recover: false };
    }
    AttemptResult::Rejected
}

/// Returns the upper bound of the random delay after the `attempt`-th attempt.
pub(crate) fn backoff_ceiling(attempt: u32, base: Duration, cap: Duration) -> Duration {
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    base.saturating_mul(doubled).min(cap)
}
