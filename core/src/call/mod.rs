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
mod written_at;

use bytes::Bytes;
use http::{StatusCode, Uri};

pub use self::response::Response;
use crate::error::{Error, Result};
use crate::exchange::{Accepted, Exchange};
use crate::machine::{Action, Event, Machine, ready};
use crate::operation::Operation;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// A [`Machine`] that sends one operation and reads its response.
///
/// The request is built once, when the call is made, and kept: every attempt sends the same bytes.
#[derive(Debug)]
pub struct Call<O> {
    operation: O,
    state: State,
    /// The body that the value was read from.
    body: Bytes,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // a box would cost each call an allocation
enum State {
    Running(Exchange),
    /// The call cannot be made; reported at the first step.
    Invalid(Option<Error>),
}

impl<O: Operation> Call<O> {
    /// Makes a call with the session's own settings. `operation` may be a reference.
    pub fn new(session: &Session, operation: O) -> Self {
        Self::with_options(session, operation, &CallOptions::default())
    }

    /// Makes a call with its own settings.
    pub fn with_options(session: &Session, operation: O, options: &CallOptions) -> Self {
        let exchange = Exchange::new(session, operation.spec(), operation.request(), options);
        let state = match exchange {
            Ok(exchange) => State::Running(exchange),
            Err(error) => State::Invalid(Some(error)),
        };
        Self { operation, state, body: Bytes::new() }
    }

    pub(crate) fn operation(&self) -> &O {
        &self.operation
    }

    /// The absolute URI of the request, if the request could be built.
    pub(crate) fn uri(&self) -> Option<&Uri> {
        match &self.state {
            State::Running(exchange) => Some(exchange.uri()),
            State::Invalid(_) => None,
        }
    }

    /// The body that the value was read from.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }
}

impl<O: Operation> Machine for Call<O> {
    type Output = Response<O::Output>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        let exchange = match &mut self.state {
            State::Running(exchange) => exchange,
            State::Invalid(error) => {
                let error = error.take().unwrap_or_else(|| Error::failed("stepped out of turn"));
                return Action::Done(Err(error));
            }
        };
        let accepted = match ready!(exchange.step(event, now)) {
            Ok(accepted) => accepted,
            Err(error) => return Action::Done(Err(error)),
        };
        Action::Done(read(&self.operation, exchange, accepted, now).map(|(response, body)| {
            self.body = body;
            response
        }))
    }
}

fn read<O: Operation>(
    operation: &O,
    exchange: &mut Exchange,
    accepted: Accepted,
    now: Timestamp,
) -> Result<(Response<O::Output>, Bytes)> {
    let Accepted { mut response, attempts } = accepted;
    if response.status() == StatusCode::NO_CONTENT && response.body().is_empty() {
        *response.body_mut() = Bytes::from_static(b"{}");
    }
    match operation.parse(&response) {
        Ok(value) => {
            let (head, body) = response.into_parts();
            Ok((Response::new(value, head.headers, attempts), body))
        }
        Err(error) => Err(exchange.decode_failed(error, &response, now)),
    }
}
