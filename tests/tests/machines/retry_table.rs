//! Each row of the retry table, for each effect: whether a request is retried, under which key, and the outcome.

use zuora_core::operation::Effect;
use zuora_core::{ErrorKind, Outcome};
use zuora_tests::simulation::{EFFECTS, SendResult, play, received, rejected, success};

/// The decision of a call about one result, if the next attempt would succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Sends the same request again, and succeeds.
    Retry,
    /// Succeeds at once.
    Succeed,
    /// Gives up.
    Fail(ErrorKind, Outcome),
}

use Decision::{Fail, Retry, Succeed};
use Outcome::{NotApplied, Unknown};

struct Row {
    name: &'static str,
    result: fn() -> SendResult,
    read: Decision,
    keyed: Decision,
    unkeyed: Decision,
}

fn row(
    name: &'static str,
    result: fn() -> SendResult,
    read: Decision,
    keyed: Decision,
    unkeyed: Decision,
) -> Row {
    Row { name, result, read, keyed, unkeyed }
}

/// A row with the same decision for every effect.
fn each(name: &'static str, result: fn() -> SendResult, decision: Decision) -> Row {
    row(name, result, decision, decision, decision)
}

const REJECTED: Decision = Fail(ErrorKind::Rejected, NotApplied);
const INDETERMINATE: Decision = Fail(ErrorKind::Server, Unknown);
/// The status is not one of the 5xx, but just as little is known.
const INDETERMINATE_4XX: Decision = INDETERMINATE;
const UNDECODABLE: Decision = Fail(ErrorKind::Decode, Unknown);
/// A read changes nothing, even if its response is lost.
const UNDECODABLE_READ: Decision = Fail(ErrorKind::Decode, NotApplied);

