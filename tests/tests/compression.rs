//! Compression of request bodies: from which size, once a call, and in a form that the service reads.

use std::io::Read as _;

use zuora_core::http::Method;
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, CreateStandaloneInvoice, NewInvoiceItem, UploadInvoiceFile,
};
use zuora_core::machine::Call;
use zuora_core::operation::RawOperation;
use zuora_core::transport::HttpRequest;
use zuora_core::types::AccountNumber;
use zuora_core::{Amount, CallOptions, Client, Config, Date, Operation, Outcome};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, InProcess, Sandbox, Server, Settings, Tenant};
use zuora_tests::simulation::{SendResult, Simulation, config, header, received, script, success, warm};

/// A creation of as many invoices, of about half a kilobyte each.
fn creation(invoices: i64) -> BulkCreateStandaloneInvoices {
    let day = Date::new(2026, 3, 1).unwrap();
    let invoice = |_| {
        let items = (0..2).map(|n| NewInvoiceItem::named(format!("Seat {n}"), Amount::from(10 + n), day));
        CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day, items).comments("x".repeat(250))
    };
    BulkCreateStandaloneInvoices::new((0..invoices).map(invoice))
}

fn inflated(request: &HttpRequest) -> Vec<u8> {
    let mut body = Vec::new();
    match header(request.headers(), "content-encoding").as_deref() {
        Some("gzip") => flate2::read::GzDecoder::new(&request.body()[..]).read_to_end(&mut body).unwrap(),
        _ => (&request.body()[..]).read_to_end(&mut body).unwrap(),
    };
    body
}

/// Whether the only request of such a call is compressed.
fn is_compressed<O: Operation>(config: &Config, operation: &O, options: &CallOptions) -> bool {
    let mut simulation = Simulation::new(script([success()]));
    let _ = simulation.drive(Call::with_options(&warm(config), operation, options));
    let request = &simulation.calls()[0].request;
    let plain = operation.request().unwrap();
    let headers = request.headers();
    assert_eq!(inflated(request), &plain.body()[..]);
    assert_eq!(header(headers, "content-length"), Some(request.body().len().to_string()));
    assert_eq!(header(headers, "content-type"), header(plain.headers(), "content-type"));
    headers.contains_key("content-encoding")
}

#[test]
fn bodies_are_compressed_from_the_size_of_the_session_or_the_call() {
    let none = CallOptions::new();
    let (small, large) = (creation(20), creation(50));
    assert!(!is_compressed(&config(), &small, &none), "10 KB are sent as they are by default");
    assert!(is_compressed(&config(), &large, &none));

    let all = config().gzip_requests_from(Some(0));
    let off = config().gzip_requests_from(None);
    assert!(is_compressed(&all, &small, &none));
    assert!(!is_compressed(&off, &large, &none));
    assert!(!is_compressed(&all, &large, &CallOptions::new().gzip_requests_from(None)));
    assert!(is_compressed(&off, &small, &CallOptions::new().gzip_requests_from(Some(1))));
    assert!(!is_compressed(&off, &small, &CallOptions::new().gzip_requests_from(Some(1 << 20))));
}

#[test]
fn a_raw_body_is_compressed_only_where_a_setting_says_so() {
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
    let raw = RawOperation::new(Method::POST, "/v1/x").body(body.into_bytes());
    let none = CallOptions::new();
    assert!(!is_compressed(&config(), &raw, &none));
    assert!(is_compressed(&config(), &raw, &CallOptions::new().gzip_requests_from(Some(16 << 10))));
    assert!(is_compressed(&config().gzip_requests_from(Some(16 << 10)), &raw, &none));
    assert!(!is_compressed(&config().gzip_requests_from(None), &raw, &none));
}

#[test]
fn a_setting_counts_the_bytes_before_compression() {
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(92));
    let raw = RawOperation::new(Method::PUT, "/v1/x").body(body.into_bytes());
    let size = raw.request().unwrap().body().len();
    let from = |bytes| CallOptions::new().gzip_requests_from(Some(bytes));
    assert!(is_compressed(&config(), &raw, &from(size)));
    assert!(!is_compressed(&config(), &raw, &from(size + 1)));
}

