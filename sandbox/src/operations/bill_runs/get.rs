//! `GET /v1/bill-runs/{billRunId}`.

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::State;

/// Shows a bill run.
pub(crate) fn get(state: &mut State, _request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let run = state.run_by_id(keys)?;
    Ok(ResponseBody::Success(state.runs[run].json(&state.tenant)))
}
