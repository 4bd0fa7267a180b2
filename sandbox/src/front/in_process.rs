//! The sandbox as a transport, without a socket.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use zuora_core::{AsyncTransport, Limits, Now, Request, Response, Seed, Transport, TransportError};

use crate::service::{DeliveredResponse, Sandbox};
use crate::values::UnixTime;

/// Carries requests to a [`Sandbox`] by a function call, on a clock that nobody has to wait for.
///
/// The clock starts at 2026-03-01, 09:00 in the demo tenant's time zone. It advances by 20 ms for each
/// request and jumps when someone sleeps, so a bill run of minutes is over at once. It is one clock for all
/// clones: where one thread waits for what another is doing, the wait is over before the work is; such tests
/// want the real time of the server.
///
/// A clone is another handle on the same sandbox. Both transport traits are there; the futures hand over to
/// the executor before and after the work, so that a test can drop them with the answer under way.
///
/// ```
/// use http::Method;
/// use zuora_core::{Limits, Request, Transport};
/// use zuora_sandbox::InProcess;
///
/// let transport = InProcess::demo();
/// let request = http::Request::get("/v1/bill-runs/1").body(Default::default()).unwrap();
/// let answer = Transport::send(&transport, request, Limits::new(std::time::Duration::from_secs(1), 1 << 20));
/// assert_eq!(answer.unwrap().status(), 401);
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
/// What each request takes.
const LATENCY: Duration = Duration::from_millis(20);

impl InProcess {
    /// Puts a sandbox behind the transport.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { shared: Arc::new(Mutex::new(Shared { sandbox, elapsed: Duration::ZERO })) }
    }

    /// The [demo sandbox](Sandbox::demo).
    pub fn demo() -> Self {
        Self::new(Sandbox::demo())
    }

    /// The sandbox itself, to arrange faults or look at what it saw. Requests wait while the guard is held.
    pub fn sandbox(&self) -> impl std::ops::DerefMut<Target = Sandbox> + use<'_> {
        SandboxGuard(self.lock())
    }

    /// The moment that the clock shows.
    pub fn unix_time(&self) -> UnixTime {
        START.after(self.lock().elapsed)
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        let mut shared = self.lock();
        shared.elapsed = shared.elapsed.saturating_add(span);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A test that panicked while it held the guard left a sandbox that is as whole as before.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let mut shared = self.lock();
        let now = START.after(shared.elapsed);
        let delivery = shared.sandbox.deliver(request, now);
        let (result, took) = match delivery {
            DeliveredResponse::NotSent => {
                (Err(TransportError::never_left("the sandbox was told so")), Duration::ZERO)
            }
            DeliveredResponse::Lost => {
                (Err(TransportError::in_flight("the sandbox was told to lose the answer")), LATENCY)
            }
            DeliveredResponse::Response { delay, .. } if delay.saturating_add(LATENCY) > limits.timeout => {
                (Err(TransportError::in_flight("the answer came too late")), limits.timeout)
            }
            DeliveredResponse::Response { response, .. } if response.body().len() > limits.max_body => {
                (Err(TransportError::TooLarge { limit: limits.max_body }), LATENCY)
            }
            DeliveredResponse::Response { response, delay } => (Ok(response), delay.saturating_add(LATENCY)),
        };
        shared.elapsed = shared.elapsed.saturating_add(took);
        result
    }

    fn jump_to(&self, time: Now) {
        let mut shared = self.lock();
        shared.elapsed = shared.elapsed.max(time.0);
    }

    fn time(&self) -> Now {
        Now(self.lock().elapsed)
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        self.exchange(request, limits)
    }

    fn sleep_until(&self, time: Now) {
        self.jump_to(time);
    }

    fn now(&self) -> Now {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(new_seed())
    }
}

impl AsyncTransport for InProcess {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        hand_over().await;
        let result = self.exchange(request, limits);
        hand_over().await;
        result
    }

    async fn sleep_until(&self, time: Now) {
        hand_over().await;
        self.jump_to(time);
    }

    fn now(&self) -> Now {
        self.time()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(new_seed())
    }
}

/// A guard that shows the sandbox alone.
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

/// Lets the executor run something else once.
async fn hand_over() {
    let mut handed_over = false;
    poll_fn(|context| match std::mem::replace(&mut handed_over, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// Unlike every other seed of this process: enough for sandboxes that live no longer than it.
fn new_seed() -> Seed {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&DRAWN.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Seed::from_bytes(bytes)
}
