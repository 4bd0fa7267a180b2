//! The rows of a response: each is evaluated by itself.

use zuora_core::invoices::{BulkEvent, CreateStandaloneInvoice, InvoiceToPost, NewInvoiceItem, RowState};
use zuora_core::transport::Timestamp;
use zuora_core::types::AccountId;
use zuora_core::{CallOptions, ErrorKind, Outcome};
use zuora_tests::simulation::{self, SendResult, Simulation, received, rejected, secs, warm};

use crate::{
    Creations, Postings, config, create_of, creations, day, invoice, ok, post_of, postings, rows, run, serve,
    session,
};

#[test]
fn each_row_is_judged_by_itself() {
    let rejection = r#""success":false,"reasons":[{"code":"58490020","message":"bad"}]"#;
    // A request that failed, with a row that succeeded: the row contradicts the request.
    let mixed = format!(
        r#"{{"success":false,"reasons":[{{"code":"58490030"}}],"invoices":[{{"id":"i1","success":true}},{{"id":"i2",{rejection}}}]}}"#
    );
    for (status, letters) in [(200, "?r"), (400, "?r"), (500, "??")] {
        assert_eq!(post_of(received(status, &[], &mixed), &["i1", "i2"]), letters, "{status}");
    }
    let doubtful = ["58490060", "58490061", "58490099"].map(|code| {
        format!(r#"{{"id":"i1","success":false,"reasons":[{{"code":"{code}","message":"m"}}]}}"#)
    });
    for row in doubtful {
        assert_eq!(post_of(rows(&row), &["i1"]), "?", "{row}");
    }
    assert_eq!(post_of(rows(r#"{},{"processId":"X"}"#), &["i1", "i2"]), "??");
    let swapped = format!(r#"{{"id":"i2",{rejection}}},{{"id":"i1","success":true}}"#);
    assert_eq!(post_of(rows(&swapped), &["i1", "i2"]), "ar");
    assert_eq!(post_of(ok(r#"{"success":true}"#), &["i1", "i2"]), "??");
    let twice = r#"{"id":"i1","success":true},{"id":"i1","success":false},{"id":"i2","success":true}"#;
    assert_eq!(post_of(rows(twice), &["i1", "i2"]), "?a");
    // One value that cannot be read, and a response that was cut off.
    let odd = format!(r#"{{{rejection}}},{{"id":"i2","success":true,"amount":"n/a"}}"#);
    assert_eq!(create_of(rows(&odd), 2), "ra");
    assert_eq!(create_of(ok(r#"{"success":true,"invoices":[{"success":false,"rea"#), 2), "??");
    let cut = format!(r#"{{"success":true,"invoices":[{{"id":"i1",{rejection}}},{{"id":"i2","succ"#);
    assert_eq!(post_of(ok(&cut), &["i1", "i2"]), "r?");
    let flag_at_the_end =
        format!(r#"{{"invoices":[{{"id":"i1",{rejection}}},{{"id":"i2","success":true}},{{"id"#);
    assert_eq!(post_of(ok(&flag_at_the_end), &["i1", "i2", "i3"]), "ra?");
    assert_eq!(create_of(rows(&format!(r#"{{"objectIndex":2,{rejection}}}"#)), 3), "???");
    let indexed = format!(r#"{{"success":true}},{{"success":true}},{{"objectIndex":1,{rejection}}}"#);
    assert_eq!(create_of(rows(&indexed), 3), "ara");
    assert_eq!(post_of(SendResult::TooLarge, &["i1"]), "?");
    assert_eq!(post_of(received(204, &[], ""), &["i1"]), "?");
}

#[test]
fn a_row_is_in_doubt_if_the_service_may_do_its_request_again() {
    // A 401 precedes the work and a 429 may be a gateway's, so neither is stored under the key.
    let body = r#"{"success":true,"invoices":[{"id":"i1","success":false,"reasons":[{"code":58490020}]}]}"#;
    for status in [401, 429, 500] {
        let session = session();
        let later = rows(r#"{"id":"i1","success":true},{"id":"i2","success":true}"#);
        let mut simulation = Simulation::new(simulation::script([received(status, &[], body), later]));
        let mut job = postings(&session, &["i1", "i2"]);
        // The second round sends what is in doubt again.
        run(&mut simulation, &mut job);
        run(&mut simulation, &mut job);
        let states: Vec<_> = job.rows().map(|(_, state)| matches!(state, RowState::Applied(_))).collect();
        assert_eq!(states, [true, true], "{status}: {job:?}");
        let keys = simulation.keys();
        assert_eq!((keys.len(), &keys[0]), (2, &keys[1]), "{status}");
    }
}

#[test]
fn a_row_that_succeeded_does_not_repeat_the_token_of_the_job() {
    let session = session();
    let echo = r#"{"id":"i1","success":true,"reasons":[{"message":"own-token-of-the-job"}]}"#;
    let mut simulation = Simulation::new(simulation::script([rows(echo)]));
    let mut job = postings(&session, &["i1"]).options(CallOptions::new().token("own-token-of-the-job"));
    let mut messages = Vec::new();
    while let Some(event) = simulation.drive(&mut job).result.unwrap() {
        let BulkEvent::Chunk(chunk) = event else { continue };
        let rows = chunk.rows.into_iter().map(|row| row.result.unwrap());
        messages.extend(rows.map(|row| row.envelope.reasons[0].message.clone()));
    }
    assert_eq!(messages, ["[redacted]"]);
}

#[test]
fn a_request_that_is_rejected_as_a_whole_rejects_its_rows() {
    let session = session();
    let mut simulation = Simulation::new(simulation::script([rejected(400, &["58490020"])]));
    let mut job = creations(&session, &["A", "B"]);
    assert_eq!(run(&mut simulation, &mut job).letters(), "rr");
    assert!(matches!(job.state("A"), Some(RowState::Rejected([reason])) if reason.code == "58490020"));
}

#[test]
fn chunks_have_at_most_fifty_rows_and_a_thousand_items() {
    let session = warm(&config().gzip_requests_from(None)); // the bodies are searched
    let sized = |items| {
        let item = NewInvoiceItem::named("x", 1, day(1));
        CreateStandaloneInvoice::new(AccountId::from("a"), day(1), vec![item; items])
    };
    let sizes = |rows: Vec<CreateStandaloneInvoice>| {
        let mut sizes = Vec::new();
        let mut simulation = Simulation::new(serve(|request| {
            let count = request.body().windows(9).filter(|part| part == b"accountId").count();
            sizes.push(count);
            rows_of(count)
        }));
        let rows = rows.into_iter().enumerate().map(|(n, row)| (n.to_string(), row));
        let ran = run(&mut simulation, &mut Creations::new(&session, rows).unwrap());
        drop(simulation);
        (sizes, ran.letters())
    };
    assert_eq!(sizes(vec![sized(1); 120]), (vec![50, 50, 20], "a".repeat(120)));
    let large = vec![sized(1), sized(1000), sized(600), sized(400), sized(1001)];
    assert_eq!(sizes(large), (vec![1, 1, 2], "aaaar".into()));
}

/// A response in which this many rows succeed.
fn rows_of(count: usize) -> SendResult {
    rows(&vec![r#"{"success":true}"#; count].join(","))
}

#[test]
fn names_are_unique_and_invalid_rows_are_rejected_unsent() {
    let session = session();
    let twice = Creations::new(&session, [("A", invoice("A")), ("A", invoice("B"))]);
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Build);
    let rows_of = [("", InvoiceToPost::new("i1")), ("x\n\"ü", InvoiceToPost::default())];
    let mut job = Postings::new(&session, rows_of).unwrap();
    let mut simulation = Simulation::new(simulation::script([rows(r#"{"id":"i1","success":true}"#)]));
    let ran = run(&mut simulation, &mut job);
    assert_eq!(ran.results, [(String::new(), Outcome::Applied), ("x\n\"ü".to_owned(), Outcome::NotApplied)]);
    assert!(
        matches!(job.state("x\n\"ü"), Some(RowState::Rejected([reason])) if reason.message.contains("`id`"))
    );
    let mut again = Postings::from_json(&session, &ran.saved).unwrap();
    again.mend("x\n\"ü", InvoiceToPost::new("i2")).unwrap();
    assert_eq!(again.remaining(), 1);
}

#[test]
fn a_row_that_was_rejected_by_a_failing_service_is_not_sent_twice() {
    // The service forgets its 503 and performs the chunk the second time.
    for status in [503, 408, 409] {
        let session = session();
        let mut created = 0;
        let mut posts = 0;
        let mut simulation = Simulation::new(serve(|request| {
            posts += 1;
            if posts == 1 {
                let body =
                    r#"{"success":false,"invoices":[{"success":false,"reasons":[{"code":"58490020"}]},{}]}"#;
                return received(status, &[], body);
            }
            let body = std::str::from_utf8(request.body()).unwrap();
            created += body.matches("\"A\"").count();
            rows(&vec![r#"{"success":true}"#; body.matches("invoiceDate").count()].join(","))
        }));
        let mut job = creations(&session, &["A", "B"]);
        run(&mut simulation, &mut job);
        // Rejected while the row is in doubt.
        let _ = job.retry("A");
        run(&mut simulation, &mut job);
        drop(simulation);
        assert_eq!(created, 1, "{status}");
        assert!(matches!(job.state("A"), Some(RowState::Applied(_))), "{status}");
    }
}

#[test]
fn no_row_shows_the_token_that_the_service_repeats() {
    const TOKEN: &str = "a-token-that-is-repeated";
    let session = warm(&config());
    let token = zuora_core::session::Token::new(TOKEN.to_owned().into(), secs(3600));
    session.set_token(&token, Timestamp::default()).unwrap();
    let rejection = format!(
        r#"{{"success":false,"processId":"{TOKEN}","requestId":"{TOKEN}","reasons":[{{"code":"58490020","message":"Authorization: Bearer {TOKEN}"}}]}}"#
    );
    let doubt = format!(r#"{{"reasons":[{{"code":"58490061","message":"Bearer {TOKEN}"}}]}}"#);
    let mut simulation = Simulation::new(serve(|_| rows(&format!("{rejection},{doubt}"))));
    let mut job = creations(&session, &["A", "B"]);
    let mut printed = String::new();
    while let Some(event) = simulation.drive(&mut job).result.unwrap() {
        printed.push_str(&format!("{event:?}"));
        if let BulkEvent::Chunk(chunk) = &event {
            for row in &chunk.rows {
                printed.push_str(&row.result.as_ref().unwrap_err().to_string());
            }
        }
        printed.push_str(&job.to_json().unwrap());
        for (_, state) in job.rows() {
            printed.push_str(&format!("{state:?}"));
        }
    }
    assert!(printed.contains("58490020") && !printed.contains(TOKEN), "{printed}");
}

#[test]
fn no_row_shows_the_token_of_the_options_of_a_job() {
    const TOKEN: &str = "a-token-of-one-job-that-is-repeated";
    let session = session();
    let rejection = format!(
        r#"{{"success":false,"reasons":[{{"code":"58490020","message":"the token {TOKEN} is not valid"}}]}}"#
    );
    let mut simulation = Simulation::new(serve(|_| rows(&rejection)));
    let mut job = creations(&session, &["A"]).options(zuora_core::CallOptions::new().token(TOKEN.to_owned()));
    let ran = run(&mut simulation, &mut job);
    assert!(ran.saved.contains("58490020") && !ran.saved.contains(TOKEN), "{}", ran.saved);
}
