//! `DELETE /v1/invoices/{invoiceKey}`.

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{EffectKind, InvoiceStatus, JobOperation, State};

/// Deletes a canceled invoice at once, or by a job if the invoice has many items.
pub(crate) fn delete(
    state: &mut State,
    _request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let by_job = state.invoices[index].items.len() >= state.settings.delete_job_from;
    let (job, _) = state.execute_or_queue(index, JobOperation::Delete, by_job)?;
    let job = &state.jobs[job];
    Ok(ResponseBody::Success(match state.settings.delete_as_operation_job {
        true => job.json(),
        false => job.started_json(),
    }))
}

impl State {
    pub(crate) fn delete_invoice(&mut self, index: usize) {
        if let Some(invoice) = self.invoices.remove(index) {
            self.record(EffectKind::InvoiceDeleted, &invoice.id);
        }
    }

    pub(crate) fn check_can_delete(&self, index: usize) -> Result<(), ApiError> {
        match self.invoices[index].status {
            InvoiceStatus::Canceled => Ok(()),
            _ => Err(ApiError::rule("Only invoices with Canceled status can be deleted.")),
        }
    }
}
