//! Machines over operations: one call, lists, waiting, reconciling.
//!
//! [`Call`] sends one operation and reads its response. The other machines are built from calls; none of them sends
//! anything itself.

pub(crate) mod baseline;
pub(crate) mod dry_run;
pub(crate) mod paginator;
pub(crate) mod poller;
pub(crate) mod prefetch;
pub(crate) mod read_back;
pub(crate) mod reconcile;
pub(crate) mod reconciled;
mod response;
pub(crate) mod written_at;

use std::fmt;
use std::mem;

use bytes::Bytes;
use http::{StatusCode, Uri};

pub use self::response::Response;
use crate::error::{Error, Result};
use crate::exchange::{Accepted, Exchange};
use crate::machine::{Action, Event, Machine, ready};
use crate::operation::Operation;
use crate::session::Session;
use crate::session::call_options::{CallOptions, NO_OPTIONS};
use crate::transport::Timestamp;

/// A [`Machine`] that sends one operation and reads its response.
///
/// The request is built once, when the call is created, and kept: every attempt sends the same bytes.
#[doc(alias = "request")]
pub struct Call<O> {
    operation: O,
    /// The first step reports why the request could not be built.
    exchange: Result<Exchange>,
    /// Body that the value was read from.
    body: Bytes,
    /// Whether the response contains the body too.
    keeps_body: bool,
}

impl<O> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

impl<O: Operation> Call<O> {
    /// Creates a call with the settings of the session. `operation` may be a reference.
    pub fn new(session: &Session, operation: O) -> Self {
        Self::with_options(session, operation, &NO_OPTIONS)
    }

    /// Creates a call with `options`, which override the settings of the session.
    pub fn with_options(session: &Session, operation: O, options: &CallOptions) -> Self {
        Self {
            exchange: Exchange::new(session, operation.spec(), operation.request(), options),
            operation,
            body: Bytes::new(),
            keeps_body: options.keeps_body,
        }
    }

    /// Checks that the call can begin.
    ///
    /// # Errors
    /// The error that the first step would end with.
    pub(crate) fn check(&mut self) -> Result<()> {
        match &mut self.exchange {
            Ok(_) => Ok(()),
            Err(error) => Err(mem::replace(error, out_of_turn())),
        }
    }

    /// Sets the time from which no attempt is sent.
    pub(crate) fn send_before(&mut self, time: Timestamp) {
        if let Ok(exchange) = &mut self.exchange {
            exchange.send_before = Some(time);
        }
    }

    pub(crate) fn operation(&self) -> &O {
        &self.operation
    }

    /// Returns the absolute URI of the request, if the request could be built.
    pub(crate) fn uri(&self) -> Option<&Uri> {
        self.exchange.as_ref().ok().map(Exchange::uri)
    }

    /// Returns the body that the value was read from.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }
}

impl<O: Operation> Machine for Call<O> {
    type Output = Response<O::Output>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        let exchange = match &mut self.exchange {
            Ok(exchange) => exchange,
            Err(error) => return Action::Done(Err(mem::replace(error, out_of_turn()))),
        };
        let mut result = match ready!(exchange.step(event, now)) {
            Ok(accepted) => read(&self.operation, exchange, accepted, now, &mut self.body),
            Err(error) => Err(error),
        };
        if let (Ok(response), true) = (&mut result, self.keeps_body) {
            response.keep_body(self.body.clone());
        }
        exchange.report_end(result.as_ref());
        Action::Done(result)
    }
}

fn out_of_turn() -> Error {
    Error::failed("stepped out of turn")
}

// The value may be large, so it is moved straight into the response, and the body is stored by reference.
#[inline]
fn read<O: Operation>(
    operation: &O,
    exchange: &mut Exchange,
    accepted: Accepted,
    now: Timestamp,
    body: &mut Bytes,
) -> Result<Response<O::Output>> {
    let Accepted { mut response, attempts } = accepted;
    if response.status() == StatusCode::NO_CONTENT && response.body().is_empty() {
        *response.body_mut() = Bytes::from_static(b"{}");
    }
    if operation.spec().has_rows {
        response.extensions_mut().insert(exchange.row_facts());
    }
    match operation.parse(&response) {
        Ok(value) => {
            let (status, headers) = (response.status(), mem::take(response.headers_mut()));
            *body = response.into_body();
            Ok(Response::new(value, headers, status, attempts))
        }
        Err(error) => Err(exchange.decode_failed(error, &response, now)),
    }
}
