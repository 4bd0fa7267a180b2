//! The retry table: whether a request is sent again, under which key, and what is known of the outcome.
//!
//! Everything here is a pure function of the result of an attempt, so that each row can be read and tested by itself.
//!
//! | Result of the attempt | Read | Keyed (POST) | Unkeyed (PUT, DELETE) | Outcome so far |
//! | --- | --- | --- | --- | --- |
//! | not sent | retry | retry, same key | retry | not applied |
//! | first 401 | new token, once, not counted | same | same | not applied |
//! | 429, or only reasons of categories 50 and 70 | retry | retry, same key; a replay: next key | retry | not applied |
//! | no response, 5xx without an envelope, 303, 408, 444, 499, 1xx, 600 and above, any reason of category 60, 61, 99 | retry (60 and 99: twice at most) | retry, same key; a replay ends it | fail: reconcile | unknown, sticky |
//! | 409 without such a reason | as below | whole success body: done; else wait, same key | as below | keyed: unknown |
//! | 2xx that cannot be read or, on a write, lacks the flag; flags that contradict each other or the status | fail | fail | fail | unknown, or applied when `success: true` was read |
//! | an error response to several rows, unless its reasons are about the request as a whole | as below | as below | fail: reconcile | unknown |
//! | any other error response | fail | fail | fail | not applied, unless unknown already |
//!
//! The first row that matches wins. A `code` and a `message` without an envelope in a 5xx are a gateway's words: the
//! code says nothing about the work. A *replay* is a response with the request id or process id of an earlier response
//! to the same call: the service keeps the first outcome of a key for a day.
//!
//! On a write, a flag or a row that reports success contradicts every row of the table that has no effect: such a
//! response is one of flags that contradict each other or the status.

use std::time::Duration;

use http::StatusCode;
use serde::de::IgnoredAny;

use super::envelope_reader::EnvelopeReader;
use super::success_flag::{may_hold_error, quick_success};
use crate::error::Outcome;
use crate::error::reason::{Reason, ReasonCategory};
use crate::operation::{Effect, ResponseFormat};
use crate::transport::{HttpResponse, TransportError};

/// The result of one attempt: the rows of the retry table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptResult {
    /// The server cannot have seen the request.
    NotSent,
    /// 401, or only reasons of category 11.
    Unauthorized,
    /// 429, or only lock and limit reasons: the service did not begin.
    Throttled,
    /// 409 that is about the key, not about a lock.
    KeyInUse {
        whole_success: bool,
    },
    /// Nothing shows whether the work was done. `unlikely_to_recover` is for reasons worth few tries.
    Indeterminate {
        unlikely_to_recover: bool,
    },
    /// A response that cannot be read, or that contradicts itself.
    Undecodable,
    /// A permanent rejection.
    Rejected,
    Success,
}

/// The results of the attempts so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetryState {
    /// A new token was requested already.
    pub(crate) refreshed: bool,
    /// The response at hand is a replay.
    pub(crate) replay: bool,
    /// An attempt ended with an unknown outcome.
    pub(crate) uncertain: bool,
    /// The service itself has reported a failure under the key. A later success is not its stored response.
    pub(crate) key_failed: bool,
    /// Responses worth few tries, the one at hand included.
    pub(crate) unlikely_to_recover: u32,
}

/// The next step of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Hand the response to the caller.
    Accept,
    /// Request a new token and retry, without counting the attempt.
    RefreshToken,
    /// Wait and retry.
    Retry(NextKey),
    /// Give up.
    Fail,
}

/// The key of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextKey {
    Same,
    Advance,
}

/// Most retries after responses of category 60 or 99.
const MAX_UNLIKELY_RETRIES: u32 = 2;

/// Looks up the retry table.
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
        // The service keeps the rejection itself under the key. A new key is safe only while no earlier attempt can
        // still be at work.
        (Throttled, Keyed) if state.replay && state.uncertain => Fail,
        (Throttled, Keyed) if state.replay => Retry(NextKey::Advance),
        (Throttled, _) => Retry(NextKey::Same),
        (KeyInUse { whole_success: true }, _) => Accept,
        (KeyInUse { .. }, _) => Retry(NextKey::Same),
        (Indeterminate { .. }, Unkeyed) => Fail,
        (Indeterminate { .. }, Keyed) if state.replay => Fail,
        (Indeterminate { unlikely_to_recover: true }, Read)
            if state.unlikely_to_recover > MAX_UNLIKELY_RETRIES =>
        {
            Fail
        }
        (Indeterminate { .. }, Read | Keyed) => Retry(NextKey::Same),
        (Undecodable | Rejected, _) => Fail,
    }
}

