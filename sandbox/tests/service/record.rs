//! The record of a sandbox, from which its state is built again.

use std::time::Duration;

use http::{Method, Request};
use serde_json::json;
use zuora_sandbox::{
    ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, FailureCategory, Fault, Sandbox, Settings, Tenant,
    UnixTime,
};

use crate::client::{TestClient, form};

const RUN: &str = r#"{"batches":["Batch1","Batch4"],"targetDate":"2026-03-31"}"#;

fn invoice(charge: &str) -> String {
    let item = json!({"chargeName": charge, "amount": 10.05, "serviceStartDate": "2026-03-01"});
    json!({"accountNumber": "A00000001", "invoiceDate": "2026-03-01", "invoiceItems": [item]}).to_string()
}

/// Gets a token, since tokens are not part of the record.
fn renew(client: &mut TestClient) {
    let token = client.token(&form(CLIENT_ID, CLIENT_SECRET));
    client.set("authorization", &format!("Bearer {}", token.body["access_token"].as_str().unwrap()));
}

/// Shows everything that a client can read of runs and invoices.
fn shown(client: &mut TestClient) -> Vec<String> {
    let request = Request::get("/sandbox/state?limit=1000").body("").unwrap();
    let state = client.sandbox.control(request, UnixTime::from_secs(client.seconds));
    let state: serde_json::Value = serde_json::from_slice(state.body()).unwrap();
    let mut texts = vec![state.to_string()];
    for (list, path) in [("bill_runs", "/v1/bill-runs"), ("invoices", "/v1/invoices")] {
        for row in state[list].as_array().unwrap() {
            let path = format!("{path}/{}", row["id"].as_str().unwrap());
            texts.push(client.get(&path).body.to_string());
            if list == "invoices" {
                texts.push(client.get(&format!("{path}/items?pageSize=40")).body.to_string());
                texts.push(client.get(&format!("{path}/files")).body.to_string());
            }
        }
    }
    texts
}

