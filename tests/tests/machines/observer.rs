//! The events that a session reports: in their order, complete, and without secrets.

use std::sync::{Arc, Mutex};

use zuora_core::machine::{Action, Event, Machine};
use zuora_core::observer::{CallEventKind, WaitReason};
use zuora_core::operation::Effect;
use zuora_core::session::Session;
use zuora_core::{CallOptions, Config, DataCenter, Outcome};
use zuora_tests::event_log::EventLog;
use zuora_tests::simulation::{
    SendResult, Simulation, at, call, call_with, cold, config, json, lost, received, rejected, script, secs,
    seed, success, token_response, warm,
};

fn observed() -> (Config, EventLog) {
    let log = EventLog::default();
    (config().observer(log.observer()), log)
}

/// Plays results, and returns the lines of the log.
fn events(
    effect: Effect,
    options: &CallOptions,
    results: impl IntoIterator<Item = SendResult>,
) -> Vec<String> {
    let (config, log) = observed();
    let session = warm(&config);
    let _ = Simulation::new(script(results)).drive(call_with(&session, effect, options));
    assert_eq!(log.fault(), None);
    log.take()
}

#[test]
fn a_call_that_succeeds_at_once_has_four_events() {
    let lines = events(Effect::Read, &CallOptions::new(), [success()]);
    let expected = [
        "started",
        "sent 1: 0 bytes, at most 130s",
        "classified success 200: 16 bytes, id -",
        "ended ok after 1",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_throttled_attempt_closes_the_limiter_which_the_retry_opens() {
    let throttled = received(429, &[("Retry-After", "9"), ("Zuora-Request-Id", "r-1")], "");
    let lines = events(Effect::Keyed, &CallOptions::new(), [throttled, success()]);
    let expected = [
        "started",
        "sent 1: 12 bytes, at most 130s",
        "classified throttled 429: 0 bytes, id r-1",
        "closed Default for 9s",
        "decided 1: retry because throttled",
        "wait rate_limit",
        "opened Default",
        "sent 2: 12 bytes, at most 130s",
        "classified success 200: 16 bytes, id -",
        "ended ok after 2",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn each_decision_has_its_reason() {
    let cases = [
        (
            Effect::Unkeyed,
            CallOptions::new(),
            vec![SendResult::Lost],
            "GiveUp(NotRetryable) because indeterminate",
        ),
        (
            Effect::Read,
            CallOptions::new(),
            vec![rejected(400, &["50000020"])],
            "GiveUp(NotRetryable) because rejected",
        ),
        (
            Effect::Keyed,
            CallOptions::new().max_attempts(1),
            vec![SendResult::NotSent],
            "GiveUp(MaxAttempts) because not_sent",
        ),
        (
            Effect::Keyed,
            CallOptions::new().max_wait(secs(1)),
            vec![received(503, &[("Retry-After", "5")], "")],
            "GiveUp(NoTime) because indeterminate",
        ),
        (
            Effect::Read,
            CallOptions::new(),
            vec![received(401, &[], ""), success()],
            "RefreshToken because unauthorized",
        ),
        (
            Effect::Keyed,
            CallOptions::new(),
            vec![received(409, &[], r#"{"success":true}"#)],
            "Accept because key_in_use",
        ),
    ];
    for (effect, options, results, decision) in cases {
        let lines = events(effect, &options, results);
        assert!(lines.contains(&format!("decided 1: {decision}")), "{decision}: {lines:#?}");
    }
    // A session whose retry budget is used up.
    let (config, log) = observed();
    let session = warm(&config.retry_budget(0));
    let ended = Simulation::new(script([SendResult::Lost])).drive(call(&session, Effect::Read));
    assert!(ended.result.is_err());
    let decision = "decided 1: GiveUp(RetryBudget) because indeterminate".to_owned();
    assert!(log.take().contains(&decision));
}

#[test]
fn a_stored_rejection_is_retried_with_a_new_key() {
    let stored = || received(429, &[("Zuora-Request-Id", "r-1"), ("Retry-After", "1")], "");
    let lines = events(Effect::Keyed, &CallOptions::new(), [stored(), stored(), success()]);
    assert!(lines.contains(&"decided 2: retry with a new key because throttled".to_owned()), "{lines:#?}");
}

#[test]
fn the_call_that_requests_the_token_reports_it_and_the_others_wait() {
    let (config, log) = observed();
    let session = cold(&config);
    let mut first = call(&session, Effect::Read);
    let mut second = call(&session, Effect::Read);
    assert!(matches!(first.step(Event::Tick, at(0)), Action::Send(..)));
    assert!(matches!(second.step(Event::Tick, at(0)), Action::Wait(_)));
    assert!(matches!(first.step(Event::Response(json(503, "")), at(1)), Action::Wait(_)));
    assert_eq!(log.take(), ["started", "token 1", "started", "wait token_request", "wait token_request"]);
    assert!(matches!(first.step(Event::Tick, at(9)), Action::Send(..)));
    assert!(matches!(first.step(Event::Response(token_response("fresh", 3599)), at(10)), Action::Send(..)));
    assert_eq!(log.take(), ["token 2", "sent 1: 0 bytes, at most 130s"]);
    assert!(matches!(
        first.step(Event::Response(json(200, r#"{"success":true}"#)), at(11)),
        Action::Done(Ok(_))
    ));
    drop(second);
    let expected =
        ["classified success 200: 16 bytes, id -", "ended ok after 1", "abandoned NotApplied after 0"];
    assert_eq!(log.take(), expected);
}

#[test]
fn a_throttled_token_request_closes_its_own_limiter() {
    let (config, log) = observed();
    let mut call = call(&cold(&config), Effect::Read);
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    let mut throttled = json(429, "");
    throttled.headers_mut().insert("retry-after", "3".parse().unwrap());
    assert!(matches!(call.step(Event::Response(throttled), at(1)), Action::Wait(_)));
    assert!(matches!(call.step(Event::Tick, at(60)), Action::Send(..)));
    let expected = ["started", "token 1", "closed TokenRequest for 3s", "wait token_request"];
    let lines = log.take();
    assert_eq!(lines[..4], expected);
    assert_eq!(lines[4..], ["opened TokenRequest", "token 2"]);
}

#[test]
fn waits_of_a_call_are_reported_with_their_reasons_and_lengths() {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let config = config().observer({
        let waits = Arc::clone(&waits);
        move |event| {
            if let CallEventKind::WaitStarted { reason, duration, .. } = event.kind {
                waits.lock().unwrap().push((reason, duration));
            }
        }
    });
    let session = warm(&config);
    let results = [received(503, &[("Retry-After", "5")], ""), success()];
    assert!(Simulation::new(script(results)).drive(call(&session, Effect::Read)).result.is_ok());
    assert_eq!(*waits.lock().unwrap(), [(WaitReason::Backoff, secs(5))]);
    // An early tick is no second wait.
    waits.lock().unwrap().clear();
    let mut call = call(&session, Effect::Keyed);
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Wait(until) = call.step(Event::Failure(lost()), at(1)) else { panic!("a wait") };
    assert!(matches!(call.step(Event::Tick, at(1)), Action::Wait(again) if again == until));
    assert_eq!(waits.lock().unwrap().len(), 1);
}

#[test]
fn the_end_reports_the_error_of_the_operation_too() {
    let (config, log) = observed();
    let session = warm(&config);
    let run = zuora_core::machine::Call::new(&session, zuora_core::bill_runs::GetBillRun::new("2c98"));
    let unreadable = received(200, &[], r#"{"success":true,"id":[]"#);
    let ended = Simulation::new(script([unreadable])).drive(run);
    let error = ended.result.unwrap_err();
    assert_eq!(log.fault(), None);
    let last = format!("ended {:?} {:?} after 1", error.kind(), error.outcome());
    assert_eq!(log.take().last(), Some(&last));
}

#[test]
fn all_observers_receive_each_event_with_the_ids_of_its_call() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let log = EventLog::default();
    let config = Config::with_token(DataCenter::Eu, "token").track_id("t-1");
    let config = config.observer(log.observer()).observer({
        let calls = Arc::clone(&calls);
        move |event| calls.lock().unwrap().extend(event.call.cloned())
    });
    for number in 0..2 {
        let session = Session::new(&config, &seed(number)).unwrap();
        for effect in [Effect::Read, Effect::Keyed] {
            assert!(Simulation::new(script([success()])).drive(call(&session, effect)).result.is_ok());
        }
    }
    let calls = calls.lock().unwrap();
    assert_eq!((calls.len(), log.take().len()), (16, 16));
    let info = &calls[4];
    assert_eq!((info.operation, info.effect, info.method.as_str()), ("raw", Effect::Keyed, "POST"));
    assert_eq!((info.uri.path(), info.track_id.as_deref()), ("/v1/things", Some("t-1")));
    let ids: std::collections::BTreeSet<_> = calls.iter().map(|call| call.id.to_string()).collect();
    assert_eq!(ids.len(), 4, "two calls of each of two sessions: {ids:?}");
}

#[test]
fn a_session_can_be_used_from_its_observer() {
    let shared = Arc::new(Mutex::new(None::<Session>));
    let config = config().observer({
        let shared = Arc::clone(&shared);
        move |_| {
            let session = shared.lock().unwrap().clone();
            if let Some(session) = session {
                assert!(session.token(at(0)).is_some());
                session.reset_rate_limits();
            }
        }
    });
    let session = warm(&config);
    *shared.lock().unwrap() = Some(session.clone());
    let results = [received(429, &[("Retry-After", "1")], ""), success()];
    assert!(Simulation::new(script(results)).drive(call(&session, Effect::Read)).result.is_ok());
}

#[test]
fn nothing_is_reported_of_a_call_that_is_never_driven_or_cannot_be_built() {
    let (config, log) = observed();
    let session = warm(&config);
    drop(call(&session, Effect::Keyed));
    let key = CallOptions::new().idempotency_key("k");
    let mut invalid = call_with(&session, Effect::Read, &key);
    assert!(matches!(invalid.step(Event::Tick, at(0)), Action::Done(Err(_))));
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn an_abandoned_write_has_the_outcome_and_the_key_of_its_retry() {
    let abandoned = Arc::new(Mutex::new(Vec::new()));
    let config = config().observer({
        let abandoned = Arc::clone(&abandoned);
        move |event| {
            if let CallEventKind::Abandoned { outcome, attempts, elapsed, idempotency_key, .. } = &event.kind
            {
                let entry = (*outcome, *attempts, *elapsed, idempotency_key.clone());
                abandoned.lock().unwrap().push(entry);
            }
        }
    });
    let session = warm(&config);
    let mut call = call(&session, Effect::Keyed);
    let Action::Send(request, _) = call.step(Event::Tick, at(1)) else { panic!("a send") };
    assert!(matches!(call.step(Event::Failure(lost()), at(4)), Action::Wait(_)));
    drop(call);
    let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
    assert_eq!(*abandoned.lock().unwrap(), [(Outcome::Unknown, 1, secs(3), Some(key))]);
}

#[test]
fn a_request_id_is_one_short_line() {
    let ids = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    let config = config().max_attempts(1).observer(move |event| {
        if let CallEventKind::AttemptClassified { request_id, .. } = &event.kind {
            seen.lock().unwrap().extend(request_id.clone());
        }
    });
    let forged = format!(r#"{{"success":false,"requestId":"R1\nERROR forged {}"}}"#, "x".repeat(1000));
    let mut call = call(&warm(&config), Effect::Read);
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    assert!(matches!(call.step(Event::Response(json(400, forged)), at(1)), Action::Done(Err(_))));
    let ids = ids.lock().unwrap();
    assert!(ids[0].starts_with("R1 ERROR forged xxx"), "{ids:?}");
    assert_eq!(ids[0].chars().count(), 501, "500 characters and an ellipsis");
}
