//! `PUT /v1/bill-runs/{billRunId}/post`.

use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{BillRunStatus, State};
use crate::values::Date;

/// Starts posting the invoices of a completed run.
pub(crate) fn post(state: &mut State, request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let run = state.run_by_id(keys)?;
    let code = state.settings.bill_run_code;
    let body = request.object(&state.settings, &["invoiceDate"])?;
    let date = Fields::new("", &body)?.date("invoiceDate").map_err(|error| error.with_resource(code))?;
    state.start_posting(run, date)?;
    Ok(ResponseBody::Success(state.runs[run].json(&state.tenant)))
}

impl State {
    /// Starts posting the drafts of a completed run.
    pub(super) fn start_posting(&mut self, run: usize, invoice_date: Option<Date>) -> Result<(), ApiError> {
        if self.runs[run].status != BillRunStatus::Completed {
            let text = self.settings.bill_run_texts.post.clone();
            return Err(ApiError::rule(text).with_resource(self.settings.bill_run_code));
        }
        self.runs[run].posted_as_of = invoice_date;
        self.runs[run].document_failure = self.overrides.document_failure.take();
        self.set_run_status(run, BillRunStatus::PostInProgress);
        Ok(())
    }
}
