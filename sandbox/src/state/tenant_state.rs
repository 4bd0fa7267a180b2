//! The state as a whole: what the tenant owns, what was billed, and what is in progress.

use std::collections::VecDeque;

use super::background_job::BackgroundJob;
use super::bill_run::BillRun;
use super::billing::Ledger;
use super::contact::Contact;
use super::ids::Ids;
use super::invoice::Invoice;
use super::job::Job;
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
        }
    }

    /// Returns the current date in the tenant's time zone.
    pub(crate) fn today(&self) -> Date {
        self.tenant.zone.date(self.now)
    }

    /// Consumes the oldest planned failure of this kind of job; whether there was one.
    pub(crate) fn take_failure(&mut self, work: BackgroundJob) -> bool {
        let position = self.failures.iter().position(|failing| *failing == work);
        position.is_some_and(|position| self.failures.remove(position).is_some())
    }

    /// Whether a job is in progress on the invoice with that id.
    pub(crate) fn has_running_job(&self, invoice: &str) -> bool {
        self.jobs.iter().any(|job| job.invoice == invoice && job.is_running())
    }
}
