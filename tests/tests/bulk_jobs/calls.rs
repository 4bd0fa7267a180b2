//! Bulk calls without a job: their rows, and rows that a retry rejects.

use zuora_core::intent::{AnyResponse, Delivery, Intent, Perform, Performed};
use zuora_core::invoices::{BulkCreateStandaloneInvoices, BulkPostInvoices};
use zuora_core::machine::Call;
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, Timestamp};
use zuora_core::{CallOptions, Config, Error, ErrorKind, Outcome};
use zuora_tests::simulation::{self, SendResult, Simulation, moment, received, secs, warm};

use crate::{Creations, config, creations, invoice, killed, ok, rows, run, serve, session};

const REJECTED: &str = r#""success":false,"reasons":[{"code":58490030,"message":"a rule"}]"#;

fn retrying() -> Session {
    warm(&Config::with_token("https://rest.zuora.com", "token"))
}

/// A failure that the service itself reports, as opposed to a gateway.
fn failure() -> SendResult {
    received(
        500,
        &[],
        r#"{"success":false,"processId":"P1","reasons":[{"code":58490060,"message":"failed"}]}"#,
    )
}

/// Outcomes of the rows of a creation of two invoices, which receives these responses.
fn created(
    session: &Session,
    options: &CallOptions,
    responses: impl IntoIterator<Item = SendResult>,
) -> Result<Vec<Outcome>, Error> {
    let create = BulkCreateStandaloneInvoices::new([invoice("A"), invoice("B")]);
    let call = Call::with_options(session, create, options);
    let created = Simulation::new(simulation::script(responses)).drive(call).result?;
    Ok(created.invoices.iter().map(|row| row.envelope.outcome()).collect())
}

#[test]
fn a_list_of_rows_that_is_cut_off_leaves_the_call_in_doubt_and_shows_the_rows_before_the_cut() {
    let session = session();
    let post = BulkPostInvoices::new(["i1", "i2", "i3"]);
    let cut = format!(
        r#"{{"success":true,"invoices":[{{"id":"i1","success":true}},{{"id":"i2",{REJECTED}}},{{"id"#
    );
    let mut simulation = Simulation::new(simulation::script([ok(&cut)]));
    let error = simulation.drive(Call::new(&session, &post)).result.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.field()),
        (ErrorKind::Decode, Outcome::Unknown, Some("invoices"))
    );
    assert!(
        error.is_retryable() && error.failed_at().is_some(),
        "the whole response is stored under the key"
    );
    let posted = post.rows_in(&error).unwrap();
    let outcomes: Vec<_> = posted.invoices.iter().map(|row| row.envelope.outcome()).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::NotApplied, Outcome::Unknown]);

    let whole = rows(r#"{"id":"i1","success":true},{"id":"i2","success":true},{"id":"i3","success":true}"#);
    let mut again = Simulation::new(simulation::script([whole]));
    let posted =
        again.drive(Call::with_options(&session, &post, &CallOptions::retry_of(&error))).result.unwrap();
    assert!(posted.results().all(|row| row.is_ok()));
    assert_eq!(simulation.keys(), again.keys());

    for missing in
        [r#"{"success":true}"#, r#"{"success":true,"invoices":{}}"#, r#"{"success":true,"invoices":null}"#]
    {
        let error = created(&session, &CallOptions::new(), [ok(missing)]).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown), "{missing}");
        let bulk = BulkCreateStandaloneInvoices::new([invoice("A"), invoice("B")]);
        assert!(bulk.rows_in(&error).is_none(), "{missing}");
    }
}

