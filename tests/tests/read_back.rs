//! The table of `zuora_core::reconcile`, a test for each row: what is read after a write whose response was lost, and
//! what it proves.

use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use zuora_core::bill_runs::{
    AdHoc, Batches, BillRunGoal, BillRunWaiter, CancelBillRun, CreateBillRun, DeleteBillRun, EmailBillRun,
    GetBillRun, PostBillRun, PostIfUnchanged,
};
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CancelInvoice,
    CreateStandaloneInvoice, DeleteInvoice, EmailInvoice, InvoiceGoal, InvoicePatch, InvoiceWaiter,
    ItemUpdate, NewInvoiceItem, PostInvoice, ReverseInvoice, UpdateInvoice, UploadInvoiceFile, WriteOff,
    WriteOffInvoice,
};
use zuora_core::object_query::QueryInvoices;
use zuora_core::operation::RawOperation;
use zuora_core::polling::PollingPolicy;
use zuora_core::reconcile::{Baseline, Reconcile, Reconciled, Reconciliation};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError};
use zuora_core::types::{AccountId, AccountNumber};
use zuora_core::{Amount, CallOptions, Client, Config, Date, Error, Operation, Outcome};
use zuora_tests::simulation::{lost, moment, seed};

const GONE: &str = r#"{"success":false,"reasons":[{"code":50000040,"message":"gone"}]}"#;
const UPDATED: &str = "2025-12-31 10:00:00";

/// A service that loses the response of each write, and shows objects by path and second.
struct World<F> {
    clock: Mutex<Duration>,
    show: F,
    seen: Mutex<Vec<String>>,
}

impl<F: Fn(&str, u64) -> (u16, String)> Transport for World<F> {
    fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
        let now = {
            let mut clock = self.clock.lock().unwrap();
            *clock += Duration::from_millis(50);
            *clock
        };
        if request.method() != Method::GET {
            return Err(lost());
        }
        let path = request.uri().path_and_query().unwrap().to_string();
        let (status, body) = (self.show)(&path, now.as_secs());
        self.seen.lock().unwrap().push(path);
        Ok(FakeTransport::json(status, body))
    }

    fn sleep_until(&self, time: Timestamp) {
        let mut clock = self.clock.lock().unwrap();
        *clock = (*clock).max(time.elapsed());
    }

    fn now(&self) -> Timestamp {
        moment(*self.clock.lock().unwrap())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(seed(1))
    }
}

fn client<F: Fn(&str, u64) -> (u16, String)>(show: F) -> Client<World<F>> {
    let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(1);
    Client::with_transport(&config, World { clock: Mutex::default(), show, seen: Mutex::default() }).unwrap()
}

struct End {
    shown: String,
    /// Seconds after the failure.
    after: u64,
    reads: Vec<String>,
}

fn describe<T>(result: Result<Reconciled<T>, Error>) -> String {
    match result.unwrap() {
        Reconciled::Applied(Some(_)) => "applied".to_owned(),
        Reconciled::Applied(None) => "applied: gone".to_owned(),
        Reconciled::UnderWay(_) => "under way".to_owned(),
        Reconciled::NotApplied(_) => "not applied".to_owned(),
        Reconciled::Unknown(undecided) => undecided.to_string(),
    }
}

fn end_of<O: Reconcile + Operation>(write: &O, show: impl Fn(&str, u64) -> (u16, String)) -> End {
    end_with(write, None, show)
}

fn end_with<O: Reconcile + Operation>(
    write: &O,
    baseline: Option<&str>,
    show: impl Fn(&str, u64) -> (u16, String),
) -> End {
    let client = client(show);
    let Err(error) = client.call_with(write, &CallOptions::new().timeout(Duration::from_secs(60))) else {
        panic!("every response is lost")
    };
    assert_eq!(error.outcome(), Outcome::Unknown);
    let failed = Transport::now(client.transport());
    let reconciliation = Reconciliation::new(write, &error).baseline(baseline.map(Baseline::new));
    let result =
        client.reconcile_with(reconciliation, Reconciliation::<O>::policy(), &CallOptions::default());
    let after = failed.until(Transport::now(client.transport())).as_secs();
    let reads = client.transport().seen.lock().unwrap().clone();
    End { shown: describe(result), after, reads }
}

/// Shows one object at once.
fn shows(status: u16, body: &str) -> impl Fn(&str, u64) -> (u16, String) + use<> {
    let body = body.to_owned();
    move |path, _| (status, if path.contains("/items") { items(1) } else { body.clone() })
}

