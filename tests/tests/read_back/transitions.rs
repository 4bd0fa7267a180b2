//! Transitions of an invoice, and the jobs that they may start.

use std::sync::Mutex;

use zuora_core::bill_runs::{BillRunGoal, BillRunWaiter, DeleteBillRun};
use zuora_core::invoices::{
    CancelInvoice, DeleteInvoice, EmailInvoice, InvoiceGoal, InvoiceWaiter, PostInvoice, ReverseInvoice,
    WriteOff, WriteOffInvoice,
};
use zuora_core::polling::PollingPolicy;
use zuora_core::testing::FakeTransport;
use zuora_core::{Client, Config, Outcome};

use crate::{
    AFTER_THE_SPAN, AT_ONCE, GONE, UPDATED, WATCHED, assert_end, client, describe, end_of, end_with, invoice,
    invoice_body, items, shows,
};

#[test]
fn only_the_services_own_reason_of_category_40_means_gone() {
    let pages = [
        r#"{"message":"no Route matched with those values"}"#,
        r#"{"code":40,"message":"not found"}"#,
        "<html>404 Not Found nginx</html>",
        "",
        r#"{"success":false,"reasons":[{"code":50000030,"message":"x"}]}"#,
    ];
    for page in pages {
        assert_end(&end_of(&DeleteInvoice::new("i"), shows(404, page)), "cannot be read", AT_ONCE);
        assert_end(&end_of(&DeleteBillRun::new("r"), shows(404, page)), "cannot be read", AT_ONCE);
        let client = client(shows(404, page));
        let wait = InvoiceWaiter::new("i", InvoiceGoal::Deleted);
        client.wait(wait, PollingPolicy::default()).unwrap_err();
        let wait = BillRunWaiter::new("r", BillRunGoal::Deleted);
        client.wait(wait, PollingPolicy::default()).unwrap_err();
    }
}

