//! The control API: changes and reads of the sandbox without a token.

use http::{Method, Request};
use serde_json::{Value, json};
use zuora_core::transport::{Limits, Transport};
use zuora_sandbox::{DeliveredResponse, Fault, InProcess, Sandbox, Settings, Tenant, UnixTime};

use crate::client::{START, TestClient, TestResponse};

const RUN: &str = r#"{"batches":["Batch4"],"targetDate":"2026-03-31"}"#;

impl TestClient {
    fn control(&mut self, method: Method, path: &str, body: &Value) -> TestResponse {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        TestResponse::read(self.sandbox.control(request, UnixTime::from_secs(self.seconds)))
    }

    /// Sends a request of the control API that succeeds.
    fn post_control(&mut self, path: &str, body: &Value) -> Value {
        let response = self.control(Method::POST, path, body);
        assert_eq!(response.status, 200, "{}", response.text);
        response.body
    }

    fn get_control(&mut self, path: &str) -> Value {
        let response = self.control(Method::GET, path, &Value::Null);
        assert_eq!(response.status, 200, "{}", response.text);
        response.body
    }
}

#[test]
fn next_month_is_one_request_away() {
    let mut client = TestClient::demo();
    client.post_control("/sandbox/clock/freeze", &json!({}));
    let run = client.create(RUN);
    client.seconds += 1000;
    assert_eq!(client.status(&run), "Pending", "the clock of the service is stopped");
    let clock = client.post_control("/sandbox/clock/advance", &json!({"by": "2s"}));
    assert_eq!(clock, json!({"now": "2026-03-01T17:00:02.000Z", "frozen": true}));
    assert_eq!(client.status(&run), "Completed");
    client.post_control("/sandbox/clock/jump", &json!({"to": "2026-04-01T00:00:00-08:00"}));
    assert_eq!(client.get_control("/sandbox/state")["today"], "2026-04-01");
    let back = client.control(Method::POST, "/sandbox/clock/jump", &json!({"to": "2026-03-01T00:00:00Z"}));
    assert_eq!(back.status, 409);
    assert!(back.text.contains("the clock cannot go back from 2026-04-01T08:00:00.000Z"), "{}", back.text);
}

#[test]
fn a_fault_that_is_planned_over_http_applies() {
    let mut client = TestClient::demo();
    let fault = json!({"fault": "lose_response", "operation": "create_bill_run"});
    client.post_control("/sandbox/faults", &json!({"fault": "not_sent", "operation": "post_bill_run"}));
    let planned = client.post_control("/sandbox/faults", &fault);
    assert_eq!(planned, json!({"fault": "lose_response", "operation": "create_bill_run", "times": 1}));
    assert_eq!(client.get_control("/sandbox/faults")["faults"][1], planned);
    assert!(matches!(client.deliver(Method::POST, "/v1/bill-runs", RUN), DeliveredResponse::Lost { .. }));
    assert_eq!(client.get_control("/sandbox/faults")["faults"].as_array().map(Vec::len), Some(1));
    client.control(Method::DELETE, "/sandbox/faults", &Value::Null);
    assert_eq!(client.get_control("/sandbox/faults"), json!({"faults": []}));
    let chaos = client.control(Method::PUT, "/sandbox/chaos", &json!({"seed": 7, "rate": 1})).body;
    assert_eq!(chaos["chaos"], json!({"seed": 7, "rate": 1}));
    client.post_control("/sandbox/reset", &json!({}));
    assert_eq!(client.get_control("/sandbox/faults")["chaos"]["seed"], 7, "chaos starts again");
    assert_eq!(client.control(Method::DELETE, "/sandbox/faults", &Value::Null).body, json!({"faults": []}));
}

