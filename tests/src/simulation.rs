//! A simulation: a server that is a function, and a clock that only the simulation advances.
//!
//! [`Simulation::run`] drives any number of machines concurrently in simulated time. It never sleeps: hours of
//! waiting take microseconds, and two runs of one script are identical to the millisecond.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use http::{HeaderMap, Method};
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{Effect, RawOperation};
use zuora_core::session::{Session, Token};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp, TransportError, WallTime};
use zuora_core::types::Secret;
use zuora_core::{CallOptions, Config, DataCenter, Error, Response};

pub const CLIENT_ID: &str = "00000000-0000-4000-8000-000000000001";
pub const CLIENT_SECRET: &str = "s3cret+of/the=client";
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub const EFFECTS: [Effect; 3] = [Effect::Read, Effect::Keyed, Effect::Unkeyed];

/// The result of one send.
#[derive(Debug)]
pub enum SendResult {
    Received(HttpResponse),
    NotSent,
    Lost,
    TooLarge,
}

/// One request that was sent.
#[derive(Debug)]
pub struct Sent {
    /// Index of the machine that sent the request.
    pub by: usize,
    pub at: Timestamp,
    pub request: HttpRequest,
    pub limits: Limits,
}

/// The end of one machine.
#[derive(Debug)]
pub struct Ended<T> {
    pub at: Timestamp,
    pub result: Result<T, Error>,
    /// Begin and end of each wait that the machine asked for.
    pub waits: Vec<(Timestamp, Timestamp)>,
}

/// A server: returns for each request the time that it takes and its result.
pub trait Server: FnMut(&HttpRequest, Timestamp) -> (Duration, SendResult) {}

impl<F: FnMut(&HttpRequest, Timestamp) -> (Duration, SendResult)> Server for F {}

/// A server and a clock.
pub struct Simulation<F> {
    pub now: Timestamp,
    log: Log,
    server: F,
}

/// All requests, in the order of sending.
#[derive(Debug, Default)]
pub struct Log {
    pub sent: Vec<Sent>,
}

impl<F> std::ops::Deref for Simulation<F> {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.log
    }
}

impl<F: Server> Simulation<F> {
    pub fn new(server: F) -> Self {
        Self { now: at(0), log: Log::default(), server }
    }

    /// Drives one machine to its end.
    pub fn drive<M: Machine>(&mut self, machine: M) -> Ended<M::Output> {
        self.run(vec![machine]).pop().expect("one machine has one end")
    }

    /// Drives all machines to their ends concurrently, beginning now.
    pub fn run<M: Machine>(&mut self, machines: Vec<M>) -> Vec<Ended<M::Output>> {
        let begin = self.now;
        self.run_from(machines.into_iter().map(|machine| (begin, machine)).collect())
    }

    /// Does the same as [`run`](Self::run), with a separate start time for each machine.
    pub fn run_from<M: Machine>(&mut self, machines: Vec<(Timestamp, M)>) -> Vec<Ended<M::Output>> {
        let mut due = BinaryHeap::new();
        let mut events: Vec<Event> = Vec::new();
        let mut ends = Vec::new();
        let mut waits = Vec::new();
        let mut running = Vec::new();
        for (index, (begin, machine)) in machines.into_iter().enumerate() {
            due.push(Reverse((begin, events.len(), index)));
            events.push(Event::Tick);
            running.push(machine);
            ends.push(None);
            waits.push(Vec::new());
        }
        while let Some(Reverse((time, event, index))) = due.pop() {
            self.now = self.now.max(time);
            let event = std::mem::replace(&mut events[event], Event::Tick);
            match running[index].step(event, self.now) {
                Action::Send(request, limits) => {
                    let (took, result) = (self.server)(&request, self.now);
                    self.log.sent.push(Sent { by: index, at: self.now, request, limits });
                    assert!(self.log.sent.len() < 100_000, "a storm of requests");
                    let in_time = took <= limits.timeout;
                    due.push(Reverse((self.now + took.min(limits.timeout), events.len(), index)));
                    events.push(if in_time { result } else { SendResult::Lost }.into());
                }
                Action::Wait(until) => {
                    waits[index].push((self.now, until));
                    assert!(waits[index].len() < 100_000, "waits without end");
                    due.push(Reverse((until, events.len(), index)));
                    events.push(Event::Tick);
                }
                Action::Done(result) => {
                    let waits = std::mem::take(&mut waits[index]);
                    ends[index] = Some(Ended { at: self.now, result, waits });
                }
            }
        }
        ends.into_iter().map(|end| end.expect("a machine that waits is woken until it ends")).collect()
    }
}

impl Log {
    /// The requests to the API, without the token requests.
    pub fn calls(&self) -> Vec<&Sent> {
        self.sent.iter().filter(|sent| !is_token_request(&sent.request)).collect()
    }

    pub fn token_requests(&self) -> Vec<&Sent> {
        self.sent.iter().filter(|sent| is_token_request(&sent.request)).collect()
    }

    /// The idempotency keys in the order of sending, one for each keyed request.
    pub fn keys(&self) -> Vec<String> {
        self.calls().iter().filter_map(|sent| header(sent.request.headers(), "idempotency-key")).collect()
    }
}

