//! Intents: performed once over restarts, workers, clocks and days.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::Duration;

use http::Method;
use zuora_core::bill_runs::PostBillRun;
use zuora_core::intent::{AnyOperation, Delivery, Intent, Perform, Performed};
use zuora_core::invoices::{GetInvoice, PostInvoice};
use zuora_core::machine::{Action, Event, Machine};
use zuora_core::operation::RawOperation;
use zuora_core::session::{Session, Token};
use zuora_core::transport::{HttpRequest, Timestamp, WallTime};
use zuora_core::{CallOptions, Config, Error, ErrorKind, Outcome};
use zuora_tests::simulation::{
    Ended, SendResult, Simulation, at, cold, config, header, is_token_request, json, moment, ms, received,
    rejected, script, secs, success, token_response, warm,
};

fn post() -> RawOperation {
    RawOperation::new(Method::POST, "/v1/things").body(r#"{"name":"x"}"#.as_bytes())
}

fn put() -> RawOperation {
    RawOperation::new(Method::PUT, "/v1/things/1/post").body("{}".as_bytes())
}

fn wall(time: Timestamp) -> WallTime {
    time.wall().unwrap()
}

/// The text of an intent made by another session at the start of the clock.
fn kept(operation: RawOperation) -> String {
    Intent::new(&warm(&config()), operation, at(0)).unwrap().to_json().unwrap()
}

fn perform<F: zuora_tests::simulation::Server>(
    simulation: &mut Simulation<F>,
    session: &Session,
    text: &str,
    delivery: Delivery,
) -> Ended<Performed> {
    simulation.drive(Perform::new(session, &Intent::from_json(text).unwrap(), delivery))
}

fn error(ended: Ended<Performed>) -> Error {
    ended.result.map(drop).expect_err("an error")
}

#[test]
fn a_restarted_process_sends_the_same_bytes_under_the_same_key() {
    let text = kept(post());
    let mut simulation = Simulation::new(script([SendResult::Lost, success()]));
    let once = config().max_attempts(1);
    let lost = error(perform(&mut simulation, &warm(&once), &text, Delivery::first()));
    assert_eq!(lost.outcome(), Outcome::Unknown);
    let again = Delivery::again(wall(simulation.now));
    let done = perform(&mut simulation, &warm(&once), &text, again).result.unwrap();
    assert!(matches!(done, Performed::Done(_)));
    let keys = simulation.keys();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(simulation.calls()[0].request.body(), simulation.calls()[1].request.body());
}

#[test]
fn a_rejection_of_a_redelivered_post_proves_nothing_about_the_first_one() {
    let text = kept(post());
    let mut simulation = Simulation::new(script([rejected(400, &["50000020"])]));
    let again = Delivery::again(wall(at(0)));
    assert_eq!(error(perform(&mut simulation, &warm(&config()), &text, again)).outcome(), Outcome::Unknown);
}

#[test]
fn a_key_is_trusted_for_its_day_and_no_longer() {
    let text = kept(post());
    let day = secs(24 * 60 * 60);
    for (age, sent) in [(day - secs(16 * 60), 1), (day - secs(15 * 60), 0), (day + secs(3600), 0)] {
        let mut simulation = Simulation::new(script([success()]));
        simulation.now = moment(age);
        let session = warm(&config());
        session.set_token(&Token::new("t".to_owned().into(), day), moment(age)).unwrap();
        let again = Delivery::again(wall(moment(age))).since(wall(at(0)));
        let ended = perform(&mut simulation, &session, &text, again);
        assert_eq!(simulation.calls().len(), sent, "{age:?}");
        if sent == 0 {
            let error = error(ended);
            assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 0));
            assert!(error.idempotency_key().is_some());
        }
    }
    // A write that was never sent has no age: a backlog may wait for days.
    let mut simulation = Simulation::new(script([success()]));
    simulation.now = moment(day * 5);
    let session = warm(&config());
    session.set_token(&Token::new("t".to_owned().into(), day), moment(day * 5)).unwrap();
    assert!(perform(&mut simulation, &session, &text, Delivery::first()).result.is_ok());
}

