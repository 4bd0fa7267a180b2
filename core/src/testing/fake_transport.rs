//! A transport without a network, for tests and examples.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError,
};

/// A transport that answers by a function, on a clock that moves only when somebody sleeps. Token requests it
/// answers by itself.
///
/// ```
/// use zuora_core::{Client, Config, DataCenter};
/// use zuora_core::http::Method;
/// use zuora_core::testing::FakeTransport;
///
/// let world = FakeTransport::new(|request| {
///     assert_eq!(request.uri(), "https://rest.zuora.com/v1/ping");
///     Ok(FakeTransport::json(200, r#"{"success":true}"#))
/// });
/// let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, world)?;
/// assert_eq!(client.raw(Method::GET, "/v1/ping", None)?.attempts(), 1);
/// # Ok::<(), zuora_core::Error>(())
/// ```
pub struct FakeTransport<F> {
    answer: F,
    signs_in: bool,
    clock: Mutex<Timestamp>,
}

impl<F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>> FakeTransport<F> {
    /// Answers every request but those for a token.
    pub fn new(answer: F) -> Self {
        Self { answer, signs_in: true, clock: Mutex::default() }
    }

    /// Answers every request.
    pub fn bare(answer: F) -> Self {
        Self { signs_in: false, ..Self::new(answer) }
    }

    fn respond(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        if self.signs_in && request.uri().path() == "/oauth/token" {
            return Ok(FakeTransport::json(200, r#"{"access_token":"offline","expires_in":3599}"#));
        }
        (self.answer)(request)
    }
}

impl FakeTransport<()> {
    /// An answer with a JSON body. An impossible status becomes 500.
    pub fn json(status: u16, body: impl Into<Bytes>) -> HttpResponse {
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}

impl<F> FakeTransport<F> {
    /// Moves the clock on.
    pub fn advance(&self, span: Duration) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = *clock + span;
    }

    fn wake(&self, time: Timestamp) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = (*clock).max(time);
    }

    fn time(&self) -> Timestamp {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing leaves the process, so being different within it is enough.
fn seed() -> Seed {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 32];
    bytes[8..16].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Seed::from_bytes(bytes)
}

impl<F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>> Transport for FakeTransport<F> {
    fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
        self.respond(&request)
    }

    fn sleep_until(&self, time: Timestamp) {
        self.wake(time);
    }

    fn now(&self) -> Timestamp {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(seed())
    }
}

impl<F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError> + Send + Sync> AsyncTransport
    for FakeTransport<F>
{
    fn send(
        &self,
        request: HttpRequest,
        _: Limits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        ready(self.respond(&request))
    }

    fn sleep_until(&self, time: Timestamp) -> impl Future<Output = ()> + Send {
        self.wake(time);
        ready(())
    }

    fn now(&self) -> Timestamp {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(seed())
    }
}

impl<F> std::fmt::Debug for FakeTransport<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FakeTransport({:?})", self.time())
    }
}
