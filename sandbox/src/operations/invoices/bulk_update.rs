//! `PUT /v1/invoices`.

use super::bulk_create::MAX_INVOICES;
use super::update::is_known;
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::State;

/// Updates up to 50 invoices; the response does not report on single invoices.
pub(crate) fn bulk_update(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let body = request.object(&state.settings, &["invoices"])?;
    let before = (!state.settings.keep_partial_updates).then(|| state.invoices.clone());
    let position = state.effects.position();
    let updated = update_all(state, Fields::new("", &body)?);
    if let (Err(_), Some(before)) = (&updated, before) {
        state.invoices = before;
        state.effects.roll_back(position);
    }
    updated.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    Ok(ResponseBody::success())
}

fn update_all(state: &mut State, fields: Fields<'_>) -> Result<(), ApiError> {
    let rows = fields.rows_within("invoices", MAX_INVOICES)?;
    if rows.is_empty() {
        return Err(ApiError::missing("invoices"));
    }
    for (index, row) in rows.iter().enumerate() {
        let path = format!("invoices[{index}].");
        let row = Fields::new(&path, row)?.deny_unknown_by(|name| name == "id" || is_known(name))?;
        let invoice = state.find_idle_invoice(row.required_text("id")?)?;
        state.check_row(index)?;
        state.update_invoice(invoice, row)?;
    }
    Ok(())
}
