//! A future that is dropped, at each of its await points in turn, leaves the session as good as before.
//!
//! The sandbox without a socket hands over to the executor before and after its work and whenever somebody
//! waits, so that `n` polls end at the `n`-th await point: before a request, with its answer under way, or in
//! a pause.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zuora_core::bill_runs::{
    AdHoc, AwaitBillRun, Batches, BillRun, CreateBillRun, GetBillRun, Goal, PostBillRun,
};
use zuora_core::http::header::RETRY_AFTER;
use zuora_core::http::{HeaderMap, HeaderValue, Method, StatusCode};
use zuora_core::object_query::QueryInvoices;
use zuora_core::{Abandoned, AsyncClient, AsyncTransport, Config, Date, Effect, Pace, Settled, Settlement};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, InProcess};

#[test]
fn a_dropped_sign_in_is_taken_over_at_once() {
    let points = each_await_point(|points| {
        let tenant = Tenant::new();
        let query = QueryInvoices::new();
        let dropped = dropped_after(points, tenant.client.call(&query));
        let before = tenant.world.now();
        finish(tenant.client.call(&query)).unwrap();
        // A lease that had to run out would take a minute.
        assert!(before.until(tenant.world.now()) < Duration::from_secs(1), "dropped after {points} polls");
        assert!(tenant.sign_ins() <= 2, "{} sign-ins", tenant.sign_ins());
        dropped
    });
    assert_eq!(points, 4, "two requests, each with an await point before and after");
}

#[test]
fn who_waits_for_a_sign_in_goes_on_when_it_is_dropped() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let query = QueryInvoices::new();
        let mut waiting = pin!(tenant.client.call(&query));
        let mut waited = None;
        let dropped = {
            let mut signing_in = pin!(tenant.client.call(&query));
            (0..points).all(|_| {
                let pending = poll(signing_in.as_mut()).is_none();
                waited = waited.take().or_else(|| poll(waiting.as_mut()));
                pending
            })
        };
        let before = tenant.world.now();
        waited.unwrap_or_else(|| finish(waiting)).unwrap();
        assert!(before.until(tenant.world.now()) < Duration::from_secs(1), "dropped after {points} polls");
        assert!(tenant.sign_ins() <= 2, "{} sign-ins", tenant.sign_ins());
        dropped
    });
}

#[test]
fn a_write_that_was_in_flight_is_reported() {
    let points = each_await_point(|points| {
        let tenant = Tenant::new();
        let run = tenant.completed_run();
        let post = PostBillRun::new(run.id().unwrap().clone());
        let sent_before = tenant.posts();
        let dropped = dropped_after(points, tenant.client.call(&post));
        let told = tenant.told.lock().unwrap().clone();
        if !dropped || points == 0 {
            assert_eq!(told, [], "nothing was given up in flight");
            return dropped;
        }
        let [told] = &told[..] else { panic!("told {} times after {points} polls", told.len()) };
        assert_eq!((told.operation, told.effect), ("post_bill_run", Effect::Transition));
        assert_eq!(told.path, format!("/v1/bill-runs/{}/post", run.id().unwrap()));
        assert_eq!(told.idempotency_key, None, "transitions have none");
        // What nobody can know is found out by reading; whichever it was, the session works on.
        let arrived = tenant.posts() > sent_before;
        let settled = finish(tenant.client.wait(unknown(&post), Pace::default())).unwrap();
        assert_eq!(matches!(settled, Settled::Holds(_)), arrived, "dropped after {points} polls");
        if !arrived {
            finish(tenant.client.call(&post)).unwrap();
        }
        dropped
    });
    assert_eq!(points, 2, "before the request and with its answer under way");
}

#[test]
fn a_read_that_was_in_flight_is_nobodys_business() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let id = tenant.completed_run().id().unwrap().clone();
        let dropped = dropped_after(points, tenant.client.call(&GetBillRun::new(id.clone())));
        assert_eq!(*tenant.told.lock().unwrap(), []);
        finish(tenant.client.call(&GetBillRun::new(id))).unwrap();
        dropped
    });
}

