//! Rule 2: all calls share one token request, by a lease that expires. A token is renewed early, and dropped after a
//! 401 only if it is still the token in use.

use std::cell::Cell;

use zuora_core::machine::{Action, Event, Machine};
use zuora_core::operation::{Effect, RawOperation};
use zuora_core::session::Token;
use zuora_core::transport::HttpRequest;
use zuora_core::types::Secret;
use zuora_core::{CallOptions, ErrorKind, Outcome};
use zuora_tests::simulation::{
    SendResult, Server, Simulation, TOKEN, at, call, call_with, cold, config, is_token_request, json, ms,
    play_with, received, rejected, script, secs, success, token_response, warm,
};

/// A server that responds to token requests by a function, and to all other requests with success after 20 ms.
pub(crate) fn token_server(mut token_request: impl FnMut(usize) -> SendResult) -> impl Server {
    let mut count = 0;
    move |request, _| match is_token_request(request) {
        true => {
            count += 1;
            (ms(200), token_request(count))
        }
        false => (ms(20), success()),
    }
}

fn good_token(count: usize) -> SendResult {
    SendResult::Received(token_response(&format!("token-{count}"), 3599))
}

fn calls(
    session: &zuora_core::session::Session,
    callers: usize,
) -> Vec<zuora_core::machine::Call<RawOperation>> {
    (0..callers).map(|_| call(session, Effect::Read)).collect()
}

#[test]
fn calls_of_a_cold_session_share_one_token_request() {
    let session = cold(&config());
    let mut simulation = Simulation::new(token_server(good_token));
    let ends = simulation.run(calls(&session, 64));
    assert!(ends.iter().all(|ended| ended.result.is_ok()));
    assert_eq!(simulation.token_requests().len(), 1);
    let arrived = zuora_tests::simulation::moment(ms(200));
    let last = ends.iter().map(|ended| ended.at).max().unwrap();
    assert!(
        arrived.until(last) <= ms(150),
        "the last call ended {:?} after the token arrived",
        arrived.until(last)
    );
}

#[test]
fn calls_whose_token_is_rejected_share_one_token_request() {
    let session = warm(&config());
    let mut simulation =
        Simulation::new(|request: &zuora_core::transport::HttpRequest, _| match is_token_request(request) {
            true => (ms(200), good_token(1)),
            false if request.headers()["authorization"] == "Bearer token-1" => (ms(20), success()),
            false => (ms(20), rejected(401, &["90000011"])),
        });
    let ends = simulation.run(calls(&session, 64));
    assert!(ends.iter().all(|ended| ended.result.is_ok()));
    assert_eq!(simulation.token_requests().len(), 1);
    assert_eq!(simulation.calls().len(), 128);
}

#[test]
fn a_401_keeps_a_token_that_was_renewed_meanwhile() {
    let session = warm(&config());
    let mut call = call(&session, Effect::Read);
    let Action::Send(first, _) = call.step(Event::Tick, at(0)) else { panic!("a send") };
    assert_eq!(first.headers()["authorization"], format!("Bearer {TOKEN}"));
    session.set_token(&Token::new(Secret::from("newer"), secs(3600)), at(0)).unwrap();
    let Action::Wait(now) = call.step(Event::Response(json(401, "")), at(0)) else { panic!("a wait") };
    let Action::Send(second, _) = call.step(Event::Tick, now) else { panic!("a send") };
    assert_eq!(second.uri().path(), "/v1/things/1", "no token request");
    assert_eq!(second.headers()["authorization"], "Bearer newer");
}

#[test]
fn a_token_is_renewed_300_s_early_while_other_calls_use_the_old_one() {
    let session = warm(&config());
    let (mut first, mut second) = (call(&session, Effect::Read), call(&session, Effect::Read));
    let mut before = call(&session, Effect::Read);
    let Action::Send(request, _) = before.step(Event::Tick, at(3299)) else { panic!("a send") };
    assert!(!is_token_request(&request), "not due");
    let Action::Send(request, _) = first.step(Event::Tick, at(3300)) else { panic!("a send") };
    assert!(is_token_request(&request), "due");
    let Action::Send(request, _) = second.step(Event::Tick, at(3301)) else { panic!("a send") };
    assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"), "the old token is used");
    let Action::Send(request, _) = first.step(Event::Response(token_response("new", 3599)), at(3302)) else {
        panic!("a send")
    };
    assert_eq!(request.headers()["authorization"], "Bearer new");
}

