//! Whole calls: over the loopback address against hand-written loops, and without a network.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Uri};
use zuora_benches::raw::{self, BEARER, TIMEOUT, TOKEN, VERSION};
use zuora_benches::wire::{self, Flag};
use zuora_benches::{Bench, LargePage, Table, bulk_create, plain};
use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun, GetBillRun};
use zuora_core::operation::Spec;
use zuora_core::session::Session;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError};
use zuora_core::{CallOptions, Client, Config, Date, Error, Operation};
use zuora_reqwest::reqwest;
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, InProcess};
use zuora_ureq::ureq::Agent;

type Outcome<T> = Result<T, Box<dyn StdError>>;

fn main() -> Outcome<()> {
    let bench = Bench::from_args();
    let server = bench.server(|| {
        let run = wire::bill_run;
        vec![
            ("5171a41", run(Flag::First)),
            ("5171a42", run(Flag::Middle)),
            ("5171a43", run(Flag::Last)),
            ("/bill-runs#first", run(Flag::First)),
            ("/bill-runs#in-the-middle", run(Flag::Middle)),
            ("/bill-runs#last", run(Flag::Last)),
            ("/invoices/batch", wire::created_invoices(50)),
            ("/invoices/batch#bulk", wire::created_invoices(50)),
            ("/PAGE-GZIP/items", wire::gzipped(&wire::invoice_items(40))),
            ("/PAGE/items", wire::invoice_items(40)),
            ("/items", wire::invoice_items(1_000)),
        ]
    })?;
    over_ureq(&bench, &server)?;
    over_reqwest(&bench, &server)?;
    core_share(&bench)?;
    threads(&bench)?;
    idle_clients(&bench)
}

fn track_id(flag: Flag) -> String {
    flag.place().replace(' ', "-")
}

/// The creation of a bill run in this library, and as hand-written JSON.
fn creation() -> Outcome<CreateBillRun> {
    Ok(CreateBillRun::new(Batches::named(["Batch1", "Batch2"]), AdHoc::up_to(Date::new(2026, 3, 31)?))
        .name("March, Team Plan"))
}

fn over_ureq(bench: &Bench, server: &str) -> Outcome<()> {
    let agent = |timeout: Option<Duration>| -> Agent {
        Agent::config_builder().timeout_global(timeout).build().into()
    };
    let (untimed, timed) = (agent(None), agent(Some(TIMEOUT)));
    let get = |agent: &Agent, path: &str| raw::get(agent, &format!("{server}{path}"));
    let keys = AtomicU64::new(0);
    let post = |agent: &Agent, path: &str, track_id: &str, body: &[u8]| -> Outcome<Vec<u8>> {
        let mut response = agent
            .post(format!("{server}{path}"))
            .header("Authorization", BEARER)
            .header("Zuora-Version", VERSION)
            .header("Zuora-Track-Id", track_id)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", format!("{:032x}", keys.fetch_add(1, Ordering::Relaxed)))
            .header("Accept-Encoding", "gzip")
            .send(body)?;
        Ok(response.body_mut().with_config().limit(64 << 20).read_to_vec()?)
    };
    let client = zuora_ureq::Client::new(&Config::with_token(server, TOKEN).api_version(VERSION))?;
    for flag in Flag::ALL {
        let run = GetBillRun::new(flag.run());
        let path = format!("/v1/bill-runs/{}", flag.run());
        bench.table(
            Table::new(format!("get_bill_run over ureq, `success` {}", flag.place()), "call", 1)
                .case("raw loop", || plain_run(&get(&untimed, &path).ok()?))
                .case("client.call", || client.call(&run).ok())
                .case("raw loop with a timeout", || plain_run(&get(&timed, &path).ok()?)),
        );
    }
    for flag in Flag::ALL {
        let (create, track_id) = (creation()?, track_id(flag));
        let config = Config::with_token(server, TOKEN).api_version(VERSION).track_id(&track_id);
        let client = zuora_ureq::Client::new(&config)?;
        bench.table(
            Table::new(format!("create_bill_run over ureq, `success` {}", flag.place()), "call", 1)
                .case("raw loop", || {
                    let body = serde_json::to_vec(&plain::NewBillRun::march()).ok()?;
                    plain_run(&post(&untimed, "/v1/bill-runs", &track_id, &body).ok()?)
                })
                .case("client.call", || client.call(&create).ok()),
        );
    }
    let (plain_bulk, bulk) = (bulk_create::plain(), bulk_create::ours()?);
    let plain_requests = CallOptions::new().gzip_requests_from(None);
    bench.table(
        Table::new("bulk_create_standalone_invoices of 50 x 20 over ureq", "call", 1)
            .case("raw loop", || {
                let body = serde_json::to_vec(&plain_bulk).ok()?;
                let response = post(&untimed, "/v1/invoices/batch", "bulk", &body).ok()?;
                plain::read::<plain::CreatedInvoices>(&response)
            })
            .case("client.call, the request as it is", || client.call_with(&bulk, &plain_requests).ok())
            .case("client.call, the request in gzip", || client.call(&bulk).ok()),
    );
    let path = "/v1/invoices/INV00000155/items?pageSize=40";
    let items = LargePage::new("INV00000155");
    bench.table(
        Table::new("get_invoice_items of 1,000 over ureq", "call", 1)
            .case("raw loop", || plain_items(&get(&untimed, path).ok()?))
            .case("client.call", || client.call(&items).ok()),
    );
    let (page, packed) = (LargePage::new("PAGE"), LargePage::new("PAGE-GZIP"));
    bench.table(
        Table::new("get_invoice_items of 40 over ureq", "call", 1)
            .case("client.call", || client.call(&page).ok())
            .case("client.call, the response in gzip", || client.call(&packed).ok()),
    );
    Ok(())
}

