//! `PUT /v1/invoices`.

use std::sync::Arc;

use super::bulk_create::MAX_INVOICES;
use super::update::is_known;
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{Invoice, State};

/// Updates up to 50 invoices; the response does not report on single invoices.
pub(crate) fn bulk_update(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let body = request.object(&state.settings, &["invoices"])?;
    let position = state.effects.position();
    let mut before = Vec::new();
    let updated = update_all(state, Fields::new("", &body)?, &mut before);
    if updated.is_err() && !state.settings.keep_partial_updates {
        for (index, invoice) in before.into_iter().rev() {
            state.invoices.replace(index, invoice);
        }
        state.effects.roll_back(position);
    }
    updated.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    Ok(ResponseBody::success())
}

/// Updates row by row; `before` receives the earlier versions of the invoices.
fn update_all(
    state: &mut State,
    fields: Fields<'_>,
    before: &mut Vec<(usize, Arc<Invoice>)>,
) -> Result<(), ApiError> {
    let rows = fields.rows_within("invoices", MAX_INVOICES)?;
    if rows.is_empty() {
        return Err(ApiError::missing("invoices"));
    }
    for (index, row) in rows.iter().enumerate() {
        let path = format!("invoices[{index}].");
        let row = Fields::new(&path, row)?.deny_unknown_by(|name| name == "id" || is_known(name))?;
        let invoice = state.find_idle_invoice(row.required_text("id")?)?;
        state.check_row(index)?;
        before.extend(state.invoices.shared(invoice).map(|earlier| (invoice, earlier)));
        state.update_invoice(invoice, row)?;
    }
    Ok(())
}
