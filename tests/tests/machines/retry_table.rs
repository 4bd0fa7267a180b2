//! Each row of the key table, for each effect: what is repeated, under which key, and what is known after.

use zuora_core::{Effect, Kind, Outcome};

use zuora_tests::simulation::{EFFECTS, Reply, play, refusal_body, refused, reply, success};

/// What a call makes of an answer, when the next one would be a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Sends the same again, and succeeds.
    Again,
    /// Succeeds at once.
    Done,
    /// Gives up.
    Stops(Kind, Outcome),
}

use Outcome::{Applied, NotApplied, Unknown};
use Then::{Again, Done, Stops};

struct Row {
    came_back: &'static str,
    reply: fn() -> Reply,
    read: Then,
    keyed: Then,
    transition: Then,
}

fn row(came_back: &'static str, reply: fn() -> Reply, read: Then, keyed: Then, transition: Then) -> Row {
    Row { came_back, reply, read, keyed, transition }
}

/// A row that is the same for every effect.
fn each(came_back: &'static str, reply: fn() -> Reply, then: Then) -> Row {
    row(came_back, reply, then, then, then)
}

const REFUSED: Then = Stops(Kind::Rejected, NotApplied);
const UNSURE: Then = Stops(Kind::Rejected, Unknown);
const UNREADABLE: Then = Stops(Kind::Decode, Unknown);
/// Reading changes nothing, even when the answer is lost.
const UNREAD: Then = Stops(Kind::Decode, NotApplied);

