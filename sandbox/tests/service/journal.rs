//! The journal: requests, responses and effects.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::json;
use zuora_sandbox::{
    ApiOperation, CLIENT_SECRET, Delivery, Effect, EffectKind, Fault, JournalEntry, RequestPattern, Settings,
};

use crate::client::{TestClient, form};

const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;
const RUNS: &str = "/v1/bill-runs";

fn invoice() -> String {
    let item = json!({"chargeName": "Work", "amount": 10, "serviceStartDate": "2026-03-01"});
    json!({"accountNumber": "A00000001", "invoiceDate": "2026-03-01", "invoiceItems": [item]}).to_string()
}

#[test]
fn entries_contain_neither_token_nor_secret() {
    let mut client = TestClient::demo();
    let token = client.token(&form(zuora_sandbox::CLIENT_ID, CLIENT_SECRET));
    let token = token.body["access_token"].as_str().unwrap().to_owned();
    client.set("authorization", &format!("Bearer {token}"));
    client.get(&format!("/v1/bill-runs/{token}?again={token}"));
    client.post(RUNS, &format!(r#"{{"batches":["AllBatches"],"name":"{CLIENT_SECRET}"}}"#));
    let text = client.sandbox.journal().to_string();
    let curl: String = client.sandbox.journal().entries().map(JournalEntry::to_curl).collect();
    for shown in [text, curl] {
        assert!(shown.contains("$ZUORA_TOKEN") && shown.contains("$ZUORA_CLIENT_SECRET"));
        assert!(!shown.contains(&token) && !shown.contains(CLIENT_SECRET), "{shown}");
    }
}

#[test]
fn entries_tell_what_the_client_received() {
    let mut client = TestClient::demo();
    for fault in [Fault::LoseResponse, Fault::NotSent, Fault::status(http::StatusCode::BAD_GATEWAY)] {
        client.sandbox.faults().push(fault.on(Method::POST, RUNS));
        client.deliver(Method::POST, RUNS, ALL);
    }
    client.post(RUNS, ALL);
    let journal = client.sandbox.journal();
    let rows: Vec<_> = journal
        .entries()
        .skip(1)
        .map(|entry| (entry.delivery(), entry.service_response().is_some(), entry.faults()))
        .collect();
    assert_eq!(
        rows,
        [
            (Delivery::Lost, true, Some("lose response")),
            (Delivery::NotSent, false, Some("not sent")),
            (Delivery::Gateway, false, Some("respond 502")),
            (Delivery::Service, true, None),
        ]
    );
    assert_eq!(journal.count(&RequestPattern::operation(ApiOperation::CreateBillRun)), 3, "one was not sent");
    assert_eq!(client.sandbox.seen(&Method::POST, "/bill-runs"), 3);
}

#[test]
fn effects_in_the_background_name_the_request_that_caused_them() {
    let mut client = TestClient::demo();
    client.set("idempotency-key", "march");
    let run = client.create(ALL);
    client.unset("idempotency-key");
    client.advance(2);
    client.put(&format!("{run}/post"), "{}");
    client.advance(1);
    let journal = client.sandbox.journal();
    let created = journal.entries().find(|entry| entry.key() == Some("march")).unwrap().number();
    let by_run: Vec<EffectKind> = journal.effects_of(created).map(|effect| effect.kind).collect();
    let drafts = by_run.iter().filter(|kind| **kind == EffectKind::InvoiceCreated).count();
    assert!(drafts > 0);
    assert_eq!(by_run.len(), drafts + 3, "created, processing, completed");
    assert!(journal.effects_of_key("march").all(|effect| effect.operation == Some("create_bill_run")));
    let posted: Vec<&Effect> = journal.effects_of_kind(EffectKind::InvoicePosted).collect();
    assert_eq!(posted.len(), drafts);
    assert!(posted.iter().all(|effect| effect.operation == Some("post_bill_run") && effect.key.is_none()));
}

#[test]
fn every_operation_that_changes_something_has_an_effect() {
    let mut client = TestClient::demo();
    let first = client.standalone(&invoice());
    let item = client.items(&first)[0]["id"].clone();
    let tax = json!({"taxationItems": [{"invoiceItemId": item, "jurisdiction": "X", "name": "VAT", "taxAmount": 1,
        "taxCode": "T", "taxDate": "2026-03-01", "taxMode": "TaxExclusive", "taxRate": 0.1,
        "taxRateType": "Percentage", "exemptAmount": 0}]});
    assert_eq!(client.post(&format!("{first}/taxation-items"), &tax.to_string()).status, 200);
    assert_eq!(client.put(&first, r#"{"comments":"x"}"#).status, 200);
    assert_eq!(client.upload(&first, "a.pdf", "application/pdf", "%PDF-1.4").status, 200);
    assert_eq!(client.put(&format!("{first}/post"), "{}").status, 200);
    let mail = r#"{"emailAddresses":"a@example.com"}"#;
    assert_eq!(client.post(&format!("{first}/emails"), mail).status, 200);
    client.sandbox.pay(first.rsplit('/').next().unwrap(), 1.into()).unwrap();
    assert_eq!(client.put(&format!("{first}/write-off"), "{}").status, 200);
    let second = client.standalone(&invoice());
    assert_eq!(client.put(&format!("{second}/post"), "{}").status, 200);
    assert_eq!(client.put(&format!("{second}/reverse"), "{}").status, 200);
    let third = client.standalone(&invoice());
    assert_eq!(client.put(&format!("{third}/cancel"), "{}").status, 200);
    assert_eq!(client.delete(&third).status, 200);
    use EffectKind as E;
    assert_eq!(
        client.effects(),
        [
            E::InvoiceCreated,
            E::TaxItemsCreated,
            E::InvoiceUpdated,
            E::FileUploaded,
            E::InvoicePosted,
            E::InvoiceEmailed,
            E::InvoicePaid,
            E::InvoiceWrittenOff,
            E::InvoiceCreated,
            E::InvoicePosted,
            E::InvoiceReversed,
            E::InvoiceCreated,
            E::InvoiceCanceled,
            E::InvoiceDeleted,
        ]
    );
    assert_eq!(client.sandbox.journal().effects_of_kind(E::InvoicePaid).next().unwrap().request, None);

    client.sandbox.clear_journal();
    let run = client.completed(ALL);
    assert_eq!(client.put(&format!("{run}/cancel"), "{}").status, 200);
    client.advance(1);
    assert_eq!(client.delete(&run).status, 200);
    client.advance(1);
    let counts = client.effects().into_iter().fold(BTreeMap::new(), |mut counts, kind| {
        *counts.entry(kind).or_insert(0) += 1;
        counts
    });
    assert_eq!(counts[&E::InvoiceCreated], counts[&E::InvoiceCanceled]);
    assert_eq!(counts[&E::InvoiceCreated], counts[&E::InvoiceDeleted]);
    for kind in
        [E::BillRunCancelInProgress, E::BillRunCanceled, E::BillRunRemoveInProgress, E::BillRunDeleted]
    {
        assert_eq!(counts[&kind], 1, "{kind}");
    }
}

#[test]
fn a_rolled_back_transaction_has_no_effects() {
    let mut client = TestClient::demo();
    let rows = format!(r#"{{"useSingleTransaction":true,"invoices":[{},{{}}]}}"#, invoice());
    assert_eq!(client.post("/v1/invoices/batch", &rows).status, 400);
    assert_eq!(client.effects(), []);
}

#[test]
fn the_size_is_limited() {
    let mut client = TestClient::with(Settings::default().journal_bytes(20_000_usize));
    for _ in 0..200 {
        client.post(RUNS, ALL);
    }
    let journal = client.sandbox.journal();
    assert!(journal.dropped() > 0 && journal.entries().len() < 40);
    let last = journal.entries().next_back().unwrap();
    assert_eq!(last.number(), 201);
    assert_eq!(journal.entry(201).unwrap().target(), RUNS);
    assert!(journal.entry(1).is_none());
    client.sandbox.clear_journal();
    assert_eq!(client.sandbox.journal().entries().len(), 0);
    client.post(RUNS, ALL);
    assert_eq!(client.sandbox.journal().entries().next().unwrap().number(), 202);
}

#[test]
fn the_same_requests_give_the_same_text() {
    let story = || {
        let mut client = TestClient::demo();
        client.sandbox.faults().push(Fault::execute_later(Duration::from_secs(3)));
        client.deliver(Method::POST, RUNS, ALL);
        client.post("/v1/invoices", &invoice());
        client.advance(10);
        client.sandbox.journal().to_string()
    };
    let text = story();
    assert_eq!(text, story());
    for line in [
        "#2 2026-03-01T17:00:00.000Z POST /v1/bill-runs -> 504\n",
        "  operation: create_bill_run\n",
        "  fault: respond 504, execute after 3s\n",
        "  handled: 2026-03-01T17:00:03.000Z\n",
        "2026-03-01T17:00:03.000Z bill run created ",
        " by #2 create_bill_run\n",
    ] {
        assert!(text.contains(line), "{line:?} in\n{text}");
    }
}

#[test]
fn an_entry_is_exported_as_a_curl_command() {
    let mut client = TestClient::demo();
    client.post("/v1/bill-runs?x=1", r#"{"name":"it's"}"#);
    let curl = client.sandbox.journal().entries().next_back().unwrap().to_curl();
    assert_eq!(
        curl,
        "curl -X 'POST' 'https://rest.test.zuora.com/v1/bill-runs?x=1' \
         -H 'authorization: Bearer '\"$ZUORA_TOKEN\"'' -H 'content-type: application/json' \
         -H 'zuora-version: 2025-08-12' --data-raw '{\"name\":\"it'\\''s\"}'"
    );
}

#[test]
fn no_part_of_a_curl_command_is_executed_by_the_shell() {
    let mut client = TestClient::demo();
    let method = Method::from_bytes(b"`id`&$HOME|'x'").unwrap();
    client.call(method, "/v1/bill-runs", "");
    let command = client.sandbox.journal().entries().next_back().unwrap().to_curl();
    assert!(command.starts_with(r"curl -X '`id`&$HOME|'\''x'\''' 'https://"), "{command}");
}

#[cfg(unix)]
#[test]
fn a_shell_passes_every_body_to_curl_as_it_was() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    // Reads what curl would send: with --data-binary, the file or standard input that an @ names.
    let curl = "curl() { for word; do option=$value value=$word; done; case $option$value in \
                --data-binary@*) cat \"${value#@}\";; *) env printf %s \"$value\";; esac; }\n";
    let long = "x'y\n".repeat(50_000);
    for body in [
        &b"it's $HOME `id` \\n %s \"\n"[..],
        b"@/etc/passwd",
        b"a\0b",
        b"%PDF-1.7\n\0\xff\x80%s\\'\n",
        long.as_bytes(),
    ] {
        let mut client = TestClient::demo();
        let request = http::Request::put("/v1/invoices/1").body(body.to_vec()).unwrap();
        client.sandbox.handle(request, zuora_sandbox::UnixTime::from_secs(crate::client::START));
        let command = client.sandbox.journal().entries().next_back().unwrap().to_curl();
        let mut shell = Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // The script is written by another thread, since the shell writes before it has read all.
        let mut script = shell.stdin.take().unwrap();
        let writing = std::thread::spawn(move || {
            script.write_all(format!("{curl}{}\n", command.replace("@-", "@/dev/stdin")).as_bytes())
        });
        let output = shell.wait_with_output().unwrap();
        writing.join().unwrap().unwrap();
        assert_eq!(output.stdout, body, "{:?}", String::from_utf8_lossy(&body[..body.len().min(40)]));
    }
}

#[test]
fn a_curl_command_has_neither_a_list_of_addresses_nor_the_type_of_a_form() {
    let mut client = TestClient::demo();
    let request = http::Request::post("/v1/bill-runs?filter[]=a").body("{}").unwrap();
    client.sandbox.handle(request, zuora_sandbox::UnixTime::from_secs(crate::client::START));
    assert_eq!(
        client.sandbox.journal().entries().next_back().unwrap().to_curl(),
        "curl -X 'POST' 'https://rest.test.zuora.com/v1/bill-runs?filter[]=a' --globoff -H 'content-type:' --data-raw '{}'"
    );
}
