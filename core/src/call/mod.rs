//! One operation from its request to its value.

pub(crate) mod dry_run;
pub(crate) mod paginator;
pub(crate) mod poller;
pub(crate) mod prefetch;
pub(crate) mod reconcile;

use std::mem;
use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::error::{Error, Result};
use crate::exchange::{Accepted, Exchange};
use crate::machine::{Action, Event, Machine};
use crate::operation::Operation;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;
use crate::transport::headers;
use crate::transport::headers::{ConcurrencyLimit, REQUEST_ID, RateLimit, TRACK_ID};

/// A [`Machine`] that sends one operation and reads its answer.
#[derive(Debug)]
pub struct Call<O> {
    operation: O,
    /// The error is what the options are refused with, told at the first step.
    exchange: Result<Exchange>,
    body: Bytes,
}

impl<O: Operation> Call<O> {
    /// A call with the session's own settings. `operation` may be a reference.
    pub fn new(session: &Session, operation: O) -> Self {
        Self::with(session, operation, &CallOptions::default())
    }

    /// A call with settings of its own.
    pub fn with(session: &Session, operation: O, options: &CallOptions) -> Self {
        let exchange = Exchange::new(session, operation.spec(), options);
        Self { operation, exchange, body: Bytes::new() }
    }

    pub(crate) fn operation(&self) -> &O {
        &self.operation
    }

    /// The body that the value was read from.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    fn read(&mut self, accepted: Accepted) -> Result<Response<O::Output>> {
        let Accepted { mut response, attempts } = accepted;
        if response.status() == StatusCode::NO_CONTENT && response.body().is_empty() {
            *response.body_mut() = Bytes::from_static(b"{}");
        }
        let value = match (self.operation.parse(&response), &mut self.exchange) {
            (Ok(value), _) => value,
            (Err(error), Ok(exchange)) => return Err(exchange.decode_failed(error, &response)),
            (Err(error), Err(_)) => return Err(error),
        };
        let (head, body) = response.into_parts();
        self.body = body;
        Ok(Response { value, headers: head.headers, attempts })
    }
}

impl<O: Operation> Machine for Call<O> {
    type Output = Response<O::Output>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        let exchange = match &mut self.exchange {
            Ok(exchange) => exchange,
            Err(refused) => {
                return Action::Done(Err(mem::replace(refused, Error::failed("stepped out of turn"))));
            }
        };
        let operation = &self.operation;
        match exchange.step(event, now, &|| operation.request()) {
            Action::Send(request, limits) => Action::Send(request, limits),
            Action::Wait(until) => Action::Wait(until),
            Action::Done(Ok(accepted)) => Action::Done(self.read(accepted)),
            Action::Done(Err(error)) => Action::Done(Err(error)),
        }
    }
}

/// What an operation gave, with what the service said beside it. Derefs to the value.
#[derive(Clone, Debug)]
pub struct Response<T> {
    value: T,
    headers: HeaderMap,
    attempts: u32,
}

impl<T> Response<T> {
    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same answer with something else made of its value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response { value: change(self.value), headers: self.headers, attempts: self.attempts }
    }

    /// The service's own id of the request, for support tickets.
    pub fn request_id(&self) -> Option<&str> {
        headers::text(&self.headers, REQUEST_ID)
    }

    /// The caller's track id, as the service echoed it.
    pub fn track_id(&self) -> Option<&str> {
        headers::text(&self.headers, TRACK_ID)
    }

    /// How much of the tenant's quota is left.
    pub fn rate_limit(&self) -> RateLimit {
        headers::rate_limit(&self.headers)
    }

    /// How many requests of the tenant may be in flight.
    pub fn concurrency_limit(&self) -> ConcurrencyLimit {
        headers::concurrency_limit(&self.headers)
    }

    /// How many times the operation was sent.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// All headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Response<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
