//! Kinds of faults.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::operation::ApiOperation;
use super::planned_fault::PlannedFault;
use super::request_pattern::{RequestPattern, RequestTarget};
use crate::values::FailureCategory;

/// A fault that affects a request on its way to the service, in the service, or on the way back.
///
/// A fault applies once, to the first request that it matches and can affect. [`InProcess`](crate::InProcess) and the HTTP
/// server apply faults; [`Sandbox::handle`](crate::Sandbox::handle) does not. Both a fault of the delivery and
/// a fault of the execution can apply to one request; see [`affects_execution`](Self::affects_execution).
///
/// ```
/// use std::time::Duration;
/// use http::{Method, StatusCode};
/// use zuora_sandbox::{ApiOperation, Fault, InProcess};
///
/// let transport = InProcess::demo();
/// let mut sandbox = transport.sandbox();
/// let faults = sandbox.faults();
/// faults.push(Fault::LoseResponse.on(Method::PUT, "/post"));
/// faults.push(Fault::throttled(30).on(Method::GET, "/v1/bill-runs/*").times(2));
/// faults.push(Fault::execute_then(StatusCode::GATEWAY_TIMEOUT).on_operation(ApiOperation::CreateBillRun));
/// faults.push(Fault::execute_later(Duration::from_secs(60)).on(Method::DELETE, "/v1/invoices/*").nth(2));
/// faults.push(Fault::RunAsJob(Duration::from_secs(200)).on_operation(ApiOperation::ReverseInvoice));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The service executes the request, but the response is lost.
    LoseResponse,
    /// The request is not sent, and the client can prove it. Over HTTP the server can only close the
    /// connection before it does anything, so the client has to assume that the request may have been sent.
    NotSent,
    /// An intermediary responds and the request does not reach the service. The response is never stored under
    /// an idempotency key.
    Respond(Response<Bytes>),
    /// The service responds and does nothing. The response is stored under the idempotency key according to
    /// the settings.
    Reject(Response<Bytes>),
    /// The service executes the request and the response arrives after this delay.
    Delay(Duration),
    /// The service executes the request, and an intermediary replaces the response. The response of the
    /// service is stored under the idempotency key.
    ExecuteThenRespond(Response<Bytes>),
    /// The client receives the response of an intermediary, or loses the connection; the service executes the
    /// request later. Until then, the idempotency key counts as running. The service checks the token, quota
    /// and key when the request arrives.
    ExecuteLater {
        /// Time from the arrival of the request until the execution.
        after: Duration,
        /// Response of the intermediary; `None` if the connection is lost.
        response: Option<Response<Bytes>>,
    },
    /// The service executes the request, and the connection breaks after this number of bytes of the body of
    /// the response. In process, this is a lost response.
    Disconnect(usize),
    /// The body of the response ends after this number of bytes, and the response looks complete.
    Truncate(usize),
    /// Up to eight bytes of the body of the response, from this position on, are replaced by `0xFF`, which is
    /// neither UTF-8 nor gzip. A position beyond the end is counted from the start again.
    Garble(usize),
    /// The service executes the request, and the body of the response arrives in pieces, as over a slow connection.
    Drip {
        /// Size of each piece in bytes; 0 counts as 1.
        bytes: usize,
        /// Time between two pieces.
        pause: Duration,
    },
    /// The request is delivered twice, at once or later, as by a proxy that retries. The service replays the
    /// response of a known idempotency key; every other request is executed again.
    Duplicate(Duplication),
    /// The service fails without executing the request, and stores the response under the idempotency key
    /// according to the settings.
    Fail(FailureCategory),
    /// The service executes the request, but reports a failure, which it stores under the idempotency key
    /// according to the settings.
    ExecuteThenFail(FailureCategory),
    /// The row at this position of a bulk request, from 0, fails. Other requests are not affected.
    FailRow(usize, FailureCategory),
    /// The draft at this position of the bill run, from 0 in the order of creation, fails to be posted, so that
    /// the run returns to `Completed`. For requests that post a run.
    FailDocument(usize),
    /// The operation is executed by a job of this duration, however small the invoice is. For requests that
    /// post, cancel, delete, reverse or write off one invoice.
    RunAsJob(Duration),
    /// The request reads a state of this age, but none from before the fault was planned. For GET requests,
    /// Object Query included.
    StaleRead(Duration),
    /// The token of the request expires before the service reads it: the service responds with 401 and does
    /// nothing.
    ExpireToken,
    /// The service executes the request, and the token of the request expires immediately afterwards.
    ExpireTokenAfter,
}

