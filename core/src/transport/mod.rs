//! The world outside: bytes over the network, the clock, and randomness.
//!
//! [`Transport`] (blocking) and [`AsyncTransport`] are all that an HTTP client has to offer to carry the
//! operations of this crate. An implementation moves bytes and says how a failed exchange failed; it does not
//! authenticate, retry, follow redirects or log.

pub(crate) mod headers;
mod timestamp;

#[doc(inline)]
pub use self::headers::{ConcurrencyLimit, RateLimit};
#[doc(inline)]
pub use self::timestamp::{Timestamp, WallTime};

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

/// A request as a transport gets it: absolute URI, every header but `Host`, whole body.
///
/// What [`Operation::request`](crate::Operation::request) makes has only path and query; the rest is added by
/// the exchange.
pub type HttpRequest = http::Request<Body>;

/// A response as a transport hands it back: any status, headers as received, whole body, still compressed.
pub type HttpResponse = http::Response<Bytes>;

/// Sends requests and waits, on the calling thread.
///
/// # What an implementation owes
/// - Every status is an answer, with its body: 4xx and 5xx are not errors here.
/// - No redirect is followed, nothing is repeated, no header is added but `Host` and connection headers.
/// - The body is left as it came: `Content-Encoding: gzip` is undone by the core, under a size cap.
/// - [`TransportError::NotSent`] only when the server cannot have seen the request. In doubt, it is
///   [`TransportError::MaybeSent`]: a write is repeated on the strength of the first.
pub trait Transport {
    /// Sends one request and returns the answer with its body read to the end.
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError>;
    /// Blocks until the clock of [`now`](Self::now) reaches `time`.
    fn sleep_until(&self, time: Timestamp);
    /// The time on a clock that never runs backwards.
    fn now(&self) -> Timestamp;
    /// 256 bits from the operating system's generator, new for each call.
    fn seed(&self) -> Result<Seed, TransportError>;
}

/// [`Transport`] for async runtimes; the same duties.
pub trait AsyncTransport: Send + Sync {
    /// Sends one request and returns the answer with its body read to the end.
    fn send(
        &self,
        request: HttpRequest,
        limits: Limits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;
    /// Completes when the clock of [`now`](Self::now) reaches `time`.
    fn sleep_until(&self, time: Timestamp) -> impl Future<Output = ()> + Send;
    /// The time on a clock that never runs backwards.
    fn now(&self) -> Timestamp;
    /// 256 bits from the operating system's generator, new for each call.
    fn seed(&self) -> Result<Seed, TransportError>;
}

/// A transport that can start with no settings of the user's; gives [`Client::new`](crate::Client::new).
pub trait DefaultTransport: Sized {
    /// Makes a transport with its own defaults.
    fn create() -> Result<Self, TransportError>;
}

/// What one attempt may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From the start of the attempt to the last byte of the answer.
    pub timeout: Duration,
    /// Largest body to read, in bytes as they come over the wire.
    pub max_body: usize,
}

impl Limits {
    /// Both limits at once.
    pub const fn new(timeout: Duration, max_body: usize) -> Self {
        Self { timeout, max_body }
    }
}

/// Why no answer came back, sorted by what the server can have seen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Look-up, connecting or the TLS handshake failed, or no byte of the body was taken: nothing happened.
    #[error("the request was not sent")]
    NotSent(#[source] BoxError),
    /// The request was under way: the server may have acted on it.
    #[error("no complete response was received")]
    MaybeSent(#[source] BoxError),
    /// The transport cannot work where it was called, such as for want of a runtime: nothing was sent, and
    /// trying again is of no use.
    #[error("the transport cannot work here")]
    Unusable(#[source] BoxError),
    /// An answer came whose body is larger than [`Limits::max_body`].
    #[error("the response is larger than {limit} bytes")]
    TooLarge {
        /// The limit that was passed, in bytes.
        limit: usize,
    },
}

/// Any error, as a source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl TransportError {
    /// The server cannot have seen the request.
    pub fn not_sent(source: impl Into<BoxError>) -> Self {
        Self::NotSent(source.into())
    }

    /// The transport cannot work where it was called.
    pub fn unusable(source: impl Into<BoxError>) -> Self {
        Self::Unusable(source.into())
    }

    /// The server may have seen the request.
    pub fn maybe_sent(source: impl Into<BoxError>) -> Self {
        Self::MaybeSent(source.into())
    }
}

/// The bytes of a request. Prints its size only: a token request holds the client secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Bytes);

impl Body {
    /// No body at all.
    pub const fn empty() -> Self {
        Self(Bytes::new())
    }

    /// The bytes themselves; cheap to clone.
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

/// 256 bits that no other session has: idempotency keys grow out of them.
#[derive(Clone)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Takes bytes from the operating system's generator. Never use a fixed value against a real tenant:
    /// sessions with the same seed send the same idempotency keys, and the service answers the second with
    /// what the first one did.
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

/// Shared and borrowed transports are transports.
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
