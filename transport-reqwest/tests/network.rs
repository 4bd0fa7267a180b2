//! The network as it is in the field: proxies, certificates, dead addresses, endless responses and logs.

#![allow(clippy::unwrap_used, clippy::panic)] // a panic fails the test

#[path = "../../transport-ureq/tests/common/mod.rs"]
mod common;

use std::fmt::{Debug, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use zuora_core::http::{Method, Request};
use zuora_core::observer::CallEventKind;
use zuora_core::transport::{AsyncTransport, Body, DefaultTransport, HttpResponse, Limits, TransportError};
use zuora_core::{Config, ErrorKind, Outcome};
use zuora_reqwest::bill_runs::{GetBillRun, PostBillRun};
use zuora_reqwest::invoices::DeleteInvoice;
use zuora_reqwest::reqwest::dns::{Name, Resolve, Resolving};
use zuora_reqwest::reqwest::{Certificate, Proxy};
use zuora_reqwest::{Client, Reqwest};

use common::{Log, SECRET, Stream, TOKEN, TestServer, certificate, in_child, respond};

const ID: &str = "00000000-0000-4000-8000-000000000001";

fn config(base: String) -> Config {
    Config::new(base, ID, SECRET.repeat(6)).max_attempts(1).attempt_timeout(Duration::from_secs(10))
}

async fn get(transport: &Reqwest, uri: &str, timeout: Duration) -> Result<HttpResponse, TransportError> {
    let request = Request::builder().method(Method::GET).uri(uri).body(Body::empty()).unwrap();
    transport.send(request, Limits::new(timeout, 1024)).await
}

fn trusting(pem: &str) -> Reqwest {
    let certificate = Certificate::from_pem(pem.as_bytes()).unwrap();
    Reqwest::with_builder(Reqwest::builder().tls_certs_merge([certificate])).unwrap()
}

const TEN_SECONDS: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_loopback_address_is_reached_without_the_proxy_of_the_environment() {
    let proxy = TestServer::start("127.0.0.1", None, |_, stream| respond(stream, "502 Bad Gateway", ""));
    let url = format!("http://{}", proxy.address);
    let test = "a_loopback_address_is_reached_without_the_proxy_of_the_environment";
    let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    if !in_child(test, &variables.map(|name| (name, url.as_str()))) {
        let requests = proxy.requests();
        assert!(!requests.is_empty(), "the proxy is used for other hosts");
        assert!(requests.iter().all(|line| line.contains("example.invalid")), "{requests:?}");
        assert!(requests.iter().all(|line| !line.contains("plain")), "http without a proxy: {requests:?}");
        return;
    }
    let explicit = Proxy::all(std::env::var("HTTP_PROXY").unwrap()).unwrap();
    let transport = Reqwest::create().unwrap();
    let with_proxy = Reqwest::with_builder(Reqwest::builder().proxy(explicit)).unwrap();
    let server = TestServer::service("127.0.0.1", None);
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        for transport in [&transport, &with_proxy] {
            let uri = format!("http://{host}:{}/v1", server.address.port());
            assert_eq!(get(transport, &uri, TEN_SECONDS).await.unwrap().status(), 200, "{uri}");
        }
    }
    if std::net::TcpListener::bind(("::1", 0)).is_ok() {
        let uri = format!("http://{}/v1", TestServer::service("::1", None).address);
        assert_eq!(get(&transport, &uri, TEN_SECONDS).await.unwrap().status(), 200, "{uri}");
    }
    let (_, tls) = certificate();
    let secure = TestServer::service("127.0.0.1", Some(tls));
    let untrusted = get(&transport, &format!("https://{}/v1", secure.address), TEN_SECONDS).await;
    assert!(matches!(untrusted, Err(TransportError::NotSent(_))), "{untrusted:?}");
    let refused = get(&transport, "https://example.invalid/", TEN_SECONDS).await;
    assert!(matches!(refused, Err(TransportError::NotSent(_))), "{refused:?}");
    let unknown = get(&transport, "http://plain.example.invalid/", TEN_SECONDS).await;
    assert!(matches!(unknown, Err(TransportError::NotSent(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_not_applied() {
    for status in ["503 Service Unavailable", "407 Proxy Authentication Required", "403 Forbidden"] {
        let proxy = TestServer::start("127.0.0.1", None, move |_, stream| respond(stream, status, ""));
        let explicit = Proxy::all(format!("http://{}", proxy.address)).unwrap();
        let transport = Reqwest::with_builder(Reqwest::builder().proxy(explicit)).unwrap();
        let config = Config::with_token("https://rest.example.invalid", "token").max_attempts(1);
        let client = Client::with_transport(&config, transport).unwrap();
        let error = client.call(&DeleteInvoice::new("INV1")).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotApplied), "{error}");
        assert_eq!(proxy.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_delete_to_a_bad_certificate_is_not_applied() {
    let (_, tls) = certificate();
    let server = TestServer::service("127.0.0.1", Some(tls));
    let config = Config::with_token(format!("https://{}", server.address), "token").max_attempts(1);
    let client = Client::with_transport(&config, Reqwest::create().unwrap()).unwrap();
    let error = client.call(&DeleteInvoice::new("INV1")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotApplied), "{error}");
    assert!(server.requests().is_empty());
}

/// A listener that accepts no connection, since its queue is full, and a server on the same port of another address.
#[cfg(target_os = "linux")]
fn dead_and_alive() -> (SocketAddr, SocketAddr, Vec<socket2::Socket>) {
    use socket2::{Domain, Socket, Type};
    let alive = TestServer::service("127.0.0.1", None).address;
    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let dead = SocketAddr::from(([127, 0, 0, 2], alive.port()));
    let mut kept = vec![socket()];
    kept[0].bind(&dead.into()).unwrap();
    kept[0].listen(0).unwrap();
    for _ in 0..2 {
        let filler = socket();
        filler.set_nonblocking(true).unwrap();
        let _ = filler.connect(&dead.into());
        kept.push(filler);
    }
    (dead, alive, kept)
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_next_address_is_used_when_the_first_is_dead() {
    let (dead, alive, _kept) = dead_and_alive();
    let builder = Reqwest::builder().no_proxy().resolve_to_addrs("rest.example.invalid", &[dead, alive]);
    let transport = Reqwest::with_builder(builder).unwrap();
    let start = Instant::now();
    let uri = format!("http://rest.example.invalid:{}/v1", alive.port());
    assert_eq!(get(&transport, &uri, Duration::from_secs(60)).await.unwrap().status(), 200);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

fn flood(stream: &mut dyn Stream) -> std::io::Result<()> {
    let many = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n".repeat(2000);
    loop {
        stream.write_all(&many)?;
    }
}

/// On a runtime of one thread, which the connection would occupy.
#[tokio::test]
async fn endless_interim_responses_do_not_stop_other_tasks() {
    let server = TestServer::start("127.0.0.1", None, |_, stream| flood(stream));
    let longest = Arc::new(Mutex::new(Duration::ZERO));
    let ticking = tokio::spawn({
        let longest = Arc::clone(&longest);
        async move {
            loop {
                let start = Instant::now();
                tokio::time::sleep(Duration::from_millis(5)).await;
                let mut longest = longest.lock().unwrap();
                *longest = start.elapsed().max(*longest);
            }
        }
    });
    let start = Instant::now();
    let uri = format!("http://{}/v1", server.address);
    let result = get(&Reqwest::create().unwrap(), &uri, Duration::from_millis(300)).await;
    assert!(matches!(result, Err(TransportError::MaybeSent(_))), "{result:?}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    ticking.abort();
    let longest = *longest.lock().unwrap();
    assert!(longest < Duration::from_secs(1), "another task stood still for {longest:?}");
}

#[tokio::test]
async fn endless_interim_responses_do_not_stop_calls_to_other_servers() {
    let busy = TestServer::start("127.0.0.1", None, |_, stream| flood(stream));
    let healthy = TestServer::service("127.0.0.1", None);
    let transport = Reqwest::create().unwrap();
    let flooded = tokio::spawn({
        let (transport, uri) = (transport.clone(), format!("http://{}/v1", busy.address));
        async move { get(&transport, &uri, Duration::from_secs(60)).await }
    });
    while busy.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let uri = format!("http://{}/v1", healthy.address);
    for _ in 0..5 {
        assert_eq!(get(&transport, &uri, TEN_SECONDS).await.unwrap().status(), 200);
    }
    assert!(!flooded.is_finished());
    flooded.abort();
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let (accepted, mut is_accepted) = tokio::sync::mpsc::unbounded_channel();
    let (closed, is_closed) = std::sync::mpsc::channel();
    let server = TestServer::start("127.0.0.1", None, move |_, stream| {
        accepted.send(()).map_err(std::io::Error::other)?;
        let end = stream.read(&mut [0]);
        closed.send(end.is_ok_and(|read| read == 0)).map_err(std::io::Error::other)
    });
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&outcomes);
    let config = Config::with_token(format!("http://{}", server.address), "token").observer(move |event| {
        if let CallEventKind::Abandoned { outcome, .. } = event.kind {
            reported.lock().unwrap().push(outcome);
        }
    });
    let client = Client::new(&config.attempt_timeout(Duration::from_secs(60))).unwrap();
    let delete = DeleteInvoice::new("INV1");
    tokio::select! {
        result = client.call(&delete) => panic!("{result:?}"),
        _ = is_accepted.recv() => {} // drops the call
    }
    assert_eq!(*outcomes.lock().unwrap(), [Outcome::Unknown]);
    assert!(is_closed.recv_timeout(TEN_SECONDS).unwrap(), "the transport still exists");
}

/// With the body of a request as proof, or without one.
#[tokio::test]
async fn a_panic_of_a_resolver_is_reported_without_its_text() {
    struct Panics;

    impl Resolve for Panics {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(async { panic!("{SECRET}") })
        }
    }

    let builder = Reqwest::builder().no_proxy().dns_resolver(Arc::new(Panics));
    let transport = Reqwest::with_builder(builder).unwrap();
    for body in ["{}", ""] {
        let request =
            Request::post("https://rest.example.invalid/").body(Body::from(body.as_bytes().to_vec()));
        let error = transport.send(request.unwrap(), Limits::new(TEN_SECONDS, 1024)).await.unwrap_err();
        assert_eq!(matches!(error, TransportError::NotSent(_)), !body.is_empty(), "{error:?}");
        assert_eq!(matches!(error, TransportError::MaybeSent(_)), body.is_empty(), "{error:?}");
        let text = format!("{error:?}");
        assert!(text.contains("the exchange panicked") && !text.contains(SECRET), "{text}");
    }
}

#[test]
fn without_a_timer_nothing_is_sent() {
    let server = TestServer::service("127.0.0.1", None);
    let transport = Reqwest::create().unwrap();
    let uri = format!("http://{}/v1", server.address);
    let post = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let request = Request::post(&uri).body(Body::from(b"{}".to_vec())).unwrap();
        runtime.block_on(transport.send(request, Limits::new(TEN_SECONDS, 1024)))
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(post)).is_err());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert_eq!(runtime.block_on(get(&transport, &uri, TEN_SECONDS)).unwrap().status(), 200);
    assert_eq!(server.requests(), ["get /v1 http/1.1"]);
}

/// Writes events of `tracing` into the log, with their spans.
struct Tracing;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl tracing::Subscriber for Tracing {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(String::new());
        span.record(&mut text);
        log::trace!(target: span.metadata().target(), "{}", text.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut text = Text(String::new());
        values.record(&mut text);
        log::trace!(target: "span", "{}", text.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        log::trace!(target: event.metadata().target(), "{}", text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn neither_the_token_nor_the_secret_is_logged() {
    let log = Log::install();
    tracing::subscriber::set_global_default(Tracing).unwrap();
    let (pem, tls) = certificate();
    for tls in [None, Some(tls)] {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = TestServer::service("127.0.0.1", tls);
        let base = format!("{scheme}://{}", server.address);
        let client = Client::with_transport(&config(base), trusting(&pem)).unwrap();
        client.call(&GetBillRun::new("a")).await.unwrap();
        client.call(&PostBillRun::new("a")).await.unwrap();
        assert_eq!(server.requests().len(), 3);
    }
    for text in [TOKEN, SECRET] {
        assert_eq!(log.targets_with(text), [""; 0], "{text}");
    }
    assert!(log.has_lines_of("reqwest") && log.has_lines_of("hyper_util"), "the log is complete");
}

#[tokio::test]
async fn the_roots_of_the_operating_system_are_used() {
    let (pem, tls) = certificate();
    let path = std::env::temp_dir().join(format!("zuora-reqwest-{}.pem", std::process::id()));
    std::fs::write(&path, pem).unwrap();
    let server = TestServer::service("127.0.0.1", Some(tls));
    let base = format!("https://{}", server.address);
    let variables = [("SSL_CERT_FILE", path.to_str().unwrap()), ("BASE", &base)];
    if in_child("the_roots_of_the_operating_system_are_used", &variables) {
        let client = Client::new(&config(std::env::var("BASE").unwrap())).unwrap();
        client.call(&GetBillRun::new("a")).await.unwrap();
        return;
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(server.requests().len(), 2);
}

/// The connections belong to the transport, not to the runtime of the call that opened them.
#[test]
fn several_runtimes_share_a_transport() {
    let server = TestServer::service("127.0.0.1", None);
    let transport = Reqwest::create().unwrap();
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let uri = format!("http://{}/v1", server.address);
        assert_eq!(runtime.block_on(get(&transport, &uri, TEN_SECONDS)).unwrap().status(), 200);
    }
}
