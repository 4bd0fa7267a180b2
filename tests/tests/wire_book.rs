//! The wire book, `tests/wire/*.http`: for each operation the exact request, a recorded response, and the value that is
//! read from the response, written back. The pages are both snapshots and documentation.
//!
//! A recorded response is input: write it by hand. This test writes the rest of a page if the environment variable
//! `WIRE_BOOK` is `write`; review the difference before you commit it.

#![allow(clippy::unwrap_used, clippy::panic)] // A test fails by panicking.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use zuora_core::bill_runs::{
    AdHoc, Batches, CancelBillRun, CreateBillRun, DeleteBillRun, EmailBillRun, GetBillRun, PostBillRun,
};
use zuora_core::files::GetFiles;
use zuora_core::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, USER_AGENT};
use zuora_core::http::{HeaderMap, HeaderName, HeaderValue, Method};
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CancelInvoice, Contact,
    CreateStandaloneInvoice, CreateTaxationItems, DeleteInvoice, EmailInvoice, GetInvoice,
    GetInvoiceApplicationParts, GetInvoiceFiles, GetInvoiceItems, GetInvoicePdfStatus, GetTaxationItems,
    InvoicePatch, ItemPatch, ItemUpdate, NewContact, NewDiscountItem, NewInvoiceItem, NewTaxationItem,
    PostInvoice, ReverseInvoice, TaxMode, TaxRateType, UpdateInvoice, UploadInvoiceFile, WriteOff,
    WriteOffInvoice,
};
use zuora_core::jobs::GetOperationJob;
use zuora_core::object_query::{Comparison, Filter, QueryInvoices};
use zuora_core::operation::Effect;
use zuora_core::session::CreateToken;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse};
use zuora_core::types::{AccountNumber, BillRunNumber, Secret};
use zuora_core::{Amount, CallOptions, Client, Config, DataCenter, Date, Operation};

const RUN: &str = "2c9890077e8a8490017e8bf3a5171a43";
const INVOICE: &str = "2c92c8955bd63cc1015bd7c151af02ab";
const OTHER_INVOICE: &str = "2c92c8955bd63cc1015bd7c151af02ac";
const ITEM: &str = "8a8007000000000000000000000000b1";
const JOB: &str = "8a8008000000000000000000000000c1";
const FILE: &str = "8a8004000000000000000000000000d1";
const CLIENT_ID: &str = "00000000-0000-4000-8000-000000000001";
const CLIENT_SECRET: &str = "sandbox-secret";

/// Returns every page. Each is a realistic call.
fn pages() -> Vec<Page> {
    vec![
        token_request(),
        page(
            CreateBillRun::new(
                Batches::named(["Batch1", "Batch2"]).cycle_day(15),
                AdHoc::up_to(day("2024-05-31")),
            )
            .name("May, mid-month")
            .auto_renewal(true),
        ),
        page(GetBillRun::new(RUN)),
        page(PostBillRun::new(RUN).invoice_date(day("2024-06-01"))),
        page(CancelBillRun::new(RUN)),
        page(DeleteBillRun::new(RUN)),
        page(EmailBillRun::new(BillRunNumber::from("BR-00000016")).resend(true)),
        page(
            QueryInvoices::of_bill_run("BR-00000016")
                .filter(Filter::new("status", Comparison::Equal, "Draft"))
                .page_size(2),
        ),
        page(standalone_invoice()),
        page(BulkCreateStandaloneInvoices::new([standalone_invoice(), standalone_invoice()])),
        page(GetInvoice::new(INVOICE)),
        page(GetInvoiceItems::new("INV00000155").page_size(20).page(2)),
        page(GetTaxationItems::new("INV00000155", ITEM)),
        page(CreateTaxationItems::new(
            "INV00000155",
            [NewTaxationItem::new(ITEM, "State tax", day("2024-06-01"))
                .jurisdiction("California")
                .tax_amount(amount("200.25"))
                .tax_rate(amount("0.20"))
                .tax_rate_type(TaxRateType::Percentage)],
        )),
        page(UpdateInvoice::new(INVOICE, changes())),
        page(BulkUpdateInvoices::new([
            (INVOICE, changes()),
            (OTHER_INVOICE, InvoicePatch::default().auto_pay(false)),
        ])),
        page(PostInvoice::new("INV00000155").invoice_date(day("2024-06-01"))),
        page(BulkPostInvoices::new([INVOICE, OTHER_INVOICE])),
        page(CancelInvoice::new(INVOICE)),
        page(DeleteInvoice::new(INVOICE)),
        page(ReverseInvoice::new("INV00000155").memo_date(day("2024-06-30")).comment("Billed twice")),
        page(WriteOffInvoice::new("INV00000155").details(WriteOff::default().comment("Insolvent"))),
        page(EmailInvoice::new("INV00000155").to(["ada@example.com", "billing@example.com"])),
        page(GetInvoiceApplicationParts::new("INV00000155")),
        page(GetInvoicePdfStatus::new(["INV00000155", "INV00000156"])),
        page(GetInvoiceFiles::new("INV00000155")),
        page(UploadInvoiceFile::new("INV00000155", "terms.pdf", "%PDF-1.7\n%%EOF\n")),
        download(),
        page(GetOperationJob::new(JOB)),
    ]
}

