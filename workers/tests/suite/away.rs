//! A queue that is away for a while.

use std::sync::atomic::{AtomicBool, Ordering};

use zuora_workers::{Claimed, Fleet, SendLog};

use super::*;

/// A queue that is away from time to time.
#[derive(Clone, Debug)]
struct Flaky<Q> {
    queue: Q,
    is_away: Arc<AtomicBool>,
    /// Whether the worker panics after the next line of the log, with which the queue is away.
    panics: Arc<AtomicBool>,
    /// The workers and the most jobs of their claims.
    claims: Arc<Mutex<Vec<(String, u32)>>>,
}

/// Key of a job whose decision is never written.
const UNWRITABLE: &str = "unwritable";

#[derive(Debug, thiserror::Error)]
enum FlakyError<E: std::error::Error> {
    #[error("away")]
    Away,
    #[error(transparent)]
    Queue(#[from] E),
}

impl<Q: Engine> Flaky<Q> {
    fn new(queue: Q) -> Self {
        Self { queue, is_away: Arc::default(), panics: Arc::default(), claims: Arc::default() }
    }

    fn check(&self) -> Result<(), FlakyError<Q::Error>> {
        match self.is_away.load(Ordering::SeqCst) {
            true => Err(FlakyError::Away),
            false => Ok(()),
        }
    }
}

impl<Q: Engine> SendLog for Flaky<Q> {
    type Error = FlakyError<Q::Error>;
    async fn read(&self, key: &str) -> Result<Record, Self::Error> {
        self.check()?;
        Ok(self.queue.read(key).await?)
    }
    async fn write(&self, key: &str, record: &Record) -> Result<bool, Self::Error> {
        self.check()?;
        let written = self.queue.write(key, record).await;
        if self.panics.swap(false, Ordering::SeqCst) {
            self.is_away.store(true, Ordering::SeqCst);
            panic!("a fault of the application");
        }
        Ok(written?)
    }
}

impl<Q: Engine> Engine for Flaky<Q> {
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, Self::Error> {
        Ok(self.queue.enqueue(job).await?)
    }
    async fn join(&self, worker: &str) -> Result<(), Self::Error> {
        self.check()?;
        Ok(self.queue.join(worker).await?)
    }
    async fn beat(&self, worker: &str) -> Result<Option<Fleet>, Self::Error> {
        self.check()?;
        Ok(self.queue.beat(worker).await?)
    }
    fn lease(&self) -> Duration {
        self.queue.lease()
    }
    async fn claim(&self, worker: &str, most: u32) -> Result<Vec<Claimed>, Self::Error> {
        self.claims.lock().unwrap().push((worker.to_owned(), most));
        let claimed = self.queue.claim(worker, most).await?;
        // The jobs are claimed, and the worker does not know.
        self.check().map(|()| claimed)
    }
    async fn execute(
        &self,
        worker: &str,
        job: &Claimed,
        end: &Decision,
        record: &Record,
    ) -> Result<(), Self::Error> {
        self.check()?;
        if job.key == UNWRITABLE {
            return Err(FlakyError::Away);
        }
        Ok(self.queue.execute(worker, job, end, record).await?)
    }
    async fn leave(&self, worker: &str) -> Result<(), Self::Error> {
        self.check()?;
        Ok(self.queue.leave(worker).await?)
    }
    async fn token(&self, owner: &str, now: WallTime) -> Result<Option<Token>, Self::Error> {
        self.check()?;
        Ok(self.queue.token(owner, now).await?)
    }
    async fn store_token(&self, owner: &str, token: &Token, now: WallTime) -> Result<(), Self::Error> {
        self.check()?;
        Ok(self.queue.store_token(owner, token, now).await?)
    }
}

pub(crate) async fn a_queue_that_is_away_is_waited_for_and_reported<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let engine = open().await;
    let flaky = Flaky::new(engine.clone());
    let is_away = Arc::clone(&flaky.is_away);
    let worker = start(&server, flaky, settings());
    let client = client(&server);
    for round in 0..3 {
        for number in 0..4 {
            engine.enqueue(&job(&client, &format!("{round}-{number}"))).await.unwrap();
        }
        is_away.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(700)).await;
        is_away.store(false, Ordering::SeqCst);
        all_decided(&engine).await;
    }
    let events = worker.end().await;
    assert!(events.iter().any(|event| event.starts_with("QueueAway")), "{events:?}");
    assert_eq!(engine.count().await.unwrap().done, 12);
    assert_eq!(server.sandbox().journal().effects_of_kind(EffectKind::InvoiceCreated).count(), 12);
}

