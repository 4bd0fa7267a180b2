//! The course of a job: deadlines, stops, options and the saved state.

use zuora_core::invoices::{BulkEvent, CreateStandaloneInvoice, NewInvoiceItem};
use zuora_core::transport::HttpRequest;
use zuora_core::types::AccountId;
use zuora_core::{CallOptions, Config, ErrorKind, Outcome};
use zuora_tests::simulation::{SendResult, Simulation, moment, rejected, secs, warm};

use crate::{Creations, Postings, config, creations, day, killed, postings, rows, run, serve, session};

#[test]
fn a_job_obeys_its_deadline() {
    let session = warm(&Config::with_token("https://rest.zuora.com", "token"));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(60), SendResult::Lost));
    let names: Vec<String> = (0..500).map(|n| format!("i{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut job = postings(&session, &names).timeout(secs(100));
    let begin = simulation.now;
    let ran = run(&mut simulation, &mut job);
    assert!(begin.until(simulation.now) <= secs(100));
    let error = ran.end.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    assert_eq!((job.in_doubt(), job.remaining()), (50, 450));
}

#[test]
fn rows_remain_that_could_not_be_sent_before_the_deadline() {
    let session = warm(&Config::with_token("https://rest.zuora.com", "token"));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(48), SendResult::NotSent));
    let mut job = postings(&session, &["i0", "i1"]).timeout(secs(100));
    let ran = run(&mut simulation, &mut job);
    let error = ran.end.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotApplied));
    assert_eq!((job.in_doubt(), job.remaining()), (0, 2));
}

