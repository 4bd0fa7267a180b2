//! Fuzz targets of bulk rows and of reading back.

use std::time::Duration;

use zuora_core::bill_runs::PostBillRun;
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::{
    Bulk, BulkCreateStandaloneInvoices, BulkJob, BulkPostInvoices, BulkUpdateInvoices,
    CreateStandaloneInvoice, DeleteInvoice, InvoicePatch, InvoiceToPost, ItemUpdate, NewInvoiceItem,
    PostInvoice, ReverseInvoice, RowState, UpdateInvoice, WriteOffInvoice,
};
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::Operation;
use zuora_core::polling::{Poller, Progress};
use zuora_core::reconcile::{Reconciled, Reconciliation};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::HttpResponse;
use zuora_core::types::{AccountId, InvoiceId};
use zuora_core::{CallOptions, Date, Outcome};

use crate::simulation::{config, lost, moment, warm};

const ROWS: usize = 3;

fn creation(number: Option<&str>) -> CreateStandaloneInvoice {
    let day = Date::new(2026, 1, 1).expect("a day");
    let create =
        CreateStandaloneInvoice::new(AccountId::from("a"), day, [NewInvoiceItem::named("Fee", 10, day)]);
    match number {
        Some(number) => create.invoice_number(number),
        None => create,
    }
}

fn creations() -> Vec<CreateStandaloneInvoice> {
    vec![creation(Some("A")), creation(None), creation(Some("B"))]
}

/// The response to a bulk request: the first byte chooses the operation, the second the status, the rest is the body.
pub fn bulk(data: &[u8]) {
    let [choice, status, body @ ..] = data else { return };
    let status = [200, 200, 200, 400, 409, 500][usize::from(*status) % 6];
    match choice % 3 {
        0 => {
            let call = BulkCreateStandaloneInvoices::new(creations());
            let outcomes = outcomes_of(&call, status, body, |created| {
                created.invoices.iter().map(|row| row.envelope.outcome()).collect()
            });
            job::<BulkCreateStandaloneInvoices>(creations(), status, body, outcomes.as_deref());
        }
        1 => {
            let rows = || ["i1", "i2", "i1"].map(InvoiceToPost::new);
            let outcomes = outcomes_of(&BulkPostInvoices::new(rows()), status, body, |posted| {
                posted.invoices.iter().map(|row| row.envelope.outcome()).collect()
            });
            job::<BulkPostInvoices>(rows().into(), status, body, outcomes.as_deref());
        }
        _ => {
            let row = |id: &str| (InvoiceId::from(id), InvoicePatch::default().auto_pay(true));
            job::<BulkUpdateInvoices>(vec![row("i1"), row("i2"), row("i1")], status, body, None);
        }
    }
}

/// The outcomes of the rows of a call, if it succeeds.
fn outcomes_of<O: Operation>(
    operation: &O,
    status: u16,
    body: &[u8],
    outcomes: impl Fn(&O::Output) -> Vec<Outcome>,
) -> Option<Vec<Outcome>> {
    let options = CallOptions::new().max_attempts(1);
    let mut call = Call::with_options(&warm(&config()), operation, &options);
    let Action::Send(..) = call.step(Event::Tick, moment(Duration::ZERO)) else {
        panic!("a warm session sends at once")
    };
    let mut event = Event::Response(FakeTransport::json(status, body.to_vec()));
    let mut now = Duration::from_secs(1);
    loop {
        event = match call.step(event, moment(now)) {
            Action::Done(Ok(response)) => {
                let outcomes = outcomes(&response);
                assert_eq!(outcomes.len(), ROWS, "each row of the request has one");
                return Some(outcomes);
            }
            Action::Done(Err(error)) => {
                assert_ne!(error.outcome(), Outcome::Applied, "no success of a request is that of its rows");
                return None;
            }
            // A rejected token is requested again, and the attempt does not count.
            Action::Send(..) => Event::Failure(lost()),
            Action::Wait(until) => {
                now = now.max(until.elapsed());
                Event::Tick
            }
        };
    }
}

/// A job whose first request has this response, and whose later requests are lost.
fn job<B: Bulk>(rows: Vec<B::Row>, status: u16, body: &[u8], of_call: Option<&[Outcome]>) {
    let session = warm(&config().max_attempts(1));
    let named = rows.into_iter().enumerate().map(|(row, content)| (row.to_string(), content));
    let mut job = BulkJob::<B>::new(&session, named).expect("the rows are valid");
    let mut first = Some(FakeTransport::json(status, body.to_vec()));
    let (mut event, mut now) = (Event::Tick, Duration::ZERO);
    let mut is_whole_rejected = false;
    for _ in 0..200 {
        event = match job.step(event, moment(now)) {
            Action::Send(request, _) => {
                let is_first = request.method() != http::Method::GET;
                first.take_if(|_| is_first).map_or(Event::Failure(lost()), Event::Response)
            }
            Action::Wait(until) => {
                now = now.max(until.elapsed());
                Event::Tick
            }
            Action::Done(Ok(Some(_))) => Event::Tick,
            Action::Done(Ok(None)) => break,
            Action::Done(Err(error)) => {
                is_whole_rejected = error.outcome() == Outcome::NotApplied;
                break;
            }
        };
        now += Duration::from_millis(100);
    }
    let states: Vec<RowState<'_>> = job.rows().map(|(_, state)| state).collect();
    assert_eq!(states.len(), ROWS);
    for (row, state) in states.iter().enumerate() {
        match state {
            // Under a key, a whole success with 409 is the stored response of the first attempt.
            RowState::Applied(_) => {
                assert!((200..300).contains(&status) || status == 409, "row {row} was applied");
            }
            RowState::Remaining => assert!(is_whole_rejected, "row {row} was sent"),
            _ => {}
        }
        let is_applied = matches!(state, RowState::Applied(_));
        let is_rejected = matches!(state, RowState::Rejected(_));
        match of_call.map(|outcomes| outcomes[row]) {
            Some(Outcome::Applied) => assert!(is_applied, "row {row} was applied by the call"),
            Some(Outcome::NotApplied) => assert!(is_rejected, "row {row} was rejected by the call"),
            Some(Outcome::Unknown) => {
                assert!(!is_applied && !is_rejected, "row {row} is in doubt by the call");
            }
            None => {}
        }
    }
    let text = job.to_json().expect("a state can be kept");
    let again = BulkJob::<B>::from_json(&session, &text).expect("what is kept can be read");
    assert_eq!(again.to_json().expect("a state can be kept"), text);
}

