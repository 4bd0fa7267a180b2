//! A loopback server that follows a script and records the requests that it receives.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The behavior of a server on one connection; the connection is closed when the script ends.
pub(crate) type Script = Arc<dyn Fn(&mut Peer) -> io::Result<()> + Send + Sync>;

/// The time that a script continues after the transport should have closed the connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs a script on each connection until the server is stopped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    script: Script,
    received: Mutex<Vec<ReceivedRequest>>,
    open: Mutex<Vec<(usize, TcpStream)>>,
    stopping: AtomicBool,
}

/// One request, or the part of a request that arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReceivedRequest {
    /// Index of the connection, counted from 0.
    pub(crate) connection: usize,
    /// The bytes up to and including the empty line.
    pub(crate) head: Vec<u8>,
    /// The bytes after the head.
    pub(crate) body: Vec<u8>,
    /// Whether the whole request arrived.
    pub(crate) whole: bool,
}

impl Server {
    pub(crate) fn start(script: Script, ip: IpAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((ip, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script,
            received: Mutex::default(),
            open: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether every script has ended and closed its connection.
    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.shared.open).is_empty()
    }

    /// Closes every connection and returns what arrived, including bytes that were still in transit.
    pub(crate) fn stop(&mut self) -> Vec<ReceivedRequest> {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for (_, stream) in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both); // it may be closed already
        }
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join(); // a script that panicked leaves a gap in the record
        }
        lock(&self.shared.received).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut peers = Vec::new();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                let connection = peers.len();
                let shared = Arc::clone(shared);
                peers.push(thread::spawn(move || {
                    let script = Arc::clone(&shared.script);
                    // An error means that the transport closed the connection, which the record shows.
                    let _ = Peer::new(connection, stream, shared).and_then(|mut peer| script(&mut peer));
                }));
            }
            // Connections that were opened before the stop are still served, so that no sent request is missed.
            Err(_) if shared.stopping.load(Ordering::SeqCst) => break,
            Err(_) => thread::sleep(Duration::from_micros(500)),
        }
    }
    for peer in peers {
        let _ = peer.join();
    }
}

/// The server's end of one connection.
pub(crate) struct Peer {
    connection: usize,
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
    shared: Arc<Shared>,
}

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

impl Peer {
    fn new(connection: usize, stream: TcpStream, shared: Arc<Shared>) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        lock(&shared.open).push((connection, stream.try_clone()?));
        if shared.stopping.load(Ordering::SeqCst) {
            stream.shutdown(Shutdown::Both)?;
        }
        Ok(Self { connection, stream: Box::new(stream), inbox: Vec::new(), shared })
    }

    /// Returns the index of this connection, counted from 0.
    pub(crate) fn connection(&self) -> usize {
        self.connection
    }

    /// Reads one request and records it, part by part.
    pub(crate) fn request(&mut self) -> io::Result<()> {
        self.head()?;
        self.body()
    }

    /// Reads the head of a request.
    pub(crate) fn head(&mut self) -> io::Result<()> {
        let request = ReceivedRequest { connection: self.connection, ..ReceivedRequest::default() };
        while self.inbox.is_empty() {
            self.fill()?;
        }
        lock(&self.shared.received).push(request);
        loop {
            let end = self.inbox.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            let head = match end {
                Some(end) => self.inbox.drain(..end + 4).collect(),
                None => self.inbox.clone(),
            };
            self.note(|request| request.head = head);
            match end {
                Some(_) => return Ok(()),
                None => self.fill()?,
            }
        }
    }

    /// Reads the rest of a request whose head was read.
    fn body(&mut self) -> io::Result<()> {
        let mut missing = 0;
        self.note(|request| missing = request.content_length());
        loop {
            let part: Vec<_> = self.inbox.drain(..missing.min(self.inbox.len())).collect();
            missing -= part.len();
            self.note(|request| {
                request.body.extend_from_slice(&part);
                request.whole = missing == 0;
            });
            if missing == 0 {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Updates the record of this connection's last request.
    fn note(&self, change: impl FnOnce(&mut ReceivedRequest)) {
        let mut received = lock(&self.shared.received);
        if let Some(last) = received.iter_mut().rfind(|r| r.connection == self.connection) {
            change(last);
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                self.inbox.extend_from_slice(&buffer[..n]);
                Ok(())
            }
        }
    }

    /// Sends bytes unchanged.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Sends bytes one by one, so slowly that only a limit on the whole attempt can end it in time.
    pub(crate) fn trickle(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            self.write(&[*byte])?;
            if !self.shared.stopping.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(())
    }

    /// Sends the same bytes repeatedly until the transport closes the connection.
    pub(crate) fn flood(&mut self, bytes: &[u8]) -> io::Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            self.write(bytes)?;
        }
        Ok(())
    }

    /// Sends nothing. Returns an error as soon as the transport closes the connection, as it should.
    pub(crate) fn hold(&mut self) -> io::Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.fill() {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(error),
                Err(_) => break, // the read timed out
            }
        }
        Ok(())
    }

    /// Switches to TLS, with a certificate that no authority has signed.
    #[cfg(feature = "tls")]
    pub(crate) fn secure(&mut self) -> io::Result<()> {
        use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
        use rustls::{ServerConfig, ServerConnection, StreamOwned};

        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])
            .map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.into()], key))
            .map_err(io::Error::other)?;
        let connection = ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
        let plain = std::mem::replace(&mut self.stream, Box::new(io::empty()));
        self.stream = Box::new(StreamOwned::new(connection, plain));
        Ok(())
    }
}

/// The connection closes when its last handle is dropped, and counts as open until then.
impl Drop for Peer {
    fn drop(&mut self) {
        self.stream = Box::new(io::empty());
        lock(&self.shared.open).retain(|(connection, _)| *connection != self.connection);
    }
}

impl ReceivedRequest {
    /// Returns the request line without its line end.
    pub(crate) fn line(&self) -> String {
        let end = self.head.iter().position(|&byte| byte == b'\r').unwrap_or(self.head.len());
        String::from_utf8_lossy(&self.head[..end]).into_owned()
    }

    /// Returns the headers: names in lower case, values without surrounding space.
    pub(crate) fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let lines = self.head.split(|&byte| byte == b'\n').skip(1);
        lines
            .filter_map(|line| {
                let colon = line.iter().position(|&byte| byte == b':')?;
                let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
                Some((name, line[colon + 1..].trim_ascii().to_vec()))
            })
            .collect()
    }

    fn content_length(&self) -> usize {
        let headers = self.headers();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        length.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(0)
    }
}

/// Returns the address of a local port without a listener.
pub(crate) fn closed_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Returns the address of a listener that accepts no connection: its queue is full and stays full while the returned
/// sockets are open.
#[cfg(target_os = "linux")]
pub(crate) fn unresponsive_port() -> io::Result<(SocketAddr, Vec<socket2::Socket>)> {
    use socket2::{Domain, Socket, Type};

    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    listener.listen(0)?;
    let address = listener.local_addr()?;
    let mut kept = vec![listener];
    for _ in 0..2 {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        filler.set_nonblocking(true)?;
        let _ = filler.connect(&address); // always "in progress"
        kept.push(filler);
    }
    let address = address.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((address, kept))
}

/// Locks a mutex. The record of a poisoned one is still valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
