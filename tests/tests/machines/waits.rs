//! Rules 4, 5 and 9: jitter, deadlines, early ticks, and steps out of turn.

use std::time::Duration;

use zuora_core::{Action, Call, CallOptions, Effect, Event, Kind, Machine, Now, Outcome, Session};

use zuora_tests::simulation::{
    EFFECTS, Reply, World, at, call, call_with, config, json, lost, never_left, play_with, reply, script,
    secs, seed, success, warm,
};

/// The pauses between the attempts of a read that never gets an answer.
fn pauses(config: &zuora_core::Config, sessions: u64, attempts: u32) -> Vec<Vec<Duration>> {
    let options = CallOptions::new().attempts(attempts).deadline(secs(1_000_000));
    (0..sessions)
        .map(|number| {
            let session = Session::new(config, &seed(number)).unwrap();
            let mut world = World::new(script(std::iter::repeat_with(|| Reply::Lost)));
            let ended = world.drive(call_with(&session, Effect::Read, &options));
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
fn extreme_back_off_settings_overflow_nothing() {
    let spans = [Duration::ZERO, Duration::MAX, Duration::from_nanos(1)];
    for base in spans {
        for cap in spans {
            let config = config().backoff(base, cap).deadline(Duration::MAX).attempts(40);
            let mut world = World::new(script(std::iter::repeat_with(|| Reply::NeverLeft)));
            let error = world.drive(call(&warm(&config), Effect::Transition)).result.unwrap_err();
            assert_eq!(error.outcome(), Outcome::NotApplied);
        }
    }
}

#[test]
fn the_whole_call_ends_by_its_deadline() {
    for effect in EFFECTS {
        for deadline in [0, 1, 7, 30] {
            let options = CallOptions::new().deadline(secs(deadline)).attempts(1000);
            let replies = std::iter::repeat_with(|| Reply::NeverLeft);
            let (ended, world) = play_with(&config(), effect, &options, replies);
            let error = ended.result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (Kind::Deadline, Outcome::NotApplied), "{error}");
            assert!(error.is_retryable());
            assert!(ended.at <= at(deadline));
            for sent in world.calls() {
                assert!(sent.limits.timeout > Duration::ZERO);
                assert!(sent.at + sent.limits.timeout <= at(deadline), "an attempt ends in time");
            }
        }
    }
}

#[test]
fn a_deadline_does_not_hide_why_the_last_attempt_failed() {
    let options = CallOptions::new().deadline(secs(1));
    let (ended, _) =
        play_with(&config(), Effect::Read, &options, std::iter::repeat_with(|| Reply::NeverLeft));
    let error = ended.result.unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
}

#[test]
fn an_attempt_may_take_130_s_unless_told_otherwise() {
    let (_, world) = play_with(&config(), Effect::Read, &CallOptions::new(), [success()]);
    assert_eq!(world.calls()[0].limits.timeout, secs(130));
    let (_, world) =
        play_with(&config().attempt_timeout(secs(9)), Effect::Read, &CallOptions::new(), [success()]);
    assert_eq!(world.calls()[0].limits.timeout, secs(9));
    let options = CallOptions::new().attempt_timeout(secs(3));
    let (_, world) = play_with(&config().attempt_timeout(secs(9)), Effect::Read, &options, [success()]);
    assert_eq!(world.calls()[0].limits.timeout, secs(3), "the call's own setting wins");
    let (_, world) = play_with(&config().max_body(77), Effect::Read, &CallOptions::new(), [success()]);
    assert_eq!(world.calls()[0].limits.max_body, 77);
}

#[test]
fn an_early_tick_is_harmless() {
    for effect in EFFECTS {
        let session = warm(&config());
        let mut call = call(&session, effect);
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        let Action::Wait(until) = call.step(Event::Failure(never_left()), at(1)) else { panic!("a wait") };
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
        [|| Event::Tick, || Event::Answer(json(200, r#"{"success":true}"#)), || Event::Failure(lost())];
    let out_of_turn = |call: &mut Call<_>, event: Event, now: Now| match call.step(event, now) {
        Action::Done(Err(error)) => {
            assert_eq!(error.kind(), Kind::Failed);
            assert!(error.to_string().contains("out of turn"), "{error}");
            error.outcome()
        }
        other => panic!("{other:?}"),
    };
    for effect in EFFECTS {
        // An answer to nothing.
        for event in &events[1..] {
            let mut call = call(&warm(&config()), effect);
            assert_eq!(out_of_turn(&mut call, event(), at(0)), Outcome::NotApplied);
        }
        // A tick while a request is in flight: nobody will hear what becomes of it.
        let mut flying = call(&warm(&config()), effect);
        assert!(matches!(flying.step(Event::Tick, at(0)), Action::Send(..)));
        let unknown = if effect == Effect::Read { Outcome::NotApplied } else { Outcome::Unknown };
        assert_eq!(out_of_turn(&mut flying, Event::Tick, at(1)), unknown);
        assert_eq!(out_of_turn(&mut flying, Event::Tick, at(1)), unknown, "and it stays so");
        // An answer while it waits.
        let mut waiting = call(&warm(&config()), effect);
        assert!(matches!(waiting.step(Event::Tick, at(0)), Action::Send(..)));
        assert!(matches!(waiting.step(Event::Failure(never_left()), at(0)), Action::Wait(_)));
        assert_eq!(out_of_turn(&mut waiting, events[1](), at(0)), Outcome::NotApplied);
        // Anything after the end.
        for event in events {
            let applied = if effect == Effect::Read { Outcome::NotApplied } else { Outcome::Applied };
            let mut over = call(&warm(&config()), effect);
            assert!(matches!(over.step(Event::Tick, at(0)), Action::Send(..)));
            assert!(matches!(over.step(events[1](), at(0)), Action::Done(Ok(_))));
            assert_eq!(out_of_turn(&mut over, event(), at(0)), applied, "it has happened");
            let mut refused = call(&warm(&config()), effect);
            assert!(matches!(refused.step(Event::Tick, at(0)), Action::Send(..)));
            assert!(matches!(refused.step(Event::Answer(json(400, "")), at(0)), Action::Done(Err(_))));
            assert_eq!(out_of_turn(&mut refused, event(), at(0)), Outcome::NotApplied);
        }
    }
}

#[test]
fn options_that_are_refused_are_told_once_and_never_sent() {
    let mut call = call_with(&warm(&config()), Effect::Read, &CallOptions::new().track_id("a:b"));
    let Action::Done(Err(error)) = call.step(Event::Tick, at(0)) else { panic!("an error") };
    assert_eq!((error.kind(), error.field()), (Kind::Build, Some("Zuora-Track-Id")));
    let Action::Done(Err(error)) = call.step(Event::Tick, at(0)) else { panic!("an error") };
    assert_eq!(error.kind(), Kind::Failed);
}

#[test]
fn a_place_in_flight_is_given_back_however_a_call_ends() {
    // Narrowed to one in flight, the next call can only go when the one before has left its place.
    let session = warm(&config());
    let crowded = || reply(429, &[("Concurrency-Limit-Remaining", "0")], "");
    let mut world = World::new(script([crowded(), success()]));
    assert!(world.drive(call(&session, Effect::Read)).result.is_ok());
    let ends: [fn(Call<zuora_core::Raw>); 5] = [
        drop,
        |mut call| drop(call.step(Event::Answer(json(200, r#"{"success":true}"#)), at(50))),
        |mut call| drop(call.step(Event::Answer(json(400, "")), at(50))),
        |mut call| drop(call.step(Event::Failure(lost()), at(50))),
        |mut call| drop(call.step(Event::Tick, at(50))),
    ];
    for end in ends {
        let mut places = Vec::new();
        loop {
            let mut next = call(&session, Effect::Transition);
            match next.step(Event::Tick, at(50)) {
                Action::Send(..) => places.push(next),
                _ => break,
            }
            assert!(places.len() < 10, "the flight was narrowed");
        }
        assert!(!places.is_empty());
        for call in places {
            end(call);
        }
        assert!(matches!(call(&session, Effect::Read).step(Event::Tick, at(50)), Action::Send(..)));
    }
}
