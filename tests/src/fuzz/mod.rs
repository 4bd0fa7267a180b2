//! The bodies of the fuzz targets in `core/fuzz`, which the test program `corpora` runs over the corpora too.
//!
//! Each takes any bytes. A panic, an endless loop or a broken promise is a finding.

mod writes;

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use zuora_core::bill_runs::{BillRunGoal, BillRunWaiter, GetBillRun, PostBillRun};
use zuora_core::intent::{AnyOperation, Intent};
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, CreateStandaloneInvoice, GetInvoice, GetInvoiceFiles,
    GetInvoiceItems, GetInvoicePdfStatus, InvoicePatch, PostInvoice, ReverseInvoice, UpdateInvoice,
    WriteOffInvoice,
};
use zuora_core::jobs::GetOperationJob;
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::object_query::QueryInvoices;
use zuora_core::operation::{Effect, RawOperation};
use zuora_core::pagination::Paginator;
use zuora_core::polling::{Poller, PollingPolicy};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::HttpResponse;
use zuora_core::types::DateTime;
use zuora_core::{Amount, CallOptions, Client, Date, Error, Operation, Outcome};

pub use self::writes::{bulk, reconcile};
use crate::simulation::{at, config, lost, moment, not_sent, warm};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("response", response),
    ("token", token),
    ("amount", amount),
    ("date", date),
    ("gzip", gzip),
    ("headers", headers),
    ("machine", machine),
    ("intent", intent),
    ("bulk", bulk),
    ("reconcile", reconcile),
];

fn operation(choice: u8) -> AnyOperation {
    match choice % 14 {
        0 => GetBillRun::new("1").into(),
        1 => PostBillRun::new("1").into(),
        2 => QueryInvoices::new().into(),
        3 => GetInvoice::new("1").into(),
        4 => GetInvoiceItems::new("1").into(),
        5 => GetInvoiceFiles::new("1").into(),
        6 => GetInvoicePdfStatus::new(["1"]).into(),
        7 => PostInvoice::new("1").into(),
        8 => ReverseInvoice::new("1").into(),
        9 => GetOperationJob::new("1").into(),
        10 => BulkPostInvoices::new(["1", "2"]).into(),
        11 => UpdateInvoice::new("1", InvoicePatch::default()).into(),
        12 => WriteOffInvoice::new("1").into(),
        _ => RawOperation::new(Method::POST, "/v1/things").into(),
    }
}

/// The body of a response: the first byte chooses the operation, the second the status.
pub fn response(data: &[u8]) {
    let [choice, status, body @ ..] = data else { return };
    let statuses = [200, 200, 200, 201, 204, 400, 404, 409, 429, 500, 503, 600];
    let status = statuses[usize::from(*status) % statuses.len()];
    let operation = operation(*choice);
    if let Err(error) = operation.parse(&HttpResponse::new(body.to_vec().into())) {
        let _ = (error.to_string(), format!("{error:?}"));
    }
    let mut call = Call::with_options(&warm(&config()), &operation, &CallOptions::new().max_attempts(1));
    let Action::Send(..) = call.step(Event::Tick, at(0)) else { panic!("a warm session sends at once") };
    match call.step(Event::Response(FakeTransport::json(status, body.to_vec())), at(1)) {
        Action::Done(Ok(_)) => {}
        Action::Done(Err(error)) => check(&error, operation.spec().effect),
        // Only a rejected token lets a single attempt go on.
        Action::Wait(until) => match call.step(Event::Tick, until) {
            Action::Send(request, _) => assert_eq!(request.uri().path(), "/oauth/token"),
            other => panic!("one attempt has one end: {other:?}"),
        },
        other => panic!("one attempt has one end: {other:?}"),
    }
}

fn check(error: &Error, effect: Effect) {
    if effect == Effect::Read {
        assert_eq!(error.outcome(), Outcome::NotApplied, "a read changes nothing");
    }
    if error.outcome() == Outcome::Unknown {
        assert!(error.failed_at().is_some(), "an unknown outcome has a time: {error}");
    }
    assert!(!error.to_string().contains(['\n', '\r']), "one line");
}

/// The body of the response to a token request.
pub fn token(data: &[u8]) {
    let session = crate::simulation::cold(&config().max_attempts(1));
    let mut call = Call::new(&session, GetBillRun::new("1"));
    let Action::Send(..) = call.step(Event::Tick, at(0)) else { panic!("a token request") };
    match call.step(Event::Response(FakeTransport::json(200, data.to_vec())), at(1)) {
        Action::Send(request, _) => assert!(request.headers()["authorization"].is_sensitive()),
        Action::Done(Err(error)) => check(&error, Effect::Read),
        Action::Wait(_) => {}
        other => panic!("a token, or an error: {other:?}"),
    }
}

/// Text of an amount.
pub fn amount(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(amount) = text.parse::<Amount>() {
        let printed = amount.to_string();
        let again: Amount = printed.parse().expect("what is printed can be read");
        assert_eq!(again.to_string(), printed);
        let json = serde_json::to_string(&amount).expect("an amount is a JSON number");
        assert_eq!(serde_json::from_str::<Amount>(&json).expect("it can be read").to_string(), printed);
        let _ = (amount.is_zero(), amount.is_negative(), amount.to_decimal().is_ok());
        let _ = Amount::sum([&amount, &again]);
    }
    let _ = serde_json::from_str::<Amount>(text);
}

