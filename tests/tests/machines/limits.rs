//! Rules 3, 4 and 9: the tenant's limits hold back a class of the session and nothing else, the larger of
//! jitter and `Retry-After` wins, and absurd numbers overflow nothing.

use zuora_core::{
    Action, Call, CallOptions, Effect, Error, Event, Kind, Machine, Now, Operation, Outcome, Quota, Request,
    Response, Spec,
};

use zuora_tests::simulation::{
    EFFECTS, Reply, TOKEN, World, at, call, call_with, config, json, ms, play, play_with, refusal_body,
    reply, script, secs, seed, success, warm,
};

/// A read that draws on the quota of Object Query.
struct Query;

impl Operation for Query {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("query", "/object-query/things").drawing_on(Quota::ObjectQuery);
        &SPEC
    }

    fn request(&self) -> Result<Request, Error> {
        let mut request = Request::default();
        *request.uri_mut() = http::Uri::from_static("/object-query/things");
        Ok(request)
    }

    fn parse(&self, _: &Response) -> Result<(), Error> {
        Ok(())
    }
}

fn sends<M: Machine>(machine: &mut M, now: Now) -> Request {
    match machine.step(Event::Tick, now) {
        Action::Send(request, _) => request,
        other => panic!("{other:?}"),
    }
}

fn waits<M: Machine>(machine: &mut M, event: Event, now: Now) -> Now {
    match machine.step(event, now) {
        Action::Wait(until) => until,
        other => panic!("{other:?}"),
    }
}

fn answer(reply: Reply) -> Event {
    reply.into()
}

#[test]
fn a_429_closes_the_class_for_every_call_of_the_session() {
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
            let until = waits(&mut limited, answer(reply(429, headers, "")), at(1));
            assert_eq!(until, at(31), "{headers:?}");
            for other in EFFECTS {
                assert_eq!(
                    waits(&mut call(&session, other), Event::Tick, at(2)),
                    at(31),
                    "{first:?} then {other:?}"
                );
            }
            sends(&mut Call::new(&session, Query), at(2));
            sends(&mut call(&session, Effect::Read), at(31));
        }
    }
}