/// Whether a rejected request with several rows may have changed some of them: whether the service keeps such changes
/// is not documented. Reasons about the form of the request, the permission or a limit show that the work did not
/// begin. A POST reports its rows, and its key protects them.
pub(crate) fn may_have_kept_rows(effect: Effect, result: AttemptResult, reasons: &[Reason]) -> bool {
    let had_begun = |reason: &Reason| {
        !matches!(
            reason.category(),
            ReasonCategory::Permission
                | ReasonCategory::Authentication
                | ReasonCategory::Format
                | ReasonCategory::UnknownField
                | ReasonCategory::MissingField
                | ReasonCategory::MissingParameter
                | ReasonCategory::InvalidParameter
                | ReasonCategory::Unsupported
                | ReasonCategory::Limit
                | ReasonCategory::Malformed
        )
    };
    let is_silent = reasons.is_empty() && result == AttemptResult::Rejected;
    effect == Effect::Unkeyed
        && matches!(result, AttemptResult::Rejected | AttemptResult::Throttled)
        && (is_silent || reasons.iter().any(had_begun))
}

/// Returns the known outcome of a call that ends with `result`, after an `uncertain` attempt or without one.
pub(crate) fn outcome(effect: Effect, result: AttemptResult, uncertain: bool) -> Outcome {
    match result {
        // A read changes nothing, however it ends.
        _ if effect == Effect::Read => Outcome::NotApplied,
        AttemptResult::Success => Outcome::Applied,
        AttemptResult::KeyInUse { whole_success: true } => Outcome::Applied,
        AttemptResult::Undecodable | AttemptResult::Indeterminate { .. } | AttemptResult::KeyInUse { .. } => {
            Outcome::Unknown
        }
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
        return (AttemptResult::Undecodable, EnvelopeReader::default());
    }
    if status.is_success() && is_plain_success(effect, format, response) {
        return (AttemptResult::Success, EnvelopeReader::default());
    }
    let envelope = EnvelopeReader::read(response.body());
    let result = if status.is_success() {
        classify_success(effect, format, &envelope)
    } else {
        classify_error(status, &envelope)
    };
    // Reading has no outcome to be in doubt of: the error response is what a caller wants to see.
    let result = match result {
        AttemptResult::Undecodable if effect == Effect::Read && !status.is_success() => {
            AttemptResult::Rejected
        }
        AttemptResult::Indeterminate { .. } if effect == Effect::Read && status == StatusCode::SEE_OTHER => {
            AttemptResult::Rejected
        }
        // No key can be in use by a request without one.
        AttemptResult::KeyInUse { .. } if effect != Effect::Keyed => AttemptResult::Rejected,
        result => result,
    };
    let is_no_effect =
        matches!(result, AttemptResult::Rejected | AttemptResult::Throttled | AttemptResult::Unauthorized);
    // A request that failed as a whole contradicts a row that succeeded, and a flag that does.
    let is_contradicted =
        envelope.has_applied_row || envelope.is_contradictory || envelope.success == Some(true);
    if is_no_effect && is_contradicted && effect != Effect::Read {
        return (AttemptResult::Undecodable, envelope);
    }
    (result, envelope)
}

/// Whether a response is a success that is recognized without reading the whole body.
fn is_plain_success(effect: Effect, format: ResponseFormat, response: &HttpResponse) -> bool {
    let body = response.body();
    if response.status() == StatusCode::NO_CONTENT && body.is_empty() {
        return true;
    }
    match (format, effect) {
        (ResponseFormat::File, _) if !body.trim_ascii_start().starts_with(b"{") => true,
        (ResponseFormat::Json, _) if quick_success(body) => true,
        // No operation reads the body of a raw write: the flag at the end of a body that was cut off is that of a row.
        (ResponseFormat::Any, _) if quick_success(body) => effect == Effect::Read || is_whole(body),
        (_, Effect::Read) => !may_hold_error(body),
        _ => false,
    }
}

