//! A transport that calls the sandbox directly.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use zuora_core::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError, WallTime,
};

use super::exchange::exchange;
use super::process_clocks::{ProcessClocks, WallOffset};
use crate::service::{DeliveredResponse, Sandbox, Slot};
use crate::values::UnixTime;

/// A transport that passes requests to a [`Sandbox`] by a function call, on a simulated clock.
///
/// The clock starts at 2026-03-01, 09:00 in the demo tenant's time zone. Each request advances it by 20 ms,
/// and a sleep advances it to the wake-up time, so that waiting for a bill run takes no real time. All
/// handles share one clock: if one thread waits for work of another thread, the wait ends before the work
/// does. Tests of that kind require the HTTP server, which runs in real time.
///
/// A clone is another handle on the same sandbox, in the same client process. [`new_process`](Self::new_process)
/// returns a handle for another process, with a separate monotonic clock and wall clock.
/// Both transport traits are implemented. The futures yield to the executor before and after the work, so that
/// a test can drop them while the response is on its way.
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
    /// Index of the client process.
    process: usize,
}

#[derive(Clone, Debug)]
struct Shared {
    sandbox: Sandbox,
    /// Time of the sandbox since the start.
    elapsed: Duration,
    /// The clocks of each client process.
    clocks: Vec<ProcessClocks>,
}

/// 2026-03-01T17:00:00Z.
const START: UnixTime = UnixTime::from_secs(1_772_384_400);
/// Duration of each request.
const LATENCY: Duration = Duration::from_millis(20);