fn table() -> Vec<Row> {
    vec![
        each("never left", || Reply::NeverLeft, Again),
        // A first 401.
        each("401 without a body", || reply(401, &[], ""), Again),
        each("401 with a reason", || refused(401, &["90000011"]), Again),
        each("category 11 as a 200", || refused(200, &["90000011"]), Again),
        // The service did not begin.
        each("429 without a body", || reply(429, &[], ""), Again),
        each(
            "429 of the rate limit",
            || reply(429, &[], r#"{"reasons":[{"code":70,"message":"x"}]}"#),
            Again,
        ),
        each("429 of another vocabulary", || refused(429, &["SomeWord"]), Again),
        each("409 of a lock", || refused(409, &["50000050"]), Again),
        each("a lock as a 200", || refused(200, &["50000050"]), Again),
        each("a lock as a 500", || refused(500, &["50000050"]), Again),
        each("lock and limit together", || refused(400, &["50000050", "50000070"]), Again),
        each("LOCK_COMPETITION", || refused(200, &["LOCK_COMPETITION"]), Again),
        each("REQUEST_EXCEEDED_LIMIT", || refused(200, &["REQUEST_EXCEEDED_LIMIT"]), Again),
        each(
            "REQUEST_EXCEEDED_RATE, flat and as a 200",
            || reply(200, &[], r#"{"code":"REQUEST_EXCEEDED_RATE","message":"x"}"#),
            Again,
        ),
        // 409 that is about something else.
        row("409 without a body", || reply(409, &[], ""), REFUSED, Again, REFUSED),
        row("409 with another reason", || refused(409, &["58490020"]), REFUSED, Again, REFUSED),
        row("409 with an internal error", || refused(409, &["50000060"]), REFUSED, Again, REFUSED),
        row(
            "409 that holds a success",
            || reply(409, &[], r#"{"id":"1","success":true}"#),
            REFUSED,
            Done,
            REFUSED,
        ),
        // Nobody knows.
        row("no answer", || Reply::Lost, Again, Again, Stops(Kind::Transport, Unknown)),
        row("408", || reply(408, &[], ""), Again, Again, UNSURE),
        row("500 without a body", || reply(500, &[], ""), Again, Again, UNSURE),
        row(
            "500 as specified",
            || reply(500, &[], r#"{"reasons":[{"code":"SystemError","message":"internal server error"}]}"#),
            Again,
            Again,
            UNSURE,
        ),
        row("502 in HTML", || reply(502, &[], "<html>Bad Gateway</html>"), Again, Again, UNSURE),
        row("503", || reply(503, &[], ""), Again, Again, UNSURE),
        row("504", || reply(504, &[], "upstream request timeout"), Again, Again, UNSURE),
        row("category 60", || refused(500, &["50000060"]), Again, Again, UNSURE),
        row("category 61", || refused(500, &["50000061"]), Again, Again, UNSURE),
        row("category 99", || refused(500, &["50000099"]), Again, Again, UNSURE),
        row("category 60 as a 200", || refused(200, &["50000060"]), Again, Again, UNSURE),
        row(
            "category 61 beside a permanent one",
            || refused(400, &["50000061", "50000020"]),
            Again,
            Again,
            UNSURE,
        ),
        row(
            "a lock beside an internal error",
            || refused(409, &["50000050", "50000060"]),
            Again,
            Again,
            UNSURE,
        ),
        row(
            "category 61 as a 200 without the flag",
            || reply(200, &[], r#"{"reasons":[{"code":"50000061","message":"x"}]}"#),
            Again,
            Again,
            // The first row that fits wins; for a transition both say the same.
            Stops(Kind::Rejected, Unknown),
        ),
        row("TEMPORARY_ERROR", || refused(200, &["TEMPORARY_ERROR"]), Again, Again, UNSURE),
        row("TRANSACTION_TIMEOUT", || refused(200, &["TRANSACTION_TIMEOUT"]), Again, Again, UNSURE),
        // 2xx that says nothing.
        row("200 without a body", || reply(200, &[], ""), Done, UNREADABLE, UNREADABLE),
        row("200 without the flag", || reply(200, &[], r#"{"id":"1"}"#), Done, UNREADABLE, UNREADABLE),
        row(
            "200 with a flag of another type",
            || reply(200, &[], r#"{"success":1}"#),
            Done,
            UNREADABLE,
            UNREADABLE,
        ),
        row("200 in HTML", || reply(200, &[], "<html>Welcome</html>"), Done, UNREADABLE, UNREADABLE),
        row(
            "200 cut off before the flag",
            || reply(200, &[], r#"{"id":"1","succ"#),
            Done,
            UNREADABLE,
            UNREADABLE,
        ),
        row(
            "200 with the flag on a row only",
            || reply(200, &[], r#"{"rows":[{"success":true}]}"#),
            Done,
            UNREADABLE,
            UNREADABLE,
        ),
        row(
            "200 with a permanent reason and no flag",
            || reply(200, &[], r#"{"reasons":[{"code":"50000030","message":"x"}]}"#),
            REFUSED,
            UNREADABLE,
            UNREADABLE,
        ),
        row(
            "damaged gzip",
            || reply(200, &[("Content-Encoding", "gzip")], "not gzip"),
            UNREAD,
            UNREADABLE,
            UNREADABLE,
        ),
        row(
            "an encoding nobody asked for",
            || reply(200, &[("Content-Encoding", "br")], "??"),
            UNREAD,
            UNREADABLE,
            UNREADABLE,
        ),
        row(
            "too large",
            || Reply::TooLarge,
            Stops(Kind::Transport, NotApplied),
            Stops(Kind::Transport, Unknown),
            Stops(Kind::Transport, Unknown),
        ),
        each("204", || reply(204, &[], ""), Done),
        each("201", || reply(201, &[], r#"{"success":true}"#), Done),
        each("200 with the older flag", || reply(200, &[], r#"{"Success":true}"#), Done),
        // A refusal for good.
        each("400", || refused(400, &["50000020"]), REFUSED),
        each("a refusal as a 200", || refused(200, &["50000030"]), REFUSED),
        each("a refusal without reasons", || reply(200, &[], r#"{"success":false}"#), REFUSED),
        each("403", || refused(403, &["50000010"]), REFUSED),
        each(
            "404 of the gateway",
            || reply(404, &[], r#"{"message":"no Route matched with those values"}"#),
            REFUSED,
        ),
        each("415", || refused(415, &["50000045"]), REFUSED),
        each("422", || reply(422, &[], ""), REFUSED),
        each("a lock beside a permanent reason", || refused(409, &["50000050", "50000030"]), REFUSED),
        each("a bad token beside a permanent reason", || refused(400, &["90000011", "50000030"]), REFUSED),
        each("500 with a verdict", || refused(500, &["50000030"]), REFUSED),
        each("a redirect", || reply(302, &[("Location", "https://evil.example/")], ""), REFUSED),
    ]
}

#[test]
fn every_row_for_every_effect() {
    for row in table() {
        for (effect, expected) in EFFECTS.into_iter().zip([row.read, row.keyed, row.transition]) {
            let name = format!("{} on {effect:?}", row.came_back);
            let again = if expected == Again { vec![(row.reply)(), success()] } else { vec![(row.reply)()] };
            let (ended, world) = play(effect, again);
            let came = match &ended.result {
                Ok(_) if world.calls().len() == 2 => Again,
                Ok(_) => Done,
                Err(error) => Stops(error.kind(), error.outcome()),
            };
            assert_eq!(came, expected, "{name}: {:?}", ended.result.err());
            let keys = world.keys();
            if effect == Effect::Keyed {
                assert_eq!(keys.len(), world.calls().len(), "{name}: each POST carries a key");
                assert!(keys.iter().all(|key| *key == keys[0]), "{name}: {keys:?}");
            } else {
                assert!(keys.is_empty(), "{name}: {keys:?}");
            }
            for pair in world.calls().windows(2) {
                let (first, again) = (&pair[0].request, &pair[1].request);
                assert_eq!((first.method(), first.uri()), (again.method(), again.uri()), "{name}");
                assert_eq!(first.body(), again.body(), "{name}: a repeat is the same request");
            }
        }
    }
}

#[test]
fn success_true_that_cannot_be_read_further_was_applied() {
    // The flag is there, but the rest is not what the operation reads: `Raw` reads anything, so the operation
    // is one that wants a bill run.
    use zuora_core::Call;
    use zuora_core::bill_runs::PostBillRun;
    use zuora_tests::simulation::{World, config, script, warm};

    let cases = [
        (r#"{"success":true,"autoPost":{"not":"a flag"}}"#, Applied),
        (r#"{"autoPost":{"not":"a flag"},"success":true}"#, Applied),
        (r#"{"success":true,"autoPost":{"cut"#, Applied),
    ];
    for (body, outcome) in cases {
        let mut world = World::new(script([reply(200, &[], body)]));
        let error = world.drive(Call::new(&warm(&config()), PostBillRun::new("2c98"))).result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Decode, outcome), "{body}: {error}");
        assert!(!error.is_retryable(), "{error}");
        assert!(error.to_string().contains("it happened"), "{error}");
    }
}

#[test]
fn an_unauthorized_call_gets_one_fresh_token_that_does_not_count() {
    for effect in EFFECTS {
        let options = zuora_core::CallOptions::new().attempts(1);
        let replies = [reply(401, &[], ""), success()];
        let (ended, world) =
            zuora_tests::simulation::play_with(&zuora_tests::simulation::config(), effect, &options, replies);
        assert!(ended.result.is_ok(), "{effect:?}: {:?}", ended.result.err());
        assert_eq!(world.sign_ins().len(), 1);
        let bearers: Vec<_> =
            world.calls().iter().map(|sent| sent.request.headers()["authorization"].clone()).collect();
        assert_ne!(bearers[0], bearers[1], "{effect:?}");
    }
}

#[test]
fn a_second_401_is_final_and_hints_at_the_data_center() {
    for effect in EFFECTS {
        let (ended, world) = play(effect, [reply(401, &[], ""), refused(401, &["90000011"])]);
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Auth, NotApplied), "{effect:?}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
        assert!(error.to_string().contains("data center"), "{error}");
        assert!(!error.is_retryable());
        assert_eq!(world.sign_ins().len(), 1, "{effect:?}");
    }
}

#[test]
fn attempts_are_bounded() {
    for effect in [Effect::Read, Effect::Keyed] {
        for attempts in [1, 2, 5, 9] {
            let options = zuora_core::CallOptions::new()
                .attempts(attempts)
                .deadline(zuora_tests::simulation::secs(100_000));
            let config = zuora_tests::simulation::config();
            let (ended, world) = zuora_tests::simulation::play_with(
                &config,
                effect,
                &options,
                std::iter::repeat_with(|| reply(503, &[], "")),
            );
            let error = ended.result.unwrap_err();
            assert_eq!(world.calls().len() as u32, attempts, "{effect:?}");
            assert_eq!(error.attempts(), attempts);
            assert!(error.is_retryable(), "{error}");
        }
    }
}

#[test]
fn internal_errors_of_a_read_are_repeated_twice_at_most() {
    for category in ["50000060", "50000099"] {
        let (ended, world) = play(Effect::Read, std::iter::repeat_with(|| refused(500, &[category])));
        assert_eq!(world.calls().len(), 3, "{category}");
        assert_eq!(ended.result.unwrap_err().outcome(), NotApplied);
    }
    let (_, world) = play(Effect::Read, std::iter::repeat_with(|| refused(500, &["50000061"])));
    assert_eq!(world.calls().len(), 5, "a temporary error is worth all attempts");
}

#[test]
fn a_replayed_refusal_gets_the_next_key_and_a_fresh_one_the_same() {
    let busy = |id: &str| reply(429, &[("Zuora-Request-Id", id)], &refusal_body(&["50000070"]));
    let (ended, world) = play(Effect::Keyed, [busy("a"), busy("b"), busy("a"), success()]);
    assert!(ended.result.is_ok());
    let keys = world.keys();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[1], keys[2]);
    assert_eq!(keys[3], format!("{}.1", keys[0]), "the old one plus a counter");

    // The process id tells a replay as well.
    let busy = |process: &str| {
        let body =
            format!(r#"{{"success":false,"processId":"{process}","reasons":[{{"code":"50000050"}}]}}"#);
        reply(409, &[], &body)
    };
    let (_, world) = play(Effect::Keyed, [busy("A1"), busy("A1"), busy("B2"), busy("B2"), success()]);
    let keys = world.keys();
    assert_eq!(
        keys[1..],
        [keys[0].clone(), format!("{}.1", keys[0]), format!("{}.1", keys[0]), format!("{}.2", keys[0])]
    );
}

#[test]
fn an_empty_id_is_no_replay() {
    let body = r#"{"success":false,"processId":"","requestId":"","reasons":[{"code":"50000050"}]}"#;
    let (_, world) = play(Effect::Keyed, [reply(409, &[], body), reply(409, &[], body), success()]);
    let keys = world.keys();
    assert_eq!(keys[0], keys[2]);
}

#[test]
fn after_an_unknown_outcome_no_new_key_is_taken() {
    let busy = || reply(429, &[("Zuora-Request-Id", "a")], "");
    let (ended, world) = play(Effect::Keyed, [Reply::Lost, busy(), busy()]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.outcome(), Unknown);
    assert!(error.is_retryable(), "again, with the same key");
    let keys = world.keys();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(error.idempotency_key(), Some(keys[0].as_str()));
}

#[test]
fn a_replayed_server_error_ends_a_keyed_call() {
    let broken = || reply(500, &[("Zuora-Request-Id", "a")], "");
    let (ended, world) = play(Effect::Keyed, [broken(), broken()]);
    assert_eq!(ended.result.unwrap_err().outcome(), Unknown);
    assert_eq!(world.calls().len(), 2, "the service keeps it for a day: more of the same is no use");
}

#[test]
fn a_key_in_use_is_waited_for() {
    let (ended, world) =
        play(Effect::Keyed, [Reply::Lost, reply(409, &[], ""), reply(409, &[], ""), success()]);
    assert!(ended.result.is_ok());
    let keys = world.keys();
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(ended.waits.len(), 3);
}

#[test]
fn what_is_unreadable_after_all_still_offers_the_key() {
    let (ended, _) = play(Effect::Keyed, [reply(200, &[], "<html>")]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.outcome(), Unknown);
    assert!(error.is_retryable(), "a later call with the key cannot do the work twice");
    assert!(error.idempotency_key().is_some());
    let (ended, _) = play(Effect::Transition, [reply(200, &[], "<html>")]);
    let error = ended.result.unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(error.idempotency_key(), None);
}