fn table() -> Vec<Row> {
    vec![
        each("not sent", || SendResult::NotSent, Retry),
        // A first 401.
        each("401 without a body", || received(401, &[], ""), Retry),
        each("401 with a reason", || rejected(401, &["90000011"]), Retry),
        each("category 11 as a 200", || rejected(200, &["90000011"]), Retry),
        // The service did not start the work.
        each("429 without a body", || received(429, &[], ""), Retry),
        each(
            "429 of the rate limit",
            || received(429, &[], r#"{"reasons":[{"code":70,"message":"x"}]}"#),
            Retry,
        ),
        each("429 of another vocabulary", || rejected(429, &["SomeWord"]), Retry),
        each("409 of a lock", || rejected(409, &["50000050"]), Retry),
        each("a lock as a 200", || rejected(200, &["50000050"]), Retry),
        each("a lock as a 500", || rejected(500, &["50000050"]), Retry),
        each("lock and limit together", || rejected(400, &["50000050", "50000070"]), Retry),
        each("LOCK_COMPETITION", || rejected(200, &["LOCK_COMPETITION"]), Retry),
        each("REQUEST_EXCEEDED_LIMIT", || rejected(200, &["REQUEST_EXCEEDED_LIMIT"]), Retry),
        each(
            "REQUEST_EXCEEDED_RATE, flat and as a 200",
            || received(200, &[], r#"{"code":"REQUEST_EXCEEDED_RATE","message":"x"}"#),
            Retry,
        ),
        // 409 for another reason.
        row("409 without a body", || received(409, &[], ""), REJECTED, Retry, REJECTED),
        row("409 with another reason", || rejected(409, &["58490020"]), REJECTED, Retry, REJECTED),
        row("409 with an internal error", || rejected(409, &["50000060"]), Retry, Retry, INDETERMINATE),
        row("409 with a temporary error", || rejected(409, &["50000061"]), Retry, Retry, INDETERMINATE),
        row("409 with an external error", || rejected(409, &["50000099"]), Retry, Retry, INDETERMINATE),
        row(
            "409 with a success",
            || received(409, &[], r#"{"id":"1","success":true}"#),
            REJECTED,
            Succeed,
            UNDECODABLE,
        ),
        // The outcome is unknown.
        row("no response", || SendResult::Lost, Retry, Retry, Fail(ErrorKind::Transport, Unknown)),
        row("408", || received(408, &[], ""), Retry, Retry, INDETERMINATE_4XX),
        row("444 of nginx", || received(444, &[], ""), Retry, Retry, INDETERMINATE_4XX),
        row("499 of nginx", || received(499, &[], ""), Retry, Retry, INDETERMINATE_4XX),
        row("100 as the final response", || received(100, &[], ""), Retry, Retry, INDETERMINATE_4XX),
        row("600", || received(600, &[], ""), Retry, Retry, INDETERMINATE_4XX),
        row("999", || received(999, &[], ""), Retry, Retry, INDETERMINATE_4XX),
        row(
            "a lock in the words of a gateway",
            || received(502, &[], r#"{"code":50,"message":"bad gateway"}"#),
            Retry,
            Retry,
            INDETERMINATE,
        ),
        row(
            "a limit in the words of a gateway",
            || received(504, &[], r#"{"code":"70","message":"x"}"#),
            Retry,
            Retry,
            INDETERMINATE,
        ),
        row("500 with success", || received(500, &[], r#"{"success":true}"#), Retry, Retry, INDETERMINATE),
        row("500 without a body", || received(500, &[], ""), Retry, Retry, INDETERMINATE),
        row(
            "500 as specified",
            || {
                received(
                    500,
                    &[],
                    r#"{"reasons":[{"code":"SystemError","message":"internal server error"}]}"#,
                )
            },
            Retry,
            Retry,
            INDETERMINATE,
        ),
        row("502 in HTML", || received(502, &[], "<html>Bad Gateway</html>"), Retry, Retry, INDETERMINATE),
        row("503", || received(503, &[], ""), Retry, Retry, INDETERMINATE),
        row("504", || received(504, &[], "upstream request timeout"), Retry, Retry, INDETERMINATE),
        row("category 60", || rejected(500, &["50000060"]), Retry, Retry, INDETERMINATE),
        row("category 61", || rejected(500, &["50000061"]), Retry, Retry, INDETERMINATE),
        row("category 99", || rejected(500, &["50000099"]), Retry, Retry, INDETERMINATE),
        row("category 60 as a 200", || rejected(200, &["50000060"]), Retry, Retry, INDETERMINATE),
        row(
            "category 61 with a permanent one",
            || rejected(400, &["50000061", "50000020"]),
            Retry,
            Retry,
            INDETERMINATE,
        ),
        row(
            "a lock with an internal error",
            || rejected(409, &["50000050", "50000060"]),
            Retry,
            Retry,
            INDETERMINATE,
        ),
        row(
            "category 61 as a 200 without the flag",
            || received(200, &[], r#"{"reasons":[{"code":"50000061","message":"x"}]}"#),
            Retry,
            Retry,
            INDETERMINATE,
        ),
        row("TEMPORARY_ERROR", || rejected(200, &["TEMPORARY_ERROR"]), Retry, Retry, INDETERMINATE),
        row("TRANSACTION_TIMEOUT", || rejected(200, &["TRANSACTION_TIMEOUT"]), Retry, Retry, INDETERMINATE),
        // Contradictions.
        row(
            "400 with success",
            || received(400, &[], r#"{"success":true}"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "404 with success",
            || received(404, &[], r#"{"success":true}"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "two flags that differ",
            || received(200, &[], r#"{"success":true,"a":1,"success":false,"b":2}"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "two spellings of the flag that differ",
            || received(200, &[], r#"{"success":true,"a":1,"Success":false}"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "an escaped flag that differs",
            || received(200, &[], r#"{"\u0073uccess":false,"id":"x","success":true}"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "two documents",
            || received(200, &[], r#"{"success":true}{"success":false}"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row("204 with a body", || received(204, &[], r#"{"id":"1"}"#), Succeed, UNDECODABLE, UNDECODABLE),
        row("204 with a rejection", || rejected(204, &["50000030"]), REJECTED, REJECTED, REJECTED),
        each("204 with success", || received(204, &[], r#"{"success":true}"#), Succeed),
        // Lists of results, as `/v1/action/*` returns them.
        each("a list of successes", || received(200, &[], r#"[{"Success":true,"Id":"1"}]"#), Succeed),
        each(
            "a list of failures",
            || received(200, &[], r#"[{"Success":false,"Errors":[{"Code":"INVALID_VALUE","Message":"m"}]}]"#),
            REJECTED,
        ),
        row(
            "a list of a success and a failure",
            || received(200, &[], r#"[{"Success":true,"Id":"1"},{"Success":false,"Errors":[]}]"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row("a list of other values", || received(200, &[], "[1,2]"), Succeed, UNDECODABLE, UNDECODABLE),
        // 2xx without a conclusive body.
        row("200 without a body", || received(200, &[], ""), Succeed, UNDECODABLE, UNDECODABLE),
        row(
            "200 without the flag",
            || received(200, &[], r#"{"id":"1"}"#),
            Succeed,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "200 with a flag of another type",
            || received(200, &[], r#"{"success":1}"#),
            Succeed,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row("200 in HTML", || received(200, &[], "<html>Welcome</html>"), Succeed, UNDECODABLE, UNDECODABLE),
        row(
            "200 cut off before the flag",
            || received(200, &[], r#"{"id":"1","succ"#),
            Succeed,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "200 with the flag on a row only",
            || received(200, &[], r#"{"rows":[{"success":true}]}"#),
            Succeed,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "200 with a permanent reason and no flag",
            || received(200, &[], r#"{"reasons":[{"code":"50000030","message":"x"}]}"#),
            REJECTED,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "damaged gzip",
            || received(200, &[("Content-Encoding", "gzip")], "not gzip"),
            UNDECODABLE_READ,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "an encoding that was not requested",
            || received(200, &[("Content-Encoding", "br")], "??"),
            UNDECODABLE_READ,
            UNDECODABLE,
            UNDECODABLE,
        ),
        row(
            "too large",
            || SendResult::TooLarge,
            Fail(ErrorKind::Transport, NotApplied),
            Fail(ErrorKind::Transport, Unknown),
            Fail(ErrorKind::Transport, Unknown),
        ),
        each("204", || received(204, &[], ""), Succeed),
        each("201", || received(201, &[], r#"{"success":true}"#), Succeed),
        each("200 with the older flag", || received(200, &[], r#"{"Success":true}"#), Succeed),
        // A permanent rejection.
        each("400", || rejected(400, &["50000020"]), REJECTED),
        each("a rejection as a 200", || rejected(200, &["50000030"]), REJECTED),
        each("a rejection without reasons", || received(200, &[], r#"{"success":false}"#), REJECTED),
        each("403", || rejected(403, &["50000010"]), REJECTED),
        each(
            "404 of the gateway",
            || received(404, &[], r#"{"message":"no Route matched with those values"}"#),
            REJECTED,
        ),
        each("415", || rejected(415, &["50000045"]), REJECTED),
        each("422", || received(422, &[], ""), REJECTED),
        each("a lock with a permanent reason", || rejected(409, &["50000050", "50000030"]), REJECTED),
        each("a bad token with a permanent reason", || rejected(400, &["90000011", "50000030"]), REJECTED),
        each("500 with a reason", || rejected(500, &["50000030"]), Fail(ErrorKind::Server, NotApplied)),
        each("a redirect", || received(302, &[("Location", "https://evil.example/")], ""), REJECTED),
    ]
}

#[test]
fn every_row_for_every_effect() {
    for row in table() {
        for (effect, expected) in EFFECTS.into_iter().zip([row.read, row.keyed, row.unkeyed]) {
            let name = format!("{} on {effect:?}", row.name);
            let results =
                if expected == Retry { vec![(row.result)(), success()] } else { vec![(row.result)()] };
            let (ended, log) = play(effect, results);
            let decision = match &ended.result {
                Ok(_) if log.calls().len() == 2 => Retry,
                Ok(_) => Succeed,
                Err(error) => Fail(error.kind(), error.outcome()),
            };
            assert_eq!(decision, expected, "{name}: {:?}", ended.result.err());
            let keys = log.keys();
            if effect == Effect::Keyed {
                assert_eq!(keys.len(), log.calls().len(), "{name}: each POST has a key");
                assert!(keys.iter().all(|key| *key == keys[0]), "{name}: {keys:?}");
            } else {
                assert!(keys.is_empty(), "{name}: {keys:?}");
            }
            for pair in log.calls().windows(2) {
                let (first, retry) = (&pair[0].request, &pair[1].request);
                assert_eq!((first.method(), first.uri()), (retry.method(), retry.uri()), "{name}");
                assert_eq!(first.body(), retry.body(), "{name}: a retry sends the same request");
            }
        }
    }
}
