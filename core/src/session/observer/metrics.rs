//! An observer that counts and measures calls.

use metrics::{counter, gauge, histogram};

use super::names::{kind_name, outcome_name, quota_name};
use super::{CallEvent, CallEventKind, CallInfo, RateLimits, RetryDecision};

/// Returns an observer that counts and measures calls, for [`Config::observer`](crate::Config::observer).
///
/// The metrics are those of the facade [`metrics`](::metrics), and are recorded by the recorder that the application
/// installs. Times are in seconds.
///
/// | Metric | Kind | Labels |
/// | --- | --- | --- |
/// | `zuora_calls_total` | counter | `operation`, `outcome`, `error` |
/// | `zuora_call_duration_seconds` | histogram | `operation`, `outcome` |
/// | `zuora_calls_abandoned_total` | counter | `operation`, `outcome` |
/// | `zuora_attempts_total` | counter | `operation`, `classification` |
/// | `zuora_retries_total` | counter | `operation`, `classification` |
/// | `zuora_wait_seconds` | histogram | `operation`, `reason` |
/// | `zuora_token_requests_total` | counter | |
/// | `zuora_rate_limit_remaining` | gauge | `quota` |
/// | `zuora_concurrency_limit`, `zuora_concurrency_remaining` | gauge | `quota` |
/// | `zuora_limiter_closed` | gauge, 1 or 0 | `quota` |
///
/// `outcome` is `ok`, or the outcome of the error: `not_applied`, `applied` or `unknown`. `error` is `none`, or the
/// [kind](crate::ErrorKind) of the error in small letters. The gauges of limits show the last response that reported
/// them.
///
/// ```
/// use zuora_core::{Config, DataCenter, observer};
///
/// let config = Config::with_token(DataCenter::UsCloud2, "token").observer(observer::to_metrics());
/// # let _ = config;
/// ```
#[doc(alias = "Prometheus")]
#[doc(alias = "counter")]
#[doc(alias = "histogram")]
pub fn to_metrics() -> impl Fn(&CallEvent<'_>) + Send + Sync + 'static {
    |event| match event.call {
        Some(call) => measure_call(call, &event.kind),
        None => measure_limiter(&event.kind),
    }
}

fn measure_call(call: &CallInfo, kind: &CallEventKind<'_>) {
    let operation = call.operation;
    match kind {
        CallEventKind::Ended { result, elapsed, .. } => {
            let (outcome, error) = match result {
                Ok(()) => ("ok", "none"),
                Err(error) => (outcome_name(error.outcome()), kind_name(error.kind())),
            };
            counter!("zuora_calls_total", "operation" => operation, "outcome" => outcome, "error" => error)
                .increment(1);
            histogram!("zuora_call_duration_seconds", "operation" => operation, "outcome" => outcome)
                .record(*elapsed);
        }
        CallEventKind::Abandoned { outcome, .. } => {
            let outcome = outcome_name(*outcome);
            counter!("zuora_calls_abandoned_total", "operation" => operation, "outcome" => outcome)
                .increment(1);
        }
        CallEventKind::AttemptClassified { classification, limits, .. } => {
            let classification = classification.name();
            counter!("zuora_attempts_total", "operation" => operation, "classification" => classification)
                .increment(1);
            measure_limits(*limits);
        }
        CallEventKind::RetryDecided {
            because,
            decision: RetryDecision::Retry { .. } | RetryDecision::RefreshToken,
            ..
        } => {
            let classification = because.name();
            counter!("zuora_retries_total", "operation" => operation, "classification" => classification)
                .increment(1);
        }
        CallEventKind::WaitStarted { reason, duration } => {
            histogram!("zuora_wait_seconds", "operation" => operation, "reason" => reason.name())
                .record(*duration);
        }
        CallEventKind::TokenRequested { .. } => counter!("zuora_token_requests_total").increment(1),
        _ => {}
    }
}

fn measure_limits(limits: RateLimits) {
    let quota = quota_name(limits.quota);
    if let Some(remaining) = limits.rate_remaining {
        gauge!("zuora_rate_limit_remaining", "quota" => quota).set(remaining as f64);
    }
    if let Some(limit) = limits.concurrency_limit {
        gauge!("zuora_concurrency_limit", "quota" => quota).set(limit as f64);
    }
    if let Some(remaining) = limits.concurrency_remaining {
        gauge!("zuora_concurrency_remaining", "quota" => quota).set(remaining as f64);
    }
}

fn measure_limiter(kind: &CallEventKind<'_>) {
    match kind {
        CallEventKind::LimiterClosed { quota, .. } => {
            gauge!("zuora_limiter_closed", "quota" => quota_name(*quota)).set(1.0);
        }
        CallEventKind::LimiterOpened { quota } => {
            gauge!("zuora_limiter_closed", "quota" => quota_name(*quota)).set(0.0);
        }
        _ => {}
    }
}