#[test]
fn an_expectation_counts_requests_and_effects() {
    let mut client = TestClient::demo();
    client.set("idempotency-key", "march");
    client.create(RUN);
    client.advance(2);
    let count = |client: &mut TestClient, body| {
        let response = client.control(Method::POST, "/sandbox/journal/expect", &body);
        (response.status, response.body["count"].as_u64().unwrap())
    };
    assert_eq!(count(&mut client, json!({"operation": "create_bill_run", "count": 1})), (200, 1));
    assert_eq!(count(&mut client, json!({"method": "PUT", "path": "/post"})), (200, 0));
    assert_eq!(count(&mut client, json!({"operation": "create_bill_run", "count": 2})), (409, 1));
    assert_eq!(
        count(&mut client, json!({"effect": "invoice created", "key": "march", "at_least": 3})),
        (200, 3)
    );
    assert_eq!(count(&mut client, json!({"effect": "invoice created", "at_most": 2})), (409, 3));
    assert_eq!(count(&mut client, json!({"effect": "invoice created", "id": "none", "count": 0})), (200, 0));
}

#[test]
fn the_journal_is_listed_and_exported_without_secrets() {
    let mut client = TestClient::demo();
    client.completed(RUN);
    let journal = client.get_control("/sandbox/journal?after=1");
    assert_eq!(journal["entries"][0]["request"]["body"], RUN);
    assert_eq!(journal["entries"][0]["request"]["headers"]["authorization"], "Bearer $ZUORA_TOKEN");
    assert_eq!(journal["entries"][0]["response"]["status"], 200);
    assert_eq!(journal["effects"][0]["effect"], "bill run created");
    assert_eq!(journal["entry_count"], 3, "the requests of the control API do not count");
    assert!(!client.get_control("/sandbox/journal").to_string().contains("sandbox-secret"));
    let curl = client.control(Method::GET, "/sandbox/journal/2/curl", &Value::Null);
    assert!(
        curl.text.starts_with("curl -X 'POST' 'https://rest.test.zuora.com/v1/bill-runs'"),
        "{}",
        curl.text
    );
    assert_eq!(client.control(Method::GET, "/sandbox/journal/99/curl", &Value::Null).status, 404);
    let cleared = client.control(Method::DELETE, "/sandbox/journal", &Value::Null).body;
    assert_eq!((&cleared["entry_count"], &cleared["dropped"]), (&json!(0), &json!(0)));
}

#[test]
fn a_snapshot_is_restored_with_its_clock() {
    let mut client = TestClient::demo();
    client.post_control("/sandbox/clock/freeze", &json!({}));
    for _ in 0..1000 {
        client.post_control("/sandbox/snapshot", &json!({"name": "empty"}));
    }
    client.create(RUN);
    client.post_control("/sandbox/clock/advance", &json!({"by": "31d"}));
    assert_eq!(client.get_control("/sandbox/state")["bill_run_count"], 1);
    client.post_control("/sandbox/restore", &json!({"name": "empty"}));
    let state = client.get_control("/sandbox/state");
    assert_eq!((&state["bill_run_count"], &state["now"]), (&json!(0), &json!("2026-03-01T17:00:00.000Z")));
    assert_eq!(client.get_control("/sandbox/snapshots"), json!({"snapshots": ["empty"]}));
    let missing = client.control(Method::POST, "/sandbox/restore", &json!({"name": "other"}));
    assert_eq!(missing.status, 404);
}

#[test]
fn payments_failures_and_revoked_tokens() {
    let mut client = TestClient::demo();
    client.post_control("/sandbox/fail", &json!({"job": "billing"}));
    let run = client.create(RUN);
    client.advance(2);
    assert_eq!(client.status(&run), "Error");
    let run = client.completed(RUN);
    assert_eq!(client.put(&format!("{run}/post"), "{}").status, 200);
    client.advance(2);
    let invoice = client.get_control("/sandbox/state")["invoices"][0].clone();
    assert_eq!(invoice["balance"], invoice["amount"]);
    let payment = json!({"invoice": invoice["number"], "amount": invoice["amount"]});
    assert!(client.post_control("/sandbox/pay", &payment)["payment"].is_string());
    assert_eq!(client.get_control("/sandbox/state")["invoices"][0]["balance"], "0.00");
    let again = client.control(Method::POST, "/sandbox/pay", &payment);
    assert_eq!(again.status, 409);
    assert!(again.text.contains("cannot pay"), "{}", again.text);
    client.post_control("/sandbox/revoke-tokens", &json!({}));
    assert_eq!(client.get(&run).status, 401);
}

