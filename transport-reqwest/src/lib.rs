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

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use reqwest::{ClientBuilder, redirect, retry};
use tokio::runtime::Handle;
use tokio::time::Instant;

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
    /// are switched off, which can be done only here: that is why no ready-made client is taken.
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
        let (head, body) = request.into_parts();
        // hyper takes the body when the connection stands, so a body that nobody took was sent to nobody,
        // whatever the error says. Without a body only a failed connect is certain.
        let taken = Arc::new(AtomicBool::new(body.is_empty()));
        let failed = |error: reqwest::Error| match error.is_connect() || !taken.load(Ordering::Relaxed) {
            true => TransportError::never_left(error.without_url()),
            false => TransportError::in_flight(error.without_url()),
        };
        let body = if body.is_empty() {
            reqwest::Body::default()
        } else {
            let note = Arc::clone(&taken);
            reqwest::Body::wrap(Full::new(body.into_bytes()).map_frame(move |frame| {
                note.store(true, Ordering::Relaxed);
                frame
            }))
        };
        let mut request =
            reqwest::Request::try_from(http::Request::from_parts(head, body)).map_err(failed)?;
        *request.timeout_mut() = Some(limits.timeout);
        let answer = self.client.execute(request).await.map_err(failed)?;
        let (head, body) = http::Response::from(answer).into_parts();
        match Limited::new(body, limits.max_body).collect().await {
            Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(TransportError::TooLarge { limit: limits.max_body })
            }
            Err(error) => Err(TransportError::in_flight(error)),
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
