//! Updates, which have no key: they are read back.

use http::Method;
use zuora_core::invoices::InvoicePatch;
use zuora_core::types::InvoiceId;
use zuora_core::{CallOptions, Config, ErrorKind};
use zuora_tests::simulation::{SendResult, Simulation, header, moment, rejected, secs, warm};

use crate::{Updates, day, killed, ok, run, serve, session};

#[test]
fn updates_of_one_invoice_in_one_lost_request_are_decided_together() {
    let shows = |shown: &'static str| {
        let session = session();
        let mut simulation = Simulation::new(serve(move |request| match request.method() {
            &Method::PUT => SendResult::Lost,
            _ => ok(&format!(r#"{{"id":"i1","success":true,{shown}}}"#)),
        }));
        let patch = InvoicePatch::default();
        let changes = [("row 0", patch.clone().due_date(day(1))), ("row 1", patch.due_date(day(2)))];
        let rows = changes.map(|(name, changes)| (name, (InvoiceId::from("i1"), changes)));
        let mut job = Updates::new(&session, rows).unwrap();
        run(&mut simulation, &mut job).letters()
    };
    assert_eq!(shows(r#""dueDate":"2026-05-02""#), "??");
    assert_eq!(shows(r#""dueDate":"2026-05-09""#), "rr");
}

#[test]
fn an_update_is_read_back_with_the_options_of_the_write() {
    let session = session();
    let mut simulation = Simulation::new(serve(|request| {
        assert_eq!(header(request.headers(), "zuora-entity-ids").as_deref(), Some(ENTITY));
        match request.method() {
            &Method::PUT => SendResult::Lost,
            _ => ok(r#"{"success":true,"autoPay":true}"#),
        }
    }));
    const ENTITY: &str = "4028838559cb46850159dd1a5e5c02cd";
    let rows = [("row", (InvoiceId::from("i1"), InvoicePatch::default().auto_pay(true)))];
    let mut job = Updates::new(&session, rows).unwrap().options(CallOptions::new().entity_id(ENTITY));
    let ran = run(&mut simulation, &mut job);
    assert_eq!(ran.letters(), "a");
    let rest = Updates::from_json(&session, &ran.saved).unwrap();
    let mut rest = rest.options(CallOptions::new());
    let error = simulation.drive(&mut rest).result.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("scope")), "another entity");
}

#[test]
fn an_outage_does_not_hold_a_lost_update_for_hours() {
    let session = warm(&Config::with_token("https://rest.zuora.com", "token"));
    let mut simulation = Simulation::new(serve(|_| SendResult::Lost));
    let rows = (0..50).map(|n| {
        (format!("{n}"), (InvoiceId::from(format!("{n:032x}")), InvoicePatch::default().auto_pay(true)))
    });
    let mut job = Updates::new(&session, rows).unwrap();
    let begin = simulation.now;
    assert_eq!(run(&mut simulation, &mut job).letters(), "?".repeat(50));
    let took = begin.until(simulation.now);
    let sent = simulation.calls().len();
    assert!(took <= secs(15 * 60 + 30) && sent < 200, "{took:?}, {sent} requests");
    assert_eq!(job.in_doubt(), 50, "another round reads them again");
    assert_eq!(simulation.calls().iter().filter(|sent| sent.request.method() == Method::PUT).count(), 1);
}

#[test]
fn a_rejected_update_of_several_invoices_is_read_unless_the_work_did_not_begin() {
    let update = |codes: &'static str, count: usize| {
        let session = session();
        let mut simulation = Simulation::new(serve(move |request| match request.uri().path() {
            "/v1/invoices" => rejected(400, &[codes]),
            "/v1/invoices/0" => ok(r#"{"success":true,"autoPay":true}"#),
            _ => ok(r#"{"success":true,"autoPay":false}"#),
        }));
        let rows = (0..count).map(|n| {
            (format!("{n}"), (InvoiceId::from(format!("{n}")), InvoicePatch::default().auto_pay(true)))
        });
        run(&mut simulation, &mut Updates::new(&session, rows).unwrap()).letters()
    };
    assert_eq!(update("58490030", 3), "arr", "a rule may be broken by the second invoice only");
    assert_eq!(update("58490030", 1), "r");
    assert_eq!(update("58490020", 3), "rrr");
}

#[test]
fn a_killed_update_is_read_and_never_sent_again() {
    let first = session();
    let rows = ["yes", "no"].map(|id| (id, (InvoiceId::from(id), InvoicePatch::default().auto_pay(true))));
    let saved = killed(&mut Updates::new(&first, rows).unwrap(), moment(secs(0)));
    let second = session();
    let mut job = Updates::from_json(&second, &saved).unwrap();
    let mut simulation = Simulation::new(serve(|request| {
        assert_eq!(request.method(), Method::GET);
        let is_applied = request.uri().path().ends_with("yes");
        ok(&format!(r#"{{"success":true,"autoPay":{is_applied}}}"#))
    }));
    simulation.now = moment(secs(3600));
    assert_eq!(run(&mut simulation, &mut job).letters(), "a?");
}

#[test]
fn an_invoice_without_the_changed_field_proves_nothing_of_an_update() {
    let session = session();
    let mut simulation = Simulation::new(serve(|request| match request.method() {
        &Method::PUT => SendResult::Lost,
        _ => ok(r#"{"success":true,"id":"i1"}"#),
    }));
    let rows = [("row", (InvoiceId::from("i1"), InvoicePatch::default().auto_pay(true)))];
    let mut job = Updates::new(&session, rows).unwrap();
    assert_eq!(run(&mut simulation, &mut job).letters(), "?");
}

#[test]
fn an_update_that_succeeds_as_a_whole_is_applied_in_all_its_rows() {
    let session = session();
    let rows = |count: usize| {
        (0..count).map(|n| {
            (format!("{n}"), (InvoiceId::from(format!("i{n}")), InvoicePatch::default().auto_pay(true)))
        })
    };
    for (count, body) in [(1, r#"{"success":true}"#), (3, r#"{"success":true}"#)] {
        let mut simulation = Simulation::new(serve(|request| match *request.method() {
            Method::PUT => ok(body),
            _ => unreachable!("nothing is read"),
        }));
        let mut job = Updates::new(&session, rows(count)).unwrap();
        assert_eq!(run(&mut simulation, &mut job).letters(), "a".repeat(count));
    }
}
