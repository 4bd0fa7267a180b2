//! `GET /v1/invoices/{invoiceKey}`.

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::State;

/// Shows one invoice, given by id or number.
pub(crate) fn get(state: &mut State, _request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let invoice = state.find_invoice(keys.first().copied().unwrap_or_default())?;
    Ok(ResponseBody::Success(state.invoices[invoice].json(&state.tenant)))
}