#[test]
fn a_failed_early_renewal_is_postponed_while_the_old_token_is_used() {
    let failures: [fn() -> SendResult; 5] = [
        || SendResult::NotSent,
        || SendResult::Lost,
        || received(503, &[], ""),
        || received(429, &[("Retry-After", "5")], ""),
        || rejected(401, &["90000011"]),
    ];
    for failure in failures {
        let session = warm(&config());
        let mut simulation = Simulation::new(token_server(|_| failure()));
        simulation.now = at(3300);
        let ends = simulation.run(calls(&session, 3));
        assert!(ends.iter().all(|ended| ended.result.is_ok()), "{:?}", failure());
        assert_eq!(simulation.token_requests().len(), 1, "{:?}", failure());
        simulation.now = at(3310);
        assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok());
        assert_eq!(simulation.token_requests().len(), 1, "postponed for 30 s: {:?}", failure());
        simulation.now = at(3601);
        let ended = simulation.drive(call_with(&session, Effect::Read, &CallOptions::new().max_attempts(1)));
        assert!(ended.result.is_err(), "expired in the end: {:?}", failure());
    }
}

#[test]
fn a_rejected_token_request_is_reported_to_all_waiting_calls() {
    let bodies: [fn() -> SendResult; 3] = [
        || received(401, &[], r#"{"error":"invalid_client","error_description":"Bad credentials"}"#),
        || rejected(200, &["90000011"]),
        || received(400, &[], "<html>no</html>"),
    ];
    for rejection in bodies {
        let session = cold(&config());
        let mut simulation = Simulation::new(token_server(|_| rejection()));
        let ends = simulation.run(calls(&session, 64));
        for ended in ends {
            let error = ended.result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotApplied));
            assert!(!error.is_retryable());
            assert!(error.to_string().contains("data center"), "{error}");
            assert!(error.body().is_empty(), "responses to token requests are not kept");
            assert_eq!(error.attempts(), 0);
        }
        assert_eq!(simulation.token_requests().len(), 1, "no storm");
    }
}

#[test]
fn a_token_request_without_a_response_is_retried_by_its_holder_only() {
    let session = cold(&config());
    let mut simulation = Simulation::new(token_server(|_| received(503, &[], "")));
    let ends = simulation.run(calls(&session, 64));
    for ended in ends {
        let error = ended.result.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert!(error.is_retryable(), "a later call may succeed: {error}");
    }
    assert_eq!(simulation.token_requests().len(), 5, "one for each attempt");

    let mut simulation =
        Simulation::new(token_server(
            |count| if count < 3 { SendResult::NotSent } else { good_token(count) },
        ));
    let ends = simulation.run(calls(&session, 64));
    assert!(ends.iter().all(|ended| ended.result.is_ok()));
    assert_eq!(simulation.token_requests().len(), 3);
}

