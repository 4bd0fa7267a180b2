//! The in-process transport and its faults.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Method, Request, StatusCode};
use zuora_core::transport::{AsyncTransport, Body, Limits, Timestamp, Transport, TransportError};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, InProcess, UnixTime};

use crate::client::form;

const LIMITS: Limits = Limits::new(Duration::from_secs(130), 1 << 20);
const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;

fn request(
    method: Method,
    path: &str,
    token: &str,
    body: &'static str,
) -> zuora_core::transport::HttpRequest {
    let request = Request::builder().method(method).uri(format!("https://rest.test.zuora.com{path}"));
    let request =
        request.header("authorization", format!("Bearer {token}")).header("zuora-version", "2024-05-20");
    request.header("content-type", "application/json").body(Body::from(body)).unwrap()
}

fn send(
    transport: &InProcess,
    request: zuora_core::transport::HttpRequest,
) -> Result<zuora_core::transport::HttpResponse, TransportError> {
    Transport::send(transport, request, LIMITS)
}

fn transport_with_token() -> (InProcess, String) {
    let transport = InProcess::demo();
    let request = Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    let response =
        send(&transport, request.body(Body::from(form(CLIENT_ID, CLIENT_SECRET))).unwrap()).unwrap();
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    (transport, body["access_token"].as_str().unwrap().to_owned())
}

fn now(transport: &InProcess) -> Duration {
    Transport::now(transport).elapsed()
}

#[test]
fn the_clock_advances_only_for_requests_and_sleeps() {
    let (transport, token) = transport_with_token();
    assert_eq!(now(&transport), Duration::from_millis(20));
    send(&transport, request(Method::GET, "/v1/bill-runs/x", &token, "")).unwrap();
    assert_eq!(now(&transport), Duration::from_millis(40));
    Transport::sleep_until(&transport.clone(), Timestamp::new(Duration::from_secs(3600)));
    Transport::sleep_until(&transport, Timestamp::new(Duration::from_secs(5)));
    assert_eq!(now(&transport), Duration::from_secs(3600), "clones share it, and it never moves back");
    let late = send(&transport, request(Method::GET, "/v1/bill-runs/x", &token, "")).unwrap();
    assert_eq!(late.status(), 401, "the token is an hour old");
}

#[test]
fn a_request_whose_response_is_lost_is_executed() {
    let (transport, token) = transport_with_token();
    transport.sandbox().faults().push(Fault::LoseResponse.on(Method::POST, "/v1/bill-runs"));
    let create = || request(Method::POST, "/v1/bill-runs", &token, ALL);
    assert!(matches!(send(&transport, create()), Err(TransportError::MaybeSent(_))));
    let second = send(&transport, create()).unwrap();
    assert!(second.body().windows(11).any(|part| part == b"BR-00000002"));
    assert_eq!(transport.sandbox().seen(&Method::POST, "/bill-runs"), 2);
}

#[test]
fn a_body_that_drips_arrives_with_its_last_piece_or_too_late() {
    let (transport, token) = transport_with_token();
    let get = || request(Method::GET, "/v1/bill-runs/x", &token, "");
    let whole = send(&transport, get()).unwrap();
    let drip = |pause| Fault::Drip { bytes: whole.body().len() / 2 + 1, pause };
    let before = now(&transport);
    transport.sandbox().faults().push(drip(Duration::from_secs(100)));
    assert_eq!(send(&transport, get()).unwrap().body().len(), whole.body().len());
    assert_eq!(now(&transport) - before, Duration::from_millis(100_020), "two pieces");
    transport.sandbox().faults().push(drip(Duration::from_secs(131)));
    assert!(matches!(send(&transport, get()), Err(TransportError::MaybeSent(_))));
    assert_eq!(now(&transport) - before, Duration::from_millis(230_020), "the timeout of the caller");
}

