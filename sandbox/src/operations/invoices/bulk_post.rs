//! `POST /v1/invoices/bulk-post`.

use super::bulk_create::MAX_INVOICES;
use super::post::POST_CODE;
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{ExtraFields, State};
use crate::values::Json;

/// Posts up to 50 drafts independently, whatever their size; each row reports its result.
pub(crate) fn bulk_post(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let body = request.object(&state.settings, &["invoices"])?;
    let rows = Fields::new("", &body)?.rows_within("invoices", MAX_INVOICES);
    let rows = rows.map_err(|error| error.with_resource(POST_CODE))?;
    if rows.is_empty() {
        return Err(ApiError::missing("invoices").with_resource(POST_CODE));
    }
    let mut responses = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let id = row.get("id").cloned().unwrap_or(Json::Null);
        let path = format!("invoices[{index}].");
        let row = Fields::new(&path, row);
        let posted = row.and_then(|row| state.check_row(index).and_then(|()| post_one(state, row)));
        responses.push(match posted {
            Ok(id) => Json::object([("id", id.into()), ("success", true.into())]),
            Err(error) => {
                let failed = state.failed_row(error.with_resource(POST_CODE));
                match id {
                    Json::Text(_) => failed.prepend("id", id),
                    _ => failed,
                }
            }
        });
    }
    Ok(ResponseBody::Success(Json::object([("invoices", Json::Array(responses))])))
}

fn post_one(state: &mut State, fields: Fields<'_>) -> Result<String, ApiError> {
    let known = |name: &str| ["id", "invoiceDate"].contains(&name) || ExtraFields::is_extra(name);
    let fields = fields.deny_unknown_by(known)?;
    let index = state.find_idle_invoice(fields.required_text("id")?)?;
    let date = fields.date("invoiceDate")?;
    state.check_can_post(index)?;
    let mut extra_fields = state.invoices[index].extra_fields.clone();
    extra_fields.read(fields)?;
    state.invoices[index].extra_fields = extra_fields;
    state.post_invoice(index, date);
    Ok(state.invoices[index].id.clone())
}
