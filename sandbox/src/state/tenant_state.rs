//! The state of the service: what the tenant has, what was billed, and what goes on in the background.

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

/// Everything that the operations read and change.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) tenant: Tenant,
    pub(crate) settings: Settings,
    pub(crate) now: UnixTime,
    pub(crate) runs: Vec<BillRun>,
    pub(crate) invoices: Vec<Invoice>,
    /// Contacts that came with invoices.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) ledger: Ledger,
    pub(crate) ids: Ids,
    /// Background work that is to fail, oldest first.
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

    /// Today's date where the tenant is.
    pub(crate) fn today(&self) -> Date {
        self.tenant.zone.date(self.now)
    }

    /// Whether this piece of background work is the next that was asked to fail.
    pub(crate) fn take_failure(&mut self, work: BackgroundJob) -> bool {
        let position = self.failures.iter().position(|failing| *failing == work);
        position.is_some_and(|position| self.failures.remove(position).is_some())
    }

    /// Whether a job is working on the invoice of that id.
    pub(crate) fn has_running_job(&self, invoice: &str) -> bool {
        self.jobs.iter().any(|job| job.invoice == invoice && job.is_running())
    }
}
