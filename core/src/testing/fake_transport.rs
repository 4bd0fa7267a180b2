//! A transport without a network for tests and examples.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError, WallTime,
};

/// A transport that returns the responses of a function, for tests and examples.
///
/// The clock of the transport advances only when the client sleeps or when [`advance`](FakeTransport::advance) is
/// called, so waits take no real time. By default, the transport responds to token requests itself.
///
/// ```
/// use zuora_core::{Client, Config, DataCenter};
/// use zuora_core::http::Method;
/// use zuora_core::testing::FakeTransport;
///
/// let transport = FakeTransport::new(|request| {
///     assert_eq!(request.uri(), "https://rest.zuora.com/v1/ping");
///     Ok(FakeTransport::json(200, r#"{"success":true}"#))
/// });
/// let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// let client = Client::with_transport(&config, transport)?;
/// assert_eq!(client.raw(Method::GET, "/v1/ping", None)?.attempts(), 1);
/// # Ok::<(), zuora_core::Error>(())
/// ```
///
/// To simulate a failure of the network, return a [`TransportError`].
#[doc(alias = "mock")]
#[doc(alias = "stub")]
#[doc(alias = "fake")]
pub struct FakeTransport<F> {
    handler: F,
    handles_token_requests: bool,
    clock: Mutex<Timestamp>,
}

/// Start of the clock, on 2026-01-01T00:00:00 UTC.
const START: Timestamp =
    Timestamp::new(Duration::ZERO).with_wall(WallTime::from_unix_millis(1_767_225_600_000));

impl<F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>> FakeTransport<F> {
    /// Creates a transport that passes every request to `handler`, except for token requests.
    pub fn new(handler: F) -> Self {
        Self { handler, handles_token_requests: true, clock: Mutex::new(START) }
    }

    /// Creates a transport that passes every request to `handler`, including token requests.
    pub fn bare(handler: F) -> Self {
        Self { handles_token_requests: false, ..Self::new(handler) }
    }

    fn respond(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        if self.handles_token_requests && request.uri().path() == "/oauth/token" {
            return Ok(FakeTransport::json(200, r#"{"access_token":"offline","expires_in":3599}"#));
        }
        (self.handler)(request)
    }
}

impl FakeTransport<()> {
    /// Creates a response with a JSON body. An invalid status code is replaced by 500.
    pub fn json(status: u16, body: impl Into<Bytes>) -> HttpResponse {
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}

impl<F> FakeTransport<F> {
    /// Advances the clock of the transport.
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

/// Returns a seed that is unique within the process, which is sufficient because no request leaves it.
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
