//! The judgement of what was reported, by the journal of the sandbox.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use zuora_core::Outcome;
use zuora_sandbox::{ApiOperation, Effect, EffectKind, InProcess, Sandbox};

use crate::subjects::Subject;

/// The source of an outcome, and its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A call or an intent reports on its own requests.
    Request,
    /// A later read reports on the state of the object.
    Read,
}

/// An outcome other than unknown.
#[derive(Clone, Debug)]
struct Verdict {
    by: By,
    outcome: Outcome,
    /// Number of rows that were reported as done, for a bulk request; more if the outcome of others is unknown.
    rows: Option<RangeInclusive<usize>>,
}

/// The reports of the client in one cell, against what the journal shows.
pub struct Judge<'a> {
    subject: &'a Subject,
    transport: InProcess,
    verdicts: Vec<Verdict>,
    /// Journal entries of other clients.
    others: Vec<Range<u64>>,
    pub false_outcomes: Vec<String>,
    pub double_effects: Vec<String>,
}

impl<'a> Judge<'a> {
    pub fn new(subject: &'a Subject, transport: InProcess) -> Self {
        let (verdicts, others) = (Vec::new(), Vec::new());
        let (false_outcomes, double_effects) = (Vec::new(), Vec::new());
        Self { subject, transport, verdicts, others, false_outcomes, double_effects }
    }

    /// Notes an outcome that was reported now, and checks it.
    pub fn report(&mut self, by: By, outcome: Outcome, rows: Option<RangeInclusive<usize>>) {
        if outcome != Outcome::Unknown {
            self.verdicts.push(Verdict { by, outcome, rows });
            self.check("when it was reported");
        }
    }

    /// Excludes the requests that `act` makes.
    pub fn by_another_client(&mut self, act: impl FnOnce()) {
        let next = |transport: &InProcess| {
            transport.sandbox().journal().entries().next_back().map_or(1, |entry| entry.number() + 1)
        };
        let from = next(&self.transport);
        act();
        self.others.push(from..next(&self.transport));
    }

    /// Checks every outcome that was reported so far, and that nothing was done twice.
    pub fn check(&mut self, when: &str) {
        let sandbox = self.transport.sandbox();
        assert_eq!(sandbox.journal().dropped(), 0, "the journal is complete");
        let mut times = BTreeMap::new();
        let mut done = 0;
        let mut jobs = 0;
        for effect in sandbox.journal().effects().filter(|effect| self.is_own(&sandbox, effect)) {
            let is_primary = self.subject.kinds.contains(&effect.kind);
            done += usize::from(is_primary);
            jobs += usize::from(effect.kind == EffectKind::JobStarted);
            if is_primary || is_document(self.subject, effect.kind) {
                *times.entry((effect.kind, effect.id.clone())).or_insert(0) += 1;
            }
        }
        let most = if self.subject.ids.is_empty() { self.subject.rows.max(1) } else { usize::MAX };
        if done > most || times.values().any(|times| *times > 1) {
            self.double_effects.push(format!("{times:?} {when}"));
        }
        let by_anyone = sandbox
            .journal()
            .effects()
            .filter(|effect| {
                // Only an invoice with its own number is found by a read: there is one at most.
                self.subject.kinds.contains(&effect.kind)
                    && (self.subject.ids.is_empty() || self.subject.ids.contains(&effect.id))
            })
            .count();
        drop(sandbox);
        for verdict in &self.verdicts {
            let is_true = match (verdict.outcome, verdict.by) {
                // A read has no effect that an outcome could be false about.
                _ if self.subject.kinds.is_empty() => done == 0 && jobs == 0,
                (Outcome::NotApplied, _) => done == 0 && jobs == 0,
                (_, By::Request) => match &verdict.rows {
                    Some(rows) => rows.contains(&done),
                    None => done > 0 || jobs > 0,
                },
                (_, By::Read) => by_anyone > 0 || done > 0 || jobs > 0,
            };
            if !is_true {
                let Verdict { by, outcome, rows } = verdict;
                self.false_outcomes.push(format!(
                    "{outcome:?} {rows:?} by {by:?}, but done {done} times with {jobs} jobs {when}"
                ));
            }
        }
    }

    /// Whether the effect is that of a request of the operation by this client, and was not delivered a second time
    /// by a proxy.
    fn is_own(&self, sandbox: &Sandbox, effect: &Effect) -> bool {
        let Some(entry) = effect.request.and_then(|request| sandbox.journal().entry(request)) else {
            return false;
        };
        entry.operation() == Some(self.subject.api)
            && entry.duplicate_of().is_none()
            && !self.others.iter().any(|range| range.contains(&entry.number()))
    }

    /// Returns whether a request of the operation took effect because a proxy delivered it twice.
    pub fn was_repeated_by_a_proxy(&self) -> bool {
        let sandbox = self.transport.sandbox();
        let journal = sandbox.journal();
        let repeated = journal.entries().filter(|entry| entry.duplicate_of().is_some());
        repeated
            .flat_map(|entry| journal.effects_of(entry.number()))
            .any(|effect| self.subject.kinds.contains(&effect.kind))
    }
}

fn is_document(subject: &Subject, kind: EffectKind) -> bool {
    subject.api == ApiOperation::PostBillRun && kind == EffectKind::InvoicePosted
}
