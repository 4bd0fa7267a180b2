//! The message of one error of each kind. All have one form:
//! `operation: what failed (details); outcome and what to do; request id`.

use std::collections::BTreeSet;

use crate::token_request::token_server;
use zuora_core::bill_runs::{BillRunGoal, BillRunWaiter, GetBillRun, PostBillRun};
use zuora_core::machine::Call;
use zuora_core::operation::Effect;
use zuora_core::polling::{Poller, PollingPolicy};
use zuora_core::{CallOptions, Config, DataCenter, Error, Outcome};
use zuora_tests::simulation::{
    SendResult, Simulation, call, cold, config, play_with, received, rejected, script, secs, warm,
};

fn of_call(effect: Effect, options: &CallOptions, results: Vec<SendResult>) -> Error {
    play_with(&config().backoff(secs(1), secs(1)), effect, options, results).0.result.unwrap_err()
}

#[test]
fn one_message_of_each_kind() {
    let once = CallOptions::new().max_attempts(1);
    let id = [("Zuora-Request-Id", "6f0b6c5e")];
    let rejection = r#"{"success":false,"reasons":[{"code":53100320,"message":"'termType' is wrong"}]}"#;
    let permission = r#"{"success":false,"reasons":[{"code":50000010,"message":"no access"}]}"#;
    let unauthorized = Simulation::new(script([received(401, &[], "")]))
        .drive(call(&cold(&Config::with_token(DataCenter::UsCloud2, "t")), Effect::Read))
        .result
        .unwrap_err();
    let invalid = Simulation::new(script([]))
        .drive(Call::new(&warm(&config()), GetBillRun::new("..")))
        .result
        .unwrap_err();
    let no_token = Simulation::new(token_server(|_| received(503, &[], "")))
        .drive(Call::with_options(&cold(&config()), GetBillRun::new("2c98"), &once))
        .result
        .unwrap_err();
    let wait = |body: &str| {
        let waiter = BillRunWaiter::new("2c98", BillRunGoal::Completed);
        let policy = PollingPolicy::default().timeout(secs(60));
        let poller = Poller::new(&warm(&config()), waiter, policy);
        let reads = (0..100).map(|_| received(200, &[], body));
        Simulation::new(script(reads)).drive(poller.until_done()).result.unwrap_err()
    };
    let undecodable = Simulation::new(script([received(200, &[], r#"{"success":true,"batches":{}}"#)]))
        .drive(Call::new(&warm(&config()), PostBillRun::new("2c98")))
        .result
        .unwrap_err();
    let errors = [
        (
            of_call(Effect::Unkeyed, &once, vec![received(400, &id, rejection)]),
            "raw: [53100320] 'termType' is wrong (400 Bad Request); not applied; request 6f0b6c5e",
        ),
        (
            of_call(Effect::Unkeyed, &once, vec![received(403, &[], permission)]),
            "raw: [50000010] no access (403 Forbidden); not applied; the user or the tenant lacks the permission or \
             the feature",
        ),
        (
            of_call(Effect::Unkeyed, &once, vec![SendResult::Lost]),
            "raw: no complete response was received: connection reset by peer; outcome unknown: the operation may \
             have been applied; reconcile before retrying",
        ),
        (
            of_call(
                Effect::Keyed,
                &CallOptions::new().max_attempts(2),
                vec![SendResult::Lost, SendResult::Lost],
            ),
            "raw: no complete response was received: connection reset by peer (2 attempts, retry after 1 s); outcome \
             unknown: the operation may have been applied; retry with the same idempotency key",
        ),
        (
            of_call(Effect::Read, &once, vec![SendResult::NotSent]),
            "raw: the request was not sent: connection refused (retry after 1 s); not applied; safe to retry",
        ),
        (
            of_call(
                Effect::Read,
                &CallOptions::new().max_wait(secs(1)),
                vec![received(429, &[("Retry-After", "9")], "")],
            ),
            "raw: the service is throttling requests (429 Too Many Requests, retry after 9 s); not applied; safe to \
             retry",
        ),
        (
            of_call(Effect::Unkeyed, &once, vec![received(302, &[], "")]),
            "raw: the server redirects, which is not followed because the token would be sent along: check the base URL \
             (302 Found); not applied",
        ),
        (
            of_call(Effect::Read, &CallOptions::new().timeout(secs(0)), vec![]),
            "raw: timed out before the next attempt; not applied; safe to retry",
        ),
        (
            unauthorized,
            "raw: the service rejected the token (401 Unauthorized); not applied; check the token or the client \
             id and secret, and the data center: a wrong data center looks like wrong credentials",
        ),
        (
            invalid,
            "get_bill_run: `billRunId`: must not be `.` or `..`, which would change the path; not sent",
        ),
        (
            of_call(Effect::Read, &once, vec![received(503, &[], "")]),
            "raw: the service failed (503 Service Unavailable, retry after 1 s); not applied; safe to retry",
        ),
        (
            of_call(Effect::Read, &once, vec![SendResult::TooLarge]),
            "raw: the response is larger than the 1 bytes of `max_response_bytes`; not applied",
        ),
        (
            no_token,
            "get_bill_run: the token request failed (503 Service Unavailable); not applied; safe to retry",
        ),
        (
            wait(r#"{"success":true,"id":"2c98","billRunNumber":"BR-1","status":"Error"}"#),
            "bill run 2c98 is Error instead of Completed (the run failed as a whole)",
        ),
        (
            wait(r#"{"success":true,"id":"2c98","billRunNumber":"BR-1","status":"Processing"}"#),
            "bill run 2c98 was not Completed within 60 s (last status Processing); outcome unknown: the service may still be at work; resume the wait, or read the object",
        ),
        (
            undecodable,
            "post_bill_run: the response cannot be read at `batches`: invalid type: map, expected a list (200 OK); the \
             operation was applied; do not send it again",
        ),
    ];
    for (error, message) in &errors {
        assert_eq!(error.to_string(), *message);
    }
    let shown: BTreeSet<String> = errors.iter().map(|(error, _)| format!("{:?}", error.kind())).collect();
    let source = include_str!("../../../core/src/error/mod.rs");
    let kinds = source.split_once("pub enum ErrorKind {").unwrap().1.split_once("\n}").unwrap().0;
    let kinds = kinds.lines().filter_map(|line| line.trim().strip_suffix(','));
    assert_eq!(shown, kinds.map(str::to_owned).collect(), "a kind without a message");
}

#[test]
fn the_long_form_adds_reasons_and_causes() {
    let error = of_call(Effect::Unkeyed, &CallOptions::new(), vec![rejected(400, &["50000020", "50000030"])]);
    assert_eq!(error.outcome(), Outcome::NotApplied);
    assert!(format!("{error:#}").ends_with("; also: [50000030] because"), "{error:#}");
    let lost = of_call(Effect::Unkeyed, &CallOptions::new(), vec![SendResult::Lost]);
    assert!(format!("{lost:#}").ends_with("; caused by: connection reset by peer"), "{lost:#}");
    let error = Error::failed("an operation of another crate");
    assert_eq!(error.to_string(), "an operation of another crate");
}

#[test]
fn a_message_of_the_service_is_cut_and_cannot_forge_a_line() {
    let huge = "x".repeat(5_000_000);
    let text = format!(r"no\nERROR fake line \u001b[31mred\u2028next\u202e{huge}");
    let reason = format!(r#"{{"code":"58490020{huge}","message":"{text}"}}"#);
    let many = vec![r#"{"message":"another"}"#; 10_000].join(",");
    let body = format!(r#"{{"success":false,"requestId":"{text}","reasons":[{reason},{many}]}}"#);
    let error = of_call(Effect::Read, &CallOptions::new(), vec![received(400, &[], &body)]);
    for printed in [format!("{error}"), format!("{error:#}"), format!("{error:?}"), format!("{error:#?}")] {
        assert!(printed.len() < 10_000, "{} bytes", printed.len());
        assert!(printed.contains('…'));
    }
    for printed in [format!("{error}"), format!("{error:#}"), format!("{error:?}")] {
        assert!(!printed.contains(['\n', '\u{1b}', '\u{2028}', '\u{202e}']), "{printed}");
    }
    assert!(format!("{error:#}").contains("; also: another; and 9991 more reasons"), "{error:#}");
    let first = &error.reasons()[0];
    assert!(!first.to_string().contains(['\n', '\u{2028}']) && first.to_string().len() < 2_000);
    assert_eq!(first.code.len(), 5_000_008, "the whole text is still there");
    assert_eq!(error.body().len(), body.len());
}

#[test]
fn a_huge_text_of_another_kind_is_cut_too() {
    let huge = "x".repeat(5_000_000);
    let body = format!(r#"{{"success":true,"autoPost":"{huge}"}}"#);
    let undecodable = Simulation::new(script([received(200, &[], &body)]))
        .drive(Call::new(&warm(&config()), PostBillRun::new("2c98")));
    for error in [
        Error::invalid("field", huge.clone()),
        Error::unreadable(huge.clone(), huge.clone()),
        Error::failed(huge.clone()),
        zuora_core::transport::TransportError::maybe_sent(huge.clone()).into(),
    ]
    .into_iter()
    .chain(undecodable.result.err())
    {
        for printed in [format!("{error}"), format!("{error:#}"), format!("{error:?}")] {
            assert!(printed.len() < 3_000, "{} bytes", printed.len());
        }
    }
}
