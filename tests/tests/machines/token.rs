//! A token's life, how it is asked for, and how it goes from session to session.

use zuora_core::{
    Action, CallOptions, Config, DataCenter, Effect, Event, Kind, Machine, Now, Outcome, Secret, Token,
};

use crate::token_request::signing_in_by;
use zuora_tests::simulation::{
    CLIENT_ID, CLIENT_SECRET, Reply, TOKEN, World, at, call, call_with, cold, config, header, is_sign_in, ms,
    reply, script, secs, success, token_answer, warm,
};

#[test]
fn however_the_life_of_a_token_is_written() {
    // What the answer says, and how long the token is used without another sign-in.
    let cases = [
        (r#""expires_in":3599"#, 3599),
        (r#""expires_in":"3599""#, 3599),
        (r#""expires_in":3599.0"#, 3599),
        (r#""scope":"s""#, 3600),
        (r#""expires_in":null"#, 3600),
        (r#""expires_in":"soon""#, 3600),
        (r#""expires_in":-5"#, 3600),
    ];
    for (life, seconds) in cases {
        let session = cold(&config());
        let body = format!(r#"{{"access_token":"t",{life}}}"#);
        let mut world = World::new(signing_in_by(|_| reply(200, &[], &body)));
        assert!(world.drive(call(&session, Effect::Read)).result.is_ok(), "{life}");
        world.now = Now(secs(seconds - 301));
        assert!(world.drive(call(&session, Effect::Read)).result.is_ok());
        assert_eq!(world.sign_ins().len(), 1, "{life}");
        world.now = Now(secs(seconds - 299));
        assert!(world.drive(call(&session, Effect::Read)).result.is_ok());
        assert_eq!(world.sign_ins().len(), 2, "{life}");
    }
    let endless = r#"{"access_token":"t","expires_in":99999999999999999999999}"#;
    let session = cold(&config());
    let mut world = World::new(signing_in_by(|_| reply(200, &[], endless)));
    assert!(world.drive(call(&session, Effect::Read)).result.is_ok());
    assert!(session.token(world.now).is_some());
}

#[test]
fn a_token_that_comes_expired_is_tried_once_and_is_no_storm() {
    for life in [0, 1, 5, 12] {
        let session = cold(&config());
        let mut world = World::new(|request: &zuora_core::Request, _| match is_sign_in(request) {
            true => (secs(10), Reply::Answer(token_answer("short", life))),
            false => (ms(20), success()),
        });
        let ended = world.drive(call(&session, Effect::Read));
        assert!(ended.result.is_ok(), "{life} s: {:?}", ended.result.err());
        assert_eq!(world.sign_ins().len(), 1, "{life} s");
    }
}

#[test]
fn a_token_request_holds_the_credentials_and_no_other_header_of_the_session() {
    let config = config().entity_id("entity-1").org_ids(["org"]).track_id("track-1");
    let options = CallOptions::new().entity_id("entity-2");
    let mut call = call_with(&cold(&config), Effect::Read, &options);
    let Action::Send(request, limits) = call.step(Event::Tick, at(0)) else { panic!("a send") };
    assert_eq!(request.uri(), "https://rest.zuora.com/oauth/token");
    assert_eq!(request.method(), "POST");
    let body = std::str::from_utf8(request.body()).unwrap();
    let secret = CLIENT_SECRET.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    assert_eq!(body, format!("client_id={CLIENT_ID}&client_secret={secret}&grant_type=client_credentials"));
    let headers = request.headers();
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(headers["content-length"], body.len().to_string());
    assert_eq!(headers["zuora-track-id"], "track-1");
    for absent in ["authorization", "idempotency-key", "zuora-entity-ids"] {
        assert_eq!(header(headers, absent), None, "{absent}");
    }
    assert!(limits.timeout <= secs(30));
}

#[test]
fn a_token_of_the_callers_is_not_renewed() {
    let config = Config::with_token(DataCenter::Eu, "brought");
    let session = cold(&config);
    let refusal = || {
        reply(401, &[("Zuora-Request-Id", "r-1")], r#"{"reasons":[{"code":"90000011","message":"who?"}]}"#)
    };
    let mut world = World::new(script([success(), refusal()]));
    world.now = at(100_000);
    assert!(world.drive(call(&session, Effect::Read)).result.is_ok());
    let error = world.drive(call(&session, Effect::Transition)).result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Auth, Outcome::NotApplied));
    assert_eq!(error.request_id(), Some("r-1"), "what the service said is not lost: {error}");
    assert_eq!(error.reasons()[0].message, "who?");
    let error = world.drive(call(&session, Effect::Read)).result.unwrap_err();
    assert_eq!(error.kind(), Kind::Auth, "and from then on at once");
    assert_eq!((world.calls().len(), world.sign_ins().len()), (2, 0));
}

#[test]
fn a_token_goes_to_another_process_and_back() {
    let session = warm(&config());
    let token = session.token(at(600)).unwrap();
    assert_eq!((token.secret().expose(), token.expires_in()), (TOKEN, secs(3000)));
    assert!(session.token(at(3600)).is_none(), "an expired one is of no use");
    assert!(cold(&config()).token(at(0)).is_none());

    let other = cold(&config());
    other.put_token(&token, at(0)).unwrap();
    let Action::Send(request, _) = call(&other, Effect::Read).step(Event::Tick, at(2699)) else {
        panic!("a send")
    };
    assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"));
    let Action::Send(request, _) = call(&other, Effect::Read).step(Event::Tick, at(2701)) else {
        panic!("a send")
    };
    assert!(is_sign_in(&request), "renewed in time");

    for unsendable in ["", "two\nlines", "ünï"] {
        let error = other.put_token(&Token::new(Secret::from(unsendable), secs(60)), at(0)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Build, Some("Authorization")));
    }
}

#[test]
fn a_token_that_is_put_in_ends_the_wait_for_one() {
    let session = cold(&config());
    let (mut holder, mut waiter) = (call(&session, Effect::Read), call(&session, Effect::Read));
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Wait(until) = waiter.step(Event::Tick, at(0)) else { panic!("a wait") };
    session.put_token(&Token::new(Secret::from("shared"), secs(3600)), at(0)).unwrap();
    let Action::Send(request, _) = waiter.step(Event::Tick, until) else { panic!("a send") };
    assert_eq!(request.headers()["authorization"], "Bearer shared");
}

#[test]
fn credentials_that_cannot_be_ones_are_named() {
    let cases = [("short", "secret", "client_id"), (CLIENT_ID, "", "client_secret")];
    for (id, secret, field) in cases {
        let config = Config::new(DataCenter::Eu, id, secret);
        let error = zuora_core::Session::new(&config, &zuora_tests::simulation::seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Build, Some(field)));
    }
    let long = "x".repeat(43);
    let config = Config::new(DataCenter::Eu, CLIENT_ID, long.as_str());
    let error = zuora_core::Session::new(&config, &zuora_tests::simulation::seed(1)).unwrap_err();
    assert_eq!(error.field(), Some("client_secret"));
    assert!(!format!("{error} {error:?}").contains(&long));
}
