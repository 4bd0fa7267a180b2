//! `DELETE /v1/bill-runs/{billRunId}`.

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{BillRunStatus, State};

/// Starts deleting a run that is canceled or has failed.
pub(crate) fn delete(
    state: &mut State,
    _request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let run = state.run_by_id(keys)?;
    state.start_removing(run)?;
    Ok(ResponseBody::Success(state.runs[run].json(&state.tenant)))
}

impl State {
    /// Starts deleting a run that is canceled or has failed.
    pub(super) fn start_removing(&mut self, run: usize) -> Result<(), ApiError> {
        if !matches!(self.runs[run].status, BillRunStatus::Canceled | BillRunStatus::Error) {
            return Err(ApiError::rule(self.settings.bill_run_texts.delete.clone()));
        }
        self.set_run_status(run, BillRunStatus::RemoveInProgress);
        Ok(())
    }
}
