//! Intents a second: the bare client, then 1, 2, 4 and 8 workers on one queue, against the sandbox on this machine.
//!
//! ```console
//! $ cargo run -p zuora-workers --example throughput -- [URL of an empty database, or of a NATS server]
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use zuora_reqwest::invoices::{CreateStandaloneInvoice, NewInvoiceItem};
use zuora_reqwest::types::AccountId;
use zuora_reqwest::{Amount, Client, Config, Date};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
#[cfg(feature = "nats")]
use zuora_workers::NatsQueue;
use zuora_workers::{Commands, Engine, Job, Settings, SqlQueue, Worker};

const INTENTS: usize = 1000;
/// Requests that the tenant may have in flight.
const IN_FLIGHT: usize = 40;

fn create() -> Result<CreateStandaloneInvoice, Box<dyn Error>> {
    let day = Date::new(2026, 3, 31)?;
    let fee = NewInvoiceItem::named("Fee", Amount::new(12_50, 2)?, day);
    Ok(CreateStandaloneInvoice::new(AccountId::from("2c92a08282fa634378aca02a1626d315"), day, [fee]))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start("127.0.0.1:0", Sandbox::demo())?;
    let config = Config::new(server.url(), CLIENT_ID, CLIENT_SECRET);

    let client = Arc::new(Client::new(&config)?);
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for number in 0..INTENTS {
        if number >= IN_FLIGHT {
            calls.join_next().await.ok_or("no call")???;
        }
        let (client, create) = (Arc::clone(&client), create()?);
        calls.spawn(async move { client.call(&create).await.map(drop) });
    }
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    println!("bare client: {:.0} a second", rate(start));

    for workers in [1, 2, 4, 8] {
        let file = std::env::temp_dir().join(format!("throughput-{}-{workers}.db", std::process::id()));
        let url = std::env::args().nth(1).unwrap_or_else(|| format!("sqlite:{}", file.display()));
        let name = format!("throughput-{workers}");
        #[cfg(feature = "nats")]
        if url.starts_with("nats:") {
            run(&config, workers, async || NatsQueue::open(&format!("{url}/{name}")).await).await?;
            continue;
        }
        run(&config, workers, async || Ok(SqlQueue::open(&url).await?.queue(&name))).await?;
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
    }
    Ok(())
}

fn rate(start: Instant) -> f64 {
    INTENTS as f64 / start.elapsed().as_secs_f64()
}

/// Adds the intents to a queue that is opened again for each worker, and performs them.
async fn run<Q: Engine + Commands>(
    config: &Config,
    workers: usize,
    open: impl AsyncFn() -> Result<Q, Q::Error>,
) -> Result<(), Box<dyn Error>> {
    let (queue, client) = (open().await?, Client::new(config)?);
    let start = Instant::now();
    for number in 0..INTENTS {
        queue.enqueue(&Job::new(format!("{number}"), &client.intent(create()?)?)?).await?;
    }
    let added = rate(start);
    let start = Instant::now();
    let mut running = Vec::new();
    for _ in 0..workers {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = Worker::new(Client::new(config)?, open().await?, Settings::default());
        let task = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
        running.push((stop, task));
    }
    while queue.count().await?.open() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let performed = rate(start);
    for (stop, task) in running {
        drop(stop);
        task.await?;
    }
    println!("{workers} workers: {performed:.0} a second; added {added:.0} a second");
    Ok(())
}
