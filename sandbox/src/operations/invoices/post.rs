//! `PUT /v1/invoices/{invoiceKey}/post`.

use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{EffectKind, InvoiceStatus, JobOperation, State, TEMPORARY};
use crate::values::Date;

/// First six digits of the error codes of posting.
pub(crate) const POST_CODE: u32 = 592_100;

/// Posts a draft at once, or by a job if the draft has many items.
pub(crate) fn post(state: &mut State, request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = request.object(&state.settings, &["invoiceDate"])?;
    let date = Fields::new("", &body)?.date("invoiceDate").map_err(|error| error.with_resource(POST_CODE))?;
    let by_job = state.invoices[index].items.len() >= state.settings.post_job_from;
    let (job, _) = state.execute_or_queue(index, JobOperation::Post(date), by_job)?;
    Ok(ResponseBody::Success(state.jobs[job].started_json()))
}

impl State {
    pub(crate) fn check_can_post(&self, index: usize) -> Result<(), ApiError> {
        match self.invoices[index].status {
            InvoiceStatus::Draft => Ok(()),
            _ => {
                let message = "Only invoices with Draft status can be posted.";
                Err(ApiError::unknown(message).with_resource(POST_CODE))
            }
        }
    }

    pub(crate) fn post_invoice(&mut self, index: usize, invoice_date: Option<Date>) {
        self.invoices[index].post(invoice_date, &self.tenant, self.now);
        if self.invoices[index].number.starts_with(TEMPORARY) {
            let number = self.ids.invoice_number();
            self.invoices.renumber(index, number);
        }
        self.effects.record(self.now, EffectKind::InvoicePosted, &self.invoices[index].id);
        self.make_pdf(index);
    }
}
