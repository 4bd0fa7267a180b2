//! Idempotency keys: which requests get one, its value, and its maximum length.

use std::cell::RefCell;
use std::collections::BTreeSet;

use http::Method;
use zuora_core::machine::{Action, Event, Machine as _};
use zuora_core::operation::{Effect, RawOperation, Spec};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse};
use zuora_core::{CallOptions, Client, Config, Error, ErrorKind, Operation, Outcome};
use zuora_tests::simulation::{
    self, EFFECTS, SendResult, Simulation, at, call, call_with, cold, config, header, moment, ms, play_with,
    received, rejected, script, secs, success, warm,
};

#[test]
fn posts_and_patches_have_a_key_and_nothing_else_does() {
    let cases = [
        (Method::GET, false),
        (Method::HEAD, false),
        (Method::OPTIONS, false),
        (Method::POST, true),
        (Method::PATCH, true),
        (Method::PUT, false),
        (Method::DELETE, false),
    ];
    for (method, keyed) in cases {
        let mut simulation = Simulation::new(script([success()]));
        let raw = RawOperation::new(method.clone(), "/v1/x");
        simulation.drive(zuora_core::machine::Call::new(&warm(&config()), raw)).result.unwrap();
        assert_eq!(simulation.keys().len(), usize::from(keyed), "{method}");
        let length = header(simulation.calls()[0].request.headers(), "content-length");
        assert_eq!(length.as_deref(), (keyed || method == Method::PUT).then_some("0"), "{method}");
    }
    let mut simulation = Simulation::new(script([success()]));
    let query = RawOperation::new(Method::POST, "/v1/action/query").read_only();
    simulation.drive(zuora_core::machine::Call::new(&warm(&config()), query)).result.unwrap();
    assert!(simulation.keys().is_empty(), "a POST that only reads has no key");
}

#[test]
fn a_key_of_the_caller_is_rejected_where_none_is_sent() {
    let options = CallOptions::new().idempotency_key("mine");
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD] {
        let mut simulation = Simulation::new(script([]));
        let raw = RawOperation::new(method.clone(), "/v1/x");
        let error = simulation
            .drive(zuora_core::machine::Call::with_options(&warm(&config()), raw, &options))
            .result
            .unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("Idempotency-Key")), "{method}");
        assert_eq!(error.operation(), "raw");
    }
}

#[test]
fn a_key_of_the_caller_is_sent_unchanged_and_then_numbered() {
    let options = CallOptions::new().idempotency_key("run-2024-06");
    let busy = || received(429, &[("Zuora-Request-Id", "a")], "");
    let (ended, log) = play_with(&config(), Effect::Keyed, &options, [busy(), busy(), success()]);
    assert!(ended.result.is_ok());
    assert_eq!(log.keys(), ["run-2024-06", "run-2024-06", "run-2024-06.retry1"]);
}

#[test]
fn a_number_in_a_key_of_the_caller_is_an_ordinary_part_of_it() {
    // The caller numbers the invoices of one close: the key of the next invoice is not that of a retry.
    let options = CallOptions::new().idempotency_key("close-2024-06.1");
    let busy = || received(429, &[("Zuora-Request-Id", "a")], "");
    let (ended, log) = play_with(&config(), Effect::Keyed, &options, [busy(), busy(), success()]);
    assert!(ended.result.is_ok());
    assert_eq!(log.keys(), ["close-2024-06.1", "close-2024-06.1", "close-2024-06.1.retry1"]);
}

#[test]
fn a_restarted_caller_finds_the_key_that_worked() {
    // The service stores an error response under the first key and the success under the second.
    let session = warm(&config());
    let options = CallOptions::new().idempotency_key("k");
    let mut simulation = Simulation::new(|request: &HttpRequest, _| {
        let result = match header(request.headers(), "idempotency-key").as_deref() {
            Some("k") => received(429, &[("Zuora-Request-Id", "kept")], ""),
            Some("k.retry1") => {
                received(200, &[("Zuora-Request-Id", "done")], r#"{"id":"7","success":true}"#)
            }
            other => panic!("{other:?}"),
        };
        (std::time::Duration::ZERO, result)
    });
    for _ in 0..2 {
        let response = simulation.drive(call_with(&session, Effect::Keyed, &options)).result.unwrap();
        assert_eq!(response.request_id(), Some("done"));
    }
}

#[test]
fn keys_that_cannot_be_sent_are_rejected() {
    let long = "x".repeat(256);
    for key in ["", " ", " padded", "padded ", "with\nnewline", "with\ttab", "ünicode", long.as_str()] {
        let options = CallOptions::new().idempotency_key(key);
        let (ended, log) = play_with(&config(), Effect::Keyed, &options, []);
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("Idempotency-Key")), "{key:?}");
        assert!(log.sent.is_empty());
    }
}

