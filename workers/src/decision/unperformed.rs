//! The decision about a job that its worker does not perform.

use std::time::Duration;

use zuora_core::intent::Intent;
use zuora_core::operation::Operation as _;
use zuora_core::transport::WallTime;

use super::{Decision, InDoubt, Limits, Record, end};

/// Decides about a job that no worker may try again, such as one that ends its workers. A person decides if an earlier
/// delivery may have sent it.
pub fn poisoned(
    key: &str,
    intent: &str,
    record: &Record,
    why: impl Into<String>,
    limits: &Limits,
) -> Decision {
    match record.may_be_sent() {
        true => doubt(key, Intent::from_json(intent).ok().as_ref(), record, why.into(), limits),
        false => Decision::rejected(why),
    }
}

/// Decides about a job that this worker cannot perform: other workers get it for a while, as during a rolling deploy.
/// Then it ends as [`poisoned`] does, and so does a job whose line in the send log cannot be read either.
pub fn unreadable(
    key: &str,
    intent: &str,
    mut record: Record,
    why: impl Into<String>,
    limits: &Limits,
    now: WallTime,
) -> (Decision, Record) {
    if record.is_unreadable {
        return (poisoned(key, intent, &record, why, limits), Record::default());
    }
    record.lone_starts = 0;
    let since = *record.unreadable_since.get_or_insert(now);
    let decision = match now.since(since).is_some_and(|waited| waited >= limits.unreadable) {
        true => poisoned(key, intent, &record, why, limits),
        false => Decision::not_before(now + (limits.unreadable / 60).max(Duration::from_secs(1)), why),
    };
    (decision, record)
}

/// Returns the reason that a text cannot be performed, with its beginning. The job itself keeps the whole text.
pub(crate) fn with_text(why: impl std::fmt::Display, text: &str) -> String {
    format!("{}; the text is {}", end::cut(&why.to_string(), QUOTE), end::cut(text, QUOTE))
}

/// Longest quotation of a text of another program, in characters.
const QUOTE: usize = 1000;

/// Returns the doubt about an intent that may have been sent, with all that a person needs. `intent` is `None` if its
/// text cannot be read.
pub(super) fn doubt(
    key: &str,
    intent: Option<&Intent>,
    record: &Record,
    why: String,
    limits: &Limits,
) -> Decision {
    let request = intent.and_then(|intent| intent.operation().request().ok());
    let request = request.map(|request| format!("{} {}", request.method(), request.uri().path()));
    let request = request.unwrap_or_else(|| "the operation of the job".to_owned());
    let look_from = record.sent.map(|sent| sent.last + limits.span);
    let wait = look_from.map_or_else(String::new, |from| {
        format!("from {} on, in milliseconds since 1970 UTC, ", from.unix_millis())
    });
    Decision::InDoubt(Box::new(InDoubt {
        operation: intent.map_or("", |intent| intent.operation().spec().name).to_owned(),
        advice: format!(
            "{wait}find out in the tenant whether {request} was applied between the two times; then `resolve {key:?} \
             --applied EVIDENCE`, which ends the job, or `resolve {key:?} --not-applied`, which sends it again as if \
             it had never been sent. Earlier, the service may still be at work on it"
        ),
        request,
        why: end::cut(&why, end::LONGEST_REASON),
        idempotency_key: intent.and_then(Intent::idempotency_key).map(str::to_owned),
        first_sent: record.sent.map(|sent| sent.first),
        last_sent: record.sent.map(|sent| sent.last),
        look_from,
        baseline: record.baseline.clone(),
        request_id: None,
        process_id: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_quotes_the_beginning_of_a_long_text() {
        assert_eq!(with_text("no job", "x"), "no job; the text is x");
        let long = "\u{e9}\"".repeat(100_000);
        let why = with_text(&long, &long);
        assert_eq!(why.matches("cut off, 300000 bytes in all").count(), 2, "{why}");
        assert!(why.chars().count() < 2200 && why.contains("\u{e9}\"\u{e9}"), "{why}");
        let record = Record::default();
        let limits = Limits::default();
        for decision in [
            poisoned("a", "", &record, long.clone(), &limits),
            poisoned("a", "", &Record::of_unreadable_line(), long.clone(), &limits),
            unreadable("a", "", record, long, &limits, WallTime::from_unix_millis(0)).0,
        ] {
            assert!(serde_json::to_string(&decision).unwrap().len() < 20_000, "{}", decision.state());
        }
    }
}
