//! Async transport of the Zuora Billing SDK, over [`reqwest`] and tokio.
//!
//! Every call requires a tokio runtime with time enabled. Outside a runtime, a call returns an error. On a runtime without
//! time, tokio panics before anything is sent. The clock is that of tokio, so waits complete at once while tokio's clock
//! is paused.
//!
//! ```no_run
//! use zuora_reqwest::bill_runs::GetBillRun;
//! use zuora_reqwest::{Client, Config, DataCenter};
//!
//! # async fn show() -> zuora_reqwest::Result<()> {
//! let config = Config::new(DataCenter::Eu, "00000000-0000-4000-8000-000000000001", "client-secret");
//! let client = Client::new(&config)?;
//! let run = client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43")).await?;
//! println!("{}", run.status()?);
//! # Ok(())
//! # }
//! ```
//!
//! # Connections
//! Connecting is limited to 10 s, which the addresses of a host share: see [`Reqwest::builder`]. Proxies are configured by
//! the environment (`ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), as in `reqwest`; a loopback address and plain
//! `http` are reached directly, with the limits of [`Reqwest::with_builder`].
//!
//! # TLS
//! The default feature `rustls` uses rustls with the certificate roots of the operating system, as reqwest does by
//! default. Its cryptography is aws-lc, which a C compiler builds. For the TLS library of the platform, disable the
//! default features and enable `native-tls`.
//!
//! To choose the cryptography, disable the default features, enable `rustls-no-provider`, and install a provider before
//! the first client. No C compiler is needed then, unless the provider needs one. `rustls-graviola` is a provider in Rust
//! and assembly for recent x86-64 and AArch64 processors:
//!
//! ```text
//! rustls_graviola::default_provider().install_default().expect("no other provider is installed");
//! let client = zuora_reqwest::Client::new(&config)?;
//! ```
//!
//! # Middleware
//! A client of `reqwest-middleware` becomes a transport as follows. The timer and the random generator are those of
//! [`Reqwest`]. The client must not follow redirects and must not retry: the core decides about retries, and a redirect
//! would send the token to another host. Every failure counts as maybe sent, since middleware may hide that a connection
//! was never made.
//!
//! ```
//! use http_body_util::{BodyExt, Limited};
//! use reqwest_middleware::ClientWithMiddleware;
//! use zuora_reqwest::transport::{AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, TransportError};
//! use zuora_reqwest::{Reqwest, http, reqwest};
//!
//! struct WithMiddleware(ClientWithMiddleware, Reqwest);
//!
//! impl AsyncTransport for WithMiddleware {
//!     async fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
//!         let request = request.map(|body| reqwest::Body::from(body.into_bytes()));
//!         let request = reqwest::Request::try_from(request).map_err(TransportError::unusable)?;
//!         let exchange = async {
//!             let response = self.0.execute(request).await.map_err(TransportError::maybe_sent)?;
//!             let (head, body) = http::Response::from(response).into_parts();
//!             let body = Limited::new(body, limits.max_body).collect().await.map_err(TransportError::MaybeSent)?;
//!             Ok(HttpResponse::from_parts(head, body.to_bytes()))
//!         };
//!         tokio::time::timeout(limits.timeout, exchange).await.map_err(TransportError::maybe_sent)?
//!     }
//!     # async fn sleep_until(&self, time: Timestamp) { self.1.sleep_until(time).await }
//!     # fn now(&self) -> Timestamp { self.1.now() }
//!     # fn seed(&self) -> Result<Seed, TransportError> { self.1.seed() }
//! }
//!
//! # async fn show() -> Result<(), Box<dyn std::error::Error>> {
//! let builder = Reqwest::builder().redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never());
//! let client = reqwest_middleware::ClientBuilder::new(builder.build()?).build(); // with your middleware
//! let transport = WithMiddleware(client, Reqwest::with_builder(Reqwest::builder())?);
//! # let server = zuora_sandbox::Server::start("127.0.0.1:0", zuora_sandbox::Sandbox::demo())?;
//! # let config = zuora_reqwest::Config::new(server.url(), zuora_sandbox::CLIENT_ID, zuora_sandbox::CLIENT_SECRET);
//! let client = zuora_core::AsyncClient::with_transport(&config, transport)?;
//! # let query = zuora_reqwest::object_query::QueryInvoices::new();
//! # client.call(&query).await?;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(show()).unwrap();
//! ```
//!
//! # Logs
//! No target contains the token or the client secret at any level, unless a builder sets `connection_verbose`. The events
//! of reqwest and hyper are logged on the threads of the transport, so they are outside the caller's `tracing` span and
//! do not reach a subscriber that is set for the caller's thread only.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod connections;
mod crypto_provider;

