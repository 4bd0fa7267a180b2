//! Faults that do the work, now or later.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;
use zuora_sandbox::{
    ApiOperation, DeliveredResponse, EffectKind, FailureCategory, Fault, RequestPattern, Settings, UnixTime,
};

use crate::client::{START, TestClient};

const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;
const RUNS: &str = "/v1/bill-runs";
const INVOICE: &str = r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01",
    "invoiceItems":[{"chargeName":"Work","amount":10,"serviceStartDate":"2026-03-01"}]}"#;

fn push(client: &mut TestClient, fault: impl Into<zuora_sandbox::PlannedFault>) {
    client.sandbox.faults().push(fault);
}

fn count(client: &TestClient, kind: EffectKind) -> usize {
    client.sandbox.journal().effects_of_kind(kind).count()
}

#[test]
fn the_work_is_done_before_the_gateway_responds() {
    let mut client = TestClient::demo();
    client.set("idempotency-key", "k-1");
    push(&mut client, Fault::execute_then(StatusCode::GATEWAY_TIMEOUT));
    let gateway = client.delivered(Method::POST, RUNS, ALL);
    assert_eq!((gateway.status, gateway.header("content-type")), (504, "text/html"));
    assert_eq!(client.effects(), [EffectKind::BillRunCreated]);
    let replay = client.delivered(Method::POST, RUNS, ALL);
    assert_eq!((replay.status, &replay.body["billRunNumber"]), (200, &"BR-00000001".into()));
    assert_eq!(client.effects(), [EffectKind::BillRunCreated], "the key protects from a second run");
}

