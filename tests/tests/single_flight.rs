//! Many callers share one token request: over real HTTP, on threads and on tasks.

use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use zuora_core::http::Method;
use zuora_core::object_query::QueryInvoices;
use zuora_core::transport::{
    AsyncTransport, DefaultTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport,
    TransportError,
};
use zuora_core::{AsyncClient, Client, Config};
use zuora_reqwest::Reqwest;
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, Sandbox, Server};
use zuora_ureq::Ureq;

const CALLERS: usize = 64;
/// The duration of a token request: long enough that every caller waits for it.
const TOKEN_REQUEST: Duration = Duration::from_millis(100);
/// The time after the arrival of the token within which every caller has its response.
const PROMISE: Duration = Duration::from_millis(150);
/// The longest time that a caller waits before it polls for the token again. If the machine is so busy that the calls
/// alone take longer than the promise, they get this time in addition.
const MAX_POLL_DELAY: Duration = Duration::from_millis(100);
/// Rounds in which the load of the machine may vary; the counts must be right in each.
const ROUNDS: usize = 8;
/// The tests measure time, so they run one at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn threads_on_a_cold_session_share_one_token_request() {
    keeps_the_promise(|| {
        let server = TimedServer::cold();
        let client = Client::with_transport(&server.config(), server.timed(Ureq::default())).unwrap();
        call_from_threads(&client);
        server.check(1, || {
            call_from_threads(&Client::with_session(client.session(), server.timed(Ureq::default())));
        })
    });
}

#[test]
fn threads_whose_token_was_rejected_share_one_token_request() {
    keeps_the_promise(|| {
        let server = TimedServer::cold();
        let client = Client::with_transport(&server.config(), server.timed(Ureq::default())).unwrap();
        client.call(&QueryInvoices::new()).unwrap();
        server.revoke_the_token();
        call_from_threads(&client);
        server.check(2, || {
            call_from_threads(&Client::with_session(client.session(), server.timed(Ureq::default())));
        })
    });
}

#[test]
fn tasks_on_a_cold_session_share_one_token_request() {
    let runtime = runtime();
    keeps_the_promise(|| {
        let server = TimedServer::cold();
        let client =
            AsyncClient::with_transport(&server.config(), server.timed(Reqwest::create().unwrap())).unwrap();
        runtime.block_on(call_from_tasks(&client));
        let warm = AsyncClient::with_session(client.session(), server.timed(Reqwest::create().unwrap()));
        server.check(1, || runtime.block_on(call_from_tasks(&warm)))
    });
}

#[test]
fn tasks_whose_token_was_rejected_share_one_token_request() {
    let runtime = runtime();
    keeps_the_promise(|| {
        let server = TimedServer::cold();
        let client =
            AsyncClient::with_transport(&server.config(), server.timed(Reqwest::create().unwrap())).unwrap();
        runtime.block_on(client.call(&QueryInvoices::new())).unwrap();
        server.revoke_the_token();
        runtime.block_on(call_from_tasks(&client));
        let warm = AsyncClient::with_session(client.session(), server.timed(Reqwest::create().unwrap()));
        server.check(2, || runtime.block_on(call_from_tasks(&warm)))
    });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The time of the last caller after the arrival of the token, and the time of all callers if the token is cached.
#[derive(Debug)]
struct Spans {
    after_token: Duration,
    warm: Duration,
}

fn keeps_the_promise(round: impl Fn() -> Spans) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rounds = Vec::new();
    while rounds.len() < ROUNDS {
        let spans = round();
        if spans.after_token <= PROMISE.max(spans.warm + MAX_POLL_DELAY) {
            return;
        }
        rounds.push(spans);
    }
    panic!("the last of {CALLERS} callers ended too late after the token had arrived: {rounds:?}");
}

fn call_from_threads(client: &Client<Timed<Ureq>>) {
    let start = Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                start.wait();
                client.call(&QueryInvoices::new()).unwrap();
            });
        }
    });
}

async fn call_from_tasks(client: &AsyncClient<Timed<Reqwest>>) {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move { client.call(&QueryInvoices::new()).await.map(drop) });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap().unwrap();
    }
}

/// A sandbox over HTTP, and the times at which responses arrived at the client.
struct TimedServer {
    server: Server,
    times: Arc<Mutex<Times>>,
}

#[derive(Default)]
struct Times {
    token: Option<Instant>,
    last_response: Option<Instant>,
}

impl TimedServer {
    fn cold() -> Self {
        let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
        server.sandbox().faults().push(Fault::Delay(TOKEN_REQUEST).on(Method::POST, "/oauth/token").times(2));
        Self { server, times: Arc::default() }
    }

    fn config(&self) -> Config {
        Config::new(self.server.url(), CLIENT_ID, CLIENT_SECRET)
    }

    fn timed<T>(&self, inner: T) -> Timed<T> {
        Timed { inner, times: Arc::clone(&self.times) }
    }

    fn revoke_the_token(&self) {
        self.server.sandbox().revoke_tokens();
    }

    /// Counts the requests that the server received, then measures `again` for comparison.
    fn check(&self, token_requests: usize, again: impl FnOnce()) -> Spans {
        let token_requests_seen = self.server.sandbox().seen(&Method::POST, "/oauth/token");
        let calls = self.server.sandbox().seen(&Method::GET, "/object-query/invoices");
        assert_eq!(token_requests_seen, token_requests);
        // One call warms the session up; after it each caller may have sent once with the rejected token.
        let most = if token_requests == 1 { CALLERS } else { 1 + 2 * CALLERS };
        assert!((CALLERS..=most).contains(&calls), "{calls} calls");
        let after_token = {
            let times = self.times.lock().unwrap();
            times.last_response.unwrap().saturating_duration_since(times.token.unwrap())
        };
        let start = Instant::now();
        again();
        Spans { after_token, warm: start.elapsed() }
    }
}

/// A transport that records when responses arrive.
#[derive(Clone)]
struct Timed<T> {
    inner: T,
    times: Arc<Mutex<Times>>,
}

impl<T> Timed<T> {
    fn note(&self, is_token: bool, result: &Result<HttpResponse, TransportError>) {
        let now = Some(Instant::now());
        let mut times = self.times.lock().unwrap();
        match result {
            Ok(response) if is_token && response.status().is_success() => times.token = now,
            _ => times.last_response = now,
        }
    }
}

impl<T: Transport> Transport for Timed<T> {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let is_token = request.uri().path() == "/oauth/token";
        let result = self.inner.send(request, limits);
        self.note(is_token, &result);
        result
    }

    fn sleep_until(&self, time: Timestamp) {
        self.inner.sleep_until(time);
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        self.inner.seed()
    }
}

impl<T: AsyncTransport> AsyncTransport for Timed<T> {
    async fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let is_token = request.uri().path() == "/oauth/token";
        let result = self.inner.send(request, limits).await;
        self.note(is_token, &result);
        result
    }

    fn sleep_until(&self, time: Timestamp) -> impl Future<Output = ()> + Send {
        self.inner.sleep_until(time)
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        self.inner.seed()
    }
}
