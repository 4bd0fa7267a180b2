//! The course of one delivery.

use std::time::Duration;

use zuora_core::intent::{AnyOperation, Delivery, Intent, Performed};
use zuora_core::invoices::GetInvoiceItems;
use zuora_core::operation::{Effect, Operation as _};
use zuora_core::transport::{Timestamp, WallTime};
use zuora_core::types::RequestScope;
use zuora_core::{Error, ErrorKind, Outcome};

use super::added_items::{self, Added, SeenItem};
use super::{Acknowledged, Decision, InDoubt, Limits, Record, Sendings};

/// One delivery of a job, as a computation that requests its IO: each input returns the next [`Step`].
///
/// [`deliver`](crate::deliver) does the steps with a client and a send log.
#[derive(Debug)]
pub struct Work {
    key: String,
    intent: Intent,
    record: Record,
    limits: Limits,
    added: Vec<Added>,
    /// The delivery that the record permits, and the sendings before it.
    before: Option<Sendings>,
    doubt: Option<Error>,
}

/// The next thing to do for a delivery.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // returned once
pub enum Step {
    /// Read the state of the object before the first write, then call [`Work::prepared`].
    Prepare {
        /// The operation whose baseline to read.
        baseline_of: AnyOperation,
        /// The list of the items of the invoice, if their ids are needed.
        items: Option<GetInvoiceItems>,
    },
    /// Wait for this time by a monotonic clock, then call [`Work::waited`].
    Wait(Duration),
    /// Write the record if its line still has the version in it, then call [`Work::recorded`].
    Record(Record),
    /// Perform the intent, then call [`Work::performed`].
    Perform(Intent, Delivery),
    /// Read the items of the invoice, then call [`Work::items_read`].
    ReadItems(GetInvoiceItems),
    /// Execute the decision, together with the record if its line still has the version in it.
    Decided(Decision, Record),
}

/// The state of an object before a write.
#[derive(Clone, Debug, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Prepared {
    /// `updatedDate` of the object.
    pub baseline: Option<String>,
    /// Ids of the items.
    pub items: Option<Vec<String>>,
}

impl Work {
    /// Begins a delivery of an intent whose line in the send log is `record`.
    pub fn new(key: impl Into<String>, intent: Intent, record: Record, limits: Limits) -> Self {
        let added = added_items::added(intent.operation());
        Self { key: key.into(), intent, record, limits, added, before: None, doubt: None }
    }

    /// Returns the first step. `session` is the scope of the intents that the session of this worker makes.
    pub fn start(&mut self, session: &RequestScope, now: Timestamp, lease: Timestamp) -> Step {
        if let Some(other) = difference(self.intent.scope(), session) {
            let why = format!("the session of this worker has another {other} than the intent");
            return self.put_aside(why, now);
        }
        self.record.unreadable_since = None;
        let is_unkeyed = self.effect() == Effect::Unkeyed;
        match self.record.sent {
            Some(sent) if is_unkeyed && sent.last > wall(now) => {
                self.decided(not_before(sent.last, "another worker may send it until then"))
            }
            Some(_) => self.write(now, lease),
            None if is_unkeyed && (self.intent.baseline().is_none() || !self.added.is_empty()) => {
                Step::Prepare {
                    baseline_of: self.intent.operation().clone(),
                    items: (!self.added.is_empty()).then(|| self.items()).flatten(),
                }
            }
            None => self.write(now, lease),
        }
    }

    /// Takes the state of the object before the write.
    pub fn prepared(&mut self, read: Result<Prepared, Error>, now: Timestamp) -> Step {
        match read {
            Ok(prepared) => {
                self.record.baseline = prepared.baseline;
                self.record.items = prepared.items;
            }
            Err(error) if error.is_retryable() || error.kind() == ErrorKind::Auth => {
                return self.try_later(&error, now);
            }
            // An object that cannot be read: the service rejects the write, or its outcome is for a person.
            Err(_) => {}
        }
        Step::Wait(self.limits.baseline_pause)
    }

    /// Continues after a wait.
    pub fn waited(&mut self, now: Timestamp, lease: Timestamp) -> Step {
        self.write(now, lease)
    }

    /// The record of a possible sending until the end of the lease.
    fn write(&mut self, now: Timestamp, lease: Timestamp) -> Step {
        self.before = self.record.sent;
        let first = self.before.map_or(wall(now), |sent| sent.first);
        self.record.sent = Some(Sendings { first, last: wall(lease) });
        Step::Record(self.record.clone())
    }

