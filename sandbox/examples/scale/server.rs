//! The server: other calls during a large run, throughput next to that of a trivial server, and many connections.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use zuora_sandbox::{Sandbox, Server, Tenant};

use crate::{form, invoice, run_time, settings};

/// A connection that is kept alive.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    fn send(&mut self, request: &str) -> Vec<u8> {
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            assert!(self.stream.read_line(&mut line).unwrap() > 0, "the connection is closed");
            if line == "\r\n" {
                break;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        body
    }
}

fn address(server: &Server) -> SocketAddr {
    server.url().trim_start_matches("http://").parse().unwrap()
}

fn token(address: SocketAddr) -> String {
    let form = form();
    let body = Connection::open(address).send(&format!(
        "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
        content-length: {}\r\n\r\n{form}",
        form.len()
    ));
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

fn request(method: &str, path: &str, token: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nzuora-version: 2025-08-12\r\n\
        content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The longest call of another client while a run with an invoice per account is billed and posted.
pub(crate) fn measure_posting_over_http(accounts: usize) {
    let server = Server::start("127.0.0.1:0", Sandbox::new(Tenant::generated(accounts), settings())).unwrap();
    let address = address(&server);
    let token = token(address);
    let mut client = Connection::open(address);
    let body = client.send(&request(
        "POST",
        "/v1/bill-runs",
        &token,
        r#"{"batches":["AllBatches"],"targetDate":"2026-02-28"}"#,
    ));
    let run: Value = serde_json::from_slice(&body).unwrap();
    let path = format!("/v1/bill-runs/{}", run["id"].as_str().unwrap());
    for (until, verb) in [("Completed", "post"), ("Posted", "")] {
        let (start, mut longest) = (Instant::now(), Duration::ZERO);
        loop {
            let call = Instant::now();
            let body = client.send(&request("GET", &path, &token, ""));
            longest = longest.max(call.elapsed());
            let run: Value = serde_json::from_slice(&body).unwrap();
            if run["status"] == until {
                break;
            }
        }
        println!(
            "{accounts} accounts over HTTP: {until} after {:.2?}, longest call {longest:.2?}",
            start.elapsed()
        );
        if !verb.is_empty() {
            client.send(&request("PUT", &format!("{path}/{verb}"), &token, "{}"));
        }
    }
}

/// The load of a server.
struct Load {
    /// Requests per second.
    rate: f64,
    /// Processor time of the thread of the server per request.
    each: Duration,
}

/// Loads a server with 64 connections. `thread` is the name of its thread.
fn load(address: SocketAddr, thread: &str, request: &str) -> Load {
    const CONNECTIONS: usize = 64;
    let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (start, before) = (Instant::now(), processor_of(thread));
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = Connection::open(address);
                while !stop.load(Ordering::Relaxed) {
                    connection.send(request);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(Duration::from_secs(3));
        stop.store(true, Ordering::Relaxed);
    });
    let count = u32::try_from(count.load(Ordering::Relaxed)).unwrap();
    Load {
        rate: f64::from(count) / start.elapsed().as_secs_f64(),
        each: (processor_of(thread) - before) / count,
    }
}

/// Returns the processor time of the thread of that name.
fn processor_of(thread: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let name = |task: &Path| std::fs::read_to_string(task.join("comm")).unwrap_or_default();
    let mut named = tasks.filter(|task| name(task).trim_end() == thread);
    named.next().map_or(Duration::ZERO, |task| run_time(&task))
}

/// A server on hyper that responds with a constant body, on one thread like that of the sandbox.
fn trivial_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(
                    hyper_util::rt::TokioIo::new(stream),
                    hyper::service::service_fn(|_| async {
                        let body = http_body_util::Full::new(bytes::Bytes::from_static(&[b'x'; 900]));
                        Ok::<_, std::convert::Infallible>(http::Response::new(body))
                    }),
                ));
            }
        });
    };
    std::thread::Builder::new().name(TRIVIAL.to_owned()).spawn(serve).unwrap();
    address
}

/// Names of the threads of the servers.
const OURS: &str = "zuora-sandbox";
const TRIVIAL: &str = "trivial-server";

/// Starts a sandbox, and returns the request that loads it: the retrieval of one invoice.
fn sandbox_server() -> (Server, String) {
    let server = Server::start("127.0.0.1:0", Sandbox::new(Tenant::demo(), settings())).unwrap();
    let sandbox = address(&server);
    let token = token(sandbox);
    let body = Connection::open(sandbox).send(&request("POST", "/v1/invoices", &token, &invoice(1)));
    let shown: Value = serde_json::from_slice(&body).unwrap();
    let get = request("GET", &format!("/v1/invoices/{}", shown["id"].as_str().unwrap()), &token, "");
    (server, get)
}

pub(crate) fn measure_throughput(rounds: usize) {
    let (server, get) = sandbox_server();
    let trivial = trivial_server();
    for _ in 0..rounds {
        let (ours, theirs) = (load(address(&server), OURS, &get), load(trivial, TRIVIAL, &get));
        let (requests, each) = (ours.rate / theirs.rate, theirs.each.as_secs_f64() / ours.each.as_secs_f64());
        println!(
            "64 connections: {:.0} requests per second, trivial server {:.0}, ratio {requests:.2}; processor time of the \
             server per request {:.2?}, trivial server {:.2?}, ratio {each:.2}",
            ours.rate, theirs.rate, ours.each, theirs.each
        );
    }
}

/// Sends requests to one server, a round of 64 connections at a time.
pub(crate) fn serve_requests(count: usize, is_trivial: bool) {
    let (server, get) = sandbox_server();
    let address = if is_trivial { trivial_server() } else { address(&server) };
    let mut connections: Vec<Connection> = (0..64).map(|_| Connection::open(address)).collect();
    for index in 0..count {
        connections[index % 64].send(&get);
    }
}

pub(crate) fn measure_connections() {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let address = address(&server);
    let token = token(address);
    let mut connections: Vec<Connection> = (0..1000).map(|_| Connection::open(address)).collect();
    let start = Instant::now();
    for connection in &mut connections {
        let body = connection.send(&request("GET", "/object-query/invoices", &token, ""));
        assert!(body.starts_with(b"{\"data\""));
    }
    println!("1000 connections kept alive: one request each in {:.2?}", start.elapsed());
}
