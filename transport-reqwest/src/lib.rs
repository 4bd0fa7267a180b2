//! Async transport of the Zuora Billing SDK, over [`reqwest`] and tokio.
//!
//! Every call needs a tokio runtime around it, with IO and time enabled; without one it answers with an error
//! value. Time is tokio's, so that under a paused clock waits are over at once.
//!
//! # TLS
//! The default feature `rustls` is reqwest's own default, with the roots of the operating system, so that
//! `https` works out of the box. To choose otherwise, switch default features off and take `native-tls`, or
//! neither and any TLS feature of reqwest in a manifest of your own.

mod convert;

use std::sync::atomic::Ordering;

use reqwest::{ClientBuilder, redirect, retry};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

pub use reqwest;
pub use zuora_core::*;

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

impl Open for Reqwest {
    fn open() -> Result<Self, TransportError> {
        Self::with_builder(ClientBuilder::new())
    }
}

impl AsyncTransport for Reqwest {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        Handle::try_current().map_err(TransportError::unusable)?;
        let (request, taken) = convert::request(request)?;
        let failed = |unconnected: bool, error: BoxError| {
            let untaken = taken.is_some_and(|taken| !taken.load(Ordering::Relaxed));
            match unconnected || untaken {
                true => TransportError::NeverLeft(error),
                false => TransportError::InFlight(error),
            }
        };
        let answer = convert::response(self.client.execute(request), limits.max_body);
        match timeout(limits.timeout, answer).await {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(Ok(None)) => Err(TransportError::TooLarge { limit: limits.max_body }),
            Ok(Err(error)) => Err(failed(error.is_connect(), error.without_url().into())),
            Err(late) => Err(failed(false, late.into())),
        }
    }

    async fn sleep_until(&self, time: Now) {
        match Handle::try_current() {
            Ok(_) => tokio::time::sleep(self.now().until(time)).await,
            // Nothing could wake this future; tokio's own sleep would panic.
            Err(_) => std::thread::sleep(self.now().until(time)),
        }
    }

    fn now(&self) -> Now {
        Now(Instant::now().saturating_duration_since(self.epoch))
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map(|()| Seed::from_bytes(bytes)).map_err(TransportError::unusable)
    }
}
