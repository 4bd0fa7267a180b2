//! A future that is dropped, at each of its await points in turn, leaves the session intact.
//!
//! The sandbox without a socket yields to the executor before and after its work and during every wait, so that `n`
//! polls end at the `n`-th await point: before a request, before its response is returned, or in a pause.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zuora_core::bill_runs::{
    AdHoc, Batches, BillRun, BillRunGoal, BillRunWaiter, CreateBillRun, GetBillRun, PostBillRun,
};
use zuora_core::http::header::RETRY_AFTER;
use zuora_core::http::{HeaderMap, HeaderValue, Method, StatusCode};
use zuora_core::object_query::QueryInvoices;
use zuora_core::polling::PollingPolicy;
use zuora_core::reconcile::Reconciliation;
use zuora_core::transport::AsyncTransport;
use zuora_core::{AsyncClient, Config, Date, Outcome};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, InProcess};
use zuora_tests::event_log::EventLog;

#[test]
fn a_dropped_token_request_is_taken_over_immediately() {
    let points = each_await_point(|points| {
        let tenant = Tenant::new();
        let query = QueryInvoices::new();
        let dropped = dropped_after(points, tenant.client.call(&query));
        let before = tenant.transport.now();
        finish(tenant.client.call(&query)).unwrap();
        // A lease that had to expire would take a minute.
        assert!(
            before.until(tenant.transport.now()) < Duration::from_secs(1),
            "dropped after {points} polls"
        );
        assert!(tenant.token_requests() <= 2, "{} token requests", tenant.token_requests());
        dropped
    });
    assert_eq!(points, 4, "two requests, each with an await point before and after");
}

#[test]
fn a_call_that_waits_for_a_token_request_continues_after_it_is_dropped() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let query = QueryInvoices::new();
        let mut waiting = pin!(tenant.client.call(&query));
        let mut waited = None;
        let dropped = {
            let mut holder = pin!(tenant.client.call(&query));
            (0..points).all(|_| {
                let pending = poll(holder.as_mut()).is_none();
                waited = waited.take().or_else(|| poll(waiting.as_mut()));
                pending
            })
        };
        let before = tenant.transport.now();
        waited.unwrap_or_else(|| finish(waiting)).unwrap();
        assert!(
            before.until(tenant.transport.now()) < Duration::from_secs(1),
            "dropped after {points} polls"
        );
        assert!(tenant.token_requests() <= 2, "{} token requests", tenant.token_requests());
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
        let abandoned = tenant.log.abandoned();
        if !dropped || points == 0 {
            assert_eq!(abandoned, [""; 0], "nothing was dropped in flight");
            return dropped;
        }
        assert_eq!(abandoned, ["abandoned Unknown after 1"], "after {points} polls");
        // A read determines the unknown outcome; the session works in either case.
        let arrived = tenant.posts() > sent_before;
        let reconciled = finish(tenant.client.wait(unknown(&post), PollingPolicy::default())).unwrap();
        assert_eq!(reconciled.outcome() == Outcome::Applied, arrived, "dropped after {points} polls");
        if !arrived {
            finish(tenant.client.call(&post)).unwrap();
        }
        dropped
    });
    assert_eq!(points, 2, "before the request and before its response is returned");
}

#[test]
fn a_read_that_was_in_flight_is_not_in_doubt() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let id = tenant.completed_run().id().unwrap().clone();
        let dropped = dropped_after(points, tenant.client.call(&GetBillRun::new(id.clone())));
        let in_doubt = tenant.log.abandoned().iter().any(|line| line.contains("Unknown"));
        assert!(!in_doubt, "a read changes nothing");
        finish(tenant.client.call(&GetBillRun::new(id))).unwrap();
        dropped
    });
}

#[test]
fn a_throttled_class_stays_throttled() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let run = GetBillRun::new(tenant.completed_run().id().unwrap().clone());
        let used_up = Fault::status(StatusCode::TOO_MANY_REQUESTS)
            .headers(HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("30"))]));
        tenant.transport.sandbox().faults().push(used_up.on(Method::GET, "/v1/bill-runs/*"));
        let start = tenant.transport.now();
        let dropped = dropped_after(points, tenant.client.call(&run));
        let throttled = tenant.transport.sandbox().faults().is_empty();
        let response_was_read = throttled && points > 2;
        finish(tenant.client.call(&run)).unwrap();
        if response_was_read {
            assert!(
                start.until(tenant.transport.now()) >= Duration::from_secs(30),
                "dropped after {points} polls"
            );
        }
        dropped
    });
}

#[test]
fn a_permit_is_released() {
    each_await_point(|points| {
        let tenant = Tenant::new();
        let run = GetBillRun::new(tenant.completed_run().id().unwrap().clone());
        // The service is at its concurrency limit, so this session continues with one request at a time.
        tenant.transport.sandbox().settings().concurrency_in_use = 40;
        assert!(dropped_after(3, tenant.client.call(&run)), "it pauses before it retries");
        tenant.transport.sandbox().settings().concurrency_in_use = 0;
        let dropped = dropped_after(points, tenant.client.call(&run));
        finish(tenant.client.call(&run)).unwrap();
        dropped
    });
}

#[test]
fn a_list_continues_where_a_future_was_dropped() {
    let tenant = Tenant::new();
    let run = tenant.completed_run();
    let query = QueryInvoices::of_bill_run(run.number().unwrap().clone()).page_size(3);
    let all = rows(&tenant.client, &query, usize::MAX);
    assert!(all.len() > 3, "more than a page");
    for points in 0..8 {
        assert_eq!(rows(&tenant.client, &query, points), all, "dropped after {points} polls each");
    }
}

/// Every row of the list; each future for a row is polled `points` times, dropped, and created again.
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

/// A separate tenant, and the events that were reported to the observer of its session.
struct Tenant {
    transport: InProcess,
    client: AsyncClient<InProcess>,
    log: EventLog,
}

impl Tenant {
    fn new() -> Self {
        let log = EventLog::default();
        let config =
            Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET).observer(log.observer());
        let transport = InProcess::demo();
        let client = AsyncClient::with_transport(&config, transport.clone()).unwrap();
        Self { transport, client, log }
    }

    fn completed_run(&self) -> BillRun {
        let due = Date::new(2026, 2, 28).unwrap();
        let run = finish(self.client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(due)))).unwrap();
        let awaited = BillRunWaiter::new(run.id().unwrap().clone(), BillRunGoal::Completed);
        finish(self.client.wait(awaited, PollingPolicy::default())).unwrap()
    }

    fn token_requests(&self) -> usize {
        self.transport.sandbox().seen(&Method::POST, "/oauth/token")
    }

    fn posts(&self) -> usize {
        self.transport.sandbox().seen(&Method::PUT, "/v1/bill-runs/*/post")
    }
}

/// The reconciliation of a caller that knows only that the post was in flight.
fn unknown(post: &PostBillRun) -> Reconciliation<PostBillRun> {
    Reconciliation::new(post, &zuora_core::Error::failed("given up"))
}

/// Runs a test with 0, 1, 2, .. polls before the drop, until the future is done before the drop; returns the number of
/// await points.
fn each_await_point(test: impl Fn(usize) -> bool) -> usize {
    (0..100).find(|points| !test(*points)).unwrap() - 1
}

/// Polls a future `polls` times, then drops it; `false` if the future was done before.
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
