//! The sandbox over HTTP/1, in real time.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use super::body::ServerBody;
use super::cors::is_foreign;
use super::exchange::exchange;
use super::server_config::ServerConfig;
use crate::control::is_control;
use crate::service::{DeliveredResponse, Sandbox, Slot};
use crate::values::UnixTime;

/// An HTTP server for a sandbox, on a separate thread. The server stops when this value is dropped.
///
/// ```
/// use zuora_sandbox::{Sandbox, Server};
///
/// let server = Server::start("127.0.0.1:0", Sandbox::demo())?;
/// println!("{}", server.url());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    scheme: &'static str,
    address: SocketAddr,
    sandbox: Arc<Mutex<Sandbox>>,
    /// Dropped to stop the thread.
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

/// Time between two polls for background work.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(20);

/// Maximum size of a request body, in bytes as received.
const MAX_REQUEST_BYTES: usize = 64 << 20;

impl Server {
    /// Starts a server on an address; port 0 selects a free port.
    ///
    /// # Errors
    /// Fails if the address cannot be bound, or the runtime or the thread cannot be created.
    pub fn start(address: impl ToSocketAddrs, sandbox: Sandbox) -> io::Result<Self> {
        Self::start_with(address, sandbox, ServerConfig::default())
    }

    /// Starts a server like [`start`](Self::start), with settings of the server.
    ///
    /// # Errors
    /// Fails if the address cannot be bound, or the runtime or the thread cannot be created.
    pub fn start_with(
        address: impl ToSocketAddrs,
        sandbox: Sandbox,
        config: ServerConfig,
    ) -> io::Result<Self> {
        Self::start_on(TcpListener::bind(address)?, sandbox, config)
    }

    /// Starts a server like [`start_with`](Self::start_with), on a socket that is bound already.
    ///
    /// # Errors
    /// Fails if the runtime or the thread cannot be created.
    pub fn start_on(
        listener: TcpListener,
        mut sandbox: Sandbox,
        mut config: ServerConfig,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // The record has no place for requests between two slices.
        if !config.has_record() {
            sandbox.limit_slices();
        }
        config.is_local = address.ip().is_loopback();
        let config = Arc::new(config);
        let sandbox = Arc::new(Mutex::new(sandbox));
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&sandbox);
        let scheme = config.scheme();
        let thread = std::thread::Builder::new().name("zuora-sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(progress(Arc::clone(&served), Arc::clone(&config)));
                let accepting = tokio::spawn(accept(listener, served, config));
                // Nothing is ever sent: the receiver wakes when the sender is dropped.
                let _ = stopped.await;
                accepting.abort();
            });
            // Dropping the runtime closes the connections.
        })?;
        Ok(Self { scheme, address, sandbox, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns the base URL for a client: scheme and address.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Returns the sandbox, to plan faults or inspect the journal. Requests block while the guard is held.
    ///
    /// The background work that is due by now is done first.
    pub fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        let mut sandbox = lock(&self.sandbox);
        let now = now();
        sandbox.advance(now);
        while sandbox.is_behind() {
            sandbox.advance(now);
        }
        sandbox
    }

    /// Blocks until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // The thread ends only after its stop channel is dropped, which `self` owns.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Does the background work of large runs, in slices between the requests.
async fn progress(sandbox: Arc<Mutex<Sandbox>>, config: Arc<ServerConfig>) {
    loop {
        let is_behind = {
            let mut sandbox = lock(&sandbox);
            sandbox.advance(now());
            config.continue_record(&mut sandbox);
            sandbox.is_behind()
        };
        match is_behind {
            true => tokio::task::yield_now().await,
            false => tokio::time::sleep(PROGRESS_INTERVAL).await,
        }
    }
}

async fn accept(
    listener: TcpListener,
    sandbox: Arc<Mutex<Sandbox>>,
    config: Arc<ServerConfig>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The process is most likely out of file descriptors; retry when some are free.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (sandbox, config) = (Arc::clone(&sandbox), Arc::clone(&config));
        tokio::spawn(async move {
            #[cfg(feature = "tls")]
            if let Some(tls) = &config.tls {
                // A client that does not trust the certificate closes the connection.
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, sandbox, Arc::clone(&config)).await;
                }
                return;
            }
            serve(stream, sandbox, config).await;
        });
    }
}

