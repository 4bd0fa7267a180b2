//! Rules 4, 5 and 9: jitter, deadlines, early ticks, and steps out of turn.

use std::time::Duration;

use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::Effect;
use zuora_core::session::Session;
use zuora_core::transport::Timestamp;
use zuora_core::{CallOptions, ErrorKind, Outcome};
use zuora_tests::simulation::{
    EFFECTS, SendResult, Simulation, at, call, call_with, cold, config, json, lost, ms, not_sent, play_with,
    received, script, secs, seed, success, warm,
};

/// The pauses between the attempts of a read that never receives a response.
fn pauses(config: &zuora_core::Config, sessions: u64, attempts: u32) -> Vec<Vec<Duration>> {
    let options = CallOptions::new().max_attempts(attempts).timeout(secs(1_000_000));
    (0..sessions)
        .map(|number| {
            let session = Session::new(config, &seed(number)).unwrap();
            let mut simulation = Simulation::new(script(std::iter::repeat_with(|| SendResult::Lost)));
            let ended = simulation.drive(call_with(&session, Effect::Read, &options));
            ended.waits.iter().map(|(from, until)| from.until(*until)).collect()
        })
        .collect()
}

#[test]
fn pauses_are_full_jitter_under_a_doubling_ceiling() {
    let all = pauses(&config(), 200, 9);
    let ceilings = [1, 2, 4, 8, 16, 32, 60, 60];
    for (turn, ceiling) in ceilings.into_iter().enumerate() {
        let turn: Vec<_> = all.iter().map(|pauses| pauses[turn]).collect();
        let (least, most) = (*turn.iter().min().unwrap(), *turn.iter().max().unwrap());
        assert!(most < secs(ceiling), "{most:?} under {ceiling} s");
        assert!(most > secs(ceiling) * 3 / 4, "the whole range is used: {most:?} of {ceiling} s");
        assert!(least < secs(ceiling) / 4, "the whole range is used: {least:?} of {ceiling} s");
    }
    let mut firsts: Vec<_> = all.iter().map(|pauses| pauses[0]).collect();
    firsts.sort();
    firsts.dedup();
    assert_eq!(firsts.len(), 200, "sessions differ from each other");
}

#[test]
fn extreme_backoff_settings_do_not_overflow() {
    let spans = [Duration::ZERO, Duration::MAX, Duration::from_nanos(1)];
    for base in spans {
        for cap in spans {
            let config = config().backoff(base, cap).timeout(Duration::MAX).max_attempts(40);
            let mut simulation = Simulation::new(script(std::iter::repeat_with(|| SendResult::NotSent)));
            let error = simulation.drive(call(&warm(&config), Effect::Unkeyed)).result.unwrap_err();
            assert_eq!(error.outcome(), Outcome::NotApplied);
        }
    }
}

#[test]
fn the_whole_call_ends_by_its_deadline() {
    for effect in EFFECTS {
        for deadline in [0, 1, 7, 30] {
            let options = CallOptions::new().timeout(secs(deadline)).max_attempts(1000);
            let results = std::iter::repeat_with(|| SendResult::NotSent);
            let (ended, log) = play_with(&config(), effect, &options, results);
            let error = ended.result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotApplied), "{error}");
            assert!(error.is_retryable());
            assert!(ended.at <= at(deadline));
            for sent in log.calls() {
                assert!(sent.limits.timeout > Duration::ZERO);
                assert!(sent.at + sent.limits.timeout <= at(deadline), "an attempt ends in time");
            }
        }
    }
}

#[test]
fn a_deadline_does_not_hide_why_the_last_attempt_failed() {
    let options = CallOptions::new().timeout(secs(1));
    let (ended, _) =
        play_with(&config(), Effect::Read, &options, std::iter::repeat_with(|| SendResult::NotSent));
    let error = ended.result.unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
}

#[test]
fn an_attempt_may_take_130_s_by_default() {
    let (_, log) = play_with(&config(), Effect::Read, &CallOptions::new(), [success()]);
    assert_eq!(log.calls()[0].limits.timeout, secs(130));
    let (_, log) =
        play_with(&config().attempt_timeout(secs(9)), Effect::Read, &CallOptions::new(), [success()]);
    assert_eq!(log.calls()[0].limits.timeout, secs(9));
    let options = CallOptions::new().attempt_timeout(secs(3));
    let (_, log) = play_with(&config().attempt_timeout(secs(9)), Effect::Read, &options, [success()]);
    assert_eq!(log.calls()[0].limits.timeout, secs(3), "the call's own setting wins");
    let (_, log) =
        play_with(&config().max_response_bytes(77), Effect::Read, &CallOptions::new(), [success()]);
    assert_eq!(log.calls()[0].limits.max_body, 77);
}

#[test]
fn an_early_tick_is_harmless() {
    for effect in EFFECTS {
        let session = warm(&config());
        let mut call = call(&session, effect);
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        let Action::Wait(until) = call.step(Event::Failure(not_sent()), at(1)) else { panic!("a wait") };
        for _ in 0..1000 {
            let Action::Wait(again) = call.step(Event::Tick, at(1)) else { panic!("still a wait") };
            assert_eq!(again, until);
        }
        assert!(matches!(call.step(Event::Tick, until), Action::Send(..)));
    }
}