fn plain_run(body: &[u8]) -> Option<plain::BillRun> {
    plain::read(body)
}

fn plain_items(body: &[u8]) -> Option<plain::InvoiceItems> {
    plain::read(body)
}

fn over_reqwest(bench: &Bench, server: &str) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let untimed = reqwest::Client::builder().build()?;
    let timed = reqwest::Client::builder().timeout(TIMEOUT).build()?;
    let config = Config::with_token(server, TOKEN).api_version(VERSION);
    let client = runtime.block_on(async { zuora_reqwest::Client::new(&config) })?;
    for flag in Flag::ALL {
        let run = GetBillRun::new(flag.run());
        let url = format!("{server}/v1/bill-runs/{}", flag.run());
        let raw_run = async |client| plain_run(&raw::get_async(client, &url).await?);
        bench.table(
            Table::new(format!("get_bill_run over reqwest, `success` {}", flag.place()), "call", 1)
                .case("raw loop", || runtime.block_on(raw_run(&untimed)))
                .case("client.call", || runtime.block_on(client.call(&run)).ok())
                .case("raw loop with a timeout", || runtime.block_on(raw_run(&timed))),
        );
    }
    let items_url = format!("{server}/v1/invoices/INV00000155/items?pageSize=40");
    let items = LargePage::new("INV00000155");
    let raw_items = async || plain_items(&raw::get_async(&untimed, &items_url).await?);
    bench.table(
        Table::new("get_invoice_items of 1,000 over reqwest", "call", 1)
            .case("raw loop", || runtime.block_on(raw_items()))
            .case("client.call", || runtime.block_on(client.call(&items)).ok()),
    );
    Ok(())
}

/// A transport that returns a prepared response.
#[derive(Clone, Debug)]
struct PreparedResponse(Arc<HttpResponse>);

impl PreparedResponse {
    fn with(body: impl Into<Bytes>) -> Self {
        let mut response = FakeTransport::json(200, body);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json;charset=utf-8"));
        headers.insert("zuora-request-id", HeaderValue::from_static("8b4b2b8a-0000-4000-8000-000000000000"));
        headers.insert("ratelimit-limit", HeaderValue::from_static("50000, 50000;w=60"));
        headers.insert("ratelimit-remaining", HeaderValue::from_static("49999"));
        headers.insert("ratelimit-reset", HeaderValue::from_static("60"));
        headers.insert("concurrency-limit-remaining", HeaderValue::from_static("39"));
        Self(Arc::new(response))
    }
}

impl Transport for PreparedResponse {
    fn send(&self, _: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
        Ok((*self.0).clone())
    }

    fn sleep_until(&self, _: Timestamp) {}

    fn now(&self) -> Timestamp {
        Timestamp::new(Duration::from_secs(1))
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(Seed::from_bytes([7; 32]))
    }
}