/// Serves the requests of a connection.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    sandbox: Arc<Mutex<Sandbox>>,
    config: Arc<ServerConfig>,
) {
    let respond = service_fn(move |request| respond(Arc::clone(&sandbox), Arc::clone(&config), request));
    // A connection that is closed by the client or by a fault is not an error of the server.
    // Most responses are short, so that copying the body behind the head is faster than a vectored write.
    let _ = hyper::server::conn::http1::Builder::new()
        .writev(false)
        .serve_connection(TokioIo::new(stream), respond)
        .await;
}

/// Responds to a request; on an error, hyper closes the connection without a response.
async fn respond(
    sandbox: Arc<Mutex<Sandbox>>,
    config: Arc<ServerConfig>,
    request: Request<Incoming>,
) -> io::Result<Response<ServerBody>> {
    if is_control(request.uri().path())
        && is_foreign(config.cors.as_ref(), config.is_local, request.headers())
    {
        let message = "{\"error\":\"the origin of the page or the host name is not allowed; see --cors\"}\n";
        let mut response = Response::new(ServerBody::whole(Bytes::from_static(message.as_bytes())));
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Ok(response);
    }
    let Some(cors) = &config.cors else { return pass(&sandbox, &config, request).await };
    if let Some(headers) = cors.preflight(request.method(), request.headers()) {
        let mut response = Response::new(ServerBody::whole(Bytes::new()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.headers_mut() = headers;
        return Ok(response);
    }
    let mut response = pass(&sandbox, &config, request).await?;
    cors.allow(response.headers_mut());
    Ok(response)
}

/// Passes a request to the sandbox.
async fn pass(
    sandbox: &Mutex<Sandbox>,
    config: &ServerConfig,
    request: Request<Incoming>,
) -> io::Result<Response<ServerBody>> {
    let (head, body) = request.into_parts();
    let body = match body.is_end_stream() {
        true => Bytes::new(),
        false => match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => {
                let mut error = Response::new(ServerBody::whole(Bytes::new()));
                *error.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
                return Ok(error);
            }
        },
    };
    let request = Request::from_parts(absolute(head, config.scheme()), body);
    let delivery = {
        let mut sandbox = lock(sandbox);
        let delivery = exchange(&mut sandbox, request, now(), Slot::Uncounted);
        config.continue_record(&mut sandbox);
        delivery
    };
    match delivery {
        DeliveredResponse::Response { response, delay } => {
            wait(delay).await;
            Ok(unframed(response).map(ServerBody::whole))
        }
        DeliveredResponse::Dripping { response, bytes, pause, delay } => {
            wait(delay).await;
            Ok(unframed(response).map(|body| ServerBody::dripping(body, bytes, pause)))
        }
        DeliveredResponse::Broken { response, length, delay } => {
            wait(delay).await;
            Ok(unframed(response).map(|body| ServerBody::broken(&body, length)))
        }
        DeliveredResponse::NotSent { delay } | DeliveredResponse::Lost { delay } => {
            wait(delay).await;
            Err(io::Error::other("a planned fault closes the connection"))
        }
    }
}

/// Removes the headers of the framing, which hyper adds. It panics in debug builds if those of a fault contradict the body.
fn unframed(mut response: Response<Bytes>) -> Response<Bytes> {
    // Only a response of a fault has one of them.
    let framing = [CONTENT_LENGTH, TRANSFER_ENCODING];
    if response.headers().keys().any(|name| framing.contains(name)) {
        framing.iter().for_each(|name| drop(response.headers_mut().remove(name)));
    }
    response
}

/// Adds scheme and host to the URI, so that links in responses have the scheme of the server.
fn absolute(mut head: Parts, scheme: &str) -> Parts {
    if scheme == "https" && head.uri.authority().is_none() {
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        if let Ok(uri) = Uri::builder().scheme(scheme).authority(host).path_and_query(target).build() {
            head.uri = uri;
        }
    }
    head
}

fn now() -> UnixTime {
    UnixTime(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

fn lock(sandbox: &Mutex<Sandbox>) -> MutexGuard<'_, Sandbox> {
    // A panic elsewhere does not leave the sandbox in an invalid state.
    sandbox.lock().unwrap_or_else(PoisonError::into_inner)
}