/// Time of the second delivery of a duplicated request, and the response that the client receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duplication {
    /// The second delivery follows immediately; the client receives the first response.
    FirstResponse,
    /// The second delivery follows immediately; the client receives the second response.
    SecondResponse,
    /// The second delivery arrives after this time; the client receives the first response.
    Later(Duration),
}

impl Fault {
    /// Responds with that status and an empty body, like a gateway.
    pub fn status(status: StatusCode) -> Self {
        let mut response = Response::default();
        *response.status_mut() = status;
        Self::Respond(response)
    }

    /// Responds with that status and a JSON body, like a gateway.
    pub fn json(status: StatusCode, body: impl Into<String>) -> Self {
        Self::Respond(typed(status, "application/json;charset=utf-8", body.into()))
    }

    /// Responds with that status and a plain text, like a gateway.
    pub fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self::Respond(typed(status, "text/plain;charset=utf-8", body.into()))
    }

    /// Responds with that status and an HTML page, like a gateway.
    pub fn html(status: StatusCode) -> Self {
        Self::Respond(gateway_page(status))
    }

    /// Rejects with the 429 of the concurrency limit, with `Retry-After` in seconds.
    pub fn throttled(retry_after: u64) -> Self {
        let reason = r#"{"success":false,"reasons":[{"code":50000070,"message":"Request exceeded limit"}]}"#;
        let mut response =
            typed(StatusCode::TOO_MANY_REQUESTS, "application/json;charset=utf-8", reason.to_owned());
        response.headers_mut().insert(RETRY_AFTER, retry_after.into());
        Self::Reject(response)
    }

    /// Executes the request, then responds with `status` and an HTML page, like a gateway.
    pub fn execute_then(status: StatusCode) -> Self {
        Self::ExecuteThenRespond(gateway_page(status))
    }

    /// Responds with the 504 of a gateway, and executes the request after the time `after`.
    pub fn execute_later(after: Duration) -> Self {
        Self::ExecuteLater { after, response: Some(gateway_page(StatusCode::GATEWAY_TIMEOUT)) }
    }

    /// Loses the connection, and executes the request after the time `after`.
    pub const fn lose_then_execute(after: Duration) -> Self {
        Self::ExecuteLater { after, response: None }
    }

    /// Adds headers to the response of the fault; has no effect on faults without one.
    ///
    /// The HTTP server replaces `content-length` and `transfer-encoding` by its own. For a body that does not arrive as a
    /// whole, use [`Disconnect`](Self::Disconnect) or [`Truncate`](Self::Truncate).
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        if let Self::Respond(response)
        | Self::Reject(response)
        | Self::ExecuteThenRespond(response)
        | Self::ExecuteLater { response: Some(response), .. } = &mut self
        {
            response.headers_mut().extend(headers);
        }
        self
    }

    /// Limits the fault to requests of a method whose path ends in `path`, in which `*` matches one
    /// segment.
    pub fn on(self, method: Method, path: impl Into<String>) -> PlannedFault {
        self.matching(RequestPattern::path(method, path))
    }

    /// Limits the fault to requests of one operation.
    pub fn on_operation(self, operation: ApiOperation) -> PlannedFault {
        self.matching(RequestPattern::operation(operation))
    }

    /// Limits the fault to requests that match the pattern.
    pub fn matching(self, pattern: RequestPattern) -> PlannedFault {
        PlannedFault::new(self, pattern)
    }

    /// Applies the fault to `times` matching requests.
    pub fn times(self, times: usize) -> PlannedFault {
        PlannedFault::from(self).times(times)
    }

    /// Applies the fault to the n-th matching request, from 1, instead of the first.
    pub fn nth(self, nth: usize) -> PlannedFault {
        PlannedFault::from(self).nth(nth)
    }

    /// Adds `delay` to the time of arrival of the response or of the transport error.
    pub fn delayed(self, delay: Duration) -> PlannedFault {
        PlannedFault::from(self).delayed(delay)
    }

    /// Applies the fault to every matching request for the time `span`, which begins with the next request of
    /// any kind.
    pub fn lasting(self, span: Duration) -> PlannedFault {
        PlannedFault::from(self).lasting(span)
    }

    /// Whether the fault affects how the service executes the request, rather than its delivery.
    pub const fn affects_execution(&self) -> bool {
        matches!(
            self,
            Self::Fail(_)
                | Self::ExecuteThenFail(_)
                | Self::FailRow(..)
                | Self::FailDocument(_)
                | Self::RunAsJob(_)
                | Self::StaleRead(_)
                | Self::ExpireToken
                | Self::ExpireTokenAfter
        )
    }

    /// Whether the fault has an effect on a request of that kind.
    pub(super) fn can_affect(&self, request: &RequestTarget<'_>) -> bool {
        let operation = request.operation;
        match self {
            Self::FailRow(..) => operation.is_some_and(ApiOperation::has_rows),
            Self::FailDocument(_) => operation == Some(ApiOperation::PostBillRun),
            Self::RunAsJob(_) => operation.is_some_and(ApiOperation::may_be_a_job),
            Self::StaleRead(_) => *request.method == Method::GET,
            Self::ExpireToken | Self::ExpireTokenAfter => operation != Some(ApiOperation::CreateToken),
            _ => true,
        }
    }

    /// Describes the fault for the journal.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::LoseResponse => "lose response".to_owned(),
            Self::NotSent => "not sent".to_owned(),
            Self::Respond(response) => format!("respond {}", response.status().as_u16()),
            Self::Reject(response) => format!("reject {}", response.status().as_u16()),
            Self::Delay(delay) => format!("delay {delay:?}"),
            Self::ExecuteThenRespond(response) => {
                format!("execute, then respond {}", response.status().as_u16())
            }
            Self::ExecuteLater { after, response: Some(response) } => {
                format!("respond {}, execute after {after:?}", response.status().as_u16())
            }
            Self::ExecuteLater { after, response: None } => {
                format!("lose connection, execute after {after:?}")
            }
            Self::Fail(category) => format!("fail {category:?}"),
            Self::ExecuteThenFail(category) => format!("execute, then fail {category:?}"),
            Self::FailRow(row, category) => format!("fail row {row} {category:?}"),
            Self::FailDocument(document) => format!("fail document {document}"),
            Self::RunAsJob(duration) => format!("run as job {duration:?}"),
            Self::Disconnect(length) => format!("disconnect after {length} bytes"),
            Self::Truncate(length) => format!("truncate to {length} bytes"),
            Self::Garble(position) => format!("garble from byte {position}"),
            Self::Drip { bytes, pause } => format!("drip {bytes} bytes each {pause:?}"),
            Self::Duplicate(Duplication::FirstResponse) => "duplicate, first response".to_owned(),
            Self::Duplicate(Duplication::SecondResponse) => "duplicate, second response".to_owned(),
            Self::Duplicate(Duplication::Later(after)) => format!("duplicate after {after:?}"),
            Self::StaleRead(age) => format!("stale by {age:?}"),
            Self::ExpireToken => "expire token before".to_owned(),
            Self::ExpireTokenAfter => "expire token after".to_owned(),
        }
    }
}

fn gateway_page(status: StatusCode) -> Response<Bytes> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let title = format!("{} {reason}", status.as_u16());
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
         <center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    typed(status, "text/html", page)
}

fn typed(status: StatusCode, media: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
