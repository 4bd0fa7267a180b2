//! Tokens, envelope, versions, headers, compression, keys, limits.

use std::io::Write as _;

use http::{Method, Request};
use serde_json::Value;
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, RateQuota, Settings, TokenErrorFormat, UnixTime};

use crate::client::{TestClient, TestResponse, form};

const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;

#[test]
fn tokens_are_as_documented_and_expire() {
    let mut client = TestClient::demo();
    let token = client.token(&form(CLIENT_ID, CLIENT_SECRET));
    assert_eq!(token.status, 200);
    assert_eq!(token.body["access_token"].as_str().unwrap().len(), 32);
    assert_eq!((&token.body["token_type"], &token.body["expires_in"]), (&"bearer".into(), &3600.into()));
    assert_eq!(token.headers.get("concurrency-limit-limit"), None);
    assert_eq!(client.get("/v1/invoices/x").status, 404);
    client.seconds += 3600;
    let late = client.get("/v1/invoices/x");
    assert_eq!(late.status, 401);
    assert_eq!(
        late.text,
        r#"{"success":false,"reasons":[{"code":"90000011","message":"Authentication error"}]}"#
    );
    assert_eq!(
        late.header("www-authenticate"),
        "Basic realm=Zuora API, ZSession realm=Zuora API, Bearer realm=Zuora API"
    );
    for name in ["limit", "remaining", "reset"] {
        assert!(late.headers.contains_key(format!("ratelimit-{name}")), "{name}");
    }
    for name in ["limit", "remaining", "type"] {
        assert!(!late.headers.contains_key(format!("concurrency-limit-{name}")), "{name}");
    }
}

#[test]
fn invalid_credentials_are_rejected_as_configured() {
    let mut client = TestClient::demo();
    let rejected = client.token(&form(CLIENT_ID, "wrong"));
    assert_eq!((rejected.status, &rejected.body["error"]), (401, &"invalid_client".into()));
    assert_eq!(client.token("client_id=x").status, 400);
    assert_eq!(
        client.token("client_id=x&client_secret=y&grant_type=password").body["error"],
        "unsupported_grant_type"
    );
    let json = Request::post("/oauth/token").header("content-type", "application/json");
    assert_eq!(client.send(json.body("{}".to_owned()).unwrap()).status, 415);
    *client.sandbox.settings() = Settings::default()
        .token_error_format(TokenErrorFormat::Envelope)
        .expires_in_as_text(true)
        .same_token(true);
    assert_eq!(client.token(&form(CLIENT_ID, "wrong")).body["reasons"][0]["code"], "90000011");
    let first = client.token(&form(CLIENT_ID, CLIENT_SECRET)).body["access_token"].clone();
    client.seconds += 10;
    let second = client.token(&form(CLIENT_ID, CLIENT_SECRET)).body;
    assert_eq!((&second["access_token"], &second["expires_in"]), (&first, &"3590".into()));
}

#[test]
fn revoked_tokens_are_rejected() {
    let mut client = TestClient::demo();
    client.sandbox.revoke_tokens();
    assert_eq!(client.get("/v1/invoices/x").status, 401);
}

#[test]
fn errors_have_an_http_status_from_2024_05_20_on() {
    let mut client = TestClient::demo();
    for (version, status) in [("2024-05-20", 404), ("2025-08-12", 404), ("341.0", 200), ("900.0", 200)] {
        client.set("zuora-version", version);
        let response = client.get("/v1/bill-runs/missing");
        assert_eq!(
            response.error(),
            (status, 50_000_040, "Cannot find entity by key: 'missing'."),
            "{version}"
        );
        assert_eq!(response.body["processId"].as_str().unwrap().len(), 16);
        assert_eq!(response.header("zuora-request-id"), response.body["requestId"]);
    }
    client.unset("zuora-version");
    assert_eq!(client.get("/v1/bill-runs/missing").status, 200);
    client.sandbox.settings().text_codes = true;
    assert_eq!(client.get("/v1/bill-runs/missing").body["reasons"][0]["code"], "50000040");
}