/// Whether a body is one whole JSON value. A byte that is not UTF-8 changes nothing about its end.
fn is_whole(body: &[u8]) -> bool {
    serde_json::from_str::<IgnoredAny>(&String::from_utf8_lossy(body)).is_ok()
}

/// Classifies a 2xx response, which may report an error all the same.
fn classify_success(effect: Effect, format: ResponseFormat, envelope: &EnvelopeReader) -> AttemptResult {
    if envelope.is_contradictory && effect != Effect::Read {
        return AttemptResult::Undecodable;
    }
    if !envelope.is_error(format == ResponseFormat::Any) {
        return match envelope.success == Some(true) || effect == Effect::Read {
            true => AttemptResult::Success,
            false => AttemptResult::Undecodable,
        };
    }
    match classify_reasons(&envelope.reasons).unwrap_or(AttemptResult::Rejected) {
        result @ (AttemptResult::Throttled | AttemptResult::Indeterminate { .. }) => result,
        // On a write, reasons without the flag reject only where they say that the work did not begin.
        _ if envelope.success.is_none() && effect != Effect::Read => AttemptResult::Undecodable,
        result => result,
    }
}

/// Classifies an attempt without a response.
pub(crate) fn classify_failure(failure: &TransportError) -> AttemptResult {
    match failure {
        TransportError::NotSent(_) => AttemptResult::NotSent,
        TransportError::Unusable(_) => AttemptResult::Rejected,
        TransportError::MaybeSent(_) => AttemptResult::Indeterminate { unlikely_to_recover: false },
        TransportError::TooLarge { .. } => AttemptResult::Undecodable,
    }
}

/// Classifies a response without a 2xx status.
pub(crate) fn classify_error(status: StatusCode, envelope: &EnvelopeReader) -> AttemptResult {
    // Nginx and others send 408, 444 and 499 for a request that they passed on and no longer wait for. 303 means that a
    // write is done, and that its result is elsewhere.
    let is_cut_off = matches!(status.as_u16(), 303 | 408 | 444 | 499);
    let is_odd = status.is_informational() || status.as_u16() >= 600;
    let is_of_gateway = status.is_server_error() && envelope.is_flat;
    let reasons = if is_of_gateway { &[] } else { &envelope.reasons[..] };
    let said_success = envelope.success == Some(true) || envelope.is_contradictory;

    if status == StatusCode::UNAUTHORIZED {
        return AttemptResult::Unauthorized;
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return AttemptResult::Throttled;
    }
    if let Some(result) = classify_reasons(reasons) {
        return result;
    }
    if status == StatusCode::CONFLICT {
        return match reasons.iter().any(|reason| reason.category() == ReasonCategory::Lock) {
            true => AttemptResult::Rejected,
            false => AttemptResult::KeyInUse { whole_success: said_success && !envelope.is_contradictory },
        };
    }
    if is_cut_off || is_odd {
        return AttemptResult::Indeterminate { unlikely_to_recover: false };
    }
    let has_known_reason = reasons.iter().any(|reason| reason.category() != ReasonCategory::Other);
    if status.is_server_error() && (said_success || !has_known_reason) {
        return AttemptResult::Indeterminate { unlikely_to_recover: false };
    }
    if said_success {
        return AttemptResult::Undecodable;
    }
    AttemptResult::Rejected
}

/// Returns the row that reasons lead to by themselves, at any status.
fn classify_reasons(reasons: &[Reason]) -> Option<AttemptResult> {
    use ReasonCategory::{Authentication, External, Internal, Limit, Lock, Temporary};

    let any =
        |categories: &[ReasonCategory]| reasons.iter().any(|reason| categories.contains(&reason.category()));
    let all = |categories: &[ReasonCategory]| {
        !reasons.is_empty() && reasons.iter().all(|reason| categories.contains(&reason.category()))
    };
    if all(&[Authentication]) {
        Some(AttemptResult::Unauthorized)
    } else if all(&[Lock, Limit]) {
        Some(AttemptResult::Throttled)
    } else if any(&[Internal, Temporary, External]) {
        Some(AttemptResult::Indeterminate { unlikely_to_recover: any(&[Internal, External]) })
    } else {
        None
    }
}