#[test]
fn a_change_of_settings_is_made_as_a_whole() {
    let mut client = TestClient::demo();
    let changed =
        client.control(Method::PATCH, "/sandbox/settings", &json!({"processing": "5s", "batches": 200}));
    assert_eq!((&changed.body["processing"], &changed.body["batches"]), (&json!("5s"), &json!(200)));
    let bad = json!({"batches": 50, "processing": "fast"});
    let bad = client.control(Method::PATCH, "/sandbox/settings", &bad);
    assert_eq!(bad.status, 400);
    assert!(bad.text.contains("processing: must be a number of seconds"), "{}", bad.text);
    assert_eq!(client.get_control("/sandbox/settings")["batches"], 200);
}

#[test]
fn errors_name_the_route_and_the_field() {
    let mut client = TestClient::demo();
    for (method, path, body, status, says) in [
        (Method::GET, "/sandbox", "", 404, "no route /sandbox; see /sandbox/openapi.json"),
        (Method::GET, "/sandbox/reset", "", 405, "/sandbox/reset does not support GET; use POST"),
        (Method::POST, "/sandbox/pay", "{", 400, "the body must be a JSON object"),
        (Method::POST, "/sandbox/pay", "{}", 400, "The field 'invoice' is required."),
        (Method::POST, "/sandbox/pay", r#"{"to":1}"#, 400, "The field 'to' is unknown."),
        (
            Method::POST,
            "/sandbox/fail",
            r#"{"job":"lunch"}"#,
            400,
            "'job': one of billing, posting, job, pdf",
        ),
        (
            Method::POST,
            "/sandbox/fail",
            r#"{"job":"pdf","document":0}"#,
            400,
            "'document': only billing and posting have documents.",
        ),
        (Method::PUT, "/sandbox/chaos", r#"{"seed":1,"rate":2}"#, 400, "'rate': a number from 0 to 1"),
        (Method::GET, "/sandbox/state?limit=x", "", 400, "limit: must be a whole number"),
    ] {
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        let response = TestResponse::read(client.sandbox.control(request, UnixTime::from_secs(START)));
        assert_eq!(response.status, status, "{path}");
        let message = response.body["error"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_health_check_may_send_head() {
    let mut client = TestClient::demo();
    let head = client.control(Method::HEAD, "/sandbox/health", &Value::Null);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), "application/json");
    let wrong = client.control(Method::HEAD, "/sandbox/reset", &Value::Null);
    assert_eq!((wrong.status, wrong.text.as_str()), (405, ""));
}

#[test]
fn the_control_api_needs_no_token_and_no_quota_in_process_either() {
    let quota = zuora_sandbox::RateQuota::new(0, 0, 0);
    let transport = InProcess::new(Sandbox::new(Tenant::demo(), Settings::default().quota(quota)));
    transport.sandbox().faults().push(Fault::NotSent);
    let request = Request::get("/sandbox/health").body(Default::default()).unwrap();
    let limits = Limits::new(std::time::Duration::from_secs(1), 1 << 20);
    let response = Transport::send(&transport, request, limits).unwrap();
    assert_eq!(response.body(), "{\"status\":\"ok\",\"version\":\"0.1.0\"}\n");
    assert!(!transport.sandbox().faults().is_empty(), "no fault applies to the control API");
    assert_eq!(transport.sandbox().journal().entries().len(), 0);
}