use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use reqwest::{ClientBuilder, redirect, retry};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};
use zuora_core::transport::{
    AsyncTransport, DefaultTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, TransportError,
    is_loopback,
};

use crate::body::TrackedBody;
use crate::connections::Connections;

pub use reqwest;
pub use zuora_core;
#[cfg(feature = "callouts")]
pub use zuora_core::callouts;
pub use zuora_core::{
    Amount, CallOptions, Config, DataCenter, Date, Endpoint, Error, ErrorKind, Operation, Outcome, Reason,
    ReasonCategory, Response, Result, bill_runs, bytes, files, http, intent, invoices, jobs, machine,
    object_query, observer, operation, pagination, polling, reconcile, session, testing, transport, types,
};

/// Async client over [`Reqwest`].
///
/// Its methods are those of [`zuora_core::AsyncClient`]:
///
/// | To | Call |
/// | --- | --- |
/// | send one operation | [`call`](zuora_core::AsyncClient::call), [`call_with`](zuora_core::AsyncClient::call_with) |
/// | read a list | [`items`](zuora_core::AsyncClient::items), [`pages`](zuora_core::AsyncClient::pages) |
/// | wait for work in the background | [`wait`](zuora_core::AsyncClient::wait), [`poller`](zuora_core::AsyncClient::poller) |
/// | post what was reviewed | [`review`](zuora_core::AsyncClient::review), [`post_if_unchanged`](zuora_core::AsyncClient::post_if_unchanged) |
/// | decide an unknown outcome | [`baseline`](zuora_core::AsyncClient::baseline), [`reconcile`](zuora_core::AsyncClient::reconcile) |
/// | perform a write once, over restarts | [`intent`](zuora_core::AsyncClient::intent), [`perform`](zuora_core::AsyncClient::perform) |
/// | see a request without sending it | [`dry_run`](zuora_core::AsyncClient::dry_run) |
/// | call any other endpoint | [`raw`](zuora_core::AsyncClient::raw) |
pub type Client = zuora_core::AsyncClient<Reqwest>;