    /// Takes whether the record was written.
    pub fn recorded(&mut self, is_written: bool, now: Timestamp, lease: Timestamp) -> Step {
        if !is_written {
            let at = wall(now) + self.limits.span;
            // Version 0 leaves the line of the other worker as it is.
            self.record = Record::default();
            return self.decided(not_before(at, "another worker has sent it, or is about to"));
        }
        self.record.version += 1;
        let delivery = match self.before {
            None => Delivery::first(),
            Some(Sendings { first, last }) => Delivery::again(last).since(first),
        };
        let delivery = delivery
            .lease_until(lease)
            .max_processing(self.limits.span)
            .max_clock_skew(self.limits.clock_skew);
        let intent = match (&self.record.baseline, self.intent.baseline()) {
            (Some(baseline), None) => self.intent.clone().with_baseline(baseline),
            _ => self.intent.clone(),
        };
        Step::Perform(intent, delivery)
    }

    /// Notes that the line of the record has been written for a longer lease.
    pub fn renewed(&mut self, record: Record) {
        self.record = record;
    }

    /// Takes the end of the performance.
    pub fn performed(&mut self, performed: Result<Performed, Error>, now: Timestamp) -> Step {
        let first = self.record.sent.map_or(wall(now), |sent| sent.first);
        let error = match performed {
            Ok(Performed::Done(response)) => {
                let text = match serde_json::to_string(&response.into_inner()) {
                    Ok(text) if text.len() <= MAX_RESULT => text,
                    Ok(text) => format!("{} bytes", text.len()),
                    Err(_) => "accepted".to_owned(),
                };
                return self.decided(Decision::Acknowledge(Acknowledged::Response(text)));
            }
            Ok(Performed::AlreadyDone(evidence)) => {
                return self.decided(Decision::Acknowledge(Acknowledged::Evidence(evidence.shows)));
            }
            Ok(Performed::Undecided(undecided)) => {
                self.record.sent = undecided.maybe_sent_at.map(|last| Sendings { first, last });
                self.record.tries += 1;
                if self.record.tries > self.limits.max_tries {
                    return self.in_doubt(undecided.why, None, now);
                }
                return self.decided(not_before(undecided.look_again_at.max(wall(now)), &undecided.why));
            }
            Ok(_) => {
                return self.in_doubt("the result is of a kind that this version does not know", None, now);
            }
            Err(error) => error,
        };
        match error.outcome() {
            Outcome::Applied => {
                let why = format!("applied, although the response cannot be read: {error}");
                self.decided(Decision::Acknowledge(Acknowledged::Evidence(why)))
            }
            Outcome::NotApplied => {
                self.record.sent = None;
                match error.is_retryable() || error.kind() == ErrorKind::Auth {
                    true => self.try_later(&error, now),
                    false => self.decided(rejected(&error)),
                }
            }
            _ if error.is_retryable() || error.kind() == ErrorKind::Auth => {
                // This delivery has sent nothing that the one before it did not allow for, or it has ended by now.
                self.record.sent = Some(Sendings { first, last: wall(now) });
                self.try_later(&error, now)
            }
            _ => match (self.items(), &self.record.items) {
                (Some(items), Some(_)) if !self.added.is_empty() => {
                    self.doubt = Some(error);
                    Step::ReadItems(items)
                }
                _ => self.in_doubt(error.to_string(), Some(&error), now),
            },
        }
    }

    /// Takes the items of the invoice, if they could be read.
    pub fn items_read(&mut self, items: Result<Vec<SeenItem>, Error>, now: Timestamp) -> Step {
        let doubt = self.doubt.take();
        let items = match items {
            Ok(items) => items,
            Err(error) if error.is_retryable() => return self.try_later(&error, now),
            Err(error) => return self.in_doubt(error.to_string(), doubt.as_ref(), now),
        };
        let before = self.record.items.clone().unwrap_or_default();
        match added_items::evidence(&self.added, &before, &items) {
            Ok(shows) => self.decided(Decision::Acknowledge(Acknowledged::Evidence(shows))),
            Err(why) => {
                let why = doubt.as_ref().map_or_else(|| why.clone(), |doubt| format!("{doubt}; {why}"));
                self.in_doubt(why, doubt.as_ref(), now)
            }
        }
    }

    /// Puts a job back that this worker cannot perform, and gives it up after the time that a rolling deploy takes.
    fn put_aside(&mut self, why: String, now: Timestamp) -> Step {
        let (decision, record) = unreadable(std::mem::take(&mut self.record), why, &self.limits, wall(now));
        Step::Decided(decision, record)
    }

