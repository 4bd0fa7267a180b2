//! The client secret, the token and the body of a token request appear in no output.

use std::fmt::{Debug, Display};

use zuora_core::machine::{Action, Event, Machine};
use zuora_core::operation::Effect;
use zuora_core::session::Token;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::Timestamp;
use zuora_core::types::Secret;
use zuora_core::{CallOptions, Client, Config, DataCenter};
use zuora_tests::simulation::{
    self, CLIENT_ID, CLIENT_SECRET, EFFECTS, at, call, call_with, cold, config, is_token_request, json, lost,
    seed, token_response, warm,
};

const FRESH: &str = "fresh-token-of-the-test";

/// Everything that was printed.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn debug(&mut self, value: &impl Debug) {
        self.0.push_str(&format!("{value:?}\n{value:#?}\n"));
    }

    fn all(&mut self, value: &(impl Debug + Display)) {
        self.debug(value);
        self.0.push_str(&format!("{value}\n{value:#}\n"));
    }

    fn check(&self) {
        let encoded = CLIENT_SECRET.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for secret in [CLIENT_SECRET, &encoded, simulation::TOKEN, FRESH] {
            assert!(!self.0.contains(secret), "{secret} appears in:\n{}", self.0);
        }
    }
}

/// Drives a call by hand and prints every event, action and value.
fn drive_printing<M: Machine<Output: Debug> + Debug>(
    printed: &mut Printed,
    mut machine: M,
    mut events: Vec<Event>,
) {
    events.reverse();
    let (mut event, mut now) = (Event::Tick, Timestamp::default());
    loop {
        printed.debug(&machine);
        printed.debug(&event);
        let action = machine.step(event, now);
        printed.debug(&action);
        printed.debug(&machine);
        event = match action {
            Action::Send(request, limits) => {
                printed.debug(&request);
                printed.debug(&limits);
                printed.debug(request.headers());
                printed.debug(request.body());
                if is_token_request(&request) {
                    Event::Response(token_response(FRESH, 3599))
                } else {
                    events.pop().expect("a response for each request")
                }
            }
            Action::Wait(until) => {
                now = until;
                Event::Tick
            }
            Action::Done(Ok(value)) => return printed.debug(&value),
            Action::Done(Err(error)) => return printed.all(&error),
        };
    }
}

