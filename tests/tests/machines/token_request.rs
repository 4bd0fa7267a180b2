//! Rule 2: one sign-in for everybody, by a lease that expires; renewed early; dropped on 401 only if it is
//! still the token in use.

use std::cell::Cell;

use zuora_core::{Action, CallOptions, Effect, Event, Kind, Machine, Now, Outcome, Raw, Secret, Token};

use zuora_tests::simulation::{
    Reply, Server, TOKEN, World, at, call, call_with, cold, config, is_sign_in, json, ms, play_with, refused,
    reply, script, secs, success, token_answer, warm,
};

/// A server that answers sign-ins by one function and everything else with success after 20 ms.
pub(crate) fn signing_in_by(mut sign_in: impl FnMut(usize) -> Reply) -> impl Server {
    let mut count = 0;
    move |request, _| match is_sign_in(request) {
        true => {
            count += 1;
            (ms(200), sign_in(count))
        }
        false => (ms(20), success()),
    }
}

fn good_token(count: usize) -> Reply {
    Reply::Answer(token_answer(&format!("token-{count}"), 3599))
}

fn crowd(session: &zuora_core::Session, callers: usize) -> Vec<zuora_core::Call<Raw>> {
    (0..callers).map(|_| call(session, Effect::Read)).collect()
}

#[test]
fn callers_of_a_cold_session_share_one_sign_in() {
    let session = cold(&config());
    let mut world = World::new(signing_in_by(good_token));
    let ends = world.run(crowd(&session, 64));
    assert!(ends.iter().all(|ended| ended.result.is_ok()));
    assert_eq!(world.sign_ins().len(), 1);
    let arrived = Now(ms(200));
    let last = ends.iter().map(|ended| ended.at).max().unwrap();
    assert!(
        arrived.until(last) <= ms(150),
        "the last was served {:?} after the token came",
        arrived.until(last)
    );
}

#[test]
fn callers_whose_token_is_refused_share_one_sign_in() {
    let session = warm(&config());
    let mut world = World::new(|request: &zuora_core::Request, _| match is_sign_in(request) {
        true => (ms(200), good_token(1)),
        false if request.headers()["authorization"] == "Bearer token-1" => (ms(20), success()),
        false => (ms(20), refused(401, &["90000011"])),
    });
    let ends = world.run(crowd(&session, 64));
    assert!(ends.iter().all(|ended| ended.result.is_ok()));
    assert_eq!(world.sign_ins().len(), 1);
    assert_eq!(world.calls().len(), 128);
}

#[test]
fn a_401_leaves_a_token_alone_that_somebody_renewed_meanwhile() {
    let session = warm(&config());
    let mut call = call(&session, Effect::Read);
    let Action::Send(first, _) = call.step(Event::Tick, at(0)) else { panic!("a send") };
    assert_eq!(first.headers()["authorization"], format!("Bearer {TOKEN}"));
    session.put_token(&Token::new(Secret::from("newer"), secs(3600)), at(0)).unwrap();
    let Action::Wait(now) = call.step(Event::Answer(json(401, "")), at(0)) else { panic!("a wait") };
    let Action::Send(second, _) = call.step(Event::Tick, now) else { panic!("a send") };
    assert_eq!(second.uri().path(), "/v1/things/1", "no sign-in");
    assert_eq!(second.headers()["authorization"], "Bearer newer");
}

#[test]
fn a_token_is_renewed_300_s_early_while_others_use_the_old_one() {
    let session = warm(&config());
    let (mut first, mut second) = (call(&session, Effect::Read), call(&session, Effect::Read));
    let mut before = call(&session, Effect::Read);
    let Action::Send(request, _) = before.step(Event::Tick, at(3299)) else { panic!("a send") };
    assert!(!is_sign_in(&request), "not due");
    let Action::Send(request, _) = first.step(Event::Tick, at(3300)) else { panic!("a send") };
    assert!(is_sign_in(&request), "due");
    let Action::Send(request, _) = second.step(Event::Tick, at(3301)) else { panic!("a send") };
    assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"), "the old one serves");
    let Action::Send(request, _) = first.step(Event::Answer(token_answer("new", 3599)), at(3302)) else {
        panic!("a send")
    };
    assert_eq!(request.headers()["authorization"], "Bearer new");
}

