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

/// Returns the error of a server that does not start.
fn start_error(arguments: &[&str]) -> String {
    let mut child = program()
        .arg("--listen=127.0.0.1:0")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _ = child.kill();
    assert_eq!(line, "", "the server has started");
    String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap()
}

/// A server that is stopped when it is dropped.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(program().args(arguments))
    }

    fn start_with(command: &mut Command) -> Self {
        let mut child = command.arg("--listen=127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
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

impl Running {
    /// Creates a bill run under a key, and returns the number of bill runs.
    fn bill(&self, key: &str) -> usize {
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials",
            zuora_sandbox::CLIENT_ID,
            zuora_sandbox::CLIENT_SECRET
        );
        let token = "/oauth/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\nx:";
        let token = self.request("POST", token, &form);
        let (_, rest) = token.split_once("\"access_token\":\"").unwrap();
        let create = format!(
            "/v1/bill-runs HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             idempotency-key: {key}\r\nx:",
            &rest[..32]
        );
        let created = self.request("POST", &create, r#"{"batches":["Batch4"],"targetDate":"2026-03-31"}"#);
        assert!(created.contains("\"success\":true"), "{created}");
        let state = self.request("GET", "/sandbox/state", "");
        let (_, count) = state.split_once("\"bill_run_count\":").unwrap();
        count.split(',').next().unwrap().parse().unwrap()
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

#[cfg(target_os = "linux")]
#[test]
fn the_page_is_opened_in_the_browser() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = std::env::temp_dir().join(format!("zuora-sandbox-open-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (browser, opened) = (folder.join("xdg-open"), folder.join("opened"));
    std::fs::write(&browser, format!("#!/bin/sh\nprintf %s \"$1\" > '{}'\n", opened.display())).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    // A named pipe is read as soon as the browser has written to it.
    assert!(Command::new("mkfifo").arg(&opened).status().unwrap().success());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(std::fs::read_to_string(opened).unwrap()));
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let server = Running::start_with(program().env("PATH", path).arg("--open"));
    let url = receiver.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(url, format!("http://{}", server.address));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_tenant_file_may_start_with_a_byte_order_mark() {
    let file = std::env::temp_dir().join(format!("zuora-sandbox-mark-{}.json", std::process::id()));
    std::fs::write(&file, format!("\u{feff}{}", include_str!("../demo-tenant.json"))).unwrap();
    let server = Running::start(&["--tenant", &file.display().to_string()]);
    assert!(server.request("GET", "/sandbox/health", "").starts_with("HTTP/1.1 200 OK"));
    std::fs::remove_file(file).unwrap();
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
        (
            vec!["--listen", "8470"],
            "cannot listen on 8470: invalid socket address; must be like 127.0.0.1:8470".to_owned(),
        ),
        (vec!["--tenant", "/nowhere/t.json"], "--tenant /nowhere/t.json: ".to_owned()),
        (vec!["--cors", "example"], "--cors: the origin \"example\" must be".to_owned()),
        (
            vec!["--cors", "http://é"],
            "--cors: the origin \"http://é\" must be * or like http://localhost:3000; write a host"
                .to_owned(),
        ),
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

#[test]
fn the_state_survives_a_restart() {
    let folder = std::env::temp_dir().join(format!("zuora-sandbox-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("state.jsonl");
    let state = format!("--state={}", file.display());
    let start = || Running::start(&[&state, "--set=processing=0s"]);
    let shown = |server: &Running| {
        let response = server.request("GET", "/sandbox/state", "");
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        let (_, rest) = body.split_once("\"bill_run_count\"").unwrap();
        rest.to_owned()
    };
    let server = start();
    server.request("POST", "/sandbox/clock/freeze", "");
    server.bill("march");
    server.request("POST", "/sandbox/clock/advance", r#"{"by":"2h"}"#);
    server.request("POST", "/sandbox/snapshot", "{}");
    let before = shown(&server);
    assert!(before.contains("\"status\":\"Completed\""), "{before}");
    drop(server);

    let server = start();
    assert_eq!(shown(&server), before, "ids, numbers and amounts are the same");
    let clock = server.request("GET", "/sandbox/clock", "");
    assert!(clock.contains("\"frozen\":true"), "{clock}");
    assert_eq!(server.bill("march"), 1, "the key is known");
    assert_eq!(server.bill("april"), 2);
    server.request("POST", "/sandbox/restore", "{}");
    assert_eq!(shown(&server), before, "a snapshot survives");
    drop(server);

    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("sandbox-secret") && !text.contains("Bearer"), "{text}");
    // The process was killed while it wrote a line.
    std::fs::write(&file, format!("{text}{{\"at\":1")).unwrap();
    assert_eq!(shown(&start()), before);
    let error = start_error(&[&state, "--accounts=5"]);
    assert!(error.contains("line 1: the record is not one of this version and tenant"), "{error}");
    let third = text.lines().nth(2).unwrap();
    let damaged_texts = [
        text.clone() + "nonsense\n",
        text.replacen(&format!("{third}\n"), "", 1),
        text.replacen(third, &third.replacen("freeze", "unfreeze", 1), 1),
    ];
    for damaged in damaged_texts {
        std::fs::write(&file, &damaged).unwrap();
        let error = start_error(&[&state]);
        assert!(error.contains(": the record was damaged here"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged, "the file is not changed");
    }
    std::fs::write(&file, [text.as_bytes(), b"\xff\n"].concat()).unwrap();
    let error = start_error(&[&state]);
    assert!(error.contains(&format!("line {}: ", text.lines().count() + 1)), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// A path that no other test uses.
fn new_path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("zuora-sandbox-{}-{name}", std::process::id()))
}

#[test]
fn a_file_that_is_no_record_is_not_changed() {
    let file = new_path("notes.txt");
    for content in [&b"no newline at all"[..], b"a line\nhalf a line", b"\xff\n"] {
        std::fs::write(&file, content).unwrap();
        let error = start_error(&[&format!("--state={}", file.display())]);
        assert!(error.contains("record"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), content);
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_state_file_that_ends_within_a_character_is_opened() {
    let file = new_path("cut.jsonl");
    let state = format!("--state={}", file.display());
    drop(Running::start(&[&state]));
    let whole = std::fs::read(&file).unwrap();
    for written in [&b"{\"target\":\"\xc3"[..], b"{"] {
        std::fs::write(&file, [&whole, written].concat()).unwrap();
        drop(Running::start(&[&state]));
        assert_eq!(std::fs::read(&file).unwrap(), whole);
    }
    // The first line was cut.
    std::fs::write(&file, &whole[..20]).unwrap();
    drop(Running::start(&[&state]));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    std::fs::remove_file(&file).unwrap();
}

#[cfg(any(unix, windows))]
#[test]
fn a_second_server_does_not_touch_the_state_file() {
    let file = new_path("shared.jsonl");
    let state = format!("--state={}", file.display());
    let server = Running::start(&[&state]);
    let before = std::fs::read(&file).unwrap();
    let error = start_error(&[&state]);
    assert!(error.starts_with(&format!("zuora-sandbox: --state {}: ", file.display())), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let other = new_path("unused.jsonl");
    start_error(&["--listen", &server.address, &format!("--state={}", other.display())]);
    assert!(!other.exists(), "the port is taken");
    drop(server);
    drop(Running::start(&[&state]));
    std::fs::remove_file(&file).unwrap();
}

#[cfg(feature = "tls")]
#[test]
fn a_client_that_trusts_the_certificate_uses_https() {
    let file = std::env::temp_dir().join(format!("zuora-sandbox-{}.pem", std::process::id()));
    let server = Running::start(&[&format!("--tls={}", file.display())]);
    let certificate = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    use rustls::pki_types::pem::PemObject as _;
    let certificate = rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().unwrap();
    let connection = rustls::ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(&server.address).unwrap());
    write!(stream, "GET /sandbox/health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address)
        .unwrap();
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response);
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn https_requires_a_feature() {
    let error = String::from_utf8(run(&["--tls=/nowhere/x.pem"]).stderr).unwrap();
    assert!(error.contains("cargo install zuora-sandbox --features tls"), "{error}");
}
