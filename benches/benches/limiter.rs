//! A crowd of calls against a limit on requests in flight, by the clock and by the processor time of those that wait.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use zuora_benches::wire::{Flag, bill_run};
use zuora_benches::{Bench, processor_time};
use zuora_core::bill_runs::GetBillRun;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, TransportError,
};
use zuora_core::{AsyncClient, Config, DataCenter};

/// Time that a read takes, and a rejection.
const SERVED: Duration = Duration::from_millis(100);
const REJECTED: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let bench = Bench::from_args();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    bench.report("Reads of 100 ms, of which a service admits some at a time", || {
        let mut rows = vec![
            "| Calls | admitted | reported | s | at best, s | requests | processor time a call, us |"
                .to_owned(),
            "| ---: | ---: | --- | ---: | ---: | ---: | ---: |".to_owned(),
        ];
        for (calls, places, reports) in
            [(40, 40, true), (200, 40, true), (1_000, 40, true), (1_000, 40, false), (1_000, 10, true)]
        {
            rows.push(runtime.block_on(crowd(calls, places, reports)));
        }
        rows
    });
    Ok(())
}

async fn crowd(calls: u32, places: u32, reports: bool) -> String {
    let service: &'static Service = Box::leak(Box::new(Service {
        started: Instant::now(),
        places,
        reports,
        in_flight: AtomicU32::new(0),
        requests: AtomicU32::new(0),
    }));
    let config = Config::with_token(DataCenter::UsCloud2, "a-token").max_attempts(20);
    let Ok(client) = AsyncClient::with_transport(&config, service) else { return String::new() };
    let processor = processor_time();
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let client = client.clone();
        tasks.spawn(async move { client.call(&GetBillRun::new(Flag::First.run())).await.is_ok() });
    }
    let served = tasks.join_all().await.into_iter().filter(|is_served| *is_served).count();
    assert_eq!(served, calls as usize, "every call is served in the end");
    let best = f64::from(calls.div_ceil(places)) * SERVED.as_secs_f64();
    format!(
        "| {calls} | {places} | {} | {:.2} | {best:.2} | {} | {:.0} |",
        if reports { "yes" } else { "no" },
        service.started.elapsed().as_secs_f64(),
        service.requests.load(Ordering::Relaxed),
        (processor_time() - processor) * 1e6 / f64::from(calls),
    )
}

/// A service that admits some requests at a time.
struct Service {
    started: Instant,
    places: u32,
    /// Whether each response names the number of places.
    reports: bool,
    in_flight: AtomicU32,
    requests: AtomicU32,
}

impl AsyncTransport for &'static Service {
    async fn send(&self, _: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let is_admitted = self.in_flight.load(Ordering::Relaxed) < self.places;
        let mut response = if is_admitted {
            self.in_flight.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(SERVED).await;
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            FakeTransport::json(200, bill_run(Flag::First))
        } else {
            tokio::time::sleep(REJECTED).await;
            FakeTransport::json(429, r#"{"reasons":[{"code":50000070,"message":"in flight"}]}"#)
        };
        if self.reports {
            response.headers_mut().insert("concurrency-limit-limit", self.places.into());
        }
        Ok(response)
    }

    async fn sleep_until(&self, time: Timestamp) {
        tokio::time::sleep(self.now().until(time)).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(self.started.elapsed())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(Seed::from_bytes([7; 32]))
    }
}