#[test]
fn faults_replace_the_execution() {
    let (transport, token) = transport_with_token();
    let create = || request(Method::POST, "/v1/bill-runs", &token, ALL);
    {
        let mut sandbox = transport.sandbox();
        let faults = sandbox.faults();
        faults.push(Fault::NotSent.on(Method::POST, "/v1/bill-runs"));
        faults.push(Fault::status(StatusCode::BAD_GATEWAY));
        faults.push(Fault::throttled(7).times(2));
        faults.push(Fault::json(StatusCode::OK, "{}"));
    }
    assert!(matches!(send(&transport, create()), Err(TransportError::NotSent(_))));
    let gateway = send(&transport, create()).unwrap();
    assert_eq!(
        (gateway.status(), gateway.body().len(), gateway.headers().len()),
        (StatusCode::BAD_GATEWAY, 0, 0)
    );
    for _ in 0..2 {
        assert_eq!(send(&transport, create()).unwrap().headers()["retry-after"], "7");
    }
    assert_eq!(&send(&transport, create()).unwrap().body()[..], b"{}");
    assert!(transport.sandbox().faults().is_empty());
    let real = send(&transport, create()).unwrap();
    assert!(real.body().windows(11).any(|part| part == b"BR-00000001"), "no work was done before");
}

#[test]
fn late_and_large_responses_exceed_the_limits() {
    let (transport, token) = transport_with_token();
    let get = || request(Method::GET, "/v1/bill-runs/x", &token, "");
    transport.sandbox().faults().push(Fault::Delay(Duration::from_secs(100)));
    let before = now(&transport);
    assert!(send(&transport, get()).is_ok());
    assert_eq!(now(&transport) - before, Duration::from_millis(100_020));
    transport.sandbox().faults().push(Fault::Delay(Duration::from_secs(200)));
    let before = now(&transport);
    assert!(matches!(send(&transport, get()), Err(TransportError::MaybeSent(_))));
    assert_eq!(now(&transport) - before, LIMITS.timeout);
    let tight = Limits::new(LIMITS.timeout, 10);
    let large = Transport::send(&transport, get(), tight);
    assert!(matches!(large, Err(TransportError::TooLarge { limit: 10 })));
}

#[test]
fn a_dropped_future_may_have_executed_the_request() {
    let (transport, token) = transport_with_token();
    let polls = |count: usize| {
        let future =
            AsyncTransport::send(&transport, request(Method::POST, "/v1/bill-runs", &token, ALL), LIMITS);
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..count {
            if let Poll::Ready(response) = future.as_mut().poll(&mut context) {
                return Some(response.unwrap().status());
            }
        }
        None
    };
    let seen = || transport.sandbox().seen(&Method::POST, "/bill-runs");
    assert_eq!((polls(1), seen()), (None, 0));
    assert_eq!((polls(2), seen()), (None, 1));
    assert_eq!((polls(3), seen()), (Some(StatusCode::OK), 2));
}

#[test]
fn threads_share_one_sandbox() {
    let (transport, token) = transport_with_token();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (transport, token) = (transport.clone(), &token);
            scope.spawn(move || {
                for _ in 0..25 {
                    let response =
                        send(&transport, request(Method::GET, "/v1/bill-runs/x", token, "")).unwrap();
                    assert_eq!(response.status(), 404);
                }
            });
        }
    });
    assert_eq!(transport.sandbox().seen(&Method::GET, "/v1/bill-runs/x"), 200);
    assert_eq!(now(&transport), Duration::from_millis(20 * 201));
}

#[test]
fn the_same_requests_get_the_same_responses() {
    let story = || {
        let (transport, token) = transport_with_token();
        let mut responses = Vec::new();
        for _ in 0..3 {
            responses.push(send(&transport, request(Method::POST, "/v1/bill-runs", &token, ALL)).unwrap());
            transport.advance(Duration::from_secs(2));
            responses
                .push(send(&transport, request(Method::GET, "/object-query/invoices", &token, "")).unwrap());
        }
        responses.iter().map(|response| format!("{response:?}")).collect::<Vec<_>>()
    };
    assert_eq!(story(), story());
}

#[test]
fn the_transport_has_the_wall_time_of_its_process() {
    let here = InProcess::demo();
    let there = here.new_process();
    here.set_wall_time(UnixTime::from_secs(1_900_000_000));
    assert_eq!(Transport::now(&here).wall().unwrap().unix_millis(), 1_900_000_000_000);
    let elsewhere = Transport::now(&there).wall().unwrap().unix_millis();
    assert_ne!(elsewhere, 1_900_000_000_000, "only one process has a wrong clock");
    there.advance(Duration::from_secs(5));
    assert_eq!(Transport::now(&there).wall().unwrap().unix_millis(), elsewhere + 5_000);
}