#[test]
fn a_replayed_record_gives_the_same_runs_invoices_and_keys() {
    let mut client = TestClient::with(Settings::default().processing(Duration::from_secs(2)));
    let mut record = client.sandbox.start_record("demo");
    let control = |client: &mut TestClient, path: &str, body: &str| {
        let request = Request::post(path).body(body.to_owned()).unwrap();
        let response = client.sandbox.control(request, UnixTime::from_secs(client.seconds));
        assert_eq!(response.status(), 200, "{:?}", response.body());
    };
    // Faults of the delivery and of the execution, reads in between, and work in the background.
    let faults = client.sandbox.faults();
    faults.push(Fault::execute_later(Duration::from_secs(3)).on_operation(ApiOperation::CreateBillRun));
    faults.push(Fault::lose_then_execute(Duration::from_secs(1)).on_operation(ApiOperation::CreateInvoice));
    faults.push(Fault::FailRow(1, FailureCategory::Lock).on_operation(ApiOperation::CreateInvoices));
    faults.push(Fault::FailDocument(2).on_operation(ApiOperation::PostBillRun));
    client.deliver(Method::POST, "/v1/bill-runs", RUN);
    client.deliver(Method::POST, "/v1/invoices", &invoice("a"));
    client.get("/v1/invoices/none");
    let rows = format!(r#"{{"invoices":[{},{},{}]}}"#, invoice("b"), invoice("c"), invoice("d"));
    client.deliver(Method::POST, "/v1/invoices/batch", &rows);
    client.advance(4);
    client.get("/v1/bill-runs/none");
    client.advance(10);
    let run =
        client.sandbox.journal().effects_of_kind(EffectKind::BillRunCompleted).next().unwrap().id.clone();
    let run = format!("/v1/bill-runs/{run}");
    client.deliver(Method::PUT, &format!("{run}/post"), "{}");
    client.advance(10);
    control(&mut client, "/sandbox/clock/advance", r#"{"by":"1d"}"#);
    control(&mut client, "/sandbox/fail", r#"{"job":"pdf"}"#);
    control(&mut client, "/sandbox/snapshot", "{}");
    record.push_str(&client.sandbox.continue_record());
    assert_eq!(client.sandbox.continue_record(), "");
    for secret in ["sandbox-secret", "Bearer", "\"authorization\""] {
        assert!(!record.contains(secret), "{record}");
    }

    let mut again = TestClient::demo();
    again.sandbox = Sandbox::new(Tenant::demo(), Settings::default());
    again.sandbox.replay_record(&record, "demo").unwrap();
    again.seconds = client.seconds;
    assert_eq!(again.sandbox.settings().processing, Duration::from_secs(2));
    renew(&mut client);
    renew(&mut again);
    assert_eq!(shown(&mut again), shown(&mut client));
    // Later work draws the same ids.
    let created = |client: &mut TestClient| client.post("/v1/invoices", &invoice("e")).body["id"].clone();
    assert_eq!(created(&mut again), created(&mut client));
}

#[test]
fn a_record_of_another_tenant_or_with_damage_is_rejected() {
    let record = Sandbox::demo().start_record("demo");
    let error = |record: &str, label| Sandbox::demo().replay_record(record, label).unwrap_err().to_string();
    assert!(error(&record, "other").starts_with("line 1: the record is not one of this version and tenant"));
    assert!(error("", "demo").starts_with("line 1: "));
    let appended = error(&format!("{record}{{}}\n"), "demo");
    assert!(appended.starts_with("line 3: "), "{appended}");
}

#[test]
fn a_line_that_is_missing_doubled_moved_or_changed_is_rejected() {
    let mut client = TestClient::demo();
    let mut record = client.sandbox.start_record("demo");
    for charge in ["a", "b", "c"] {
        client.deliver(Method::POST, "/v1/invoices", &invoice(charge));
        record.push_str(&client.sandbox.continue_record());
    }
    let lines: Vec<&str> = record.lines().collect();
    assert_eq!(lines.len(), 5);
    let replay = |lines: &[&str]| {
        let record: String = lines.iter().map(|line| format!("{line}\n")).collect();
        Sandbox::demo().replay_record(&record, "demo").map_err(|error| error.to_string())
    };
    for length in 1..=lines.len() {
        assert_eq!(replay(&lines[..length]), Ok(()), "the start of a record is a record");
    }
    for at in 1..lines.len() - 1 {
        let mut missing = lines.clone();
        missing.remove(at);
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        let mut moved = lines.clone();
        moved.swap(at, at + 1);
        // The line is valid, and has the same result.
        let changed = lines[at].replacen("10.05", "10.06", 1).replacen("\"batches\":", "\"batches\" :", 1);
        assert_ne!(changed, lines[at]);
        let mut edited = lines.clone();
        edited[at] = &changed;
        for (spoiled, line) in [(missing, at + 1), (doubled, at + 2), (moved, at + 1), (edited, at + 1)] {
            let error = replay(&spoiled).unwrap_err();
            assert!(error.starts_with(&format!("line {line}: the record was damaged here")), "{error}");
            assert!(error.ends_with(&format!("remove line {line} and all after it")), "{error}");
        }
    }
}

#[test]
fn a_request_with_another_status_than_it_had_is_an_error() {
    let mut client = TestClient::demo();
    let mut record = client.sandbox.start_record("demo");
    client.deliver(Method::POST, "/v1/invoices", &invoice("a").replace("A00000001", "A00000002"));
    record.push_str(&client.sandbox.continue_record());
    Sandbox::demo().replay_record(&record, "demo").unwrap();
    let mut without_account = Sandbox::new(Tenant::generated(1), Settings::default());
    let error = without_account.replay_record(&record, "demo").unwrap_err().to_string();
    assert!(error.starts_with("line 3: the change has another result than it had"), "{error}");
}
