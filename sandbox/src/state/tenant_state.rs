//! The state as a whole: what the tenant owns, what was billed, and what is in progress.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::background_job::BackgroundJob;
use super::bill_run::{BillRun, BillRunStatus};
use super::billing::Ledger;
use super::contact::Contact;
use super::credit_memo::CreditMemo;
use super::effect::{EffectKind, EffectLog};
use super::ids::Ids;
use super::invoices::Invoices;
use super::job::Job;
use super::overrides::Overrides;
use super::page_ends::PageEnds;
use super::store::Store;
use super::tenant::Tenant;
use crate::settings::Settings;
use crate::values::{Date, UnixTime};

/// Everything that operations read and change.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) settings: Settings,
    pub(crate) now: UnixTime,
    /// Maximum number of slices of background work per call; `None` for all that are due.
    pub(crate) slices_per_call: Option<usize>,
    pub(crate) runs: Store<BillRun>,
    /// Positions of the runs whose status changes with time.
    pub(crate) active_runs: BTreeSet<usize>,
    pub(crate) invoices: Invoices,
    pub(crate) credit_memos: Store<CreditMemo>,
    /// Contacts that were created with an invoice.
    pub(crate) contacts: Store<Contact>,
    pub(crate) page_ends: PageEnds,
    pub(crate) jobs: Store<Job>,
    /// Positions of the jobs that are running.
    pub(crate) active_jobs: BTreeSet<usize>,
    pub(crate) ledger: Ledger,
    pub(crate) ids: Ids,
    /// Background jobs that are planned to fail, oldest first.
    pub(crate) failures: VecDeque<BackgroundJob>,
    /// Changes that the journal has not yet received.
    pub(crate) effects: EffectLog,
    /// Faults that affect how the current request is executed.
    pub(crate) overrides: Overrides,
}

impl State {
    pub(crate) fn new(tenant: Arc<Tenant>, settings: Settings) -> Self {
        Self {
            tenant,
            settings,
            now: UnixTime::default(),
            slices_per_call: None,
            runs: Store::default(),
            active_runs: BTreeSet::new(),
            invoices: Invoices::default(),
            credit_memos: Store::default(),
            contacts: Store::default(),
            page_ends: PageEnds::default(),
            jobs: Store::default(),
            active_jobs: BTreeSet::new(),
            ledger: Ledger::default(),
            ids: Ids::default(),
            failures: VecDeque::new(),
            effects: EffectLog::default(),
            overrides: Overrides::default(),
        }
    }

    /// Returns the current date in the tenant's time zone.
    pub(crate) fn today(&self) -> Date {
        self.tenant.zone.date(self.now)
    }

    /// Records a change of an object.
    pub(crate) fn record(&mut self, kind: EffectKind, id: &str) {
        self.effects.record(self.now, kind, id);
    }

    /// Adds a run and returns its position.
    pub(crate) fn add_run(&mut self, run: BillRun) -> usize {
        let position = self.runs.push(run);
        self.active_runs.insert(position);
        position
    }

    /// Adds a job and returns its position.
    pub(crate) fn add_job(&mut self, job: Job) -> usize {
        let is_running = job.is_running();
        let position = self.jobs.push(job);
        if is_running {
            self.active_jobs.insert(position);
        }
        position
    }

    /// Sets the status of a run and records the change.
    pub(crate) fn set_run_status(&mut self, index: usize, status: BillRunStatus) {
        let run = &mut self.runs[index];
        run.set_status(status, self.now);
        run.cause = self.effects.cause.clone();
        self.effects.record(self.now, status.effect(), &run.id);
        match status.is_transient() {
            true => self.active_runs.insert(index),
            false => self.active_runs.remove(&index),
        };
    }

    /// Consumes the oldest planned failure of this kind of job; whether there was one.
    pub(crate) fn take_failure(&mut self, work: BackgroundJob) -> bool {
        let position = self.failures.iter().position(|failing| *failing == work);
        position.is_some_and(|position| self.failures.remove(position).is_some())
    }

    /// Consumes the oldest planned failure to post a document; returns the position of the document.
    pub(crate) fn take_posting_failure(&mut self) -> Option<usize> {
        self.take_position(|failing| match failing {
            BackgroundJob::PostingOf(document) => Some(document),
            _ => None,
        })
    }

    /// Consumes the oldest planned failure to bill an account; returns the position of the account.
    pub(crate) fn take_billing_failure(&mut self) -> Option<usize> {
        self.take_position(|failing| match failing {
            BackgroundJob::BillingOf(account) => Some(account),
            _ => None,
        })
    }

    fn take_position(&mut self, position: fn(BackgroundJob) -> Option<usize>) -> Option<usize> {
        let found = self.failures.iter().position(|failing| position(*failing).is_some())?;
        self.failures.remove(found).and_then(position)
    }

    /// Returns the number of a new draft.
    pub(crate) fn draft_number(&mut self) -> String {
        match self.settings.number_on_posting {
            true => self.ids.temporary_number(),
            false => self.ids.invoice_number(),
        }
    }

    /// Whether a job is in progress on the invoice with that id.
    pub(crate) fn has_running_job(&self, invoice: &str) -> bool {
        self.active_jobs.iter().any(|job| self.jobs[*job].invoice == invoice)
    }
}
