//! The lifetime of a token, its request, and its transfer between sessions.

use zuora_core::machine::{Action, Event, Machine};
use zuora_core::operation::Effect;
use zuora_core::session::Token;
use zuora_core::types::Secret;
use zuora_core::{CallOptions, Config, DataCenter, ErrorKind, Outcome};
use zuora_tests::simulation::{
    self, CLIENT_ID, CLIENT_SECRET, SendResult, Simulation, TOKEN, at, call, call_with, cold, config, header,
    is_token_request, ms, received, script, secs, success, token_response, warm,
};

use crate::token_request::token_server;

#[test]
fn the_lifetime_of_a_token_is_read_in_any_form() {
    // The text of the response, and the time that the token is used before another token request.
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
        let mut simulation = Simulation::new(token_server(|_| received(200, &[], &body)));
        assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok(), "{life}");
        simulation.now = zuora_tests::simulation::moment(secs(seconds - 301));
        assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok());
        assert_eq!(simulation.token_requests().len(), 1, "{life}");
        simulation.now = zuora_tests::simulation::moment(secs(seconds - 299));
        assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok());
        assert_eq!(simulation.token_requests().len(), 2, "{life}");
    }
    let endless = r#"{"access_token":"t","expires_in":99999999999999999999999}"#;
    let session = cold(&config());
    let mut simulation = Simulation::new(token_server(|_| received(200, &[], endless)));
    assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok());
    assert!(session.token(simulation.now).is_some());
}

#[test]
fn a_token_that_is_already_expired_is_used_once_without_a_storm() {
    for life in [0, 1, 5, 12] {
        let session = cold(&config());
        let mut simulation = Simulation::new(|request: &zuora_core::transport::HttpRequest, _| {
            match is_token_request(request) {
                true => (secs(10), SendResult::Received(token_response("short", life))),
                false => (ms(20), success()),
            }
        });
        let ended = simulation.drive(call(&session, Effect::Read));
        assert!(ended.result.is_ok(), "{life} s: {:?}", ended.result.err());
        assert_eq!(simulation.token_requests().len(), 1, "{life} s");
    }
}

#[test]
fn a_token_request_contains_the_credentials_and_no_other_header_of_the_session() {
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
fn a_token_of_the_caller_is_not_renewed() {
    let config = Config::with_token(DataCenter::Eu, "external");
    let session = cold(&config);
    let rejection = || {
        received(401, &[("Zuora-Request-Id", "r-1")], r#"{"reasons":[{"code":"90000011","message":"who?"}]}"#)
    };
    let mut simulation = Simulation::new(script([success(), rejection()]));
    simulation.now = at(100_000);
    assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok());
    let error = simulation.drive(call(&session, Effect::Unkeyed)).result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotApplied));
    assert!(!error.is_retryable(), "another token is needed");
    assert_eq!(error.request_id(), Some("r-1"), "the message of the service is not lost: {error}");
    assert_eq!(error.reasons()[0].message, "who?");
    let error = simulation.drive(call(&session, Effect::Read)).result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "and from then on immediately");
    assert_eq!((simulation.calls().len(), simulation.token_requests().len()), (2, 0));
}

#[test]
fn a_token_is_transferred_to_another_process() {
    let session = warm(&config());
    let token = session.token(at(600)).unwrap();
    assert_eq!((token.secret().expose(), token.expires_in()), (TOKEN, secs(3000)));
    assert!(session.token(at(3600)).is_none(), "an expired token is not returned");
    assert!(cold(&config()).token(at(0)).is_none());

    let other = cold(&config());
    other.set_token(&token, at(0)).unwrap();
    let Action::Send(request, _) = call(&other, Effect::Read).step(Event::Tick, at(2699)) else {
        panic!("a send")
    };
    assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"));
    let Action::Send(request, _) = call(&other, Effect::Read).step(Event::Tick, at(2701)) else {
        panic!("a send")
    };
    assert!(is_token_request(&request), "renewed in time");

    for unsendable in ["", "two\nlines", "ünï"] {
        let error = other.set_token(&Token::new(Secret::from(unsendable), secs(60)), at(0)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("Authorization")));
    }
}