/// Text of a date or of a time.
pub fn date(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(date) = text.parse::<Date>() {
        assert_eq!(date.to_string().parse::<Date>().expect("what is printed can be read"), date);
    }
    let json = serde_json::to_string(text).expect("text is JSON");
    let _ = (serde_json::from_str::<Date>(&json), serde_json::from_str::<DateTime>(&json));
}

/// A compressed body: the first byte says whether the rest is compressed already.
pub fn gzip(data: &[u8]) {
    let [form, body @ ..] = data else { return };
    let body = match form % 2 {
        0 => body.to_vec(),
        _ => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(body).expect("memory does not fail");
            encoder.finish().expect("memory does not fail")
        }
    };
    let session = warm(&config().max_response_bytes(1 << 16));
    let mut call = Call::with_options(&session, GetBillRun::new("1"), &CallOptions::new().max_attempts(1));
    let Action::Send(..) = call.step(Event::Tick, at(0)) else { panic!("a warm session sends at once") };
    let mut response = FakeTransport::json(200, body);
    response.headers_mut().insert("content-encoding", "gzip".parse().expect("a header value"));
    if let Action::Done(Err(error)) = call.step(Event::Response(response), at(1)) {
        check(&error, Effect::Read);
    }
}

/// Values of the headers that a client obeys, one a line.
pub fn headers(data: &[u8]) {
    const NAMES: [&str; 9] = [
        "retry-after",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "concurrency-limit-limit",
        "concurrency-limit-remaining",
        "content-encoding",
        "zuora-request-id",
        "date",
    ];
    let session = warm(&config());
    let mut call = Call::new(&session, GetBillRun::new("1"));
    let mut now = at(0);
    for status in [429, 503, 200] {
        match call.step(Event::Tick, now) {
            Action::Send(..) => {}
            Action::Wait(until) => {
                assert!(until >= now, "a wait does not lead back");
                now = until;
                if !matches!(call.step(Event::Tick, now), Action::Send(..)) {
                    return;
                }
            }
            Action::Done(_) => return,
        }
        let mut response = FakeTransport::json(status, r#"{"success":true}"#);
        for (name, value) in NAMES.into_iter().zip(data.split(|byte| *byte == b'\n')) {
            if let Ok(value) = http::HeaderValue::from_bytes(value) {
                response.headers_mut().insert(name, value);
            }
        }
        match call.step(Event::Response(response), now) {
            Action::Wait(until) => {
                assert!(until >= now && until.elapsed() < Duration::from_secs(400), "{until:?}");
            }
            Action::Done(_) => return,
            Action::Send(..) => panic!("nothing is sent without a tick"),
        }
    }
}

/// Any sequence of events on the machines of the crate: none panics, and each ends.
pub fn machine(data: &[u8]) {
    let [choice, events @ ..] = data else { return };
    let session = warm(&config());
    match choice % 4 {
        0 => run(&mut Call::new(&session, PostBillRun::new("1")), events),
        1 => run(&mut Paginator::new(&session, GetInvoiceItems::new("1")), events),
        2 => {
            let waiter = BillRunWaiter::new("1", BillRunGoal::Posted);
            run(&mut Poller::new(&session, waiter, PollingPolicy::default()).until_done(), events);
        }
        _ => {
            let create = CreateStandaloneInvoice::new(
                zuora_core::types::AccountId::from("1"),
                Date::new(2026, 1, 1).expect("a day"),
                [],
            );
            run(&mut Call::new(&session, BulkCreateStandaloneInvoices::new([create])), events);
        }
    }
}

fn run<M: Machine>(machine: &mut M, events: &[u8]) {
    let mut now = Duration::ZERO;
    for byte in events {
        let event = match byte % 16 {
            0..=5 => Event::Tick,
            6 => Event::Failure(lost()),
            7 => Event::Failure(not_sent()),
            8 => Event::Response(FakeTransport::json(429, "")),
            9 => Event::Response(FakeTransport::json(503, "")),
            10 => Event::Response(FakeTransport::json(401, "")),
            11 => Event::Response(FakeTransport::json(409, "")),
            12 => Event::Response(FakeTransport::json(200, r#"{"success":true,"status":"Posted"}"#)),
            13 => Event::Response(FakeTransport::json(
                200,
                r#"{"success":true,"invoiceItems":[{}],"nextPage":"x"}"#,
            )),
            14 => Event::Response(FakeTransport::json(
                200,
                r#"{"success":false,"reasons":[{"code":"50000050"}]}"#,
            )),
            _ => Event::Response(FakeTransport::json(200, "<html>")),
        };
        match machine.step(event, moment(now)) {
            Action::Wait(until) => now = now.max(until.elapsed()).min(Duration::from_secs(1 << 40)),
            Action::Send(..) => now += Duration::from_millis(u64::from(*byte)),
            Action::Done(Err(error)) => {
                let _ = error.to_string();
            }
            Action::Done(Ok(_)) => {}
        }
    }
}

/// Text of an intent.
pub fn intent(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(intent) = Intent::from_json(text) else { return };
    let kept = intent.to_json().expect("an intent can be kept");
    assert_eq!(Intent::from_json(&kept).expect("what is kept can be read"), intent);
    let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"success":true}"#)));
    let client = Client::with_transport(&config(), transport).expect("the settings are valid");
    let again = zuora_core::intent::Delivery::again(intent.made_at());
    let _ = client.perform(&intent, again);
}
