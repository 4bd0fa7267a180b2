//! Lookup of invoices.

use crate::http::ApiError;
use crate::state::{Account, State};

impl State {
    /// Returns the index of the invoice with that id or number.
    pub(crate) fn find_invoice(&self, key: &str) -> Result<usize, ApiError> {
        self.invoices.find(key).ok_or_else(|| ApiError::not_found(key))
    }

    /// Returns the index of the invoice, unless a job or a bill run is in progress on it.
    pub(crate) fn find_idle_invoice(&self, key: &str) -> Result<usize, ApiError> {
        let index = self.find_invoice(key)?;
        match self.has_running_job(&self.invoices[index].id) || self.is_locked_by_run(index) {
            true => Err(ApiError::locked()),
            false => Ok(index),
        }
    }

    /// Fails if a bill run is billing the account.
    pub(crate) fn check_unlocked(&self, account: &Account) -> Result<(), ApiError> {
        let is_billed = |run: &usize| self.runs[*run].is_billing(account);
        match self.settings.account_locks && self.active_runs.iter().any(is_billed) {
            true => Err(ApiError::locked()),
            false => Ok(()),
        }
    }

    /// Whether a bill run is billing the account of the invoice, or changing the invoice.
    fn is_locked_by_run(&self, index: usize) -> bool {
        if !self.settings.account_locks || self.active_runs.is_empty() {
            return false;
        }
        let invoice = &self.invoices[index];
        let account = self.tenant.account(&invoice.account_id);
        self.active_runs.iter().map(|run| &self.runs[*run]).any(|run| {
            account.is_some_and(|account| run.is_billing(account))
                || (run.is_changing_invoices() && invoice.is_of_run(&run.id))
        })
    }
}
