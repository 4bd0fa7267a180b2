//! A transport that calls the sandbox directly.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use zuora_core::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError, WallTime,
};

use crate::service::{DeliveredResponse, Sandbox};
use crate::values::UnixTime;

/// A transport that passes requests to a [`Sandbox`] by a function call, on a simulated clock.
///
/// The clock starts at 2026-03-01, 09:00 in the demo tenant's time zone. Each request advances it by 20 ms,
/// and a sleep advances it to the wake-up time, so that waiting for a bill run takes no real time. All
/// clones share one clock: if one thread waits for work of another thread, the wait ends before the work
/// does. Tests of that kind require the HTTP server, which runs in real time.
///
/// A clone is another handle on the same sandbox. Both transport traits are implemented. The futures yield
/// to the executor before and after the work, so that a test can drop them while the response is on its way.
///
/// ```
/// use http::Method;
/// use zuora_core::transport::{HttpRequest, Limits, Transport};
/// use zuora_sandbox::InProcess;
///
/// let transport = InProcess::demo();
/// let request = http::Request::get("/v1/bill-runs/1").body(Default::default()).unwrap();
/// let response = Transport::send(&transport, request, Limits::new(std::time::Duration::from_secs(1), 1 << 20));
/// assert_eq!(response.unwrap().status(), 401);
/// assert_eq!(transport.sandbox().seen(&Method::GET, "/bill-runs/*"), 1);
/// ```
#[derive(Clone, Debug)]
pub struct InProcess {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    sandbox: Sandbox,
    elapsed: Duration,
}

/// 2026-03-01T17:00:00Z.
const START: UnixTime = UnixTime::from_secs(1_772_384_400);
/// The same moment in milliseconds.
const START_MILLIS: u64 = 1_772_384_400_000;
/// Duration of each request.
const LATENCY: Duration = Duration::from_millis(20);

impl InProcess {
    /// Creates a transport to a sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { shared: Arc::new(Mutex::new(Shared { sandbox, elapsed: Duration::ZERO })) }
    }

    /// Creates a transport to the [demo sandbox](Sandbox::demo).
    pub fn demo() -> Self {
        Self::new(Sandbox::demo())
    }

    /// Returns the sandbox, to plan faults or inspect requests. Requests block while the guard is held.
    pub fn sandbox(&self) -> impl std::ops::DerefMut<Target = Sandbox> + use<'_> {
        SandboxGuard(self.lock())
    }

    /// Returns the time of the simulated clock.
    pub fn unix_time(&self) -> UnixTime {
        START.after(self.lock().elapsed)
    }

    /// Advances the clock.
    pub fn advance(&self, span: Duration) {
        let mut shared = self.lock();
        shared.elapsed = shared.elapsed.saturating_add(span);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic of a test that held the guard does not leave the sandbox in an invalid state.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let mut shared = self.lock();
        let now = START.after(shared.elapsed);
        let delivery = shared.sandbox.deliver(request, now);
        let (result, took) = match delivery {
            DeliveredResponse::NotSent => {
                (Err(TransportError::not_sent("a planned fault of the sandbox")), Duration::ZERO)
            }
            DeliveredResponse::Lost => {
                (Err(TransportError::maybe_sent("a planned fault of the sandbox lost the response")), LATENCY)
            }
            DeliveredResponse::Response { delay, .. } if delay.saturating_add(LATENCY) > limits.timeout => {
                (Err(TransportError::maybe_sent("the response arrived after the timeout")), limits.timeout)
            }
            DeliveredResponse::Response { response, .. } if response.body().len() > limits.max_body => {
                (Err(TransportError::TooLarge { limit: limits.max_body }), LATENCY)
            }
            DeliveredResponse::Response { response, delay } => (Ok(response), delay.saturating_add(LATENCY)),
        };
        shared.elapsed = shared.elapsed.saturating_add(took);
        result
    }

    fn jump_to(&self, time: Timestamp) {
        let mut shared = self.lock();
        shared.elapsed = shared.elapsed.max(time.elapsed());
    }

    fn time(&self) -> Timestamp {
        let elapsed = self.lock().elapsed;
        Timestamp::new(elapsed).with_wall(WallTime::from_unix_millis(START_MILLIS) + elapsed)
    }
}

impl Transport for InProcess {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        self.exchange(request, limits)
    }

    fn sleep_until(&self, time: Timestamp) {
        self.jump_to(time);
    }

    fn now(&self) -> Timestamp {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(new_seed())
    }
}

impl AsyncTransport for InProcess {
    async fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        yield_now().await;
        let result = self.exchange(request, limits);
        yield_now().await;
        result
    }

    async fn sleep_until(&self, time: Timestamp) {
        yield_now().await;
        self.jump_to(time);
    }

    fn now(&self) -> Timestamp {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(new_seed())
    }
}

/// A guard that dereferences to the sandbox.
struct SandboxGuard<'a>(MutexGuard<'a, Shared>);

impl std::ops::Deref for SandboxGuard<'_> {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0.sandbox
    }
}

impl std::ops::DerefMut for SandboxGuard<'_> {
    fn deref_mut(&mut self) -> &mut Sandbox {
        &mut self.0.sandbox
    }
}

/// Yields to the executor once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| match std::mem::replace(&mut yielded, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// Returns a seed that is unique in this process, which suffices for sandboxes that live no longer.
fn new_seed() -> Seed {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&DRAWN.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Seed::from_bytes(bytes)
}
