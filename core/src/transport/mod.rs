//! Interfaces for everything outside this crate: the network, the clock and randomness.
//!
//! An HTTP client implements [`Transport`] (blocking) or [`AsyncTransport`]. An implementation moves bytes and classifies
//! failures. It does not authenticate, retry, follow redirects or log. The crate `zuora-conformance` tests an
//! implementation.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError};
//!
//! struct Offline {
//!     epoch: Instant,
//! }
//!
//! impl Transport for Offline {
//!     fn send(&self, _request: HttpRequest, _limits: Limits) -> Result<HttpResponse, TransportError> {
//!         Err(TransportError::not_sent("no network"))
//!     }
//!
//!     fn sleep_until(&self, time: Timestamp) {
//!         std::thread::sleep(self.now().until(time));
//!     }
//!
//!     fn now(&self) -> Timestamp {
//!         Timestamp::new(self.epoch.elapsed())
//!     }
//!
//!     fn seed(&self) -> Result<Seed, TransportError> {
//!         // Use the random generator of the operating system here.
//!         Err(TransportError::unusable("no randomness"))
//!     }
//! }
//! ```

pub(crate) mod headers;
mod http_date;
mod loopback;
mod timestamp;

#[doc(inline)]
pub use self::headers::{ConcurrencyLimit, RateLimit};
#[doc(inline)]
pub use self::loopback::is_loopback;
pub(crate) use self::loopback::is_loopback_host;
#[doc(inline)]
pub use self::timestamp::{Timestamp, WallTime};

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

/// A request as passed to a transport: absolute URI, every header except `Host`, complete body.
///
/// The request of [`Operation::request`](crate::Operation::request) has only a path and a query. The exchange adds the
/// rest.
pub type HttpRequest = http::Request<Body>;

/// A response as returned by a transport: any status, headers as received, complete body, not decompressed.
pub type HttpResponse = http::Response<Bytes>;

/// A blocking transport: sends requests and sleeps on the calling thread.
///
/// # Requirements
/// - Every status is a response, with its body: 4xx and 5xx are not errors here.
/// - Redirects are not followed, and requests are not retried.
/// - No header is added except `Host` and connection headers.
/// - The body is returned as received. The core decompresses `Content-Encoding: gzip`, with a size limit.
/// - [`TransportError::NotSent`] is returned only if the server cannot have seen the request, since even a write is
///   retried after it. In doubt, return [`TransportError::MaybeSent`].
#[doc(alias = "HTTP client")]
pub trait Transport {
    /// Sends one request and returns the response with its complete body.
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError>;
    /// Blocks until the clock of [`now`](Self::now) reaches `time`.
    fn sleep_until(&self, time: Timestamp);
    /// Returns the time of a monotonic clock.
    fn now(&self) -> Timestamp;
    /// Returns 256 bits from the random generator of the operating system, new for each call.
    fn seed(&self) -> Result<Seed, TransportError>;
}

/// An async transport, with the requirements of [`Transport`].
#[doc(alias = "HTTP client")]
pub trait AsyncTransport: Send + Sync {
    /// Sends one request and returns the response with its complete body.
    fn send(
        &self,
        request: HttpRequest,
        limits: Limits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;
    /// Completes when the clock of [`now`](Self::now) reaches `time`.
    fn sleep_until(&self, time: Timestamp) -> impl Future<Output = ()> + Send;
    /// Returns the time of a monotonic clock.
    fn now(&self) -> Timestamp;
    /// Returns 256 bits from the random generator of the operating system, new for each call.
    fn seed(&self) -> Result<Seed, TransportError>;
}

/// A transport with default settings, which [`Client::new`](crate::Client::new) requires.
pub trait DefaultTransport: Sized {
    /// Creates a transport with default settings.
    fn create() -> Result<Self, TransportError>;
}

/// Limits of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time limit from the start of the attempt to the last byte of the response.
    #[doc(alias = "deadline")]
    pub timeout: Duration,
    /// Largest body to read, in bytes as received.
    pub max_body: usize,
}

