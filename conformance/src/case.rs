//! A case: what is asked, what the server does, what the core must see.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use zuora_core::http::{Method, Request as HttpRequest};
use zuora_core::{
    Action, AsyncTransport, Body, Error, Event, Limits, Machine, Now, Request, Response, Transport,
    TransportError, drive, drive_async,
};

use crate::server::{Delivery, Peer, Script, Server, refusing};

/// One duty of a transport: some requests, a server that behaves in some way, and what must come of it.
pub struct Case {
    name: String,
    script: Script,
    steps: Vec<Step>,
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
        Self { name: name.into(), script: Arc::new(script), steps: steps.into_iter().collect() }
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

    fn end(&self, result: Result<Verdict, Error>) -> Verdict {
        result.unwrap_or_else(|error| Verdict {
            case: self.name.clone(),
            seen: Vec::new(),
            problems: vec![format!("the case could not be played: {error}")],
        })
    }
}

/// What the transport is asked to do next.
pub(crate) enum Step {
    Send(Call),
    Wait(Duration),
    /// Wait until the server has closed its end, and a moment more, in which the transport can notice.
    WaitForClose,
}

/// How long loopback and runtime are given to pass a close on.
const A_MOMENT: Duration = Duration::from_millis(20);

/// One request, its limits, and what may come of it.
pub(crate) struct Call {
    method: Method,
    place: Place,
    target: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    limits: Limits,
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    HereOverTls,
    Refused,
    Unknown,
    #[cfg(target_os = "linux")]
    Deaf,
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
            place: Place::Here,
            target: "/v1/conformance".to_owned(),
            headers: vec![
                ("accept", "application/json"),
                ("accept-encoding", "gzip"),
                ("user-agent", "zuora-conformance"),
            ],
            body,
            limits: Limits::new(Duration::from_secs(20), 1024 * 1024),
            expected: Expected::default(),
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

    pub(crate) fn over_tls(mut self) -> Self {
        self.place = Place::HereOverTls;
        self
    }

    pub(crate) fn at_closed_port(mut self) -> Self {
        self.place = Place::Refused;
        self
    }

    pub(crate) fn at_unknown_host(mut self) -> Self {
        self.place = Place::Unknown;
        self
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn at_deaf_port(mut self) -> Self {
        self.place = Place::Deaf;
        self
    }

    pub(crate) fn expect(mut self, expected: impl Into<Expected>) -> Step {
        self.expected = expected.into();
        Step::Send(self)
    }

    /// The path and query of this call as step `index`: the server's record finds it by that.
    fn marked_target(&self, index: usize) -> String {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        format!("{}{separator}step={index}", self.target)
    }

    fn request(&self, index: usize, address: SocketAddr) -> Result<Request, Error> {
        let origin = match self.place {
            Place::HereOverTls => format!("https://{address}"),
            // A label of 64 characters cannot be looked up: no resolver is asked, online or offline.
            Place::Unknown => format!("http://{}.invalid", "x".repeat(64)),
            _ => format!("http://{address}"),
        };
        let mut request =
            HttpRequest::builder().method(&self.method).uri(format!("{origin}{}", self.marked_target(index)));
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if self.has_body_headers() {
            request = request.header("content-type", "application/json");
            request = request.header("content-length", self.body.len());
        }
        request.body(Body::from(self.body.clone())).map_err(|why| Error::invalid("request", why.to_string()))
    }

    fn has_body_headers(&self) -> bool {
        self.method == Method::POST || self.method == Method::PUT
    }
}

/// What the core may be told. More than one where a transport has a choice, or cannot know.
#[derive(Default)]
pub(crate) struct Expected {
    answer: Option<Reply>,
    never_left: bool,
    in_flight: bool,
    too_large: bool,
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
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
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

