//! A worker: claims jobs, delivers them, and executes the decisions.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinSet};
use zuora_core::AsyncClient;
use zuora_core::transport::{AsyncTransport, WallTime};

use crate::decision::{Decision, Record, poisoned, unreadable, with_text};
use crate::deliver::deliver_once;
use crate::engine::{Claimed, Engine, Fleet};
use crate::job::Job;
use crate::lease::Lease;
use crate::places::{Place, Places};
use crate::settings::Settings;

/// A worker of a fleet. All its jobs share the session, and with it limiters and token.
pub struct Worker<T, E> {
    client: Arc<AsyncClient<T>>,
    engine: E,
    settings: Settings,
    observer: Observer,
    /// Held by the job that is performed alone.
    alone: Arc<tokio::sync::Mutex<()>>,
    /// End of the pause after the service has rejected the credentials.
    paused_until: Arc<Mutex<Option<Instant>>>,
}

type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// An event for the log of a worker. None contains a secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The worker has joined the fleet under this name.
    Joined(String),
    /// A delivery has ended.
    Decided {
        /// Key of the job.
        key: String,
        /// The decision.
        decision: Decision,
    },
    /// The queue cannot be reached, or does not accept a decision. The worker tries again.
    QueueAway(String),
    /// The queue can be reached again.
    QueueBack,
    /// The worker takes no more jobs, and ends those that it has.
    Draining(usize),
}