#[test]
fn a_put_that_may_have_been_sent_is_not_sent_again() {
    let text = kept(put());
    let mut simulation = Simulation::new(script([]));
    let again = Delivery::again(wall(at(0)));
    let error = error(perform(&mut simulation, &warm(&config()), &text, again));
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 0));
}

#[test]
fn a_put_with_a_lost_response_is_undecided_and_says_when_to_look_again() {
    let text = kept(put());
    let mut simulation = Simulation::new(script([SendResult::Lost]));
    let ended = perform(&mut simulation, &warm(&config()), &text, Delivery::first());
    let Ok(Performed::Undecided(undecided)) = ended.result else { panic!("undecided") };
    let failed = wall(ended.at);
    assert_eq!(undecided.maybe_sent_at, Some(failed));
    assert_eq!(undecided.poll_again_at.since(failed), Some(secs(130)));
}

#[test]
fn a_put_is_sent_only_while_its_lease_runs() {
    // The limit holds the call back until after the lease.
    let text = kept(put());
    let mut simulation = Simulation::new(script([received(429, &[("Retry-After", "20")], ""), success()]));
    let lease = Delivery::first().lease_until(at(10));
    let ended = perform(&mut simulation, &warm(&config()), &text, lease);
    let Ok(Performed::Undecided(undecided)) = ended.result else {
        panic!("undecided: another may hold the lease")
    };
    assert!(undecided.why.contains("may send has ended"), "{}", undecided.why);
    assert_eq!(simulation.calls().len(), 1);

    // Renewed in time, it continues.
    let mut simulation = Simulation::new(script([received(429, &[("Retry-After", "20")], ""), success()]));
    let mut machine = Perform::new(&warm(&config()), &Intent::from_json(&text).unwrap(), lease);
    machine.renew(at(100));
    assert!(matches!(simulation.drive(machine).result, Ok(Performed::Done(_))));

    // Renewed while the call waits, too.
    let mut simulation = Simulation::new(script([success()]));
    let mut machine = Perform::new(&warm(&config()), &Intent::from_json(&text).unwrap(), lease);
    assert!(matches!(machine.step(Event::Tick, at(0)), Action::Send(..)));
    let throttled = json(429, r#"{"reasons":[{"code":70}]}"#);
    assert!(matches!(machine.step(Event::Response(throttled), at(9)), Action::Wait(_)));
    machine.renew(at(100));
    simulation.now = at(50);
    assert!(matches!(simulation.drive(machine).result, Ok(Performed::Done(_))));

    // A token request takes longer than the lease.
    let mut simulation = Simulation::new(|request: &HttpRequest, _| match is_token_request(request) {
        true => (secs(15), SendResult::Received(token_response("t", 3599))),
        false => (ms(10), success()),
    });
    let ended = perform(&mut simulation, &cold(&config()), &text, lease);
    assert!(
        matches!(ended.result, Ok(Performed::Undecided(ref undecided)) if undecided.maybe_sent_at.is_none())
    );
    assert!(simulation.calls().is_empty());
}

#[test]
fn after_its_lease_a_worker_never_says_not_applied() {
    let text = kept(put());
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(20), rejected(400, &["50000020"])));
    let ended = perform(&mut simulation, &warm(&config()), &text, Delivery::first().lease_until(at(10)));
    assert!(matches!(ended.result, Ok(Performed::Undecided(_))), "another worker may have sent it meanwhile");
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(5), rejected(400, &["50000020"])));
    let ended = perform(&mut simulation, &warm(&config()), &text, Delivery::first().lease_until(at(10)));
    assert_eq!(error(ended).outcome(), Outcome::NotApplied);

    // Another worker may send a POST under the same key; a read has no outcome to be in doubt of.
    let late = |operation: AnyOperation| {
        let text = Intent::new(&warm(&config()), operation, at(0)).unwrap().to_json().unwrap();
        let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(20), rejected(400, &["50000020"])));
        perform(&mut simulation, &warm(&config()), &text, Delivery::first().lease_until(at(10)))
    };
    assert!(matches!(late(post().into()).result, Ok(Performed::Undecided(_))));
    assert_eq!(error(late(GetInvoice::new("1").into())).outcome(), Outcome::NotApplied);
}

