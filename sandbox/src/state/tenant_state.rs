//! The state as a whole: what the tenant owns, what was billed, and what is in progress.

use std::collections::VecDeque;

use super::background_job::BackgroundJob;
use super::bill_run::{BillRun, BillRunStatus};
use super::billing::Ledger;
use super::contact::Contact;
use super::effect::{EffectKind, EffectLog};
use super::ids::Ids;
use super::invoice::Invoice;
use super::job::Job;
use super::overrides::Overrides;
use super::tenant::Tenant;
use crate::settings::Settings;
use crate::values::{Date, UnixTime};

/// Everything that operations read and change.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) tenant: Tenant,
    pub(crate) settings: Settings,
    pub(crate) now: UnixTime,
    pub(crate) runs: Vec<BillRun>,
    pub(crate) invoices: Vec<Invoice>,
    /// Contacts that were created with an invoice.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) jobs: Vec<Job>,
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
    pub(crate) fn new(tenant: Tenant, settings: Settings) -> Self {
        Self {
            tenant,
            settings,
            now: UnixTime::default(),
            runs: Vec::new(),
            invoices: Vec::new(),
            contacts: Vec::new(),
            jobs: Vec::new(),
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

    /// Sets the status of a run and records the change.
    pub(crate) fn set_run_status(&mut self, index: usize, status: BillRunStatus) {
        let run = &mut self.runs[index];
        run.set_status(status, self.now);
        run.cause = self.effects.cause.clone();
        self.effects.record(self.now, status.effect(), &run.id);
    }

    /// Consumes the oldest planned failure of this kind of job; whether there was one.
    pub(crate) fn take_failure(&mut self, work: BackgroundJob) -> bool {
        let position = self.failures.iter().position(|failing| *failing == work);
        position.is_some_and(|position| self.failures.remove(position).is_some())
    }

    /// Consumes the oldest planned failure to post a document; returns the position of the document.
    pub(crate) fn take_posting_failure(&mut self) -> Option<usize> {
        let position = |failing: &BackgroundJob| matches!(failing, BackgroundJob::PostingOf(_));
        match self.failures.remove(self.failures.iter().position(position)?)? {
            BackgroundJob::PostingOf(document) => Some(document),
            _ => None,
        }
    }

    /// Whether a job is in progress on the invoice with that id.
    pub(crate) fn has_running_job(&self, invoice: &str) -> bool {
        self.jobs.iter().any(|job| job.invoice == invoice && job.is_running())
    }
}
