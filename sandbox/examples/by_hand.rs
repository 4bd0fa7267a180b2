//! The core with no transport crate at all: an `http::Request` out, an `http::Response` in, over a plain
//! `TcpStream`, with `httparse` for the head of the response.
//!
//! A machine returns the next action, and a loop of twenty lines performs it. A transport does nothing else.

#![allow(clippy::print_stderr)] // The example prints each step.

use std::error::Error;
use std::io::{Read, Write, stderr, stdout};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use zuora_core::Operation;
use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun, GetBillRun};
use zuora_core::bytes::Bytes;
use zuora_core::http::{self, header};
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::session::Session;
use zuora_core::transport::TransportError;
use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp};
use zuora_core::{Config, Date};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};

const USAGE: &str = "\
usage: by_hand

Creates a bill run on a sandbox, and prints each request and response.";

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(argument) = std::env::args().nth(1) {
        let _ = writeln!(stderr(), "by_hand: unknown argument {argument}: only --help is supported");
        return ExitCode::FAILURE;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "by_hand: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let server = Server::start("127.0.0.1:0", Sandbox::demo())?;

    // An operation can build its request without a session.
    let create = CreateBillRun::new(Batches::named(["Batch1"]), AdHoc::up_to(Date::new(2026, 3, 31)?));
    let request = create.request()?;
    writeln!(
        stdout(),
        "{} {}\n{}\n",
        request.method(),
        request.uri(),
        String::from_utf8_lossy(request.body())
    )?;

    // Idempotency keys are derived from the seed, so the seed has to come from the operating system.
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let config = Config::new(server.url(), CLIENT_ID, CLIENT_SECRET);
    let session = Session::new(&config, &Seed::from_bytes(seed))?;

    let run = drive(Call::new(&session, &create))?;
    writeln!(stdout(), "\n{} is {}\n", run.number()?, run.status()?)?;
    let run = drive(Call::new(&session, GetBillRun::new(run.id()?.clone())))?;
    writeln!(
        stdout(),
        "\n{} is {}, request {}",
        run.number()?,
        run.status()?,
        run.request_id().unwrap_or("?")
    )?;
    Ok(())
}

/// Drives a machine until it is done.
fn drive<M: Machine>(mut machine: M) -> Result<M::Output, Box<dyn Error>> {
    let epoch = Instant::now();
    let mut event = Event::Tick;
    loop {
        let now = Timestamp::new(epoch.elapsed());
        event = match machine.step(event, now) {
            Action::Send(request, limits) => {
                writeln!(stdout(), "-> {} {}", request.method(), request.uri())?;
                match exchange(&request, limits) {
                    Ok(response) => {
                        writeln!(stdout(), "<- {}, {} bytes", response.status(), response.body().len())?;
                        Event::Response(response)
                    }
                    Err(failure) => Event::Failure(failure),
                }
            }
            Action::Wait(until) => {
                std::thread::sleep(now.until(until));
                Event::Tick
            }
            Action::Done(result) => return Ok(result?),
        };
    }
}

/// Sends one request on a new connection, without TLS, and reads the response.
fn exchange(request: &HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
    let host = request.uri().authority().map_or("", |authority| authority.as_str());
    let mut stream = TcpStream::connect(host).map_err(TransportError::not_sent)?;
    send(&mut stream, request, host, limits.timeout)
        .and_then(|()| {
            let most = u64::try_from(limits.max_body).unwrap_or(u64::MAX);
            let mut bytes = Vec::new();
            stream.take(most).read_to_end(&mut bytes).map(|_| bytes)
        })
        .map_err(|error| TransportError::maybe_sent(error).into())
        .and_then(|bytes| parse(bytes))
        .map_err(|error: Box<dyn Error + Send + Sync>| TransportError::maybe_sent(error))
}

fn send(stream: &mut TcpStream, request: &HttpRequest, host: &str, timeout: Duration) -> std::io::Result<()> {
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!("{} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", request.method());
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(request.body())
}

/// Parses a response that ends where the connection ends.
fn parse(bytes: Vec<u8>) -> Result<HttpResponse, Box<dyn Error + Send + Sync>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(&bytes)? else {
        return Err("the connection ended within the head".into());
    };
    let mut response = http::Response::builder().status(head.code.unwrap_or_default());
    for field in head.headers.iter() {
        response = response.header(field.name, field.value);
    }
    let response = response.body(Bytes::from(bytes).slice(start..))?;
    let declared =
        response.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length != response.body().len()) {
        return Err("the connection ended within the body".into());
    }
    Ok(response)
}
