//! `POST /oauth/token`, whose values are secrets and are therefore never written as JSON.

use std::collections::BTreeSet;
use std::sync::Mutex;

use zuora_core::session::CreateToken;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse};
use zuora_core::types::Secret;
use zuora_core::{Client, Config, DataCenter, Operation};

use crate::facts::Facts;
use crate::ledger::Ledger;
use crate::subject::{Constraint, Enforcement};

const ID: &str = "00000000-0000-4000-8000-000000000001";
const SECRET: &str = "a+secret/of 42 characters&more=x%";

/// Checks the token request of a session, which a fake transport captures.
pub(crate) fn check_request(facts: &Facts, ledger: &mut Ledger) {
    let operation = facts.operation("create_token").expect("the operation is documented");
    let request = token_request();
    let claim = |part: &str| format!("operation create_token.{part}");

    let spec = CreateToken::new(ID, Secret::from(SECRET)).spec().clone();
    let line = (request.method().as_str(), request.uri().path(), spec.name, spec.path);
    assert_eq!(line, (&*operation.method, &*operation.path, &*operation.name, &*operation.path));
    ledger.seen(&claim("request line"));

    let sent: BTreeSet<String> = request.headers().keys().map(ToString::to_string).collect();
    for header in &operation.headers {
        assert!(sent.contains(&header.name.to_lowercase()), "{} is not sent", header.name);
    }
    assert!(!sent.contains("authorization"), "a token request has no token");
    assert_eq!(
        Some(request.headers()["content-type"].to_str().unwrap()),
        operation.request_content_type.as_deref()
    );
    ledger.seen(&claim("headers"));

    assert!(!operation.supports_idempotency_key && !sent.contains("idempotency-key"));
    ledger.seen(&claim("idempotency"));

    let form = String::from_utf8(request.body().to_vec()).expect("a form is ASCII");
    let names: Vec<&str> = form.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let documented: Vec<&str> =
        facts.schema("OAuthTokenForm").fields.iter().map(|field| &*field.name).collect();
    assert_eq!(names, documented);
    assert!(form.contains("&client_secret=a%2Bsecret%2Fof%2042%20characters%26more%3Dx%25&"), "{form}");
}

/// The enforcement of each constraint that the facts state in words.
pub(crate) fn constraints() -> Vec<Constraint> {
    vec![("OAuthTokenForm", "sent form-urlencoded", Enforcement::Unrepresentable)]
}

/// Checks that every field of a token response is read.
pub(crate) fn check_response(facts: &Facts, ledger: &mut Ledger) {
    for seconds in ["3599", "\"3599\"", "3599.0"] {
        let body = format!(
            r#"{{"access_token":"t0","expires_in":{seconds},"jti":"j","scope":"entity.1 user.2","token_type":"bearer"}}"#
        );
        let response =
            CreateToken::new(ID, Secret::from(SECRET)).parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(response.access_token.expose(), "t0");
        assert_eq!(response.expires_in, Some(3599));
        let texts = [response.jti, response.scope, response.token_type].map(Option::unwrap);
        assert_eq!(texts, ["j", "entity.1 user.2", "bearer"]);
    }
    for field in ["access_token", "expires_in", "jti", "scope", "token_type"] {
        ledger.seen(&format!("response TokenResponse.{field}"));
    }
    let documented = facts.schema("TokenResponse").fields.len();
    assert_eq!(documented, 5, "the list above is the documented one");
    // Other fields of a token response are dropped: it is not a business object, and it never leaves the session.
    ledger.seen("response TokenResponse.*");
}

/// Checks that invalid credentials are rejected before anything is sent.
pub(crate) fn check_limits() {
    for (id, secret, field) in [
        ("", SECRET, "client_id"),
        (&ID[1..], SECRET, "client_id"),
        (ID, "", "client_secret"),
        (ID, &"x".repeat(43), "client_secret"),
    ] {
        let config = Config::new(DataCenter::UsCloud2, id, secret);
        let transport = FakeTransport::bare(|_| Ok(FakeTransport::json(200, "{}")));
        let error = Client::with_transport(&config, transport)
            .err()
            .unwrap_or_else(|| panic!("{id:?} {secret:?} is accepted"));
        assert_eq!(error.field(), Some(field));
    }
}

fn token_request() -> HttpRequest {
    let seen = Mutex::new(None);
    let transport = FakeTransport::bare(|request| {
        let mut seen = seen.lock().unwrap();
        if seen.is_none() {
            *seen = Some(request.clone());
        }
        Ok(FakeTransport::json(200, r#"{"access_token":"t0","expires_in":3599,"success":true}"#))
    });
    let config = Config::new(DataCenter::UsCloud2, ID, SECRET).org_ids(["org"]).track_id("contract");
    let client = Client::with_transport(&config, transport).unwrap();
    client.raw(zuora_core::http::Method::GET, "/v1/ping", None).unwrap();
    drop(client);
    seen.into_inner().unwrap().expect("a session requests a token before it calls")
}