/// Returns the upper end of the random delay after the `attempt`-th attempt.
pub(crate) fn backoff_ceiling(attempt: u32, base: Duration, cap: Duration) -> Duration {
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    base.saturating_mul(doubled).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_write_is_not_applied_by_the_flag_of_a_row_before_a_cut() {
        let classified = |effect, body: &'static str| {
            let response = HttpResponse::new(body.into());
            classify(effect, ResponseFormat::Any, &response, false).0
        };
        let cut = r#"{"processId":"12345678901234567890","results":[{"success":true}"#;
        for effect in [Effect::Keyed, Effect::Unkeyed] {
            assert_eq!(classified(effect, cut), AttemptResult::Undecodable);
            assert_eq!(classified(effect, r#"{"id":"1","success":true}"#), AttemptResult::Success);
        }
        assert_eq!(classified(Effect::Read, cut), AttemptResult::Success);
    }

    #[test]
    fn a_flag_of_success_contradicts_each_error_without_an_effect() {
        let lock = r#""reasons":[{"code":58490050}]"#;
        for (status, body) in [
            (401, r#"{"success":true}"#.to_owned()),
            (429, r#"{"success":true}"#.to_owned()),
            (409, r#"{"success":true,"id":"1","success":false}"#.to_owned()),
            (409, r#"{"success":false,"invoices":[{"id":"1","success":true}]}"#.to_owned()),
            (400, format!(r#"{{"success":true,{lock}}}"#)),
            (400, format!(r#"{{"success":false,{lock},"success":true}}"#)),
            (400, format!(r#"{{"success":false,{lock},"invoices":[{{"id" "1","success":true}}]}}"#)),
        ] {
            let mut response = HttpResponse::new(body.clone().into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for effect in [Effect::Keyed, Effect::Unkeyed] {
                let result = classify(effect, ResponseFormat::Json, &response, false).0;
                assert_eq!(outcome(effect, result, false), Outcome::Unknown, "{status} {body}");
            }
            let of_read = classify(Effect::Read, ResponseFormat::Json, &response, false).0;
            assert_ne!(of_read, AttemptResult::Undecodable, "{status} {body}");
        }
    }

    #[test]
    fn a_request_without_a_key_is_rejected_by_409_as_by_any_other_status() {
        let mut response = HttpResponse::new(r#"{"success":false}"#.into());
        *response.status_mut() = StatusCode::CONFLICT;
        for effect in [Effect::Read, Effect::Unkeyed] {
            let result = classify(effect, ResponseFormat::Json, &response, false).0;
            assert_eq!(result, AttemptResult::Rejected);
            assert_eq!(may_have_kept_rows(effect, result, &[]), effect == Effect::Unkeyed);
        }
    }

    #[test]
    fn a_row_may_be_kept_unless_every_reason_is_about_the_request_as_a_whole() {
        let may_have_kept = |codes: &[&str]| {
            let reason = |code: &&str| Reason { code: (*code).to_owned(), ..Reason::default() };
            let reasons: Vec<_> = codes.iter().map(reason).collect();
            may_have_kept_rows(Effect::Unkeyed, AttemptResult::Rejected, &reasons)
        };
        for code in ["10", "11", "20", "21", "22", "23", "27", "45", "70", "90"] {
            assert!(!may_have_kept(&[code]) && may_have_kept(&[code, "30"]), "{code}");
        }
        for code in ["30", "40", "50", "60", "61", "99", "SOMETHING_ELSE"] {
            assert!(may_have_kept(&[code]), "{code}");
        }
    }

    #[test]
    fn a_success_is_applied_also_after_an_unknown_attempt() {
        use AttemptResult::{KeyInUse, Rejected, Success, Undecodable};
        let whole = KeyInUse { whole_success: true };
        for (effect, result, expected) in [
            (Effect::Keyed, Success, Outcome::Applied),
            (Effect::Unkeyed, Success, Outcome::Applied),
            (Effect::Keyed, Undecodable, Outcome::Unknown),
            (Effect::Keyed, whole, Outcome::Applied),
            (Effect::Keyed, KeyInUse { whole_success: false }, Outcome::Unknown),
            (Effect::Keyed, Rejected, Outcome::Unknown),
            (Effect::Read, Success, Outcome::NotApplied),
        ] {
            assert_eq!(outcome(effect, result, true), expected, "{effect:?} {result:?}");
        }
        assert_eq!(outcome(Effect::Keyed, KeyInUse { whole_success: false }, false), Outcome::Unknown);
    }
}
