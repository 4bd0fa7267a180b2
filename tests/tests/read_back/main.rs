//! The table of `zuora_core::reconcile`, a test for each row: what is read after a write whose response was lost, and
//! what it proves.

mod bill_runs;
mod contents;
mod reads;
mod transitions;

use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use zuora_core::reconcile::{Baseline, Reconcile, Reconciled, Reconciliation};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError};
use zuora_core::{CallOptions, Client, Config, Date, Error, Operation, Outcome};
use zuora_tests::simulation::{lost, moment, seed};

pub(crate) const GONE: &str = r#"{"success":false,"reasons":[{"code":50000040,"message":"gone"}]}"#;

pub(crate) const UPDATED: &str = "2025-12-31 10:00:00";

/// A service that loses the response of each write, and shows objects by path and second.
pub(crate) struct World<F> {
    pub(crate) clock: Mutex<Duration>,
    pub(crate) show: F,
    pub(crate) seen: Mutex<Vec<String>>,
}

impl<F: Fn(&str, u64) -> (u16, String)> Transport for World<F> {
    fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
        let now = {
            let mut clock = self.clock.lock().unwrap();
            *clock += Duration::from_millis(50);
            *clock
        };
        if request.method() != Method::GET {
            return Err(lost());
        }
        let path = request.uri().path_and_query().unwrap().to_string();
        let (status, body) = (self.show)(&path, now.as_secs());
        self.seen.lock().unwrap().push(path);
        Ok(FakeTransport::json(status, body))
    }

    fn sleep_until(&self, time: Timestamp) {
        let mut clock = self.clock.lock().unwrap();
        *clock = (*clock).max(time.elapsed());
    }

    fn now(&self) -> Timestamp {
        moment(*self.clock.lock().unwrap())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(seed(1))
    }
}

pub(crate) fn client<F: Fn(&str, u64) -> (u16, String)>(show: F) -> Client<World<F>> {
    let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(1);
    Client::with_transport(&config, World { clock: Mutex::default(), show, seen: Mutex::default() }).unwrap()
}

pub(crate) struct End {
    pub(crate) shown: String,
    /// Seconds after the failure.
    pub(crate) after: u64,
    pub(crate) reads: Vec<String>,
}

pub(crate) fn describe<T>(result: Result<Reconciled<T>, Error>) -> String {
    match result.unwrap() {
        Reconciled::Applied(Some(_)) => "applied".to_owned(),
        Reconciled::Applied(None) => "applied: gone".to_owned(),
        Reconciled::UnderWay(_) => "under way".to_owned(),
        Reconciled::NotApplied(_) => "not applied".to_owned(),
        Reconciled::Unknown(undecided) => undecided.to_string(),
    }
}

pub(crate) fn end_of<O: Reconcile + Operation>(write: &O, show: impl Fn(&str, u64) -> (u16, String)) -> End {
    end_with(write, None, show)
}

pub(crate) fn end_with<O: Reconcile + Operation>(
    write: &O,
    baseline: Option<&str>,
    show: impl Fn(&str, u64) -> (u16, String),
) -> End {
    let client = client(show);
    let Err(error) = client.call_with(write, &CallOptions::new().timeout(Duration::from_secs(60))) else {
        panic!("every response is lost")
    };
    assert_eq!(error.outcome(), Outcome::Unknown);
    let failed = Transport::now(client.transport());
    let reconciliation = Reconciliation::new(write, &error).baseline(baseline.map(Baseline::new));
    let result =
        client.reconcile_with(reconciliation, Reconciliation::<O>::policy(), &CallOptions::default());
    let after = failed.until(Transport::now(client.transport())).as_secs();
    let reads = client.transport().seen.lock().unwrap().clone();
    End { shown: describe(result), after, reads }
}

/// Shows one object at once.
pub(crate) fn shows(status: u16, body: &str) -> impl Fn(&str, u64) -> (u16, String) + use<> {
    let body = body.to_owned();
    move |path, _| (status, if path.contains("/items") { items(1) } else { body.clone() })
}

/// Shows an object with this status; invoices have `count` items.
pub(crate) fn invoice(status: &'static str, count: usize) -> impl Fn(&str, u64) -> (u16, String) {
    move |path, _| match path.contains("/items") {
        true => (200, items(count)),
        false => (200, invoice_body(status)),
    }
}

pub(crate) fn invoice_body(status: &str) -> String {
    format!(r#"{{"success":true,"id":"i","status":"{status}","balance":10,"updatedDate":"{UPDATED}"}}"#)
}

/// A page with this many items, without a next one.
pub(crate) fn items(count: usize) -> String {
    format!(r#"{{"success":true,"invoiceItems":[{}]}}"#, vec![r#"{"id":"1"}"#; count].join(","))
}

pub(crate) fn run(status: &str) -> String {
    format!(
        r#"{{"success":true,"id":"r","billRunNumber":"BR-1","status":"{status}","updatedDate":"{UPDATED}"}}"#
    )
}

#[track_caller]
pub(crate) fn assert_end(end: &End, shown: &str, after: std::ops::RangeInclusive<u64>) {
    let is_whole = ["applied", "applied: gone", "not applied", "under way"].contains(&shown);
    let agrees = if is_whole { end.shown == shown } else { end.shown.contains(shown) };
    assert!(agrees, "{} instead of {shown}", end.shown);
    assert!(after.contains(&end.after), "{} after {} s instead of {after:?}", end.shown, end.after);
}

pub(crate) const AT_ONCE: std::ops::RangeInclusive<u64> = 0..=1;

pub(crate) const AFTER_THE_SPAN: std::ops::RangeInclusive<u64> = 130..=146;

pub(crate) const WATCHED: std::ops::RangeInclusive<u64> = 595..=600;

pub(crate) fn day() -> Date {
    Date::new(2026, 3, 31).unwrap()
}
