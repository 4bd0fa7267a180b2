//! Work that is done although the gateway said 504, at once or up to 119 s later, and reads that lag behind: whatever is
//! reported must be true.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use zuora_core::bill_runs::{
    AdHoc, Batches, BillRunGoal, BillRunStatus, BillRunWaiter, CancelBillRun, CreateBillRun, PostBillRun,
};
use zuora_core::invoices::{
    BulkEvent, BulkJob, BulkUpdateInvoices, CancelInvoice, CreateStandaloneInvoice, DeleteInvoice,
    GetInvoice, InvoicePatch, NewInvoiceItem, PostInvoice, ReverseInvoice, WriteOffInvoice,
};
use zuora_core::polling::PollingPolicy;
use zuora_core::reconcile::{Reconcile, Reconciled};
use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError};
use zuora_core::types::{AccountNumber, BillRunId, InvoiceId};
use zuora_core::{Amount, CallOptions, Client, Config, Date, Error, Operation, Outcome};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, InProcess, Sandbox, Settings, Tenant};

/// A gateway that responds to one request with 504, and passes it on some time later.
struct Late {
    inner: InProcess,
    armed: RefCell<Option<(Method, &'static str, Duration)>>,
    pending: RefCell<Vec<(Timestamp, HttpRequest)>>,
    done: Cell<usize>,
}

impl Late {
    fn new(inner: InProcess) -> Self {
        Self { inner, armed: RefCell::default(), pending: RefCell::default(), done: Cell::new(0) }
    }

    fn arm(&self, method: Method, end: &'static str, after: u64) {
        *self.armed.borrow_mut() = Some((method, end, Duration::from_secs(after)));
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.pending.borrow().iter().map(|(at, _)| *at).min()
    }

    fn pass_on_what_is_due(&self) {
        let now = Transport::now(&self.inner);
        let (due, rest): (Vec<_>, Vec<_>) = self.pending.take().into_iter().partition(|(at, _)| *at <= now);
        *self.pending.borrow_mut() = rest;
        for (_, request) in due {
            let limits = Limits::new(Duration::from_secs(200), 1 << 24);
            let _ = Transport::send(&self.inner, request, limits);
            self.done.set(self.done.get() + 1);
        }
    }
}

impl Transport for Late {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        self.pass_on_what_is_due();
        let is_armed = self.armed.borrow().as_ref().is_some_and(|(method, end, _)| {
            method == request.method() && request.uri().path().ends_with(end)
        });
        if !is_armed {
            return Transport::send(&self.inner, request, limits);
        }
        let (_, _, after) = self.armed.take().unwrap();
        self.pending.borrow_mut().push((Transport::now(&self.inner) + after, request));
        self.pass_on_what_is_due();
        let mut response = HttpResponse::default();
        *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        Ok(response)
    }

    fn sleep_until(&self, time: Timestamp) {
        while let Some(next) = self.next_due().filter(|at| *at < time) {
            Transport::sleep_until(&self.inner, next);
            self.pass_on_what_is_due();
        }
        Transport::sleep_until(&self.inner, time);
        self.pass_on_what_is_due();
    }

    fn now(&self) -> Timestamp {
        Transport::now(&self.inner)
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Transport::seed(&self.inner)
    }
}

fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET)
}

fn client() -> Client<Late> {
    Client::with_transport(&config(), Late::new(InProcess::demo())).unwrap()
}

fn day() -> Date {
    Date::new(2026, 3, 1).unwrap()
}

fn draft(items: usize) -> CreateStandaloneInvoice {
    let item = NewInvoiceItem::named("Fee", "10.01".parse::<Amount>().unwrap(), day());
    CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), vec![item; items])
}

fn create<T: Transport>(client: &Client<T>, items: usize) -> InvoiceId {
    client.call(&draft(items)).unwrap().id().unwrap().clone()
}

fn completed_run<T: Transport>(client: &Client<T>) -> BillRunId {
    let run = CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31).unwrap()));
    let id = client.call(&run).unwrap().id().unwrap().clone();
    client.wait(BillRunWaiter::new(id.clone(), BillRunGoal::Completed), PollingPolicy::default()).unwrap();
    id
}

