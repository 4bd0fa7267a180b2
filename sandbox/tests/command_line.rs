//! The program as a user starts it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_zuora-sandbox"))
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// A server that is stopped when it is dropped.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child =
            program().args(["--listen=127.0.0.1:0"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, address) = line.trim().split_once("://").unwrap_or_else(|| panic!("{line:?}"));
        Self { address: address.to_owned(), child }
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, length) = (&self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_is_healthy_as_soon_as_it_prints_its_address() {
    let server = Running::start(&["--preset=instant", "--set", "batches=200", "--chaos=seed=7,rate=0"]);
    let health = server.request("GET", "/sandbox/health", "");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n"), "{health}");
    let settings = server.request("GET", "/sandbox/settings", "");
    assert!(settings.contains("\"batches\":200") && settings.contains("\"processing\":\"0s\""), "{settings}");
    let faults = server.request("GET", "/sandbox/faults", "");
    assert!(faults.contains("\"chaos\":{\"seed\":7,\"rate\":0}"), "{faults}");
}

#[test]
fn a_generated_tenant_is_served() {
    let server = Running::start(&["--accounts=300"]);
    assert!(server.request("GET", "/sandbox/state", "").contains("\"accounts\":300"));
}

#[test]
fn mistakes_end_with_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (arguments, says) in [
        (vec!["--nonsense"], "unknown option \"--nonsense\"; see --help".to_owned()),
        (vec!["--listen", &taken], format!("cannot listen on {taken}: ")),
        (vec!["--listen", "nowhere"], "cannot listen on nowhere: ".to_owned()),
        (vec!["--tenant", "/nowhere/t.json"], "--tenant /nowhere/t.json: ".to_owned()),
        (vec!["--cors", "example"], "--cors: the origin \"example\" must be".to_owned()),
    ] {
        let output = run(&arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(error.starts_with(&format!("zuora-sandbox: {says}")), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    drop(listener);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = program().arg("--help").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
