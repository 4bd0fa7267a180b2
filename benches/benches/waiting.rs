//! Processor time of calls and polls while they wait, on a simulated clock.

use std::error::Error;
use std::iter;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use zuora_benches::wire::{Flag, bill_run};
use zuora_benches::{Bench, processor_time};
use zuora_core::bill_runs::{BillRunGoal, BillRunWaiter, GetBillRun};
use zuora_core::polling::PollingPolicy;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, TransportError,
};
use zuora_core::{AsyncClient, Config, DataCenter, Result as CallResult};

/// Tasks that wait together.
const WAITING: u32 = 1_000;
/// Time until the service has generated the bill runs.
const GENERATED: Duration = Duration::from_secs(600);
/// Time until the service issues a token.
const ISSUED: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let bench = Bench::from_args();
    // The clock of a paused runtime jumps to the next timer, so that only the work of the waiting tasks takes time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    let title = "1,000 tasks that wait, on a simulated clock";
    if bench.is_selected(title) {
        let mut rows = vec![
            "| Work of a task | waits, s | requests | processor time, ms | per task and second, us |"
                .to_owned(),
            "| --- | ---: | ---: | ---: | ---: |".to_owned(),
        ];
        rows.push(runtime.block_on(hand_written()));
        rows.push(runtime.block_on(pollers())?);
        rows.push(runtime.block_on(waiting_for_a_token())?);
        bench.report(title, || rows);
    }
    Ok(())
}

/// The least that a poll can do: a timer, and the reading of a status.
async fn hand_written() -> String {
    let service = Service::start();
    measure("hand-written: a timer, and `serde_json::Value`", service, || async {
        let seconds = [1, 2, 4, 8, 16].into_iter().chain(iter::repeat(30));
        for delay in seconds.map(Duration::from_secs) {
            sleep(delay).await;
            let run: Value = serde_json::from_slice(&service.bill_run()).unwrap_or_default();
            if run["status"] == "Completed" {
                return true;
            }
        }
        false
    })
    .await
}

async fn pollers() -> CallResult<String> {
    let service = Service::start();
    let client = AsyncClient::with_transport(&Config::with_token(DataCenter::UsCloud2, "a-token"), service)?;
    let poll = || {
        let client = client.clone();
        let waiter = BillRunWaiter::new(Flag::First.run(), BillRunGoal::Completed);
        async move { client.wait(waiter, PollingPolicy::default()).await.is_ok() }
    };
    Ok(measure("`client.wait`, with the default policy", service, poll).await)
}

async fn waiting_for_a_token() -> CallResult<String> {
    let service = Service::start();
    let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "a-secret");
    let client = AsyncClient::with_transport(&config, service)?;
    let call = || {
        let client = client.clone();
        async move { client.call(&GetBillRun::new(Flag::First.run())).await.is_ok() }
    };
    Ok(measure("`client.call`, while a token request takes 20 s", service, call).await)
}

/// Runs as many tasks as wait, and returns a row.
async fn measure<F>(name: &str, service: &'static Service, task: impl Fn() -> F) -> String
where
    F: Future<Output = bool> + Send + 'static,
{
    let processor = processor_time();
    let tasks: JoinSet<bool> = (0..WAITING).map(|_| task()).collect();
    assert!(tasks.join_all().await.into_iter().all(|is_done| is_done), "every task reaches its end");
    let spent = processor_time() - processor;
    let waited = service.started.elapsed().as_secs_f64();
    format!(
        "| {name} | {waited:.0} | {} | {:.0} | {:.1} |",
        service.requests.load(Ordering::Relaxed),
        spent * 1e3,
        spent * 1e6 / f64::from(WAITING) / waited,
    )
}

/// A service that responds at once, except to a token request.
struct Service {
    started: Instant,
    requests: AtomicU32,
    pending: Bytes,
    completed: Bytes,
}

impl Service {
    fn start() -> &'static Self {
        let pending = String::from_utf8_lossy(&bill_run(Flag::First)).into_owned();
        Box::leak(Box::new(Self {
            started: Instant::now(),
            requests: AtomicU32::new(0),
            completed: Bytes::from(pending.replace("Pending", "Completed")),
            pending: Bytes::from(pending),
        }))
    }

    fn bill_run(&self) -> Bytes {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if self.started.elapsed() < GENERATED { self.pending.clone() } else { self.completed.clone() }
    }
}

impl AsyncTransport for &'static Service {
    async fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
        if request.uri().path() != "/oauth/token" {
            return Ok(FakeTransport::json(200, self.bill_run()));
        }
        sleep(ISSUED).await;
        Ok(FakeTransport::json(200, r#"{"access_token":"a-token","token_type":"bearer","expires_in":3598}"#))
    }

    async fn sleep_until(&self, time: Timestamp) {
        sleep(self.now().until(time)).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(self.started.elapsed())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(Seed::from_bytes([7; 32]))
    }
}