#[test]
fn a_token_of_the_application_is_renewed_by_hand() {
    let session = cold(&Config::with_token(DataCenter::Eu, "old"));
    let mut simulation = Simulation::new(script([received(401, &[], ""), success(), success()]));
    let error = simulation.drive(call(&session, Effect::Keyed)).result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotApplied));
    session.set_token(&Token::new(Secret::from("new"), secs(60)), simulation.now).unwrap();
    assert!(simulation.drive(call(&session, Effect::Keyed)).result.is_ok());
    // Only the service knows when the token has expired, so it is used until it is rejected.
    simulation.now = at(100_000);
    assert!(simulation.drive(call(&session, Effect::Keyed)).result.is_ok());
    let bearer = |sent: &&simulation::Sent| header(sent.request.headers(), "authorization").unwrap();
    let sent: Vec<String> = simulation.calls().iter().map(bearer).collect();
    assert_eq!(sent, ["Bearer old", "Bearer new", "Bearer new"]);
    assert!(simulation.token_requests().is_empty());
}

#[test]
fn setting_a_token_ends_the_wait_for_one() {
    let session = cold(&config());
    let (mut holder, mut waiter) = (call(&session, Effect::Read), call(&session, Effect::Read));
    assert!(matches!(holder.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Wait(until) = waiter.step(Event::Tick, at(0)) else { panic!("a wait") };
    session.set_token(&Token::new(Secret::from("shared"), secs(3600)), at(0)).unwrap();
    let Action::Send(request, _) = waiter.step(Event::Tick, until) else { panic!("a send") };
    assert_eq!(request.headers()["authorization"], "Bearer shared");
}

#[test]
fn invalid_credentials_are_named() {
    let cases = [("short", "secret", "client_id"), (CLIENT_ID, "", "client_secret")];
    for (id, secret, field) in cases {
        let config = Config::new(DataCenter::Eu, id, secret);
        let error = zuora_core::session::Session::new(&config, &simulation::seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(field)));
    }
    let long = "x".repeat(43);
    let config = Config::new(DataCenter::Eu, CLIENT_ID, long.as_str());
    let error = zuora_core::session::Session::new(&config, &simulation::seed(1)).unwrap_err();
    assert_eq!(error.field(), Some("client_secret"));
    assert!(!format!("{error} {error:?}").contains(&long));
}

#[test]
fn credentials_with_an_invalid_character_are_named_and_not_printed() {
    let id = |end: &str| format!("{}{end}", &CLIENT_ID[..36 - end.len()]);
    let cases = [
        (id("\n"), "hunter2-hunter2".to_owned(), "client_id", "line break"),
        (format!("{CLIENT_ID}\n"), "hunter2-hunter2".to_owned(), "client_id", "line break"),
        (id("ü"), "hunter2-hunter2".to_owned(), "client_id", "printable ASCII"),
        (CLIENT_ID.to_owned(), "hunter2-hunter2\n".to_owned(), "client_secret", "line break"),
        (CLIENT_ID.to_owned(), "hunter2-hunter2\r\n".to_owned(), "client_secret", "line break"),
        (CLIENT_ID.to_owned(), " hunter2-hunter2".to_owned(), "client_secret", "a space"),
        (CLIENT_ID.to_owned(), "hunter2-hunter2\t".to_owned(), "client_secret", "a space"),
        (CLIENT_ID.to_owned(), "\u{feff}hunter2-hunter2".to_owned(), "client_secret", "printable ASCII"),
        (CLIENT_ID.to_owned(), "hunter2\0hunter2".to_owned(), "client_secret", "printable ASCII"),
        (CLIENT_ID.to_owned(), "hunter2-hünter2".to_owned(), "client_secret", "printable ASCII"),
        (CLIENT_ID.to_owned(), "hunter2-hunter2".repeat(3), "client_secret", "1 to 42 characters"),
    ];
    for (id, secret, field, why) in cases {
        let config = Config::new(DataCenter::Eu, id, secret.as_str());
        let error = zuora_core::session::Session::new(&config, &simulation::seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(field)), "{secret:?}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    for secret in ["x", "with a space", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &"x".repeat(42)] {
        cold(&Config::new(DataCenter::Eu, CLIENT_ID, secret));
    }
    for token in ["abc\n", " abc", "abc ", "a\tb"] {
        let config = Config::with_token(DataCenter::Eu, token);
        let error = zuora_core::session::Session::new(&config, &simulation::seed(1)).unwrap_err();
        assert_eq!(error.field(), Some("Authorization"), "{token:?}");
        assert!(error.to_string().contains("line break"), "{error}");
    }
}