#[test]
fn a_service_that_does_not_respond_stops_the_job() {
    let session = session();
    let mut simulation = Simulation::new(serve(|_| SendResult::Lost));
    let names: Vec<String> = (0..500).map(|n| format!("i{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut job = postings(&session, &names);
    let ran = run(&mut simulation, &mut job);
    assert!(ran.end.is_err());
    assert_eq!((job.in_doubt(), job.remaining()), (100, 400));
    let mut simulation = Simulation::new(serve(|_| SendResult::NotSent));
    let ran = run(&mut simulation, &mut job);
    assert!(ran.end.is_err());
    assert_eq!((job.in_doubt(), job.remaining()), (100, 400), "what was not sent remains");
}

#[test]
fn without_authorization_the_rows_remain() {
    for (status, code) in [(401, "90000011"), (403, "50000010")] {
        let session = session();
        let mut simulation = Simulation::new(serve(|_| rejected(status, &[code])));
        let mut job = creations(&session, &["A", "B"]).key_prefix("k");
        let ran = run(&mut simulation, &mut job);
        assert_eq!((ran.letters().as_str(), ran.end.unwrap_err().outcome()), ("", Outcome::NotApplied));
        assert_eq!((job.remaining(), job.in_doubt()), (2, 0));
        let first = simulation.keys();
        let again = warm(&config());
        for mut job in [
            Creations::from_json(&again, &job.to_json().unwrap()).unwrap(),
            creations(&again, &["A", "B"]).key_prefix("k"),
        ] {
            let mut simulation = Simulation::new(serve(|_| rows(r#"{"success":true},{"success":true}"#)));
            assert_eq!(run(&mut simulation, &mut job).letters(), "aa");
            assert_eq!(simulation.keys(), first, "a job from the beginning has the same keys");
        }
    }
}

#[test]
fn chunks_with_the_same_content_have_two_keys_also_after_a_restart() {
    let price: zuora_core::Amount = "10.00".parse().unwrap();
    let row = CreateStandaloneInvoice::new(
        AccountId::from("a"),
        day(1),
        [NewInvoiceItem::named("Fee", price, day(1))],
    );
    let same = (0..100).map(|n| (format!("row {n}"), row.clone()));
    let mut job = Creations::new(&session(), same).unwrap().key_prefix("k");
    let success = vec![r#"{"success":true}"#; 50].join(",");
    let mut simulation = Simulation::new(serve(|_| rows(&success)));
    while !matches!(simulation.drive(&mut job).result.unwrap().unwrap(), BulkEvent::Chunk(_)) {}
    let mut job = Creations::from_json(&session(), &job.to_json().unwrap()).unwrap();
    run(&mut simulation, &mut job).end.unwrap();
    let keys = simulation.keys();
    assert_eq!((keys.len(), job.remaining(), job.in_doubt()), (2, 0, 0));
    assert_ne!(keys[0], keys[1], "the service would take the second chunk for the first");
}

#[test]
fn a_job_moves_between_threads_and_its_events_print_no_row() {
    fn moves<T: Send>(_: &T) {}
    let session = session();
    let mut job = creations(&session, &["secret comment"]);
    moves(&job);
    let mut simulation = Simulation::new(serve(|_| rows(r#"{"success":false}"#)));
    while let Some(event) = simulation.drive(&mut job).result.unwrap() {
        assert!(!format!("{job:?}").contains("secret comment"));
        if let BulkEvent::Chunk(chunk) = event {
            assert_eq!(chunk.rows[0].name, "secret comment");
        }
    }
}

#[test]
fn the_state_keeps_every_digit_in_every_store() {
    let session = session();
    let exact: zuora_core::Amount = "90071992547409.931234567".parse().unwrap();
    let row = CreateStandaloneInvoice::new(
        AccountId::from("a"),
        day(1),
        [NewInvoiceItem::named("Fee", exact, day(1))],
    );
    let mut job = Creations::new(&session, [("row", row)]).unwrap();
    let saved = killed(&mut job, moment(secs(0)));
    let value: serde_json::Value = serde_json::from_str(&saved).unwrap();
    let mut again = Creations::from_json(&session, &value.to_string()).unwrap();
    let mut simulation = Simulation::new(serve(|_| rows(r#"{"success":true}"#)));
    run(&mut simulation, &mut again);
    let sent = String::from_utf8(simulation.calls()[0].request.body().to_vec()).unwrap();
    assert!(sent.contains("90071992547409.931234567"), "{sent}");
    let shown = format!("{job:?}");
    assert!(shown.contains("in_doubt: 1") && !shown.contains("90071992547409"), "{shown}");
}

#[test]
fn a_state_that_was_damaged_is_rejected() {
    let session = session();
    let saved = killed(&mut creations(&session, &["A", "B"]), moment(secs(0)));
    assert!(Postings::from_json(&session, &saved).is_err(), "another operation");
    for (from, to) in [
        (r#""version":1"#, r#""version":2"#),
        (r#""rows":[0,1]"#, r#""rows":[0,7]"#),
        (r#""rows":[0,1]"#, r#""rows":[0,0]"#),
        (r#""rows":[0,1]"#, r#""rows":[0,null]"#),
        (r#""rows":[0,1]"#, r#""rows":[0]"#),
        (r#""state":"in_doubt""#, r#""state":"remaining""#),
        (r#""name":"B""#, r#""name":"A""#),
        (r#""key":""#, r#""other":""#),
        (r#"[{\"chargeName\""#, r#"[:\"chargeName\""#),
        ("}", ""),
    ] {
        assert!(saved.contains(from), "{from}");
        let damaged = saved.replace(from, to);
        assert_eq!(Creations::from_json(&session, &damaged).unwrap_err().kind(), ErrorKind::Decode, "{to}");
    }
}

#[test]
fn options_that_change_after_the_checkpoint_send_no_chunk_to_another_entity() {
    let session = session();
    let mut simulation = Simulation::new(serve(|_| unreachable!("nothing is sent")));
    let mut job = creations(&session, &["A"]).options(CallOptions::new().entity_id("e1"));
    let event = simulation.drive(&mut job).result.unwrap();
    assert!(matches!(event, Some(BulkEvent::Checkpoint)));
    let mut job = job.options(CallOptions::new().entity_id("e2"));
    let error = simulation.drive(&mut job).result.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("scope")));
    let mut job = job.options(CallOptions::new().entity_id("e1"));
    let mut simulation = Simulation::new(serve(|_| rows(r#"{"success":true}"#)));
    assert_eq!(run(&mut simulation, &mut job).letters(), "a");
}