    /// What differs between this and what the transport handed over.
    fn differences(&self, got: &Response) -> Vec<String> {
        let mut found = Vec::new();
        if got.status().as_u16() != self.status {
            found.push(format!("status {} instead of {}", got.status().as_u16(), self.status));
        }
        let got_headers =
            got.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
        found.extend(header_differences(&self.headers, got_headers.collect()));
        if got.body()[..] != self.body[..] {
            found.push(format!("a body of {} bytes that is not the one sent", got.body().len()));
        }
        found
    }
}

fn header_differences(sent: &[(String, Vec<u8>)], got: Vec<(String, Vec<u8>)>) -> Vec<String> {
    let lower = sent.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    // Stable: values of the same name keep their order.
    let (mut sent, mut got) = (lower.collect::<Vec<_>>(), got);
    sent.sort_by(|a, b| a.0.cmp(&b.0));
    got.sort_by(|a, b| a.0.cmp(&b.0));
    let show = |(name, value): &(String, Vec<u8>)| format!("{name}: {}", value.escape_ascii());
    let lost = sent.iter().filter(|header| !got.contains(header));
    let added = got.iter().filter(|header| !sent.contains(header));
    let mut found: Vec<_> = lost
        .map(|header| format!("header lost: {}", show(header)))
        .chain(added.map(|header| format!("header added: {}", show(header))))
        .collect();
    if found.is_empty() && sent != got {
        found.push("headers in another order or number".to_owned());
    }
    found
}

/// A case under way: the same for blocking and async transports.
struct Trial<'a> {
    case: &'a Case,
    server: Option<Server>,
    place: Option<SocketAddr>,
    #[cfg(target_os = "linux")]
    kept: Vec<socket2::Socket>,
    next: usize,
    until: Option<Now>,
    outcomes: Vec<Result<Response, TransportError>>,
    problems: Vec<String>,
}

