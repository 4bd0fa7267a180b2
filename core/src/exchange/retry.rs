//! What may be repeated, with which key, and what is known of the outcome: the key table.
//!
//! Everything here is a pure function of what came back, so that each row can be read and tested by itself.
//!
//! | Came back | Read | Keyed (POST) | Transition (PUT, DELETE) | Outcome so far |
//! | --- | --- | --- | --- | --- |
//! | never left | repeat | repeat, same key | repeat | not applied |
//! | first 401 | fresh token, once, not counted | same | same | not applied |
//! | 429, or only reasons of categories 50 and 70 | repeat | repeat, same key; a replay: next key | repeat | not applied |
//! | 409 without such a reason | stop | whole success body: done; else wait, same key | stop | keyed: unknown; else not applied |
//! | no answer, 5xx without a verdict, any reason of category 60, 61, 99 | repeat (60 and 99: twice at most) | repeat, same key; a replay ends it | stop: read back | unknown, sticky |
//! | 2xx that cannot be read or, on a write, lacks the flag | stop | stop | stop | unknown, or applied when `success: true` was read |
//! | any other refusal | stop | stop | stop | not applied, unless unknown already |
//!
//! The first row that fits wins. A *replay* is an answer that carries the request id or process id of an
//! earlier answer of the same call: the service keeps the first outcome of a key for a day.

use std::time::Duration;

use http::StatusCode;

use super::envelope_reader::{self, EnvelopeReader};
use crate::error::Outcome;
use crate::error::reason::{Reason, ReasonCategory};
use crate::operation::{Effect, ResponseFormat};
use crate::transport::{HttpResponse, TransportError};

/// What came back from one attempt: the rows of the key table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptResult {
    /// The server cannot have seen the request.
    NotSent,
    /// 401, or nothing but reasons of category 11.
    Unauthorized,
    /// 429, or nothing but lock and limit reasons: the service did not begin.
    Throttled,
    /// 409 that is about the key, not about a lock.
    KeyInUse { whole_success: bool },
    /// Nobody can tell whether the work was done. `unlikely_to_recover` is for reasons worth few tries.
    Indeterminate { unlikely_to_recover: bool },
    /// 2xx, but not to be read. `applied` when it said `success: true`.
    Undecodable { applied: bool },
    /// A refusal for good.
    Rejected,
    /// What was asked for.
    Success,
}

/// What the attempts before this one have shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetryState {
    /// A fresh token was fetched already.
    pub(crate) refreshed: bool,
    /// The answer in hand is one that came before.
    pub(crate) replay: bool,
    /// An attempt ended with nothing known.
    pub(crate) uncertain: bool,
    /// Answers that were worth few tries, this one included.
    pub(crate) unlikely_to_recover: u32,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Hand the answer to the caller.
    Accept,
    /// Fetch a fresh token and repeat, without counting.
    RefreshToken,
    /// Wait and repeat.
    Retry(NextKey),
    /// Give up.
    Fail,
}

/// The key of a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextKey {
    Same,
    Advance,
}

/// How often an answer of category 60 or 99 is repeated at most.
const MAX_UNLIKELY_RETRIES: u32 = 2;

/// The key table.
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
        // The refusal itself is what the service keeps under the key. A new key is safe only while no earlier
        // attempt can still be at work.
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

/// What is known of the outcome when a call ends with this, after `uncertain` attempts or without.
pub(crate) fn outcome(effect: Effect, result: AttemptResult, uncertain: bool) -> Outcome {
    match result {
        // Reading changes nothing, however it ends.
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
    let is_no_effect =
        matches!(result, AttemptResult::Rejected | AttemptResult::Throttled | AttemptResult::Unauthorized);
    // A request that failed as a whole and a row that succeeded contradict each other.
    if is_no_effect && envelope.has_applied_row && effect != Effect::Read {
        return (AttemptResult::Undecodable { applied: false }, envelope);
    }
    (result, envelope)
}

/// A success that is recognized without reading the whole body.
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

/// Classifies a 2xx response, which may report an error all the same.
fn classify_success(effect: Effect, status: StatusCode, envelope: &EnvelopeReader) -> AttemptResult {
    if !envelope.is_error() {
        return match envelope.success == Some(true) || effect == Effect::Read {
            true => AttemptResult::Success,
            false => AttemptResult::Undecodable { applied: false },
        };
    }
    match classify_error(status, &envelope.reasons, envelope.success == Some(true)) {
        result @ (AttemptResult::Throttled | AttemptResult::Indeterminate { .. }) => result,
        // On a write, reasons without the flag reject only where they say that the work did not begin.
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

/// Upper end of the random pause after the `attempt`-th attempt.
pub(crate) fn backoff_ceiling(attempt: u32, base: Duration, cap: Duration) -> Duration {
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    base.saturating_mul(doubled).min(cap)
}
