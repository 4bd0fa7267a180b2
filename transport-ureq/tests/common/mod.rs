//! What the network tests of both adapters need: servers, certificates, a log and child processes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Fragments that no log line may contain. Each is repeated in its value, so that a dump of 16 bytes contains one.
pub(crate) const TOKEN: &str = "T0KN5X";
pub(crate) const SECRET: &str = "S3CR7Y";

pub(crate) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A server on a loopback address, which serves until the process ends.
#[derive(Clone)]
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TestServer {
    /// Calls `respond` with the head of each request. The connection is closed when it returns an error.
    pub(crate) fn start(
        ip: &str,
        tls: Option<Arc<ServerConfig>>,
        respond: impl Fn(&str, &mut dyn Stream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let server = Self { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let (requests, respond) = (Arc::clone(&server.requests), Arc::new(respond));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (requests, respond, tls) = (Arc::clone(&requests), Arc::clone(&respond), tls.clone());
                thread::spawn(move || {
                    let mut stream = secured(stream, tls);
                    while let Ok(head) = read_head(&mut *stream) {
                        lock(&requests).push(head.lines().next().unwrap_or_default().to_owned());
                        if respond(&head, &mut *stream).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        server
    }

    /// A service that issues a token and serves everything else, over plain HTTP or TLS.
    pub(crate) fn service(ip: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        Self::start(ip, tls, |head, stream| {
            read_body(head, stream)?;
            let body = match head.starts_with("POST /oauth/token") {
                true => format!(r#"{{"access_token":"{}","expires_in":3599}}"#, TOKEN.repeat(8)),
                false => r#"{"success":true,"status":"Posted"}"#.to_owned(),
            };
            respond(stream, "200 OK", &body)
        })
    }

    /// The request lines in the order of their arrival.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.requests).clone()
    }
}

pub(crate) fn respond(stream: &mut dyn Stream, status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let head = "content-type: application/json\r\nset-cookie: a=b";
    // In one write: a part that still waits to be sent is lost when the connection is reset.
    let response = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(response.as_bytes())?;
    stream.flush()
}

fn secured(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Box<dyn Stream> {
    stream.set_nodelay(true).unwrap();
    match tls {
        Some(config) => Box::new(StreamOwned::new(ServerConnection::new(config).unwrap(), stream)),
        None => Box::new(stream),
    }
}

/// Reads byte by byte, so that the body stays in the stream.
fn read_head(stream: &mut dyn Stream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).to_lowercase().replacen("post", "POST", 1))
}

fn read_body(head: &str, stream: &mut dyn Stream) -> io::Result<()> {
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)
}

/// A certificate for the loopback addresses, as PEM and as the settings of a server that presents it.
pub(crate) fn certificate() -> (String, Arc<ServerConfig>) {
    let names = ["127.0.0.1", "localhost"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let pem = made.cert.pem();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key)
        .unwrap();
    (pem, Arc::new(config))
}

/// Runs this test again in a process with these variables, since a process cannot change its environment safely.
/// Returns whether the current process is that one.
pub(crate) fn in_child(test: &str, variables: &[(&str, &str)]) -> bool {
    const MARK: &str = "ZUORA_TEST_CHILD";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(MARK, "1")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

/// Everything that is logged in this process, at every level.
pub(crate) struct Log(Mutex<Vec<(String, String)>>);

static LOG: Log = Log(Mutex::new(Vec::new()));
static INSTALL: Once = Once::new();

impl Log {
    pub(crate) fn install() -> &'static Self {
        INSTALL.call_once(|| {
            log::set_logger(&LOG).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        &LOG
    }

    /// The targets of the lines that contain a text.
    pub(crate) fn targets_with(&self, text: &str) -> Vec<String> {
        let lines = lock(&self.0);
        let mut targets: Vec<_> =
            lines.iter().filter(|(_, line)| line.contains(text)).map(|(target, _)| target.clone()).collect();
        targets.sort();
        targets.dedup();
        targets
    }

    pub(crate) fn has_lines_of(&self, target: &str) -> bool {
        lock(&self.0).iter().any(|(found, _)| found.starts_with(target))
    }
}

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        lock(&self.0).push((record.target().to_owned(), record.args().to_string()));
    }

    fn flush(&self) {}
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