#[test]
fn an_early_renewal_that_fails_is_put_off_while_the_old_token_serves() {
    let failures: [fn() -> Reply; 5] = [
        || Reply::NeverLeft,
        || Reply::Lost,
        || reply(503, &[], ""),
        || reply(429, &[("Retry-After", "5")], ""),
        || refused(401, &["90000011"]),
    ];
    for failure in failures {
        let session = warm(&config());
        let mut world = World::new(signing_in_by(|_| failure()));
        world.now = at(3300);
        let ends = world.run(crowd(&session, 3));
        assert!(ends.iter().all(|ended| ended.result.is_ok()), "{:?}", failure());
        assert_eq!(world.sign_ins().len(), 1, "{:?}", failure());
        world.now = at(3310);
        assert!(world.drive(call(&session, Effect::Read)).result.is_ok());
        assert_eq!(world.sign_ins().len(), 1, "put off for 30 s: {:?}", failure());
        world.now = at(3601);
        let ended = world.drive(call_with(&session, Effect::Read, &CallOptions::new().attempts(1)));
        assert!(ended.result.is_err(), "expired in the end: {:?}", failure());
    }
}

#[test]
fn a_refused_sign_in_is_told_to_all_who_waited() {
    let bodies: [fn() -> Reply; 3] = [
        || reply(401, &[], r#"{"error":"invalid_client","error_description":"Bad credentials"}"#),
        || refused(200, &["90000011"]),
        || reply(400, &[], "<html>no</html>"),
    ];
    for refusal in bodies {
        let session = cold(&config());
        let mut world = World::new(signing_in_by(|_| refusal()));
        let ends = world.run(crowd(&session, 64));
        for ended in ends {
            let error = ended.result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (Kind::Auth, Outcome::NotApplied));
            assert!(!error.is_retryable());
            assert!(error.to_string().contains("data center"), "{error}");
            assert!(error.body().is_empty(), "answers to token requests are not kept");
            assert_eq!(error.attempts(), 0);
        }
        assert_eq!(world.sign_ins().len(), 1, "no storm");
    }
}

#[test]
fn a_sign_in_without_an_answer_is_repeated_by_its_holder_alone() {
    let session = cold(&config());
    let mut world = World::new(signing_in_by(|_| reply(503, &[], "")));
    let ends = world.run(crowd(&session, 64));
    for ended in ends {
        let error = ended.result.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert!(error.is_retryable(), "another time it may work: {error}");
    }
    assert_eq!(world.sign_ins().len(), 5, "as many as attempts");

    let mut world =
        World::new(signing_in_by(|count| if count < 3 { Reply::NeverLeft } else { good_token(count) }));
    let ends = world.run(crowd(&session, 64));
    assert!(ends.iter().all(|ended| ended.result.is_ok()));
    assert_eq!(world.sign_ins().len(), 3);
}

