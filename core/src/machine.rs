//! Computations that need IO done for them, and the two loops that do it.

use std::fmt;

#[doc(inline)]
pub use super::call::Call;
#[doc(inline)]
pub use super::session::Session;

use crate::error::Error;
use crate::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Timestamp, Transport, TransportError,
};

/// A computation that needs IO done for it: one event in, one action out.
///
/// Nothing has to be drained and no order of events is a panic: an event out of turn is answered with an error
/// value.
pub trait Machine {
    /// What it computes.
    type Output;

    /// Takes one event and says what to do next. The first event is [`Event::Tick`].
    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output>;
}

impl<M: Machine + ?Sized> Machine for &mut M {
    type Output = M::Output;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        (**self).step(event, now)
    }
}

/// What happened outside. Prints no body: the answer to a token request holds the token.
pub enum Event {
    /// The machine starts, or the time that it waited for has come. An early tick is harmless.
    Tick,
    /// The request was answered.
    Response(HttpResponse),
    /// The request was not answered.
    Failure(TransportError),
}

/// What to do next. Prints no header value and no body.
#[must_use]
#[allow(clippy::large_enum_variant)] // a box would cost each call an allocation to save a move
pub enum Action<T> {
    /// Send this within these limits, and come back with [`Event::Response`] or [`Event::Failure`].
    Send(HttpRequest, Limits),
    /// Come back with [`Event::Tick`] at this time.
    Wait(Timestamp),
    /// Finished.
    Done(Result<T, Error>),
}

impl<T> Action<T> {
    /// Applies a function to the value of a finished machine.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Action<U> {
        match self {
            Self::Send(request, limits) => Action::Send(request, limits),
            Self::Wait(until) => Action::Wait(until),
            Self::Done(result) => Action::Done(result.map(change)),
        }
    }
}

/// Evaluates to the result of a finished machine; otherwise returns from the enclosing `step` with what the machine
/// asks for, as `std::task::ready!` does with a pending poll.
macro_rules! ready {
    ($action:expr) => {
        match $action {
            $crate::machine::Action::Send(request, limits) => {
                return $crate::machine::Action::Send(request, limits);
            }
            $crate::machine::Action::Wait(until) => return $crate::machine::Action::Wait(until),
            $crate::machine::Action::Done(result) => result,
        }
    };
}
pub(crate) use ready;

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick => f.write_str("Tick"),
            Self::Response(answer) => {
                write!(f, "Response({}, {} bytes)", answer.status(), answer.body().len())
            }
            Self::Failure(failure) => write!(f, "Failure({failure:?})"),
        }
    }
}

impl<T> fmt::Debug for Action<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(request, _) => {
                write!(f, "Send({} {}, {} bytes)", request.method(), request.uri(), request.body().len())
            }
            Self::Wait(until) => write!(f, "Wait({until:?})"),
            Self::Done(Ok(_)) => f.write_str("Done(Ok)"),
            Self::Done(Err(error)) => write!(f, "Done(Err({error}))"),
        }
    }
}

/// Runs a machine to its end over a blocking transport.
///
/// # Errors
/// What the machine ends with.
pub fn drive<M: Machine>(transport: &(impl Transport + ?Sized), mut machine: M) -> Result<M::Output, Error> {
    let mut event = Event::Tick;
    loop {
        event = match machine.step(event, transport.now()) {
            Action::Send(request, limits) => event_of(transport.send(request, limits)),
            Action::Wait(until) => {
                transport.sleep_until(until);
                Event::Tick
            }
            Action::Done(result) => return result,
        };
    }
}

/// Runs a machine to its end over an async transport: [`drive`] with two awaits.
///
/// # Errors
/// What the machine ends with.
#[allow(clippy::manual_async_fn)] // which would hold the machine twice
pub fn drive_async<M: Machine>(
    transport: &impl AsyncTransport,
    mut machine: M,
) -> impl Future<Output = Result<M::Output, Error>> {
    async move {
        let mut event = Event::Tick;
        loop {
            event = match machine.step(event, transport.now()) {
                Action::Send(request, limits) => event_of(transport.send(request, limits).await),
                Action::Wait(until) => {
                    transport.sleep_until(until).await;
                    Event::Tick
                }
                Action::Done(result) => return result,
            };
        }
    }
}

fn event_of(result: Result<HttpResponse, TransportError>) -> Event {
    result.map_or_else(Event::Failure, Event::Response)
}
