//! `GET /v1/invoices/{invoiceKey}`.

use bytes::Bytes;

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::State;

/// Shows one invoice, given by id or number.
pub(crate) fn get(state: &mut State, _request: &ApiRequest, keys: &[&str]) -> Result<ResponseBody, ApiError> {
    let position = state.find_invoice(keys.first().copied().unwrap_or_default())?;
    let body = state.invoices.shown(position, |invoice| {
        let body = invoice.json(&state.tenant).prepend("success", true.into());
        Bytes::copy_from_slice(&body.to_bytes())
    });
    Ok(ResponseBody::Written(body))
}
