//! Look-up of invoices.

use crate::http::ApiError;
use crate::state::State;

impl State {
    /// Where the invoice with that id or number stands.
    pub(crate) fn find_invoice(&self, key: &str) -> Result<usize, ApiError> {
        let found = self.invoices.iter().position(|invoice| invoice.id == key || invoice.number == key);
        found.ok_or_else(|| ApiError::not_found(key))
    }

    /// The invoice, if no job is working on it.
    pub(crate) fn find_idle_invoice(&self, key: &str) -> Result<usize, ApiError> {
        let index = self.find_invoice(key)?;
        match self.has_running_job(&self.invoices[index].id) {
            true => Err(ApiError::locked()),
            false => Ok(index),
        }
    }
}