#[test]
fn a_key_of_255_characters_is_sent_unchanged() {
    for key in ["x".repeat(255), format!("{}.77", "x".repeat(252)), "k".to_owned()] {
        let options = CallOptions::new().idempotency_key(&key);
        let (ended, log) = play_with(&config(), Effect::Keyed, &options, [success()]);
        assert!(ended.result.is_ok(), "{}", ended.result.unwrap_err());
        assert_eq!(log.keys(), [key]);
    }
}

#[test]
fn the_key_of_an_error_can_be_used_for_another_call() {
    let longest = "x".repeat(240);
    let options = CallOptions::new().idempotency_key(&longest);
    let busy = || received(429, &[("Zuora-Request-Id", "a")], "");
    let (ended, _) = play_with(
        &config(),
        Effect::Keyed,
        &options.clone().max_attempts(3),
        [busy(), busy(), SendResult::Lost],
    );
    let error = ended.result.unwrap_err();
    let key = error.idempotency_key().unwrap();
    assert_eq!(key, format!("{longest}.retry1"));
    let again = CallOptions::new().idempotency_key(key);
    let (ended, log) = play_with(&config(), Effect::Keyed, &again, [success()]);
    assert!(ended.result.is_ok(), "{}", ended.result.unwrap_err());
    assert_eq!(log.keys(), [key]);
}

#[test]
fn a_counter_is_added_only_where_it_fits() {
    let busy = || received(429, &[("Zuora-Request-Id", "a")], "");
    let cases = [
        ("x".repeat(248), Some(format!("{}.retry1", "x".repeat(248)))),
        ("x".repeat(249), None),
        (format!("{}.retry8", "x".repeat(248)), Some(format!("{}.retry9", "x".repeat(248)))),
        (format!("{}.retry9", "x".repeat(248)), None),
    ];
    for (key, next) in cases {
        let options = CallOptions::new().idempotency_key(&key);
        let (ended, log) = play_with(&config(), Effect::Keyed, &options, [busy(), busy(), success()]);
        let sent = log.keys();
        assert_eq!(sent[..2], [key.clone(), key.clone()]);
        let Some(next) = next else {
            let error = ended.result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotApplied));
            assert!(error.to_string().contains("use another key"), "{error}");
            assert_eq!((error.idempotency_key(), error.is_retryable()), (Some(key.as_str()), false));
            assert_eq!(sent.len(), 2, "nothing longer was sent");
            continue;
        };
        assert!(ended.result.is_ok());
        assert_eq!(sent[2..], [next]);
    }
}

#[test]
fn calls_of_a_session_never_share_a_key() {
    let session = warm(&config());
    let mut keys = BTreeSet::new();
    for _ in 0..100 {
        let mut simulation = Simulation::new(script([success()]));
        simulation.drive(call_with(&session, Effect::Keyed, &CallOptions::new())).result.unwrap();
        keys.extend(simulation.keys());
    }
    assert_eq!(keys.len(), 100);
}

#[test]
fn an_error_reports_the_key_of_its_last_attempt() {
    for effect in EFFECTS {
        let (ended, log) = play_with(&config(), effect, &CallOptions::new(), [rejected(400, &["50000020"])]);
        let error = ended.result.unwrap_err();
        assert_eq!(error.idempotency_key(), log.keys().last().map(String::as_str));
    }
}

#[test]
fn a_dry_run_returns_the_request_without_the_token() {
    let transport = FakeTransport::bare(|_| panic!("nothing is sent"));
    let client = Client::with_transport(&config().track_id("t-1").entity_id("e-1"), transport).unwrap();
    let options = CallOptions::new().idempotency_key("mine").api_version("341.0");
    let request = client.dry_run(&simulation::operation(Effect::Keyed), &options).unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "https://rest.zuora.com/v1/things");
    assert_eq!(&request.body()[..], br#"{"name":"x"}"#);
    let expected = [
        ("authorization", "Bearer ..."),
        ("idempotency-key", "mine"),
        ("zuora-version", "341.0"),
        ("zuora-entity-ids", "e-1"),
        ("zuora-track-id", "t-1"),
        ("accept-encoding", "gzip"),
        ("content-type", "application/json"),
        ("content-length", "12"),
    ];
    for (name, value) in expected {
        assert_eq!(header(request.headers(), name).as_deref(), Some(value), "{name}");
    }
    client
        .set_token(&zuora_core::session::Token::new("the-token".into(), std::time::Duration::from_secs(3600)))
        .unwrap();
    let request = client.dry_run(&simulation::operation(Effect::Read), &CallOptions::new()).unwrap();
    assert_eq!(
        header(request.headers(), "authorization").as_deref(),
        Some("Bearer ..."),
        "also if the session has a token"
    );
    let error = client.dry_run(&simulation::operation(Effect::Unkeyed), &options).unwrap_err();
    assert_eq!(error.field(), Some("Idempotency-Key"));
}