impl<'a> Trial<'a> {
    fn new(case: &'a Case) -> Self {
        Self {
            case,
            server: None,
            place: None,
            #[cfg(target_os = "linux")]
            kept: Vec::new(),
            next: 0,
            until: None,
            outcomes: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn calls(&self) -> impl Iterator<Item = &'a Call> + use<'a> {
        self.case.steps.iter().filter_map(|step| match step {
            Step::Send(call) => Some(call),
            Step::Wait(_) | Step::WaitForClose => None,
        })
    }

    fn address_for(&mut self, call: &Call) -> io::Result<SocketAddr> {
        let address = match (call.place, self.place, &self.server) {
            (Place::Here | Place::HereOverTls, _, Some(server)) => return Ok(server.address()),
            (_, Some(place), _) => return Ok(place),
            (Place::Here | Place::HereOverTls, _, None) => {
                let server = self.server.insert(Server::start(Arc::clone(&self.case.script))?);
                return Ok(server.address());
            }
            #[cfg(target_os = "linux")]
            (Place::Deaf, None, _) => {
                let (address, kept) = crate::server::deaf()?;
                self.kept = kept;
                address
            }
            (Place::Refused | Place::Unknown, None, _) => refusing()?,
        };
        self.place = Some(address);
        Ok(address)
    }

    fn verdict(&mut self) -> Verdict {
        let deliveries = self.server.as_mut().map(Server::stop).unwrap_or_default();
        let mut problems = std::mem::take(&mut self.problems);
        let mut seen = Vec::new();
        for (index, (call, outcome)) in self.calls().zip(&self.outcomes).enumerate() {
            let mark = format!("step={index} ");
            let arrived: Vec<_> = deliveries.iter().filter(|d| d.line().contains(&mark)).collect();
            let what = format!("{} {}", call.method, index + 1);
            seen.push(format!("{what}: {}", described(outcome)));
            let found = judged(call, index, outcome, &arrived);
            problems.extend(found.into_iter().map(|problem| format!("{what}: {problem}")));
        }
        let strangers = deliveries.iter().map(Delivery::line).filter(|line| !line.contains("step="));
        problems.extend(strangers.map(|line| format!("the server got a request that nobody made: {line}")));
        Verdict { case: self.case.name.clone(), seen, problems }
    }
}

impl Machine for Trial<'_> {
    type Output = Verdict;

    fn step(&mut self, event: Event, now: Now) -> Action<Verdict> {
        match event {
            Event::Tick => {}
            Event::Answer(answer) => self.outcomes.push(Ok(answer)),
            Event::Failure(failure) => self.outcomes.push(Err(failure)),
        }
        if let Some(until) = self.until.take().filter(|until| now < *until) {
            self.problems.push(format!("sleep_until came back {:?} early", now.until(until)));
        }
        let Some(step) = self.case.steps.get(self.next) else {
            return Action::Done(Ok(self.verdict()));
        };
        if matches!(step, Step::WaitForClose) && self.server.as_ref().is_some_and(|server| !server.is_idle())
        {
            return Action::Wait(now + A_MOMENT / 10);
        }
        self.next += 1;
        match step {
            Step::WaitForClose => Action::Wait(now + A_MOMENT),
            Step::Wait(span) => {
                self.until = Some(now + *span);
                Action::Wait(now + *span)
            }
            Step::Send(call) => {
                let address = match self.address_for(call) {
                    Ok(address) => address,
                    Err(error) => return Action::Done(Err(Error::failed(format!("no loopback: {error}")))),
                };
                match call.request(self.outcomes.len(), address) {
                    Ok(request) => Action::Send(request, call.limits),
                    Err(error) => Action::Done(Err(error)),
                }
            }
        }
    }
}

/// What is wrong with one outcome, given what the server got.
fn judged(
    call: &Call,
    index: usize,
    outcome: &Result<Response, TransportError>,
    arrived: &[&Delivery],
) -> Vec<String> {
    let expected = &call.expected;
    let touched = arrived.iter().any(|delivery| delivery.whole || !delivery.body.is_empty());
    let mut problems = Vec::new();
    let fits = match outcome {
        Ok(answer) => match &expected.answer {
            Some(reply) => {
                problems.extend(reply.differences(answer));
                true
            }
            None => false,
        },
        // On a machine under load an attempt may time out before it leaves; the record knows.
        Err(TransportError::NeverLeft(_)) => {
            expected.never_left || (expected.in_flight && arrived.is_empty())
        }
        Err(TransportError::InFlight(_)) => expected.in_flight,
        Err(TransportError::TooLarge { limit }) => expected.too_large && *limit == call.limits.max_body,
        Err(_) => false,
    };
    if !fits {
        problems.push(format!("must be {expected}"));
    }
    if matches!(outcome, Err(TransportError::NeverLeft(_))) && touched {
        problems.push("the server got it, whatever the transport says".to_owned());
    }
    if arrived.len() > 1 {
        problems.push(format!("the server got it {} times", arrived.len()));
    }
    for delivery in arrived.iter().filter(|delivery| delivery.whole) {
        problems.extend(changes(call, index, delivery));
    }
    problems
}

/// How a request that arrived differs from the one that was given to the transport.
fn changes(call: &Call, index: usize, got: &Delivery) -> Vec<String> {
    let mut found = Vec::new();
    let line = format!("{} {} HTTP/1.1", call.method, call.marked_target(index));
    if got.line() != line {
        found.push(format!("request line {:?} instead of {line:?}", got.line()));
    }
    if got.body != call.body {
        found.push(format!("arrived with a body of {} bytes that is not the one given", got.body.len()));
    }
    let mut given: Vec<(String, Vec<u8>)> =
        call.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    if call.has_body_headers() {
        given.push(("content-type".to_owned(), b"application/json".to_vec()));
        given.push(("content-length".to_owned(), call.body.len().to_string().into_bytes()));
    }
    let mut got = got.headers();
    if got.iter().filter(|(name, _)| name == "host").count() != 1 {
        found.push("arrived without one Host header".to_owned());
    }
    got.retain(|(name, _)| !matches!(name.as_str(), "host" | "connection" | "keep-alive"));
    let changed = header_differences(&given, got);
    found.extend(changed.into_iter().map(|change| format!("request {change}")));
    found
}

fn described(outcome: &Result<Response, TransportError>) -> String {
    let error = match outcome {
        Ok(answer) => return format!("{} with {} bytes", answer.status().as_u16(), answer.body().len()),
        Err(error) => error,
    };
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