pub(crate) async fn a_panic_after_the_line_of_a_sending_ends_in_doubt_although_the_queue_is_away<
    Q: Engine + Commands,
>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let engine = open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    let flaky = Flaky::new(engine.clone());
    flaky.panics.store(true, Ordering::SeqCst);
    let is_away = Arc::clone(&flaky.is_away);
    let worker = start(&server, flaky, settings());
    eventually("the panic", || async { is_away.load(Ordering::SeqCst) }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    is_away.store(false, Ordering::SeqCst);
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.count().await.unwrap().in_doubt, 1);
}

pub(crate) async fn a_stopped_worker_ends_while_the_queue_is_away<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let engine = open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    let slow = Fault::Delay(Duration::from_millis(500)).on_operation(ApiOperation::CreateInvoice).times(9);
    server.sandbox().faults().push(slow);
    let flaky = Flaky::new(engine.clone());
    let is_away = Arc::clone(&flaky.is_away);
    let worker = start(&server, flaky, settings().drain(Duration::from_secs(1)));
    eventually("the claim", || async { engine.count().await.unwrap().running == 1 }).await;
    is_away.store(true, Ordering::SeqCst);
    let events = tokio::time::timeout(Duration::from_secs(60), worker.end()).await.expect("it ends");
    assert!(events.iter().any(|event| event.starts_with("Draining(1)")), "{events:?}");
}

pub(crate) async fn a_decision_that_cannot_be_written_keeps_no_other_job_from_being_done<
    Q: Engine + Commands,
>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let (engine, client) = (open().await, client(&server));
    engine.enqueue(&job(&client, UNWRITABLE)).await.unwrap();
    let flaky = Flaky::new(engine.clone());
    let is_away = Arc::clone(&flaky.is_away);
    let worker = start(&server, flaky, settings().drain(Duration::from_secs(1)));
    let created = || server.sandbox().journal().effects_of_kind(EffectKind::InvoiceCreated).count();
    eventually("its creation", async || created() == 1).await;
    // A claim fails, and the worker ends its jobs in progress.
    is_away.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    is_away.store(false, Ordering::SeqCst);
    engine.enqueue(&job(&client, "other")).await.unwrap();
    eventually("the end of the other job", async || engine.count().await.unwrap().done == 1).await;
    worker.end().await;
    assert_eq!(created(), 2);
}

pub(crate) async fn the_concurrency_of_the_tenant_is_divided_by_the_workers_alive<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    // Each claim of an empty queue is for the whole share.
    let join = async || {
        let flaky = Flaky::new(open().await);
        (Arc::clone(&flaky.claims), start(&server, flaky, settings().tenant_concurrency(6)))
    };
    let share =
        |claims: &Arc<Mutex<Vec<(String, u32)>>>| claims.lock().unwrap().last().map(|(_, most)| *most);
    let (first, worker) = join().await;
    eventually("the whole", async || share(&first) == Some(6)).await;
    let (second, other) = join().await;
    eventually("two halves", async || (share(&first), share(&second)) == (Some(3), Some(3))).await;
    let (third, last) = join().await;
    eventually("thirds", async || [&first, &second, &third].map(share) == [Some(2); 3]).await;
    last.end().await;
    worker.end().await;
    eventually("the whole again", async || share(&second) == Some(6)).await;
    other.end().await;
}
