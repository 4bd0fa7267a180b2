//! The course of a call over several attempts: how many there are, under which key, and what ends it.

use zuora_core::operation::Effect;
use zuora_core::{ErrorKind, Outcome};
use zuora_tests::simulation::{self, EFFECTS, SendResult, play, received, rejected, rejection_body, success};

#[test]
fn success_true_with_an_undecodable_body_was_applied() {
    // The flag is present, but the rest does not match the model. `RawOperation` reads any body, so the operation here is
    // one that reads a bill run.
    use zuora_core::bill_runs::PostBillRun;
    use zuora_core::machine::Call;
    use zuora_tests::simulation::{Simulation, config, script, warm};

    let cases = [
        (r#"{"success":true,"batches":{"not":"a list"}}"#, Outcome::Applied),
        (r#"{"batches":{"not":"a list"},"success":true}"#, Outcome::Applied),
        (r#"{"success":true,"autoPost":{"cut"#, Outcome::Applied),
    ];
    for (body, outcome) in cases {
        let mut simulation = Simulation::new(script([received(200, &[], body)]));
        let error =
            simulation.drive(Call::new(&warm(&config()), PostBillRun::new("2c98"))).result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, outcome), "{body}: {error}");
        assert!(!error.is_retryable(), "{error}");
        assert!(error.to_string().contains("was applied"), "{error}");
    }
}

#[test]
fn an_unauthorized_call_gets_one_fresh_token_that_does_not_count() {
    for effect in EFFECTS {
        let options = zuora_core::CallOptions::new().max_attempts(1);
        let results = [received(401, &[], ""), success()];
        let (ended, log) = simulation::play_with(&simulation::config(), effect, &options, results);
        assert!(ended.result.is_ok(), "{effect:?}: {:?}", ended.result.err());
        assert_eq!(log.token_requests().len(), 1);
        let bearers: Vec<_> =
            log.calls().iter().map(|sent| sent.request.headers()["authorization"].clone()).collect();
        assert_ne!(bearers[0], bearers[1], "{effect:?}");
    }
}

#[test]
fn a_second_401_is_final_and_mentions_the_data_center() {
    for effect in EFFECTS {
        let (ended, log) = play(effect, [received(401, &[], ""), rejected(401, &["90000011"])]);
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotApplied), "{effect:?}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
        assert!(error.to_string().contains("data center"), "{error}");
        assert!(!error.is_retryable());
        assert_eq!(log.token_requests().len(), 1, "{effect:?}");
    }
}

#[test]
fn a_token_that_was_rejected_twice_is_not_used_by_the_next_call() {
    let session = simulation::warm(&simulation::config());
    let unauthorized = || received(401, &[], "");
    let mut simulation = simulation::Simulation::new(simulation::script([
        unauthorized(),
        unauthorized(),
        simulation::success(),
    ]));
    assert!(simulation.drive(simulation::call(&session, Effect::Read)).result.is_err());
    assert!(simulation.drive(simulation::call(&session, Effect::Read)).result.is_ok());
    assert_eq!(simulation.token_requests().len(), 2);
}

#[test]
fn attempts_are_bounded() {
    for effect in [Effect::Read, Effect::Keyed] {
        for attempts in [1, 2, 5, 9] {
            let options =
                zuora_core::CallOptions::new().max_attempts(attempts).timeout(simulation::secs(100_000));
            let config = simulation::config();
            let (ended, log) = simulation::play_with(
                &config,
                effect,
                &options,
                std::iter::repeat_with(|| received(503, &[], "")),
            );
            let error = ended.result.unwrap_err();
            assert_eq!(log.calls().len() as u32, attempts, "{effect:?}");
            assert_eq!(error.attempts(), attempts);
            assert!(error.is_retryable(), "{error}");
        }
    }
}

#[test]
fn internal_errors_of_a_read_are_retried_at_most_twice() {
    for category in ["50000060", "50000099"] {
        let (ended, log) = play(Effect::Read, std::iter::repeat_with(|| rejected(500, &[category])));
        assert_eq!(log.calls().len(), 3, "{category}");
        assert_eq!(ended.result.unwrap_err().outcome(), Outcome::NotApplied);
    }
    let (_, log) = play(Effect::Read, std::iter::repeat_with(|| rejected(500, &["50000061"])));
    assert_eq!(log.calls().len(), 5, "a temporary error uses all attempts");
}

#[test]
fn a_replayed_rejection_advances_the_key_and_a_new_one_keeps_it() {
    let busy = |id: &str| received(429, &[("Zuora-Request-Id", id)], &rejection_body(&["50000070"]));
    let (ended, log) = play(Effect::Keyed, [busy("a"), busy("b"), busy("a"), success()]);
    assert!(ended.result.is_ok());
    let keys = log.keys();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[1], keys[2]);
    assert_eq!(keys[3], format!("{}.retry1", keys[0]), "the old key plus a counter");

    // The process id identifies a replay as well.
    let busy = |process: &str| {
        let body =
            format!(r#"{{"success":false,"processId":"{process}","reasons":[{{"code":"50000050"}}]}}"#);
        received(409, &[], &body)
    };
    let (_, log) = play(Effect::Keyed, [busy("A1"), busy("A1"), busy("B2"), busy("B2"), success()]);
    let keys = log.keys();
    assert_eq!(
        keys[1..],
        [
            keys[0].clone(),
            format!("{}.retry1", keys[0]),
            format!("{}.retry1", keys[0]),
            format!("{}.retry2", keys[0])
        ]
    );
}

#[test]
fn an_empty_id_does_not_identify_a_replay() {
    let body = r#"{"success":false,"processId":"","requestId":"","reasons":[{"code":"50000050"}]}"#;
    let (_, log) = play(Effect::Keyed, [received(409, &[], body), received(409, &[], body), success()]);
    let keys = log.keys();
    assert_eq!(keys[0], keys[2]);
}

#[test]
fn after_an_unknown_outcome_the_key_never_changes() {
    let busy = || received(429, &[("Zuora-Request-Id", "a")], "");
    let (ended, log) = play(Effect::Keyed, [SendResult::Lost, busy(), busy()]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(
        error.is_replay() && !error.is_retryable(),
        "the service keeps the rejection under the key for a day"
    );
    let keys = log.keys();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(error.idempotency_key(), Some(keys[0].as_str()));
}

#[test]
fn a_replayed_server_error_ends_a_keyed_call() {
    let broken = || received(500, &[("Zuora-Request-Id", "a")], "");
    let (ended, log) = play(Effect::Keyed, [broken(), broken()]);
    let error = ended.result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Server, Outcome::Unknown));
    assert!(error.is_replay() && !error.is_retryable());
    assert!(error.to_string().contains("keeps this failure under the idempotency key"), "{error}");
    assert_eq!(log.calls().len(), 2, "the service keeps the error for a day: further retries are useless");
}

#[test]
fn a_call_waits_for_a_key_that_is_in_use() {
    let (ended, log) =
        play(Effect::Keyed, [SendResult::Lost, received(409, &[], ""), received(409, &[], ""), success()]);
    assert!(ended.result.is_ok());
    let keys = log.keys();
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(ended.waits.len(), 3);
}

#[test]
fn an_undecodable_response_still_reports_the_key() {
    let (ended, _) = play(Effect::Keyed, [received(200, &[], "<html>")]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.is_retryable(), "a later call with the key cannot do the work twice");
    assert!(error.idempotency_key().is_some());
    let (ended, _) = play(Effect::Unkeyed, [received(200, &[], "<html>")]);
    let error = ended.result.unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(error.idempotency_key(), None);
}