/// An unkeyed write whose request contains a key anyway.
struct PresetHeaders;

impl Operation for PresetHeaders {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::put("preset_headers", "/v1/x");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        let mut request = HttpRequest::default();
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = http::Uri::from_static("/v1/x");
        let headers = request.headers_mut();
        headers.insert("idempotency-key", http::HeaderValue::from_static("own"));
        headers.insert("authorization", http::HeaderValue::from_static("Bearer own"));
        Ok(request)
    }

    fn parse(&self, _: &HttpResponse) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn an_operation_cannot_set_a_key_or_a_token() {
    let mut simulation = Simulation::new(script([success()]));
    simulation.drive(zuora_core::machine::Call::new(&warm(&config()), PresetHeaders)).result.unwrap();
    assert!(simulation.keys().is_empty(), "the service rejects a PUT with a key");
    assert_ne!(simulation.calls()[0].request.headers()["authorization"], "Bearer own");
}

#[test]
fn a_key_with_a_number_continues_from_there_whoever_uses_it() {
    // The service keeps rejections under K and K.retry1, and makes one bill run for each other key.
    let made = RefCell::new(BTreeSet::new());
    let server = |request: &zuora_core::transport::HttpRequest, _| {
        let key = header(request.headers(), "idempotency-key").unwrap();
        let result = match key.as_str() {
            "K" => received(429, &[("Zuora-Request-Id", "r0")], ""),
            "K.retry1" => received(429, &[("Zuora-Request-Id", "r1")], ""),
            _ => {
                made.borrow_mut().insert(key);
                success()
            }
        };
        (ms(10), result)
    };
    let session = warm(&config());
    let mut simulation = Simulation::new(server);
    let first = CallOptions::new().idempotency_key("K").max_attempts(3);
    let error = simulation.drive(call_with(&session, Effect::Keyed, &first)).result.unwrap_err();
    assert_eq!(error.idempotency_key(), Some("K.retry1"));
    assert!(
        simulation.drive(call_with(&session, Effect::Keyed, &CallOptions::retry_of(&error))).result.is_ok()
    );
    // Another process that knows K only.
    let again = CallOptions::new().idempotency_key("K").max_attempts(9);
    assert!(simulation.drive(call_with(&warm(&config()), Effect::Keyed, &again)).result.is_ok());
    drop(simulation);
    assert_eq!(made.into_inner(), BTreeSet::from(["K.retry2".to_owned()]), "one bill run");
}

#[test]
fn an_unkeyed_write_in_doubt_is_not_sent_again_by_a_retry() {
    let session = warm(&config());
    let mut simulation = Simulation::new(script([SendResult::Lost]));
    let lost = simulation.drive(call(&session, Effect::Unkeyed)).result.unwrap_err();
    assert!(lost.failed_at().is_some());
    let error = simulation
        .drive(call_with(&session, Effect::Unkeyed, &CallOptions::retry_of(&lost)))
        .result
        .unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 0));
    assert!(error.to_string().contains("reconcile before retrying"), "{error}");
    assert_eq!(simulation.calls().len(), 1);
    // A rejection leaves nothing in doubt.
    let mut simulation = Simulation::new(script([rejected(400, &["50000020"]), success()]));
    let rejection = simulation.drive(call(&session, Effect::Unkeyed)).result.unwrap_err();
    assert!(
        simulation
            .drive(call_with(&session, Effect::Unkeyed, &CallOptions::retry_of(&rejection)))
            .result
            .is_ok()
    );
}

#[test]
fn a_response_that_cannot_be_read_leaves_the_next_call_in_doubt() {
    let session = warm(&config());
    let mut simulation =
        Simulation::new(script([received(200, &[], "<html>"), rejected(400, &["58730020"])]));
    let first = simulation.drive(call(&session, Effect::Keyed)).result.unwrap_err();
    assert!(first.failed_at().is_some());
    let retry = call_with(&session, Effect::Keyed, &CallOptions::retry_of(&first));
    assert_eq!(simulation.drive(retry).result.unwrap_err().outcome(), Outcome::Unknown);
}

