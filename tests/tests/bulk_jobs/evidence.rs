//! Rows in doubt, and what a response or a read proves of them.

use http::Method;
use zuora_core::invoices::{BulkEvent, BulkJob, BulkUpdateInvoices, InvoicePatch, RowState};
use zuora_core::transport::HttpRequest;
use zuora_core::{Config, Outcome};
use zuora_tests::simulation::{self, SendResult, Simulation, moment, received, rejected, secs, warm};

use crate::{
    Creations, Postings, create_of, killed, numbered_creations, ok, post_of, postings, rows, run, serve,
    session,
};

const REJECTED: &str = r#""success":false,"reasons":[{"code":58490030,"message":"a rule"}]"#;
const DOUBTFUL: &str = r#"{"success":false,"reasons":[{"code":58490060,"message":"failed"}]}"#;

#[test]
fn a_number_that_is_not_found_decides_no_row_that_the_service_is_in_doubt_about() {
    let session = warm(&Config::with_token("https://rest.zuora.com", "token"));
    let mut posts = 0;
    let mut reads = 0;
    let mut simulation = Simulation::new(serve(|request: &HttpRequest| {
        if request.method() == Method::GET {
            reads += 1;
            return rejected(404, &["50000040"]);
        }
        posts += 1;
        if posts == 1 { SendResult::Lost } else { rows(DOUBTFUL) }
    }));
    let mut job = numbered_creations(&session, &["N1"]);
    assert_eq!(run(&mut simulation, &mut job).letters(), "?");
    drop(simulation);
    assert_eq!((job.in_doubt(), posts, reads), (1, 2, 1), "it may still be created");
}

#[test]
fn a_posting_in_doubt_whose_invoice_is_gone_after_the_day_is_given_up() {
    let saved = killed(&mut postings(&session(), &["i1"]), moment(secs(0)));
    let mut job = Postings::from_json(&session(), &saved).unwrap();
    let mut later = Simulation::new(serve(|_| rejected(404, &["50000040"])));
    later.now = moment(secs(25 * 3600));
    assert_eq!(run(&mut later, &mut job).letters(), "?");
    assert!(matches!(job.state("0"), Some(RowState::Unknown)));
}

#[test]
fn a_row_without_one_in_a_request_that_was_rejected_with_rows_is_in_doubt() {
    let body = format!(
        r#"{{"success":false,"reasons":[{{"code":58490030}}],"invoices":[{{"id":"i1",{REJECTED}}}]}}"#
    );
    assert_eq!(post_of(received(400, &[], &body), &["i1", "i2"]), "r?");
    let body = format!(r#"{{"success":false,"reasons":[{{"code":58490030}}],"invoices":[{{{REJECTED}}}]}}"#);
    assert_eq!(create_of(received(400, &[], &body), 2), "??", "it may be either row");
}

#[test]
fn a_row_that_succeeded_in_a_failed_response_is_in_doubt() {
    for status in [400, 500, 502] {
        let body = r#"{"invoices":[{"id":"i1","success":true}]}"#;
        assert_eq!(post_of(received(status, &[], body), &["i1"]), "?", "{status}");
    }
}

#[test]
fn names_out_of_order_leave_a_place_for_one_other() {
    let swapped = r#"{"id":"2","invoiceNumber":"N2","success":true},{"id":"1","invoiceNumber":"N1","success":true},{"success":false}"#;
    let session = session();
    let rows_of = [("A", Some("N1")), ("B", Some("N2")), ("C", None)].map(|(name, number)| {
        let row = crate::invoice(name);
        (name, number.map_or_else(|| row.clone(), |number| row.clone().invoice_number(number)))
    });
    let mut job = Creations::new(&session, rows_of).unwrap();
    let ran = run(&mut Simulation::new(simulation::script([rows(swapped)])), &mut job);
    assert_eq!(ran.letters(), "aar");
    let Some(RowState::Applied(applied)) = job.state("A") else { panic!("it was applied") };
    assert_eq!(applied.id.as_ref().unwrap().as_str(), "1");
}

#[test]
fn a_row_in_doubt_shows_the_error_of_its_request() {
    let session = session();
    let row = ("A", ("i1".into(), InvoicePatch::default().auto_pay(true)));
    let mut job = BulkJob::<BulkUpdateInvoices>::new(&session, [row]).unwrap();
    let mut simulation = Simulation::new(serve(|request: &HttpRequest| match *request.method() {
        Method::GET => ok(r#"{"success":true,"id":"i1"}"#),
        _ => SendResult::Lost,
    }));
    let chunk = loop {
        if let Some(BulkEvent::Chunk(chunk)) = simulation.drive(&mut job).result.unwrap() {
            break chunk;
        }
    };
    let error = chunk.rows[0].result.as_ref().unwrap_err();
    assert_eq!(error.outcome, Outcome::Unknown);
    assert!(error.request.as_ref().is_some_and(|request| request.outcome() == Outcome::Unknown), "{error}");
}

#[test]
fn a_response_with_more_rows_than_a_request_can_have_leaves_no_place() {
    let session = session();
    let names: Vec<String> = (0..50).map(|row| format!("r{row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (count, letter) in [(50, "a"), (51, "?"), (49, "?")] {
        let body = vec![r#"{"success":true}"#; count].join(",");
        let mut job = crate::creations(&session, &names);
        let ran = run(&mut Simulation::new(simulation::script([rows(&body)])), &mut job);
        assert_eq!(ran.letters(), letter.repeat(50), "{count}");
    }
}

#[test]
fn a_row_that_is_mended_or_retried_is_sent_by_the_same_job() {
    let session = session();
    let rejected = format!("{{{REJECTED}}},{{{REJECTED}}},{{\"success\":true}}");
    let mut simulation =
        Simulation::new(simulation::script([rows(&rejected), rows(r#"{"success":true},{"success":true}"#)]));
    let mut job = crate::creations(&session, &["A", "B", "C"]);
    assert_eq!(run(&mut simulation, &mut job).letters(), "rra");
    job.mend("B", crate::invoice("B2")).unwrap();
    job.retry("A").unwrap();
    assert_eq!(run(&mut simulation, &mut job).letters(), "aa");
    let sent = String::from_utf8(simulation.calls()[1].request.body().to_vec()).unwrap();
    assert!(sent.find("\"A\"") < sent.find("\"B2\"") && !sent.contains("\"C\""), "{sent}");
}
