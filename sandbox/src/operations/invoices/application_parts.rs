//! `GET /v1/invoices/{invoiceKey}/application-parts`.

use super::page::page;
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::State;
use crate::values::Json;

/// Lists the payments and credit memos that are applied to an invoice.
pub(crate) fn application_parts(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    state.check_settlement()?;
    let invoice = &state.invoices[state.find_invoice(keys.first().copied().unwrap_or_default())?];
    let rows = invoice.applications.iter().map(|part| part.json(&state.tenant));
    let (rows, next) = page(rows, request);
    Ok(ResponseBody::Success(Json::non_null([
        ("applicationParts", Json::Array(rows)),
        ("nextPage", next.into()),
    ])))
}