    fn try_later(&mut self, error: &Error, now: Timestamp) -> Step {
        self.record.tries += 1;
        if self.record.tries > self.limits.max_tries {
            return match self.record.sent {
                Some(_) => self.in_doubt(error.to_string(), Some(error), now),
                None => self.decided(rejected(error)),
            };
        }
        let pause = Duration::from_secs(1 << self.record.tries.min(16)).min(self.limits.max_backoff);
        let pause = error.retry_after().map_or(pause, |asked| asked.max(pause));
        self.decided(not_before(wall(now) + pause, &error.to_string()))
    }

    fn in_doubt(&mut self, why: impl Into<String>, error: Option<&Error>, now: Timestamp) -> Step {
        let mut doubt = doubt(&self.key, &self.intent, &self.record, why.into());
        // The end of a lease that may not have been used up.
        doubt.last_sent = doubt.last_sent.map(|last| last.min(wall(now)));
        doubt.request_id = error.and_then(Error::request_id).map(str::to_owned);
        doubt.process_id = error.and_then(Error::process_id).map(str::to_owned);
        self.decided(Decision::InDoubt(Box::new(doubt)))
    }

    fn decided(&mut self, decision: Decision) -> Step {
        Step::Decided(decision, std::mem::take(&mut self.record))
    }

    fn effect(&self) -> Effect {
        self.intent.operation().spec().effect
    }

    /// The list of the items of the invoice that the operation updates.
    fn items(&self) -> Option<GetInvoiceItems> {
        let AnyOperation::UpdateInvoice(update) = self.intent.operation() else { return None };
        #[derive(serde::Deserialize)]
        struct Update {
            #[serde(rename = "invoiceKey")]
            invoice: String,
        }
        let update: Update = serde_json::from_str(&serde_json::to_string(update).ok()?).ok()?;
        Some(GetInvoiceItems::new(update.invoice))
    }
}

/// Decides about a job that ends its workers, so that it cannot stop all of them.
pub fn poisoned(key: &str, intent: &str, record: &Record, why: impl Into<String>) -> Decision {
    match (Intent::from_json(intent), record.sent) {
        (Ok(intent), Some(_)) => Decision::InDoubt(Box::new(doubt(key, &intent, record, why.into()))),
        _ => Decision::rejected(why),
    }
}

fn doubt(key: &str, intent: &Intent, record: &Record, why: String) -> InDoubt {
    let request = intent.operation().request();
    let request = request.map(|request| format!("{} {}", request.method(), request.uri().path()));
    let request = request.unwrap_or_default();
    InDoubt {
        operation: intent.operation().spec().name.to_owned(),
        advice: format!(
            "find out in the tenant whether {request} was applied between the two times; then `resolve {key:?} \
             --applied EVIDENCE`, which ends the job, or `resolve {key:?} --not-applied`, which sends it again as if \
             it had never been sent"
        ),
        request,
        why,
        idempotency_key: intent.idempotency_key().map(str::to_owned),
        first_sent: record.sent.map(|sent| sent.first),
        last_sent: record.sent.map(|sent| sent.last),
        baseline: record.baseline.clone(),
        request_id: None,
        process_id: None,
    }
}

/// Longest result that is kept, in bytes.
const MAX_RESULT: usize = 1 << 16;

/// Decides about a job that this version of the worker cannot read: other workers get it for a while, as during a
/// rolling deploy. Then it is rejected with the reason.
pub fn unreadable(
    mut record: Record,
    why: impl Into<String>,
    limits: &Limits,
    now: WallTime,
) -> (Decision, Record) {
    let since = *record.unreadable_since.get_or_insert(now);
    let why = why.into();
    let decision = match now.since(since).is_some_and(|waited| waited >= limits.unreadable) {
        true => Decision::rejected(why),
        false => not_before(now + (limits.unreadable / 60).max(Duration::from_secs(1)), &why),
    };
    (decision, record)
}

fn not_before(at: WallTime, why: &str) -> Decision {
    Decision::NotBefore { at, why: why.to_owned() }
}

fn rejected(error: &Error) -> Decision {
    Decision::rejected(error.to_string())
}

/// Wall time of a moment. A transport without a wall clock makes no intents, so the fallback is never used.
fn wall(moment: Timestamp) -> WallTime {
    moment.wall().unwrap_or(WallTime::from_unix_millis(0))
}

/// Returns what keeps a session from performing an intent.
fn difference(intent: &RequestScope, session: &RequestScope) -> Option<&'static str> {
    if intent.base_url != session.base_url {
        return Some("base URL");
    }
    if intent.entity_id.is_none() && session.entity_id.is_some() {
        return Some("entity");
    }
    (intent.org_ids.is_none() && session.org_ids.is_some()).then_some("set of organizations")
}
