//! A case: what is asked, what the server does, what the core must see.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use zuora_core::bytes::Bytes;
use zuora_core::http::{self, Method};
use zuora_core::{AsyncTransport, Body, Error, Limits, Request, Response, Transport, drive, drive_async};

use crate::server::{Peer, Script};
use crate::trial::Trial;

/// One duty of a transport: some requests, a server that behaves in some way, and what must come of it.
pub struct Case {
    name: String,
    pub(crate) script: Script,
    pub(crate) steps: Vec<Step>,
    fates: Vec<Fate>,
}

/// What becomes of one request, for transports that reach no socket: see [`run_arranged`](crate::run_arranged).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fate {
    /// It is answered so, byte by byte.
    Answer(Response),
    /// The work is done, and the answer never arrives.
    AnswerLost,
    /// It never gets out.
    NeverLeaves,
    /// It is answered, but later than that.
    LaterThan(Duration),
}

/// What came of one case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verdict {
    /// Name of the case.
    pub case: String,
    /// What the transport reported, one line a request.
    pub seen: Vec<String>,
    /// What is wrong with it; empty when the transport did its duty.
    pub problems: Vec<String>,
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
        steps: impl IntoIterator<Item = Step>,
    ) -> Self {
        let steps = steps.into_iter().collect();
        Self { name: name.into(), script: Arc::new(script), steps, fates: Vec::new() }
    }

    /// What it comes to where there is no socket: one fate a request.
    pub(crate) fn arranged(mut self, fates: impl IntoIterator<Item = Fate>) -> Self {
        self.fates = fates.into_iter().collect();
        self
    }

    /// The same fate for each request.
    pub(crate) fn always(self, fate: &Fate) -> Self {
        let fates = vec![fate.clone(); self.calls()];
        self.arranged(fates)
    }

    fn calls(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Send(_))).count()
    }

    /// What the case is about, in a few words.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Plays the case against a blocking transport.
    pub fn run(&self, transport: &(impl Transport + ?Sized)) -> Verdict {
        self.end(drive(transport, Trial::new(self)))
    }

    /// Plays the case against an async transport. Stopping the server at the end of a case blocks for a
    /// moment.
    pub async fn run_async(&self, transport: &impl AsyncTransport) -> Verdict {
        self.end(drive_async(transport, Trial::new(self)).await)
    }

    /// What becomes of its requests where there is no socket; `None` when the case is about sockets.
    fn fates(&self) -> Option<&[Fate]> {
        (self.fates.len() == self.calls()).then_some(&self.fates)
    }

    /// Plays the case against a blocking transport without a socket; `None` when it is about sockets.
    pub fn run_arranged(
        &self,
        transport: &(impl Transport + ?Sized),
        arrange: &(dyn Fn(&Fate) + Sync),
    ) -> Option<Verdict> {
        Some(self.end(drive(transport, Trial::arranged(self, self.fates()?, arrange))))
    }

    /// [`run_arranged`](Self::run_arranged) for async transports.
    pub async fn run_arranged_async(
        &self,
        transport: &impl AsyncTransport,
        arrange: &(dyn Fn(&Fate) + Sync),
    ) -> Option<Verdict> {
        let trial = Trial::arranged(self, self.fates()?, arrange);
        Some(self.end(drive_async(transport, trial).await))
    }

    fn end(&self, result: Result<Verdict, Error>) -> Verdict {
        result.unwrap_or_else(|error| Verdict {
            case: self.name.clone(),
            seen: Vec::new(),
            problems: vec![format!("the case could not be played: {error}")],
        })
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

/// What the transport is asked to do next.
pub(crate) enum Step {
    Send(Call),
    Wait(Duration),
    /// Wait until the server has closed its end, and a moment more, in which the transport can notice.
    WaitForClose,
}

/// One request, its limits, and what may come of it.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) place: Place,
    pub(crate) limits: Limits,
    pub(crate) expected: Expected,
    pub(crate) body: Vec<u8>,
    target: String,
    headers: Vec<(&'static str, &'static str)>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Server,
    ServerOverTls,
    ClosedPort,
    UnknownHost,
    #[cfg(target_os = "linux")]
    DeafPort,
}

