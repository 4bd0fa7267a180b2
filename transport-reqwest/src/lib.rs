//! Async transport of the Zuora Billing SDK, over [`reqwest`] and tokio.
//!
//! Every call needs a tokio runtime around it, with IO and time enabled; without one it answers with an error
//! value. Time is tokio's, so that under a paused clock waits are over at once.
//!
//! # TLS
//! The default feature `rustls` is reqwest's own default, with the roots of the operating system, so that
//! `https` works out of the box. To choose otherwise, switch default features off and take `native-tls`, or
//! neither and any TLS feature of reqwest in a manifest of your own.

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

/// The async client over [`Reqwest`].
pub type Client = zuora_core::AsyncClient<Reqwest>;

/// Sends requests with a [`reqwest::Client`], whose connections are kept and shared by all tasks of one
/// runtime. Connections belong to the runtime that opened them: use one `Reqwest` per runtime.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    epoch: Instant,
}

impl Reqwest {
    /// Uses the settings of a builder of the caller's. Redirects, reqwest's own retries and its decompression
    /// are switched off, which can be done only here: that is why no ready-made client is taken. Its timeouts hold
    /// beside the time limit of each attempt; a second one costs each call a timer.
    ///
    /// # Errors
    /// When the client cannot be built, such as for want of root certificates.
    pub fn with_builder(builder: ClientBuilder) -> Result<Self, TransportError> {
        let builder = builder
            .redirect(redirect::Policy::none()) // a redirect must never carry the token away
            .retry(retry::never()) // the core decides what is repeated
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
        // hyper takes the body when the connection stands, so a body that nobody took was sent to nobody,
        // whatever the error says. Without a body only a failed connect is certain.
        let taken = Arc::new(AtomicBool::new(request.body().is_empty()));
        let failed = |connected: bool, error: BoxError| match connected && taken.load(Ordering::Relaxed) {
            true => TransportError::MaybeSent(error),
            false => TransportError::NotSent(error),
        };
        let note = Arc::clone(&taken);
        let request = request.map(|body| match body.is_empty() {
            true => reqwest::Body::default(),
            false => reqwest::Body::wrap(Full::new(body.into_bytes()).map_frame(move |frame| {
                note.store(true, Ordering::Relaxed);
                frame
            })),
        });
        let request = reqwest::Request::try_from(request).map_err(TransportError::unusable)?;
        let answer = async {
            let answer = self.client.execute(request).await;
            let answer = answer.map_err(|error| failed(!error.is_connect(), error.without_url().into()))?;
            let (head, body) = http::Response::from(answer).into_parts();
            let limit = limits.max_body;
            match Limited::new(body, limit).collect().await {
                Ok(body) => Ok(HttpResponse::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(TransportError::TooLarge { limit }),
                Err(error) => Err(TransportError::maybe_sent(error)),
            }
        };
        timeout(limits.timeout, answer).await.unwrap_or_else(|late| Err(failed(true, late.into())))
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
