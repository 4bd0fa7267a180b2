//! Rule 7: what is known of the outcome is never forgotten, and a write that nobody waits for any more is told
//! to the observer.

use std::sync::{Arc, Mutex};

use zuora_core::{Abandoned, Action, CallOptions, Config, Effect, Event, Kind, Machine, Outcome};

use zuora_tests::simulation::{
    EFFECTS, Reply, World, at, call, call_with, config, json, lost, never_left, play, play_with, refused,
    reply, script, secs, warm,
};

#[test]
fn an_unknown_outcome_sticks_whatever_comes_after() {
    let lasts: [(&str, fn() -> Reply); 8] = [
        ("a refusal", || refused(400, &["50000020"])),
        ("a refusal as a 200", || refused(200, &["50000030"])),
        ("422", || reply(422, &[], "")),
        ("no way to wait", || reply(429, &[("Retry-After", "4000")], "")),
        ("never left, and no time", || Reply::NeverLeft),
        ("unreadable", || reply(200, &[], "<html>")),
        ("two 401", || reply(401, &[], "")),
        ("key in use", || reply(409, &[], "")),
    ];
    let firsts: [(&str, fn() -> Reply); 5] = [
        ("lost", || Reply::Lost),
        ("503", || reply(503, &[], "")),
        ("category 60", || refused(500, &["50000060"])),
        ("category 99 as a 200", || refused(200, &["50000099"])),
        ("key in use", || reply(409, &[], "")),
    ];
    for (first, unknown) in firsts {
        for (name, last) in lasts {
            let replies = std::iter::once(unknown()).chain(std::iter::repeat_with(last));
            let (ended, _) = play(Effect::Keyed, replies);
            let error = ended.result.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{first}, then {name}: {error}");
            assert!(error.is_retryable(), "with the same key");
            assert!(error.to_string().contains("same idempotency key"), "{error}");
        }
        // Reading changes nothing, however it ends.
        let (ended, _) = play(Effect::Read, [unknown(), refused(400, &["50000020"])]);
        assert_eq!(ended.result.unwrap_err().outcome(), Outcome::NotApplied);
    }
}

#[test]
fn a_transition_is_never_repeated_after_an_unknown_outcome() {
    let unknowns: [fn() -> Reply; 6] = [
        || Reply::Lost,
        || Reply::TooLarge,
        || reply(500, &[("Retry-After", "1")], ""),
        || reply(503, &[("Retry-After", "1")], ""),
        || refused(200, &["50000061"]),
        || reply(200, &[], ""),
    ];
    for unknown in unknowns {
        for before in [None, Some(Reply::NeverLeft), Some(reply(429, &[], "")), Some(reply(401, &[], ""))] {
            let sends = 1 + usize::from(before.is_some());
            let (ended, world) = play(Effect::Transition, before.into_iter().chain([unknown()]));
            let error = ended.result.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown);
            assert!(!error.is_retryable(), "{error}");
            assert!(error.to_string().contains("read the object back"), "{error}");
            assert_eq!(world.calls().len(), sends);
        }
    }
}

#[test]
fn an_attempt_that_outlasts_its_timeout_has_an_unknown_outcome() {
    for effect in [Effect::Keyed, Effect::Transition] {
        let mut world =
            World::new(|_: &zuora_core::Request, _| (secs(131), zuora_tests::simulation::success()));
        let options = CallOptions::new().attempts(1);
        let error = world.drive(call_with(&warm(&config()), effect, &options)).result.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
    }
}

/// A configuration with an observer, and what it has been told.
fn observed() -> (Config, Arc<Mutex<Vec<Abandoned>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&told);
    (config().track_id("t-1").observer(move |abandoned| ear.lock().unwrap().push(abandoned.clone())), told)
}

#[test]
fn the_observer_is_told_of_a_write_dropped_in_flight() {
    for effect in EFFECTS {
        let (config, told) = observed();
        let mut call = call(&warm(&config), effect);
        let Action::Send(request, _) = call.step(Event::Tick, at(0)) else { panic!("a send") };
        assert!(told.lock().unwrap().is_empty());
        drop(call);
        let told = told.lock().unwrap();
        if effect == Effect::Read {
            assert!(told.is_empty(), "reading changes nothing");
            continue;
        }
        let [abandoned] = &told[..] else { panic!("{told:?}") };
        assert_eq!((abandoned.operation, abandoned.effect), ("raw", effect));
        assert_eq!(abandoned.path, request.uri().path());
        assert_eq!(abandoned.track_id.as_deref(), Some("t-1"));
        let key = request.headers().get("idempotency-key").map(|key| key.to_str().unwrap());
        assert_eq!(abandoned.idempotency_key.as_deref(), key);
    }
}