#[test]
fn a_step_out_of_turn_is_an_error_value() {
    let events: [fn() -> Event; 3] =
        [|| Event::Tick, || Event::Response(json(200, r#"{"success":true}"#)), || Event::Failure(lost())];
    let out_of_turn = |call: &mut Call<_>, event: Event, now: Timestamp| match call.step(event, now) {
        Action::Done(Err(error)) => {
            assert_eq!(error.kind(), ErrorKind::Failed);
            assert!(error.to_string().contains("out of turn"), "{error}");
            error.outcome()
        }
        other => panic!("{other:?}"),
    };
    for effect in EFFECTS {
        // A response without a request.
        for event in &events[1..] {
            let mut call = call(&warm(&config()), effect);
            assert_eq!(out_of_turn(&mut call, event(), at(0)), Outcome::NotApplied);
        }
        // A tick while a request is in flight: the response to that request will be lost.
        let mut in_flight = call(&warm(&config()), effect);
        assert!(matches!(in_flight.step(Event::Tick, at(0)), Action::Send(..)));
        let unknown = if effect == Effect::Read { Outcome::NotApplied } else { Outcome::Unknown };
        assert_eq!(out_of_turn(&mut in_flight, Event::Tick, at(1)), unknown);
        assert_eq!(
            out_of_turn(&mut in_flight, Event::Tick, at(1)),
            unknown,
            "and the outcome stays the same"
        );
        // A response while the call waits.
        let mut waiting = call(&warm(&config()), effect);
        assert!(matches!(waiting.step(Event::Tick, at(0)), Action::Send(..)));
        assert!(matches!(waiting.step(Event::Failure(not_sent()), at(0)), Action::Wait(_)));
        assert_eq!(out_of_turn(&mut waiting, events[1](), at(0)), Outcome::NotApplied);
        // Any event after the end.
        for event in events {
            let applied = if effect == Effect::Read { Outcome::NotApplied } else { Outcome::Applied };
            let mut over = call(&warm(&config()), effect);
            assert!(matches!(over.step(Event::Tick, at(0)), Action::Send(..)));
            assert!(matches!(over.step(events[1](), at(0)), Action::Done(Ok(_))));
            assert_eq!(out_of_turn(&mut over, event(), at(0)), applied, "the write has happened");
            let mut rejected = call(&warm(&config()), effect);
            assert!(matches!(rejected.step(Event::Tick, at(0)), Action::Send(..)));
            assert!(matches!(rejected.step(Event::Response(json(400, "")), at(0)), Action::Done(Err(_))));
            assert_eq!(out_of_turn(&mut rejected, event(), at(0)), Outcome::NotApplied);
        }
    }
}

#[test]
fn rejected_options_are_reported_once_and_never_sent() {
    let mut call = call_with(&warm(&config()), Effect::Read, &CallOptions::new().track_id("a:b"));
    let Action::Done(Err(error)) = call.step(Event::Tick, at(0)) else { panic!("an error") };
    assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("Zuora-Track-Id")));
    let Action::Done(Err(error)) = call.step(Event::Tick, at(0)) else { panic!("an error") };
    assert_eq!(error.kind(), ErrorKind::Failed);
}

#[test]
fn a_permit_is_released_however_a_call_ends() {
    // With a limit of one, the next call is admitted only after the previous one has released its permit.
    let session = warm(&config());
    let at_concurrency_limit = || received(429, &[("Concurrency-Limit-Remaining", "0")], "");
    let mut simulation = Simulation::new(script([at_concurrency_limit(), success()]));
    assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok());
    let ends: [fn(Call<zuora_core::operation::RawOperation>); 5] = [
        drop,
        |mut call| drop(call.step(Event::Response(json(200, r#"{"success":true}"#)), at(50))),
        |mut call| drop(call.step(Event::Response(json(400, "")), at(50))),
        |mut call| drop(call.step(Event::Failure(lost()), at(50))),
        |mut call| drop(call.step(Event::Tick, at(50))),
    ];
    for end in ends {
        let mut admitted = Vec::new();
        loop {
            let mut next = call(&session, Effect::Unkeyed);
            match next.step(Event::Tick, at(50)) {
                Action::Send(..) => admitted.push(next),
                _ => break,
            }
            assert!(admitted.len() < 10, "the limit was lowered");
        }
        assert!(!admitted.is_empty());
        for call in admitted {
            end(call);
        }
        assert!(matches!(call(&session, Effect::Read).step(Event::Tick, at(50)), Action::Send(..)));
    }
}

#[test]
fn a_retry_needs_five_seconds_and_a_first_attempt_only_some_time() {
    // The first attempt ends after 100 ms, and the retry starts at most 1 ms later.
    let quick = config().backoff(ms(1), ms(1));
    let after = |timeout: Duration, config: &zuora_core::Config, result: fn() -> SendResult| {
        let options = CallOptions::new().timeout(timeout);
        let (ended, log) = play_with(config, Effect::Read, &options, [result(), success()]);
        (ended.result, log.calls().len())
    };
    let lost = || SendResult::Lost;
    assert!(after(ms(5_101), &quick, lost).0.is_ok());
    for timeout in [ms(5_099), secs(1), ms(101)] {
        let (result, sent) = after(timeout, &quick, lost);
        let error = result.unwrap_err();
        assert_eq!((error.kind(), sent), (ErrorKind::Timeout, 1), "{timeout:?}: {error}");
        assert!(error.to_string().contains("no time is left for another attempt"), "{error}");
        assert!(error.to_string().contains("connection reset"), "{error}");
        assert!(error.is_retryable());
    }
    // The setting.
    assert!(after(ms(250), &quick.clone().min_attempt_time(ms(1)), lost).0.is_ok());
    assert!(after(secs(20), &quick.clone().min_attempt_time(secs(20)), lost).0.is_err());
    assert!(after(ms(101), &quick.clone().min_attempt_time(secs(20)), success).0.is_ok());
    // An attempt that only showed the token to be stale is not an attempt of the operation.
    assert!(after(secs(1), &quick, || received(401, &[], "")).0.is_ok());
    // A limit keeps its own kind, and is reported at once.
    let (result, sent) = after(secs(14), &quick, || received(429, &[("Retry-After", "10")], ""));
    assert_eq!((result.unwrap_err().kind(), sent), (ErrorKind::Throttled, 1));
}

#[test]
fn a_retry_that_wakes_late_is_not_sent_with_too_little_time() {
    for effect in EFFECTS {
        let mut call = call_with(&warm(&config()), effect, &CallOptions::new().timeout(secs(30)));
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        assert!(matches!(call.step(Event::Failure(not_sent()), at(1)), Action::Wait(_)));
        let Action::Done(Err(error)) = call.step(Event::Tick, at(26)) else {
            panic!("four seconds are left")
        };
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotApplied));
        assert!(error.is_retryable(), "nothing was done");
    }
}

#[test]
fn a_keyed_call_in_doubt_that_wakes_late_can_be_retried_under_its_key() {
    let mut call = call_with(&warm(&config()), Effect::Keyed, &CallOptions::new().timeout(secs(30)));
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    assert!(matches!(call.step(Event::Failure(lost()), at(1)), Action::Wait(_)));
    let Action::Done(Err(error)) = call.step(Event::Tick, at(26)) else { panic!("four seconds are left") };
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    assert!(error.is_retryable() && error.idempotency_key().is_some(), "{error}");
}

#[test]
fn a_retry_is_sent_with_exactly_five_seconds_left() {
    // The response arrives after 100 ms.
    for (retry_after, sent) in [("24", 2), ("25", 1)] {
        let options = CallOptions::new().timeout(ms(29_100));
        let throttled = received(429, &[("Retry-After", retry_after)], "");
        let (ended, log) = play_with(&config(), Effect::Unkeyed, &options, [throttled, success()]);
        assert_eq!((log.calls().len(), ended.result.is_ok()), (sent, sent == 2), "{retry_after}");
    }
}

#[test]
fn a_wait_that_ends_with_the_time_of_the_call_is_not_begun() {
    let session = warm(&config());
    let mut first = call(&session, Effect::Read);
    assert!(matches!(first.step(Event::Tick, at(0)), Action::Send(..)));
    let SendResult::Received(throttled) = received(429, &[("Retry-After", "10")], "") else { unreachable!() };
    let Action::Wait(_) = first.step(Event::Response(throttled), at(0)) else { panic!("a wait") };
    let wait = |timeout: Duration| {
        let mut call = call_with(&session, Effect::Read, &CallOptions::new().timeout(timeout));
        call.step(Event::Tick, at(0))
    };
    let Action::Done(Err(error)) = wait(secs(10)) else { panic!("no time is left after the wait") };
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(secs(10))));
    assert!(matches!(wait(ms(10_001)), Action::Wait(_)));
}

#[test]
fn no_attempt_has_a_time_limit_of_zero() {
    let moments = [(Duration::from_nanos(1), true), (Duration::ZERO, false)];
    for (left, is_sent) in moments {
        let session = warm(&config());
        let mut call = call_with(&session, Effect::Unkeyed, &CallOptions::new().timeout(left));
        match call.step(Event::Tick, at(0)) {
            Action::Send(_, limits) => assert!(is_sent && limits.timeout == left),
            Action::Done(result) => {
                assert_eq!((is_sent, result.unwrap_err().kind()), (false, ErrorKind::Timeout));
            }
            other => panic!("{other:?}"),
        }
    }
    let zero = CallOptions::new().attempt_timeout(Duration::ZERO).max_attempts(1);
    let (_, log) = play_with(&config(), Effect::Read, &zero, [success()]);
    assert_eq!(log.calls()[0].limits.timeout, ms(1));
    let session = cold(&config().attempt_timeout(Duration::ZERO));
    let mut call = call(&session, Effect::Read);
    let Action::Send(_, limits) = call.step(Event::Tick, at(0)) else { panic!("a token request") };
    assert_eq!(limits.timeout, ms(1));
}
