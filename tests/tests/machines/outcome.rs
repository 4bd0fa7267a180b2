//! Rule 7: an unknown outcome is never forgotten, and a write that is abandoned is reported to the observer.

use zuora_core::machine::{Action, Event, Machine};
use zuora_core::operation::Effect;
use zuora_core::{CallOptions, Config, ErrorKind, Outcome};
use zuora_tests::event_log::EventLog;
use zuora_tests::simulation::{
    self, EFFECTS, SendResult, Simulation, at, call, call_with, config, json, lost, not_sent, play,
    play_with, received, rejected, script, secs, warm,
};

#[test]
fn an_unknown_outcome_is_kept_whatever_happens_next() {
    let lasts: [(&str, fn() -> SendResult); 8] = [
        ("a rejection", || rejected(400, &["50000020"])),
        ("a rejection as a 200", || rejected(200, &["50000030"])),
        ("422", || received(422, &[], "")),
        ("a wait that is too long", || received(429, &[("Retry-After", "4000")], "")),
        ("not sent until the deadline", || SendResult::NotSent),
        ("undecodable", || received(200, &[], "<html>")),
        ("two 401", || received(401, &[], "")),
        ("key in use", || received(409, &[], "")),
    ];
    let firsts: [(&str, fn() -> SendResult); 5] = [
        ("lost", || SendResult::Lost),
        ("503", || received(503, &[], "")),
        ("category 60", || rejected(500, &["50000060"])),
        ("category 99 as a 200", || rejected(200, &["50000099"])),
        ("key in use", || received(409, &[], "")),
    ];
    for (first, unknown) in firsts {
        for (name, last) in lasts {
            let results = std::iter::once(unknown()).chain(std::iter::repeat_with(last));
            let (ended, _) = play(Effect::Keyed, results);
            let error = ended.result.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{first}, then {name}: {error}");
            assert!(error.is_retryable(), "retryable with the same key");
            assert!(error.to_string().contains("same idempotency key"), "{error}");
        }
        // A read changes nothing, however it ends.
        let (ended, _) = play(Effect::Read, [unknown(), rejected(400, &["50000020"])]);
        assert_eq!(ended.result.unwrap_err().outcome(), Outcome::NotApplied);
    }
}

#[test]
fn an_unkeyed_write_is_never_retried_after_an_unknown_outcome() {
    let unknowns: [fn() -> SendResult; 6] = [
        || SendResult::Lost,
        || SendResult::TooLarge,
        || received(500, &[("Retry-After", "1")], ""),
        || received(503, &[("Retry-After", "1")], ""),
        || rejected(200, &["50000061"]),
        || received(200, &[], ""),
    ];
    for unknown in unknowns {
        for before in
            [None, Some(SendResult::NotSent), Some(received(429, &[], "")), Some(received(401, &[], ""))]
        {
            let sends = 1 + usize::from(before.is_some());
            let (ended, log) = play(Effect::Unkeyed, before.into_iter().chain([unknown()]));
            let error = ended.result.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown);
            assert!(!error.is_retryable(), "{error}");
            assert!(error.to_string().contains("reconcile before retrying"), "{error}");
            assert_eq!(log.calls().len(), sends);
        }
    }
}

#[test]
fn an_attempt_that_outlasts_its_timeout_has_an_unknown_outcome() {
    for effect in [Effect::Keyed, Effect::Unkeyed] {
        let mut simulation =
            Simulation::new(|_: &zuora_core::transport::HttpRequest, _| (secs(131), simulation::success()));
        let options = CallOptions::new().max_attempts(1);
        let error = simulation.drive(call_with(&warm(&config()), effect, &options)).result.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
    }
}

/// A configuration with an observer, and its log.
fn observed() -> (Config, EventLog) {
    let log = EventLog::default();
    (config().observer(log.observer()), log)
}

#[test]
fn the_observer_receives_a_write_dropped_in_flight() {
    for effect in EFFECTS {
        let (config, log) = observed();
        let mut call = call(&warm(&config), effect);
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        assert!(log.abandoned().is_empty());
        drop(call);
        // A read changes nothing.
        let outcome = if effect == Effect::Read { Outcome::NotApplied } else { Outcome::Unknown };
        assert_eq!(log.abandoned(), [format!("abandoned {outcome:?} after 1")]);
    }
}

