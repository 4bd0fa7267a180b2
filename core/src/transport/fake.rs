//! A transport without a network, for tests and examples.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::transport::{AsyncTransport, Limits, Now, Request, Response, Seed, Transport, TransportError};

/// A transport that answers by a function, on a clock that moves only when somebody sleeps. Token requests it
/// answers by itself.
///
/// ```
/// use zuora_core::{Client, Config, DataCenter, Offline, http::Method};
///
/// let world = Offline::new(|request| {
///     assert_eq!(request.uri(), "https://rest.zuora.com/v1/ping");
///     Ok(Offline::json(200, r#"{"success":true}"#))
/// });
/// let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::over(&config, world)?;
/// assert_eq!(client.raw(Method::GET, "/v1/ping", None)?.attempts(), 1);
/// # Ok::<(), zuora_core::Error>(())
/// ```
pub struct Offline<F> {
    answer: F,
    signs_in: bool,
    clock: Mutex<Now>,
}

impl<F: Fn(&Request) -> Result<Response, TransportError>> Offline<F> {
    /// Answers every request but those for a token.
    pub fn new(answer: F) -> Self {
        Self { answer, signs_in: true, clock: Mutex::default() }
    }

    /// Answers every request.
    pub fn bare(answer: F) -> Self {
        Self { signs_in: false, ..Self::new(answer) }
    }

    fn respond(&self, request: &Request) -> Result<Response, TransportError> {
        if self.signs_in && request.uri().path() == "/oauth/token" {
            return Ok(Offline::json(200, r#"{"access_token":"offline","expires_in":3599}"#));
        }
        (self.answer)(request)
    }
}

impl Offline<()> {
    /// An answer with a JSON body. An impossible status becomes 500.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Response {
        let mut response = Response::new(body.into());
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}

impl<F> Offline<F> {
    /// Moves the clock on.
    pub fn advance(&self, span: Duration) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = *clock + span;
    }

    fn wake(&self, time: Now) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = (*clock).max(time);
    }

    fn time(&self) -> Now {
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

impl<F: Fn(&Request) -> Result<Response, TransportError>> Transport for Offline<F> {
    fn send(&self, request: Request, _: Limits) -> Result<Response, TransportError> {
        self.respond(&request)
    }

    fn sleep_until(&self, time: Now) {
        self.wake(time);
    }

    fn now(&self) -> Now {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(seed())
    }
}

impl<F: Fn(&Request) -> Result<Response, TransportError> + Send + Sync> AsyncTransport for Offline<F> {
    fn send(
        &self,
        request: Request,
        _: Limits,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send {
        ready(self.respond(&request))
    }

    fn sleep_until(&self, time: Now) -> impl Future<Output = ()> + Send {
        self.wake(time);
        ready(())
    }

    fn now(&self) -> Now {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(seed())
    }
}

impl<F> std::fmt::Debug for Offline<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offline({:?})", self.time())
    }
}