#[test]
fn a_session_of_another_tenant_or_entity_rejects_the_intent() {
    let text = kept(put());
    let rejecting = [
        Config::with_token("https://rest.eu.zuora.com", "t"),
        config().entity_id("e1"),
        config().org_ids(["o1"]),
    ];
    for config in rejecting {
        let mut simulation = Simulation::new(script([]));
        let ended = perform(&mut simulation, &warm(&config), &text, Delivery::first());
        let error = error(ended);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Build, Outcome::NotApplied));
    }
}

#[test]
fn an_intent_is_sent_with_its_own_entity_and_version() {
    let options = CallOptions::new().entity_id("e2").api_version("2024-06-01");
    let intent = Intent::with_options(&warm(&config()), put(), &options, at(0)).unwrap();
    let mut simulation = Simulation::new(script([success()]));
    let ended = perform(
        &mut simulation,
        &warm(&config().entity_id("e1")),
        &intent.to_json().unwrap(),
        Delivery::first(),
    );
    assert!(ended.result.is_ok());
    let headers = simulation.calls()[0].request.headers().clone();
    assert_eq!(header(&headers, "zuora-entity-ids").as_deref(), Some("e2"));
    assert_eq!(header(&headers, "zuora-version").as_deref(), Some("2024-06-01"));
}

#[test]
fn the_scope_of_an_intent_is_the_one_that_its_requests_name() {
    // Each bit sets one of the headers: three of the session, three of the call.
    for set in 0..64_u32 {
        let is_set = |bit: u32| set >> bit & 1 == 1;
        let mut own = config();
        let mut options = CallOptions::new();
        own = if is_set(0) { own.entity_id("e1") } else { own };
        own = if is_set(1) { own.org_ids(["o1", "o2"]) } else { own };
        own = if is_set(2) { own.api_version("2024-05-20") } else { own };
        options = if is_set(3) { options.entity_id("e3") } else { options };
        options = if is_set(4) { options.org_ids(["o3"]) } else { options };
        options = if is_set(5) { options.api_version("341.0") } else { options };
        let intent = Intent::with_options(&warm(&own), put(), &options, at(0)).unwrap();
        let scope = intent.scope();
        // The session that made it, and one of other settings.
        for config in [own, config().api_version("2023-01-01")] {
            let mut simulation = Simulation::new(script([success()]));
            let text = intent.to_json().unwrap();
            assert!(perform(&mut simulation, &warm(&config), &text, Delivery::first()).result.is_ok());
            let headers = simulation.calls()[0].request.headers().clone();
            assert_eq!(header(&headers, "zuora-entity-ids"), scope.entity_id, "{set:b}");
            assert_eq!(header(&headers, "zuora-org-ids"), scope.org_ids, "{set:b}");
            assert_eq!(header(&headers, "zuora-version"), scope.api_version, "{set:b}");
        }
        let expected = |bit: u32, of_session: &str, of_call: &str| match (is_set(bit + 3), is_set(bit)) {
            (true, _) => Some(of_call.to_owned()),
            (false, is_set) => is_set.then(|| of_session.to_owned()),
        };
        assert_eq!(scope.entity_id, expected(0, "e1", "e3"));
        assert_eq!(scope.org_ids, expected(1, "o1,o2", "o3"));
    }
}

#[test]
fn a_transport_without_a_wall_clock_performs_nothing() {
    let text = kept(post());
    let mut simulation = Simulation::new(script([]));
    simulation.now = Timestamp::new(Duration::from_secs(1));
    let error = error(perform(&mut simulation, &warm(&config()), &text, Delivery::first()));
    assert_eq!(error.field(), Some("Transport::now"));
}

/// The text of an intent to post an invoice, made at the start of the clock.
fn kept_post(baseline: Option<&str>) -> String {
    let intent = Intent::new(&warm(&config()), PostInvoice::new("8a"), at(0)).unwrap();
    let intent = match baseline {
        Some(updated) => intent.with_baseline(updated),
        None => intent,
    };
    intent.to_json().unwrap()
}

