//! The run of a case and the evaluation of its results: the same for blocking and async transports.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use zuora_core::Error;
use zuora_core::machine::{Action, Event, Machine, drive, drive_async};
use zuora_core::transport::{AsyncTransport, HttpResponse, Timestamp, Transport, TransportError};

use crate::case::{CannedResponse, Case, CaseResult, Destination, Scenario, Step, TestRequest};
use crate::caught::{Caught, caught};
use crate::server::{ReceivedRequest, Server, closed_port};

impl Case {
    /// Runs the case against a blocking transport.
    pub fn run(&self, transport: &(impl Transport + ?Sized)) -> CaseResult {
        self.end(caught(|| drive(transport, Run::new(self))))
    }

    /// Runs the case against an async transport. At the end of the case this blocks for a short time, until the
    /// server has stopped.
    pub async fn run_async(&self, transport: &impl AsyncTransport) -> CaseResult {
        self.end(Caught(Box::pin(drive_async(transport, Run::new(self)))).await)
    }

    /// Runs the case against a blocking transport without a socket; `None` if the case depends on sockets.
    pub fn run_simulated(
        &self,
        transport: &(impl Transport + ?Sized),
        simulate: &(dyn Fn(&Scenario) + Sync),
    ) -> Option<CaseResult> {
        let run = Run::simulated(self, self.scenarios()?, simulate);
        Some(self.end(caught(|| drive(transport, run))))
    }

    /// Does the same as [`run_simulated`](Self::run_simulated) for an async transport.
    pub async fn run_simulated_async(
        &self,
        transport: &impl AsyncTransport,
        simulate: &(dyn Fn(&Scenario) + Sync),
    ) -> Option<CaseResult> {
        let run = Run::simulated(self, self.scenarios()?, simulate);
        Some(self.end(Caught(Box::pin(drive_async(transport, run))).await))
    }

    fn end(&self, result: Result<Result<CaseResult, Error>, String>) -> CaseResult {
        let problem = match result {
            Ok(Ok(result)) => return result,
            Ok(Err(error)) => format!("the case could not be run: {error}"),
            Err(panic) => panic,
        };
        CaseResult { case: self.name().to_owned(), seen: Vec::new(), problems: vec![problem] }
    }
}

/// Makes the next request meet a scenario.
type Simulate<'a> = &'a (dyn Fn(&Scenario) + Sync);

struct Run<'a> {
    case: &'a Case,
    simulated: Option<(Simulate<'a>, &'a [Scenario])>,
    server: Option<Server>,
    #[cfg(target_os = "linux")]
    kept_sockets: Vec<socket2::Socket>,
    next: usize,
    until: Option<Timestamp>,
    outcomes: Vec<Result<HttpResponse, TransportError>>,
    problems: Vec<String>,
}

/// Time for the loopback interface and the runtime to report that a connection was closed.
const CLOSE_GRACE: Duration = Duration::from_millis(20);

