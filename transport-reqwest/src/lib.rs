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

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use zuora_core::http::Uri;
use zuora_core::http::uri::{Authority, PathAndQuery};
use reqwest::{ClientBuilder, Url, redirect, retry};
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
        let url = Url::parse(&text(&head.uri)).map_err(TransportError::unusable)?;
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        // hyper takes the body when the connection stands, so a body that nobody took was sent to nobody,
        // whatever the error says. Without a body only a failed connect is certain.
        let taken = (!body.is_empty()).then(Arc::<AtomicBool>::default);
        if let Some(taken) = taken.clone() {
            let body = Full::new(body.into_bytes()).map_frame(move |frame| {
                taken.store(true, Ordering::Relaxed);
                frame
            });
            *request.body_mut() = Some(reqwest::Body::wrap(body));
        }
        let untaken = || taken.as_ref().is_some_and(|taken| !taken.load(Ordering::Relaxed));
        let sent = self.client.execute(request);
        match timeout(limits.timeout, read(sent, limits.max_body)).await {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(Ok(None)) => Err(TransportError::TooLarge { limit: limits.max_body }),
            Ok(Err(error)) if error.is_connect() || untaken() => {
                Err(TransportError::never_left(error.without_url()))
            }
            Ok(Err(error)) => Err(TransportError::in_flight(error.without_url())),
            Err(elapsed) if untaken() => Err(TransportError::never_left(elapsed)),
            Err(elapsed) => Err(TransportError::in_flight(elapsed)),
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

/// The text of an absolute URI, in one allocation.
fn text(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", Authority::as_str);
    let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
    [uri.scheme_str().unwrap_or_default(), "://", authority, path].concat()
}

/// Reads an answer to its end; `None` when its body is longer than `most`. One that comes in a piece is not copied.
async fn read(
    sent: impl Future<Output = reqwest::Result<reqwest::Response>>,
    most: usize,
) -> reqwest::Result<Option<Response>> {
    let mut answer = sent.await?;
    let expected = answer.content_length();
    let (mut piece, mut whole) = (Bytes::new(), Vec::new());
    while let Some(next) = answer.chunk().await? {
        if next.len() > most - piece.len().max(whole.len()) {
            return Ok(None);
        }
        if piece.is_empty() {
            piece = next;
            continue;
        }
        if whole.is_empty() {
            // Only a hint: room that cannot be had now may never be needed.
            let _ = whole.try_reserve_exact(expected.unwrap_or_default() as usize);
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&next);
    }
    let mut response = Response::new(if whole.is_empty() { piece } else { whole.into() });
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(Some(response))
}