#[test]
fn a_closed_gate_stays_closed() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let run = GetBillRun::new(tenant.completed_run().id().unwrap().clone());
        let used_up = Fault::status(StatusCode::TOO_MANY_REQUESTS)
            .headers(HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("30"))]));
        tenant.world.sandbox().faults().push(used_up.on(Method::GET, "/v1/bill-runs/*"));
        let start = tenant.world.now();
        let dropped = dropped_after(points, tenant.client.call(&run));
        let throttled = tenant.world.sandbox().faults().is_empty();
        let answer_was_read = throttled && points > 2;
        finish(tenant.client.call(&run)).unwrap();
        if answer_was_read {
            assert!(
                start.until(tenant.world.now()) >= Duration::from_secs(30),
                "dropped after {points} polls"
            );
        }
        dropped
    });
}

#[test]
fn a_place_in_flight_is_given_back() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let run = GetBillRun::new(tenant.completed_run().id().unwrap().clone());
        // The service has no room, so that this session goes on with one request at a time.
        tenant.world.sandbox().settings().concurrency_in_use = 40;
        assert!(dropped_after(3, tenant.client.call(&run)), "it pauses before it tries again");
        tenant.world.sandbox().settings().concurrency_in_use = 0;
        let dropped = dropped_after(points, tenant.client.call(&run));
        finish(tenant.client.call(&run)).unwrap();
        dropped
    });
}

#[test]
fn a_list_goes_on_where_a_dropped_future_stood() {
    let tenant = Tenant::new();
    let run = tenant.completed_run();
    let query = QueryInvoices::of_bill_run(run.number().unwrap().clone()).page_size(3);
    let all = rows(&tenant.client, &query, usize::MAX);
    assert!(all.len() > 3, "more than a page");
    for points in 0..8 {
        assert_eq!(rows(&tenant.client, &query, points), all, "dropped after {points} polls each");
    }
}

/// Every row of the list; each future for one is first polled `points` times, dropped, and asked for again.
fn rows(client: &AsyncClient<InProcess>, query: &QueryInvoices, points: usize) -> Vec<String> {
    let mut items = client.items(query);
    let mut ids = Vec::new();
    loop {
        let row = {
            let mut next = pin!(items.next());
            (0..points.min(8)).find_map(|_| poll(next.as_mut()))
        };
        match row.unwrap_or_else(|| finish(items.next())) {
            Some(row) => ids.push(row.unwrap().id().unwrap().to_string()),
            None => return ids,
        }
    }
}

/// A tenant of its own, and what the observer of the one session was told.
struct Tenant {
    world: InProcess,
    client: AsyncClient<InProcess>,
    told: Arc<Mutex<Vec<Abandoned>>>,
}

impl Tenant {
    fn new() -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let config = Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET).observer({
            let told = Arc::clone(&told);
            move |abandoned| told.lock().unwrap().push(abandoned.clone())
        });
        let world = InProcess::demo();
        let client = AsyncClient::over(&config, world.clone()).unwrap();
        Self { world, client, told }
    }

    fn completed_run(&self) -> BillRun {
        let due = Date::new(2026, 2, 28).unwrap();
        let run = finish(self.client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(due)))).unwrap();
        let awaited = AwaitBillRun::new(run.id().unwrap().clone(), Goal::Completed);
        finish(self.client.wait(awaited, Pace::default())).unwrap()
    }

    fn sign_ins(&self) -> usize {
        self.world.sandbox().seen(&Method::POST, "/oauth/token")
    }

    fn posts(&self) -> usize {
        self.world.sandbox().seen(&Method::PUT, "/v1/bill-runs/*/post")
    }
}

/// What somebody would wait for who knows no more than that the post was under way.
fn unknown(post: &PostBillRun) -> Settlement<PostBillRun> {
    Settlement::new(post, &zuora_core::Error::failed("given up"))
}

/// Plays a scenario with 0, 1, 2, .. polls before the drop, until there is nothing left to drop; gives the
/// number of await points.
fn each_await_point(scenario: impl Fn(usize) -> bool) -> usize {
    (0..100).find(|points| !scenario(*points)).unwrap() - 1
}

/// Polls a future so many times, then drops it. `false` when it was done before.
fn dropped_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    (0..polls).all(|_| poll(future.as_mut()).is_none())
}

fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Some(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
