//! Async transport of the Zuora Billing SDK, over [`reqwest`] and tokio.
//!
//! Every call requires a tokio runtime with IO and time enabled. Outside a runtime, a call returns an error. The clock is
//! that of tokio, so waits complete at once while tokio's clock is paused.
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
//! # TLS
//! The default feature `rustls` uses rustls with the certificate roots of the operating system, as reqwest does by
//! default. For the TLS library of the platform, disable the default features and enable `native-tls`. For any other
//! choice, enable neither and select a TLS feature of reqwest in your own manifest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use reqwest::{ClientBuilder, redirect, retry};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};
use zuora_core::transport::{
    AsyncTransport, BoxError, DefaultTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp,
    TransportError,
};

pub use reqwest;
pub use zuora_core;
pub use zuora_core::{
    Amount, CallOptions, Config, DataCenter, Date, Endpoint, Error, ErrorKind, Operation, Outcome, Reason,
    ReasonCategory, Response, Result, bill_runs, bytes, files, http, intent, invoices, jobs, machine,
    object_query, operation, pagination, polling, reconcile, session, testing, transport, types,
};

/// Async client over [`Reqwest`].
pub type Client = zuora_core::AsyncClient<Reqwest>;

/// An [`AsyncTransport`] over a [`reqwest::Client`], whose connections are reused and shared by all tasks.
///
/// A connection belongs to the runtime that opened it: use one `Reqwest` per runtime.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    epoch: Instant,
}

impl Reqwest {
    /// Creates a transport with the settings of a custom builder.
    ///
    /// Redirects, retries and decompression of reqwest are disabled. Only a builder allows that, which is why a finished
    /// client is not accepted. Timeouts of the builder apply in addition to the time limit of each attempt, and cost each
    /// call a second timer.
    ///
    /// # Errors
    /// The client cannot be built, for example because there are no root certificates.
    pub fn with_builder(builder: ClientBuilder) -> Result<Self, TransportError> {
        let builder = builder
            .redirect(redirect::Policy::none()) // a redirect would send the token to another host
            .retry(retry::never()) // the core decides about retries
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
        let client = builder.build().map_err(TransportError::unusable)?;
        Ok(Self { client, epoch: Instant::now() })
    }
}

impl DefaultTransport for Reqwest {
    fn create() -> Result<Self, TransportError> {
        Self::with_builder(ClientBuilder::new())
    }
}

impl AsyncTransport for Reqwest {
    async fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        Handle::try_current().map_err(TransportError::unusable)?;
        // hyper reads the body after it has connected. A body that was not read was not sent, whatever the error is.
        // Without a body, only a failed connection proves that nothing was sent.
        let read = Arc::new(AtomicBool::new(request.body().is_empty()));
        let failed = |connected: bool, error: BoxError| match connected && read.load(Ordering::Relaxed) {
            true => TransportError::MaybeSent(error),
            false => TransportError::NotSent(error),
        };
        let mark = Arc::clone(&read);
        let request = request.map(|body| match body.is_empty() {
            true => reqwest::Body::default(),
            false => reqwest::Body::wrap(Full::new(body.into_bytes()).map_frame(move |frame| {
                mark.store(true, Ordering::Relaxed);
                frame
            })),
        });
        let request = reqwest::Request::try_from(request).map_err(TransportError::unusable)?;
        let exchange = async {
            let response = self.client.execute(request).await;
            let response = response.map_err(|e| failed(!e.is_connect(), e.without_url().into()))?;
            let (head, body) = http::Response::from(response).into_parts();
            let limit = limits.max_body;
            match Limited::new(body, limit).collect().await {
                Ok(body) => Ok(HttpResponse::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(TransportError::TooLarge { limit }),
                Err(error) => Err(TransportError::maybe_sent(error)),
            }
        };
        timeout(limits.timeout, exchange).await.unwrap_or_else(|elapsed| Err(failed(true, elapsed.into())))
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
        let since = Instant::now().saturating_duration_since(self.epoch);
        Timestamp::new(since).with_wall(SystemTime::now().into())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map(|()| Seed::from_bytes(bytes)).map_err(TransportError::unusable)
    }
}
