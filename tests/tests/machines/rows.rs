//! Requests with several rows: their success or rejection as a whole proves nothing about a row.

use zuora_core::invoices::{BulkPostInvoices, BulkUpdateInvoices, InvoicePatch, InvoiceToPost};
use zuora_core::machine::Call;
use zuora_core::polling::{Poller, PollingPolicy};
use zuora_core::reconcile::{Reconciled, Reconciliation};
use zuora_core::{ErrorKind, Outcome};
use zuora_tests::simulation::{Simulation, config, received, script, secs, warm};

/// Sends an update of this many rows, and returns the outcome and the number of requests.
fn update(rows: usize, status: u16, body: &str) -> (ErrorKind, Outcome, usize) {
    let changes = (0..rows).map(|row| (format!("{row:032x}"), InvoicePatch::default().auto_pay(true)));
    let call = Call::new(&warm(&config()), BulkUpdateInvoices::new(changes));
    let mut simulation = Simulation::new(script([received(status, &[], body), received(status, &[], body)]));
    let error = simulation.drive(call).result.unwrap_err();
    (error.kind(), error.outcome(), simulation.calls().len())
}

#[test]
fn a_rejected_update_of_several_rows_may_have_kept_some() {
    let rule = r#"{"success":false,"reasons":[{"code":50000030,"message":"a rule"}]}"#;
    assert_eq!(update(2, 200, rule), (ErrorKind::Rejected, Outcome::Unknown, 1));
    assert_eq!(update(1, 200, rule), (ErrorKind::Rejected, Outcome::NotApplied, 1));
    let silent = r#"{"success":false}"#;
    assert_eq!(update(2, 400, silent).1, Outcome::Unknown);
    assert_eq!(update(1, 400, silent).1, Outcome::NotApplied);
    // One row was locked: sending the others again could change them twice.
    let locked = r#"{"success":false,"reasons":[{"code":50000050,"message":"locked"}]}"#;
    let (_, outcome, sent) = update(2, 200, locked);
    assert_eq!((outcome, sent), (Outcome::Unknown, 1));
}

#[test]
fn a_rejected_update_of_several_rows_is_read_back_from_the_moment_of_its_rejection() {
    let session = warm(&config());
    let changes = (0..2).map(|row| (format!("{row:032x}"), InvoicePatch::default().auto_pay(true)));
    let update = BulkUpdateInvoices::new(changes);
    let rule = r#"{"success":false,"reasons":[{"code":50000030,"message":"a rule"}]}"#;
    let old = || received(200, &[], r#"{"success":true,"autoPay":false}"#);
    let mut simulation =
        Simulation::new(script([received(400, &[], rule)].into_iter().chain((0..200).map(|_| old()))));
    let error = simulation.drive(Call::new(&session, update.clone())).result.unwrap_err();
    let began = simulation.now;
    let poller = Poller::new(&session, Reconciliation::new(&update, &error), PollingPolicy::default());
    let reconciled = simulation.drive(poller.until_done()).result.unwrap();
    assert!(matches!(reconciled, Reconciled::NotApplied(_)), "{reconciled:?}");
    assert!(began.until(simulation.now) >= secs(129), "work may go on");
}

#[test]
fn a_rejection_of_the_request_as_a_whole_changes_no_row() {
    for code in [50_000_010_u32, 50_000_020, 50_000_022, 50_000_090] {
        let body = format!(r#"{{"success":false,"reasons":[{{"code":{code},"message":"m"}}]}}"#);
        assert_eq!(update(2, 400, &body).1, Outcome::NotApplied, "{code}");
    }
}

#[test]
fn a_success_that_was_cut_off_proves_no_row() {
    let post = BulkPostInvoices::new([InvoiceToPost::new("2c98"), InvoiceToPost::new("2c99")]);
    let cut = r#"{"success":true,"invoices":[{"id":"2c98","succ"#;
    let error = Simulation::new(script([received(200, &[], cut)]))
        .drive(Call::new(&warm(&config()), post))
        .result
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}
