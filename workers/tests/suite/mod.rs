//! Tests that every queue has to pass.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

pub(crate) mod away;
pub(crate) mod queue;
pub(crate) mod workers;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::{CreateStandaloneInvoice, NewInvoiceItem, PostInvoice};
use zuora_core::session::Token;
use zuora_core::transport::WallTime;
use zuora_core::types::AccountId;
use zuora_core::{Amount, Config};
use zuora_reqwest::{Client, Reqwest};
use zuora_sandbox::{
    ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, RequestPattern, Sandbox, Server,
};
use zuora_workers::{
    Acknowledged, Commands, Decision, Engine, Enqueued, Job, Limits, Record, Resolution, Settings, Worker,
};

/// Makes a test of each function of the suite, on queues of a place: `new` takes the name of the test, and `open` opens
/// its queue with a window of 2 s.
macro_rules! suite_on {
    ($place:ty) => {
        suite_on! {
            $place, away:
                a_queue_that_is_away_is_waited_for_and_reported
                a_panic_after_the_line_of_a_sending_ends_in_doubt_although_the_queue_is_away
                a_stopped_worker_ends_while_the_queue_is_away
                a_decision_that_cannot_be_written_keeps_no_other_job_from_being_done
                the_concurrency_of_the_tenant_is_divided_by_the_workers_alive
        }
        suite_on! {
            $place, queue:
                a_second_push_of_a_key_is_reported_and_changes_nothing
                waiting_uses_up_no_attempt_and_lasts_until_the_due_time
                a_worker_that_lost_its_job_can_only_acknowledge
                of_two_writers_of_a_line_one_wins
                a_stored_token_ends_with_its_lifetime
                a_job_in_doubt_is_resolved_or_delivered_again_by_a_person
                a_rejected_post_is_delivered_again_under_a_new_key
                a_worker_that_wakes_after_a_reopening_writes_no_line
                a_person_may_not_decide_while_the_service_may_be_at_work
        }
        suite_on! {
            $place, workers:
                live_workers_are_not_robbed_while_their_handlers_take_longer_than_the_window
                followers_are_added_when_their_job_is_done
                a_pause_stops_the_handing_out_and_a_restart_needs_no_new_token
                a_stopped_worker_ends_its_jobs_and_leaves_the_others
                two_fleets_on_one_queue_double_nothing
                a_revoked_client_secret_pauses_the_claims_of_its_worker
                a_job_that_waits_between_its_read_and_its_write_needs_no_place
                of_the_jobs_of_workers_that_end_the_cause_alone_becomes_a_dead_letter
        }
    };
    ($place:ty, $part:ident: $($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            let place = <$place>::new(stringify!($name));
            suite::$part::$name(async || place.open().await).await;
        }
    )*};
}
pub(crate) use suite_on;

pub(crate) fn config(server: &Server) -> Config {
    Config::new(server.url(), CLIENT_ID, CLIENT_SECRET)
}

pub(crate) fn create(amount: &str) -> AnyOperation {
    let day = "2026-03-01".parse().unwrap();
    let item = NewInvoiceItem::named("Fee", amount.parse::<Amount>().unwrap(), day);
    CreateStandaloneInvoice::new(AccountId::from("2c92a08282fa634378aca02a1626d315"), day, [item]).into()
}

pub(crate) fn job(client: &Client, key: &str) -> Job {
    Job::new(key, &client.intent(create("12.50")).unwrap()).unwrap()
}

pub(crate) fn settings() -> Settings {
    let limits = Limits::default().span(Duration::from_secs(2)).clock_skew(Duration::ZERO);
    Settings::default().limits(limits.max_backoff(Duration::from_secs(1))).poll(Duration::from_millis(50))
}

/// A sandbox, the queue of the test, and a client.
pub(crate) async fn scene<Q>(open: &impl AsyncFn() -> Q) -> (Server, Q, Client) {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let client = client(&server);
    (server, open().await, client)
}

/// A worker in a task of this process, until it is stopped.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
    events: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn start(server: &Server, engine: impl Engine, settings: Settings) -> Running {
    start_with(&config(server), engine, settings)
}

pub(crate) fn start_with(config: &Config, engine: impl Engine, settings: Settings) -> Running {
    let (stop, stopped) = oneshot::channel();
    let events = Arc::new(Mutex::new(Vec::new()));
    let client = Client::with_transport(config, transport()).unwrap();
    let noted = Arc::clone(&events);
    let worker = Worker::new(client, engine, settings)
        .observer(move |event| noted.lock().unwrap().push(format!("{event:?}")));
    let task = tokio::spawn(async move {
        worker
            .run(async {
                let _ = stopped.await;
            })
            .await;
    });
    Running { stop, task, events }
}

pub(crate) fn transport() -> Reqwest {
    Reqwest::with_builder(Reqwest::builder()).unwrap()
}

pub(crate) fn client(server: &Server) -> Client {
    Client::with_transport(&config(server), transport()).unwrap()
}

impl Running {
    pub(crate) async fn end(self) -> Vec<String> {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// Ends the worker as a crash does: its jobs stay with it until its lease ends.
    pub(crate) async fn crash(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Waits until a condition holds. The time is that of a test that hangs, not of one that is slow.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < Duration::from_secs(120), "{what} does not happen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn all_decided(engine: &impl Commands) {
    eventually("the end of all jobs", async || engine.count().await.unwrap().open() == 0).await;
}

pub(crate) fn in_seconds(seconds: u64) -> WallTime {
    WallTime::from(std::time::SystemTime::now()) + Duration::from_secs(seconds)
}
