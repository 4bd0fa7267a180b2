//! The course of one delivery.

use std::time::Duration;

use zuora_core::intent::{AnyOperation, Delivery, Intent, Performed};
use zuora_core::invoices::GetInvoiceItems;
use zuora_core::operation::{Effect, Operation as _};
use zuora_core::transport::{Timestamp, WallTime};
use zuora_core::types::RequestScope;
use zuora_core::{Error, ErrorKind, Outcome};

use super::added_items::{self, Added, SeenItem};
use super::unperformed::{self, unreadable};
use super::{Acknowledged, Decision, Limits, Record, Sendings};
use crate::job::ONE_JOB_A_ROW;

/// One delivery of a job, as a computation that requests its IO: each input returns the next [`Step`].
///
/// [`deliver`](crate::deliver) does the steps with a client and a send log.
#[derive(Debug)]
pub struct Work {
    key: String,
    intent: Intent,
    record: Record,
    /// The line as it is in the log.
    line: Record,
    limits: Limits,
    added: Vec<Added>,
    /// The delivery that the record permits, and the sendings before it.
    before: Option<Sendings>,
    /// The time of the read of the state before the write.
    read_at: Option<Timestamp>,
    doubt: Option<Error>,
    is_unauthorized: bool,
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
        Self {
            key: key.into(),
            intent,
            line: record.clone(),
            record,
            limits,
            added,
            before: None,
            read_at: None,
            doubt: None,
            is_unauthorized: false,
        }
    }

    /// Returns the first step. `session` is the scope of the intents that the session of this worker makes.
    pub fn start(&mut self, session: &RequestScope, now: Timestamp, lease: Timestamp) -> Step {
        if self.record.is_unreadable {
            return self.in_doubt("the line of the send log cannot be read", None, now);
        }
        let spec = self.intent.operation().spec();
        if spec.has_rows {
            let why = format!("{}: {ONE_JOB_A_ROW}", spec.name);
            return match self.record.sent {
                Some(_) => self.in_doubt(why, None, now),
                None => self.decided(Decision::rejected(why)),
            };
        }
        if let Some(other) = difference(self.intent.scope(), session) {
            let why = format!("the session of this worker has another {other} than the intent");
            return self.put_aside(why, now);
        }
        let is_unkeyed = self.effect() == Effect::Unkeyed;
        match self.record.sent {
            Some(sent) if is_unkeyed && sent.last > wall(now) => {
                self.decided(Decision::not_before(sent.last, "another worker may send it until then"))
            }
            Some(_) => self.write(now, lease),
            None if is_unkeyed && (self.intent.baseline().is_none() || !self.added.is_empty()) => {
                self.prepare()
            }
            None => self.write(now, lease),
        }
    }

    fn prepare(&self) -> Step {
        Step::Prepare {
            baseline_of: self.intent.operation().clone(),
            items: (!self.added.is_empty()).then(|| self.items()).flatten(),
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
            Err(_) => (self.record.baseline, self.record.items) = (None, None),
        }
        self.read_at = Some(now);
        Step::Wait(self.limits.baseline_pause)
    }

    /// Continues after a wait. After one that was much too long, the state is read again: an item that another user has
    /// added meanwhile would count as evidence.
    pub fn waited(&mut self, now: Timestamp, lease: Timestamp) -> Step {
        let longest = self.limits.baseline_pause + MAX_DELAY;
        match self.read_at.is_some_and(|read_at| read_at.until(now) > longest) {
            true => self.prepare(),
            false => self.write(now, lease),
        }
    }

    /// Returns the record of a possible sending until the end of the lease.
    fn write(&mut self, now: Timestamp, lease: Timestamp) -> Step {
        self.record.unreadable_since = None;
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
            return self.decided(Decision::not_before(at, "another worker has sent it, or is about to"));
        }
        self.record.version += 1;
        self.line = self.record.clone();
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

    /// Whether the delivery has ended because the service rejects the credentials of the session.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.is_unauthorized
    }

    /// Notes that the line of the record has been written for a longer lease.
    pub fn renewed(&mut self, record: Record) {
        self.line = record.clone();
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
                let shows = match evidence.is_under_way {
                    true => format!("{}; still in progress", evidence.shows),
                    false => evidence.shows,
                };
                return self.decided(Decision::Acknowledge(Acknowledged::Evidence(shows)));
            }
            Ok(Performed::Undecided(undecided)) => {
                self.record.sent = undecided.maybe_sent_at.map(|last| Sendings { first, last });
                // Not a failure: the performance itself ends after a day.
                let soonest = wall(now) + Duration::from_secs(1);
                return self
                    .decided(Decision::not_before(undecided.poll_again_at.max(soonest), undecided.why));
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
        let (record, intent) = (std::mem::take(&mut self.record), self.intent.to_json().unwrap_or_default());
        let (decision, record) = unreadable(&self.key, &intent, record, why, &self.limits, wall(now));
        self.record = record;
        self.decided(decision)
    }

    fn try_later(&mut self, error: &Error, now: Timestamp) -> Step {
        self.is_unauthorized = error.kind() == ErrorKind::Auth;
        self.record.unreadable_since = None;
        self.record.tries = self.record.tries.saturating_add(1);
        // A job that was surely never sent waits for as long as an outage or a revoked client lasts.
        if self.record.tries > self.limits.max_tries && self.record.sent.is_some() {
            return self.in_doubt(error.to_string(), Some(error), now);
        }
        let pause = Duration::from_secs(1 << self.record.tries.min(16)).min(self.limits.max_backoff);
        let pause = error.retry_after().map_or(pause, |asked| asked.max(pause));
        self.decided(Decision::not_before(wall(now) + pause, error.to_string()))
    }

    fn in_doubt(&mut self, why: impl Into<String>, error: Option<&Error>, now: Timestamp) -> Step {
        let mut record = self.record.clone();
        if let Some(sent) = &mut record.sent {
            // This delivery ends now; an earlier one may use its lease up.
            let earlier = self.before.map_or(sent.first, |before| before.last);
            sent.last = sent.last.min(wall(now)).max(earlier);
        }
        let mut decision =
            unperformed::doubt(&self.key, Some(&self.intent), &record, why.into(), &self.limits);
        if let (Decision::InDoubt(doubt), Some(error)) = (&mut decision, error) {
            doubt.request_id = error.request_id().map(str::to_owned);
            doubt.process_id = error.process_id().map(str::to_owned);
        }
        self.decided(decision)
    }

    fn decided(&mut self, decision: Decision) -> Step {
        let mut record = std::mem::take(&mut self.record);
        // The worker has not ended.
        record.lone_starts = 0;
        // Writing an unchanged line would only take it from the worker that renews it.
        let is_changed = record != self.line;
        Step::Decided(decision, if is_changed { record } else { Record::default() })
    }

    fn effect(&self) -> Effect {
        self.intent.operation().spec().effect
    }

    /// Returns the list of the items of the invoice that the operation updates.
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

/// Longest time that a wait may exceed its length before the state is read again.
const MAX_DELAY: Duration = Duration::from_secs(3);

/// Longest result that is kept, in bytes.
const MAX_RESULT: usize = 1 << 16;

fn rejected(error: &Error) -> Decision {
    Decision::rejected(error.to_string())
}

/// Returns the wall time of a moment. A transport without a wall clock makes no intents, so the fallback is never used.
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
