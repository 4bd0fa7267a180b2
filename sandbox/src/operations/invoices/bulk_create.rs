//! `POST /v1/invoices/batch`.

use super::create::CREATE_CODE;
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody, Version};
use crate::state::{RowFailure, State};
use crate::values::Json;

pub(crate) const MAX_INVOICES: usize = 50;
const MAX_ITEMS: usize = 1000;

/// Creates up to 50 standalone invoices, each independently or all in one transaction.
pub(crate) fn bulk_create(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let body = request.object(&state.settings, &["invoices", "useSingleTransaction"])?;
    let rows = create_all(state, Fields::new("", &body)?, request.version);
    let rows = rows.map_err(|error| error.with_resource(CREATE_CODE))?;
    Ok(ResponseBody::Success(Json::object([("invoices", Json::Array(rows))])))
}

fn create_all(state: &mut State, fields: Fields<'_>, version: Version) -> Result<Vec<Json>, ApiError> {
    let rows = fields.rows_within("invoices", MAX_INVOICES)?;
    if rows.is_empty() {
        return Err(ApiError::missing("invoices"));
    }
    let items = rows.iter().filter_map(|row| match row.get("invoiceItems") {
        Some(Json::Array(items)) => Some(items.len()),
        _ => None,
    });
    if items.sum::<usize>() > MAX_ITEMS {
        return Err(ApiError::rule("One request can have at most 1000 invoice items in all."));
    }
    let whole = fields.flag("useSingleTransaction")?.unwrap_or(false);
    let before = (state.invoices.end(), state.contacts.end(), state.effects.position());
    let mut responses = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let path = format!("invoices[{index}].");
        let row = Fields::new(&path, row);
        match row.and_then(|row| state.check_row(index).and_then(|()| state.add_standalone(row, version))) {
            Ok(added) => {
                responses.push(state.invoices[added].json(&state.tenant).prepend("success", true.into()));
            }
            Err(error) if whole => {
                state.invoices.truncate(before.0);
                state.contacts.truncate(before.1);
                state.effects.roll_back(before.2);
                return Err(error);
            }
            Err(error) => {
                let place = i64::try_from(index).unwrap_or(i64::MAX);
                let failed = state.failed_row(error.with_resource(CREATE_CODE));
                responses.push(failed.prepend("objectIndex", place.into()));
            }
        }
    }
    Ok(responses)
}

impl State {
    /// Fails if a fault is planned for this row of the request.
    pub(crate) fn check_row(&self, index: usize) -> Result<(), ApiError> {
        match self.overrides.row_failure {
            Some(RowFailure { row, category }) if row == index => Err(ApiError::failure(category)),
            _ => Ok(()),
        }
    }

    /// Shows a failed row of a bulk response.
    pub(crate) fn failed_row(&mut self, error: ApiError) -> Json {
        Json::object([
            ("success", false.into()),
            ("processId", self.ids.process().into()),
            ("reasons", error.reasons(self.settings.text_codes)),
        ])
    }
}
