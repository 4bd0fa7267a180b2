//! The definition of a case: the requests, the behavior of the server and the results that the core must see.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use zuora_core::Error;
use zuora_core::bytes::Bytes;
use zuora_core::http::{self, Method};
use zuora_core::transport::{Body, HttpRequest, HttpResponse, Limits};

use crate::server::{Peer, Script};

/// One requirement on a transport: requests, a server that behaves in some way, and the results that conform.
pub struct Case {
    name: String,
    pub(crate) script: Script,
    pub(crate) steps: Vec<Step>,
    /// One for each request; empty for a case that depends on sockets.
    scenarios: Vec<Scenario>,
}

/// The result of one request, for transports without a socket: see [`run_simulated`](crate::run_simulated).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Scenario {
    /// The request receives this response, byte for byte.
    Responds(HttpResponse),
    /// The work is done, and the response never arrives.
    ResponseLost,
    /// The request is not sent.
    NotSent,
    /// The response arrives, but only after this time.
    DelayedBy(Duration),
}

/// The result of one case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CaseResult {
    /// Name of the case.
    pub case: String,
    /// The results that the transport reported, one line for each request.
    pub seen: Vec<String>,
    /// The deviations from the requirement; empty if the transport conforms.
    pub problems: Vec<String>,
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
        steps: impl IntoIterator<Item = Step>,
    ) -> Self {
        let steps = steps.into_iter().collect();
        Self { name: name.into(), script: Arc::new(script), steps, scenarios: Vec::new() }
    }

    /// Sets the scenarios for transports without a socket, one for each request.
    pub(crate) fn simulated_by(mut self, scenarios: impl IntoIterator<Item = Scenario>) -> Self {
        self.scenarios = scenarios.into_iter().collect();
        self
    }

    /// Sets the same scenario for each request.
    pub(crate) fn always(self, scenario: &Scenario) -> Self {
        let scenarios = vec![scenario.clone(); self.request_count()];
        self.simulated_by(scenarios)
    }

    fn request_count(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Send(_))).count()
    }

    /// Returns a short sentence that states the requirement.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the scenarios of the requests; `None` if the case depends on sockets.
    pub(crate) fn scenarios(&self) -> Option<&[Scenario]> {
        (self.scenarios.len() == self.request_count()).then_some(&self.scenarios)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

/// One step of a case.
pub(crate) enum Step {
    Send(TestRequest),
    Wait(Duration),
    /// Wait until the server has closed its end, and a little longer, so that the transport can notice.
    WaitForClose,
}

/// One request, its limits, and the results that conform.
pub(crate) struct TestRequest {
    pub(crate) method: Method,
    pub(crate) destination: Destination,
    pub(crate) limits: Limits,
    pub(crate) expected: Expected,
    pub(crate) body: Vec<u8>,
    target: String,
    headers: Vec<(&'static str, &'static str)>,
}

/// The address that a request is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Server,
    ServerOverTls,
    /// The server, by the name `localhost`.
    Localhost,
    /// The server, on the loopback address of IPv6.
    Ipv6,
    ClosedPort,
    UnknownHost,
    #[cfg(target_os = "linux")]
    UnresponsivePort,
}

pub(crate) fn get() -> TestRequest {
    TestRequest::new(Method::GET, Vec::new())
}

pub(crate) fn delete() -> TestRequest {
    TestRequest::new(Method::DELETE, Vec::new())
}

pub(crate) fn post(body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::new(Method::POST, body.into())
}

pub(crate) fn put(body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::new(Method::PUT, body.into())
}

impl TestRequest {
    fn new(method: Method, body: Vec<u8>) -> Self {
        Self {
            method,
            destination: Destination::Server,
            limits: Limits::new(Duration::from_secs(20), 1024 * 1024),
            expected: Expected::default(),
            body,
            target: "/v1/conformance".to_owned(),
            headers: vec![
                ("accept", "application/json"),
                ("accept-encoding", "gzip"),
                ("user-agent", "zuora-conformance"),
            ],
        }
    }

    pub(crate) fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    /// Sets a timeout that is short for a test and long for the loopback interface.
    pub(crate) fn short_timeout(self) -> Self {
        self.within(Duration::from_millis(120))
    }

