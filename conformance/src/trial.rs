//! A case under way, and what is made of it: the same for blocking and async transports.

use std::error::Error as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use zuora_core::{Action, Error, Event, Machine, Now, Response, TransportError};

use crate::case::{Call, Case, Fate, Place, Reply, Step, Verdict};
use crate::server::{Delivery, Server, refusing};

/// Arranges what becomes of the next request.
pub(crate) type Arrange<'a> = &'a (dyn Fn(&Fate) + Sync);

pub(crate) struct Trial<'a> {
    case: &'a Case,
    arranged: Option<(Arrange<'a>, &'a [Fate])>,
    server: Option<Server>,
    #[cfg(target_os = "linux")]
    deaf: Vec<socket2::Socket>,
    next: usize,
    until: Option<Now>,
    outcomes: Vec<Result<Response, TransportError>>,
    problems: Vec<String>,
}

/// How long loopback and runtime are given to pass a close on.
const A_MOMENT: Duration = Duration::from_millis(20);

impl<'a> Trial<'a> {
    pub(crate) fn new(case: &'a Case) -> Self {
        Self {
            case,
            arranged: None,
            server: None,
            #[cfg(target_os = "linux")]
            deaf: Vec::new(),
            next: 0,
            until: None,
            outcomes: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// A trial without a socket.
    pub(crate) fn arranged(case: &'a Case, fates: &'a [Fate], arrange: Arrange<'a>) -> Self {
        Self { arranged: Some((arrange, fates)), ..Self::new(case) }
    }

    fn begin(&mut self, step: &Step, now: Now) -> Result<Action<Verdict>, Error> {
        let call = match step {
            Step::Wait(span) => {
                self.until = Some(now + *span);
                return Ok(Action::Wait(now + *span));
            }
            Step::WaitForClose => return Ok(Action::Wait(now + A_MOMENT)),
            Step::Send(call) => call,
        };
        let index = self.outcomes.len();
        let address = match self.arranged {
            Some((arrange, fates)) => {
                fates.get(index).into_iter().for_each(arrange);
                SocketAddr::from((Ipv4Addr::LOCALHOST, 80))
            }
            None => self
                .address(call.place)
                .map_err(|error| Error::failed(format!("the loopback interface: {error}")))?,
        };
        Ok(Action::Send(call.request(index, address)?, call.limits))
    }

    fn address(&mut self, place: Place) -> io::Result<SocketAddr> {
        match (place, &self.server) {
            (Place::ClosedPort | Place::UnknownHost, _) => refusing(),
            #[cfg(target_os = "linux")]
            (Place::DeafPort, _) => {
                let (address, kept) = crate::server::deaf()?;
                self.deaf = kept;
                Ok(address)
            }
            (Place::Server | Place::ServerOverTls, Some(server)) => Ok(server.address()),
            (Place::Server | Place::ServerOverTls, None) => {
                let server = self.server.insert(Server::start(Arc::clone(&self.case.script))?);
                Ok(server.address())
            }
        }
    }

    fn verdict(&mut self) -> Verdict {
        let deliveries = self.server.as_mut().map(Server::stop).unwrap_or_default();
        let mut problems = std::mem::take(&mut self.problems);
        let mut seen = Vec::new();
        let calls = self.case.steps.iter().filter_map(|step| match step {
            Step::Send(call) => Some(call),
            Step::Wait(_) | Step::WaitForClose => None,
        });
        for (index, (call, outcome)) in calls.zip(&self.outcomes).enumerate() {
            let mark = format!("step={index} ");
            let arrived: Vec<_> = deliveries.iter().filter(|d| d.line().contains(&mark)).collect();
            let what = format!("{} {}", call.method, index + 1);
            seen.push(format!("{what}: {}", described(outcome)));
            let found = judge(call, index, outcome, &arrived);
            problems.extend(found.into_iter().map(|problem| format!("{what}: {problem}")));
        }
        let strangers = deliveries.iter().map(Delivery::line).filter(|line| !line.contains("step="));
        problems.extend(strangers.map(|line| format!("the server got a request that nobody made: {line}")));
        Verdict { case: self.case.name().to_owned(), seen, problems }
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
        let case = self.case;
        let Some(step) = case.steps.get(self.next) else {
            return Action::Done(Ok(self.verdict()));
        };
        if matches!(step, Step::WaitForClose) && self.server.as_ref().is_some_and(|server| !server.is_idle())
        {
            return Action::Wait(now + A_MOMENT / 10);
        }
        self.next += 1;
        self.begin(step, now).unwrap_or_else(|error| Action::Done(Err(error)))
    }
}

/// What is wrong with one outcome, given what the server got.
fn judge(
    call: &Call,
    index: usize,
    outcome: &Result<Response, TransportError>,
    arrived: &[&Delivery],
) -> Vec<String> {
    let expected = &call.expected;
    let mut problems = Vec::new();
    let fits = match (outcome, &expected.answer) {
        (Ok(answer), Some(reply)) => {
            problems.extend(answer_differences(reply, answer));
            true
        }
        (Ok(_), None) => false,
        // On a machine under load an attempt may time out before it leaves; the record knows.
        (Err(TransportError::NeverLeft(_)), _) => {
            expected.never_left || (expected.in_flight && arrived.is_empty())
        }
        (Err(TransportError::InFlight(_)), _) => expected.in_flight,
        (Err(TransportError::TooLarge { limit }), _) => expected.too_large && *limit == call.limits.max_body,
        (Err(_), _) => false,
    };
    if !fits {
        problems.push(format!("must be {expected}"));
    }
    let began = arrived.iter().any(|delivery| delivery.whole || !delivery.body.is_empty());
    if matches!(outcome, Err(TransportError::NeverLeft(_))) && began {
        problems.push("the server got it, whatever the transport says".to_owned());
    }
    if arrived.len() > 1 {
        problems.push(format!("the server got it {} times", arrived.len()));
    }
    for delivery in arrived.iter().filter(|delivery| delivery.whole) {
        problems.extend(request_differences(call, index, delivery));
    }
    problems
}

/// How the answer that the transport handed over differs from the one that was sent.
fn answer_differences(sent: &Reply, got: &Response) -> Vec<String> {
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

/// How a request that arrived differs from the one that the transport was given.
fn request_differences(call: &Call, index: usize, got: &Delivery) -> Vec<String> {
    let mut found = Vec::new();
    let line = format!("{} {} HTTP/1.1", call.method, call.marked_target(index));
    if got.line() != line {
        found.push(format!("request line {:?} instead of {line:?}", got.line()));
    }
    if got.body != call.body {
        found.push(format!("arrived with a body of {} bytes that is not the one given", got.body.len()));
    }
    let mut headers = got.headers();
    if headers.iter().filter(|(name, _)| name == "host").count() != 1 {
        found.push("arrived without one Host header".to_owned());
    }
    headers.retain(|(name, _)| !matches!(name.as_str(), "host" | "connection" | "keep-alive"));
    let changed = header_differences(call.all_headers(), headers);
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