#[test]
fn the_observer_receives_a_write_dropped_between_attempts_with_an_unknown_outcome() {
    let (config, log) = observed();
    // Dropped while the call waits for the next attempt.
    let mut waiting = call(&warm(&config), Effect::Keyed);
    assert!(matches!(waiting.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Wait(until) = waiting.step(Event::Failure(lost()), at(1)) else { panic!("a wait") };
    drop(waiting);
    assert_eq!(log.abandoned(), ["abandoned Unknown after 1"], "no error value reports it");
    // Dropped while the call requests a new token.
    let mut renewing = call(&warm(&config), Effect::Keyed);
    assert!(matches!(renewing.step(Event::Tick, at(0)), Action::Send(..)));
    assert!(matches!(renewing.step(Event::Failure(lost()), at(1)), Action::Wait(_)));
    assert!(matches!(renewing.step(Event::Tick, until.max(at(3))), Action::Send(..)));
    assert!(matches!(renewing.step(Event::Response(json(401, "")), at(4)), Action::Wait(_)));
    assert!(matches!(renewing.step(Event::Tick, at(4)), Action::Send(..)));
    drop(renewing);
    assert_eq!(log.abandoned().last().unwrap(), "abandoned Unknown after 2");
}

#[test]
fn the_observer_receives_no_write_in_doubt_that_ended_or_was_never_sent() {
    let (config, log) = observed();
    for effect in EFFECTS {
        drop(call(&warm(&config), effect));
        // Dropped while nothing has happened yet.
        let mut waiting = call(&warm(&config), effect);
        assert!(matches!(waiting.step(Event::Tick, at(0)), Action::Send(..)));
        assert!(matches!(waiting.step(Event::Failure(not_sent()), at(0)), Action::Wait(_)));
        drop(waiting);
        // Dropped after a value or an error has reported the outcome.
        let events = [
            Event::Response(json(200, r#"{"success":true}"#)),
            Event::Response(json(400, "")),
            Event::Response(json(200, "<html>")),
            Event::Tick,
        ];
        for event in events {
            let mut over = call(&warm(&config), effect);
            assert!(matches!(over.step(Event::Tick, at(0)), Action::Send(..)));
            assert!(matches!(over.step(event, at(1)), Action::Done(_)));
        }
    }
    let abandoned = log.abandoned();
    assert_eq!(abandoned, ["abandoned NotApplied after 1"; 3], "those whose request was not sent");
}

#[test]
fn an_error_contains_everything_that_a_support_ticket_needs() {
    let body = r#"{"success":false,"processId":"CBCFED6580B4E076","reasons":[
        {"code":53100320,"message":"'termType' is wrong"},{"code":"58490020","message":"and so is this"}]}"#;
    let headers = [("Zuora-Request-Id", "6f0b6c5e"), ("Zuora-Track-Id", "t-1")];
    let options = CallOptions::new().track_id("t-1");
    let (ended, _) =
        play_with(&config(), Effect::Keyed, &options, [SendResult::NotSent, received(400, &headers, body)]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
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
    for part in ["raw", "400", "53100320", "'termType' is wrong", "6f0b6c5e", "not applied"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains('\n'), "{line}");
    assert!(format!("{error:#}").contains("and so is this"));
}

#[test]
fn attempts_count_every_send_of_the_operation() {
    let mut simulation = Simulation::new(script([received(401, &[], ""), rejected(400, &["50000020"])]));
    let error = simulation.drive(call(&warm(&config()), Effect::Keyed)).result.unwrap_err();
    assert_eq!(simulation.calls().len(), 2);
    assert_eq!(error.attempts(), 2, "the first 401 does not count against the limit, but it was sent");
}

#[test]
fn a_redirect_to_the_result_of_a_write_does_not_say_not_applied() {
    for effect in [Effect::Keyed, Effect::Unkeyed] {
        let see_other = || received(303, &[("Location", "/v1/things/1")], "");
        let (ended, _) = play(effect, std::iter::repeat_with(see_other));
        assert_eq!(ended.result.unwrap_err().outcome(), Outcome::Unknown);
    }
}