#[test]
fn unknown_paths_and_methods_are_rejected() {
    let mut client = TestClient::demo();
    let text =
        "The endpoint /v1/nothing does not exist. Please check the URL or refer to the API documentation.";
    assert_eq!(client.get("/v1/nothing").error(), (404, 50_000_040, text));
    assert_eq!(client.get("/v2/nothing").text, r#"{"message":"no Route matched with those values"}"#);
    assert_eq!(client.put("/v1/bill-runs", "{}").error().0, 405);
    assert_eq!(client.get("/v1/bill-runs/%ff").status, 404);
    assert_eq!(client.get("/v1/bill-runs/..%2Finvoices").status, 404);
}

#[test]
fn bodies_are_validated_before_they_are_parsed() {
    let mut client = TestClient::demo();
    let run = client.completed(ALL);
    assert_eq!(client.put(&format!("{run}/post"), "").error().1, 50_000_045);
    assert_eq!(client.put(&format!("{run}/post"), "").status, 415);
    for body in ["{", "[]", "null", "{\"invoiceDate\":}"] {
        assert_eq!(client.put(&format!("{run}/post"), body).error().1 % 100, 90, "{body}");
    }
    assert_eq!(client.put(&format!("{run}/post"), r#"{"invoiceDate":1}"#).error().1 % 100, 20);
    let two = client.put(&format!("{run}/post"), r#"{"a":1,"b":2}"#);
    assert_eq!(two.error().1 % 100, 21);
    assert_eq!(two.body["reasons"].as_array().unwrap().len(), 2);
}

#[test]
fn requests_and_responses_are_compressed() {
    let mut client = TestClient::demo();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(ALL.as_bytes()).unwrap();
    let token =
        client.token(&form(CLIENT_ID, CLIENT_SECRET)).body["access_token"].as_str().unwrap().to_owned();
    let request = Request::post("https://rest.example/v1/bill-runs")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(packed.finish().unwrap())
        .unwrap();
    let response = TestResponse::read(client.sandbox.handle(request, UnixTime::from_secs(client.seconds)));
    assert_eq!(response.status, 200, "{}", response.text);
    client.seconds += 2;

    client.set("accept-encoding", "deflate, gzip;q=0.9");
    let items = client.get("/v1/invoices/INV00000001/items");
    assert_eq!(items.header("content-encoding"), "gzip");
    assert_eq!(items.body["success"], true);
    assert_eq!(client.get("/v1/invoices/x").headers.get("content-encoding"), None, "it is short");
    client.set("accept-encoding", "gzip;q=0");
    assert_eq!(client.get("/v1/invoices/INV00000001/items").headers.get("content-encoding"), None);
}

#[test]
fn every_response_has_the_documented_headers() {
    let mut client = TestClient::demo();
    client.set("zuora-track-id", "night-7");
    let response = client.get("/v1/invoices/x");
    assert_eq!(response.header("zuora-request-id").len(), 36);
    assert_eq!(response.header("zuora-track-id"), "night-7");
    assert_eq!(response.header("content-type"), "application/json;charset=utf-8");
    assert_eq!(response.header("ratelimit-remaining"), "49999");
    assert_eq!(response.header("concurrency-limit-type"), "Default");
    assert_eq!(response.header("concurrency-limit-limit"), "40");
    assert_eq!(response.header("concurrency-limit-remaining"), "39");
    client.set("zuora-track-id", "not:this");
    assert_eq!(client.get("/v1/invoices/x").headers.get("zuora-track-id"), None);
}

#[test]
fn a_quota_is_exhausted_and_resets() {
    let mut client = TestClient::with(Settings::default().quota(RateQuota::new(3, 100, 1000)));
    for _ in 0..3 {
        assert_eq!(client.get("/v1/invoices/x").status, 404);
    }
    let out = client.get("/v1/invoices/x");
    assert_eq!((out.status, out.header("ratelimit-remaining"), out.header("retry-after")), (429, "0", "60"));
    let text = "API Rate limit exceeded for the minute, retry after 60 seconds";
    assert_eq!(out.text, format!(r#"{{"reasons":[{{"code":70,"message":"{text}"}}]}}"#));
    assert_eq!(
        client.token(&form(CLIENT_ID, CLIENT_SECRET)).status,
        200,
        "token requests have a separate quota"
    );
    client.sandbox.settings().retry_after_on_quota = false;
    assert_eq!(client.get("/v1/invoices/x").headers.get("retry-after"), None);
    client.seconds += 60;
    assert_eq!(client.get("/v1/invoices/x").status, 404);
}

#[test]
fn the_concurrency_limit_has_a_separate_429() {
    let mut client = TestClient::with(Settings::default().concurrency_in_use(40_u32));
    let out = client.get("/v1/invoices/x");
    assert_eq!((out.error().0, out.error().1, out.header("retry-after")), (429, 50_000_070, "120"));
    assert_eq!(out.header("concurrency-limit-remaining"), "0");
}

fn number(response: &TestResponse) -> &Value {
    &response.body["billRunNumber"]
}

#[test]
fn a_key_makes_a_retry_harmless() {
    let mut client = TestClient::demo();
    client.set("idempotency-key", "k-1");
    let first = client.post("/v1/bill-runs", ALL);
    let again = client.post("/v1/bill-runs", ALL);
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("zuora-request-id"), first.header("zuora-request-id"));
    assert_eq!(number(&client.post("/v1/bill-runs", "{}")), "BR-00000001", "another body, the same outcome");
    client.sandbox.settings().reject_other_body = true;
    assert_eq!(client.post("/v1/bill-runs", "{}").status, 422);
    assert_eq!(client.post("/v1/bill-runs/BR-00000001/emails", "{}").status, 422, "another path");
    client.sandbox.settings().replay_as_conflict = true;
    let conflict = client.post("/v1/bill-runs", ALL);
    assert_eq!((conflict.status, &conflict.text), (409, &first.text));
    client.seconds += 24 * 3600;
    let token =
        client.token(&form(CLIENT_ID, CLIENT_SECRET)).body["access_token"].as_str().unwrap().to_owned();
    client.set("authorization", &format!("Bearer {token}"));
    assert_eq!(number(&client.post("/v1/bill-runs", ALL)), "BR-00000002", "forgotten after a day");
}

#[test]
fn an_error_response_is_stored_under_its_key() {
    let mut client = TestClient::demo();
    client.set("idempotency-key", "k-1");
    let rejected = client.post("/v1/bill-runs", "{}");
    assert_eq!(rejected.status, 400);
    assert_eq!(client.post("/v1/bill-runs", ALL).text, rejected.text);
}

#[test]
fn a_429_is_stored_only_if_configured() {
    for keep in [false, true] {
        let mut client = TestClient::with(Settings::default().keep_throttled(keep));
        client.set("idempotency-key", "k-1");
        client.sandbox.faults().push(zuora_sandbox::Fault::throttled(1));
        let request = Request::post("/v1/bill-runs").header("idempotency-key", "k-1").body("{}").unwrap();
        client.sandbox.deliver(request, UnixTime::from_secs(client.seconds));
        assert_eq!(client.post("/v1/bill-runs", ALL).status, if keep { 429 } else { 200 });
    }
}

#[test]
fn keys_are_for_post_requests() {
    let mut client = TestClient::demo();
    let run = client.completed(ALL);
    client.set("idempotency-key", "k-1");
    let rejected = client.put(&format!("{run}/post"), "{}");
    assert_eq!(rejected.status, 400);
    assert_eq!(rejected.error().2, "Request method 'PUT' not supported with Idempotency-Key header");
    assert_eq!(client.call(Method::DELETE, &run, "").status, 400);
    client.set("idempotency-key", &"k".repeat(255));
    assert_eq!(client.post("/v1/bill-runs", ALL).status, 400);
}
