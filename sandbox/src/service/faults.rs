//! Faults that a test plans for future requests.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::http::path_ends_with;

/// A fault that affects a request on its way to or from the service.
///
/// A fault applies once, to the first request that it matches. [`InProcess`](crate::InProcess) and the HTTP
/// server apply faults; [`Sandbox::handle`](crate::Sandbox::handle) does not.
///
/// ```
/// use http::{Method, StatusCode};
/// use zuora_sandbox::{Fault, InProcess};
///
/// let transport = InProcess::demo();
/// let mut sandbox = transport.sandbox();
/// sandbox.faults().push(Fault::LoseResponse.on(Method::PUT, "/post"));
/// sandbox.faults().push(Fault::throttled(30).on(Method::GET, "/v1/bill-runs/*").times(2));
/// sandbox.faults().push(Fault::status(StatusCode::BAD_GATEWAY));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The service executes the request, but the response is lost.
    LoseResponse,
    /// The request is not sent, and the client can prove it. Over HTTP the server can only close the
    /// connection before it does anything, so the client has to assume that the request may have been sent.
    NotSent,
    /// An intermediary responds and the service does nothing. The response is stored under the idempotency
    /// key according to the settings.
    Respond(Response<Bytes>),
    /// The service executes the request and the response arrives after this delay.
    Delay(Duration),
}

impl Fault {
    /// Responds with that status and an empty body, like a gateway.
    pub fn status(status: StatusCode) -> Self {
        let mut response = Response::default();
        *response.status_mut() = status;
        Self::Respond(response)
    }

    /// Responds with that status and a JSON body.
    pub fn json(status: StatusCode, body: impl Into<String>) -> Self {
        let mut response = Response::new(Bytes::from(body.into()));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
        Self::Respond(response)
    }

    /// Responds with the 429 of the concurrency limit, with `Retry-After` in seconds.
    pub fn throttled(retry_after: u64) -> Self {
        let reason = r#"{"success":false,"reasons":[{"code":50000070,"message":"Request exceeded limit"}]}"#;
        let mut fault = Self::json(StatusCode::TOO_MANY_REQUESTS, reason);
        if let Self::Respond(response) = &mut fault {
            response.headers_mut().insert(RETRY_AFTER, retry_after.into());
        }
        fault
    }

    /// Adds headers to an [`Respond`](Self::Respond); has no effect on other faults.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        if let Self::Respond(response) = &mut self {
            response.headers_mut().extend(headers);
        }
        self
    }

    /// Limits the fault to requests of that method whose path ends in `path`, in which `*` matches one
    /// segment.
    pub fn on(self, method: Method, path: impl Into<String>) -> PlannedFault {
        PlannedFault { only: Some((method, path.into())), ..self.into() }
    }

    /// Applies the fault to that number of requests.
    pub fn times(self, times: usize) -> PlannedFault {
        PlannedFault::from(self).times(times)
    }
}

/// A [`Fault`] with the requests that it applies to.
#[derive(Clone, Debug)]
pub struct PlannedFault {
    fault: Fault,
    only: Option<(Method, String)>,
    times: usize,
}

impl PlannedFault {
    /// Sets the number of requests that the fault applies to.
    #[must_use]
    pub const fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    fn matches(&self, method: &Method, path: &str) -> bool {
        self.times > 0
            && self.only.as_ref().is_none_or(|(only, end)| only == method && path_ends_with(path, end))
    }
}

impl From<Fault> for PlannedFault {
    fn from(fault: Fault) -> Self {
        Self { fault, only: None, times: 1 }
    }
}

/// The planned faults, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Faults(VecDeque<PlannedFault>);

impl Faults {
    /// Adds a fault.
    pub fn push(&mut self, fault: impl Into<PlannedFault>) {
        let planned = fault.into();
        if planned.times > 0 {
            self.0.push_back(planned);
        }
    }

    /// Removes all planned faults.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether no planned fault is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let position = self.0.iter().position(|planned| planned.matches(method, path))?;
        let planned = self.0.get_mut(position)?;
        planned.times -= 1;
        let fault = planned.fault.clone();
        self.0.retain(|planned| planned.times > 0);
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_applies_to_the_request_that_it_matches() {
        let mut faults = Faults::default();
        faults.push(Fault::LoseResponse.on(Method::PUT, "/v1/bill-runs/*/post").times(2));
        faults.push(Fault::NotSent);
        assert!(matches!(faults.take(&Method::PUT, "/v1/bill-runs/1/post"), Some(Fault::LoseResponse)));
        assert!(matches!(faults.take(&Method::POST, "/v1/bill-runs/1/post"), Some(Fault::NotSent)));
        assert!(faults.take(&Method::GET, "/v1/bill-runs/1/post").is_none());
        assert!(matches!(faults.take(&Method::PUT, "/v1/bill-runs/2/post"), Some(Fault::LoseResponse)));
        assert!(faults.is_empty());
    }

    #[test]
    fn paths_are_matched_by_their_last_segments() {
        assert!(path_ends_with("/v1/invoices/bulk-post", "/bulk-post"));
        assert!(!path_ends_with("/v1/invoices/bulk-post", "/post"));
        assert!(path_ends_with("/v1/bill-runs/8ad0", "/bill-runs/*"));
        assert!(!path_ends_with("/v1/bill-runs", "/bill-runs/*"));
        assert!(!path_ends_with("/post", "/v1/bill-runs/*/post"));
    }
}
