//! `PUT /v1/invoices/{invoiceKey}/cancel`.

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{EffectKind, InvoiceStatus, JobOperation, State};

/// Cancels a draft at once, or by a job if the draft has many items.
pub(crate) fn cancel(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    // The official SDK sends no body.
    if !request.body.is_empty() {
        request.object(&state.settings, &[])?;
    }
    let by_job = state.invoices[index].items.len() >= state.settings.cancel_job_from;
    let (job, _) = state.execute_or_queue(index, JobOperation::Cancel, by_job)?;
    Ok(ResponseBody::Success(state.jobs[job].started_json()))
}

impl State {
    pub(crate) fn cancel_invoice(&mut self, index: usize) {
        let invoice = &mut self.invoices[index];
        invoice.cancel(&mut self.ledger, self.now);
        self.effects.record(self.now, EffectKind::InvoiceCanceled, &invoice.id);
    }

    pub(crate) fn check_can_cancel(&self, index: usize) -> Result<(), ApiError> {
        match self.invoices[index].status {
            InvoiceStatus::Draft => Ok(()),
            _ => Err(ApiError::rule("Only invoices with Draft status can be canceled.")
                .with_resource(self.settings.invoice_code)),
        }
    }
}
