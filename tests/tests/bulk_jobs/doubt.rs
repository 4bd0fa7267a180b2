//! Chunks in doubt: their keys and the days of these, and numbers that are looked up.

use std::time::Duration;

use http::Method;
use zuora_core::invoices::RowState;
use zuora_core::transport::{HttpRequest, Timestamp};
use zuora_core::{CallOptions, Config, ErrorKind, Outcome};
use zuora_tests::simulation::{self, SendResult, Simulation, header, moment, received, rejected, secs, warm};

use crate::{
    Creations, Postings, config, creations, invoice, killed, numbered_creations, ok, postings, rows, run,
    serve, session,
};

#[test]
fn a_mended_job_creates_nothing_twice() {
    let bodies = std::cell::RefCell::new(Vec::new());
    let keys = std::cell::RefCell::new(Vec::new());
    let server = || {
        serve(|request| {
            bodies.borrow_mut().push(String::from_utf8(request.body().to_vec()).unwrap());
            keys.borrow_mut().push(header(request.headers(), "idempotency-key").unwrap());
            match bodies.borrow().len() {
                1 => rows(
                    r#"{"success":true,"id":"1","invoiceNumber":"INV1"},
                    {"success":false,"objectIndex":1,"reasons":[{"code":58490020,"message":"No account"}]},
                    {"success":true,"id":"3"}"#,
                ),
                _ => rows(r#"{"success":true,"id":"2"}"#),
            }
        })
    };
    let first = session();
    let mut job = creations(&first, &["A", "B", "C"]).key_prefix("march");
    let ran = run(&mut Simulation::new(server()), &mut job);
    assert_eq!(ran.letters(), "ara");

    let second = session();
    let mut job = Creations::from_json(&second, &ran.saved).unwrap();
    assert_eq!((job.remaining(), job.in_doubt()), (0, 0));
    let Some(RowState::Applied(applied)) = job.state("A") else { panic!("it was applied") };
    assert_eq!(
        (applied.id.as_ref().unwrap().as_str(), applied.number.as_ref().unwrap().as_str()),
        ("1", "INV1")
    );
    assert!(matches!(job.state("B"), Some(RowState::Rejected([reason])) if reason.message == "No account"));
    assert_eq!(job.mend("A", invoice("A2")).unwrap_err().kind(), ErrorKind::Build, "it was applied");
    assert_eq!(job.mend("Z", invoice("Z")).unwrap_err().field(), Some("name"));
    job.mend("B", invoice("B2")).unwrap();
    let ran = run(&mut Simulation::new(server()), &mut job);
    assert_eq!((ran.letters().as_str(), ran.results[0].0.as_str()), ("a", "B"));
    let bodies = bodies.borrow();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[1].contains("B2") && !bodies[1].contains(r#""A""#) && !bodies[1].contains(r#""C""#));
    assert_ne!(keys.borrow()[0], keys.borrow()[1]);
}

#[test]
fn a_chunk_in_doubt_is_sent_again_with_its_very_bytes_under_its_key() {
    for prefix in [None, Some("march")] {
        let first = session();
        let mut job = creations(&first, &["A", "B"]);
        if let Some(prefix) = prefix {
            job = job.key_prefix(prefix);
        }
        let saved = killed(&mut job, moment(secs(0)));
        // The requests that the killed process sent after the checkpoint.
        let mut lost = Simulation::new(simulation::script([SendResult::Lost]));
        let ran = run(&mut lost, &mut job);
        assert_eq!(ran.letters(), "??");
        assert_eq!(job.in_doubt(), 2);
        assert_eq!(job.mend("A", invoice("A2")).unwrap_err().kind(), ErrorKind::Build);
        assert_eq!(job.retry("A").unwrap_err().kind(), ErrorKind::Build);

        // The killed process may have received a failure of the service after its checkpoint.
        for (saved, letters) in [(saved, "a?"), (ran.saved, "ar")] {
            let second = session();
            let mut job = Creations::from_json(&second, &saved).unwrap();
            assert_eq!(job.in_doubt(), 2);
            assert!(job.mend("B", invoice("B2")).is_err(), "the chunk would become another one");
            let mut again =
                Simulation::new(simulation::script([rows(r#"{"success":true},{"success":false}"#)]));
            again.now = moment(secs(3600));
            assert_eq!(run(&mut again, &mut job).letters(), letters);
            let (lost, again) = (&lost.calls()[0].request, &again.calls()[0].request);
            assert_eq!(lost.body(), again.body());
            let key = |request: &HttpRequest| header(request.headers(), "idempotency-key");
            assert_eq!(key(lost), key(again));
        }
    }
}

#[test]
fn after_the_day_of_its_key_nothing_is_sent() {
    let first = session();
    for (hours, is_sent) in [(23, true), (24, false), (2400, false)] {
        let saved = killed(&mut creations(&first, &["A", "B"]), moment(secs(0)));
        let second = session();
        let mut job = Creations::from_json(&second, &saved).unwrap();
        let mut later = Simulation::new(serve(|_| rows(r#"{"success":true},{"success":true}"#)));
        later.now = moment(secs(hours * 3600));
        let ran = run(&mut later, &mut job);
        assert_eq!(
            (ran.letters().as_str(), later.calls().len()),
            if is_sent { ("aa", 1) } else { ("??", 0) }
        );
        if !is_sent {
            assert!(matches!(job.state("A"), Some(RowState::Unknown)));
            assert!(job.mend("A", invoice("A")).is_err());
            assert_eq!(run(&mut later, &mut job).letters(), "", "it is given up");
            job.resolve("A", Outcome::NotApplied).unwrap();
            job.resolve("B", Outcome::Applied).unwrap();
            job.retry("A").unwrap();
            assert_eq!(job.remaining(), 1);
        }
    }
}

#[test]
fn an_attempt_does_not_outlast_its_key() {
    let first = session();
    let saved = killed(&mut creations(&first, &["A"]), moment(secs(0)));
    let second = session();
    let mut job = Creations::from_json(&second, &saved).unwrap();
    let mut later = Simulation::new(serve(|_| SendResult::Lost));
    later.now = moment(secs(24 * 3600 - 15 * 60 - 7));
    run(&mut later, &mut job);
    assert_eq!(later.calls()[0].limits.timeout, secs(7));
}

#[test]
fn a_state_without_a_wall_time_has_no_known_age() {
    let first = session();
    let saved = killed(&mut creations(&first, &["A"]), Timestamp::new(Duration::ZERO));
    let second = session();
    let mut job = Creations::from_json(&second, &saved).unwrap();
    let mut later = Simulation::new(serve(|_| unreachable!("nothing is sent")));
    assert_eq!(run(&mut later, &mut job).letters(), "?");
}

#[test]
fn invoices_with_a_number_of_the_callers_own_are_looked_up_after_the_day() {
    let first = session();
    let names = ["same", "absent", "amount", "account", "currency", "poor", "down"];
    let saved = killed(&mut numbered_creations(&first, &names), moment(secs(0)));
    let mut created = String::new();
    let read = |request: &HttpRequest| {
        let number = request.uri().path().rsplit('/').next().unwrap().to_owned();
        let found = |account: &str, currency: &str, amount: &str| {
            ok(&format!(
                r#"{{"success":true,"id":"id","invoiceNumber":"{number}","accountId":"{account}","currency":"{currency}","amount":{amount}}}"#
            ))
        };
        match number.as_str() {
            "same" => found("a1", "EUR", "10.00"),
            "absent" => rejected(404, &["50000040"]),
            "amount" => found("a1", "EUR", "10.01"),
            "account" => found("a2", "EUR", "10.00"),
            "currency" => found("a1", "USD", "10.00"),
            "poor" => ok(r#"{"success":true,"id":"id"}"#),
            _ => SendResult::Lost,
        }
    };
    let mut later = Simulation::new(serve(|request| {
        if request.method() == Method::GET {
            return read(request);
        }
        created.push_str(std::str::from_utf8(request.body()).unwrap());
        rows(r#"{"success":true,"id":"new"}"#)
    }));
    later.now = moment(secs(25 * 3600));
    let second = session();
    let mut job = Creations::from_json(&second, &saved).unwrap();
    let ran = run(&mut later, &mut job);
    let results = ran.results.clone();
    let outcome = |name: &str| results.iter().find(|(known, _)| known == name).map(|(_, outcome)| *outcome);
    assert_eq!((outcome("same"), outcome("absent")), (Some(Outcome::Applied), Some(Outcome::Applied)));
    for name in ["amount", "account", "currency", "poor"] {
        assert_eq!(outcome(name), Some(Outcome::Unknown), "{name}");
        assert!(matches!(job.state(name), Some(RowState::Unknown)), "{name}");
    }
    assert_eq!(outcome("down"), Some(Outcome::Unknown));
    assert!(matches!(job.state("down"), Some(RowState::InDoubt)), "it is looked up again");
    drop(later);
    assert!(created.contains("absent") && created.matches("invoiceDate").count() == 1, "{created}");
}

#[test]
fn an_absent_invoice_proves_nothing_while_an_attempt_may_be_at_work() {
    let first = session();
    let saved = killed(&mut numbered_creations(&first, &["N1"]), moment(secs(0)));
    let second = session();
    let mut job = Creations::from_json(&second, &saved).unwrap();
    let mut later = Simulation::new(serve(|_| rejected(404, &["50000040"])));
    later.now = moment(secs(24 * 3600 - 14 * 60));
    assert_eq!(run(&mut later, &mut job).letters(), "?");
    assert_eq!((job.in_doubt(), job.remaining()), (1, 0));
    let gateway = received(404, &[], r#"{"message":"no Route matched with those values"}"#);
    let mut gateway = Some(gateway);
    let mut later = Simulation::new(serve(|_| gateway.take().unwrap()));
    later.now = moment(secs(25 * 3600));
    assert_eq!(run(&mut later, &mut job).letters(), "?");
    assert_eq!((job.in_doubt(), job.remaining()), (1, 0), "a 404 without the reason of category 40");
}

#[test]
fn a_rejection_after_a_doubtful_attempt_is_looked_up_by_number() {
    // The service created N1, forgot its 504, and rejects the number the second time.
    let session = warm(&Config::with_token("https://rest.zuora.com", "token"));
    let mut posts = 0;
    let mut simulation = Simulation::new(serve(|request| {
        if request.method() == Method::GET {
            return match request.uri().path() {
                "/v1/invoices/N1" => ok(
                    r#"{"success":true,"id":"x","invoiceNumber":"N1","accountId":"a1","currency":"EUR","amount":10}"#,
                ),
                _ => rejected(404, &["50000040"]),
            };
        }
        posts += 1;
        match posts {
            1 => received(504, &[], "<html>"),
            _ => rows(
                r#"{"success":false,"objectIndex":0,"reasons":[{"code":58490030,"message":"in use"}]},
                {"success":false,"objectIndex":1,"reasons":[{"code":58490020,"message":"bad"}]}"#,
            ),
        }
    }));
    let mut job = numbered_creations(&session, &["N1", "N2"]);
    assert_eq!(run(&mut simulation, &mut job).letters(), "ar");
}

#[test]
fn a_rejection_of_a_chunk_in_doubt_decides_nothing() {
    let first = session();
    let saved = killed(&mut creations(&first, &["A"]), moment(secs(0)));
    let second = session();
    let mut job = Creations::from_json(&second, &saved).unwrap();
    let mut simulation = Simulation::new(serve(|_| rejected(400, &["50000020"])));
    simulation.now = moment(secs(60));
    assert_eq!(run(&mut simulation, &mut job).letters(), "?", "the first attempt may be at work");
    assert_eq!(job.in_doubt(), 1);
    job.give_up();
    assert!(matches!(job.state("A"), Some(RowState::Unknown)));
}

#[test]
fn a_chunk_in_doubt_stays_in_doubt_without_authorization() {
    let first = session();
    let saved = killed(&mut creations(&first, &["A"]), moment(secs(0)));
    let second = session();
    for (options, status) in [(CallOptions::new(), 401), (CallOptions::new().track_id("x".repeat(65)), 200)] {
        let mut job = Creations::from_json(&second, &saved).unwrap().options(options);
        let mut simulation = Simulation::new(serve(|_| rejected(status, &["90000011"])));
        simulation.now = moment(secs(60));
        assert!(run(&mut simulation, &mut job).end.is_err());
        assert_eq!((job.in_doubt(), job.remaining()), (1, 0));
    }
}

#[test]
fn keys_depend_on_the_content_and_equal_chunks_have_different_keys() {
    let session = session();
    let keys = |ids: &[&str], prefix: &str, options: CallOptions| {
        let mut simulation = Simulation::new(serve(|_| rows("")));
        run(&mut simulation, &mut postings(&session, ids).key_prefix(prefix).options(options));
        simulation.keys()
    };
    let many = vec!["same"; 100];
    let first = keys(&many, "march", CallOptions::new());
    assert_eq!(first, keys(&many, "march", CallOptions::new()), "a restart");
    assert!(first.len() == 2 && first[0] != first[1]);
    assert!(first[0].starts_with("march-") && first[0].len() < 240);
    let entity = CallOptions::new().entity_id("4028838559cb46850159dd1a5e5c02cd");
    assert_ne!(first, keys(&many, "march", entity), "another entity");
    assert_ne!(first, keys(&many, "april", CallOptions::new()));
    for prefix in ["", "ü", &"x".repeat(181)] {
        let mut simulation = Simulation::new(serve(|_| rows("")));
        let mut job = postings(&session, &["a"]).key_prefix(prefix);
        let error = run(&mut simulation, &mut job).end.unwrap_err();
        assert_eq!((error.kind(), error.field(), job.remaining()), (ErrorKind::Build, Some("key_prefix"), 1));
    }
}

#[test]
fn a_job_in_doubt_that_cannot_begin_does_not_say_not_applied() {
    let saved = killed(&mut creations(&session(), &["A"]), moment(secs(0)));
    for config in [config().read_only(), config().entity_id("e1")] {
        let session = warm(&config);
        let mut job = Creations::from_json(&session, &saved).unwrap();
        let mut simulation = Simulation::new(serve(|_| unreachable!("nothing is sent")));
        let error = run(&mut simulation, &mut job).end.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Build, Outcome::Unknown));
        assert_eq!(job.in_doubt(), 1);
    }
}

#[test]
fn a_wall_clock_that_jumps_ahead_does_not_end_the_work_of_the_service() {
    let session = session();
    let mut job = numbered_creations(&session, &["N1"]);
    let mut simulation = Simulation::new(serve(|_| SendResult::Lost));
    assert_eq!(run(&mut simulation, &mut job).letters(), "?");
    let mut simulation = Simulation::new(serve(|request| {
        assert_eq!(request.method(), Method::GET, "the row is in doubt");
        rejected(404, &["50000040"])
    }));
    simulation.now = Timestamp::new(secs(1)).with_wall(moment(secs(3 * 24 * 3600)).wall().unwrap());
    assert_eq!(run(&mut simulation, &mut job).letters(), "?");
    assert_eq!((job.in_doubt(), job.remaining()), (1, 0));
}

#[test]
fn a_rejection_of_a_posting_in_doubt_is_looked_up() {
    for (status, letters) in [("Posted", "a"), ("Draft", "r"), ("Canceled", "?")] {
        let session = session();
        let saved = killed(&mut postings(&session, &["i1"]), moment(secs(0)));
        let mut job = Postings::from_json(&session, &saved).unwrap();
        let mut simulation = Simulation::new(serve(|request| match request.method() {
            &Method::GET => ok(&format!(r#"{{"success":true,"id":"i1","status":"{status}"}}"#)),
            _ => rows(r#"{"id":"i1","success":false,"reasons":[{"code":58490030,"message":"not a draft"}]}"#),
        }));
        assert_eq!(run(&mut simulation, &mut job).letters(), letters, "{status}");
    }
}