impl InProcess {
    /// Creates a transport to a sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        let clocks = vec![ProcessClocks::default()];
        Self { shared: Arc::new(Mutex::new(Shared { sandbox, elapsed: Duration::ZERO, clocks })), process: 0 }
    }

    /// Creates a transport to the [demo sandbox](Sandbox::demo).
    pub fn demo() -> Self {
        Self::new(Sandbox::demo())
    }

    /// Returns a transport of another client process to the same sandbox, such as another worker, or the same
    /// program after a restart.
    ///
    /// Its monotonic clock starts at zero and its wall clock is right. Requests and sleeps of all processes
    /// advance the same clock of the sandbox.
    #[must_use]
    pub fn new_process(&self) -> Self {
        let mut shared = self.lock();
        let elapsed = shared.elapsed;
        shared.clocks.push(ProcessClocks { stopped: elapsed, ..ProcessClocks::default() });
        Self { shared: Arc::clone(&self.shared), process: shared.clocks.len() - 1 }
    }

    /// Returns a transport to an independent copy of the sandbox and all clocks, to try several continuations
    /// of one state.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut shared = self.lock().clone();
        shared.sandbox.clear_slots();
        Self { shared: Arc::new(Mutex::new(shared)), process: self.process }
    }

    /// Returns the sandbox, to plan faults or inspect the journal. Requests block while the guard is held.
    ///
    /// The background work that is due by the time of the clock is done first.
    pub fn sandbox(&self) -> impl std::ops::DerefMut<Target = Sandbox> + use<'_> {
        let mut shared = self.lock();
        let now = START.after(shared.elapsed);
        shared.sandbox.advance(now);
        SandboxGuard(shared)
    }

    /// Returns the time of the sandbox.
    pub fn unix_time(&self) -> UnixTime {
        let shared = self.lock();
        shared.sandbox.time_at(START.after(shared.elapsed))
    }

    /// Returns the time of the wall clock of this client process.
    pub fn wall_time(&self) -> UnixTime {
        let shared = self.lock();
        shared.clocks[self.process].wall_time(START.after(shared.elapsed))
    }

    /// Advances the sandbox and all clocks.
    pub fn advance(&self, span: Duration) {
        let mut shared = self.lock();
        shared.elapsed = shared.elapsed.saturating_add(span);
    }

    /// Advances the sandbox and all clocks except the monotonic clock of this client process, as when its
    /// machine is suspended.
    pub fn suspend(&self, span: Duration) {
        let mut shared = self.lock();
        shared.elapsed = shared.elapsed.saturating_add(span);
        let clocks = &mut shared.clocks[self.process];
        clocks.stopped = clocks.stopped.saturating_add(span);
    }

    /// Advances the monotonic clock of this client process alone.
    pub fn advance_monotonic(&self, span: Duration) {
        let mut shared = self.lock();
        let clocks = &mut shared.clocks[self.process];
        clocks.ahead = clocks.ahead.saturating_add(span);
    }

    /// Sets the wall clock of this client process alone, forward or back. The clock then runs on from there.
    pub fn set_wall_time(&self, time: UnixTime) {
        let mut shared = self.lock();
        let now = START.after(shared.elapsed);
        shared.clocks[self.process].wall = WallOffset::between(now, time);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic of a test that held the guard does not leave the sandbox in an invalid state.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(
        &self,
        request: HttpRequest,
        limits: Limits,
        slot: Slot,
    ) -> Result<HttpResponse, TransportError> {
        let mut shared = self.lock();
        let now = START.after(shared.elapsed);
        let delivery = exchange(&mut shared.sandbox, request, now, slot);
        let arrival = delivery.arrives_after().unwrap_or_default().saturating_add(LATENCY);
        let (result, took) = match delivery {
            DeliveredResponse::NotSent { delay } => {
                let error = TransportError::not_sent("a planned fault of the sandbox");
                (Err(error), delay.min(limits.timeout))
            }
            DeliveredResponse::Lost { delay } | DeliveredResponse::Broken { delay, .. } => {
                let error = TransportError::maybe_sent("a planned fault of the sandbox lost the response");
                (Err(error), delay.saturating_add(LATENCY).min(limits.timeout))
            }
            DeliveredResponse::Response { .. } | DeliveredResponse::Dripping { .. }
                if arrival > limits.timeout =>
            {
                (Err(TransportError::maybe_sent("the response arrived after the timeout")), limits.timeout)
            }
            DeliveredResponse::Response { response, .. } | DeliveredResponse::Dripping { response, .. } => {
                match response.body().len() > limits.max_body {
                    true => (Err(TransportError::TooLarge { limit: limits.max_body }), LATENCY),
                    false => (Ok(response), arrival),
                }
            }
        };
        shared.elapsed = shared.elapsed.saturating_add(took);
        result
    }

    fn jump_to(&self, time: Timestamp) {
        let mut shared = self.lock();
        let now = shared.clocks[self.process].monotonic(shared.elapsed);
        let left = time.elapsed().saturating_sub(now);
        shared.elapsed = shared.elapsed.saturating_add(left);
    }

    fn time(&self) -> Timestamp {
        let shared = self.lock();
        let clock = &shared.clocks[self.process];
        let wall = clock.wall_time(START.after(shared.elapsed)).0.as_millis();
        let wall = WallTime::from_unix_millis(u64::try_from(wall).unwrap_or(u64::MAX));
        Timestamp::new(clock.monotonic(shared.elapsed)).with_wall(wall)
    }
}

impl Transport for InProcess {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        self.exchange(request, limits, Slot::Uncounted)
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
        let slot = HeldSlot::take(self, request.uri().path());
        yield_now().await;
        let result = self.exchange(request, limits, slot.slot);
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

/// The slot of an asynchronous request, which is released even if the future is dropped.
struct HeldSlot<'t> {
    transport: &'t InProcess,
    slot: Slot,
}

impl<'t> HeldSlot<'t> {
    fn take(transport: &'t InProcess, path: &str) -> Self {
        Self { transport, slot: transport.sandbox().take_slot(path) }
    }
}

impl Drop for HeldSlot<'_> {
    fn drop(&mut self) {
        if self.slot == Slot::Taken {
            self.transport.lock().sandbox.release_slot(self.slot);
        }
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