impl<'a> Run<'a> {
    fn new(case: &'a Case) -> Self {
        Self {
            case,
            simulated: None,
            server: None,
            #[cfg(target_os = "linux")]
            kept_sockets: Vec::new(),
            next: 0,
            until: None,
            outcomes: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Returns a run without a socket.
    fn simulated(case: &'a Case, scenarios: &'a [Scenario], simulate: Simulate<'a>) -> Self {
        Self { simulated: Some((simulate, scenarios)), ..Self::new(case) }
    }

    fn begin(&mut self, step: &Step, now: Timestamp) -> Result<Action<CaseResult>, Error> {
        let request = match step {
            Step::Wait(span) => {
                self.until = Some(now + *span);
                return Ok(Action::Wait(now + *span));
            }
            Step::WaitForClose => return Ok(Action::Wait(now + CLOSE_GRACE)),
            Step::Send(request) => request,
        };
        let index = self.outcomes.len();
        let address = match self.simulated {
            Some((simulate, scenarios)) => {
                scenarios.get(index).into_iter().for_each(simulate);
                SocketAddr::from((Ipv4Addr::LOCALHOST, 80))
            }
            None => self
                .address(request.destination)
                .map_err(|error| Error::failed(format!("the loopback interface: {error}")))?,
        };
        Ok(Action::Send(request.request(index, address)?, request.limits))
    }

    fn address(&mut self, destination: Destination) -> io::Result<SocketAddr> {
        match (destination, &self.server) {
            (Destination::ClosedPort | Destination::UnknownHost, _) => closed_port(),
            #[cfg(target_os = "linux")]
            (Destination::UnresponsivePort, _) => {
                let (address, kept) = crate::server::unresponsive_port()?;
                self.kept_sockets = kept;
                Ok(address)
            }
            (_, Some(server)) => Ok(server.address()),
            (destination, None) => {
                let ip = match destination {
                    Destination::Ipv6 => IpAddr::from(Ipv6Addr::LOCALHOST),
                    _ => IpAddr::from(Ipv4Addr::LOCALHOST),
                };
                let server = self.server.insert(Server::start(Arc::clone(&self.case.script), ip)?);
                Ok(server.address())
            }
        }
    }

    fn result(&mut self) -> CaseResult {
        let received = self.server.as_mut().map(Server::stop).unwrap_or_default();
        let mut problems = std::mem::take(&mut self.problems);
        let mut seen = Vec::new();
        let requests = self.case.steps.iter().filter_map(|step| match step {
            Step::Send(request) => Some(request),
            Step::Wait(_) | Step::WaitForClose => None,
        });
        for (index, (request, outcome)) in requests.zip(&self.outcomes).enumerate() {
            let mark = format!("step={index} ");
            let arrived: Vec<_> = received.iter().filter(|r| r.line().contains(&mark)).collect();
            let what = format!("{} {}", request.method, index + 1);
            seen.push(format!("{what}: {}", described(outcome)));
            let found = evaluate(request, index, outcome, &arrived);
            problems.extend(found.into_iter().map(|problem| format!("{what}: {problem}")));
        }
        let unexpected = received.iter().map(ReceivedRequest::line).filter(|line| !line.contains("step="));
        problems.extend(unexpected.map(|line| format!("the server received an unexpected request: {line}")));
        CaseResult { case: self.case.name().to_owned(), seen, problems }
    }
}

impl Machine for Run<'_> {
    type Output = CaseResult;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<CaseResult> {
        match event {
            Event::Tick => {}
            Event::Response(response) => self.outcomes.push(Ok(response)),
            Event::Failure(failure) => self.outcomes.push(Err(failure)),
        }
        if let Some(until) = self.until.take().filter(|until| now < *until) {
            self.problems.push(format!("sleep_until returned {:?} early", now.until(until)));
        }
        let case = self.case;
        let Some(step) = case.steps.get(self.next) else {
            return Action::Done(Ok(self.result()));
        };
        if matches!(step, Step::WaitForClose) && self.server.as_ref().is_some_and(|server| !server.is_idle())
        {
            return Action::Wait(now + CLOSE_GRACE / 10);
        }
        self.next += 1;
        self.begin(step, now).unwrap_or_else(|error| Action::Done(Err(error)))
    }
}

/// Returns the problems with one outcome, given the requests that the server received.
fn evaluate(
    request: &TestRequest,
    index: usize,
    outcome: &Result<HttpResponse, TransportError>,
    arrived: &[&ReceivedRequest],
) -> Vec<String> {
    let expected = &request.expected;
    let mut problems = Vec::new();
    let fits = match (outcome, &expected.response) {
        (Ok(response), Some(sent)) => {
            problems.extend(response_differences(sent, response));
            true
        }
        (Ok(_), None) => false,
        // On a machine under load an attempt may time out before it is sent; the record decides.
        (Err(TransportError::NotSent(_)), _) => {
            expected.not_sent || (expected.maybe_sent && arrived.is_empty())
        }
        (Err(TransportError::MaybeSent(_)), _) => expected.maybe_sent,
        (Err(TransportError::TooLarge { limit }), _) => {
            expected.too_large && *limit == request.limits.max_body
        }
        (Err(_), _) => false,
    };
    if !fits {
        problems.push(format!("expected {expected}"));
    }
    let began = arrived.iter().any(|received| received.whole || !received.body.is_empty());
    if matches!(outcome, Err(TransportError::NotSent(_))) && began {
        problems.push("the server received a request that was reported as not sent".to_owned());
    }
    if arrived.len() > 1 {
        problems.push(format!("the server received it {} times", arrived.len()));
    }
    for received in arrived.iter().filter(|received| received.whole) {
        problems.extend(request_differences(request, index, received));
    }
    problems
}

/// Returns the differences between the response that the transport returned and the one that was sent.
fn response_differences(sent: &CannedResponse, got: &HttpResponse) -> Vec<String> {
    let mut found = Vec::new();
    if got.status().as_u16() != sent.status {
        found.push(format!("status {} instead of {}", got.status().as_u16(), sent.status));
    }
    let got_headers =
        got.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    found.extend(header_differences(sent.headers.clone(), got_headers.collect()));
    if got.body()[..] != sent.body[..] {
        found.push(format!("a body of {} bytes that is not the one sent", got.body().len()));
    }
    found
}

/// Returns the differences between a request that arrived and the one that the transport was given.
fn request_differences(given: &TestRequest, index: usize, got: &ReceivedRequest) -> Vec<String> {
    let mut found = Vec::new();
    let line = format!("{} {} HTTP/1.1", given.method, given.marked_target(index));
    if got.line() != line {
        found.push(format!("request line {:?} instead of {line:?}", got.line()));
    }
    if got.body != given.body {
        found.push(format!("arrived with a body of {} bytes that is not the one given", got.body.len()));
    }
    let mut headers = got.headers();
    if headers.iter().filter(|(name, _)| name == "host").count() != 1 {
        found.push("arrived without one Host header".to_owned());
    }
    headers.retain(|(name, _)| !matches!(name.as_str(), "host" | "connection" | "keep-alive"));
    let changed = header_differences(given.all_headers(), headers);
    found.extend(changed.into_iter().map(|change| format!("request {change}")));
    found
}

fn header_differences(mut sent: Vec<(String, Vec<u8>)>, mut got: Vec<(String, Vec<u8>)>) -> Vec<String> {
    sent.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
    // Stable: values of the same name keep their order.
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
    if !found.is_empty() {
        let list = |headers: &[_]| headers.iter().map(show).collect::<Vec<_>>().join(" | ");
        found.push(format!("headers expected: {}", list(&sent)));
        found.push(format!("headers found: {}", list(&got)));
    }
    found
}

fn described(outcome: &Result<HttpResponse, TransportError>) -> String {
    let error = match outcome {
        Ok(response) => {
            return format!("{} with {} bytes", response.status().as_u16(), response.body().len());
        }
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