#[test]
fn no_event_action_or_value_prints_a_secret() {
    let mut printed = Printed::default();
    let ends: [fn() -> Vec<Event>; 5] = [
        || vec![Event::Response(json(401, "")), Event::Response(json(200, r#"{"success":true}"#))],
        || vec![Event::Response(json(401, "")), Event::Response(json(401, ""))],
        || vec![Event::Failure(lost()), Event::Response(json(400, ""))],
        || vec![Event::Response(json(200, "<html>"))],
        || vec![Event::Response(json(429, "")), Event::Response(json(422, "no"))],
    ];
    for end in ends {
        for effect in [Effect::Read, Effect::Keyed] {
            for session in [cold(&config()), warm(&config())] {
                printed.debug(&session);
                drive_printing(&mut printed, call(&session, effect), end());
                printed.debug(&session);
            }
        }
    }
    printed.check();
}

#[test]
fn settings_sessions_tokens_and_clients_print_no_secret() {
    let mut printed = Printed::default();
    for config in [config(), Config::with_token(DataCenter::Eu, FRESH)] {
        printed.debug(&config);
        printed.debug(&config.clone().observer(|_| {}));
        let session = cold(&config);
        printed.debug(&session);
        printed.debug(&session.token(at(0)));
        let client =
            Client::with_transport(&config, FakeTransport::new(|_| Ok(json(200, r#"{"success":true}"#))))
                .unwrap();
        printed.debug(&client);
        printed.debug(&client.dry_run(&simulation::operation(Effect::Keyed), &CallOptions::new()).unwrap());
    }
    printed.debug(&Secret::from(CLIENT_SECRET));
    printed.debug(&Token::new(Secret::from(FRESH), std::time::Duration::from_secs(1)));
    let create = zuora_core::session::CreateToken::new(CLIENT_ID, Secret::from(CLIENT_SECRET));
    printed.debug(&create);
    printed.debug(&zuora_core::Operation::request(&create).unwrap());
    let response = zuora_core::Operation::parse(&create, &token_response(FRESH, 3599)).unwrap();
    printed.debug(&response);
    printed.check();
    let seed = seed(0x1122_3344_5566_7788);
    assert!(!format!("{seed:?}").contains("11"), "{seed:?}");
}

#[test]
fn a_token_response_that_echoes_a_secret_does_not_print_it() {
    let encoded = CLIENT_SECRET.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let echoes = [
        json(
            401,
            format!(r#"{{"error":"invalid_client","error_description":"wrong secret {CLIENT_SECRET}"}}"#),
        ),
        json(401, format!(r#"{{"error":"{CLIENT_SECRET}"}}"#)),
        json(
            400,
            format!(r#"{{"success":false,"reasons":[{{"code":"50000020","message":"in {encoded}&"}}]}}"#),
        ),
        json(500, format!("<html>{CLIENT_SECRET}</html>")),
        json(200, format!(r#"{{"access_token":["{FRESH}"]}}"#)),
        json(200, format!(r#"{{"access_token":"{FRESH}\n"}}"#)),
    ];
    for (case, echo) in echoes.into_iter().enumerate() {
        let mut printed = Printed::default();
        let session = cold(&config());
        let mut call = call_with(&session, Effect::Keyed, &CallOptions::new().max_attempts(1));
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        let Action::Done(Err(error)) = call.step(Event::Response(echo), at(1)) else {
            panic!("an error: {case}")
        };
        printed.all(&error);
        for reason in error.reasons() {
            printed.all(reason);
        }
        printed.debug(error.body());
        printed.debug(&call);
        printed.check();
    }
}

#[test]
fn events_are_reported_without_secrets() {
    use std::sync::{Arc, Mutex};
    let reported = Arc::new(Mutex::new(Printed::default()));
    let observed = Arc::clone(&reported);
    let config = config().observer(move |event| observed.lock().unwrap().debug(event));
    for effect in EFFECTS {
        let mut call = call(&warm(&config), effect);
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    }
    // A service that echoes the secrets in its ids and messages.
    for secret in [CLIENT_SECRET, FRESH] {
        let session = cold(&config);
        let mut call = call_with(&session, Effect::Keyed, &CallOptions::new().max_attempts(1));
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        assert!(matches!(call.step(Event::Response(token_response(FRESH, 3599)), at(1)), Action::Send(..)));
        let body =
            format!(r#"{{"success":false,"requestId":"{secret}","reasons":[{{"message":"{secret}"}}]}}"#);
        let mut echo = json(400, body);
        echo.headers_mut().insert("zuora-request-id", secret.parse().unwrap());
        assert!(matches!(call.step(Event::Response(echo), at(2)), Action::Done(Err(_))));
    }
    let reported = reported.lock().unwrap();
    assert!(reported.0.contains("/v1/things"));
    reported.check();
}

/// Every form in which a service might echo a secret of the session.
fn forms(secret: &str, base64: &str) -> Vec<String> {
    let encoded = secret.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    vec![
        secret.to_owned(),
        secret.to_uppercase(),
        encoded.clone(),
        encoded.to_lowercase(),
        encoded.replace('%', "%25"),
        secret.replace('+', " "),
        base64.to_owned(),
    ]
}

#[test]
fn an_echoed_secret_is_in_no_error() {
    use zuora_core::transport::HttpResponse;
    let secrets = [
        (CLIENT_SECRET, "czNjcmV0K29mL3RoZT1jbGllbnQ="),
        (simulation::TOKEN, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    ];
    let echoes: [fn(u16, &str) -> HttpResponse; 7] = [
        |status, text| {
            json(
                status,
                format!(r#"{{"success":false,"reasons":[{{"code":"58490020","message":"in <{text}>"}}]}}"#),
            )
        },
        |status, text| {
            json(status, format!(r#"{{"success":false,"reasons":[{{"code":"{text}","message":"m"}}]}}"#))
        },
        |status, text| {
            json(status, format!(r#"{{"success":false,"processId":"{text}","requestId":"{text}"}}"#))
        },
        |status, text| {
            json(status, format!(r#"{{"error":"invalid_token","error_description":"{text} has expired"}}"#))
        },
        |status, text| {
            let mut response = json(status, "");
            response.headers_mut().insert("zuora-request-id", text.parse().unwrap());
            response
        },
        |status, text| {
            let mut response = json(status, r#"{"success":false,"reasons":[{"code":"58490020"}]}"#);
            let challenge = format!("Bearer realm=Zuora API, error_description={text}");
            response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
            response
        },
        |status, text| {
            let two = format!(r#"{{"message":"no"}},{{"message":"{text}"}}"#);
            json(status, format!(r#"{{"success":false,"reasons":[{two}]}}"#))
        },
    ];
    for (secret, base64) in secrets {
        for form in forms(secret, base64) {
            for (case, echo) in echoes.iter().enumerate() {
                for status in [200, 400, 401, 429, 500] {
                    let session = warm(&config());
                    let mut call = call_with(&session, Effect::Unkeyed, &CallOptions::new().max_attempts(1));
                    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
                    let mut event = Event::Response(echo(status, &form));
                    let mut now = at(1);
                    let error = loop {
                        event = match call.step(event, now) {
                            Action::Done(result) => break result.expect_err("an error response"),
                            Action::Wait(until) => {
                                now = until;
                                Event::Tick
                            }
                            // The session requests a new token after a 401, and the new token is rejected as well.
                            Action::Send(request, _) if is_token_request(&request) => {
                                Event::Response(token_response(FRESH, 3599))
                            }
                            Action::Send(..) => Event::Response(echo(status, &form)),
                        };
                    };
                    let printed = format!("{error} {error:#} {error:?} {error:#?} {:?}", error.reasons());
                    let printed = format!("{printed} {:?} {:?}", error.request_id(), error.process_id());
                    let printed = format!("{printed} {:?}", error.headers());
                    assert!(!printed.contains(&form), "{status}, {case}: {form} is in {printed}");
                    assert!(printed.contains("[redacted]"), "{status}, {case}: {printed}");
                }
            }
        }
    }
}

#[test]
fn an_echoed_secret_is_in_no_error_of_a_token_request() {
    for form in forms(CLIENT_SECRET, "czNjcmV0K29mL3RoZT1jbGllbnQ=") {
        for status in [200, 400, 401, 429, 500] {
            let session = cold(&config());
            let mut call = call_with(&session, Effect::Read, &CallOptions::new().max_attempts(1));
            assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
            let mut response = json(
                status,
                format!(r#"{{"error":"invalid_client","error_description":"{form} is wrong"}}"#),
            );
            response.headers_mut().insert("zuora-request-id", form.parse().unwrap());
            response.headers_mut().insert("www-authenticate", form.parse().unwrap());
            let Action::Done(Err(error)) = call.step(Event::Response(response), at(1)) else {
                panic!("an error")
            };
            let printed = format!("{error:#} {error:?} {:?} {session:?} {call:?}", error.reasons());
            let printed = format!("{printed} {:?}", error.headers());
            assert!(!printed.contains(&form), "{status}: {form} is in {printed}");
        }
    }
}

#[test]
fn the_token_and_the_headers_of_a_call_are_not_printed() {
    const OWN: &str = "own-token-of-the-call";
    const VALUE: &str = "value-of-a-gateway";
    let options = CallOptions::new().token(OWN).header("X-Gateway-Key", VALUE);
    let config = config().header("X-Session-Key", VALUE);
    let mut call = call_with(&warm(&config), Effect::Read, &options);
    let Action::Send(request, _) = call.step(Event::Tick, at(0)) else { panic!("a send") };
    let mut printed = format!("{options:?} {config:?} {call:?} {request:?}");
    let mut response = json(401, format!(r#"{{"success":false,"reasons":[{{"message":"bad {OWN}"}}]}}"#));
    response.headers_mut().insert("www-authenticate", OWN.parse().unwrap());
    let Action::Done(Err(error)) = call.step(Event::Response(response), at(1)) else { panic!("an error") };
    printed += &format!("{error} {error:#} {error:?} {:?} {:?}", error.reasons(), error.headers());
    assert!(!printed.contains(OWN) && !printed.contains(VALUE), "{printed}");
    assert_eq!(error.headers()["www-authenticate"], "[redacted]");
}

#[test]
fn an_echoed_extra_header_is_in_no_error() {
    const OF_SESSION: &str = "value-of-the-session";
    const OF_CALL: &str = "value-of-a-gateway";
    let session = warm(&config().header("X-Session-Key", OF_SESSION).header("X-Debug", "true"));
    for (value, is_secret) in [(OF_SESSION, true), (OF_CALL, true), ("true", false)] {
        let options = CallOptions::new().header("X-Gateway-Key", OF_CALL).max_attempts(1);
        let mut call = call_with(&session, Effect::Read, &options);
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        let body =
            format!(r#"{{"success":false,"reasons":[{{"code":"58490020","message":"not {value}"}}]}}"#);
        let mut response = json(400, body);
        response.headers_mut().insert("x-received", value.parse().unwrap());
        let Action::Done(Err(error)) = call.step(Event::Response(response), at(1)) else {
            panic!("an error")
        };
        let printed = format!("{error:#} {error:?} {:?} {:?}", error.reasons(), error.headers());
        assert_eq!(printed.contains(value), !is_secret, "{printed}");
    }
}

#[test]
fn the_cookies_of_a_response_can_be_read_and_are_not_printed() {
    for status in [200, 400] {
        let mut call = call_with(&warm(&config()), Effect::Read, &CallOptions::new().max_attempts(1));
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
        let mut response = json(status, r#"{"success":true}"#);
        for cookie in ["a=cookie-of-a-gateway", "b=cookie-of-another"] {
            response.headers_mut().append("set-cookie", cookie.parse().unwrap());
        }
        let Action::Done(result) = call.step(Event::Response(response), at(1)) else { panic!("an end") };
        let headers = match &result {
            Ok(response) => response.headers(),
            Err(error) => error.headers(),
        };
        let printed = format!("{result:?} {headers:?}");
        assert!(printed.contains("set-cookie") && !printed.contains("cookie-of"), "{printed}");
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=cookie-of-a-gateway", "b=cookie-of-another"]);
    }
}

#[test]
fn a_response_with_its_body_does_not_print_a_token() {
    let create = zuora_core::session::CreateToken::new(CLIENT_ID, Secret::from(CLIENT_SECRET));
    let session = warm(&config());
    let mut call = zuora_core::machine::Call::with_options(&session, create, &CallOptions::new().keep_body());
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    let Action::Done(Ok(response)) = call.step(Event::Response(token_response(FRESH, 3599)), at(1)) else {
        panic!("a token")
    };
    assert!(response.raw_body().unwrap().windows(FRESH.len()).any(|part| part == FRESH.as_bytes()));
    let mut printed = Printed::default();
    printed.debug(&response);
    printed.check();
}

#[test]
fn an_error_without_a_secret_is_not_redacted() {
    let mut call = call_with(&warm(&config()), Effect::Unkeyed, &CallOptions::new());
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    let body = r#"{"success":false,"reasons":[{"code":"58490020","message":"the client of the token 0123456789abcdef"}]}"#;
    let Action::Done(Err(error)) = call.step(Event::Response(json(400, body)), at(1)) else {
        panic!("an error")
    };
    assert_eq!(error.reasons()[0].message, "the client of the token 0123456789abcdef");
}