#[test]
fn deferred_work_happens_at_its_time_and_in_order() {
    let mut client = TestClient::demo();
    push(&mut client, Fault::execute_later(Duration::from_secs(60)).on(Method::POST, RUNS));
    push(&mut client, Fault::execute_later(Duration::from_secs(5)).on_operation(ApiOperation::CreateInvoice));
    assert_eq!(client.delivered(Method::POST, RUNS, ALL).status, 504);
    assert_eq!(client.delivered(Method::POST, "/v1/invoices", INVOICE).status, 504);
    client.advance(4);
    assert_eq!(client.effects(), []);
    client.advance(1);
    assert_eq!(client.effects(), [EffectKind::InvoiceCreated]);
    client.advance(119);
    let effects: Vec<_> =
        client.sandbox.journal().effects().map(|effect| (effect.kind, effect.at, effect.request)).collect();
    let at = |seconds| UnixTime::from_secs(START + seconds);
    assert_eq!(effects[0], (EffectKind::InvoiceCreated, at(5), Some(3)));
    assert_eq!(effects[1], (EffectKind::BillRunCreated, at(60), Some(2)));
    assert_eq!(effects[2], (EffectKind::BillRunProcessing, at(61), Some(2)));
    let entry = client.sandbox.journal().entry(2).unwrap();
    assert_eq!(entry.response().unwrap().status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(entry.service_response().unwrap().status(), StatusCode::OK);
    assert_eq!((entry.at(), entry.handled_at()), (at(0), Some(at(60))));
}

#[test]
fn a_key_counts_as_running_until_the_work_is_done_and_then_replays() {
    let mut client = TestClient::demo();
    client.set("idempotency-key", "k-1");
    push(&mut client, Fault::lose_then_execute(Duration::from_secs(119)));
    assert!(matches!(client.deliver(Method::POST, RUNS, ALL), DeliveredResponse::Lost { .. }));
    client.seconds += 118;
    let running = client.post(RUNS, ALL);
    assert_eq!(
        running.error(),
        (409, 50_000_020, "Another request with the same Idempotency-Key is in progress")
    );
    assert_eq!(client.post("/v1/bill-runs/BR-1/emails", "{}").status, 422, "another path");
    client.seconds += 1;
    let replay = client.post(RUNS, ALL);
    assert_eq!((replay.status, &replay.body["billRunNumber"]), (200, &"BR-00000001".into()));
    assert_eq!(count(&client, EffectKind::BillRunCreated), 1);
    assert_eq!(client.sandbox.journal().effects_of_key("k-1").count(), 1);
}

#[test]
fn a_request_that_is_rejected_on_arrival_is_not_executed_later() {
    let mut client = TestClient::demo();
    client.sandbox.revoke_tokens();
    push(&mut client, Fault::execute_later(Duration::ZERO));
    assert_eq!(client.delivered(Method::POST, RUNS, ALL).status, 504);
    client.advance(10);
    assert_eq!(client.effects(), []);
}

#[test]
fn deferred_work_outlives_the_token_that_it_was_sent_with() {
    let mut client = TestClient::demo();
    push(&mut client, Fault::execute_later(Duration::from_secs(30)));
    client.delivered(Method::POST, RUNS, ALL);
    client.sandbox.revoke_tokens();
    client.advance(30);
    assert_eq!(client.effects(), [EffectKind::BillRunCreated]);
}

#[test]
fn a_response_of_a_gateway_is_never_stored_under_a_key() {
    for fault in [
        Fault::html(StatusCode::GATEWAY_TIMEOUT),
        Fault::status(StatusCode::BAD_GATEWAY),
        Fault::json(StatusCode::BAD_GATEWAY, r#"{"code":502,"message":"Bad Gateway"}"#),
    ] {
        let mut client = TestClient::with(Settings::default().keep_server_errors(true));
        client.set("idempotency-key", "k-1");
        push(&mut client, fault);
        assert!(client.delivered(Method::POST, RUNS, ALL).status >= 502);
        assert_eq!(client.effects(), []);
        assert_eq!(client.post(RUNS, ALL).status, 200);
    }
}

#[test]
fn a_failure_of_the_service_is_stored_under_the_key_if_configured() {
    for (keep, executed) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut client = TestClient::with(Settings::default().keep_server_errors(keep));
        client.set("idempotency-key", "k-1");
        let category = FailureCategory::External;
        let fault = if executed { Fault::ExecuteThenFail(category) } else { Fault::Fail(category) };
        push(&mut client, fault);
        let failed = client.delivered(Method::POST, RUNS, ALL);
        assert_eq!(failed.error(), (500, 50_000_099, "An external system failed."));
        let again = client.post(RUNS, ALL);
        assert_eq!(again.status, if keep { 500 } else { 200 });
        let runs = usize::from(executed) + usize::from(!keep);
        assert_eq!(count(&client, EffectKind::BillRunCreated), runs, "{keep} {executed}");
    }
}

#[test]
fn each_category_has_its_status() {
    for (category, status, code) in [
        (FailureCategory::Rule, 400, 30),
        (FailureCategory::Lock, 409, 50),
        (FailureCategory::Internal, 500, 60),
        (FailureCategory::Temporary, 500, 61),
    ] {
        let mut client = TestClient::demo();
        push(&mut client, Fault::Fail(category));
        let failed = client.delivered(Method::GET, "/v1/bill-runs/x", "");
        assert_eq!((failed.status, failed.error().1), (status, 50_000_000 + code));
    }
}

#[test]
fn one_row_of_a_bulk_request_fails() {
    let rows = format!(r#"{{"invoices":[{INVOICE},{INVOICE},{INVOICE}]}}"#);
    let success = |body: &Value| -> Vec<bool> {
        body["invoices"].as_array().unwrap().iter().map(|row| row["success"].as_bool().unwrap()).collect()
    };
    let mut client = TestClient::demo();
    push(&mut client, Fault::FailRow(1, FailureCategory::Temporary).on(Method::POST, "/batch"));
    let created = client.delivered(Method::POST, "/v1/invoices/batch", &rows);
    assert_eq!(success(&created.body), [true, false, true]);
    assert_eq!(created.body["invoices"][1]["reasons"][0]["code"], 50_000_061);
    assert_eq!(created.body["invoices"][1]["objectIndex"], 1);
    assert_eq!(count(&client, EffectKind::InvoiceCreated), 2);

    let ids: Vec<Value> = [0, 2].map(|row| created.body["invoices"][row]["id"].clone()).to_vec();
    let posts = serde_json::json!({"invoices": ids.iter().map(|id| serde_json::json!({"id": id})).collect::<Vec<_>>()});
    push(&mut client, Fault::FailRow(0, FailureCategory::Lock));
    let posted = client.delivered(Method::POST, "/v1/invoices/bulk-post", &posts.to_string());
    assert_eq!(success(&posted.body), [false, true]);
    assert_eq!(count(&client, EffectKind::InvoicePosted), 1);

    let changes = serde_json::json!({"invoices": ids.iter().map(|id| serde_json::json!({"id": id, "comments": "x"})).collect::<Vec<_>>()});
    push(&mut client, Fault::FailRow(1, FailureCategory::Internal));
    assert_eq!(client.delivered(Method::PUT, "/v1/invoices", &changes.to_string()).status, 500);
    assert_eq!(count(&client, EffectKind::InvoiceUpdated), 0, "the update was undone");
    client.sandbox.settings().keep_partial_updates = true;
    push(&mut client, Fault::FailRow(1, FailureCategory::Internal));
    assert_eq!(client.delivered(Method::PUT, "/v1/invoices", &changes.to_string()).status, 500);
    assert_eq!(count(&client, EffectKind::InvoiceUpdated), 1);
}

#[test]
fn one_document_of_a_run_fails_to_be_posted() {
    let mut client = TestClient::demo();
    let run = client.completed(ALL);
    let drafts = client.invoices(&run);
    push(&mut client, Fault::FailDocument(0).on(Method::PUT, "/post"));
    assert_eq!(client.delivered(Method::PUT, "/v1/bill-runs/x/post", "{}").status, 404);
    push(&mut client, Fault::FailDocument(1).on_operation(ApiOperation::PostBillRun));
    assert_eq!(client.delivered(Method::PUT, &format!("{run}/post"), "{}").status, 200);
    client.advance(1);
    assert_eq!(client.status(&run), "Completed");
    let journal = client.sandbox.journal();
    for (position, draft) in drafts.iter().enumerate() {
        let id = draft["id"].as_str().unwrap();
        assert_eq!(journal.count_effects(EffectKind::InvoicePosted, id), usize::from(position != 1));
    }
    client.put(&format!("{run}/post"), "{}");
    client.advance(1);
    assert_eq!(client.status(&run), "Posted");
    assert_eq!(count(&client, EffectKind::InvoicePosted), drafts.len(), "each once");
}

#[test]
fn an_operation_on_a_small_invoice_runs_as_a_long_job() {
    let draft = |client: &mut TestClient| client.standalone(INVOICE);
    let canceled = |client: &mut TestClient| {
        let invoice = client.standalone(INVOICE);
        client.put(&format!("{invoice}/cancel"), "{}");
        invoice
    };
    let posted = |client: &mut TestClient| {
        let invoice = client.standalone(INVOICE);
        client.put(&format!("{invoice}/post"), "{}");
        invoice
    };
    type Prepare<'p> = &'p dyn Fn(&mut TestClient) -> String;
    let cases: [(Prepare<'_>, Method, &str, EffectKind); 5] = [
        (&draft, Method::PUT, "/post", EffectKind::InvoicePosted),
        (&draft, Method::PUT, "/cancel", EffectKind::InvoiceCanceled),
        (&canceled, Method::DELETE, "", EffectKind::InvoiceDeleted),
        (&posted, Method::PUT, "/reverse", EffectKind::InvoiceReversed),
        (&posted, Method::PUT, "/write-off", EffectKind::InvoiceWrittenOff),
    ];
    for (prepare, method, path, kind) in cases {
        let mut client = TestClient::demo();
        let invoice = prepare(&mut client);
        let id = invoice.rsplit('/').next().unwrap().to_owned();
        push(&mut client, Fault::RunAsJob(Duration::from_secs(300)));
        push(&mut client, Fault::LoseResponse);
        let body = if method == Method::PUT { "{}" } else { "" };
        client.deliver(method, &format!("{invoice}{path}"), body);
        assert_eq!(client.effects().last(), Some(&EffectKind::JobStarted), "{path}");
        client.advance(299);
        assert_eq!(client.sandbox.journal().count_effects(kind, &id), 0, "{path}");
        client.advance(1);
        assert_eq!(client.sandbox.journal().count_effects(kind, &id), 1, "{path}");
        assert_eq!(client.effects().last(), Some(&EffectKind::JobCompleted), "{path}");
    }
}

#[test]
fn the_nth_request_of_an_operation_is_hit() {
    let mut client = TestClient::demo();
    push(
        &mut client,
        Fault::LoseResponse.matching(RequestPattern::operation(ApiOperation::CreateBillRun)).nth(2),
    );
    assert!(matches!(client.deliver(Method::POST, RUNS, ALL), DeliveredResponse::Response { .. }));
    client.get("/v1/bill-runs/x");
    assert!(matches!(client.deliver(Method::POST, RUNS, ALL), DeliveredResponse::Lost { .. }));
    assert!(matches!(client.deliver(Method::POST, RUNS, ALL), DeliveredResponse::Response { .. }));
}
