//! Building requests, against the common way: headers from text, the URL from `format!`.

use bytes::Bytes;
use http::Request;
use serde::Serialize;
use zuora_benches::{Bench, Table, bulk_create, processor_time};
use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun, GetBillRun};
use zuora_core::machine::{Action, Call, Event, Machine as _};
use zuora_core::session::Session;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{Seed, Timestamp};
use zuora_core::{CallOptions, Client, Config, Date, Operation};

const BASE: &str = "https://rest.zuora.com";
const RUN: &str = "2c9890077e8a8490017e8bf3a5171a43";
const TOKEN: &str = "a-token-as-long-as-those-of-the-service-are";
const VERSION: &str = "2024-05-20";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bench = Bench::from_args();
    let config = Config::with_token(BASE, TOKEN).api_version(VERSION);
    let session = Session::new(&config, &Seed::from_bytes([7; 32]))?;

    let target = Date::new(2026, 3, 31)?;
    let create = CreateBillRun::new(Batches::named(["Batch1", "Batch2"]), AdHoc::up_to(target)).name("March");
    bench.table(
        Table::new("Building a POST", "request", 1)
            .case("headers from text, `format!`", || common_post().ok())
            .case("this library", || first_request(&session, &create)),
    );

    let get = GetBillRun::new(RUN);
    bench.table(
        Table::new("Building a GET", "request", 1)
            .case("headers from text, `format!`", || common_get(RUN).ok())
            .case("this library", || first_request(&session, &get)),
    );

    let (plain, bulk) = (bulk_create::plain(), bulk_create::ours()?);
    bench.table(
        Table::new("Writing 50 invoices of 20 items", "item", 1_000)
            .case("plain derived structs, to_vec", || serde_json::to_vec(&plain).ok())
            .case("this library, checked", || bulk.request().ok()),
    );
    Ok(compressed_requests(&bench, &config)?)
}

/// Shows what compression costs and saves for creations of 1 to 50 invoices with 20 items each.
fn compressed_requests(bench: &Bench, config: &Config) -> Result<(), zuora_core::Error> {
    let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, "{}")));
    let client = Client::with_transport(config, transport)?;
    let (plain, gzip) =
        (CallOptions::new().gzip_requests_from(None), CallOptions::new().gzip_requests_from(Some(0)));
    bench.report("Requests in gzip", || {
        let mut rows = vec![
            "| Invoices | bytes | in gzip | processor time, us | 10 Mbit/s: saved, ms | 100 Mbit/s: saved, ms |".to_owned(),
            "| ---: | ---: | ---: | ---: | ---: | ---: |".to_owned(),
        ];
        for invoices in [1, 2, 5, 10, 50] {
            let Ok(bulk) = bulk_create::of(invoices) else { continue };
            let build = |options: &CallOptions| {
                let start = processor_time();
                let built: Vec<_> = (0..101).filter_map(|_| client.dry_run(&bulk, options).ok()).collect();
                let length = built.first().map_or(0, |request| request.body().len());
                (length as f64, (processor_time() - start) * 1e6 / 101.0)
            };
            let ((bytes, without), (packed, with)) = (build(&plain), build(&gzip));
            let saved = |bits: f64| (bytes - packed) * 8_000.0 / bits - (with - without) / 1_000.0;
            rows.push(format!(
                "| {invoices} | {bytes} | {packed} | {:.0} | {:.2} | {:.2} |",
                with - without,
                saved(1e7),
                saved(1e8)
            ));
        }
        rows
    });
    Ok(())
}

/// Builds a complete request: token, rate limiter, key, headers.
fn first_request<O: Operation>(
    session: &Session,
    operation: O,
) -> Option<zuora_core::transport::HttpRequest> {
    match Call::new(session, operation).step(Event::Tick, Timestamp::default()) {
        Action::Send(request, _) => Some(request),
        _ => None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainRun<'a> {
    name: &'a str,
    batches: &'a [&'a str],
    target_date: &'a str,
}

fn common_post() -> Result<Request<Bytes>, Box<dyn std::error::Error>> {
    let body = PlainRun { name: "March", batches: &["Batch1", "Batch2"], target_date: "2026-03-31" };
    let body = serde_json::to_vec(&body)?;
    let key = format!("{:032x}-{:x}", 0x1234_5678_9abc_def0_u128, 17);
    let request = Request::builder()
        .method("POST")
        .uri(format!("{BASE}/v1/bill-runs"))
        .header("Authorization", format!("Bearer {TOKEN}"))
        .header("Idempotency-Key", key)
        .header("Zuora-Version", VERSION)
        .header("Content-Type", "application/json")
        .header("Content-Length", body.len().to_string())
        .header("User-Agent", "zuora-rust/0.1.0")
        .header("Accept", "application/json")
        .header("Accept-Encoding", "gzip");
    Ok(request.body(Bytes::from(body))?)
}

fn common_get(run: &str) -> Result<Request<Bytes>, Box<dyn std::error::Error>> {
    let request = Request::builder()
        .method("GET")
        .uri(format!("{BASE}/v1/bill-runs/{run}"))
        .header("Authorization", format!("Bearer {TOKEN}"))
        .header("Zuora-Version", VERSION)
        .header("User-Agent", "zuora-rust/0.1.0")
        .header("Accept", "application/json")
        .header("Accept-Encoding", "gzip");
    Ok(request.body(Bytes::new())?)
}
