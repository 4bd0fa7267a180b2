//! A database that is away for a while.

use super::*;

/// An engine whose database is away from time to time. The second flag is a panic after the next line of the log, with
/// which the database is away.
#[derive(Clone, Debug)]
struct Flaky(SqlQueue, Arc<AtomicBool>, Arc<AtomicBool>);

impl Flaky {
    fn check(&self) -> Result<(), SqlError> {
        match self.1.load(Ordering::SeqCst) {
            true => Err(SqlError::Database(sqlx::Error::PoolClosed)),
            false => Ok(()),
        }
    }
}

impl SendLog for Flaky {
    type Error = SqlError;
    async fn read(&self, key: &str) -> Result<Record, SqlError> {
        self.check()?;
        self.0.read(key).await
    }
    async fn write(&self, key: &str, record: &Record) -> Result<bool, SqlError> {
        self.check()?;
        let written = self.0.write(key, record).await;
        if self.2.swap(false, Ordering::SeqCst) {
            self.1.store(true, Ordering::SeqCst);
            panic!("a fault of the application");
        }
        written
    }
}

impl Engine for Flaky {
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, SqlError> {
        self.0.enqueue(job).await
    }
    async fn join(&self, worker: &str) -> Result<(), SqlError> {
        self.check()?;
        self.0.join(worker).await
    }
    async fn beat(&self, worker: &str) -> Result<Option<Fleet>, SqlError> {
        self.check()?;
        self.0.beat(worker).await
    }
    fn lease(&self) -> Duration {
        self.0.lease()
    }
    async fn claim(&self, worker: &str, most: u32) -> Result<Vec<Claimed>, SqlError> {
        let claimed = self.0.claim(worker, most).await?;
        // The jobs are claimed, and the worker does not know.
        self.check().map(|()| claimed)
    }
    async fn execute(
        &self,
        worker: &str,
        job: &Claimed,
        end: &Decision,
        record: &Record,
    ) -> Result<(), SqlError> {
        self.check()?;
        self.0.execute(worker, job, end, record).await
    }
    async fn leave(&self, worker: &str) -> Result<(), SqlError> {
        self.check()?;
        self.0.leave(worker).await
    }
    async fn token(&self, owner: &str, now: WallTime) -> Result<Option<Token>, SqlError> {
        self.check()?;
        self.0.token(owner, now).await
    }
    async fn store_token(&self, owner: &str, token: &Token, now: WallTime) -> Result<(), SqlError> {
        self.check()?;
        self.0.store_token(owner, token, now).await
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for_and_reported() {
    let (file, server) = (
        File::new("a_database_that_is_away_is_waited_for_and_reported"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
    let engine = file.open().await;
    let is_away = Arc::new(AtomicBool::new(false));
    let worker = start(&server, Flaky(engine.clone(), Arc::clone(&is_away), Arc::default()), settings());
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
    assert!(events.iter().any(|event| event.starts_with("DatabaseAway")), "{events:?}");
    assert_eq!(engine.count().await.unwrap().done, 12);
    assert_eq!(server.sandbox().journal().effects_of_kind(EffectKind::InvoiceCreated).count(), 12);
}

#[tokio::test]
async fn a_panic_after_the_line_of_a_sending_ends_in_doubt_although_the_database_is_away() {
    let (file, server) = (
        File::new("a_panic_after_the_line_of_a_sending_ends_in_doubt_although_the_database_is_away"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    let is_away = Arc::new(AtomicBool::new(false));
    let flaky = Flaky(engine.clone(), Arc::clone(&is_away), Arc::new(AtomicBool::new(true)));
    let worker = start(&server, flaky, settings());
    eventually("the panic", || async { is_away.load(Ordering::SeqCst) }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    is_away.store(false, Ordering::SeqCst);
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.count().await.unwrap().in_doubt, 1);
}

#[tokio::test]
async fn a_stopped_worker_ends_while_the_database_is_away() {
    let (file, server) = (
        File::new("a_stopped_worker_ends_while_the_database_is_away"),
        Server::start("127.0.0.1:0", Sandbox::demo()).unwrap(),
    );
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    let slow = Fault::Delay(Duration::from_millis(500)).on_operation(ApiOperation::CreateInvoice).times(9);
    server.sandbox().faults().push(slow);
    let is_away = Arc::new(AtomicBool::new(false));
    let flaky = Flaky(engine.clone(), Arc::clone(&is_away), Arc::default());
    let worker = start(&server, flaky, settings().drain(Duration::from_secs(1)));
    eventually("the claim", || async { engine.count().await.unwrap().running == 1 }).await;
    is_away.store(true, Ordering::SeqCst);
    let events = tokio::time::timeout(Duration::from_secs(60), worker.end()).await.expect("it ends");
    assert!(events.iter().any(|event| event.starts_with("Draining(1)")), "{events:?}");
}