/// Sends a write whose response is lost, and returns what reading back says.
fn reconciled<T: Transport, O: Reconcile + Operation>(
    client: &Client<T>,
    write: &O,
) -> Reconciled<O::Object> {
    match client.call(write) {
        Ok(_) => panic!("the response is lost"),
        Err(error) => {
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
            client.reconcile(write, &error).unwrap()
        }
    }
}

const DELAYS: [u64; 4] = [0, 5, 60, 119];

#[test]
fn work_that_is_done_after_a_504_is_never_reported_as_not_applied() {
    for after in DELAYS {
        let client = client();
        let run = completed_run(&client);
        client.transport().arm(Method::PUT, "/post", after);
        let posted = reconciled(&client, &PostBillRun::new(run));
        assert_eq!(posted.outcome(), Outcome::Applied, "run after {after} s");

        let id = create(&client, 2);
        client.transport().arm(Method::PUT, "/post", after);
        let posted = reconciled(&client, &PostInvoice::new(id.clone()));
        assert_eq!(posted.outcome(), Outcome::Applied, "post after {after} s");

        client.transport().arm(Method::PUT, "/reverse", after);
        let reversed = reconciled(&client, &ReverseInvoice::new(id));
        assert_eq!(reversed.outcome(), Outcome::Applied, "reverse after {after} s");

        let id = create(&client, 2);
        client.transport().arm(Method::PUT, "/cancel", after);
        let canceled = reconciled(&client, &CancelInvoice::new(id.clone()));
        assert_eq!(canceled.outcome(), Outcome::Applied, "cancel after {after} s");

        client.transport().arm(Method::DELETE, "", after);
        let deleted = reconciled(&client, &DeleteInvoice::new(id));
        assert_eq!(deleted.outcome(), Outcome::Applied, "delete after {after} s");

        let id = create(&client, 2);
        client.call(&PostInvoice::new(id.clone())).unwrap();
        client.transport().arm(Method::PUT, "/write-off", after);
        let written_off = reconciled(&client, &WriteOffInvoice::new(id));
        assert_ne!(written_off.outcome(), Outcome::NotApplied, "write-off after {after} s");
        assert_eq!(client.transport().done.get(), 6);
    }
}

#[test]
fn a_creation_that_is_done_after_a_504_is_done_once() {
    for after in DELAYS {
        let client = client();
        client.transport().arm(Method::POST, "/v1/invoices", after);
        let invoice = client.call(&draft(1).invoice_number("OWN-1")).unwrap();
        assert_eq!(invoice.number().unwrap().as_str(), "OWN-1");
        let later = Transport::now(client.transport()) + Duration::from_secs(200);
        Transport::sleep_until(client.transport(), later);
        assert_eq!(client.transport().done.get(), 1);
        let once = client.call_with(&draft(1).invoice_number("OWN-1"), &CallOptions::new()).unwrap_err();
        assert_eq!(once.outcome(), Outcome::NotApplied, "the number is in use: {once}");
    }
}

#[test]
fn rows_of_an_update_that_is_done_after_a_504_are_applied() {
    for after in DELAYS {
        let client = client();
        let ids: Vec<_> = (0..3).map(|_| create(&client, 1)).collect();
        client.transport().arm(Method::PUT, "/v1/invoices", after);
        let rows =
            ids.iter().map(|id| (id.to_string(), (id.clone(), InvoicePatch::default().auto_pay(true))));
        let mut job = BulkJob::<BulkUpdateInvoices>::new(client.session(), rows).unwrap();
        let chunk = loop {
            if let BulkEvent::Chunk(chunk) = client.drive(&mut job).unwrap().expect("a chunk") {
                break chunk;
            }
        };
        assert_eq!(chunk.rows.len(), 3);
        assert!(chunk.rows.iter().all(|row| row.result.is_ok()), "after {after} s: {:?}", chunk.rows);
    }
}

