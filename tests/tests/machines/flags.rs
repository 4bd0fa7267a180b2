//! Bodies that prove or disprove a success: flags, rows and damage.

use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun, PostBillRun};
use zuora_core::invoices::{BulkPostInvoices, InvoiceToPost};
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::Effect;
use zuora_core::{CallOptions, Date, Error, ErrorKind, Operation, Outcome};
use zuora_tests::simulation::{
    EFFECTS, SendResult, Simulation, at, call_with, config, play, received, script, success, warm,
};

/// The error of an operation whose only response has this status and body.
fn failed<O: Operation>(operation: O, status: u16, body: &str) -> Error {
    let options = CallOptions::new().max_attempts(1);
    let call = Call::with_options(&warm(&config()), operation, &options);
    let mut simulation = Simulation::new(script([received(status, &[], body)]));
    simulation.drive(call).result.map(drop).expect_err(body)
}

fn end(error: &Error) -> (ErrorKind, Outcome) {
    (error.kind(), error.outcome())
}

fn post() -> PostBillRun {
    PostBillRun::new("2c98")
}

fn create() -> CreateBillRun {
    CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 1, 31).unwrap()))
}

#[test]
fn a_rejection_with_a_row_that_succeeded_contradicts_itself() {
    for status in [200, 400] {
        let outcome = |second: bool| {
            let body = format!(
                r#"{{"success":false,"reasons":[{{"code":50000030,"message":"a rule"}}],"invoices":[{{"success":false}},{{"success":{second}}}]}}"#
            );
            failed(BulkPostInvoices::new(["1", "2"].map(InvoiceToPost::new)), status, &body).outcome()
        };
        assert_eq!(outcome(false), Outcome::NotApplied, "{status}");
        assert_eq!(outcome(true), Outcome::Unknown, "{status}");
    }
}

#[test]
fn a_list_whose_only_result_contradicts_itself_proves_nothing() {
    for effect in [Effect::Keyed, Effect::Unkeyed] {
        let (ended, _) = play(effect, [received(200, &[], r#"[{"success":true,"Success":false}]"#)]);
        assert_eq!(end(&ended.result.unwrap_err()), (ErrorKind::Decode, Outcome::Unknown), "{effect:?}");
    }
}

#[test]
fn two_equal_flags_do_not_contradict_each_other() {
    for effect in EFFECTS {
        let (ended, _) = play(effect, [received(200, &[], r#"{"success":true,"Success":true}"#)]);
        assert!(ended.result.is_ok(), "{effect:?}: {:?}", ended.result.err());
    }
}

#[test]
fn a_code_and_a_message_beside_the_reasons_are_no_reason() {
    let body = r#"{"code":"x","message":"m","reasons":[{"code":"50000020","message":"a"}]}"#;
    let (ended, _) = play(Effect::Keyed, [received(400, &[], body)]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.reasons().len(), 1, "{error}");
}

#[test]
fn a_raw_read_that_contains_a_fault_is_rejected() {
    for body in [r#"{"faultcode":"fns:UNHEARD_OF"}"#, r#"{"FaultMessage":"f"}"#, r#"{"error":"unheard_of"}"#]
    {
        let (ended, _) = play(Effect::Read, [received(200, &[], body)]);
        let error = ended.result.map(drop).expect_err(body);
        assert_eq!((error.kind(), error.reasons().len()), (ErrorKind::Rejected, 1), "{body}: {error}");
    }
}

#[test]
fn only_the_flag_itself_is_the_flag() {
    let rejected =
        failed(post(), 200, r#"{"Success":false,"Errors":[{"Code":"INVALID_VALUE","Message":"m"}]}"#);
    assert_eq!(end(&rejected), (ErrorKind::Rejected, Outcome::NotApplied), "{rejected}");
    for body in [r#"{"isSuccess":true}"#, r#"{"status":"success"}"#] {
        let silent = failed(post(), 200, body);
        assert_eq!(end(&silent), (ErrorKind::Decode, Outcome::Unknown), "{silent}");
    }
}

#[test]
fn a_flag_behind_a_damage_proves_nothing() {
    let body = r#"{"id":@,"success":true}"#;
    let put = failed(post(), 200, body);
    assert_eq!((end(&put), put.is_retryable()), ((ErrorKind::Decode, Outcome::Unknown), false), "{put}");
    let keyed = failed(create(), 200, body);
    assert_eq!((end(&keyed), keyed.is_retryable()), ((ErrorKind::Decode, Outcome::Unknown), true), "{keyed}");
    let applied = failed(create(), 200, r#"{"success":true,"batches":{"not":"a list"}}"#);
    assert_eq!((end(&applied), applied.is_retryable()), ((ErrorKind::Decode, Outcome::Applied), false));
}

#[test]
fn an_empty_header_does_not_identify_a_replay() {
    let locked = || {
        let body = r#"{"success":false,"reasons":[{"code":"50000050"}]}"#;
        received(409, &[("Zuora-Request-Id", "")], body)
    };
    let (_, log) = play(Effect::Keyed, [locked(), locked(), success()]);
    let keys = log.keys();
    assert_eq!((keys.len(), &keys[0]), (3, &keys[2]), "the key is kept");
}

#[test]
fn a_read_is_no_retry_of_a_write() {
    let session = warm(&config());
    let once = CallOptions::new().max_attempts(1);
    let mut simulation = Simulation::new(script([received(504, &[], ""), success()]));
    let error = simulation.drive(call_with(&session, Effect::Unkeyed, &once)).result.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let options = CallOptions::retry_of(&error).entity_id("4028838559cb46850159dd1a5e5c02cd");
    assert!(simulation.drive(call_with(&session, Effect::Read, &options)).result.is_ok());
}

#[test]
fn a_key_under_which_nothing_is_in_doubt_does_not_expire() {
    let session = warm(&config());
    let once = CallOptions::new().max_attempts(1);
    let mut simulation = Simulation::new(script([received(429, &[], ""), success()]));
    let error = simulation.drive(call_with(&session, Effect::Keyed, &once)).result.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotApplied);
    simulation.now = at(25 * 3600);
    let again = CallOptions::retry_of(&error);
    let ended = simulation.drive(call_with(&session, Effect::Keyed, &again));
    assert!(ended.result.is_ok(), "{:?}", ended.result.err());
    let keys = simulation.keys();
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_rate_that_is_exceeded_closes_the_quota_and_too_many_requests_at_once_do_not() {
    let rate = r#"{"success":false,"reasons":[{"code":"REQUEST_EXCEEDED_RATE"}]}"#;
    let concurrency = r#"{"success":false,"reasons":[{"code":"50000070"}]}"#;
    for (body, is_closed) in [(rate, true), (concurrency, false)] {
        let session = warm(&config());
        let call = || call_with(&session, Effect::Read, &CallOptions::new());
        let mut first = call();
        assert!(matches!(first.step(Event::Tick, at(0)), Action::Send(..)));
        let SendResult::Received(response) = received(429, &[], body) else { panic!("a response") };
        assert!(matches!(first.step(Event::Response(response), at(0)), Action::Wait(_)));
        let waits = matches!(call().step(Event::Tick, at(0)), Action::Wait(_));
        assert_eq!(waits, is_closed, "{body}");
    }
}
