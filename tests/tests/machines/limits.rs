//! Rules 3, 4 and 9: the tenant's limits throttle one class of requests of the session and no other, the larger of
//! jitter and `Retry-After` wins, and absurd numbers do not overflow.

use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{Effect, Quota, Spec};
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp};
use zuora_core::{CallOptions, Error, ErrorKind, Operation, Outcome};
use zuora_tests::simulation::{
    EFFECTS, SendResult, Simulation, TOKEN, at, call, call_with, config, json, ms, play, play_with, received,
    rejection_body, script, secs, seed, success, warm,
};

/// A read that uses the quota of Object Query.
struct Query;

impl Operation for Query {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("query", "/object-query/things").with_quota(Quota::ObjectQuery);
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        let mut request = HttpRequest::default();
        *request.uri_mut() = http::Uri::from_static("/object-query/things");
        Ok(request)
    }

    fn parse(&self, _: &HttpResponse) -> Result<(), Error> {
        Ok(())
    }
}

fn sends<M: Machine>(machine: &mut M, now: Timestamp) -> HttpRequest {
    match machine.step(Event::Tick, now) {
        Action::Send(request, _) => request,
        other => panic!("{other:?}"),
    }
}

fn waits<M: Machine>(machine: &mut M, event: Event, now: Timestamp) -> Timestamp {
    match machine.step(event, now) {
        Action::Wait(until) => until,
        other => panic!("{other:?}"),
    }
}

fn event(result: SendResult) -> Event {
    result.into()
}