#[test]
fn a_job_that_takes_longer_than_the_span_is_not_taken_for_nothing() {
    // The job waits for 120 s and takes 120 s: longer than the span, shorter than the reads.
    let settings = Settings::default().job_step(Duration::from_secs(120));
    let sandbox = Sandbox::new(Tenant::demo(), settings);
    let client = Client::with_transport(&config(), InProcess::new(sandbox)).unwrap();
    let id = create(&client, 150);
    client.call(&CancelInvoice::new(id.clone())).unwrap();
    let later = Transport::now(client.transport()) + Duration::from_secs(600);
    Transport::sleep_until(client.transport(), later);
    client.transport().sandbox().faults().push(Fault::LoseResponse.on(Method::DELETE, "/v1/invoices/*"));
    let deleted = reconciled(&client, &DeleteInvoice::new(id.clone()));
    assert!(matches!(deleted, Reconciled::Applied(None)), "{deleted:?}");
    assert!(client.call(&GetInvoice::new(id)).unwrap_err().is_not_found());
}

/// A cache in front of the service: for some time after each write, a read shows what it showed before.
struct Stale {
    inner: InProcess,
    lag: Duration,
    shown: RefCell<BTreeMap<String, HttpResponse>>,
    until: Cell<Option<Timestamp>>,
}

impl Transport for Stale {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let (is_read, uri) = (request.method() == Method::GET, request.uri().to_string());
        let now = Transport::now(&self.inner);
        if is_read && self.until.get().is_some_and(|until| now < until) {
            if let Some(shown) = self.shown.borrow().get(&uri) {
                Transport::sleep_until(&self.inner, now + Duration::from_millis(20));
                return Ok(shown.clone());
            }
        }
        let response = Transport::send(&self.inner, request, limits);
        if !is_read && !uri.contains("oauth") {
            self.until.set(Some(Transport::now(&self.inner) + self.lag));
        }
        if let (true, Ok(response)) = (is_read, &response) {
            self.shown.borrow_mut().insert(uri, response.clone());
        }
        response
    }

    fn sleep_until(&self, time: Timestamp) {
        Transport::sleep_until(&self.inner, time);
    }

    fn now(&self) -> Timestamp {
        Transport::now(&self.inner)
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Transport::seed(&self.inner)
    }
}

#[test]
fn stale_reads_delay_a_decision_and_do_not_change_it() {
    for lag in [1, 10, 60, 119] {
        let stale = Stale {
            inner: InProcess::demo(),
            lag: Duration::from_secs(lag),
            shown: RefCell::default(),
            until: Cell::new(None),
        };
        let client = Client::with_transport(&config(), stale).unwrap();
        let wait = |id: &BillRunId, goal| -> Result<BillRunStatus, Error> {
            let run = client.wait(BillRunWaiter::new(id.clone(), goal), PollingPolicy::default())?;
            run.status().cloned()
        };
        let run = completed_run(&client);
        client.call(&PostBillRun::new(run.clone())).unwrap();
        assert_eq!(wait(&run, BillRunGoal::Posted).unwrap(), BillRunStatus::Posted, "{lag} s");

        let run = completed_run(&client);
        client.call(&CancelBillRun::new(run.clone())).unwrap();
        assert_eq!(wait(&run, BillRunGoal::Canceled).unwrap(), BillRunStatus::Canceled, "{lag} s");

        let run = completed_run(&client);
        client.transport().inner.sandbox().faults().push(Fault::LoseResponse.on(Method::PUT, "/post"));
        let posted = reconciled(&client, &PostBillRun::new(run));
        assert_eq!(posted.outcome(), Outcome::Applied, "{lag} s");

        let id = create(&client, 1);
        client.call(&GetInvoice::new(id.clone())).unwrap();
        client.transport().inner.sandbox().faults().push(Fault::LoseResponse.on(Method::PUT, "/post"));
        let posted = reconciled(&client, &PostInvoice::new(id));
        assert_eq!(posted.outcome(), Outcome::Applied, "{lag} s");
    }
}
