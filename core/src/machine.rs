//! State machines that request IO instead of doing it, and the two loops that drive them.
//!
//! A [`Machine`] receives an [`Event`] and returns an [`Action`]. [`drive`] and [`drive_async`] perform the actions
//! over a transport; the [crate documentation](crate#drive-it-by-hand) shows how to do so without one.

use std::fmt;

#[doc(inline)]
pub use super::call::Call;
#[doc(inline)]
pub use super::session::Session;

use crate::error::Error;
use crate::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Timestamp, Transport, TransportError,
};

/// A computation that requests IO instead of doing it: each event yields one action.
///
/// There is no output to drain, and no order of events panics: an event out of turn yields an error value.
#[doc(alias = "sans-io")]
#[doc(alias = "state machine")]
pub trait Machine {
    /// Value that the machine computes.
    type Output;

    /// Processes one event and returns the next action. The first event is [`Event::Tick`].
    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output>;
}

impl<M: Machine + ?Sized> Machine for &mut M {
    type Output = M::Output;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        (**self).step(event, now)
    }
}

/// Input of a [`Machine`]. Its `Debug` output omits the body, since the response to a token request contains the
/// token.
pub enum Event {
    /// The start of the machine, or the end of a wait. An early tick is harmless.
    Tick,
    /// The response to the request of the last [`Action::Send`].
    Response(HttpResponse),
    /// The failure of the request of the last [`Action::Send`].
    Failure(TransportError),
}

/// Output of a [`Machine`]: the next step for its driver. Its `Debug` output omits header values and bodies.
#[must_use]
#[allow(clippy::large_enum_variant)] // a box would cost each call an allocation to save a move
pub enum Action<T> {
    /// Send the request within the limits, then pass [`Event::Response`] or [`Event::Failure`] to the machine.
    Send(HttpRequest, Limits),
    /// Wait until this time, then pass [`Event::Tick`] to the machine.
    Wait(Timestamp),
    /// The machine is finished, with this result.
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

/// Evaluates to the result of a finished machine. Otherwise returns the action from the enclosing `step`, as
/// `std::task::ready!` does with a pending poll.
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
            Self::Response(response) => {
                write!(f, "Response({}, {} bytes)", response.status(), response.body().len())
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

/// Drives a machine until it is done, over a blocking transport.
///
/// # Errors
/// The error of the machine.
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

/// Drives a machine until it is done, over an async transport: [`drive`] with two awaits.
///
/// ```
/// use zuora_core::bill_runs::{BillRun, GetBillRun};
/// use zuora_core::machine::{Call, drive_async};
/// use zuora_core::session::Session;
/// use zuora_core::transport::AsyncTransport;
/// use zuora_core::{Response, Result};
///
/// async fn read(session: &Session, transport: &impl AsyncTransport) -> Result<Response<BillRun>> {
///     drive_async(transport, Call::new(session, GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))).await
/// }
/// # use std::task::{Context, Poll, Waker};
/// # use zuora_core::{Config, testing::FakeTransport, transport::Transport};
/// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"status":"Posted","success":true}"#)));
/// # let seed = Transport::seed(&transport)?;
/// # let session = Session::new(&Config::with_token("https://rest.zuora.com", "token"), &seed)?;
/// # let mut reading = std::pin::pin!(read(&session, &transport));
/// # assert!(matches!(reading.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(_))));
/// # Ok::<(), zuora_core::Error>(())
/// ```
///
/// # Errors
/// The error of the machine.
#[allow(clippy::manual_async_fn)] // an `async fn` would store the machine twice
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