#[test]
fn an_unusable_token_response_does_not_cause_a_storm() {
    let responses: [fn() -> SendResult; 5] = [
        || received(200, &[], "<html>Sign in here</html>"),
        || received(200, &[], "{}"),
        || received(200, &[], r#"{"access_token":""}"#),
        || received(200, &[], r#"{"access_token":17}"#),
        || received(204, &[], ""),
    ];
    for response in responses {
        let session = cold(&config());
        let mut simulation = Simulation::new(token_server(|_| response()));
        let ends = simulation.run(calls(&session, 16));
        for ended in ends {
            assert_eq!(ended.result.unwrap_err().kind(), ErrorKind::Transport, "{:?}", response());
        }
        assert!(
            simulation.token_requests().len() <= 5,
            "{} token requests: {:?}",
            simulation.token_requests().len(),
            response()
        );
    }
}

#[test]
fn a_token_that_no_header_can_contain_is_requested_once() {
    let session = cold(&config());
    let mut simulation = Simulation::new(token_server(|_| {
        received(200, &[], r#"{"access_token":"with\nnewline","expires_in":3599}"#)
    }));
    for ended in simulation.run(calls(&session, 16)) {
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotApplied), "{error}");
        assert!(!error.to_string().contains("newline"), "{error}");
    }
    assert_eq!(simulation.token_requests().len(), 1);
}

#[test]
fn a_waiting_call_gets_the_error_even_if_a_later_token_request_failed_too() {
    let session = cold(&config());
    let mut holder = call(&session, Effect::Read);
    let mut waiter = call(&session, Effect::Read);
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    assert!(matches!(waiter.step(Event::Tick, at(0)), Action::Wait(_)));
    let no = || Event::Response(json(401, ""));
    assert!(matches!(holder.step(no(), at(1)), Action::Done(Err(_))));
    let mut later = call(&session, Effect::Read);
    assert!(matches!(later.step(Event::Tick, at(1)), Action::Send(..)));
    assert!(matches!(later.step(no(), at(2)), Action::Done(Err(_))));
    match waiter.step(Event::Tick, at(2)) {
        Action::Done(Err(error)) => assert_eq!(error.kind(), ErrorKind::Auth),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_holder_with_a_short_wait_fails_alone() {
    let short_waits = [CallOptions::new().timeout(secs(1)), CallOptions::new().max_wait(ms(1))];
    for options in short_waits {
        let session = cold(&config());
        let mut simulation = Simulation::new(token_server(|count| match count {
            1 => received(503, &[("Retry-After", "3")], ""),
            count => good_token(count),
        }));
        let ends = simulation.run(vec![
            call_with(&session, Effect::Read, &options),
            call(&session, Effect::Read),
            call(&session, Effect::Read),
        ]);
        assert!(ends[0].result.is_err());
        assert!(ends[1].result.is_ok(), "{:?}", ends[1].result.as_ref().err());
        assert!(ends[2].result.is_ok());
        assert_eq!(simulation.token_requests().len(), 2);
    }
}

#[test]
fn dropping_the_holder_releases_the_lease() {
    let session = cold(&config());
    let (mut holder, mut waiter) = (call(&session, Effect::Read), call(&session, Effect::Read));
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Wait(until) = waiter.step(Event::Tick, at(0)) else { panic!("a wait") };
    drop(holder);
    let Action::Send(request, _) = waiter.step(Event::Tick, until) else { panic!("a send") };
    assert!(is_token_request(&request));
}

#[test]
fn a_lost_lease_expires() {
    let session = cold(&config());
    let mut lost = call(&session, Effect::Read);
    let Action::Send(_, limits) = lost.step(Event::Tick, at(0)) else { panic!("a send") };
    std::mem::forget(lost);
    let mut waiter = call(&session, Effect::Read);
    assert!(
        matches!(waiter.step(Event::Tick, zuora_tests::simulation::moment(limits.timeout)), Action::Wait(_)),
        "a response may still arrive"
    );
    let Action::Send(request, _) =
        waiter.step(Event::Tick, zuora_tests::simulation::moment(limits.timeout + secs(6)))
    else {
        panic!("the lease has expired")
    };
    assert!(is_token_request(&request));
}

#[test]
fn a_late_result_of_a_holder_changes_nothing() {
    let session = cold(&config());
    let mut late = call(&session, Effect::Read);
    assert!(matches!(late.step(Event::Tick, at(0)), Action::Send(..)));
    let mut other = call(&session, Effect::Read);
    assert!(matches!(other.step(Event::Tick, at(100)), Action::Send(..)), "the lease has expired");
    assert!(matches!(late.step(Event::Response(json(401, "")), at(101)), Action::Done(Err(_))));
    let mut third = call(&session, Effect::Read);
    assert!(
        matches!(third.step(Event::Tick, at(101)), Action::Wait(_)),
        "the other token request is still in flight"
    );
    let action = other.step(Event::Response(token_response("t", 3599)), at(102));
    assert!(matches!(action, Action::Send(..)), "{action:?}");
    let Action::Send(request, _) = third.step(Event::Tick, at(103)) else { panic!("a send") };
    assert!(!is_token_request(&request));
}

#[test]
fn stepping_a_token_request_out_of_turn_releases_the_lease() {
    let session = cold(&config());
    let mut out_of_turn = call(&session, Effect::Unkeyed);
    assert!(matches!(out_of_turn.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Done(Err(error)) = out_of_turn.step(Event::Tick, at(1)) else { panic!("an error") };
    assert_eq!(error.outcome(), Outcome::NotApplied, "only the token request was in flight");
    let mut next = call(&session, Effect::Read);
    assert!(matches!(next.step(Event::Tick, at(1)), Action::Send(..)));
}

#[test]
fn a_429_of_a_token_request_throttles_token_requests_only() {
    let session = warm(&config());
    let mut renewing = call(&session, Effect::Read);
    let Action::Send(request, _) = renewing.step(Event::Tick, at(3300)) else { panic!("a send") };
    assert!(is_token_request(&request));
    let SendResult::Received(too_many) = received(429, &[("Retry-After", "600")], "") else {
        panic!("a response")
    };
    let Action::Send(request, _) = renewing.step(Event::Response(too_many), at(3301)) else {
        panic!("a send")
    };
    assert!(!is_token_request(&request), "the old token is used");
    // The token has expired, and token requests are throttled until 3901.
    let mut cold = call(&session, Effect::Read);
    let Action::Wait(until) = cold.step(Event::Tick, at(3700)) else { panic!("a wait") };
    assert_eq!(until, at(3901));
    let Action::Send(request, _) = cold.step(Event::Tick, until) else { panic!("a send") };
    assert!(is_token_request(&request));
}

#[test]
fn a_request_that_cannot_be_built_causes_no_token_request() {
    let session = cold(&config());
    let unsendable = RawOperation::new(http::Method::GET, "no-slash");
    match zuora_core::machine::Call::new(&session, unsendable).step(Event::Tick, at(0)) {
        Action::Done(Err(error)) => {
            assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("path")));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn waiting_calls_poll_after_5_ms_doubling_to_100() {
    let session = cold(&config());
    let mut holder = call(&session, Effect::Read);
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    let mut waiter = call(&session, Effect::Read);
    let (mut now, mut delays) = (at(0), Vec::new());
    for _ in 0..8 {
        let Action::Wait(until) = waiter.step(Event::Tick, now) else { panic!("a wait") };
        delays.push(now.until(until).as_millis());
        now = until;
    }
    assert_eq!(delays, [5, 10, 20, 40, 80, 100, 100, 100]);
}

#[test]
fn a_wait_for_another_token_request_counts_against_the_deadline() {
    let session = cold(&config());
    let mut holder = call(&session, Effect::Read);
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    for options in [CallOptions::new().timeout(secs(2)), CallOptions::new().max_wait(secs(2))] {
        let mut simulation = Simulation::new(script([]));
        let ended = simulation.drive(call_with(&session, Effect::Keyed, &options));
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotApplied));
        assert!(ended.at <= at(2), "{:?}", ended.at);
    }
}

#[test]
fn a_failed_token_request_keeps_an_unknown_outcome() {
    // Lost, then 401, then a rejected token request: the outcome of the first attempt is still unknown.
    let responses = Cell::new(0);
    let mut simulation = Simulation::new(|request: &zuora_core::transport::HttpRequest, _| {
        if is_token_request(request) {
            return (ms(10), received(401, &[], ""));
        }
        responses.set(responses.get() + 1);
        (ms(10), if responses.get() == 1 { SendResult::Lost } else { received(401, &[], "") })
    });
    let error = simulation.drive(call(&warm(&config()), Effect::Keyed)).result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::Unknown));
    assert!(error.to_string().contains("may have been applied"), "{error}");
    assert!(!error.is_retryable(), "the credentials are wrong");
}

#[test]
fn a_throttled_token_request_leaves_a_keyed_call_retryable() {
    // With a lost attempt before it, or without one.
    for (first, outcome) in
        [(SendResult::Lost, Outcome::Unknown), (received(401, &[], ""), Outcome::NotApplied)]
    {
        let mut first = Some(first);
        let mut simulation = Simulation::new(|request: &zuora_core::transport::HttpRequest, _| {
            let response = match is_token_request(request) {
                true => received(429, &[("Retry-After", "600")], ""),
                false => first.take().unwrap_or_else(|| received(401, &[], "")),
            };
            (ms(10), response)
        });
        let error = simulation.drive(call(&warm(&config()), Effect::Keyed)).result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, outcome), "{error}");
        assert!(error.is_retryable(), "{error}");
    }
}