#[test]
fn a_429_throttles_the_class_for_every_call_of_the_session() {
    let limits: [&[(&'static str, &str)]; 3] = [
        &[("Retry-After", "30")],
        &[("RateLimit-Remaining", "0"), ("RateLimit-Reset", "30")],
        &[("Retry-After", "30"), ("RateLimit-Remaining", "0"), ("RateLimit-Reset", "600")],
    ];
    for headers in limits {
        for first in EFFECTS {
            let session = warm(&config());
            let mut limited = call(&session, first);
            sends(&mut limited, at(0));
            let until = waits(&mut limited, event(received(429, headers, "")), at(1));
            assert_eq!(until, at(31), "{headers:?}");
            for other in EFFECTS {
                // Each further call that waits may wake a little later.
                let until = waits(&mut call(&session, other), Event::Tick, at(2));
                let late = zuora_tests::simulation::moment(secs(31) + ms(30));
                assert!((at(31)..late).contains(&until), "{first:?} then {other:?}: {until:?}");
            }
            sends(&mut Call::new(&session, Query), at(2));
            sends(&mut call(&session, Effect::Read), at(31));
        }
    }
}

#[test]
fn a_success_that_used_the_last_request_throttles_the_class_too() {
    let session = warm(&config());
    let headers = [("RateLimit-Remaining", "0"), ("RateLimit-Reset", "600")];
    let mut simulation = Simulation::new(script([received(200, &headers, r#"{"success":true}"#)]));
    let response = simulation.drive(call(&session, Effect::Read)).result.unwrap();
    assert_eq!(response.rate_limit().remaining, Some(0));
    assert_eq!(response.rate_limit().reset, Some(secs(600)));
    let error = simulation.drive(call(&session, Effect::Read)).result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(secs(600)), "reported immediately, not after the deadline");
    assert_eq!(error.attempts(), 0);
}

#[test]
fn a_lock_does_not_delay_other_calls() {
    let session = warm(&config());
    let mut locked = call(&session, Effect::Unkeyed);
    sends(&mut locked, at(0));
    waits(&mut locked, event(received(409, &[("Retry-After", "20")], &rejection_body(&["50000050"]))), at(1));
    sends(&mut call(&session, Effect::Unkeyed), at(1));
}

#[test]
fn a_concurrency_429_lowers_the_limit_and_throttles_no_class() {
    let shapes: [fn() -> SendResult; 3] = [
        || received(429, &[("Retry-After", "120")], &rejection_body(&["50000070"])),
        || {
            received(
                429,
                &[],
                r#"{"code":"REQUEST_EXCEEDED_LIMIT","message":"too many concurrent requests"}"#,
            )
        },
        || received(429, &[("Concurrency-Limit-Remaining", "0")], ""),
    ];
    for at_concurrency_limit in shapes {
        let session = warm(&config());
        let mut flight: Vec<_> = (0..8).map(|_| call(&session, Effect::Read)).collect();
        for call in &mut flight {
            sends(call, at(0));
        }
        let mut rejected = flight.pop().unwrap();
        waits(&mut rejected, event(at_concurrency_limit()), at(1));
        // Half of the eight may be in flight, and seven are in flight.
        let mut next = call(&session, Effect::Read);
        let until = waits(&mut next, Event::Tick, at(1));
        assert!(
            until <= zuora_tests::simulation::moment(secs(1) + ms(100)),
            "a short delay until the next poll, not a throttled class"
        );
        drop(flight);
        sends(&mut next, until);
        for _ in 0..3 {
            let mut another = call(&session, Effect::Read);
            sends(&mut another, until);
            std::mem::forget(another);
        }
        waits(&mut call(&session, Effect::Read), Event::Tick, until);
        sends(&mut Call::new(&session, Query), until);
    }
}

#[test]
fn one_request_is_always_admitted() {
    let session = warm(&config());
    let at_concurrency_limit = || received(429, &[], &rejection_body(&["50000070"]));
    let results = std::iter::repeat_with(at_concurrency_limit).take(20).chain([success()]);
    let mut simulation = Simulation::new(script(results));
    let options = CallOptions::new().max_attempts(30).timeout(secs(100_000));
    assert!(simulation.drive(call_with(&session, Effect::Read, &options)).result.is_ok());
    assert_eq!(simulation.calls().len(), 21);
}

#[test]
fn an_exhausted_rate_does_not_lower_the_concurrency_limit() {
    // Both may be reported at once; fewer requests in flight do not help against a used-up rate.
    let session = warm(&config());
    let mut limited = call(&session, Effect::Read);
    sends(&mut limited, at(0));
    let headers =
        [("RateLimit-Remaining", "0"), ("RateLimit-Reset", "40"), ("Concurrency-Limit-Remaining", "0")];
    waits(&mut limited, event(received(429, &headers, &rejection_body(&["50000070"]))), at(0));
    let until = waits(&mut call(&session, Effect::Read), Event::Tick, at(1));
    assert!(until >= at(40) && until < zuora_tests::simulation::moment(secs(40) + ms(10)), "{until:?}");
}

#[test]
fn the_larger_of_jitter_and_retry_after_wins() {
    for status in [429, 503] {
        for delay in [0, 1, 7, 100] {
            let text = delay.to_string();
            let delay = secs(delay);
            let (ended, _) = play(Effect::Read, [received(status, &[("Retry-After", &text)], ""), success()]);
            let (from, until) = ended.waits[0];
            let pause = from.until(until);
            assert!(pause >= delay, "{status}: {pause:?} for {delay:?}");
            assert!(pause <= delay.max(secs(1)), "{status}: {pause:?} for {delay:?}");
        }
    }
}

#[test]
fn a_short_retry_after_does_not_cut_the_jitter() {
    let config = config().backoff(secs(60), secs(60));
    for status in [429, 503] {
        let pauses = (0..50).map(|number| {
            let session = zuora_core::session::Session::new(&config, &seed(number)).unwrap();
            session.set_token(&zuora_core::session::Token::new(TOKEN.into(), secs(3600)), at(0)).unwrap();
            let mut simulation =
                Simulation::new(script([received(status, &[("Retry-After", "1")], ""), success()]));
            let ended = simulation.drive(call(&session, Effect::Read));
            ended.waits[0].0.until(ended.waits[0].1)
        });
        let pauses: Vec<_> = pauses.collect();
        assert!(pauses.iter().all(|pause| *pause >= secs(1)));
        assert!(pauses.iter().any(|pause| *pause > secs(30)), "{status}: {pauses:?}");
    }
}

#[test]
fn header_numbers_saturate_and_nonsense_is_ignored() {
    let absurd = ["18446744073709551615", "18446744073709551616", "99999999999999999999999999999999999999"];
    for number in absurd {
        for name in ["Retry-After", "RateLimit-Reset"] {
            for status in [429, 503] {
                for effect in EFFECTS {
                    let session = warm(&config());
                    let headers = [(name, number), ("RateLimit-Remaining", "0")];
                    let mut simulation = Simulation::new(script([received(status, &headers, ""), success()]));
                    let ended = simulation.drive(call(&session, effect));
                    if status == 503 && name == "RateLimit-Reset" && effect != Effect::Unkeyed {
                        assert!(ended.result.is_ok(), "a 503 does not depend on the rate");
                        continue;
                    }
                    let error = ended.result.unwrap_err();
                    assert!(ended.at <= at(1), "{name} {number}, {status}: failed immediately: {error}");
                }
            }
        }
    }
    for nonsense in ["soon", "-1", "1.", "1e3", "Wed, 21 Oct 2026", "٣", "0x10", ""] {
        let value = http::HeaderValue::from_bytes(nonsense.as_bytes()).unwrap();
        let mut response = json(429, "");
        response.headers_mut().insert("retry-after", value);
        let (ended, _) = play(Effect::Read, [SendResult::Received(response), success()]);
        assert!(ended.result.is_ok(), "{nonsense}");
        assert!(ended.at <= at(2), "{nonsense}: only jitter remains");
    }
}

#[test]
fn an_absurd_header_does_not_throttle_a_session_forever() {
    let absurd = "18446744073709551615";
    let results = [
        received(429, &[("Retry-After", absurd)], ""),
        received(200, &[("RateLimit-Remaining", "0"), ("RateLimit-Reset", absurd)], r#"{"success":true}"#),
    ];
    for result in results {
        let session = warm(&config());
        let mut simulation = Simulation::new(script([result, success()]));
        let _ = simulation.drive(call(&session, Effect::Read));
        let next_day = at(2 * 24 * 3600);
        assert!(
            matches!(call(&session, Effect::Read).step(Event::Tick, next_day), Action::Send(..)),
            "the longest window of the service's quotas is a day"
        );
    }
}

#[test]
fn a_wait_beyond_the_deadline_fails_immediately() {
    for effect in EFFECTS {
        let (ended, log) = play(effect, [received(429, &[("Retry-After", "400")], "")]);
        let error = ended.result.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Throttled, Outcome::NotApplied),
            "{effect:?}"
        );
        assert_eq!(error.retry_after(), Some(secs(400)));
        assert!(error.is_retryable());
        assert!(ended.waits.is_empty());
        assert_eq!(log.calls().len(), 1);
    }
    let (ended, _) = play(Effect::Read, [received(503, &[("Retry-After", "400")], "")]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.status().map(|status| status.as_u16()),
        Some(503),
        "the last response is still reported"
    );
}

#[test]
fn a_caller_can_limit_the_time_that_a_call_waits() {
    let max_wait = |seconds| CallOptions::new().max_wait(secs(seconds));
    for effect in EFFECTS {
        let results = || [received(429, &[("Retry-After", "20")], ""), success()];
        let (ended, _) = play_with(&config(), effect, &max_wait(20), results());
        assert!(ended.result.is_ok(), "{effect:?}");
        let (ended, log) = play_with(&config(), effect, &max_wait(19), results());
        let error = ended.result.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Throttled, Outcome::NotApplied),
            "{effect:?}"
        );
        assert_eq!(error.retry_after(), Some(secs(20)));
        assert_eq!(log.calls().len(), 1);
        assert!(ended.waits.is_empty());
    }
    // All waits count together, and a wait that is not for a limit is rejected as well.
    let (ended, log) = play_with(
        &config(),
        Effect::Read,
        &max_wait(30),
        std::iter::repeat_with(|| received(503, &[("Retry-After", "20")], "")),
    );
    let error = ended.result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled, "the deadline did not end the call: {error}");
    assert_eq!(log.calls().len(), 2);
    // A call of a class that is already throttled fails immediately.
    let session = warm(&config());
    let mut simulation = Simulation::new(script([received(429, &[("Retry-After", "20")], ""), success()]));
    simulation.drive(call_with(&session, Effect::Read, &max_wait(1))).result.unwrap_err();
    let error = simulation.drive(call_with(&session, Effect::Keyed, &max_wait(1))).result.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, 0));
}

#[test]
fn limits_are_visible_in_every_response() {
    let headers = [
        ("ratelimit-limit", "2250000, 50000;w=60"),
        ("RateLimit-Remaining", "49999"),
        ("RATELIMIT-RESET", "12"),
        ("Concurrency-Limit-Type", "Default"),
        ("Concurrency-Limit-Limit", "40"),
        ("Concurrency-Limit-Remaining", "39"),
        ("Zuora-Request-Id", "r-9"),
        ("Zuora-Track-Id", "mine"),
    ];
    let (ended, _) = play(Effect::Keyed, [received(200, &headers, r#"{"success":true}"#)]);
    let response = ended.result.unwrap();
    assert_eq!(response.rate_limit().limit.as_deref(), Some("2250000, 50000;w=60"));
    assert_eq!(response.rate_limit().remaining, Some(49_999));
    assert_eq!(response.rate_limit().reset, Some(secs(12)));
    let concurrency = response.concurrency_limit();
    assert_eq!(
        (concurrency.class.as_deref(), concurrency.limit, concurrency.remaining),
        (Some("Default"), Some(40), Some(39))
    );
    assert_eq!(
        (response.request_id(), response.track_id(), response.attempts()),
        (Some("r-9"), Some("mine"), 1)
    );
}
