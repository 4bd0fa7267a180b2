//! A request is built once a call: whatever the call waits for, and however often the request is sent.

use std::cell::Cell;

use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{Effect, Operation, Paginated, RawOperation, Spec};
use zuora_core::pagination::Paginator;
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp};
use zuora_core::{Client, Error};
use zuora_tests::simulation::{
    SendResult, Simulation, at, call, cold, config, is_token_request, json, ms, operation, received, script,
    secs, success, token_response, warm,
};

/// An operation that counts how often its request is built.
#[derive(Clone)]
struct Counted<'a> {
    operation: RawOperation,
    builds: &'a Cell<usize>,
}

impl<'a> Counted<'a> {
    fn new(effect: Effect, builds: &'a Cell<usize>) -> Self {
        Self { operation: operation(effect), builds }
    }
}

impl Operation for Counted<'_> {
    type Output = HttpResponse;

    fn spec(&self) -> &Spec {
        self.operation.spec()
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        self.builds.set(self.builds.get() + 1);
        self.operation.request()
    }

    fn parse(&self, success: &HttpResponse) -> Result<HttpResponse, Error> {
        self.operation.parse(success)
    }
}

#[test]
fn a_call_that_waits_for_another_calls_token_builds_its_request_once() {
    let session = cold(&config());
    let mut holder = call(&session, Effect::Read);
    let Action::Send(token_request, _) = holder.step(Event::Tick, at(0)) else { panic!("a token request") };
    assert!(is_token_request(&token_request));

    let builds = Cell::new(0);
    let mut waiting = Call::new(&session, Counted::new(Effect::Keyed, &builds));
    let (mut now, mut polls) = (at(0), 0);
    while now < at(5) {
        let Action::Wait(until) = waiting.step(Event::Tick, now) else {
            panic!("the token is requested elsewhere")
        };
        now = until;
        polls += 1;
    }
    assert!(polls > 40, "{polls}");
    assert_eq!(builds.get(), 1);

    let token = token_response("fetched", 3599);
    assert!(matches!(holder.step(Event::Response(token), now), Action::Send(..)));
    let Action::Send(request, _) = waiting.step(Event::Tick, now) else { panic!("the token is there") };
    assert_eq!(&request.body()[..], br#"{"name":"x"}"#);
    assert_eq!(builds.get(), 1);
}

#[test]
fn every_attempt_sends_what_was_built_once() {
    let builds = Cell::new(0);
    let results = [
        SendResult::NotSent,
        received(429, &[("Retry-After", "1")], ""),
        SendResult::Lost,
        received(401, &[], ""),
        success(),
    ];
    let mut simulation = Simulation::new(script(results));
    let ended = simulation.drive(Call::new(&warm(&config()), Counted::new(Effect::Keyed, &builds)));
    assert_eq!(ended.result.unwrap().attempts(), 5);
    assert_eq!(builds.get(), 1);
    let calls = simulation.calls();
    for sent in &calls {
        assert_eq!(sent.request.body(), calls[0].request.body());
        assert_eq!(sent.request.uri(), calls[0].request.uri());
        assert_eq!(sent.request.headers()["content-type"], "application/json");
        assert_eq!(sent.request.headers().len(), calls[0].request.headers().len());
    }
}

#[test]
fn a_request_that_cannot_be_built_costs_no_token_request() {
    let session = cold(&config());
    let mut call = Call::new(&session, RawOperation::new(http::Method::GET, "no-slash"));
    let Action::Done(Err(error)) = call.step(Event::Tick, Timestamp::default()) else { panic!("an error") };
    assert_eq!(error.field(), Some("path"));
    assert!(matches!(call.step(Event::Tick, at(1)), Action::Done(Err(_))), "and so it stays");
}

/// A list of three pages.
#[derive(Clone)]
struct List<'a> {
    page: u64,
    builds: &'a Cell<usize>,
}

impl Operation for List<'_> {
    type Output = Option<u64>;

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("list_things", "/v1/things");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        self.builds.set(self.builds.get() + 1);
        RawOperation::new(http::Method::GET, format!("/v1/things?page={}", self.page)).request()
    }

    fn parse(&self, _: &HttpResponse) -> Result<Option<u64>, Error> {
        Ok((self.page < 3).then_some(self.page + 1))
    }
}

impl Paginated for List<'_> {
    type Item = u64;

    fn into_page(&self, next: Option<u64>) -> (Vec<u64>, Option<Self>) {
        (vec![self.page], next.map(|page| Self { page, ..self.clone() }))
    }
}

#[test]
fn a_page_is_built_once() {
    let builds = Cell::new(0);
    let pages = (1..=3).map(|page| received(200, &[], &format!(r#"{{"success":true,"page":{page}}}"#)));
    let mut simulation = Simulation::new(script(pages));
    let mut list = Paginator::new(&warm(&config()), List { page: 1, builds: &builds });
    let mut rows = Vec::new();
    while let Some(page) = simulation.drive(&mut list).result.unwrap() {
        rows.extend(page.into_inner());
    }
    assert_eq!((rows, builds.get()), (vec![1, 2, 3], 3));
}

#[test]
fn a_thousand_waiting_calls_build_a_thousand_requests() {
    let session = cold(&config());
    let builds = Cell::new(0);
    let calls: Vec<_> =
        (0..1000).map(|_| Call::new(&session, Counted::new(Effect::Keyed, &builds))).collect();
    let mut simulation = Simulation::new(|request: &HttpRequest, _| match is_token_request(request) {
        true => (secs(5), SendResult::Received(token_response("fetched", 3599))),
        false => (ms(10), success()),
    });
    assert!(simulation.run(calls).iter().all(|ended| ended.result.is_ok()));
    assert_eq!((builds.get(), simulation.token_requests().len()), (1000, 1));
}

#[test]
fn a_dry_run_sends_nothing_and_shows_all_headers_but_the_token() {
    let transport = zuora_core::testing::FakeTransport::new(|_| Ok(json(500, "")));
    let client = Client::with_transport(&config(), transport).unwrap();
    let request = client.dry_run(&operation(Effect::Keyed), &zuora_core::CallOptions::new()).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer ...");
    assert!(request.headers().contains_key("idempotency-key"));
    assert_eq!(request.uri(), "https://rest.zuora.com/v1/things");
}