/// A service whose invoice shows this, and which counts the postings.
fn invoice(status: &'static str, updated: &'static str) -> impl zuora_tests::simulation::Server {
    move |request: &HttpRequest, _| {
        let body = match (request.method(), request.uri().path()) {
            (&Method::PUT, _) => r#"{"success":true,"id":"8a","status":"Posted"}"#.to_owned(),
            (_, path) if path.ends_with("/items") => {
                r#"{"invoiceItems":[{"id":"1"}],"success":true}"#.to_owned()
            }
            _ => format!(r#"{{"id":"8a","status":"{status}","updatedDate":"{updated}","success":true}}"#),
        };
        (ms(10), received(200, &[], &body))
    }
}

fn puts(simulation: &zuora_tests::simulation::Log) -> usize {
    simulation.sent.iter().filter(|sent| sent.request.method() == Method::PUT).count()
}

#[test]
fn a_redelivered_posting_that_was_applied_is_already_done() {
    let mut simulation = Simulation::new(invoice("Posted", "2026-01-01 00:00:01"));
    simulation.now = at(1);
    let ended = perform(&mut simulation, &warm(&config()), &kept_post(None), Delivery::again(wall(at(1))));
    let Ok(Performed::AlreadyDone(evidence)) = ended.result else { panic!("{:?}", ended.result) };
    assert!(evidence.shows.contains("8a") && !evidence.is_under_way, "{evidence:?}");
    assert_eq!(puts(&simulation), 0);
}

#[test]
fn a_redelivered_posting_is_sent_again_only_when_a_read_proves_that_it_was_not_applied() {
    let before = "2026-01-01 00:00:00";
    let cases = [
        // Seconds since the last sending, the baseline, and the number of postings.
        (60, Some(before), 0),
        (425, Some(before), 0),
        (431, Some(before), 1),
        (431, None, 0),
        (431, Some("2025-12-31 23:00:00"), 0),
    ];
    for (passed, baseline, expected) in cases {
        let mut simulation = Simulation::new(invoice("Draft", before));
        simulation.now = at(passed);
        let again = Delivery::again(wall(at(0)));
        let ended = perform(&mut simulation, &warm(&config()), &kept_post(baseline), again);
        assert_eq!(puts(&simulation), expected, "{passed} s, {baseline:?}: {:?}", ended.result);
        match (expected, ended.result) {
            (1, Ok(Performed::Done(_))) | (0, Ok(Performed::Undecided(_))) => {}
            (0, Err(error)) => assert_eq!(error.outcome(), Outcome::Unknown, "{error}"),
            (_, other) => panic!("{passed} s, {baseline:?}: {other:?}"),
        }
    }
}

#[test]
fn an_undecided_delivery_says_when_a_read_can_decide() {
    let before = "2026-01-01 00:00:00";
    let mut simulation = Simulation::new(invoice("Draft", before));
    simulation.now = at(10);
    let again = Delivery::again(wall(at(0)));
    let text = kept_post(Some(before));
    let mut looks = Vec::new();
    loop {
        let began = simulation.now;
        let ended = perform(&mut simulation, &warm(&config()), &text, again);
        assert!(began.until(ended.at) < secs(2), "no worker is held: {:?}", ended.at);
        looks.push(began.elapsed().as_secs());
        match ended.result {
            Ok(Performed::Undecided(undecided)) => {
                simulation.now = moment(undecided.poll_again_at.since(wall(at(0))).unwrap());
            }
            Ok(Performed::Done(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((looks, puts(&simulation)), (vec![10, 130, 430], 1));
}

#[test]
fn a_posting_of_a_run_that_never_shows_is_undecided_for_a_day_and_then_unknown_with_its_status() {
    let intent = Intent::new(&warm(&config()), PostBillRun::new("2c98"), at(0)).unwrap();
    let text = intent.to_json().unwrap();
    let run = r#"{"success":true,"id":"2c98","billRunNumber":"BR-1","status":"Completed"}"#;
    let serve = |request: &HttpRequest, _| {
        let is_run = request.uri().path().starts_with("/v1/bill-runs");
        (ms(100), received(200, &[], if is_run { run } else { r#"{"data":[]}"# }))
    };
    let sent = wall(at(0));
    for (age, is_undecided) in [(600, true), (86_399, true), (86_400, false), (900_000, false)] {
        let mut simulation = Simulation::new(serve);
        simulation.now = at(age);
        let session = warm(&config());
        session.set_token(&Token::new("t".to_owned().into(), secs(1_000_000)), at(age)).unwrap();
        let ended = perform(&mut simulation, &session, &text, Delivery::again(sent));
        if is_undecided {
            assert!(matches!(ended.result, Ok(Performed::Undecided(_))), "{age} s");
            continue;
        }
        let error = error(ended);
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 0), "{age} s");
        let shown = error.to_string();
        assert!(shown.contains("last status Completed") && shown.contains("2c98"), "{shown}");
        assert!(shown.contains("24 hours after the last possible sending"), "{shown}");
    }
}

#[test]
fn a_wall_clock_that_was_set_back_makes_no_key_fresh() {
    let text = kept(post());
    let day = secs(24 * 60 * 60);
    for (ahead, sent) in [(secs(10 * 60), 1), (day * 2, 0)] {
        let mut simulation = Simulation::new(script([success()]));
        let again = Delivery::again(wall(at(0))).since(wall(moment(ahead)));
        let ended = perform(&mut simulation, &warm(&config()), &text, again);
        assert_eq!(simulation.calls().len(), sent, "{ahead:?}");
        if sent == 0 {
            assert_eq!(error(ended).outcome(), Outcome::Unknown);
        }
    }
}

#[test]
fn a_redelivered_post_is_not_sent_after_the_day_of_its_key() {
    let text = kept(post());
    let day = secs(24 * 60 * 60);
    let busy = received(503, &[("Retry-After", "1800")], "");
    let mut simulation = Simulation::new(script([busy, success()]));
    simulation.now = moment(day - secs(25 * 60));
    let session = warm(&config().timeout(day));
    let token = Token::new("t".to_owned().into(), day);
    session.set_token(&token, simulation.now).unwrap();
    let again = Delivery::again(wall(simulation.now)).since(wall(at(0)));
    assert_eq!(error(perform(&mut simulation, &session, &text, again)).outcome(), Outcome::Unknown);
    assert_eq!(simulation.calls().len(), 1);
}

#[test]
fn a_lease_that_ends_before_the_sending_does_not_forget_the_earlier_one() {
    let before = "2026-01-01 00:00:00";
    let mut serve = invoice("Draft", before);
    let mut simulation = Simulation::new(move |request: &HttpRequest, now| (secs(5), serve(request, now).1));
    simulation.now = at(431);
    let again = Delivery::again(wall(at(0))).lease_until(at(433));
    let ended = perform(&mut simulation, &warm(&config()), &kept_post(Some(before)), again);
    let Ok(Performed::Undecided(undecided)) = ended.result else { panic!("{:?}", ended.result) };
    assert_eq!(puts(&simulation), 0);
    assert_eq!(undecided.maybe_sent_at, Some(wall(at(0))));
}

#[test]
fn a_delivery_that_cannot_begin_says_nothing_about_an_earlier_one() {
    let again = Delivery::again(wall(at(0)));
    let rejecting = [
        config().read_only(),
        Config::with_token("https://rest.eu.zuora.com", "t"),
        config().entity_id("e1"),
    ];
    for operation in [post(), put()] {
        let text = kept(operation);
        for config in rejecting.clone() {
            let mut simulation = Simulation::new(script([]));
            let error = error(perform(&mut simulation, &warm(&config), &text, again));
            assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 0), "{error}");
        }
        let mut simulation = Simulation::new(script([]));
        simulation.now = Timestamp::new(secs(1));
        let error = error(perform(&mut simulation, &warm(&config()), &text, again));
        assert_eq!(error.outcome(), Outcome::Unknown, "no wall clock");
    }
}
