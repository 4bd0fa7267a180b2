//! Mishaps that a test arranges for the requests to come.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::http::path_ends_with;

/// What happens to a request on its way, instead of the plain exchange.
///
/// A fault is taken up by the first request that it fits, once. [`InProcess`](crate::InProcess) and the
/// server act on faults; [`Sandbox::handle`](crate::Sandbox::handle) is the service alone and knows none.
///
/// ```
/// use http::{Method, StatusCode};
/// use zuora_sandbox::{Fault, InProcess};
///
/// let transport = InProcess::demo();
/// let mut sandbox = transport.sandbox();
/// sandbox.faults().push(Fault::LoseAnswer.on(Method::PUT, "/post"));
/// sandbox.faults().push(Fault::throttled(30).on(Method::GET, "/v1/bill-runs/*").times(2));
/// sandbox.faults().push(Fault::status(StatusCode::BAD_GATEWAY));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The work is done; the answer never arrives.
    LoseAnswer,
    /// The request does not get out: no work, and the client can know it. Over HTTP the server can only hang
    /// up before it does anything, so that a client has to call it in flight.
    NeverLeaves,
    /// Something in front of the service answers; no work. Kept under an idempotency key as the settings say.
    Answer(Response<Bytes>),
    /// The work is done and the answer comes that much later.
    Delay(Duration),
}

impl Fault {
    /// An empty answer of that status, as a gateway would send it.
    pub fn status(status: StatusCode) -> Self {
        let mut answer = Response::default();
        *answer.status_mut() = status;
        Self::Answer(answer)
    }

    /// An answer of that status with a JSON body.
    pub fn json(status: StatusCode, body: impl Into<String>) -> Self {
        let mut answer = Response::new(Bytes::from(body.into()));
        *answer.status_mut() = status;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
        Self::Answer(answer)
    }

    /// The 429 of too many requests at once, with `Retry-After` in seconds.
    pub fn throttled(retry_after: u64) -> Self {
        let reason = r#"{"success":false,"reasons":[{"code":50000070,"message":"Request exceeded limit"}]}"#;
        let mut fault = Self::json(StatusCode::TOO_MANY_REQUESTS, reason);
        if let Self::Answer(answer) = &mut fault {
            answer.headers_mut().insert(RETRY_AFTER, retry_after.into());
        }
        fault
    }

    /// Adds headers to an [`Answer`](Self::Answer); of no effect on the others.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        if let Self::Answer(answer) = &mut self {
            answer.headers_mut().extend(headers);
        }
        self
    }

    /// Waits for a request of that method whose path ends in `path`, in which `*` stands for one segment.
    pub fn on(self, method: Method, path: impl Into<String>) -> PlannedFault {
        PlannedFault { only: Some((method, path.into())), ..self.into() }
    }

    /// Happens to any request, that many times.
    pub fn times(self, times: usize) -> PlannedFault {
        PlannedFault::from(self).times(times)
    }
}

/// A [`Fault`] with the requests that it waits for.
#[derive(Clone, Debug)]
pub struct PlannedFault {
    fault: Fault,
    only: Option<(Method, String)>,
    times: usize,
}

impl PlannedFault {
    /// Happens that many times instead of once.
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

/// The faults that are still to happen, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Faults(VecDeque<PlannedFault>);

impl Faults {
    /// Arranges a fault.
    pub fn push(&mut self, fault: impl Into<PlannedFault>) {
        let planned = fault.into();
        if planned.times > 0 {
            self.0.push_back(planned);
        }
    }

    /// Calls off what has not happened.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether every fault has happened.
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
    fn a_fault_waits_for_its_request() {
        let mut faults = Faults::default();
        faults.push(Fault::LoseAnswer.on(Method::PUT, "/v1/bill-runs/*/post").times(2));
        faults.push(Fault::NeverLeaves);
        assert!(matches!(faults.take(&Method::PUT, "/v1/bill-runs/1/post"), Some(Fault::LoseAnswer)));
        assert!(matches!(faults.take(&Method::POST, "/v1/bill-runs/1/post"), Some(Fault::NeverLeaves)));
        assert!(faults.take(&Method::GET, "/v1/bill-runs/1/post").is_none());
        assert!(matches!(faults.take(&Method::PUT, "/v1/bill-runs/2/post"), Some(Fault::LoseAnswer)));
        assert!(faults.is_empty());
    }

    #[test]
    fn paths_are_matched_from_their_end() {
        assert!(path_ends_with("/v1/invoices/bulk-post", "/bulk-post"));
        assert!(!path_ends_with("/v1/invoices/bulk-post", "/post"));
        assert!(path_ends_with("/v1/bill-runs/8ad0", "/bill-runs/*"));
        assert!(!path_ends_with("/v1/bill-runs", "/bill-runs/*"));
        assert!(!path_ends_with("/post", "/v1/bill-runs/*/post"));
    }
}
