//! Blocking transport of the Zuora Billing SDK, over [`ureq`].
//!
//! The transport uses no async runtime. It may be called from any thread, and blocks the calling thread.
//!
//! ```no_run
//! use zuora_ureq::bill_runs::GetBillRun;
//! use zuora_ureq::{Client, Config, DataCenter};
//!
//! # fn main() -> zuora_ureq::Result<()> {
//! let config = Config::new(DataCenter::Eu, "00000000-0000-4000-8000-000000000001", "client-secret");
//! let client = Client::new(&config)?;
//! let run = client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
//! println!("{}", run.status()?);
//! # Ok(())
//! # }
//! ```
//!
//! # Connections
//! Connecting is limited to 10 s: see [`Ureq::connect_timeout`]. An address that does not respond within 2 s is abandoned
//! if the host has others. Proxies are configured by the environment (`ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`,
//! `NO_PROXY`), as in `ureq`; a loopback address and plain `http` are always reached directly. The feature `socks-proxy`
//! adds SOCKS. A proxy variable that is no URL of a proxy counts as absent. Entries of `NO_PROXY` with spaces or ports match
//! no host.
//!
//! # Certificates
//! Certificates are checked against the roots of Mozilla (`webpki-roots`), which need no file on the machine and are the
//! same on each. They do not contain the authority of a company whose proxy inspects TLS. The feature `platform-verifier`
//! uses the verifier of the operating system instead; on Linux that is the usual bundle, or the one that `SSL_CERT_FILE`
//! names. [`Ureq::with_config`] takes any other roots.
//!
//! # Logs
//! At level `TRACE`, the target `ureq_proto` contains the heads of requests and the bytes of responses, and with them the
//! token. Switch that target off wherever `TRACE` is enabled, as in `RUST_LOG=trace,ureq_proto=off`. No other target
//! contains the token, and none contains the client secret.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod agent;
mod connector;
mod not_connected;
mod prefetched_pages;
mod resolver;

use std::time::{Duration, Instant, SystemTime};

use ureq::{Agent, AsSendBody, SendBody};
use zuora_core::transport::{
    HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError, is_loopback,
};

use self::not_connected::{NotConnected, never_connected};
pub use self::prefetched_pages::PrefetchedPages;
pub use ureq;
pub use zuora_core;
#[cfg(feature = "callouts")]
pub use zuora_core::callouts;
pub use zuora_core::{
    Amount, CallOptions, Config, DataCenter, Date, Endpoint, Error, ErrorKind, Operation, Outcome, Reason,
    ReasonCategory, Response, Result, bill_runs, bytes, files, http, intent, invoices, jobs, machine,
    object_query, observer, operation, pagination, polling, reconcile, session, testing, transport, types,
};

/// Blocking client over [`Ureq`].
///
/// Its methods are those of [`zuora_core::Client`]:
///
/// | To | Call |
/// | --- | --- |
/// | send one operation | [`call`](zuora_core::Client::call), [`call_with`](zuora_core::Client::call_with) |
/// | read a list | [`items`](zuora_core::Client::items), [`pages`](zuora_core::Client::pages) |
/// | wait for work in the background | [`wait`](zuora_core::Client::wait), [`poller`](zuora_core::Client::poller) |
/// | post what was reviewed | [`review`](zuora_core::Client::review), [`post_if_unchanged`](zuora_core::Client::post_if_unchanged) |
/// | decide an unknown outcome | [`baseline`](zuora_core::Client::baseline), [`reconcile`](zuora_core::Client::reconcile) |
/// | perform a write once, over restarts | [`intent`](zuora_core::Client::intent), [`perform`](zuora_core::Client::perform) |
/// | see a request without sending it | [`dry_run`](zuora_core::Client::dry_run) |
/// | call any other endpoint | [`raw`](zuora_core::Client::raw) |
pub type Client = zuora_core::Client<Ureq>;