#[test]
fn an_unusable_token_answer_is_no_storm_either() {
    let answers: [fn() -> Reply; 6] = [
        || reply(200, &[], "<html>Sign in here</html>"),
        || reply(200, &[], "{}"),
        || reply(200, &[], r#"{"access_token":""}"#),
        || reply(200, &[], r#"{"access_token":"with\nnewline","expires_in":3599}"#),
        || reply(200, &[], r#"{"access_token":17}"#),
        || reply(204, &[], ""),
    ];
    for answer in answers {
        let session = cold(&config());
        let mut world = World::new(signing_in_by(|_| answer()));
        let ends = world.run(crowd(&session, 16));
        for ended in ends {
            assert_eq!(ended.result.unwrap_err().kind(), Kind::Transport, "{:?}", answer());
        }
        assert!(world.sign_ins().len() <= 5, "{} sign-ins: {:?}", world.sign_ins().len(), answer());
    }
}

#[test]
fn who_waited_is_told_even_when_a_later_sign_in_failed_too() {
    let session = cold(&config());
    let mut holder = call(&session, Effect::Read);
    let mut waiter = call(&session, Effect::Read);
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    assert!(matches!(waiter.step(Event::Tick, at(0)), Action::Wait(_)));
    let no = || Event::Answer(json(401, ""));
    assert!(matches!(holder.step(no(), at(1)), Action::Done(Err(_))));
    let mut later = call(&session, Effect::Read);
    assert!(matches!(later.step(Event::Tick, at(1)), Action::Send(..)));
    assert!(matches!(later.step(no(), at(2)), Action::Done(Err(_))));
    match waiter.step(Event::Tick, at(2)) {
        Action::Done(Err(error)) => assert_eq!(error.kind(), Kind::Auth),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_holder_in_a_hurry_fails_alone() {
    let hurried = [CallOptions::new().deadline(secs(1)), CallOptions::new().max_wait(ms(1))];
    for options in hurried {
        let session = cold(&config());
        let mut world = World::new(signing_in_by(|count| match count {
            1 => reply(503, &[("Retry-After", "3")], ""),
            count => good_token(count),
        }));
        let ends = world.run(vec![
            call_with(&session, Effect::Read, &options),
            call(&session, Effect::Read),
            call(&session, Effect::Read),
        ]);
        assert!(ends[0].result.is_err());
        assert!(ends[1].result.is_ok(), "{:?}", ends[1].result.as_ref().err());
        assert!(ends[2].result.is_ok());
        assert_eq!(world.sign_ins().len(), 2);
    }
}

#[test]
fn dropping_the_holder_gives_the_lease_back() {
    let session = cold(&config());
    let (mut holder, mut waiter) = (call(&session, Effect::Read), call(&session, Effect::Read));
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Wait(until) = waiter.step(Event::Tick, at(0)) else { panic!("a wait") };
    drop(holder);
    let Action::Send(request, _) = waiter.step(Event::Tick, until) else { panic!("a send") };
    assert!(is_sign_in(&request));
}

#[test]
fn a_lost_lease_runs_out() {
    let session = cold(&config());
    let mut lost = call(&session, Effect::Read);
    let Action::Send(_, limits) = lost.step(Event::Tick, at(0)) else { panic!("a send") };
    std::mem::forget(lost);
    let mut waiter = call(&session, Effect::Read);
    assert!(
        matches!(waiter.step(Event::Tick, Now(limits.timeout)), Action::Wait(_)),
        "it may still be answered"
    );
    let Action::Send(request, _) = waiter.step(Event::Tick, Now(limits.timeout + secs(6))) else {
        panic!("the lease has run out")
    };
    assert!(is_sign_in(&request));
}

#[test]
fn a_holder_that_comes_back_late_harms_nobody() {
    let session = cold(&config());
    let mut late = call(&session, Effect::Read);
    assert!(matches!(late.step(Event::Tick, at(0)), Action::Send(..)));
    let mut other = call(&session, Effect::Read);
    assert!(matches!(other.step(Event::Tick, at(100)), Action::Send(..)), "the lease has run out");
    assert!(matches!(late.step(Event::Answer(json(401, "")), at(101)), Action::Done(Err(_))));
    let mut third = call(&session, Effect::Read);
    assert!(matches!(third.step(Event::Tick, at(101)), Action::Wait(_)), "the other one is still signing in");
    let action = other.step(Event::Answer(token_answer("t", 3599)), at(102));
    assert!(matches!(action, Action::Send(..)), "{action:?}");
    let Action::Send(request, _) = third.step(Event::Tick, at(103)) else { panic!("a send") };
    assert!(!is_sign_in(&request));
}

#[test]
fn stepping_a_sign_in_out_of_turn_gives_the_lease_back() {
    let session = cold(&config());
    let mut confused = call(&session, Effect::Transition);
    assert!(matches!(confused.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Done(Err(error)) = confused.step(Event::Tick, at(1)) else { panic!("an error") };
    assert_eq!(error.outcome(), Outcome::NotApplied, "only the sign-in was in flight");
    let mut next = call(&session, Effect::Read);
    assert!(matches!(next.step(Event::Tick, at(1)), Action::Send(..)));
}

#[test]
fn too_many_sign_ins_hold_sign_ins_back_and_nothing_else() {
    let session = warm(&config());
    let mut renewing = call(&session, Effect::Read);
    let Action::Send(request, _) = renewing.step(Event::Tick, at(3300)) else { panic!("a send") };
    assert!(is_sign_in(&request));
    let Reply::Answer(too_many) = reply(429, &[("Retry-After", "600")], "") else { panic!("an answer") };
    let Action::Send(request, _) = renewing.step(Event::Answer(too_many), at(3301)) else { panic!("a send") };
    assert!(!is_sign_in(&request), "the old token serves");
    // It has expired, and the class of sign-ins is closed until 3901.
    let mut cold = call(&session, Effect::Read);
    let Action::Wait(until) = cold.step(Event::Tick, at(3700)) else { panic!("a wait") };
    assert_eq!(until, at(3901));
    let Action::Send(request, _) = cold.step(Event::Tick, until) else { panic!("a send") };
    assert!(is_sign_in(&request));
}

#[test]
fn a_request_that_cannot_be_built_costs_no_sign_in() {
    let session = cold(&config());
    let unsendable = Raw::new(http::Method::GET, "no-slash");
    match zuora_core::Call::new(&session, unsendable).step(Event::Tick, at(0)) {
        Action::Done(Err(error)) => assert_eq!((error.kind(), error.field()), (Kind::Build, Some("path"))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn waiters_look_after_5_ms_doubling_to_100() {
    let session = cold(&config());
    let mut holder = call(&session, Effect::Read);
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    let mut waiter = call(&session, Effect::Read);
    let (mut now, mut looks) = (at(0), Vec::new());
    for _ in 0..8 {
        let Action::Wait(until) = waiter.step(Event::Tick, now) else { panic!("a wait") };
        looks.push(now.until(until).as_millis());
        now = until;
    }
    assert_eq!(looks, [5, 10, 20, 40, 80, 100, 100, 100]);
}

#[test]
fn a_wait_for_somebody_elses_sign_in_counts_against_the_deadline() {
    let session = cold(&config());
    let mut holder = call(&session, Effect::Read);
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    for options in [CallOptions::new().deadline(secs(2)), CallOptions::new().max_wait(secs(2))] {
        let mut world = World::new(script([]));
        let ended = world.drive(call_with(&session, Effect::Keyed, &options));
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Throttled, Outcome::NotApplied));
        assert!(ended.at <= at(2), "{:?}", ended.at);
    }
}

#[test]
fn a_sign_in_that_never_worked_says_so_after_an_unknown_outcome() {
    // Lost, then 401, then a sign-in that is refused: what became of the first attempt is still not known.
    let answers = Cell::new(0);
    let mut world = World::new(|request: &zuora_core::Request, _| {
        if is_sign_in(request) {
            return (ms(10), reply(401, &[], ""));
        }
        answers.set(answers.get() + 1);
        (ms(10), if answers.get() == 1 { Reply::Lost } else { reply(401, &[], "") })
    });
    let error = world.drive(call(&warm(&config()), Effect::Keyed)).result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Auth, Outcome::Unknown));
    assert!(error.to_string().contains("may have happened"), "{error}");
}

#[test]
fn an_unreachable_sign_in_does_not_blame_the_credentials() {
    let mut world = World::new(signing_in_by(|_| Reply::NeverLeft));
    let error = world.drive(call(&cold(&config()), Effect::Read)).result.unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert!(!error.to_string().contains("data center"), "{error}");
    assert!(error.is_retryable());
}

#[test]
fn play_with_signs_in_by_itself() {
    // The script's own promise, on which the other tables stand.
    let (ended, world) =
        play_with(&config(), Effect::Read, &CallOptions::new(), [reply(401, &[], ""), success()]);
    assert!(ended.result.is_ok());
    assert_eq!((world.sign_ins().len(), world.calls().len()), (1, 2));
}
