//! The trace of a few calls, printed as text.
//!
//! The calls run against a sandbox inside this process, which throttles one of them. Each call is a span, and each
//! attempt, decision and wait an event. A program that sends its spans to a collector adds the layer of the crate
//! `tracing-opentelemetry` to its subscriber instead: the fields have the names that OpenTelemetry defines.
//!
//! `cargo run -p zuora-ureq --features tracing --example trace`

use std::env;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use tracing_subscriber::fmt::format::FmtSpan;
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, Sandbox, Server};
use zuora_ureq::http::header::RETRY_AFTER;
use zuora_ureq::http::{HeaderMap, HeaderValue, Method, StatusCode};
use zuora_ureq::invoices::GetInvoice;
use zuora_ureq::object_query::QueryInvoices;
use zuora_ureq::observer::to_tracing;
use zuora_ureq::{Client, Config};

const USAGE: &str = "\
usage: trace

Prints the trace of a few calls to a sandbox inside this process.";

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        None => {}
        Some("--help") => {
            let _ = writeln!(stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            let _ = writeln!(stderr(), "trace: unknown argument {other}: only --help is supported");
            return ExitCode::FAILURE;
        }
    }
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .without_time()
        .with_writer(|| IgnoreClosedPipe)
        .init();
    match calls() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "trace: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn calls() -> Result<(), Box<dyn Error>> {
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    let config =
        Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET).track_id("trace").observer(to_tracing());
    let client = Client::new(&config)?;

    let throttled = Fault::status(StatusCode::TOO_MANY_REQUESTS)
        .headers(HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("1"))]));
    sandbox.sandbox().faults().push(throttled.on(Method::GET, "/object-query/invoices"));
    client.call(&QueryInvoices::new().page_size(1))?;

    // The trace shows the status, the reason and the outcome of a call that fails.
    if let Err(error) = client.call(&GetInvoice::new("INV-unknown")) {
        writeln!(stdout(), "the application: {error}")?;
    }
    Ok(())
}

/// Standard output, whose reader may have enough at any time.
struct IgnoreClosedPipe;

impl std::io::Write for IgnoreClosedPipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        stdout().write(bytes).or(Ok(bytes.len()))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        stdout().flush().or(Ok(()))
    }
}
