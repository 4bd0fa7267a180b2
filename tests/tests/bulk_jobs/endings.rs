//! The ends of a round: no time, no usable response, no authorization, a day that passed over a checkpoint.

use http::Method;
use zuora_core::invoices::{BulkEvent, InvoicePatch, RowState};
use zuora_core::transport::HttpRequest;
use zuora_core::types::InvoiceId;
use zuora_core::{CallOptions, ErrorKind, Outcome};
use zuora_tests::simulation::{self, SendResult, Simulation, moment, ms, received, rejected, secs, warm};

use crate::{
    Creations, Updates, creations, invoice, killed, numbered_creations, ok, postings, rows, run, serve,
    session,
};

const DAY: u64 = 24 * 3600;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("N{n}")).collect()
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn updates(session: &zuora_core::session::Session, count: usize) -> Updates {
    let rows = (0..count).map(|n| {
        (format!("{n}"), (InvoiceId::from(format!("i{n}")), InvoicePatch::default().auto_pay(true)))
    });
    Updates::new(session, rows).unwrap()
}

fn rows_of(request: &HttpRequest) -> usize {
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    body["invoices"].as_array().unwrap().len()
}

/// A response in which every row succeeds.
fn all_created(request: &HttpRequest) -> SendResult {
    rows(&vec![r#"{"success":true}"#; rows_of(request)].join(","))
}

#[test]
fn chunks_whose_reads_have_no_response_count_as_lost() {
    for (responds, sent) in [(false, 0), (true, 1)] {
        let session = session();
        let names = names(101);
        let mut job = numbered_creations(&session, &refs(&names));
        let mut outage = Simulation::new(serve(|_| SendResult::Lost));
        assert!(run(&mut outage, &mut job).end.is_err(), "two chunks in a row are lost");
        assert_eq!((job.in_doubt(), job.remaining()), (100, 1));
        let mut posts = 0;
        let mut later = Simulation::new(serve(|request| match *request.method() {
            // One row of each chunk can be read.
            Method::GET if responds && ["N0", "N50"].iter().any(|n| request.uri().path().ends_with(n)) => {
                rejected(404, &["50000040"])
            }
            Method::GET => SendResult::Lost,
            _ => {
                posts += 1;
                all_created(request)
            }
        }));
        later.now = moment(secs(2 * DAY));
        let ran = run(&mut later, &mut job);
        drop(later);
        assert_eq!(posts, sent, "the read of one row is a response: {responds}");
        assert_eq!(ran.end.is_err(), !responds);
    }
}

#[test]
fn a_lost_update_counts_as_lost_although_its_invoices_can_be_read() {
    let session = session();
    let mut simulation = Simulation::new(serve(|request| match *request.method() {
        Method::PUT => SendResult::Lost,
        _ => ok(r#"{"success":true,"autoPay":true}"#),
    }));
    let mut job = updates(&session, 101);
    let ran = run(&mut simulation, &mut job);
    assert_eq!(ran.letters(), "a".repeat(100));
    let error = ran.end.unwrap_err();
    assert!(error.to_string().contains("requests in a row"), "{error}");
    assert_eq!((job.remaining(), error.outcome()), (1, Outcome::NotApplied));
    assert!(error.is_retryable(), "the rest of the job can be driven later");
}

#[test]
fn a_response_ends_the_count_of_lost_chunks() {
    let session = session();
    let mut requests = 0;
    let mut simulation = Simulation::new(serve(|request| {
        requests += 1;
        if requests % 2 == 1 { SendResult::Lost } else { all_created(request) }
    }));
    let names = names(250);
    let ran = run(&mut simulation, &mut creations(&session, &refs(&names)));
    assert!(ran.end.is_ok(), "no two chunks in a row are lost: {:?}", ran.end);
    assert_eq!(simulation.calls().len(), 5);
}

#[test]
fn a_job_without_remaining_rows_ends_without_an_error() {
    let session = session();
    let names = names(100);
    let mut job = creations(&session, &refs(&names));
    let ran = run(&mut Simulation::new(serve(|_| SendResult::Lost)), &mut job);
    assert!(ran.end.is_ok(), "nothing is left to be sent: {:?}", ran.end);
    assert_eq!(job.in_doubt(), 100);
}

#[test]
fn invalid_rows_are_rejected_without_a_request() {
    let session = session();
    let invalid = || invoice(&"x".repeat(300)); // comments have at most 255 characters
    let mut job = Creations::new(&session, [("A", invalid()), ("B", invalid())]).unwrap();
    let mut simulation = Simulation::new(serve(|_| unreachable!("nothing is sent")));
    let ran = run(&mut simulation, &mut job);
    assert_eq!((ran.letters().as_str(), ran.end.is_ok()), ("rr", true));
    assert!(matches!(job.state("A"), Some(RowState::Rejected([_]))));
}

#[test]
fn the_first_chunk_has_the_time_that_is_left_and_the_others_five_seconds() {
    for (timeout, chunks) in [(ms(0), 0), (ms(100), 1), (ms(5099), 1), (ms(5100), 2)] {
        let session = session();
        let mut simulation = Simulation::new(serve(all_created));
        let names = names(150);
        let mut job = creations(&session, &refs(&names)).timeout(timeout);
        let error = run(&mut simulation, &mut job).end.unwrap_err();
        assert_eq!(simulation.calls().len(), chunks, "{timeout:?}");
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotApplied));
        assert!(error.is_retryable(), "the rest of the job can be driven later");
        assert_eq!(job.remaining(), 150 - 50 * chunks);
    }
}

#[test]
fn a_chunk_whose_checkpoint_took_a_day_is_made_again() {
    let session = session();
    let mut job = creations(&session, &["A", "B"]);
    let mut simulation = Simulation::new(serve(all_created));
    let event = simulation.drive(&mut job).result.unwrap();
    assert!(matches!(event, Some(BulkEvent::Checkpoint)));
    simulation.now = simulation.now + secs(DAY);
    let event = simulation.drive(&mut job).result.unwrap();
    assert!(matches!(event, Some(BulkEvent::Checkpoint)), "a chunk that was never sent has no age");
    assert_eq!(run(&mut simulation, &mut job).letters(), "aa");
    assert_eq!(simulation.calls().len(), 1);
}

#[test]
fn a_chunk_in_doubt_whose_checkpoint_took_a_day_is_not_sent_again() {
    let saved = killed(&mut creations(&session(), &["A", "B"]), moment(secs(0)));
    let session = session();
    let mut job = Creations::from_json(&session, &saved).unwrap();
    let mut simulation = Simulation::new(serve(|_| unreachable!("nothing is sent")));
    simulation.now = moment(secs(60));
    let event = simulation.drive(&mut job).result.unwrap();
    assert!(matches!(event, Some(BulkEvent::Checkpoint)));
    simulation.now = moment(secs(60 + DAY));
    assert_eq!(run(&mut simulation, &mut job).letters(), "");
    assert_eq!((job.in_doubt(), job.remaining()), (2, 0), "the rows may have been created");
    assert_eq!(run(&mut simulation, &mut job).letters(), "??", "the next round gives them up");
}

#[test]
fn a_rejection_without_a_reason_does_not_stop_the_job() {
    let session = session();
    let mut simulation = Simulation::new(serve(|_| received(400, &[], r#"{"success":false}"#)));
    let names = names(51);
    let mut job = creations(&session, &refs(&names));
    let ran = run(&mut simulation, &mut job);
    assert!(ran.end.is_ok(), "{:?}", ran.end);
    assert_eq!((ran.letters(), simulation.calls().len()), ("r".repeat(51), 2));
}

#[test]
fn an_update_without_authorization_connection_or_quota_stops_the_job() {
    let responses: [fn() -> SendResult; 4] = [
        || rejected(401, &["90000011"]),
        || rejected(403, &["50000010"]),
        || rejected(429, &["70"]),
        || SendResult::NotSent,
    ];
    for respond in responses {
        let session = session();
        let mut simulation = Simulation::new(serve(|_| respond()));
        let mut job = updates(&session, 2);
        let ran = run(&mut simulation, &mut job);
        assert_eq!((ran.letters().as_str(), ran.end.unwrap_err().outcome()), ("", Outcome::NotApplied));
        assert_eq!((job.remaining(), job.in_doubt()), (2, 0), "the rows can be sent later");
    }
}

#[test]
fn a_rejected_update_is_read_once_and_decided_without_the_span() {
    for code in ["58490030", "58490050"] {
        let session = session();
        let mut simulation = Simulation::new(serve(move |request| match *request.method() {
            Method::PUT => rejected(400, &[code]),
            _ => ok(r#"{"success":true,"autoPay":false}"#),
        }));
        let begin = simulation.now;
        let mut job = updates(&session, 2);
        assert_eq!(run(&mut simulation, &mut job).letters(), "rr");
        assert_eq!(simulation.calls().len(), 3, "the service has ended its work");
        assert!(begin.until(simulation.now) < secs(10));
    }

    let session = session();
    let mut simulation = Simulation::new(serve(|_| rejected(400, &["58490020"])));
    let mut job = updates(&session, 2);
    assert_eq!(run(&mut simulation, &mut job).letters(), "rr");
    assert!(matches!(job.state("0"), Some(RowState::Rejected([_]))), "{:?}", job.state("0"));
}

#[test]
fn a_lost_attempt_before_a_rejected_token_leaves_the_chunk_in_doubt() {
    let session = warm(&simulation::config());
    let mut job = numbered_creations(&session, &["N1"]);
    let mut simulation = Simulation::new(simulation::script([
        SendResult::Lost,
        rejected(401, &["90000011"]),
        rejected(401, &["90000011"]),
    ]));
    let ran = run(&mut simulation, &mut job);
    let error = ran.end.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::Unknown));
    assert_eq!((job.in_doubt(), job.remaining()), (1, 0));
    let keys = simulation.keys();
    // The lost attempt created the invoice, so that its number is in use.
    let mut simulation = Simulation::new(serve(|request| match *request.method() {
        _ if simulation::is_token_request(request) => {
            SendResult::Received(simulation::token_response("fresh", 3599))
        }
        Method::GET => ok(
            r#"{"success":true,"id":"x","invoiceNumber":"N1","accountId":"a1","currency":"EUR","amount":10}"#,
        ),
        _ => rows(r#"{"success":false,"reasons":[{"code":58490030,"message":"in use"}]}"#),
    }));
    assert_eq!(run(&mut simulation, &mut job).letters(), "a");
    assert_eq!(simulation.keys(), keys[..1], "under the same key");
}

#[test]
fn a_partly_rejected_update_of_a_call_is_not_retryable() {
    let session = session();
    let rows = [("i1", true), ("i2", false)]
        .map(|(id, pays)| (InvoiceId::from(id), InvoicePatch::default().auto_pay(pays)));
    let update = zuora_core::invoices::BulkUpdateInvoices::new(rows);
    let call = zuora_core::machine::Call::with_options(&session, update, &CallOptions::new());
    let mut simulation = Simulation::new(serve(|_| received(400, &[], PARTLY)));
    let error = simulation.drive(call).result.unwrap_err();
    assert_eq!((error.outcome(), error.is_retryable()), (Outcome::Unknown, false), "{error}");
    const PARTLY: &str = r#"{"success":false,"reasons":[{"code":58490030,"message":"a rule"}]}"#;
}

#[test]
fn postings_that_are_lost_twice_stop_the_job_and_a_day_later_are_read() {
    let session = session();
    let names = names(101);
    let mut job = postings(&session, &refs(&names));
    assert!(run(&mut Simulation::new(serve(|_| SendResult::Lost)), &mut job).end.is_err());
    let mut later = Simulation::new(serve(|request| match *request.method() {
        Method::GET => ok(r#"{"success":true,"status":"Posted"}"#),
        _ => rows(r#"{"success":true}"#),
    }));
    later.now = moment(secs(2 * DAY));
    let ran = run(&mut later, &mut job);
    assert_eq!(ran.letters(), "a".repeat(101));
    assert_eq!(later.keys().len(), 1, "what is in doubt after its day is read, and the rest is sent");
}

/// A job of five numbered rows in doubt, after the day of its key.
fn expired(session: &zuora_core::session::Session) -> Creations {
    let saved = killed(&mut numbered_creations(session, &["N0", "N1", "N2", "N3", "N4"]), moment(secs(0)));
    Creations::from_json(session, &saved).unwrap()
}

#[test]
fn the_reads_of_a_chunk_end_after_two_failures_in_a_row() {
    // Lost, gone, rejected.
    for (course, read) in [("xxxxx", 2), ("x.x.x", 5), (".xx..", 3), (".....", 5), ("rrrrr", 5), ("xrx..", 3)]
    {
        let session = session();
        let mut course = course.chars();
        let mut simulation = Simulation::new(serve(|request| match *request.method() {
            Method::GET => match course.next().unwrap() {
                'x' => SendResult::Lost,
                '.' => rejected(404, &["50000040"]),
                _ => rejected(400, &["50000030"]),
            },
            // Rows that were not created are sent again.
            _ => all_created(request),
        }));
        simulation.now = moment(secs(2 * DAY));
        run(&mut simulation, &mut expired(&session).timeout(secs(60)));
        let reads = simulation.calls().iter().filter(|sent| sent.request.method() == Method::GET).count();
        assert_eq!(reads, read);
    }
}

#[test]
fn the_reads_of_a_chunk_end_with_the_time_of_the_job() {
    let session = session();
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(60), rejected(404, &["50000040"])));
    simulation.now = moment(secs(2 * DAY));
    let begin = simulation.now;
    let mut job = expired(&session).timeout(secs(100));
    assert!(run(&mut simulation, &mut job).end.is_err());
    assert!(begin.until(simulation.now) <= secs(100));
    assert_eq!(simulation.calls().len(), 2);
    assert_eq!((job.remaining(), job.in_doubt()), (1, 4), "the second read was cut off");
}
