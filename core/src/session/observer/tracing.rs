//! An observer that makes a span of each call.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::Uri;
use tracing::field::{Empty, display};
use tracing::{Span, debug, info_span, warn};

use super::names::{kind_name, outcome_name, quota_name};
use super::{CallEvent, CallEventKind, CallId, CallInfo, RetryDecision};
use crate::error::{Error, Outcome};

/// The spans of the calls that have started and not ended.
type Spans = Mutex<BTreeMap<CallId, OpenSpan>>;

/// The span of a call, and the fields that are recorded at its end since they may still change.
struct OpenSpan {
    span: Span,
    status: Option<u16>,
    request_id: Option<String>,
}

/// Returns an observer that makes a span of each call, for [`Config::observer`](crate::Config::observer).
///
/// The span `zuora_call` has the level `INFO` and the target `zuora_core`. Its parent is the span in which the call is
/// driven first. Its fields are named after OpenTelemetry's semantic conventions for HTTP clients and code:
///
/// | Field | Content |
/// | --- | --- |
/// | `otel.name`, `otel.kind` | method and path template; `client` |
/// | `code.function.name` | name of the operation, such as `post_bill_run` |
/// | `http.request.method`, `url.template` | method and path template of the operation |
/// | `url.full`, `server.address`, `server.port` | URL without its query, host and port |
/// | `http.response.status_code` | status of the last response |
/// | `http.request.resend_count` | number of attempts after the first, if there were any |
/// | `error.type`, `otel.status_code` | status or [kind](crate::ErrorKind) of the error, and `ERROR` |
/// | `zuora.call.id`, `zuora.track_id`, `zuora.request_id` | ids of the call, and of the last response |
/// | `zuora.outcome` | `not_applied`, `applied` or `unknown`, if the call failed or was abandoned |
///
/// Each attempt is an event of level `DEBUG` in the span. So are token requests, decisions about retries and waits. A
/// failed call and a write that was abandoned with an unknown outcome are events of level `WARN`. So is a limiter that
/// closes, outside any call.
///
/// The span is not entered: spans of the HTTP client become its siblings and not its children.
///
/// ```
/// use zuora_core::{Config, DataCenter, observer};
///
/// let config = Config::with_token(DataCenter::UsCloud2, "token").observer(observer::to_tracing());
/// # let _ = config;
/// ```
#[doc(alias = "OpenTelemetry")]
#[doc(alias = "logging")]
#[doc(alias = "span")]
pub fn to_tracing() -> impl Fn(&CallEvent<'_>) + Send + Sync + 'static {
    let spans = Spans::default();
    move |event| match event.call {
        Some(call) => trace_call(&spans, call, event),
        None => trace_limiter(event),
    }
}

fn trace_call(spans: &Spans, call: &CallInfo, event: &CallEvent<'_>) {
    let lock = || spans.lock().unwrap_or_else(PoisonError::into_inner);
    match &event.kind {
        CallEventKind::Started => {
            let span = span_of(call);
            if !span.is_disabled() {
                lock().insert(call.id, OpenSpan { span, status: None, request_id: None });
            }
        }
        CallEventKind::Ended { result, attempts, .. } => {
            let Some(open) = lock().remove(&call.id) else { return };
            let span = open.record(*attempts);
            if let Err(error) = result {
                record_error(&span, error);
            }
        }
        CallEventKind::Abandoned { outcome, attempts, idempotency_key, .. } => {
            let Some(open) = lock().remove(&call.id) else { return };
            let span = open.record(*attempts);
            span.record("zuora.outcome", outcome_name(*outcome));
            match outcome {
                Outcome::Unknown => {
                    let idempotency_key = idempotency_key.as_deref();
                    warn!(target: "zuora_core", parent: &span, idempotency_key, "abandoned, and may have been applied");
                }
                _ => debug!(target: "zuora_core", parent: &span, "abandoned"),
            }
        }
        kind => {
            let mut spans = lock();
            let Some(open) = spans.get_mut(&call.id) else { return };
            open.note(kind);
            let span = open.span.clone();
            // A subscriber may make calls itself.
            drop(spans);
            trace_step(&span, kind);
        }
    }
}

fn span_of(call: &CallInfo) -> Span {
    let uri = &call.uri;
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    info_span!(
        target: "zuora_core",
        "zuora_call",
        otel.name = format!("{} {}", call.method, call.path).trim_end(),
        otel.kind = "client",
        otel.status_code = Empty,
        code.function.name = call.operation,
        http.request.method = call.method.as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        url.full = url_of(uri),
        url.template = (!call.path.is_empty()).then_some(call.path), // unknown for a raw operation
        server.address = uri.host().unwrap_or_default(),
        server.port = i64::from(port),
        "error.type" = Empty,
        zuora.call.id = %call.id,
        zuora.track_id = call.track_id.as_deref(),
        zuora.request_id = Empty,
        zuora.outcome = Empty,
    )
}

/// Returns the URL without its query. It is formatted only for a span that is enabled.
fn url_of(uri: &Uri) -> String {
    let (scheme, authority) = (uri.scheme_str(), uri.authority());
    format!("{}://{}{}", scheme.unwrap_or("https"), authority.map_or("", |a| a.as_str()), uri.path())
}

impl OpenSpan {
    fn note(&mut self, kind: &CallEventKind<'_>) {
        if let CallEventKind::AttemptClassified { status, request_id, .. } = kind {
            self.status = status.map(|status| status.as_u16());
            self.request_id.clone_from(request_id);
        }
    }

    /// Records the fields of the last attempt.
    fn record(self, attempts: u32) -> Span {
        if attempts > 1 {
            self.span.record("http.request.resend_count", i64::from(attempts - 1));
        }
        if let Some(status) = self.status {
            self.span.record("http.response.status_code", i64::from(status));
        }
        if let Some(id) = &self.request_id {
            self.span.record("zuora.request_id", display(id));
        }
        self.span
    }
}

fn record_error(span: &Span, error: &Error) {
    match error.status().filter(|status| !status.is_success()) {
        Some(status) => span.record("error.type", status.as_str()),
        None => span.record("error.type", kind_name(error.kind())),
    };
    span.record("otel.status_code", "ERROR");
    span.record("zuora.outcome", outcome_name(error.outcome()));
    warn!(target: "zuora_core", parent: span, error = %error, "failed");
}

/// Makes an event of what happens between the start and the end of a call.
fn trace_step(span: &Span, kind: &CallEventKind<'_>) {
    match kind {
        CallEventKind::AttemptSent { attempt, body_bytes, timeout, idempotency_key } => {
            let idempotency_key = idempotency_key.as_deref();
            debug!(target: "zuora_core", parent: span, attempt, body_bytes, ?timeout, idempotency_key, "sent");
        }
        CallEventKind::AttemptClassified {
            attempt, classification, status, body_bytes, request_id, ..
        } => {
            let status = status.map(|status| status.as_u16());
            debug!(
                target: "zuora_core",
                parent: span,
                attempt,
                http.response.status_code = status,
                body_bytes,
                zuora.request_id = request_id.as_deref(),
                classification = classification.name(),
                "attempt"
            );
        }
        CallEventKind::RetryDecided { attempt, because, decision } => {
            let because = because.name();
            match decision {
                RetryDecision::Retry { delay, .. } => {
                    debug!(target: "zuora_core", parent: span, attempt, because, ?delay, "retry");
                }
                decision => {
                    debug!(target: "zuora_core", parent: span, attempt, because, ?decision, "decided");
                }
            }
        }
        CallEventKind::WaitStarted { reason, duration } => {
            debug!(target: "zuora_core", parent: span, reason = reason.name(), ?duration, "wait");
        }
        CallEventKind::TokenRequested { attempt } => {
            debug!(target: "zuora_core", parent: span, attempt, "token requested");
        }
        _ => {}
    }
}

fn trace_limiter(event: &CallEvent<'_>) {
    match &event.kind {
        CallEventKind::LimiterClosed { quota, duration } => {
            warn!(target: "zuora_core", quota = quota_name(*quota), ?duration, "limiter closed");
        }
        CallEventKind::LimiterOpened { quota } => {
            debug!(target: "zuora_core", quota = quota_name(*quota), "limiter opened");
        }
        _ => {}
    }
}
