//! The retry budget: the retries of all calls of a session share one budget, so that an outage is not multiplied.

use zuora_core::operation::Effect;
use zuora_core::transport::HttpRequest;
use zuora_core::{CallOptions, ErrorKind, Outcome};
use zuora_tests::simulation::{
    EFFECTS, SendResult, Simulation, call, cold, config, ms, play_with, received, rejection_body, script,
    secs, success, warm,
};

#[test]
fn an_outage_is_not_multiplied_by_the_retries_of_all_calls() {
    let outages: [fn() -> SendResult; 3] =
        [|| SendResult::Lost, || SendResult::NotSent, || received(503, &[], "")];
    for outage in outages {
        let session = warm(&config());
        let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(100), outage()));
        let ends = simulation.run((0..1_000).map(|_| call(&session, Effect::Keyed)).collect());
        assert_eq!(simulation.calls().len(), 1_100, "each call once, and the budget of 100 retries");
        for ended in ends {
            let error = ended.result.unwrap_err();
            assert!(error.is_retryable());
            assert!(error.to_string().contains("retry budget"), "{error}");
            let unknown = !matches!(outage(), SendResult::NotSent);
            let outcome = if unknown { Outcome::Unknown } else { Outcome::NotApplied };
            assert_eq!(error.outcome(), outcome, "{error}");
        }
    }
}

#[test]
fn an_empty_retry_budget_shows_the_last_failure() {
    let once = config().retry_budget(0);
    let (ended, _) = play_with(&once, Effect::Read, &CallOptions::new(), [received(503, &[], "")]);
    let error = ended.result.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
    assert_eq!(
        error.to_string(),
        "raw: the service failed (503 Service Unavailable, retry after 1 s, the session's retry budget is used \
         up); not applied; safe to retry"
    );
    let (ended, _) = play_with(&once, Effect::Unkeyed, &CallOptions::new(), [SendResult::NotSent]);
    let error = ended.result.unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Transport);
    // A call that has no attempt or no time left does not blame the budget.
    let options = CallOptions::new().timeout(secs(1));
    let (ended, _) = play_with(&once, Effect::Read, &options, [received(503, &[], "")]);
    assert!(ended.result.unwrap_err().to_string().contains("no time is left"));
    let options = CallOptions::new().max_attempts(1);
    let (ended, _) = play_with(&once, Effect::Read, &options, [received(503, &[], "")]);
    assert!(!ended.result.unwrap_err().to_string().contains("budget"));
}

#[test]
fn limits_and_locks_and_new_tokens_take_nothing_from_the_retry_budget() {
    let results = || {
        [
            received(429, &[], ""),
            received(429, &[], &rejection_body(&["50000070"])),
            received(409, &[], &rejection_body(&["50000050"])),
            received(401, &[], ""),
            success(),
        ]
    };
    for effect in EFFECTS {
        let once = config().retry_budget(0);
        let (ended, _) = play_with(&once, effect, &CallOptions::new(), results());
        assert!(ended.result.is_ok(), "{effect:?}: {:?}", ended.result.err());
    }
}

#[test]
fn successes_refill_the_retry_budget() {
    let session = warm(&config().retry_budget(1));
    let drive = |results: Vec<SendResult>| {
        let mut simulation = Simulation::new(script(results));
        simulation.drive(call(&session, Effect::Read)).result.map(drop)
    };
    assert!(
        drive(vec![SendResult::NotSent, success()]).is_ok(),
        "one retry is there, and a fifth is refunded"
    );
    assert!(drive(vec![SendResult::NotSent]).is_err());
    for _ in 0..4 {
        assert!(drive(vec![success()]).is_ok());
    }
    assert!(drive(vec![SendResult::NotSent, success()]).is_ok(), "five successes pay for one retry");
    assert!(drive(vec![SendResult::NotSent]).is_err());
}

#[test]
fn token_requests_draw_on_the_retry_budget_too() {
    let session = cold(&config().retry_budget(2));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(100), received(503, &[], "")));
    for _ in 0..3 {
        let error = simulation.drive(call(&session, Effect::Read)).result.unwrap_err();
        assert!(error.is_retryable());
        assert!(error.to_string().contains("retry budget"), "{error}");
    }
    assert_eq!(simulation.token_requests().len(), 5, "three calls, and two retries");
}