impl Limits {
    /// Creates limits from both values.
    pub const fn new(timeout: Duration, max_body: usize) -> Self {
        Self { timeout, max_body }
    }
}

/// Failure of an attempt, classified by whether the server can have seen the request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The name lookup, the connection or the TLS handshake failed, or no byte of the body was read: the server cannot
    /// have seen the request.
    #[error("the request was not sent")]
    NotSent(#[source] BoxError),
    /// The server may have seen the request and acted on it.
    #[error("no complete response was received")]
    MaybeSent(#[source] BoxError),
    /// The transport cannot be used where it was called, for example outside a runtime. Nothing was sent, and a retry
    /// would fail again.
    #[error("the transport cannot be used here")]
    Unusable(#[source] BoxError),
    /// The body of the response is larger than [`Limits::max_body`].
    #[error("the response is larger than the {limit} bytes of `max_response_bytes`")]
    TooLarge {
        /// Limit that was exceeded, in bytes.
        limit: usize,
    },
}

/// Any error, as the source of another one.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl TransportError {
    /// Creates an error for a request that the server cannot have seen.
    pub fn not_sent(source: impl Into<BoxError>) -> Self {
        Self::NotSent(source.into())
    }

    /// Creates an error for a transport that cannot be used where it was called.
    pub fn unusable(source: impl Into<BoxError>) -> Self {
        Self::Unusable(source.into())
    }

    /// Creates an error for a request that the server may have seen.
    pub fn maybe_sent(source: impl Into<BoxError>) -> Self {
        Self::MaybeSent(source.into())
    }
}

/// Body of a request. Its `Debug` output is the size only, since a token request contains the client secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Bytes);

impl Body {
    /// Creates an empty body.
    pub const fn empty() -> Self {
        Self(Bytes::new())
    }

    /// Returns the bytes, which are cheap to clone.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl<B: Into<Bytes>> From<B> for Body {
    fn from(bytes: B) -> Self {
        Self(bytes.into())
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// 256 random bits, from which a session derives its idempotency keys.
#[doc(alias = "randomness")]
#[derive(Clone)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Creates a seed from bytes of the operating system's random generator.
    ///
    /// Never use a fixed value with a real tenant. Sessions with the same seed send the same idempotency keys, so the
    /// service would return the result of the first session to the second one, without doing the work.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn halves(&self) -> (u128, u128) {
        let mut first = [0; 16];
        let mut second = [0; 16];
        first.copy_from_slice(&self.0[..16]);
        second.copy_from_slice(&self.0[16..]);
        (u128::from_be_bytes(first), u128::from_be_bytes(second))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// Implements `Transport` for pointers to transports.
macro_rules! forward_transport {
    ($($pointer:ty),*) => {$(
        impl<T: Transport + ?Sized> Transport for $pointer {
            fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
                (**self).send(request, limits)
            }
            fn sleep_until(&self, time: Timestamp) {
                (**self).sleep_until(time);
            }
            fn now(&self) -> Timestamp {
                (**self).now()
            }
            fn seed(&self) -> Result<Seed, TransportError> {
                (**self).seed()
            }
        }
    )*};
}

forward_transport!(&T, Box<T>, Arc<T>);

/// Implements `AsyncTransport` for pointers to transports.
macro_rules! forward_async_transport {
    ($($pointer:ty),*) => {$(
        impl<T: AsyncTransport> AsyncTransport for $pointer {
            fn send(
                &self,
                request: HttpRequest,
                limits: Limits,
            ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
                (**self).send(request, limits)
            }
            fn sleep_until(&self, time: Timestamp) -> impl Future<Output = ()> + Send {
                (**self).sleep_until(time)
            }
            fn now(&self) -> Timestamp {
                (**self).now()
            }
            fn seed(&self) -> Result<Seed, TransportError> {
                (**self).seed()
            }
        }
    )*};
}

forward_async_transport!(&T, Arc<T>);