#[test]
fn a_stored_failure_is_recognized_by_the_call_that_retries_it() {
    let session = warm(&config());
    let stored = || received(500, &[("Zuora-Request-Id", "r1")], "");
    let once = CallOptions::new().max_attempts(1);
    let mut simulation = Simulation::new(script([stored(), stored()]));
    let first = simulation.drive(call_with(&session, Effect::Keyed, &once)).result.unwrap_err();
    assert!(!first.is_replay() && first.is_retryable());
    let again = simulation
        .drive(call_with(&session, Effect::Keyed, &CallOptions::retry_of(&first)))
        .result
        .unwrap_err();
    assert!(again.is_replay() && !again.is_retryable());
    assert_eq!((again.attempts(), again.outcome()), (1, Outcome::Unknown));
}

#[test]
fn a_key_in_doubt_is_not_sent_after_its_day_by_any_retry() {
    let day = secs(24 * 3600);
    let once = CallOptions::new().max_attempts(1);
    let session = cold(&Config::with_token("https://rest.zuora.com", "token"));
    // Each retry fails as the first call did, ten hours later than the one before.
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(10), SendResult::Lost));
    let mut error = simulation.drive(call_with(&session, Effect::Keyed, &once)).result.unwrap_err();
    let key = error.idempotency_key().map(str::to_owned);
    for (hours, sent) in [(10, 2), (20, 3), (30, 3), (40, 3)] {
        simulation.now = moment(secs(hours * 3600));
        let retry = CallOptions::retry_of(&error).max_attempts(1);
        error = simulation.drive(call_with(&session, Effect::Keyed, &retry)).result.unwrap_err();
        assert_eq!((simulation.calls().len(), error.outcome()), (sent, Outcome::Unknown), "{hours} h");
        assert_eq!(error.idempotency_key().map(str::to_owned), key);
    }
    // The machine sleeps for a day between two attempts of one call: its clock stops, the wall clock does not.
    let slept = std::cell::Cell::new(secs(0));
    let mut sent = 0;
    let mut machine = call(&session, Effect::Keyed);
    let (mut event, mut now) = (Event::Tick, at(0));
    let error = loop {
        let awake = now.elapsed();
        let time = now.with_wall(moment(awake + slept.get()).wall().unwrap());
        match machine.step(event, time) {
            Action::Send(..) => {
                sent += 1;
                event = Event::Failure(simulation::lost());
            }
            Action::Wait(until) => {
                slept.set(day);
                (event, now) = (Event::Tick, until);
            }
            Action::Done(result) => break result.unwrap_err(),
        }
    };
    assert_eq!((sent, error.outcome()), (1, Outcome::Unknown), "{error}");
}

#[test]
fn a_retry_that_cannot_be_sent_forgets_neither_the_doubt_nor_the_key() {
    let session = warm(&config().max_attempts(1));
    let mut simulation = Simulation::new(script([SendResult::Lost, success()]));
    let lost = simulation.drive(call(&session, Effect::Keyed)).result.unwrap_err();
    let guarded = warm(&config().read_only());
    let invalid = CallOptions::retry_of(&lost).track_id("no\nheader");
    let other = CallOptions::retry_of(&lost).entity_id("e2");
    for (session, options) in
        [(&guarded, CallOptions::retry_of(&lost)), (&session, invalid), (&session, other)]
    {
        let error = simulation.drive(call_with(session, Effect::Keyed, &options)).result.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 0), "{error}");
        assert_eq!(error.idempotency_key(), lost.idempotency_key());
        assert_eq!(error.failed_at(), lost.failed_at());
    }
    assert_eq!(simulation.calls().len(), 1);
}

#[test]
fn a_retry_is_sent_to_the_entity_of_the_first_call() {
    let session = warm(&config().max_attempts(1));
    let mut simulation = Simulation::new(script([SendResult::Lost, success()]));
    let options = CallOptions::new().entity_id("e1").org_ids(["o1"]).api_version("2024-06-01");
    let lost = simulation.drive(call_with(&session, Effect::Keyed, &options)).result.unwrap_err();
    let retry = CallOptions::retry_of(&lost);
    assert!(simulation.drive(call_with(&session, Effect::Keyed, &retry)).result.is_ok());
    for name in ["zuora-entity-ids", "zuora-org-ids", "zuora-version", "idempotency-key"] {
        let [first, second] = [0, 1].map(|n| header(simulation.calls()[n].request.headers(), name));
        assert_eq!((first.is_some(), &first), (true, &second), "{name}");
    }
}