#[test]
fn the_rows_of_a_failed_call_do_not_repeat_the_token_of_the_call() {
    let session = session();
    let options = CallOptions::new().token("own-token-of-the-call").header("X-Key", "own-key-of-the-call");
    let echo = r#""success":false,"reasons":[{"code":58490020,"message":"bad own-token-of-the-call"},{"message":"own-key-of-the-call"}]"#;
    let cut = format!(r#"{{"success":true,"invoices":[{{"id":"i1",{echo}}},{{"id""#);
    let post = BulkPostInvoices::new(["i1", "i2"]);
    let call = Call::with_options(&session, &post, &options);
    let error = Simulation::new(simulation::script([ok(&cut)])).drive(call).result.unwrap_err();
    let posted = post.rows_in(&error).unwrap();
    assert_eq!(posted.invoices[0].envelope.reasons[0].message, "[redacted]");
    assert!(!format!("{posted:?} {error:?}").contains("own-"), "{posted:?} {error:?}");

    let create = BulkCreateStandaloneInvoices::new([invoice("A"), invoice("B")]);
    let cut = format!(r#"{{"success":true,"invoices":[{{"objectIndex":0,{echo}}},{{"id""#);
    let call = Call::with_options(&session, &create, &options);
    let error = Simulation::new(simulation::script([ok(&cut)])).drive(call).result.unwrap_err();
    let created = create.rows_in(&error).unwrap();
    assert!(!format!("{created:?} {error:?}").contains("own-"), "{created:?}");
}

#[test]
fn the_rows_of_a_request_that_failed_as_a_whole_can_be_read() {
    let session = session();
    let bulk = BulkCreateStandaloneInvoices::new([invoice("A"), invoice("B")]);
    let body = format!(
        r#"{{"success":false,"reasons":[{{"code":58490030}}],"invoices":[{{{REJECTED}}},{{"success":true}}]}}"#
    );
    for (status, first) in [(200, Outcome::NotApplied), (400, Outcome::NotApplied), (500, Outcome::Unknown)] {
        let mut simulation = Simulation::new(simulation::script([received(status, &[], &body)]));
        let error = simulation.drive(Call::new(&session, &bulk)).result.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{status}");
        let read = bulk.rows_in(&error).unwrap();
        let outcomes: Vec<_> = read.invoices.iter().map(|row| row.envelope.outcome()).collect();
        assert_eq!(outcomes, [first, Outcome::Unknown], "{status}");
    }
}

#[test]
fn a_row_that_a_retry_rejects_was_not_applied_unless_the_service_had_failed_under_the_key() {
    let rejected = || rows(&format!(r#"{{{REJECTED}}},{{"success":true}}"#));
    let first_sent = [
        // The stored response, or that of the only execution.
        (SendResult::Lost, Outcome::NotApplied),
        (received(504, &[], "<html>"), Outcome::NotApplied),
        (received(502, &[], r#"{"code":502,"message":"Bad Gateway"}"#), Outcome::NotApplied),
        // Not the stored response: the service has begun again, and may have created the row before.
        (failure(), Outcome::Unknown),
        (received(503, &[("zuora-request-id", "R1")], ""), Outcome::Unknown),
    ];
    for (first, outcome) in first_sent {
        let shown = format!("{first:?}");
        let outcomes = created(&retrying(), &CallOptions::new(), [first, rejected()]).unwrap();
        assert_eq!(outcomes, [outcome, Outcome::Applied], "{shown}");
    }

    // A retry by another call, with a lost attempt in between.
    let session = session();
    let error = created(&session, &CallOptions::new(), [failure()]).unwrap_err();
    let error = created(&session, &CallOptions::retry_of(&error), [SendResult::Lost]).unwrap_err();
    let outcomes = created(&session, &CallOptions::retry_of(&error), [rejected()]).unwrap();
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::Applied]);
    let error = created(&session, &CallOptions::new(), [SendResult::Lost]).unwrap_err();
    let outcomes = created(&session, &CallOptions::retry_of(&error), [rejected()]).unwrap();
    assert_eq!(outcomes, [Outcome::NotApplied, Outcome::Applied]);
}

#[test]
fn a_retry_that_cannot_be_built_keeps_that_the_service_failed_under_the_key() {
    let session = session();
    let failed = created(&session, &CallOptions::new(), [failure()]).unwrap_err();
    let invalid = CallOptions::retry_of(&failed).token("bad\n");
    let unbuilt = created(&session, &invalid, []).unwrap_err();
    assert_eq!((unbuilt.kind(), unbuilt.outcome()), (ErrorKind::Build, Outcome::Unknown));
    let rejected = rows(&format!(r#"{{{REJECTED}}},{{"success":true}}"#));
    let outcomes = created(&session, &CallOptions::retry_of(&unbuilt), [rejected]).unwrap();
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::Applied]);
}

#[test]
fn a_row_that_a_redelivery_rejects_may_have_been_applied_before() {
    let session = session();
    let intent = Intent::new(&session, BulkPostInvoices::new(["i1", "i2"]), moment(secs(0))).unwrap();
    let rejected = || rows(&format!(r#"{{"id":"i1",{REJECTED}}},{{"id":"i2","success":true}}"#));
    let sent = Delivery::again(moment(secs(0)).wall().unwrap());
    for (delivery, first) in [(Delivery::first(), Outcome::NotApplied), (sent, Outcome::Unknown)] {
        let mut simulation = Simulation::new(simulation::script([rejected()]));
        let performed = simulation.drive(Perform::new(&session, &intent, delivery)).result.unwrap();
        let Performed::Done(response) = performed else { panic!("done") };
        let AnyResponse::BulkPostInvoices(posted) = response.into_inner() else { panic!("postings") };
        let outcomes: Vec<_> = posted.invoices.iter().map(|row| row.envelope.outcome()).collect();
        assert_eq!(outcomes, [first, Outcome::Applied]);
    }
}

#[test]
fn only_the_error_of_the_operation_has_its_rows() {
    let session = session();
    let body = format!(r#"{{"success":false,"reasons":[{{"code":58490030}}],"invoices":[{{{REJECTED}}}]}}"#);
    let respond = || Simulation::new(simulation::script([received(400, &[], &body)]));
    let create = BulkCreateStandaloneInvoices::new([invoice("A")]);
    let post = BulkPostInvoices::new(["i1"]);
    let of_create = respond().drive(Call::new(&session, &create)).result.unwrap_err();
    let of_post = respond().drive(Call::new(&session, &post)).result.unwrap_err();
    assert!(create.rows_in(&of_create).is_some() && post.rows_in(&of_post).is_some());
    assert!(create.rows_in(&of_post).is_none() && post.rows_in(&of_create).is_none());
}

#[test]
fn a_job_keeps_that_the_service_failed_under_a_key() {
    let rejected = format!(r#"{{{REJECTED}}},{{"success":true}}"#);
    for (has_failed, letters) in [(false, "ra"), (true, "?a")] {
        for names in [&["A", "B"][..], &["A"]] {
            let answer = if names.len() == 2 { rejected.clone() } else { format!("{{{REJECTED}}}") };
            let session = session();
            let mut job = creations(&session, names);
            let first = if has_failed { failure() } else { SendResult::Lost };
            let ran = run(&mut Simulation::new(simulation::script([first])), &mut job);
            assert_eq!(ran.letters(), "??"[..names.len()]);
            let mut job = Creations::from_json(&session, &ran.saved).unwrap();
            let mut again = Simulation::new(simulation::script([rows(&answer)]));
            again.now = moment(secs(3600));
            assert_eq!(run(&mut again, &mut job).letters(), letters[..names.len()]);
            assert_eq!(job.in_doubt(), 0, "a person decides about the row, or it can be mended");
            assert_eq!(job.retry("A").is_ok(), letters == "ra");
        }
    }
    // Within one request of the job.
    let mut job = creations(&retrying(), &["A", "B"]);
    let ran = run(&mut Simulation::new(simulation::script([failure(), rows(&rejected)])), &mut job);
    assert_eq!(ran.letters(), "?a");
}

#[test]
fn a_posting_that_is_rejected_after_a_failure_is_decided_by_its_invoice() {
    let mut posts = 0;
    let mut simulation = Simulation::new(serve(|request| {
        if request.method() == http::Method::GET {
            return ok(r#"{"success":true,"id":"i1","status":"Draft"}"#);
        }
        posts += 1;
        if posts == 1 { failure() } else { rows(&format!(r#"{{"id":"i1",{REJECTED}}}"#)) }
    }));
    let mut job = crate::postings(&retrying(), &["i1"]);
    assert_eq!(run(&mut simulation, &mut job).letters(), "r");
}

#[test]
fn a_key_in_doubt_is_not_replaced() {
    let session = session();
    let keyed = CallOptions::new().idempotency_key("K");
    let error = created(&session, &keyed, [SendResult::Lost]).unwrap_err();
    let other = CallOptions::retry_of(&error).idempotency_key("other");
    let rejected = created(&session, &other, [rows("{},{}")]).unwrap_err();
    assert_eq!(
        (rejected.kind(), rejected.field(), rejected.outcome(), rejected.idempotency_key()),
        (ErrorKind::Build, Some("Idempotency-Key"), Outcome::Unknown, Some("K"))
    );
    assert!(rejected.to_string().contains("must be the key of the call that is retried"), "{rejected}");
    let same = CallOptions::retry_of(&error).idempotency_key("K");
    assert!(created(&session, &same, [rows(r#"{"success":true},{"success":true}"#)]).is_ok());

    let rejected = created(&session, &keyed, [received(400, &[], &format!("{{{REJECTED}}}"))]).unwrap_err();
    assert_eq!(rejected.outcome(), Outcome::NotApplied);
    let other = CallOptions::retry_of(&rejected).idempotency_key("other");
    assert!(created(&session, &other, [rows(r#"{"success":true},{"success":true}"#)]).is_ok());
}

#[test]
fn no_row_of_a_call_shows_the_token_that_the_service_repeats() {
    const TOKEN: &str = "a-token-that-is-repeated";
    let session = warm(&config());
    let token = zuora_core::session::Token::new(TOKEN.to_owned().into(), secs(3600));
    session.set_token(&token, Timestamp::default()).unwrap();
    let row = format!(
        r#"{{"id":"i1","success":false,"processId":"{TOKEN}","requestId":"{TOKEN}","reasons":[{{"code":"58490020","message":"Authorization: Bearer {TOKEN}"}}]}}"#
    );
    let respond = |body: String| Simulation::new(serve(move |_: &HttpRequest| ok(&body)));
    let whole = format!(r#"{{"success":true,"invoices":[{row}]}}"#);
    let cut = format!(r#"{{"success":true,"invoices":[{row},"#);
    let bulk = BulkCreateStandaloneInvoices::new([invoice("A")]);
    let post = BulkPostInvoices::new(["i1"]);
    let created = respond(whole.clone()).drive(Call::new(&session, &bulk)).result.unwrap();
    let posted = respond(whole).drive(Call::new(&session, &post)).result.unwrap();
    let mut printed = format!("{:?} {:?}", created.results().next(), posted.results().next());
    let error = respond(cut.clone()).drive(Call::new(&session, &bulk)).result.unwrap_err();
    printed.push_str(&format!("{error:?} {error:#} {:?}", bulk.rows_in(&error).unwrap().results().next()));
    let error = respond(cut).drive(Call::new(&session, &post)).result.unwrap_err();
    printed.push_str(&format!("{error:?} {error:#} {:?}", post.rows_in(&error).unwrap().results().next()));
    assert_eq!(printed.matches("58490020").count(), 3, "{printed}");
    assert!(!printed.contains(TOKEN), "{printed}");
}

#[test]
fn a_job_that_was_killed_while_it_sent_does_not_mend_a_row_that_its_retry_rejects() {
    // The killed process may have seen a failure of the service, and the row may have been created before.
    let first = session();
    let saved = killed(&mut creations(&first, &["A", "B"]), moment(secs(0)));
    let mut job = Creations::from_json(&session(), &saved).unwrap();
    let rejected = || rows(&format!(r#"{{{REJECTED}}},{{"success":true}}"#));
    let mut again = Simulation::new(simulation::script([rejected()]));
    again.now = moment(secs(60));
    assert_eq!(run(&mut again, &mut job).letters(), "?a");
    assert!(job.mend("A", invoice("A2")).is_err());

    // A state that was saved after the response knows more.
    let mut job = creations(&first, &["A", "B"]);
    let ran = run(&mut Simulation::new(simulation::script([SendResult::Lost])), &mut job);
    let mut job = Creations::from_json(&session(), &ran.saved).unwrap();
    let mut again = Simulation::new(simulation::script([rejected()]));
    again.now = moment(secs(60));
    assert_eq!(run(&mut again, &mut job).letters(), "ra");
    job.mend("A", invoice("A2")).unwrap();
    assert_eq!(job.remaining(), 1);
}

#[test]
fn a_creation_that_is_rejected_as_a_whole_is_not_applied() {
    for (status, body) in
        [(200, r#"{"success":false,"reasons":[{"code":58490030}]}"#), (400, r#"{"success":false}"#)]
    {
        let error = created(&session(), &CallOptions::new(), [received(status, &[], body)]).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Rejected, Outcome::NotApplied), "{status}");
    }
}

#[test]
fn an_intent_that_could_not_begin_keeps_that_the_service_may_have_failed_under_its_key() {
    let session = session();
    let create = BulkCreateStandaloneInvoices::new([invoice("A"), invoice("B")]);
    let intent = Intent::new(&session, create, moment(secs(0))).unwrap();
    // An earlier worker may have received a 5xx; this one cannot send to the entity.
    let elsewhere = warm(&config().entity_id("4028838559cb46850159dd1a5e5c02cd"));
    let again = Delivery::again(moment(secs(0)).wall().unwrap());
    let mut nothing = Simulation::new(serve(|_| unreachable!("nothing is sent")));
    nothing.now = moment(secs(60));
    let error = nothing.drive(Perform::new(&elsewhere, &intent, again)).result.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let rejected = rows(&format!(r#"{{{REJECTED}}},{{"success":true}}"#));
    let outcomes = created(&session, &CallOptions::retry_of(&error), [rejected]).unwrap();
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::Applied]);
}
