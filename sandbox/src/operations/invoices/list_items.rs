//! `GET /v1/invoices/{invoiceKey}/items`.

use super::page::page;
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::State;
use crate::values::Json;

/// Lists the items of an invoice in order of creation.
pub(crate) fn list_items(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let invoice = &state.invoices[state.find_invoice(keys.first().copied().unwrap_or_default())?];
    let lines = invoice.lines();
    let rows = invoice.items.iter().zip(&lines).map(|(item, lines)| item.json(invoice, lines));
    let (rows, next) = page(rows, request);
    Ok(ResponseBody::Success(Json::non_null([
        ("invoiceItems", Json::Array(rows)),
        ("nextPage", next.into()),
    ])))
}