/// Reads after a write whose response was lost: the first byte chooses the write, each other one a response and the time
/// until the next.
pub fn reconcile(data: &[u8]) {
    let [choice, events @ ..] = data else { return };
    let write: AnyOperation = match choice % 7 {
        0 => PostInvoice::new("i").into(),
        1 => DeleteInvoice::new("i").into(),
        2 => ReverseInvoice::new("i").into(),
        3 => PostBillRun::new("r").into(),
        4 => UpdateInvoice::new("i", InvoicePatch::default().items([ItemUpdate::remove("1")])).into(),
        5 => WriteOffInvoice::new("i").into(),
        _ => creation(Some("N")).into(),
    };
    let session = warm(&config());
    let options = CallOptions::new().max_attempts(1);
    let mut call = Call::with_options(&session, &write, &options);
    let Action::Send(..) = call.step(Event::Tick, moment(Duration::ZERO)) else {
        panic!("a warm session sends at once")
    };
    let failed = Duration::from_secs(1);
    let Action::Done(Err(error)) = call.step(Event::Failure(lost()), moment(failed)) else {
        panic!("the response is lost")
    };
    assert_eq!(error.outcome(), Outcome::Unknown);
    let policy = Reconciliation::<AnyOperation>::policy();
    let mut poller = Poller::with_options(&session, Reconciliation::new(&write, &error), policy, &options);
    let (mut event, mut now) = (Event::Tick, failed);
    for byte in events {
        now += Duration::from_secs(u64::from(byte >> 5) * 7);
        event = match poller.step(event, moment(now)) {
            Action::Send(..) => match byte & 31 {
                31 => Event::Failure(lost()),
                number => Event::Response(shown(number)),
            },
            Action::Wait(until) => {
                now = now.max(until.elapsed());
                Event::Tick
            }
            Action::Done(Ok(Progress::Ready(reconciled))) => {
                let since = now.saturating_sub(failed).as_secs();
                if let Reconciled::NotApplied(_) = reconciled {
                    assert!(since >= 130, "not applied after {since} s");
                    assert_ne!(choice % 7, 3, "a run is posted in the background without a last moment");
                }
                return;
            }
            Action::Done(Ok(_)) => {
                if byte & 1 == 1 {
                    let text = poller.to_json(moment(now)).expect("a poller can be kept");
                    poller = Poller::from_json(&session, &text, policy).expect("what is kept can be read");
                }
                Event::Tick
            }
            Action::Done(Err(error)) => {
                assert_ne!(error.outcome(), Outcome::Applied);
                return;
            }
        };
    }
}

fn shown(number: u8) -> HttpResponse {
    const GONE: &str = r#"{"success":false,"reasons":[{"code":50000040,"message":"gone"}]}"#;
    let (status, body) = match number {
        0 => (200, r#"{"success":true,"id":"i","status":"Posted","balance":10}"#),
        1 => (
            200,
            r#"{"success":true,"id":"i","status":"Draft","balance":10,"updatedDate":"2026-01-01 10:00:00"}"#,
        ),
        2 => (200, r#"{"success":true,"id":"i","status":"Canceled"}"#),
        3 => (200, r#"{"success":true,"id":"i","status":"Posted","balance":0}"#),
        4 => (200, r#"{"success":true,"invoiceItems":[{"id":"1"}]}"#),
        5 => (200, r#"{"success":true,"invoiceItems":[{"id":"2"}],"nextPage":"x"}"#),
        6 => (200, r#"{"success":true,"invoiceItems":[]}"#),
        7 => (200, r#"{"success":true,"id":"r","billRunNumber":"BR-1","status":"Completed"}"#),
        8 => (200, r#"{"success":true,"id":"r","billRunNumber":"BR-1","status":"PostInProgress"}"#),
        9 => (200, r#"{"data":[{"id":"i","reversed":true,"status":"Posted"}]}"#),
        10 => (200, r#"{"data":[{"id":"i","reversed":false}],"nextPage":"x"}"#),
        11 => (200, r#"{"data":[]}"#),
        12 => (200, r#"{"data":[{"reasonCode":"Write-off","createdDate":"2026-01-01T10:00:00Z"}]}"#),
        13 => (404, GONE),
        14 => (404, "<html>"),
        15 => (403, r#"{"success":false,"reasons":[{"code":50000010}]}"#),
        16 => (503, ""),
        17 => (429, r#"{"reasons":[{"code":70}]}"#),
        18 => (200, "<html>"),
        19 => (401, ""),
        20 => (
            200,
            r#"{"success":true,"id":"i","accountId":"a","amount":10,"currency":"EUR","invoiceNumber":"N"}"#,
        ),
        21 => (200, r#"{"success":true,"status":"Completed"}"#),
        _ => (200, r#"{"success":true}"#),
    };
    FakeTransport::json(status, body)
}