/// A server that returns these results for the API's requests in turn, and a token for each token request.
/// A request beyond the script fails the test.
pub fn script(results: impl IntoIterator<Item = SendResult>) -> impl Server {
    let mut results = results.into_iter();
    let mut tokens = 0;
    move |request, _| {
        if is_token_request(request) {
            tokens += 1;
            return (ms(100), SendResult::Received(token_response(&format!("fetched-token-{tokens}"), 3599)));
        }
        (ms(100), results.next().expect("no request beyond the script"))
    }
}

impl From<SendResult> for Event {
    fn from(result: SendResult) -> Self {
        match result {
            SendResult::Received(response) => Event::Response(response),
            SendResult::NotSent => Event::Failure(not_sent()),
            SendResult::Lost => Event::Failure(lost()),
            SendResult::TooLarge => Event::Failure(TransportError::TooLarge { limit: 1 }),
        }
    }
}

pub fn not_sent() -> TransportError {
    TransportError::not_sent(std::io::Error::other("connection refused"))
}

pub fn lost() -> TransportError {
    TransportError::maybe_sent(std::io::Error::other("connection reset by peer"))
}

/// A response with a JSON body.
pub fn json(status: u16, body: impl Into<bytes::Bytes>) -> HttpResponse {
    FakeTransport::json(status, body)
}

/// The result of a send that receives such a response; headers as `("Name", "value")`.
pub fn received(status: u16, headers: &[(&'static str, &str)], body: &str) -> SendResult {
    let mut response = json(status, body.to_owned());
    for (name, value) in headers {
        let value = value.parse().expect("scripts contain valid header values");
        response.headers_mut().append(*name, value);
    }
    SendResult::Received(response)
}

pub fn success() -> SendResult {
    received(200, &[], r#"{"success":true}"#)
}

/// An error response in the v1 envelope with these codes.
pub fn rejected(status: u16, codes: &[&str]) -> SendResult {
    received(status, &[], &rejection_body(codes))
}

pub fn rejection_body(codes: &[&str]) -> String {
    let reasons: Vec<String> =
        codes.iter().map(|code| format!(r#"{{"code":"{code}","message":"because"}}"#)).collect();
    format!(r#"{{"success":false,"reasons":[{}]}}"#, reasons.join(","))
}

pub fn token_response(token: &str, expires_in: u64) -> HttpResponse {
    json(
        200,
        format!(
            r#"{{"access_token":"{token}","token_type":"bearer","expires_in":{expires_in},"scope":"a b"}}"#
        ),
    )
}

pub fn is_token_request(request: &HttpRequest) -> bool {
    request.uri().path() == "/oauth/token"
}

pub fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The settings that most tests start from.
pub fn config() -> Config {
    Config::new(DataCenter::UsCloud2, CLIENT_ID, CLIENT_SECRET)
}

/// A session that has no token yet.
pub fn cold(config: &Config) -> Session {
    Session::new(config, &seed(1)).expect("the settings are valid")
}

/// A session that has [`TOKEN`], valid for an hour.
pub fn warm(config: &Config) -> Session {
    let session = cold(config);
    let token = Token::new(Secret::from(TOKEN), secs(3600));
    session.set_token(&token, Timestamp::default()).expect("the token is printable");
    session
}

pub fn seed(number: u64) -> Seed {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Seed::from_bytes(bytes)
}

/// An operation of this effect.
pub fn operation(effect: Effect) -> RawOperation {
    match effect {
        Effect::Read => RawOperation::new(Method::GET, "/v1/things/1"),
        Effect::Keyed => RawOperation::new(Method::POST, "/v1/things").body(r#"{"name":"x"}"#.as_bytes()),
        _ => RawOperation::new(Method::PUT, "/v1/things/1/post").body("{}".as_bytes()),
    }
}

pub fn call(session: &Session, effect: Effect) -> Call<RawOperation> {
    Call::new(session, operation(effect))
}

pub fn call_with(session: &Session, effect: Effect, options: &CallOptions) -> Call<RawOperation> {
    Call::with_options(session, operation(effect), options)
}

/// Runs one call of this effect on a warm session against a script.
pub fn play(
    effect: Effect,
    results: impl IntoIterator<Item = SendResult>,
) -> (Ended<Response<HttpResponse>>, Log) {
    play_with(&config(), effect, &CallOptions::new(), results)
}

pub fn play_with(
    config: &Config,
    effect: Effect,
    options: &CallOptions,
    results: impl IntoIterator<Item = SendResult>,
) -> (Ended<Response<HttpResponse>>, Log) {
    let mut simulation = Simulation::new(script(results));
    let ended = simulation.drive(call_with(&warm(config), effect, options));
    (ended, simulation.log)
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A moment of the simulated clock.
pub fn at(seconds: u64) -> Timestamp {
    moment(secs(seconds))
}

/// A moment of the simulated clock, this long after its start on 2026-01-01T00:00:00 UTC.
pub fn moment(since: Duration) -> Timestamp {
    Timestamp::new(since).with_wall(WallTime::from_unix_millis(1_767_225_600_000) + since)
}