/// Shows an object with this status; invoices have `count` items.
fn invoice(status: &'static str, count: usize) -> impl Fn(&str, u64) -> (u16, String) {
    move |path, _| match path.contains("/items") {
        true => (200, items(count)),
        false => (200, invoice_body(status)),
    }
}

fn invoice_body(status: &str) -> String {
    format!(r#"{{"success":true,"id":"i","status":"{status}","balance":10,"updatedDate":"{UPDATED}"}}"#)
}

/// A page with this many items, without a next one.
fn items(count: usize) -> String {
    format!(r#"{{"success":true,"invoiceItems":[{}]}}"#, vec![r#"{"id":"1"}"#; count].join(","))
}

fn run(status: &str) -> String {
    format!(
        r#"{{"success":true,"id":"r","billRunNumber":"BR-1","status":"{status}","updatedDate":"{UPDATED}"}}"#
    )
}

#[track_caller]
fn assert_end(end: &End, shown: &str, after: std::ops::RangeInclusive<u64>) {
    let is_whole = ["applied", "applied: gone", "not applied", "under way"].contains(&shown);
    let agrees = if is_whole { end.shown == shown } else { end.shown.contains(shown) };
    assert!(agrees, "{} instead of {shown}", end.shown);
    assert!(after.contains(&end.after), "{} after {} s instead of {after:?}", end.shown, end.after);
}

const AT_ONCE: std::ops::RangeInclusive<u64> = 0..=1;
const AFTER_THE_SPAN: std::ops::RangeInclusive<u64> = 130..=146;
const WATCHED: std::ops::RangeInclusive<u64> = 595..=600;

#[test]
fn posting_a_bill_run() {
    let post = PostBillRun::new("r");
    assert_end(&end_of(&post, shows(200, &run("PostInProgress"))), "under way", AT_ONCE);
    assert_end(&end_of(&post, shows(200, &run("Posted"))), "applied", AT_ONCE);
    for status in ["Error", "Canceled", "CancelInProgress", "RemoveInProgress", "Archived"] {
        let end = end_of(&post, shows(200, &run(status)));
        assert_end(&end, &format!("the bill run is {status}"), AFTER_THE_SPAN);
        assert!(
            end.shown.contains(&format!("(bill run r, last status {status}, watched for ")),
            "{}",
            end.shown
        );
    }
    assert_end(&end_of(&post, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);
    for status in ["Pending", "Processing", "Paused", "Completed"] {
        let end = end_of(&post, move |path, _| match path.starts_with("/object-query") {
            true => (200, r#"{"data":[]}"#.to_owned()),
            false => (200, run(status)),
        });
        assert_end(&end, "in the background", WATCHED);
    }
    // It begins late.
    let late = |path: &str, now: u64| match path.starts_with("/object-query") {
        true => (200, r#"{"data":[{"id":"a","status":"Draft"}]}"#.to_owned()),
        false => (200, run(if now < 300 { "Completed" } else { "PostInProgress" })),
    };
    assert_end(&end_of(&post, late), "under way", 299..=331);
}

#[test]
fn a_bill_run_that_is_posted_in_part() {
    let post = PostBillRun::new("r");
    let show = |path: &str, _| match path {
        path if path.contains("cursor=2") => (200, r#"{"data":[{"id":"c","status":"Posted"}]}"#.to_owned()),
        path if path.starts_with("/object-query") => {
            let page =
                r#"{"data":[{"id":"a","status":"Posted"},{"id":"b","status":"Draft"}],"nextPage":"2"}"#;
            (200, page.to_owned())
        }
        _ => (200, run("Completed")),
    };
    for baseline in [None, Some(UPDATED)] {
        let end = end_with(&post, baseline, show);
        assert_end(&end, "the write is applied in part (bill run r, last status Completed, ", AFTER_THE_SPAN);
        assert!(end.shown.ends_with("; applied to a, c"), "{}", end.shown);
    }
}

#[test]
fn canceling_a_bill_run() {
    let cancel = CancelBillRun::new("r");
    assert_end(&end_of(&cancel, shows(200, &run("CancelInProgress"))), "under way", AT_ONCE);
    assert_end(&end_of(&cancel, shows(200, &run("Canceled"))), "applied", AT_ONCE);
    assert_end(&end_of(&cancel, shows(200, &run("RemoveInProgress"))), "RemoveInProgress", AFTER_THE_SPAN);
    assert_end(&end_of(&cancel, shows(200, &run("Posted"))), "is Posted", AFTER_THE_SPAN);
    assert_end(&end_of(&cancel, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);
    for status in ["Pending", "Processing", "Paused", "Completed"] {
        let end = end_with(&cancel, Some(UPDATED), shows(200, &run(status)));
        assert_end(&end, "in the background", WATCHED);
    }
    let all = CancelBillRun::new("r").all_occurrences();
    for status in ["Canceled", "CancelInProgress"] {
        assert_end(&end_of(&all, shows(200, &run(status))), "no read tells", AFTER_THE_SPAN);
    }
}

#[test]
fn deleting_a_bill_run() {
    let delete = DeleteBillRun::new("r");
    assert_end(&end_of(&delete, shows(404, GONE)), "applied: gone", AT_ONCE);
    assert_end(&end_of(&delete, shows(200, &run("RemoveInProgress"))), "under way", AT_ONCE);
    for status in ["Canceled", "Error"] {
        assert_end(&end_with(&delete, Some(UPDATED), shows(200, &run(status))), "background", WATCHED);
    }
    assert_end(&end_of(&delete, shows(200, &run("Posted"))), "is Posted", AFTER_THE_SPAN);
}

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

#[test]
fn updating_an_invoice() {
    let shown = |fields: &str| {
        shows(200, &format!(r#"{{"success":true,"id":"i","updatedDate":"{UPDATED}",{fields}}}"#))
    };
    let pay = UpdateInvoice::new("i", InvoicePatch::default().auto_pay(true));
    assert_end(&end_of(&pay, shown(r#""autoPay":true"#)), "applied", AT_ONCE);
    assert_end(&end_of(&pay, shown(r#""autoPay":false"#)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&pay, Some("other"), shown(r#""autoPay":false"#)), "was changed", AFTER_THE_SPAN);
    assert_end(&end_of(&pay, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);

    let text = UpdateInvoice::new("i", InvoicePatch::default().comments("x "));
    assert_end(&end_of(&text, shown(r#""comments":"x""#)), "does not show", AFTER_THE_SPAN);
    let equal = end_with(&text, Some(UPDATED), shown(r#""comments":"x""#));
    assert_end(&equal, "not applied", AFTER_THE_SPAN);

    let item = ItemUpdate::from(NewInvoiceItem::named("Fee", 10, day()));
    let added = UpdateInvoice::new("i", InvoicePatch::default().items([item]));
    assert_end(&end_of(&added, shown(r#""autoPay":true"#)), "does not show", AFTER_THE_SPAN);
    assert_end(&end_with(&added, Some(UPDATED), shown(r#""autoPay":true"#)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&added, Some("other"), shown(r#""autoPay":true"#)), "was changed", AFTER_THE_SPAN);
}

fn day() -> Date {
    Date::new(2026, 3, 31).unwrap()
}

fn create(number: Option<&str>) -> CreateStandaloneInvoice {
    let item = NewInvoiceItem::named("Fee", Amount::new(10_00, 2).unwrap(), day());
    let create = CreateStandaloneInvoice::new(AccountId::from("a"), day(), [item]).currency("EUR");
    match number {
        Some(number) => create.invoice_number(number),
        None => create,
    }
}

fn made(account: &str, currency: &str, amount: &str) -> String {
    format!(
        r#"{{"success":true,"id":"i","accountId":"{account}","currency":"{currency}","amount":{amount},"amountWithoutTax":{amount}}}"#
    )
}

#[test]
fn creating_an_invoice() {
    let own = create(Some("N-1"));
    let end = end_of(&own, shows(200, &made("a", "EUR", "10")));
    assert_end(&end, "applied", AT_ONCE);
    assert_eq!(end.reads, ["/v1/invoices/N-1"]);
    let with_tax = made("a", "EUR", "11").replace(r#""amountWithoutTax":11"#, r#""amountWithoutTax":10.00"#);
    assert_end(&end_of(&own, shows(200, &with_tax)), "applied", AT_ONCE);
    for body in [made("b", "EUR", "10"), made("a", "USD", "10"), made("a", "EUR", "9.99")] {
        assert_end(&end_of(&own, shows(200, &body)), "another account", AFTER_THE_SPAN);
    }
    let item = NewInvoiceItem::named("Fee", 10, day());
    let by_number =
        CreateStandaloneInvoice::new(AccountNumber::from("A-1"), day(), [item]).invoice_number("N-1");
    for (number, shown) in [("A-1", "applied"), ("A-2", "another account")] {
        let body = made("a", "EUR", "10").replace("{", &format!(r#"{{"accountNumber":"{number}","#));
        let after = if number == "A-1" { AT_ONCE } else { AFTER_THE_SPAN };
        assert_end(&end_of(&by_number, shows(200, &body)), shown, after);
    }
    let bare = r#"{"success":true,"id":"i"}"#;
    assert_end(&end_of(&own, shows(200, bare)), "cannot be compared", AFTER_THE_SPAN);
    assert_end(&end_of(&own, shows(404, GONE)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_of(&own, shows(404, "")), "cannot be read", AT_ONCE);
    let end = end_of(&create(None), shows(200, "{}"));
    assert_end(&end, "no read can tell", AT_ONCE);
    assert!(end.reads.is_empty(), "{:?}", end.reads);
}

#[test]
fn writes_on_several_invoices() {
    fn rows(posted: &'static [&'static str]) -> impl Fn(&str, u64) -> (u16, String) {
        move |path, _| {
            let is_posted = posted.iter().any(|id| path.ends_with(id));
            let status = if is_posted { "Posted" } else { "Draft" };
            let body = format!(
                r#"{{"success":true,"status":"{status}","autoPay":{is_posted},"updatedDate":"{UPDATED}"}}"#
            );
            (200, body)
        }
    }
    let times = format!("{UPDATED}\n{UPDATED}");
    let pay = |id: &'static str| (id, InvoicePatch::default().auto_pay(true));
    let update = BulkUpdateInvoices::new([pay("a1"), pay("b2")]);
    assert_end(&end_of(&update, rows(&["a1", "b2"])), "applied", AT_ONCE);
    assert_end(&end_of(&update, rows(&[])), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&update, Some(&times), rows(&[])), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&update, Some(UPDATED), rows(&[])), "was changed", AFTER_THE_SPAN);
    let end = end_of(&update, rows(&["b2"]));
    assert_end(&end, "applied in part (2 invoices", AFTER_THE_SPAN);
    assert!(end.shown.ends_with("applied to b2"), "{}", end.shown);
    assert_eq!(client(rows(&[])).baseline(&update).unwrap().unwrap().as_str(), times);

    let post = BulkPostInvoices::new(["a1", "b2"]);
    assert_end(&end_of(&post, rows(&["a1", "b2"])), "applied", AT_ONCE);
    assert_end(&end_of(&post, rows(&["a1"])), "applied in part", AFTER_THE_SPAN);
    assert_end(&end_of(&post, rows(&[])), "not applied", AFTER_THE_SPAN);

    let numbered = BulkCreateStandaloneInvoices::new([create(Some("N-1")), create(Some("N-2"))]);
    let both = |path: &str, _| {
        assert!(path.starts_with("/v1/invoices/N-"));
        (200, made("a", "EUR", "10.00"))
    };
    assert_end(&end_of(&numbered, both), "applied", AT_ONCE);
    assert_end(&end_of(&numbered, shows(404, GONE)), "not applied", AFTER_THE_SPAN);
    let mixed = BulkCreateStandaloneInvoices::new([create(None), create(Some("N-2"))]);
    let end = end_of(&mixed, both);
    assert_end(&end, "applied in part", AFTER_THE_SPAN);
    assert!(end.shown.ends_with("applied to N-2"), "{}", end.shown);
    assert_end(&end_of(&mixed, shows(404, GONE)), "outcome unknown", AFTER_THE_SPAN);
}

#[test]
fn what_no_read_can_tell_is_said_at_once() {
    let raw = RawOperation::new(Method::PUT, "/v1/things/1/post").body("{}".as_bytes());
    let run = CreateBillRun::new(Batches::all(), AdHoc::up_to(day()));
    let ends = [
        end_of(&raw, shows(200, "{}")),
        end_of(&run, shows(200, "{}")),
        end_of(&EmailBillRun::new("r"), shows(200, "{}")),
        end_of(&EmailInvoice::new("i"), shows(200, "{}")),
        end_of(&UploadInvoiceFile::new("i", "x.pdf", "%PDF".as_bytes().to_vec()), shows(200, "{}")),
        end_of(&BulkCreateStandaloneInvoices::new([create(None)]), shows(200, "{}")),
    ];
    for end in ends {
        assert_end(&end, "no read can tell", AT_ONCE);
        assert!(end.reads.is_empty(), "{:?}", end.reads);
    }
}

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
fn every_verb_that_reads_takes_the_entity_of_the_write() {
    let others = Mutex::new(Vec::new());
    let transport = FakeTransport::new(|request| {
        if request.headers().get("zuora-entity-ids").is_none_or(|entity| entity != "2c98") {
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
    let options = CallOptions::new().entity_id("2c98");
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
