//! Bulk jobs over scripted services: each fault, and what is reported of each row.

use std::time::Duration;

use http::Method;
use zuora_core::invoices::{
    Bulk, BulkCreateStandaloneInvoices, BulkEvent, BulkJob, BulkPostInvoices, BulkUpdateInvoices,
    CreateStandaloneInvoice, InvoicePatch, InvoiceToPost, NewInvoiceItem, RowError, RowState,
};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, Timestamp};
use zuora_core::types::{AccountId, InvoiceId};
use zuora_core::{CallOptions, Config, Date, Error, ErrorKind, Outcome};
use zuora_tests::simulation::{
    self, SendResult, Server, Simulation, header, moment, ms, received, rejected, secs, warm,
};

type Creations = BulkJob<BulkCreateStandaloneInvoices>;
type Postings = BulkJob<BulkPostInvoices>;
type Updates = BulkJob<BulkUpdateInvoices>;

fn config() -> Config {
    Config::with_token("https://rest.zuora.com", "token").max_attempts(1)
}

fn session() -> Session {
    warm(&config())
}

fn day(day: u8) -> Date {
    Date::new(2026, 5, day).unwrap()
}

fn invoice(comment: &str) -> CreateStandaloneInvoice {
    CreateStandaloneInvoice::new(AccountId::from("a1"), day(1), [NewInvoiceItem::named("Fee", 10, day(1))])
        .comments(comment)
}

fn numbered(number: &str) -> CreateStandaloneInvoice {
    invoice(number).invoice_number(number).currency("EUR")
}

fn creations(session: &Session, names: &[&str]) -> Creations {
    Creations::new(session, names.iter().map(|name| (*name, invoice(name)))).unwrap()
}

fn numbered_creations(session: &Session, names: &[&str]) -> Creations {
    Creations::new(session, names.iter().map(|name| (*name, numbered(name)))).unwrap()
}

fn postings(session: &Session, ids: &[&str]) -> Postings {
    Postings::new(session, ids.iter().enumerate().map(|(n, id)| (format!("{n}"), InvoiceToPost::new(*id))))
        .unwrap()
}

fn outcome<A>(result: &Result<A, RowError>) -> Outcome {
    result.as_ref().map_or_else(|error| error.outcome, |_| Outcome::Applied)
}

/// The past of a job: results in the order reported, the last saved state, and the end.
#[derive(Debug)]
struct Ran {
    results: Vec<(String, Outcome)>,
    saved: String,
    end: Result<(), Error>,
}

impl Ran {
    /// Outcomes as letters: applied, rejected, unknown.
    fn letters(&self) -> String {
        self.results
            .iter()
            .map(|(_, outcome)| match outcome {
                Outcome::Applied => 'a',
                Outcome::NotApplied => 'r',
                Outcome::Unknown => '?',
            })
            .collect()
    }
}

fn run<B: Bulk, F: Server>(simulation: &mut Simulation<F>, job: &mut BulkJob<B>) -> Ran {
    let mut ran = Ran { results: Vec::new(), saved: job.to_json().unwrap(), end: Ok(()) };
    loop {
        match simulation.drive(&mut *job).result {
            Ok(Some(event)) => {
                ran.saved = job.to_json().unwrap();
                if let BulkEvent::Chunk(chunk) = event {
                    ran.results.extend(chunk.rows.iter().map(|row| (row.name.clone(), outcome(&row.result))));
                }
            }
            Ok(None) => return ran,
            Err(error) => return Ran { end: Err(error), ..ran },
        }
    }
}

/// Drives a job until the checkpoint before its first request, as a process that is killed there does.
fn killed<B: Bulk>(job: &mut BulkJob<B>, at: Timestamp) -> String {
    let mut simulation = Simulation::new(|_: &HttpRequest, _| unreachable!("nothing is sent"));
    simulation.now = at;
    let event = simulation.drive(&mut *job).result.unwrap();
    assert!(matches!(event, Some(BulkEvent::Checkpoint)));
    job.to_json().unwrap()
}

fn ok(body: &str) -> SendResult {
    received(200, &[], body)
}