#[test]
fn the_observer_is_told_of_a_write_dropped_between_attempts_with_an_unknown_outcome() {
    let (config, told) = observed();
    // While it waits for the next attempt.
    let mut waiting = call(&warm(&config), Effect::Keyed);
    assert!(matches!(waiting.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Wait(until) = waiting.step(Event::Failure(lost()), at(1)) else { panic!("a wait") };
    drop(waiting);
    assert_eq!(told.lock().unwrap().len(), 1, "no error value is left to say so");
    // While it signs in again.
    let mut signing_in = call(&warm(&config), Effect::Keyed);
    assert!(matches!(signing_in.step(Event::Tick, at(0)), Action::Send(..)));
    assert!(matches!(signing_in.step(Event::Failure(lost()), at(1)), Action::Wait(_)));
    assert!(matches!(signing_in.step(Event::Tick, until.max(at(3))), Action::Send(..)));
    assert!(matches!(signing_in.step(Event::Answer(json(401, "")), at(4)), Action::Wait(_)));
    assert!(matches!(signing_in.step(Event::Tick, at(4)), Action::Send(..)));
    drop(signing_in);
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[test]
fn the_observer_is_not_told_of_what_ended_or_never_began() {
    let (config, told) = observed();
    for effect in EFFECTS {
        drop(call(&warm(&config), effect));
        // While nothing has happened yet.
        let mut waiting = call(&warm(&config), effect);
        assert!(matches!(waiting.step(Event::Tick, at(0)), Action::Send(..)));
        assert!(matches!(waiting.step(Event::Failure(never_left()), at(0)), Action::Wait(_)));
        drop(waiting);
        // When there was a value or an error to say it all.
        let events = [
            Event::Answer(json(200, r#"{"success":true}"#)),
            Event::Answer(json(400, "")),
            Event::Answer(json(200, "<html>")),
            Event::Tick,
        ];
        for event in events {
            let mut over = call(&warm(&config), effect);
            assert!(matches!(over.step(Event::Tick, at(0)), Action::Send(..)));
            assert!(matches!(over.step(event, at(1)), Action::Done(_)));
        }
    }
    assert!(told.lock().unwrap().is_empty(), "{told:?}");
}

#[test]
fn an_error_carries_all_that_a_ticket_needs() {
    let body = r#"{"success":false,"processId":"CBCFED6580B4E076","reasons":[
        {"code":53100320,"message":"'termType' is wrong"},{"code":"58490020","message":"and so is this"}]}"#;
    let headers = [("Zuora-Request-Id", "6f0b6c5e"), ("Zuora-Track-Id", "t-1")];
    let options = CallOptions::new().track_id("t-1");
    let (ended, _) =
        play_with(&config(), Effect::Keyed, &options, [Reply::NeverLeft, reply(400, &headers, body)]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.kind(), Kind::Rejected);
    assert_eq!(error.operation(), "raw");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert_eq!(error.request_id(), Some("6f0b6c5e"));
    assert_eq!(error.process_id(), Some("CBCFED6580B4E076"));
    assert_eq!(error.track_id(), Some("t-1"));
    assert_eq!(error.attempts(), 2);
    let reasons: Vec<_> = error.reasons().iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(reasons, ["53100320", "58490020"]);
    assert_eq!(&error.body()[..], body.as_bytes());
    let line = error.to_string();
    for part in ["raw", "400", "53100320", "'termType' is wrong", "6f0b6c5e", "nothing happened"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains('\n'), "{line}");
    assert!(format!("{error:#}").contains("and so is this"));
}

#[test]
fn attempts_count_every_send_of_the_operation() {
    let mut world = World::new(script([reply(401, &[], ""), refused(400, &["50000020"])]));
    let error = world.drive(call(&warm(&config()), Effect::Keyed)).result.unwrap_err();
    assert_eq!(world.calls().len(), 2);
    assert_eq!(error.attempts(), 2, "the first 401 is free of the limit, but it was sent");
}