#[test]
fn an_unreachable_token_endpoint_does_not_blame_the_credentials() {
    let mut simulation = Simulation::new(token_server(|_| SendResult::NotSent));
    let error = simulation.drive(call(&cold(&config()), Effect::Read)).result.unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert!(!error.to_string().contains("data center"), "{error}");
    assert!(error.is_retryable());
}

#[test]
fn an_error_of_a_token_request_has_the_headers_of_its_response() {
    let mut simulation = Simulation::new(|_: &HttpRequest, _| {
        let headers = [("WWW-Authenticate", "Basic realm=Zuora API"), ("RateLimit-Remaining", "9")];
        (secs(1), received(401, &headers, r#"{"error":"invalid_client"}"#))
    });
    let error = simulation.drive(call(&cold(&config()), Effect::Read)).result.unwrap_err();
    assert_eq!(error.headers()["www-authenticate"], "Basic realm=Zuora API");
    assert_eq!(error.rate_limit().remaining, Some(9));
}

#[test]
fn play_with_requests_a_token_automatically() {
    // The other tests depend on this behavior of the script.
    let (ended, log) =
        play_with(&config(), Effect::Read, &CallOptions::new(), [received(401, &[], ""), success()]);
    assert!(ended.result.is_ok());
    assert_eq!((log.token_requests().len(), log.calls().len()), (1, 2));
}