fn core_share(bench: &Bench) -> Outcome<()> {
    let config = Config::with_token("https://rest.zuora.com", TOKEN).api_version(VERSION);
    let prepared = PreparedResponse::with(wire::bill_run(Flag::First));
    let run = GetBillRun::new(Flag::First.run());
    let client = Client::with_transport(&config, prepared.clone())?;
    let limits = Limits::new(Duration::from_secs(130), 64 << 20);
    bench.table(
        Table::new("The core's share of a GET: token, rate limiter, headers, envelope, metadata", "call", 1)
            .case("request, prepared response, parse", || {
                run.parse(&prepared.send(run.request().ok()?, limits).ok()?).ok()
            })
            .case("client.call", || client.call(&run).ok()),
    );
    let client = Client::with_transport(&config, PreparedResponse(Arc::new(FakeTransport::json(204, ""))))?;
    bench.table(
        Table::new("An empty call: the difference includes the time under the session's lock", "call", 1)
            .case("client.plan, which takes no lock", || {
                client.dry_run(&EmptyOperation, &CallOptions::new()).ok()
            })
            .case("client.call, which takes it twice", || client.call(&EmptyOperation).ok()),
    );
    Ok(())
}

/// An operation whose request and response are empty.
struct EmptyOperation;

impl Operation for EmptyOperation {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("nothing", "/v1/nothing");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        let mut request = HttpRequest::default();
        *request.uri_mut() = Uri::from_static("/v1/nothing");
        Ok(request)
    }

    fn parse(&self, _: &HttpResponse) -> Result<(), Error> {
        Ok(())
    }
}

/// Compares the calls per second of threads that share a session with threads that have separate sessions: over a
/// transport with a prepared response, where only the session can cause contention, and over the sandbox without a
/// socket.
fn threads(bench: &Bench) -> Outcome<()> {
    let config = Config::with_token("https://rest.zuora.com", TOKEN).api_version(VERSION);
    let prepared = PreparedResponse::with(wire::bill_run(Flag::First));
    let get = GetBillRun::new(Flag::First.run());
    bench.report("Threads that share a session", || thread_rows(&config, &prepared, &get, 10_000));

    let config = Config::new("https://rest.zuora.com", CLIENT_ID, CLIENT_SECRET);
    let sandbox = InProcess::demo();
    let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31)?));
    let get = GetBillRun::new(Client::with_transport(&config, sandbox.clone())?.call(&create)?.id()?.clone());
    bench.report("Threads that share a session, against the sandbox", || {
        thread_rows(&config, &sandbox, &get, 1_000)
    });
    Ok(())
}

fn thread_rows<T>(config: &Config, transport: &T, get: &GetBillRun, calls: u32) -> Vec<String>
where
    T: Transport + Clone + Send,
{
    let mut rows = vec![
        "| Threads | calls per second, a session each | one session for all | ratio |".to_owned(),
        "| ---: | ---: | ---: | ---: |".to_owned(),
    ];
    for threads in [1, 2, 4, 8] {
        let mut runs: Vec<(f64, f64)> = (0..15)
            .filter_map(|round| {
                let session = || Session::new(config, &Seed::from_bytes([round; 32])).ok();
                let separate: Vec<Session> = (0..threads).filter_map(|_| session()).collect();
                let shared = session()?;
                let shared_by_all: Vec<Session> = (0..threads).map(|_| shared.clone()).collect();
                let separate = calls_per_second(&separate, transport, get, calls);
                Some((separate, calls_per_second(&shared_by_all, transport, get, calls)))
            })
            .collect();
        runs.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
        let (separate, shared_by_all) = runs[runs.len() / 2];
        rows.push(format!(
            "| {threads} | {separate:.0} | {shared_by_all:.0} | {:.2} |",
            shared_by_all / separate
        ));
    }
    rows
}

fn calls_per_second<T>(sessions: &[Session], transport: &T, get: &GetBillRun, calls: u32) -> f64
where
    T: Transport + Clone + Send,
{
    let start = Instant::now();
    std::thread::scope(|scope| {
        for session in sessions {
            let client = Client::with_session(session, transport.clone());
            scope.spawn(move || (0..calls).for_each(|_| drop(client.call(get))));
        }
    });
    f64::from(calls) * sessions.len() as f64 / start.elapsed().as_secs_f64()
}

/// Measures the cost of idle clients.
fn idle_clients(bench: &Bench) -> Outcome<()> {
    let client = zuora_ureq::Client::new(&Config::with_token("https://rest.zuora.com", TOKEN))?;
    let session = client.session();
    bench.table(
        Table::new("10,000 clients", "client", 10_000)
            .case("a session each", || {
                let config = Config::with_token("https://rest.zuora.com", TOKEN);
                (0..10_000).filter_map(|_| zuora_ureq::Client::new(&config).ok()).collect::<Vec<_>>()
            })
            .case("one session for all", || {
                (0..10_000)
                    .map(|_| zuora_ureq::Client::with_session(session, client.transport().clone()))
                    .collect::<Vec<_>>()
            }),
    );
    Ok(())
}
