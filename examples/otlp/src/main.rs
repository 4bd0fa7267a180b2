//! Spans of calls, sent over OTLP to a collector of OpenTelemetry.
//!
//! The observer `to_tracing` makes a span of each call, `tracing-opentelemetry` converts it, and `opentelemetry-otlp`
//! sends it as JSON over HTTP. The HTTP client is ureq, which the SDK uses already.

mod collector;

use std::env;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
use zuora_ureq::invoices::GetInvoice;
use zuora_ureq::object_query::QueryInvoices;
use zuora_ureq::observer::to_tracing;
use zuora_ureq::ureq::Agent;
use zuora_ureq::{Client, Config};

use crate::collector::Collector;

const USAGE: &str = "\
usage: example-otlp

Makes a few calls to a sandbox, and sends their spans to the collector at OTEL_EXPORTER_OTLP_ENDPOINT, such as
http://localhost:4318. Without the variable, a collector inside this process prints the names of the spans.";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        None => {}
        Some("--help") => {
            let _ = writeln!(stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            let _ = writeln!(stderr(), "example-otlp: unknown argument {other}: only --help is supported");
            return ExitCode::FAILURE;
        }
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "example-otlp: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    // An empty variable counts as not set, as OpenTelemetry defines.
    let (collector, endpoint) = match env::var("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Ok(url) if !url.is_empty() => (None, url),
        _ => {
            let collector = Collector::start()?;
            let url = collector.url();
            (Some(collector), url)
        }
    };
    let provider = provider(&format!("{}/v1/traces", endpoint.trim_end_matches('/')))?;
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("zuora"));
    tracing_subscriber::registry().with(layer).init();

    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    calls(&Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET).observer(to_tracing()))?;

    // Sends what is left. A long-running program does the same before it ends.
    provider.shutdown()?;
    if let Some(collector) = collector {
        for name in collector.span_names() {
            writeln!(stdout(), "received a span: {name}")?;
        }
    }
    Ok(())
}

/// Calls below one span of the application, which becomes the parent of their spans.
fn calls(config: &Config) -> Result<()> {
    let _nightly = tracing::info_span!("nightly").entered();
    let client = Client::new(config)?;
    client.call(&QueryInvoices::new().page_size(1))?;
    if client.call(&GetInvoice::new("INV-unknown")).is_ok() {
        return Err("the sandbox has no such invoice".into());
    }
    Ok(())
}

fn provider(url: &str) -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Ureq(Agent::new_with_defaults()))
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(url)
        .build()?;
    let resource = Resource::builder().with_service_name("billing-nightly").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Sends the spans. The thread of the batch exporter may block.
#[derive(Debug)]
struct Ureq(Agent);

#[async_trait::async_trait]
impl HttpClient for Ureq {
    async fn send_bytes(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let response = self.0.run(Request::from_parts(head, &body[..]))?;
        let (head, mut body) = response.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec()?.into()))
    }
}