/// Reads a configuration from the environment variables of the process: see [`Config::from_vars`] for their names.
///
/// ```no_run
/// use zuora_ureq::{Client, config_from_env};
///
/// // ZUORA_DATA_CENTER or ZUORA_BASE_URL, and ZUORA_CLIENT_ID with ZUORA_CLIENT_SECRET
/// let client = Client::new(&config_from_env()?.track_id("nightly"))?;
/// # let _ = client;
/// # Ok::<(), zuora_ureq::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Build`], with the names of the variables that are missing, or of one that is invalid.
pub fn config_from_env() -> Result<Config> {
    Config::from_vars(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// A [`Transport`] over a [`ureq::Agent`], whose connections are reused and shared by all threads.
///
/// # Limits
/// A write that the connection accepts only in part can exceed the timeout of the attempt by the time of one more write.
#[derive(Clone, Debug)]
pub struct Ureq {
    agent: Agent,
    connect_timeout: Duration,
    epoch: Instant,
}

/// Connect timeout of an agent that has none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Ureq {
    /// Creates a transport with a custom agent, including its connector, resolver and middleware. Prefer
    /// [`with_config`](Self::with_config) where settings are enough.
    ///
    /// Some settings of the agent are overridden for each request: an error status is a response, redirects are not
    /// followed, no header is added, the timeout is that of the attempt, and a loopback address or an `http` URL is
    /// reached without a proxy. Prefer an agent without the feature `gzip`. With it, the size limit counts decompressed bytes.
    ///
    /// # Limits
    /// The parts of an agent cannot be checked. Middleware can send a request twice, or log its headers. Without the
    /// connector of this crate, a failed TLS handshake of a request without a body counts as maybe sent, since ureq
    /// reports it like a connection that broke later; a response to an upload that the server did not read to its end
    /// may be lost; and the addresses of a host are tried as in ureq. Run the conformance cases of `zuora-conformance`
    /// against the transport.
    pub fn with_agent(agent: Agent) -> Self {
        let connect_timeout = agent.config().timeouts().connect.unwrap_or(CONNECT_TIMEOUT);
        Self { agent, connect_timeout, epoch: Instant::now() }
    }

    /// Sets the time limit for the name lookup, and that for connecting with the TLS handshake. The default is that of
    /// the agent, or 10 s. The time limit of the attempt applies as well.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

impl Transport for Ureq {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let (head, body) = request.into_parts();
        let mut rest = &body[..];
        let result = match body.is_empty() {
            true => self.run(http::Request::from_parts(head, ()), limits),
            false => self.run(http::Request::from_parts(head, SendBody::from_reader(&mut rest)), limits),
        };
        // ureq reads the body after it has connected and sent the head. A body of which no byte was read was not sent,
        // whatever the error is.
        let unread = !body.is_empty() && rest.len() == body.len();
        result.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => TransportError::TooLarge { limit: limits.max_body },
            error if unread || never_connected(&error) => {
                TransportError::not_sent(NotConnected::unmark(error))
            }
            error => TransportError::maybe_sent(error),
        })
    }

    fn sleep_until(&self, time: Timestamp) {
        std::thread::sleep(self.now().until(time));
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(self.epoch.elapsed()).with_wall(SystemTime::now().into())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map(|()| Seed::from_bytes(bytes)).map_err(TransportError::unusable)
    }
}

/// Longest timeout. Clocks overflow after some centuries, and a year is practically unlimited.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Ureq {
    fn run(
        &self,
        request: http::Request<impl AsSendBody>,
        limits: Limits,
    ) -> Result<HttpResponse, ureq::Error> {
        let is_http = request.uri().scheme_str() == Some("http");
        let is_direct = is_http || is_loopback(request.uri());
        let mut settings = self
            .agent
            .configure_request(request)
            .http_status_as_error(false) // an error status is a response, whose body contains the reasons
            .max_redirects(0) // a redirect would send the token to another host
            .accept("")
            .accept_encoding("")
            .timeout_global(Some(limits.timeout.min(YEAR)))
            .timeout_resolve(Some(self.connect_timeout))
            .timeout_connect(Some(self.connect_timeout));
        if is_direct {
            settings = settings.proxy(None); // a proxy could read the token in a request over http
        }
        let request = settings.build();
        let (head, mut body) = self.agent.run(request)?.into_parts();
        // One byte more, since ureq rejects a body that ends exactly at its limit.
        let body = body.with_config().limit((limits.max_body as u64).saturating_add(1)).read_to_vec()?;
        Ok(HttpResponse::from_parts(head, bytes::Bytes::from(body)))
    }
}
