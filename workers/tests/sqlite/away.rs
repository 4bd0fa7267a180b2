//! A database that is away for a while.

use super::*;

/// An engine whose database is away from time to time.
#[derive(Clone, Debug)]
struct Flaky(SqlQueue, Arc<AtomicBool>);

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
        self.0.write(key, record).await
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
    async fn beat(&self, worker: &str) -> Result<Fleet, SqlError> {
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
    async fn token(&self, now: WallTime) -> Result<Option<Token>, SqlError> {
        self.check()?;
        self.0.token(now).await
    }
    async fn store_token(&self, token: &Token, now: WallTime) -> Result<(), SqlError> {
        self.check()?;
        self.0.store_token(token, now).await
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for_and_reported() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let is_away = Arc::new(AtomicBool::new(false));
    let worker = start(&server, Flaky(engine.clone(), Arc::clone(&is_away)), settings());
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