fn standalone_invoice() -> CreateStandaloneInvoice {
    let setup = NewInvoiceItem::named("Setup", amount("250.00"), day("2024-06-01"))
        .discount_items([NewDiscountItem::named("Spring", amount("-25.00"))]);
    let training = NewInvoiceItem::named("Training", amount("480.50"), day("2024-06-01"))
        .quantity(2)
        .unit_price(amount("240.25"))
        .tax_code("Standard")
        .tax_mode(TaxMode::TaxExclusive);
    let mut invoice =
        CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day("2024-06-01"), [setup, training])
            .comments("Welcome")
            .bill_to(
                NewContact::new("Ada", "Lovelace").work_email("ada@example.com").country("United Kingdom"),
            )
            .sold_to(Contact::SameAsBillTo);
    invoice.set_custom("CostCenter__c", "4711").expect("a custom field");
    invoice
}

/// An item of each kind: new, changed, removed.
fn changes() -> InvoicePatch {
    let items: [ItemUpdate; 3] = [
        NewInvoiceItem::named("Travel", amount("99.90"), day("2024-06-01")).into(),
        ItemPatch::of(ITEM).amount(amount("225.00")).without_tax().into(),
        ItemUpdate::remove("8a8007000000000000000000000000b2"),
    ];
    InvoicePatch::default().due_date(day("2024-07-15")).items(items)
}

#[test]
fn the_book_is_up_to_date() {
    let write = std::env::var("WIRE_BOOK").is_ok_and(|value| value == "write");
    let mut problems = String::new();
    for page in pages() {
        let file = book().join(format!("{}.http", page.name));
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        let response = section(&found, RESPONSE).unwrap_or_default();
        let read = match parse_response(response) {
            Some(response) => (page.read)(response),
            None => {
                let _ = writeln!(
                    problems,
                    "{}: record a response under `{RESPONSE}`, then run the test again",
                    page.name
                );
                String::new()
            }
        };
        let now = format!(
            "{}\n{REQUEST}\n\n{}\n\n{RESPONSE}\n\n{response}\n\n{READ}\n\n{read}\n",
            page.title, page.request
        );
        if write {
            std::fs::write(&file, now).expect("the book can be written");
        } else if let Some((line, found, now)) = first_difference(&found, &now) {
            let _ =
                writeln!(problems, "{}.http:{line}\n  in the book: {found}\n  now:         {now}", page.name);
        }
    }
    assert!(
        problems.is_empty(),
        "{problems}If this change is intended: WIRE_BOOK=write cargo test -p zuora-tests --test wire_book, and \
         review the difference."
    );
}

#[test]
fn every_documented_operation_has_a_page() {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    #[derive(Deserialize)]
    struct ObjectQuery {
        operation: Named,
    }
    let operations: Vec<Named> = serde_json::from_str(include_str!("../reference/operations.json")).unwrap();
    let query: ObjectQuery = serde_json::from_str(include_str!("../reference/object_query.json")).unwrap();
    let documented: BTreeSet<String> =
        operations.into_iter().chain([query.operation]).map(|operation| operation.name).collect();
    let written: BTreeSet<String> = pages().into_iter().map(|page| page.name).collect();
    let on_disk: BTreeSet<String> = std::fs::read_dir(book())
        .expect("the book is there")
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(written, documented, "pages() and the documented operations");
    assert_eq!(on_disk, documented, "files and the documented operations");
}

const REQUEST: &str = "### The request";
const RESPONSE: &str = "### The response, as recorded";
const READ: &str = "### The value read from it, written back";

/// The parts of a page, except for the response.
struct Page {
    name: String,
    title: String,
    request: String,
    /// The same request, compressed.
    compressed: Option<HttpRequest>,
    read: Box<dyn Fn(HttpResponse) -> String>,
}

impl Page {
    fn new<O: Operation + 'static>(
        operation: O,
        request: String,
        read: impl Fn(&O, HttpResponse) -> String + 'static,
    ) -> Self {
        let spec = operation.spec();
        Self {
            name: spec.name.to_owned(),
            title: format!("# {}: {} {}\n", spec.name, spec.method, spec.path),
            request,
            compressed: None,
            read: Box::new(move |response| read(&operation, response)),
        }
    }
}

/// A page of an operation whose output can be written as JSON.
fn page<O>(operation: O) -> Page
where
    O: Operation + 'static,
    O::Output: Serialize,
{
    page_showing(operation, |value| serde_json::to_string_pretty(value).expect("a value can be written"))
}

/// A page of a file, which cannot be written as JSON.
fn download() -> Page {
    page_showing(GetFiles::new(FILE), |file| format!("{file:?}"))
}