fn rows(rows: &str) -> SendResult {
    ok(&format!(r#"{{"success":true,"invoices":[{rows}]}}"#))
}

/// A server whose responses come from a function, 100 ms after each request.
fn serve(mut answer: impl FnMut(&HttpRequest) -> SendResult) -> impl Server {
    move |request: &HttpRequest, _| (ms(100), answer(request))
}

fn post_of(response: SendResult, ids: &[&str]) -> String {
    let session = session();
    let mut simulation = Simulation::new(simulation::script([response]));
    run(&mut simulation, &mut postings(&session, ids)).letters()
}

fn create_of(response: SendResult, count: usize) -> String {
    let session = session();
    let names = &["A", "B", "C", "D"][..count];
    let mut simulation = Simulation::new(simulation::script([response]));
    run(&mut simulation, &mut creations(&session, names)).letters()
}

#[test]
fn each_row_is_judged_by_itself() {
    let refusal = r#""success":false,"reasons":[{"code":"58490020","message":"bad"}]"#;
    // A request that failed, with a row that succeeded: the row contradicts the request.
    let mixed = format!(
        r#"{{"success":false,"reasons":[{{"code":"58490030"}}],"invoices":[{{"id":"i1","success":true}},{{"id":"i2",{refusal}}}]}}"#
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
    let swapped = format!(r#"{{"id":"i2",{refusal}}},{{"id":"i1","success":true}}"#);
    assert_eq!(post_of(rows(&swapped), &["i1", "i2"]), "ar");
    assert_eq!(post_of(ok(r#"{"success":true}"#), &["i1", "i2"]), "??");
    let twice = r#"{"id":"i1","success":true},{"id":"i1","success":false},{"id":"i2","success":true}"#;
    assert_eq!(post_of(rows(twice), &["i1", "i2"]), "?a");
    // One value that cannot be read, and a response that was cut off.
    let odd = format!(r#"{{{refusal}}},{{"id":"i2","success":true,"amount":"n/a"}}"#);
    assert_eq!(create_of(rows(&odd), 2), "ra");
    assert_eq!(create_of(ok(r#"{"success":true,"invoices":[{"success":false,"rea"#), 2), "??");
    let cut = format!(r#"{{"success":true,"invoices":[{{"id":"i1",{refusal}}},{{"id":"i2","succ"#);
    assert_eq!(post_of(ok(&cut), &["i1", "i2"]), "r?");
    let flag_at_the_end =
        format!(r#"{{"invoices":[{{"id":"i1",{refusal}}},{{"id":"i2","success":true}},{{"id"#);
    assert_eq!(post_of(ok(&flag_at_the_end), &["i1", "i2", "i3"]), "ra?");
    assert_eq!(create_of(rows(&format!(r#"{{"objectIndex":2,{refusal}}}"#)), 3), "???");
    let indexed = format!(r#"{{"success":true}},{{"success":true}},{{"objectIndex":1,{refusal}}}"#);
    assert_eq!(create_of(rows(&indexed), 3), "ara");
    assert_eq!(post_of(SendResult::TooLarge, &["i1"]), "?");
    assert_eq!(post_of(received(204, &[], ""), &["i1"]), "?");
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

        for saved in [saved, ran.saved] {
            let second = session();
            let mut job = Creations::from_json(&second, &saved).unwrap();
            assert_eq!(job.in_doubt(), 2);
            assert!(job.mend("B", invoice("B2")).is_err(), "the chunk would become another one");
            let mut again =
                Simulation::new(simulation::script([rows(r#"{"success":true},{"success":false}"#)]));
            again.now = moment(secs(3600));
            assert_eq!(run(&mut again, &mut job).letters(), "ar");
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
fn a_refusal_after_a_doubtful_attempt_is_looked_up_by_number() {
    // The service created N1, forgot its 504, and refuses the number the second time.
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
fn chunks_have_at_most_fifty_rows_and_a_thousand_items() {
    let session = session();
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
fn a_state_that_was_damaged_is_refused() {
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
fn a_row_that_was_refused_by_a_failing_service_is_not_sent_twice() {
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
        // Refused while the row is in doubt.
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
    let refusal = format!(
        r#"{{"success":false,"processId":"{TOKEN}","requestId":"{TOKEN}","reasons":[{{"code":"58490020","message":"Authorization: Bearer {TOKEN}"}}]}}"#
    );
    let doubt = format!(r#"{{"reasons":[{{"code":"58490061","message":"Bearer {TOKEN}"}}]}}"#);
    let mut simulation = Simulation::new(serve(|_| rows(&format!("{refusal},{doubt}"))));
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
fn a_refusal_of_a_posting_in_doubt_is_looked_up() {
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