#[test]
fn an_upload_is_never_compressed() {
    let upload =
        UploadInvoiceFile::new("INV00000001", "terms.pdf", format!("%PDF-1.7\n{}", " ".repeat(50_000)));
    assert!(!is_compressed(&config().gzip_requests_from(Some(0)), &upload, &CallOptions::new()));
}

#[test]
fn every_attempt_sends_the_same_bytes_under_the_same_key() {
    let busy = || received(503, &[], "");
    let mut simulation = Simulation::new(script([SendResult::Lost, busy(), success()]));
    let call = Call::new(&warm(&config()), creation(50));
    let _ = simulation.drive(call);
    let bodies: Vec<_> = simulation.calls().iter().map(|sent| sent.request.body().as_ptr()).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the body is kept, and not compressed again");
    let encodings: Vec<_> =
        simulation.calls().iter().map(|sent| header(sent.request.headers(), "content-encoding")).collect();
    assert_eq!(encodings, vec![Some("gzip".to_owned()); 3]);
    let keys = simulation.keys();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn the_sandbox_reads_and_records_compressed_requests() {
    let settings = Settings::default().reject_other_body(true);
    let transport = InProcess::new(Sandbox::new(Tenant::demo(), settings));
    let config = Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET);
    let client = Client::with_transport(&config, transport).unwrap();
    client.transport().sandbox().faults().push(Fault::LoseResponse.on(Method::POST, "/v1/invoices/batch"));
    let key = CallOptions::new().idempotency_key("one-creation");
    let first = client.call_with(&creation(50), &key).unwrap();
    assert_eq!((first.attempts(), first.invoices.len()), (2, 50));

    // The key belongs to the content, whatever its encoding.
    let plain = client.call_with(&creation(50), &key.clone().gzip_requests_from(None)).unwrap();
    let ids = |response: &zuora_core::invoices::CreatedInvoices| {
        response.invoices.iter().map(|row| row.id().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&plain), ids(&first));
    let other = client.call_with(&creation(49), &key).unwrap_err();
    assert_eq!(other.outcome(), Outcome::NotApplied);

    let sandbox = client.transport().sandbox();
    let entries: Vec<_> = sandbox
        .journal()
        .entries()
        .filter(|entry| entry.target() == "/v1/invoices/batch")
        .map(|entry| {
            (entry.headers().contains_key("content-encoding"), entry.body().clone(), entry.to_curl())
        })
        .collect();
    let written = creation(50).request().unwrap().body().to_vec();
    assert_eq!(entries.iter().map(|entry| entry.0).collect::<Vec<_>>(), [true, true, false, true]);
    assert!(entries[..3].iter().all(|(_, body, _)| *body == written));
    assert_eq!(entries[0].2.replace(" -H 'content-encoding: gzip'", ""), entries[0].2);
    assert!(entries[0].2.contains("--data-raw '{\"invoices\""), "a command that can be run");
}

#[test]
fn compressed_requests_arrive_over_both_transports() {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let config = Config::new(server.url(), CLIENT_ID, CLIENT_SECRET).gzip_requests_from(Some(0));
    let blocking = zuora_ureq::Client::new(&config).unwrap();
    assert_eq!(blocking.call(&creation(50)).unwrap().invoices.len(), 50);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let created = runtime.block_on(async {
        zuora_reqwest::Client::new(&config).unwrap().call(&creation(3)).await.unwrap().invoices.len()
    });
    assert_eq!(created, 3);
    let sandbox = server.sandbox();
    let batches = sandbox.journal().entries().filter(|entry| entry.target() == "/v1/invoices/batch");
    assert!(batches.map(|entry| entry.headers()["content-encoding"] == "gzip").eq([true, true]));
}

#[test]
fn a_compressed_body_that_grows_beyond_the_limit_of_the_service_is_rejected() {
    let settings = Settings::default().max_body(20_000_usize);
    let client = Client::with_transport(
        &Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET),
        InProcess::new(Sandbox::new(Tenant::demo(), settings)),
    )
    .unwrap();
    let error = client.call(&creation(50)).unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
    assert_eq!(error.outcome(), Outcome::NotApplied);
}