/// The same request in gzip differs in the headers that say so, and in nothing that the service reads.
#[test]
fn compressed_requests_say_the_same() {
    let mut compressed = 0;
    for page in pages() {
        let Some(gzip) = page.compressed else { continue };
        let mut body = Vec::new();
        if gzip.headers().contains_key(CONTENT_ENCODING) {
            compressed += 1;
            flate2::read::GzDecoder::new(&gzip.body()[..]).read_to_end(&mut body).expect("gzip");
        } else {
            body.extend_from_slice(gzip.body());
        }
        let (mut head, length) = (gzip.into_parts().0, body.len());
        head.headers.remove(CONTENT_ENCODING);
        if let Some(value) = head.headers.get_mut(CONTENT_LENGTH) {
            *value = length.into();
        }
        assert_eq!(print_request(&HttpRequest::from_parts(head, body.into())), page.request, "{}", page.name);
    }
    assert!(compressed >= 3, "the large pages become smaller");
}

fn page_showing<O: Operation + 'static>(operation: O, show: impl Fn(&O::Output) -> String + 'static) -> Page {
    let options = match operation.spec().effect {
        Effect::Keyed => CallOptions::new().idempotency_key("wire-book-1"),
        _ => CallOptions::new(),
    };
    let offline = client(FakeTransport::new(|_| Ok(FakeTransport::json(500, ""))));
    let request = offline.dry_run(&operation, &options).expect("a valid request");
    let read = move |operation: &O, response: HttpResponse| {
        let response = client(FakeTransport::new(|_| Ok(response.clone()))).call(operation);
        response.map_or_else(|error| format!("{error:#}"), |response| show(&response))
    };
    let options = options.gzip_requests_from(Some(0));
    let compressed = offline.dry_run(&operation, &options).expect("a valid request");
    Page { compressed: Some(compressed), ..Page::new(operation, print_request(&request), read) }
}

/// A page of the token request. A session sends it automatically, so there is no dry run; its response is a secret, so
/// it cannot be written as JSON.
fn token_request() -> Page {
    let seen = Mutex::new(String::new());
    let transport = FakeTransport::bare(|request| {
        let mut seen = seen.lock().unwrap();
        if seen.is_empty() {
            *seen = print_request(request).replace(CLIENT_SECRET, "...");
        }
        Ok(FakeTransport::json(200, r#"{"access_token":"t0","success":true}"#))
    });
    client(&transport).raw(Method::GET, "/v1/ping", None).expect("any response is accepted");
    let request = seen.lock().unwrap().clone();
    let operation = CreateToken::new(CLIENT_ID, Secret::from(CLIENT_SECRET));
    Page::new(operation, request, |operation, response| match operation.parse(&response) {
        Ok(response) => format!("{response:#?}"),
        Err(error) => format!("{error:#}"),
    })
}

fn client<T: zuora_core::transport::Transport>(transport: T) -> Client<T> {
    Client::with_transport(&Config::new(DataCenter::UsCloud2, CLIENT_ID, CLIENT_SECRET), transport)
        .expect("a valid configuration")
}

fn print_request(request: &HttpRequest) -> String {
    let uri = request.uri();
    let mut text = format!(
        "{} {} HTTP/1.1\nhost: {}\n",
        request.method(),
        uri.path_and_query().expect("a path"),
        uri.host().expect("a host")
    );
    let mut headers: Vec<String> =
        request.headers().iter().map(|(name, value)| print_header(name, value)).collect();
    headers.sort();
    text.push_str(&headers.concat());
    if !request.body().is_empty() {
        let body = String::from_utf8_lossy(request.body()).replace("\r\n", "\n");
        let _ = write!(text, "\n{}", body.trim_end());
    }
    text.trim_end().to_owned()
}

/// Replaces the version, so that a release changes no page.
fn print_header(name: &HeaderName, value: &HeaderValue) -> String {
    let value = value.to_str().expect("printable");
    let value = if name == USER_AGENT {
        value.replace(env!("CARGO_PKG_VERSION"), "{version}")
    } else {
        value.to_owned()
    };
    format!("{name}: {value}\n")
}

/// Parses a recorded response: status line, headers, an empty line, the body.
fn parse_response(text: &str) -> Option<HttpResponse> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.insert(
            HeaderName::try_from(name).expect("a header name"),
            value.parse().expect("a header value"),
        );
    }
    let mut response = FakeTransport::json(status, body.to_owned());
    *response.headers_mut() = headers;
    Some(response)
}

fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(heading)?;
    Some(rest.split("\n### ").next()?.trim())
}

fn first_difference<'a>(found: &'a str, now: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut found, mut now) = (found.split('\n'), now.split('\n'));
    for line in 1.. {
        match (found.next(), now.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => return Some((line, a.unwrap_or("(end)"), b.unwrap_or("(end)"))),
        }
    }
    None
}

fn book() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/wire"))
}

fn day(text: &str) -> Date {
    text.parse().expect("a valid date")
}

fn amount(literal: &str) -> Amount {
    literal.parse().expect("a number")
}