    pub(crate) fn within(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    pub(crate) fn at_most(mut self, max_body: usize) -> Self {
        self.limits.max_body = max_body;
        self
    }

    pub(crate) fn at(mut self, destination: Destination) -> Self {
        self.destination = destination;
        self
    }

    pub(crate) fn over_tls(self) -> Self {
        self.at(Destination::ServerOverTls)
    }

    pub(crate) fn expect(mut self, expected: impl Into<Expected>) -> Step {
        self.expected = expected.into();
        Step::Send(self)
    }

    /// Returns the path and query with a marker by which the server's record identifies the request of this index.
    pub(crate) fn marked_target(&self, index: usize) -> String {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        format!("{}{separator}step={index}", self.target)
    }

    /// Returns all headers that the transport is given.
    pub(crate) fn all_headers(&self) -> Vec<(String, Vec<u8>)> {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        if self.method == Method::POST || self.method == Method::PUT {
            headers.push(("content-type", "application/json".to_owned()));
            headers.push(("content-length", self.body.len().to_string()));
        }
        headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
    }

    pub(crate) fn request(&self, index: usize, address: SocketAddr) -> Result<HttpRequest, Error> {
        let origin = match self.destination {
            Destination::ServerOverTls => format!("https://{address}"),
            // A label of 64 characters is not a valid name: no resolver is asked, online or offline.
            Destination::UnknownHost => format!("http://{}.invalid", "x".repeat(64)),
            Destination::Localhost => format!("http://localhost:{}", address.port()),
            _ => format!("http://{address}"),
        };
        let uri = format!("{origin}{}", self.marked_target(index));
        let mut request = http::Request::builder().method(&self.method).uri(uri);
        for (name, value) in self.all_headers() {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).map_err(|why| Error::invalid("request", why.to_string()))
    }
}

/// The results that the transport may report. More than one where a transport has a choice, or cannot know.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) response: Option<CannedResponse>,
    pub(crate) not_sent: bool,
    pub(crate) maybe_sent: bool,
    pub(crate) too_large: bool,
}

/// Expects that the request was not sent, so nothing can have happened.
pub(crate) fn not_sent() -> Expected {
    Expected { not_sent: true, ..Expected::default() }
}

/// Expects that the request arrived, or may have arrived.
pub(crate) fn maybe_sent() -> Expected {
    Expected { maybe_sent: true, ..Expected::default() }
}

/// Expects no response; not every transport can know whether the request was sent.
pub(crate) fn no_response() -> Expected {
    not_sent().or(maybe_sent())
}

/// Expects that the body is larger than the limit, and the transport reports that.
pub(crate) fn too_large() -> Expected {
    Expected { too_large: true, ..Expected::default() }
}

impl Expected {
    pub(crate) fn or(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        Self {
            response: self.response.or(other.response),
            not_sent: self.not_sent || other.not_sent,
            maybe_sent: self.maybe_sent || other.maybe_sent,
            too_large: self.too_large || other.too_large,
        }
    }
}

impl From<CannedResponse> for Expected {
    fn from(response: CannedResponse) -> Self {
        Self { response: Some(response), ..Self::default() }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.response.as_ref().map(|r| format!("{} with {} bytes", r.status, r.body.len())));
        words.extend(self.not_sent.then(|| "not sent".to_owned()));
        words.extend(self.maybe_sent.then(|| "maybe sent".to_owned()));
        words.extend(self.too_large.then(|| "too large".to_owned()));
        f.write_str(&words.join(" or "))
    }
}

/// A prepared response: the server writes it, and the core must receive it.
#[derive(Clone)]
pub(crate) struct CannedResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// Returns a response with a body and its length.
pub(crate) fn canned(status: u16, body: impl Into<Vec<u8>>) -> CannedResponse {
    let body = body.into();
    canned_bare(status).header("content-length", body.len().to_string()).body(body)
}

/// Returns a response without headers and body.
pub(crate) fn canned_bare(status: u16) -> CannedResponse {
    CannedResponse { status, headers: Vec::new(), body: Vec::new() }
}

impl CannedResponse {
    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Returns the bytes up to and including the empty line.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} Reason\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    pub(crate) fn wire(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }

    /// Returns the scenario of this response, for a transport without a socket.
    pub(crate) fn scenario(&self) -> Scenario {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value.as_slice());
        }
        // The list contains only valid headers; an invalid one would make its case fail visibly.
        Scenario::Responds(response.body(Bytes::from(self.body.clone())).unwrap_or_default())
    }
}
