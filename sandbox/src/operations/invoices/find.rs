//! Lookup of invoices.

use crate::http::ApiError;
use crate::state::State;

impl State {
    /// Returns the index of the invoice with that id or number.
    pub(crate) fn find_invoice(&self, key: &str) -> Result<usize, ApiError> {
        let found = self.invoices.iter().position(|invoice| invoice.id == key || invoice.number == key);
        found.ok_or_else(|| ApiError::not_found(key))
    }

    /// Returns the index of the invoice, unless a job is in progress on it.
    pub(crate) fn find_idle_invoice(&self, key: &str) -> Result<usize, ApiError> {
        let index = self.find_invoice(key)?;
        match self.has_running_job(&self.invoices[index].id) {
            true => Err(ApiError::locked()),
            false => Ok(index),
        }
    }
}
