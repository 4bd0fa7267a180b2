//! `GET /v1/invoices/{invoiceKey}/items/{itemId}/taxation-items`.

use super::page::page;
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::State;
use crate::values::Json;

/// Lists the tax items of an item.
pub(crate) fn list_taxation_items(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let [invoice, id] = keys else { return Err(ApiError::not_found("")) };
    let invoice = &state.invoices[state.find_invoice(invoice)?];
    let lines = invoice.lines();
    let mut items = invoice.items.iter().zip(&lines);
    let (item, lines) = items.find(|(item, _)| item.id == **id).ok_or_else(|| ApiError::not_found(id))?;
    let rows = item.taxes.iter().zip(lines.iter().skip(1)).map(|(tax, line)| tax.json(*line));
    let (rows, next) = page(rows, request);
    Ok(ResponseBody::Success(Json::non_null([("data", Json::Array(rows)), ("nextPage", next.into())])))
}