#[test]
fn posting_canceling_and_deleting_an_invoice() {
    let post = PostInvoice::new("i");
    assert_end(&end_of(&post, invoice("Posted", 1)), "applied", AT_ONCE);
    assert_end(&end_of(&post, invoice("Draft", 1)), "not applied", AFTER_THE_SPAN);
    for status in ["Canceled", "CancelInProgress", "Split", "Error", "Generating", "PendingForTax", "Voided"]
    {
        assert_end(&end_of(&post, invoice(status, 1)), &format!("the invoice is {status}"), AFTER_THE_SPAN);
    }
    assert_end(&end_of(&post, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);
    assert_end(&end_of(&post, shows(200, r#"{"success":true}"#)), "no status", AFTER_THE_SPAN);

    let cancel = CancelInvoice::new("i");
    assert_end(&end_of(&cancel, invoice("Canceled", 1)), "applied", AT_ONCE);
    assert_end(&end_of(&cancel, invoice("CancelInProgress", 1)), "under way", AT_ONCE);
    assert_end(&end_of(&cancel, invoice("Draft", 1)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_of(&cancel, invoice("Posted", 1)), "is Posted", AFTER_THE_SPAN);
    assert_end(&end_of(&cancel, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);

    let delete = DeleteInvoice::new("i");
    assert_end(&end_of(&delete, shows(404, GONE)), "applied: gone", AT_ONCE);
    assert_end(&end_of(&delete, invoice("Canceled", 1)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_of(&delete, invoice("Draft", 1)), "is Draft", AFTER_THE_SPAN);
}

#[test]
fn a_job_counts_as_possible_unless_the_items_are_fewer_than_the_limit() {
    // In pages of 40 items; each item has a tax line.
    fn pages(total: u64, status: &'static str) -> impl Fn(&str, u64) -> (u16, String) {
        move |path, _| {
            if !path.contains("/items") {
                return (200, invoice_body(status));
            }
            let page: u64 = path.split("page=").nth(1).map_or(1, |page| page.parse().unwrap());
            let rows = (total / 2).saturating_sub((page - 1) * 40).min(40);
            let row = r#"{"id":"1","taxationItems":{"data":[{"id":"2"}]}}"#;
            let next = if page * 40 < total / 2 { r#","nextPage":"more""# } else { "" };
            let rows = vec![row; usize::try_from(rows).unwrap()].join(",");
            (200, format!(r#"{{"success":true,"invoiceItems":[{rows}]{next}}}"#))
        }
    }
    for (total, is_possible) in [(998, false), (1000, true), (2400, true)] {
        let (shown, after) = if is_possible { ("a job", WATCHED) } else { ("not applied", 130..=150) };
        assert_end(&end_of(&PostInvoice::new("i"), pages(total, "Draft")), shown, after.clone());
        assert_end(&end_of(&CancelInvoice::new("i"), pages(total, "Draft")), shown, after);
    }
    for (total, is_possible) in [(98, false), (100, true)] {
        let (shown, after) = if is_possible { ("a job", WATCHED) } else { ("not applied", 130..=150) };
        assert_end(&end_of(&DeleteInvoice::new("i"), pages(total, "Canceled")), shown, after);
    }
    // A job that takes longer than the span.
    let late = |path: &str, now: u64| match (path.contains("/items"), now < 444) {
        (true, _) => (200, items(150)),
        (false, true) => (200, invoice_body("Canceled")),
        (false, false) => (404, GONE.to_owned()),
    };
    assert_end(&end_of(&DeleteInvoice::new("i"), late), "applied: gone", 444..=480);
    // Items that cannot be read, and tax lines beyond the first page.
    let unreadable = |path: &str, _| match path.contains("/items") {
        true => (403, r#"{"success":false,"reasons":[{"code":50000010,"message":"no"}]}"#.to_owned()),
        false => (200, invoice_body("Draft")),
    };
    assert_end(&end_of(&PostInvoice::new("i"), unreadable), "a job", WATCHED);
    let taxes = |path: &str, _| match path.contains("/items") {
        true => {
            let row = r#"{"id":"1","taxationItems":{"data":[{"id":"2"}],"nextPage":"more"}}"#;
            (200, format!(r#"{{"success":true,"invoiceItems":[{row}]}}"#))
        }
        false => (200, invoice_body("Draft")),
    };
    assert_end(&end_of(&PostInvoice::new("i"), taxes), "a job", WATCHED);
}

#[test]
fn an_equal_time_of_the_last_change_proves_what_a_status_alone_does_not() {
    let post = PostInvoice::new("i");
    assert_end(&end_with(&post, Some(UPDATED), invoice("Draft", 1)), "not applied", AFTER_THE_SPAN);
    // Posted, and unposted by a person.
    let changed = end_with(&post, Some("2025-12-31 09:59:59"), invoice("Draft", 1));
    assert_end(&changed, "was changed after its baseline", AFTER_THE_SPAN);
    let without = shows(200, r#"{"success":true,"status":"Draft"}"#);
    assert_end(&end_with(&post, Some(UPDATED), without), "did not return the time", AFTER_THE_SPAN);
    let client = client(invoice("Draft", 1));
    assert_eq!(client.baseline(&post).unwrap().unwrap().as_str(), UPDATED);
    assert_eq!(client.baseline(&EmailInvoice::new("i")).unwrap(), None);
}

#[test]
fn the_job_of_a_lost_response_is_followed_where_its_id_was_read() {
    fn followed(job: &'static str) -> (String, Vec<String>) {
        let seen = Mutex::new(Vec::new());
        let transport = FakeTransport::new(|request| {
            seen.lock().unwrap().push(request.uri().path().to_owned());
            Ok(match request.uri().path() {
                "/v1/invoices/i/post" => {
                    FakeTransport::json(200, r#"{"id":"i","jobId":"8ad1","jobStatus":"Pend"#)
                }
                "/v1/operations/jobs/8ad1" if job.is_empty() => FakeTransport::json(404, GONE),
                "/v1/operations/jobs/8ad1" => {
                    FakeTransport::json(200, format!(r#"{{"id":"8ad1","status":"{job}","success":true}}"#))
                }
                "/v1/invoices/i/items" => FakeTransport::json(200, items(3)),
                _ => FakeTransport::json(200, invoice_body("Draft")),
            })
        });
        let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(1);
        let client = Client::with_transport(&config, transport).unwrap();
        let post = PostInvoice::new("i");
        let error = client.call(&post).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        let shown = describe(client.reconcile(&post, &error));
        drop(client);
        (shown, seen.into_inner().unwrap())
    }
    let (shown, seen) = followed("Processing");
    assert_eq!((shown.as_str(), seen.len()), ("under way", 2));
    assert_eq!(followed("Completed").0, "applied: gone", "without the object");
    for job in ["Failed", ""] {
        let (shown, seen) = followed(job);
        assert_eq!(shown, "not applied", "as the object shows");
        assert!(seen.iter().any(|path| path == "/v1/invoices/i"));
    }
}

#[test]
fn reversing_an_invoice() {
    fn shown(reversed: &'static str, balance: &'static str) -> impl Fn(&str, u64) -> (u16, String) {
        move |path, _| match path {
            path if path.starts_with("/object-query") => {
                (200, format!(r#"{{"data":[{{"id":"i","status":"Posted","reversed":{reversed}}}]}}"#))
            }
            path if path.contains("/items") => (200, items(3)),
            _ => {
                let body = format!(
                    r#"{{"success":true,"status":"Posted","balance":{balance},"updatedDate":"{UPDATED}"}}"#
                );
                (200, body)
            }
        }
    }
    let reverse = ReverseInvoice::new("i");
    assert_end(&end_of(&reverse, shown("true", "0")), "applied", AT_ONCE);
    assert_end(&end_of(&reverse, shown("false", "10")), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&reverse, Some(UPDATED), shown("false", "10")), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&reverse, Some("other"), shown("false", "10")), "was changed", AFTER_THE_SPAN);
    assert_end(&end_of(&reverse, shown("false", "0")), "no balance although", AFTER_THE_SPAN);
    assert_end(&end_of(&reverse, shown("null", "10")), "does not tell", AFTER_THE_SPAN);
    assert_end(&end_of(&reverse, shows(200, r#"{"data":[]}"#)), "no query finds", AFTER_THE_SPAN);
    // Object Query lags behind; a large invoice may be reversed by a job.
    let late = |path: &str, now: u64| shown(if now < 300 { "false" } else { "true" }, "10")(path, now);
    let many = |path: &str, now: u64| {
        if path.contains("/items") {
            let row = r#"{"id":"1","taxationItems":{"data":[],"nextPage":"more"}}"#;
            return (200, format!(r#"{{"success":true,"invoiceItems":[{row}]}}"#));
        }
        late(path, now)
    };
    assert_end(&end_of(&reverse, many), "applied", 299..=331);
}

#[test]
fn writing_off_an_invoice() {
    fn shown(balance: &'static str, memos: &'static str) -> impl Fn(&str, u64) -> (u16, String) {
        move |path, _| match path.starts_with("/object-query/credit-memos") {
            true if memos.is_empty() => (403, GONE.replace("50000040", "50000010")),
            true => (200, format!(r#"{{"data":[{memos}]}}"#)),
            false => {
                let body = format!(
                    r#"{{"success":true,"id":"i","status":"Posted","balance":{balance},"updatedDate":"{UPDATED}"}}"#
                );
                (200, body)
            }
        }
    }
    let write_off = WriteOffInvoice::new("i");
    let memo = r#"{"id":"m","reasonCode":"Write-off","sourceType":"Invoice","status":"Posted",
        "createdDate":"2026-01-01T01:00:00+01:00"}"#;
    let end = end_of(&write_off, shown("0", memo));
    assert_end(&end, "applied", AT_ONCE);
    assert!(end.reads[1].contains("invoiceid.EQ%3Ai"), "{:?}", end.reads);
    assert_end(&end_of(&write_off, shown("10", "")), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&write_off, Some("other"), shown("10", "")), "was changed", AFTER_THE_SPAN);

    // The balance was zero before, or the invoice was paid: no memo, an older one, one with another reason.
    let older = r#"{"id":"m","reasonCode":"Write-off","createdDate":"2025-12-31T23:00:00Z"}"#;
    let undated = r#"{"id":"m","reasonCode":"Write-off","createdDate":"2026-01-01 00:00:01"}"#;
    let other = r#"{"id":"m","reasonCode":"Correction","createdDate":"2026-01-01T00:00:01Z"}"#;
    let canceled =
        r#"{"id":"m","reasonCode":"Write-off","status":"Canceled","createdDate":"2026-01-01T00:00:01Z"}"#;
    for memos in ["{}", older, undated, other, canceled] {
        let end = end_of(&write_off, shown("0", memos));
        assert_end(&end, "no credit memo of this write-off", AFTER_THE_SPAN);
    }
    assert_end(&end_of(&write_off, shown("0", "")), "memos of the invoice cannot be read", AFTER_THE_SPAN);
    let own_reason = WriteOffInvoice::new("i").details(WriteOff::default().reason_code("Correction"));
    assert_end(&end_of(&own_reason, shown("0", other)), "applied", AT_ONCE);

    assert_end(&end_of(&write_off, invoice("Draft", 1)), "is Draft", AFTER_THE_SPAN);
    assert_end(&end_of(&write_off, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);
    let part = WriteOffInvoice::new("i").details(WriteOff::default().amount(5));
    assert_end(&end_of(&part, shown("10", "")), "does not show", AFTER_THE_SPAN);
    assert_end(&end_with(&part, Some(UPDATED), shown("10", "")), "not applied", AFTER_THE_SPAN);
}