pub(crate) fn get() -> Call {
    Call::new(Method::GET, Vec::new())
}

pub(crate) fn delete() -> Call {
    Call::new(Method::DELETE, Vec::new())
}

pub(crate) fn post(body: impl Into<Vec<u8>>) -> Call {
    Call::new(Method::POST, body.into())
}

pub(crate) fn put(body: impl Into<Vec<u8>>) -> Call {
    Call::new(Method::PUT, body.into())
}

impl Call {
    fn new(method: Method, body: Vec<u8>) -> Self {
        Self {
            method,
            place: Place::Server,
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

    /// Gives up after a time that is short for a test and long for a loopback.
    pub(crate) fn hasty(self) -> Self {
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

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub(crate) fn over_tls(self) -> Self {
        self.at(Place::ServerOverTls)
    }

    pub(crate) fn expect(mut self, expected: impl Into<Expected>) -> Step {
        self.expected = expected.into();
        Step::Send(self)
    }

    /// The path and query of this call as the `index`-th: the server's record finds it by that.
    pub(crate) fn marked_target(&self, index: usize) -> String {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        format!("{}{separator}step={index}", self.target)
    }

    /// Every header that the transport is given.
    pub(crate) fn all_headers(&self) -> Vec<(String, Vec<u8>)> {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        if self.method == Method::POST || self.method == Method::PUT {
            headers.push(("content-type", "application/json".to_owned()));
            headers.push(("content-length", self.body.len().to_string()));
        }
        headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
    }

    pub(crate) fn request(&self, index: usize, address: SocketAddr) -> Result<Request, Error> {
        let origin = match self.place {
            Place::ServerOverTls => format!("https://{address}"),
            // A label of 64 characters cannot be looked up: no resolver is asked, online or offline.
            Place::UnknownHost => format!("http://{}.invalid", "x".repeat(64)),
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

/// What the core may be told. More than one where a transport has a choice, or cannot know.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) answer: Option<Reply>,
    pub(crate) never_left: bool,
    pub(crate) in_flight: bool,
    pub(crate) too_large: bool,
}

/// Only this: nothing can have happened.
pub(crate) fn never_left() -> Expected {
    Expected { never_left: true, ..Expected::default() }
}

/// Only this: the request was there, or may have been.
pub(crate) fn in_flight() -> Expected {
    Expected { in_flight: true, ..Expected::default() }
}

/// No answer; which of the two cannot be known from the transport's end, or not by every transport.
pub(crate) fn no_answer() -> Expected {
    never_left().or(in_flight())
}

/// The body is over the limit, and the transport says so.
pub(crate) fn too_large() -> Expected {
    Expected { too_large: true, ..Expected::default() }
}

impl Expected {
    pub(crate) fn or(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        Self {
            answer: self.answer.or(other.answer),
            never_left: self.never_left || other.never_left,
            in_flight: self.in_flight || other.in_flight,
            too_large: self.too_large || other.too_large,
        }
    }
}

impl From<Reply> for Expected {
    fn from(reply: Reply) -> Self {
        Self { answer: Some(reply), ..Self::default() }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.answer.as_ref().map(|a| format!("{} with {} bytes", a.status, a.body.len())));
        words.extend(self.never_left.then(|| "never left".to_owned()));
        words.extend(self.in_flight.then(|| "in flight".to_owned()));
        words.extend(self.too_large.then(|| "too large".to_owned()));
        f.write_str(&words.join(" or "))
    }
}

/// An answer: what the server writes and what the core has to get.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// An answer with a body and its length.
pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    let body = body.into();
    bare_reply(status).header("content-length", body.len().to_string()).body(body)
}

/// An answer with no header and no body.
pub(crate) fn bare_reply(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: Vec::new() }
}

impl Reply {
    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The bytes up to and including the empty line.
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

    /// The same for a transport without a socket.
    pub(crate) fn fate(&self) -> Fate {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value.as_slice());
        }
        // The list holds no header that cannot be written; were one to, its case would fail and show it.
        Fate::Answer(response.body(Bytes::from(self.body.clone())).unwrap_or_default())
    }
}