#[test]
fn a_success_that_used_the_last_request_closes_the_class_too() {
    let session = warm(&config());
    let headers = [("RateLimit-Remaining", "0"), ("RateLimit-Reset", "600")];
    let mut world = World::new(script([reply(200, &headers, r#"{"success":true}"#)]));
    let answer = world.drive(call(&session, Effect::Read)).result.unwrap();
    assert_eq!(answer.rate_limit().remaining, Some(0));
    assert_eq!(answer.rate_limit().reset, Some(secs(600)));
    let error = world.drive(call(&session, Effect::Read)).result.unwrap_err();
    assert_eq!(error.kind(), Kind::Throttled);
    assert_eq!(error.retry_after(), Some(secs(600)), "told at once, not after the deadline");
    assert_eq!(error.attempts(), 0);
}

#[test]
fn a_lock_holds_nobody_else_back() {
    let session = warm(&config());
    let mut locked = call(&session, Effect::Transition);
    sends(&mut locked, at(0));
    waits(&mut locked, answer(reply(409, &[("Retry-After", "20")], &refusal_body(&["50000050"]))), at(1));
    sends(&mut call(&session, Effect::Transition), at(1));
}

#[test]
fn a_concurrency_429_narrows_the_flight_and_stops_nobody() {
    let shapes: [fn() -> Reply; 3] = [
        || reply(429, &[("Retry-After", "120")], &refusal_body(&["50000070"])),
        || reply(429, &[], r#"{"code":"REQUEST_EXCEEDED_LIMIT","message":"too many concurrent requests"}"#),
        || reply(429, &[("Concurrency-Limit-Remaining", "0")], ""),
    ];
    for crowded in shapes {
        let session = warm(&config());
        let mut flight: Vec<_> = (0..8).map(|_| call(&session, Effect::Read)).collect();
        for call in &mut flight {
            sends(call, at(0));
        }
        let mut refused = flight.pop().unwrap();
        waits(&mut refused, answer(crowded()), at(1));
        // Half of the eight may be in flight, and seven are.
        let mut next = call(&session, Effect::Read);
        let until = waits(&mut next, Event::Tick, at(1));
        assert!(until <= Now(secs(1) + ms(100)), "a short look, not a closed class");
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
fn one_may_always_fly() {
    let session = warm(&config());
    let crowded = || reply(429, &[], &refusal_body(&["50000070"]));
    let replies = std::iter::repeat_with(crowded).take(20).chain([success()]);
    let mut world = World::new(script(replies));
    let options = CallOptions::new().attempts(30).deadline(secs(100_000));
    assert!(world.drive(call_with(&session, Effect::Read, &options)).result.is_ok());
    assert_eq!(world.calls().len(), 21);
}

#[test]
fn an_exhausted_rate_is_no_crowd() {
    // Both may be told at once; what is used up by time is not helped by fewer in flight.
    let session = warm(&config());
    let mut limited = call(&session, Effect::Read);
    sends(&mut limited, at(0));
    let headers =
        [("RateLimit-Remaining", "0"), ("RateLimit-Reset", "40"), ("Concurrency-Limit-Remaining", "0")];
    waits(&mut limited, answer(reply(429, &headers, &refusal_body(&["50000070"]))), at(0));
    assert_eq!(waits(&mut call(&session, Effect::Read), Event::Tick, at(1)), at(40));
}

#[test]
fn the_larger_of_jitter_and_retry_after_wins() {
    for status in [429, 503] {
        for told in [0, 1, 7, 100] {
            let text = told.to_string();
            let told = secs(told);
            let (ended, _) = play(Effect::Read, [reply(status, &[("Retry-After", &text)], ""), success()]);
            let (from, until) = ended.waits[0];
            let pause = from.until(until);
            assert!(pause >= told, "{status}: {pause:?} for {told:?}");
            assert!(pause <= told.max(secs(1)), "{status}: {pause:?} for {told:?}");
        }
    }
}

#[test]
fn a_short_retry_after_does_not_cut_the_jitter() {
    let config = config().backoff(secs(60), secs(60));
    for status in [429, 503] {
        let pauses = (0..50).map(|number| {
            let session = zuora_core::Session::new(&config, &seed(number)).unwrap();
            session.put_token(&zuora_core::Token::new(TOKEN.into(), secs(3600)), at(0)).unwrap();
            let mut world = World::new(script([reply(status, &[("Retry-After", "1")], ""), success()]));
            let ended = world.drive(call(&session, Effect::Read));
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
                    let mut world = World::new(script([reply(status, &headers, ""), success()]));
                    let ended = world.drive(call(&session, effect));
                    if status == 503 && name == "RateLimit-Reset" && effect != Effect::Transition {
                        assert!(ended.result.is_ok(), "a 503 has nothing to do with the rate");
                        continue;
                    }
                    let error = ended.result.unwrap_err();
                    assert!(ended.at <= at(1), "{name} {number}, {status}: failed at once: {error}");
                }
            }
        }
    }
    for nonsense in ["soon", "-1", "1.5", "1e3", "Wed, 21 Oct 2026 07:28:00 GMT", "٣", "0x10", ""] {
        let value = http::HeaderValue::from_bytes(nonsense.as_bytes()).unwrap();
        let mut response = json(429, "");
        response.headers_mut().insert("retry-after", value);
        let (ended, _) = play(Effect::Read, [Reply::Answer(response), success()]);
        assert!(ended.result.is_ok(), "{nonsense}");
        assert!(ended.at <= at(2), "{nonsense}: only jitter is left");
    }
}

#[test]
fn an_absurd_header_does_not_shut_a_session_for_good() {
    let absurd = "18446744073709551615";
    let replies = [
        reply(429, &[("Retry-After", absurd)], ""),
        reply(200, &[("RateLimit-Remaining", "0"), ("RateLimit-Reset", absurd)], r#"{"success":true}"#),
    ];
    for reply in replies {
        let session = warm(&config());
        let mut world = World::new(script([reply, success()]));
        let _ = world.drive(call(&session, Effect::Read));
        let next_day = at(2 * 24 * 3600);
        assert!(
            matches!(call(&session, Effect::Read).step(Event::Tick, next_day), Action::Send(..)),
            "the longest window of the service's quotas is a day"
        );
    }
}

#[test]
fn a_wait_that_would_pass_the_deadline_fails_at_once() {
    for effect in EFFECTS {
        let (ended, world) = play(effect, [reply(429, &[("Retry-After", "400")], "")]);
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Throttled, Outcome::NotApplied), "{effect:?}");
        assert_eq!(error.retry_after(), Some(secs(400)));
        assert!(error.is_retryable());
        assert!(ended.waits.is_empty());
        assert_eq!(world.calls().len(), 1);
    }
    let (ended, _) = play(Effect::Read, [reply(503, &[("Retry-After", "400")], "")]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.kind(), Kind::Deadline);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503), "the last answer is still told");
}

#[test]
fn a_caller_can_say_never_wait_longer_than_this() {
    let patient = |seconds| CallOptions::new().max_wait(secs(seconds));
    for effect in EFFECTS {
        let replies = || [reply(429, &[("Retry-After", "20")], ""), success()];
        let (ended, _) = play_with(&config(), effect, &patient(20), replies());
        assert!(ended.result.is_ok(), "{effect:?}");
        let (ended, world) = play_with(&config(), effect, &patient(19), replies());
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Throttled, Outcome::NotApplied), "{effect:?}");
        assert_eq!(error.retry_after(), Some(secs(20)));
        assert_eq!(world.calls().len(), 1);
        assert!(ended.waits.is_empty());
    }
    // All waits count together, and a wait that is not for a limit is refused just the same.
    let (ended, world) = play_with(
        &config(),
        Effect::Read,
        &patient(30),
        std::iter::repeat_with(|| reply(503, &[("Retry-After", "20")], "")),
    );
    let error = ended.result.unwrap_err();
    assert_eq!(error.kind(), Kind::Throttled, "it is not the deadline that ended it: {error}");
    assert_eq!(world.calls().len(), 2);
    // A class that is closed already refuses at once.
    let session = warm(&config());
    let mut world = World::new(script([reply(429, &[("Retry-After", "20")], ""), success()]));
    world.drive(call_with(&session, Effect::Read, &patient(1))).result.unwrap_err();
    let error = world.drive(call_with(&session, Effect::Keyed, &patient(1))).result.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Throttled, 0));
}

#[test]
fn limits_are_visible_on_every_answer() {
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
    let (ended, _) = play(Effect::Keyed, [reply(200, &headers, r#"{"success":true}"#)]);
    let answer = ended.result.unwrap();
    assert_eq!(answer.rate_limit().limit.as_deref(), Some("2250000, 50000;w=60"));
    assert_eq!(answer.rate_limit().remaining, Some(49_999));
    assert_eq!(answer.rate_limit().reset, Some(secs(12)));
    let concurrency = answer.concurrency_limit();
    assert_eq!(
        (concurrency.class.as_deref(), concurrency.limit, concurrency.remaining),
        (Some("Default"), Some(40), Some(39))
    );
    assert_eq!((answer.request_id(), answer.track_id(), answer.attempts()), (Some("r-9"), Some("mine"), 1));
}
