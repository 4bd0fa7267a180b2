//! Clocks, client processes, and requests in progress at the same time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Method, Request};
use zuora_core::transport::{
    AsyncTransport, Body, HttpRequest, HttpResponse, Limits, Timestamp, Transport, TransportError,
};
use zuora_sandbox::{
    CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, InProcess, Sandbox, Settings, Tenant, UnixTime,
};

use crate::client::{START, form};

const LIMITS: Limits = Limits::new(Duration::from_secs(130), 1 << 20);
const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn request(method: Method, path: &str, token: &str, body: &'static str) -> HttpRequest {
    let request = Request::builder().method(method).uri(format!("https://rest.test.zuora.com{path}"));
    let request =
        request.header("authorization", format!("Bearer {token}")).header("zuora-version", "2024-05-20");
    request.header("content-type", "application/json").body(Body::from(body)).unwrap()
}

fn token(transport: &InProcess) -> String {
    let request = Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(Body::from(form(CLIENT_ID, CLIENT_SECRET))).unwrap();
    let response = Transport::send(transport, request, LIMITS).unwrap();
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

fn now(transport: &InProcess) -> Duration {
    Transport::now(transport).elapsed()
}

fn at(time: u64) -> UnixTime {
    UnixTime::from_secs(START + time)
}

#[test]
fn each_clock_can_be_moved_alone() {
    let transport = InProcess::demo();
    let all = |transport: &InProcess| (now(transport), transport.wall_time(), transport.unix_time());
    transport.advance(seconds(10));
    assert_eq!(all(&transport), (seconds(10), at(10), at(10)));
    transport.advance_monotonic(seconds(100));
    assert_eq!(all(&transport), (seconds(110), at(10), at(10)));
    transport.set_wall_time(at(5));
    assert_eq!(all(&transport), (seconds(110), at(5), at(10)));
    transport.suspend(seconds(3600));
    assert_eq!(all(&transport), (seconds(110), at(3605), at(3610)));
    transport.set_wall_time(at(86_400));
    transport.advance(seconds(1));
    assert_eq!(all(&transport), (seconds(111), at(86_401), at(3611)));
    Transport::sleep_until(&transport, Timestamp::new(seconds(120)));
    assert_eq!(all(&transport), (seconds(120), at(86_410), at(3620)));
}

#[test]
fn processes_share_the_sandbox_and_its_clock_but_not_their_own_clocks() {
    let first = InProcess::demo();
    first.advance(seconds(1000));
    let second = first.new_process();
    assert_eq!((now(&first), now(&second)), (seconds(1000), Duration::ZERO));
    assert_eq!((first.unix_time(), second.unix_time()), (at(1000), at(1000)));
    second.set_wall_time(at(0));
    Transport::sleep_until(&second, Timestamp::new(seconds(5)));
    assert_eq!((now(&first), now(&second)), (seconds(1005), seconds(5)));
    assert_eq!((first.wall_time(), second.wall_time()), (at(1005), at(5)));
    let token = token(&second);
    Transport::send(&second, request(Method::POST, "/v1/bill-runs", &token, ALL), LIMITS).unwrap();
    assert_eq!(first.sandbox().seen(&Method::POST, "/bill-runs"), 1);
    assert_eq!(now(&first.clone()), now(&first), "a clone is the same process");
}

#[test]
fn the_sandbox_is_up_to_date_whenever_it_is_inspected() {
    let transport = InProcess::demo();
    let token = token(&transport);
    let later = Fault::execute_later(seconds(119)).on(Method::POST, "/v1/bill-runs");
    transport.sandbox().faults().push(later);
    Transport::send(&transport, request(Method::POST, "/v1/bill-runs", &token, ALL), LIMITS).unwrap();
    let runs = || transport.sandbox().journal().effects_of_kind(EffectKind::BillRunCreated).count();
    transport
        .sandbox()
        .schedule_after(seconds(121), |sandbox| sandbox.cancel_bill_run("BR-00000001").unwrap());
    transport.advance(seconds(118));
    assert_eq!(runs(), 0);
    transport.advance(seconds(1));
    assert_eq!(runs(), 1);
    transport.advance(seconds(10));
    let sandbox = transport.sandbox();
    assert_eq!(sandbox.journal().effects_of_kind(EffectKind::BillRunCanceled).count(), 1);
    assert_eq!(sandbox.now(), UnixTime(at(129).0 + Duration::from_millis(40)));
}

#[test]
fn a_fork_continues_independently() {
    let transport = InProcess::demo();
    let token = token(&transport);
    let fork = transport.fork();
    fork.advance(seconds(60));
    Transport::send(&fork, request(Method::POST, "/v1/bill-runs", &token, ALL), LIMITS).unwrap();
    assert_eq!(fork.sandbox().seen(&Method::POST, "/bill-runs"), 1);
    assert_eq!(transport.sandbox().seen(&Method::POST, "/bill-runs"), 0);
    assert_eq!(transport.unix_time(), UnixTime(at(0).0 + Duration::from_millis(20)));
}

#[test]
fn transport_errors_can_take_their_time() {
    let transport = InProcess::demo();
    let get = || request(Method::GET, "/v1/bill-runs/x", "", "");
    for (fault, delay, took) in [
        (Fault::NotSent, 20, seconds(20)),
        (Fault::LoseResponse, 60, seconds(60) + Duration::from_millis(20)),
        (Fault::LoseResponse, 600, LIMITS.timeout),
        (Fault::Disconnect(9), 3, seconds(3) + Duration::from_millis(20)),
        (Fault::execute_later(seconds(5)), 119, seconds(119) + Duration::from_millis(20)),
    ] {
        let before = now(&transport);
        transport.sandbox().faults().push(fault.delayed(seconds(delay)));
        let _ = Transport::send(&transport, get(), LIMITS);
        assert_eq!(now(&transport) - before, took);
    }
}

#[test]
fn asynchronous_requests_in_progress_are_counted() {
    let settings = Settings::default().concurrency_limit(3_u32).count_concurrency(true);
    let transport = InProcess::new(Sandbox::new(Tenant::demo(), settings));
    let token = token(&transport);
    let send = || -> Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + '_>> {
        Box::pin(AsyncTransport::send(
            &transport,
            request(Method::GET, "/v1/bill-runs/x", &token, ""),
            LIMITS,
        ))
    };
    let mut context = Context::from_waker(Waker::noop());
    let mut status = |future: &mut Pin<Box<dyn Future<Output = _> + '_>>| -> u16 {
        loop {
            if let Poll::Ready(response) = future.as_mut().poll(&mut context) {
                let response: Result<HttpResponse, TransportError> = response;
                return response.unwrap().status().as_u16();
            }
        }
    };
    let mut open: Vec<_> = (0..5).map(|_| send()).collect();
    let mut first_poll = Context::from_waker(Waker::noop());
    for future in &mut open {
        assert!(future.as_mut().poll(&mut first_poll).is_pending());
    }
    assert_eq!(open.iter_mut().map(&mut status).collect::<Vec<_>>(), [404, 404, 404, 429, 429]);
    let mut dropped: Vec<_> = (0..3).map(|_| send()).collect();
    for future in &mut dropped {
        assert!(future.as_mut().poll(&mut first_poll).is_pending());
    }
    assert_eq!(status(&mut send()), 429);
    drop(dropped);
    assert_eq!(status(&mut send()), 404, "dropped requests are no longer in progress");
}
