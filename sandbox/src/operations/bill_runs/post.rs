//! `PUT /v1/bill-runs/{billRunId}/post`.

use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{BillRunStatus, State};

/// Starts posting the invoices of a completed run.
pub(crate) fn post(state: &mut State, request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let run = state.run_by_id(keys)?;
    let code = state.settings.bill_run_code;
    let body = request.object(&state.settings, &["invoiceDate"])?;
    let date = Fields::new("", &body)?.date("invoiceDate").map_err(|error| error.with_resource(code))?;
    if state.runs[run].status != BillRunStatus::Completed {
        return Err(ApiError::rule(state.settings.bill_run_texts.post.clone()).with_resource(code));
    }
    state.runs[run].posted_as_of = date;
    state.set_run_status(run, BillRunStatus::PostInProgress);
    Ok(ResponseBody::Success(state.runs[run].json(&state.tenant)))
}