/// Reads a configuration from the environment variables of the process: see [`Config::from_vars`] for their names.
///
/// ```no_run
/// use zuora_reqwest::{Client, config_from_env};
///
/// // ZUORA_DATA_CENTER or ZUORA_BASE_URL, and ZUORA_CLIENT_ID with ZUORA_CLIENT_SECRET
/// let client = Client::new(&config_from_env()?.track_id("nightly"))?;
/// # let _ = client;
/// # Ok::<(), zuora_reqwest::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Build`], with the names of the variables that are missing, or of one that is invalid.
pub fn config_from_env() -> Result<Config> {
    Config::from_vars(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// An [`AsyncTransport`] over a [`reqwest::Client`], whose connections are reused and shared by all tasks.
///
/// The connections run on two threads of the transport, and close when its last clone is dropped. Several runtimes may
/// share a transport.
///
/// A server can keep a connection busy with interim responses, and with it one of the threads, until the attempt ends.
/// Other calls then use the second thread. If two connections are kept busy, all other calls are delayed, token requests
/// included.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    /// For loopback addresses and http: without a proxy.
    direct: reqwest::Client,
    has_default_tls: bool,
    connections: Connections,
    epoch: Instant,
}

impl Reqwest {
    /// Returns a builder with the defaults of this crate: connecting is limited to 10 s, which the addresses of a host
    /// share.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new().connect_timeout(Duration::from_secs(10))
    }

    /// Creates a transport with the settings of a custom builder. Prefer to begin with [`builder`](Self::builder), since
    /// connecting has no separate time limit in a new `ClientBuilder`.
    ///
    /// Redirects, retries and decompression of reqwest are disabled. Only a builder allows that, which is why a finished
    /// client is not accepted. Timeouts of the builder apply in addition to the time limit of each attempt, and cost each
    /// call a second timer.
    ///
    /// # Limits
    /// The other settings of a builder cannot be checked. Connector layers can connect elsewhere, `default_headers` adds
    /// headers, and `connection_verbose` logs the token. The requests to an `http` URL with a loopback address use a
    /// client without a proxy and without these settings. For an `https` URL with a loopback address, the settings are
    /// needed: call `no_proxy` on its builder. Do so for an `http` URL with another host too, or a proxy of the environment
    /// can read the token. Connector layers and a `dns_resolver` run on the threads of the transport, where they find no
    /// task-local or thread-local value of the caller. Run the conformance cases of `zuora-conformance` against the
    /// transport.
    ///
    /// # Errors
    /// The client cannot be built, for example because there are no root certificates, or because no crypto provider is
    /// installed.
    pub fn with_builder(builder: ClientBuilder) -> Result<Self, TransportError> {
        crypto_provider::check()?;
        let build = |builder: ClientBuilder| {
            let builder = builder
                .redirect(redirect::Policy::none()) // a redirect would send the token to another host
                .retry(retry::never()) // the core decides about retries
                .referer(false)
                .no_gzip()
                .no_brotli()
                .no_zstd()
                .no_deflate();
            builder.build().map_err(TransportError::unusable)
        };
        let (client, direct) = (build(builder)?, build(Self::builder().no_proxy())?);
        let connections = Connections::start(connections::THREADS).map_err(TransportError::unusable)?;
        Ok(Self { client, direct, has_default_tls: false, connections, epoch: Instant::now() })
    }

    /// Returns the client for a URL. One without a proxy is used for http, where a proxy could read the token.
    fn client(&self, uri: &http::Uri) -> &reqwest::Client {
        let (is_http, is_loopback) = (uri.scheme_str() == Some("http"), is_loopback(uri));
        let is_direct = if self.has_default_tls { is_http || is_loopback } else { is_http && is_loopback };
        if is_direct { &self.direct } else { &self.client }
    }
}

impl DefaultTransport for Reqwest {
    fn create() -> Result<Self, TransportError> {
        Ok(Self { has_default_tls: true, ..Self::with_builder(Self::builder())? })
    }
}

impl AsyncTransport for Reqwest {
    async fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        Handle::try_current().map_err(TransportError::unusable)?;
        let client = self.client(request.uri()).clone();
        let (head, body) = request.into_parts();
        let (body, evidence) = TrackedBody::new(body.into_bytes());
        let request = http::Request::from_parts(head, reqwest::Body::wrap(body));
        let request = reqwest::Request::try_from(request).map_err(TransportError::unusable)?;
        let (limit, attempt) = (limits.max_body, evidence.clone());
        let exchange = self.connections.run(evidence.clone(), async move {
            let response = client.execute(request).await;
            let response = response.map_err(|e| attempt.failure(!e.is_connect(), e.without_url()))?;
            let (head, body) = http::Response::from(response).into_parts();
            match Limited::new(body, limit).collect().await {
                Ok(body) => Ok(HttpResponse::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(TransportError::TooLarge { limit }),
                Err(error) => Err(TransportError::maybe_sent(error)),
            }
        });
        // On a runtime without time this panics, before the exchange has begun.
        let result = timeout(limits.timeout, exchange).await.map_err(|e| evidence.failure(true, e))?;
        result.map_err(|stopped| evidence.failure(true, stopped))?
    }

    async fn sleep_until(&self, time: Timestamp) {
        if Handle::try_current().is_ok() {
            return tokio::time::sleep(self.now().until(time)).await;
        }
        // Outside a runtime tokio's timer panics, and blocking would stop every future of the thread. The next send
        // ends the call there.
        while self.now() < time {
            tokio::task::yield_now().await;
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(self.epoch.elapsed()).with_wall(SystemTime::now().into())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map(|()| Seed::from_bytes(bytes)).map_err(TransportError::unusable)
    }
}
