//! The reads themselves: failures, scopes, and operations without a type.

use std::sync::Mutex;

use http::Method;
use zuora_core::bill_runs::{GetBillRun, PostBillRun, PostIfUnchanged};
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::{DeleteInvoice, InvoiceGoal, InvoiceWaiter, PostInvoice};
use zuora_core::object_query::QueryInvoices;
use zuora_core::polling::PollingPolicy;
use zuora_core::reconcile::{Reconcile, Reconciliation};
use zuora_core::testing::FakeTransport;
use zuora_core::{CallOptions, Client, Config};
use zuora_tests::simulation::lost;

use crate::{
    AFTER_THE_SPAN, AT_ONCE, GONE, WATCHED, assert_end, describe, end_of, invoice, invoice_body, items, run,
    shows,
};

#[test]
fn a_forbidden_read_and_one_that_fails_for_ever_end_as_unknown() {
    let forbidden = r#"{"success":false,"reasons":[{"code":50000010,"message":"no permission"}]}"#;
    let end = end_of(&PostInvoice::new("i"), shows(403, forbidden));
    assert_end(&end, "the object cannot be read (invoice i", AT_ONCE);
    assert!(end.shown.contains("no permission"), "{}", end.shown);
    let end = end_of(&PostInvoice::new("i"), shows(502, ""));
    assert!(end.shown.contains("the object cannot be read"), "{}", end.shown);
    assert!(end.after < 600, "{}", end.after);
}

#[test]
fn any_operation_is_reconciled_without_its_type() {
    let post = AnyOperation::from(PostInvoice::new("i"));
    assert_end(&end_of(&post, invoice("Posted", 1)), "applied", AT_ONCE);
    assert_end(&end_of(&post, invoice("Draft", 1)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_of(&post, invoice("Draft", 1000)), "a job", WATCHED);
    let post = AnyOperation::from(PostBillRun::new("r"));
    assert_end(&end_of(&post, shows(200, &run("Posted"))), "applied", AT_ONCE);
    let read = AnyOperation::from(QueryInvoices::new());
    assert!(Reconcile::begin(&read).is_none());
    let kept = Reconciliation::of_unconfirmed(&post, None, None).to_json().unwrap();
    Reconciliation::<AnyOperation>::from_json(&kept).unwrap();
}

#[test]
fn every_verb_that_reads_takes_the_entity_and_organizations_of_the_write() {
    let others = Mutex::new(Vec::new());
    let transport = FakeTransport::new(|request| {
        let names =
            |header: &str, value: &str| request.headers().get(header).is_some_and(|sent| sent == value);
        if !names("zuora-entity-ids", "2c98") || !names("zuora-org-ids", "north,south") {
            others.lock().unwrap().push(request.uri().to_string());
        }
        Ok(match request.uri().path() {
            "/object-query/invoices" => {
                let invoice = r#"{"id":"a","currency":"EUR","amount":1,"status":"Draft"}"#;
                FakeTransport::json(200, format!(r#"{{"data":[{invoice}]}}"#))
            }
            path if path.contains("/invoices/") => FakeTransport::json(200, invoice_body("Posted")),
            _ => FakeTransport::json(200, run("Completed")),
        })
    });
    let client =
        Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport).unwrap();
    let options = CallOptions::new().entity_id("2c98").org_ids(["north", "south"]);
    let run = client.call_with(&GetBillRun::new("r"), &options).unwrap().into_inner();
    assert_eq!(client.pages_with(&QueryInvoices::new(), &options).count(), 1);
    assert_eq!(client.items_with(&QueryInvoices::new(), &options).count(), 1);
    let review = client.review_with(&run, &options).unwrap();
    client.post_if_unchanged_with(&PostIfUnchanged::new(review), &options).unwrap();
    let wait = || InvoiceWaiter::new("i", InvoiceGoal::Posted);
    client.wait_with(wait(), PollingPolicy::default(), &options).unwrap();
    client.poller_with(wait(), PollingPolicy::default(), &options).poll().unwrap();
    client.baseline_with(&PostInvoice::new("i"), &options).unwrap();
    assert!(others.lock().unwrap().is_empty(), "{others:?}");
}

#[test]
fn a_deletion_in_another_entity_is_not_taken_for_gone() {
    let transport = FakeTransport::new(|request| {
        if request.method() == Method::DELETE {
            return Err(lost());
        }
        Ok(match request.headers().get("zuora-entity-ids") {
            None => FakeTransport::json(404, GONE),
            Some(_) if request.uri().path().ends_with("/items") => FakeTransport::json(200, items(2)),
            Some(_) => FakeTransport::json(200, invoice_body("Canceled")),
        })
    });
    let client =
        Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport).unwrap();
    let delete = DeleteInvoice::new("i");
    let error = client.call_with(&delete, &CallOptions::new().entity_id("2c98")).unwrap_err();
    assert_eq!(describe(client.reconcile(&delete, &error)), "not applied");
}

#[test]
fn a_count_of_items_that_fails_once_is_taken_again() {
    let failed = Mutex::new(false);
    let end = end_of(&PostInvoice::new("i"), |path: &str, _: u64| {
        let is_first = path.contains("/items") && !std::mem::replace(&mut *failed.lock().unwrap(), true);
        match (is_first, path.contains("/items")) {
            (true, _) => (503, String::new()),
            (_, true) => (200, items(1)),
            _ => (200, invoice_body("Draft")),
        }
    });
    assert_end(&end, "not applied", 130..=180);
    assert_eq!(end.reads.iter().filter(|path| path.contains("/items")).count(), 2);
}

#[test]
fn only_an_id_in_a_lost_response_names_a_job() {
    for (body, is_job) in [
        (r#"{"id":"i","jobId":"8ad1","jobStatus":"Pend"#, true),
        (r#"{"id":"i","jobId":"8ad1/../x","jobStatus":"Pend"#, false),
        (r#"{"id":"i","jobId":"","jobStatus":"Pend"#, false),
        (r#"{"id":"i","jobId":7,"jobStatus":"Pend"#, false),
        (r#"{"id":"i","jobId":"8ad1"#, false),
    ] {
        let reads = Mutex::new(Vec::new());
        let transport = FakeTransport::new(|request| {
            if request.method() != Method::GET {
                return Ok(FakeTransport::json(200, body));
            }
            reads.lock().unwrap().push(request.uri().path().to_owned());
            Ok(FakeTransport::json(200, r#"{"success":true,"status":"Completed"}"#))
        });
        let client =
            Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)
                .unwrap();
        let delete = DeleteInvoice::new("i");
        let error = client.call_with(&delete, &CallOptions::new().entity_id("e")).unwrap_err();
        let reconciliation = Reconciliation::new(&delete, &error);
        assert_eq!(reconciliation.scope().and_then(|scope| scope.entity_id.as_deref()), Some("e"));
        let policy = PollingPolicy::default().timeout(std::time::Duration::from_secs(1));
        let _ = client.reconcile_with(reconciliation, policy, &CallOptions::new());
        let reads = reads.lock().unwrap();
        assert_eq!(reads[0].contains("/operations/"), is_job, "{body}: {reads:?}");
    }
}