impl<T, E: fmt::Debug> fmt::Debug for Worker<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("engine", &self.engine)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl<T: AsyncTransport + Send + Sync + 'static, E: Engine> Worker<T, E> {
    /// Creates a worker.
    pub fn new(client: AsyncClient<T>, engine: E, settings: Settings) -> Self {
        Self {
            client: Arc::new(client),
            engine,
            settings,
            observer: Arc::new(|_| {}),
            alone: Arc::default(),
            paused_until: Arc::default(),
        }
    }

    /// Sets a function that is called at each event.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Works until `stop` is ready, then ends the jobs in progress and leaves the fleet.
    ///
    /// A queue that is away is waited for. [`termination`](crate::termination) is the usual `stop`.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut is_stopped = false;
        while !is_stopped {
            let name = new_name();
            tokio::select! {
                () = &mut stop => return,
                () = self.join(&name) => {}
            }
            (self.observer)(&Event::Joined(name.clone()));
            is_stopped = self.work_as(&name, &mut stop).await;
            // Also puts jobs back whose claim was lost on its way here.
            if let Err(error) = self.engine.leave(&name).await {
                (self.observer)(&Event::QueueAway(error.to_string()));
            }
            if !is_stopped {
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(RETRY) => {}
                }
            }
        }
    }

    async fn join(&self, name: &str) {
        while let Err(error) = self.engine.join(name).await {
            (self.observer)(&Event::QueueAway(error.to_string()));
            tokio::time::sleep(RETRY).await;
        }
        let Some(owner) = self.token_owner() else { return };
        if let (Ok(Some(token)), None) = (self.engine.token(&owner, self.now()).await, self.client.token()) {
            // A token that is not a header value is useless: the session requests its own.
            let _ = self.client.set_token(&token);
        }
    }

    /// Works under one name until a stop, until a claim fails, or until the heartbeats end. Returns whether it was a
    /// stop.
    async fn work_as(&self, name: &str, stop: &mut (impl Future<Output = ()> + Unpin)) -> bool {
        let lease = Lease::until(self.client.transport().now());
        let (sender, fleet) = watch::channel(Fleet::default());
        let beats = AbortOnDrop(tokio::spawn(self.beats(name, &lease, sender)).abort_handle());
        let places = Arc::new(Places::default());
        let mut jobs = JoinSet::new();
        let mut held: HashMap<Id, Claimed> = HashMap::new();
        let is_stopped = loop {
            if beats.0.is_finished() {
                break false;
            }
            let mut is_idle = true;
            let Fleet { alive, is_paused } = *fleet.borrow();
            let share = (self.settings.tenant_concurrency / alive.max(1)).max(1);
            places.set_limit(share);
            let (free, held_jobs) = (places.free(), u32::try_from(jobs.len()).unwrap_or(u32::MAX));
            let most = free.min(share.saturating_mul(MAX_HELD).saturating_sub(held_jobs));
            let may_claim = alive > 0 && !is_paused && !self.is_unauthorized();
            if most > 0 && may_claim && self.client.transport().now() < lease.end() {
                let claimed = match self.engine.claim(name, most).await {
                    Ok(claimed) => claimed,
                    Err(error) => {
                        (self.observer)(&Event::QueueAway(error.to_string()));
                        break false;
                    }
                };
                is_idle = claimed.is_empty();
                for claimed in claimed {
                    let job = self.job(claimed.clone(), name.to_owned(), lease.clone(), places.join());
                    let handle = jobs.spawn(job);
                    held.insert(handle.id(), claimed);
                }
            }
            let pause = if is_idle { self.settings.poll } else { Duration::from_millis(1) };
            tokio::select! {
                () = &mut *stop => break true,
                Some(ended) = jobs.join_next_with_id() => self.ended(ended, &mut jobs, &mut held, name),
                () = places.freed(), if free == 0 => {}
                () = tokio::time::sleep(pause), if most > 0 || jobs.is_empty() => {}
            }
        };
        (self.observer)(&Event::Draining(jobs.len()));
        let is_away = || !beats.0.is_finished() && self.client.transport().now() >= lease.end();
        let is_stopped = self.drain(&mut jobs, &mut held, (name, is_away), (stop, is_stopped)).await;
        drop(beats);
        is_stopped
    }

    /// Ends the jobs in progress that end within the time for it. Returns whether there was a stop.
    async fn drain(
        &self,
        jobs: &mut JoinSet<()>,
        held: &mut HashMap<Id, Claimed>,
        (name, is_away): (&str, impl Fn() -> bool),
        (stop, mut is_stopped): (&mut (impl Future<Output = ()> + Unpin), bool),
    ) -> bool {
        let mut limit = pin!(tokio::time::sleep(self.settings.drain));
        loop {
            tokio::select! {
                ended = jobs.join_next_with_id() => match ended {
                    Some(ended) => self.ended(ended, jobs, held, name),
                    None => return is_stopped,
                },
                () = &mut *stop, if !is_stopped => {
                    is_stopped = true;
                    limit.set(tokio::time::sleep(self.settings.drain));
                }
                // Without a stop, the decisions outlast a queue that is away. One that cannot be written although the
                // queue is there must not keep the worker from others: the send log decides later.
                () = &mut limit => match is_stopped || !is_away() {
                    true => return is_stopped,
                    false => limit.set(tokio::time::sleep(self.settings.drain)),
                },
            }
        }
    }

    /// Takes the end of the task of a job. A panic is an end of that job alone.
    fn ended(
        &self,
        ended: Result<(Id, ()), tokio::task::JoinError>,
        jobs: &mut JoinSet<()>,
        held: &mut HashMap<Id, Claimed>,
        name: &str,
    ) {
        let error = match ended {
            Ok((id, ())) => return drop(held.remove(&id)),
            Err(error) => error,
        };
        let Some(claimed) = held.remove(&error.id()) else { return };
        let (worker, name) = (self.share(), name.to_owned());
        jobs.spawn(async move {
            let record = worker.line(claimed.label()).await;
            let why = format!("performing the job panics: {error}");
            let limits = &worker.settings.limits;
            let decision = poisoned(claimed.label(), &intent_of(&claimed), &record, why, limits);
            worker.execute(&name, &claimed, decision, Record::default()).await;
        });
    }

    /// Reads a line of the send log, as soon as the queue can be reached.
    async fn line(&self, key: &str) -> Record {
        loop {
            match self.engine.read(key).await {
                Ok(record) => return record,
                Err(error) => (self.observer)(&Event::QueueAway(error.to_string())),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Delivers one job.
    fn job(
        &self,
        claimed: Claimed,
        name: String,
        lease: Lease,
        mut place: Place,
    ) -> impl Future<Output = ()> + Send + 'static {
        let worker = self.share();
        async move {
            let decided = worker.decide(&claimed, &lease, &mut place).await;
            drop(place);
            let (decision, record) = decided.unwrap_or_else(|error| {
                let why = error.to_string();
                (Decision::NotBefore { at: worker.now() + RETRY, why }, Record::default())
            });
            worker.execute(&name, &claimed, decision, record).await;
            worker.keep_token().await;
        }
    }

    async fn decide(
        &self,
        claimed: &Claimed,
        lease: &Lease,
        place: &mut Place,
    ) -> Result<(Decision, Record), E::Error> {
        if claimed.key.is_empty() {
            let why = "the entry has no idempotency key, without which it may be in the queue twice";
            return Ok((Decision::rejected(why), Record::default()));
        }
        let limits = &self.settings.limits;
        let job = match serde_json::from_str::<Job>(&claimed.payload) {
            Ok(job) if job.key == claimed.key => job,
            Ok(job) => {
                let why =
                    format!("the entry has the idempotency key {:?}, its job {:?}", claimed.key, job.key);
                let record = self.engine.read(&claimed.key).await?;
                return Ok((poisoned(&claimed.key, &job.intent, &record, why, limits), Record::default()));
            }
            Err(error) => {
                let record = self.engine.read(&claimed.key).await?;
                let why = with_text(format_args!("not a job: {error}"), &claimed.payload);
                return Ok(unreadable(&claimed.key, "", record, why, limits, self.now()));
            }
        };
        match claimed.lost_workers > self.settings.max_lost_workers {
            true => self.deliver_alone(&job, claimed.lost_workers, lease, place).await,
            false => self.deliver(&job, lease, place).await,
        }
    }

    /// Delivers a job that many workers held when they ended, while this worker delivers no other one of this kind. A
    /// worker that ends meanwhile thus blames no other job.
    async fn deliver_alone(
        &self,
        job: &Job,
        lost_workers: u32,
        lease: &Lease,
        place: &mut Place,
    ) -> Result<(Decision, Record), E::Error> {
        let _alone = place.away(self.alone.lock()).await;
        let later = |at, why: &str| Ok((Decision::NotBefore { at, why: why.to_owned() }, Record::default()));
        let mut record = self.engine.read(&job.key).await?;
        if record.lone_starts >= MAX_LONE_STARTS {
            let alone = record.lone_starts;
            let why = format!(
                "{lost_workers} workers have ended while they held the job, {alone} performed it alone"
            );
            let limits = &self.settings.limits;
            return Ok((poisoned(&job.key, &job.intent, &record, why, limits), Record::default()));
        }
        if let Some(sent) = record.sent.filter(|sent| sent.last > self.now()) {
            return later(sent.last, "the worker that ended may have sent it until then");
        }
        record.lone_starts += 1;
        if !record.is_unreadable && !self.engine.write(&job.key, &record).await? {
            return later(self.now() + RETRY, "another worker has the job");
        }
        match self.deliver(job, lease, place).await {
            Ok(decided) => Ok(decided),
            // The worker has not ended.
            Err(error) => {
                let record = Record { lone_starts: 0, ..self.line(&job.key).await };
                Ok((Decision::NotBefore { at: self.now() + RETRY, why: error.to_string() }, record))
            }
        }
    }

    async fn deliver(
        &self,
        job: &Job,
        lease: &Lease,
        place: &mut Place,
    ) -> Result<(Decision, Record), E::Error> {
        let limits = &self.settings.limits;
        let delivered = deliver_once(&*self.client, &self.engine, job, lease, limits, place).await?;
        if delivered.is_unauthorized {
            // Each other job would request a token too, of which the service allows few.
            let mut until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            *until = Some(Instant::now() + limits.max_backoff);
        }
        Ok((delivered.decision, delivered.record))
    }

    /// Executes a decision, as soon as the queue can be reached.
    async fn execute(&self, name: &str, claimed: &Claimed, decision: Decision, record: Record) {
        let mut is_away = false;
        while let Err(error) = self.engine.execute(name, claimed, &decision, &record).await {
            is_away = true;
            (self.observer)(&Event::QueueAway(error.to_string()));
            tokio::time::sleep(RETRY).await;
        }
        if is_away {
            (self.observer)(&Event::QueueBack);
        }
        (self.observer)(&Event::Decided { key: claimed.label().to_owned(), decision });
    }

    /// Stores a token that this worker has requested for those that start later.
    async fn keep_token(&self) {
        let (Some(own), Some(owner)) = (self.client.token(), self.token_owner()) else { return };
        let now = self.now();
        let stored = self.engine.token(&owner, now).await;
        let is_newer = |stored: &zuora_core::session::Token| {
            stored.secret().expose() != own.secret().expose() && own.expires_in() > stored.expires_in()
        };
        if stored.is_ok_and(|stored| stored.as_ref().is_none_or(is_newer)) {
            // A failure costs a later worker a token request.
            let _ = self.engine.store_token(&owner, &own, now).await;
        }
    }

    fn is_unauthorized(&self) -> bool {
        let until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Returns the credentials that a stored token belongs to; `None` if this worker stores no token.
    fn token_owner(&self) -> Option<String> {
        self.client.session().token_owner().filter(|_| self.settings.is_token_stored)
    }

    /// Renews the lease, also while all jobs are busy. Ends when the queue does not know the worker any more.
    fn beats(
        &self,
        name: &str,
        lease: &Lease,
        fleet: watch::Sender<Fleet>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (worker, name, lease) = (self.share(), name.to_owned(), lease.clone());
        async move {
            let mut is_away = false;
            loop {
                let before = worker.client.transport().now();
                // A queue that does not respond must not keep the heartbeats from trying again.
                match tokio::time::timeout(worker.engine.lease(), worker.engine.beat(&name)).await {
                    Ok(Ok(None)) => return,
                    Ok(Ok(Some(seen))) => {
                        lease.renew(before + worker.engine.lease());
                        fleet.send_replace(seen);
                        if std::mem::take(&mut is_away) {
                            (worker.observer)(&Event::QueueBack);
                        }
                    }
                    Err(_) => {
                        is_away = true;
                        (worker.observer)(&Event::QueueAway("it does not respond".to_owned()));
                    }
                    Ok(Err(error)) => {
                        is_away = true;
                        (worker.observer)(&Event::QueueAway(error.to_string()));
                    }
                }
                tokio::time::sleep(worker.engine.lease() / 4).await;
            }
        }
    }

    fn share(&self) -> Self {
        Self {
            client: Arc::clone(&self.client),
            engine: self.engine.clone(),
            settings: self.settings.clone(),
            observer: Arc::clone(&self.observer),
            alone: Arc::clone(&self.alone),
            paused_until: Arc::clone(&self.paused_until),
        }
    }

    fn now(&self) -> WallTime {
        self.client.transport().now().wall().unwrap_or(std::time::SystemTime::now().into())
    }
}

/// Most jobs that a worker holds for each of its places, those that wait included.
const MAX_HELD: u32 = 10;

/// Number of workers that a job may end while it is performed alone.
const MAX_LONE_STARTS: u32 = 3;

/// Pause before a queue that is away is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Ends a task with its owner.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn intent_of(claimed: &Claimed) -> String {
    serde_json::from_str::<Job>(&claimed.payload).map(|job| job.intent).unwrap_or_default()
}

/// Makes a name that no worker had before: a lease belongs to one start of a process.
fn new_name() -> String {
    let mut random = [0; 8];
    // Without randomness, the process id and the time tell two starts apart.
    let _ = getrandom::fill(&mut random);
    let time = WallTime::from(std::time::SystemTime::now()).unix_millis();
    format!("zuora-{}-{time:x}-{:016x}", std::process::id(), u64::from_be_bytes(random))
}

/// Waits until the process is asked to end, by SIGTERM or Ctrl-C.
pub async fn termination() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
