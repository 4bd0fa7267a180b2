//! `GET /v1/invoices/pdf-status`.

use crate::http::{ApiError, ApiRequest, Category, ResponseBody};
use crate::state::{Invoice, Pdf, State, Tenant};
use crate::values::{Json, UnixTime};

const MAX_KEYS: usize = 50;

/// Shows the PDF statuses of up to 50 invoices.
pub(crate) fn pdf_status(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let keys = request.query("invoiceKeys").filter(|keys| !keys.is_empty()).ok_or_else(|| {
        ApiError::new(Category::MissingQuery, "The query parameter 'invoiceKeys' is required.")
    })?;
    let keys: Vec<&str> = keys.split(',').map(str::trim).collect();
    if keys.len() > MAX_KEYS {
        return Err(ApiError::value("invoiceKeys", "at most 50 ids or numbers are expected"));
    }
    let mut rows = Vec::new();
    for key in keys {
        let invoice = &state.invoices[state.find_invoice(key)?];
        rows.push(invoice.pdf_json(&state.tenant, state.settings.pdf_error_code, state.now));
    }
    Ok(ResponseBody::Success(Json::object([("invoiceFiles", Json::Array(rows))])))
}

impl Invoice {
    /// Shows the PDF status of the invoice.
    pub(crate) fn pdf_json(&self, tenant: &Tenant, error_code: bool, now: UnixTime) -> Json {
        let (status, updated) = match &self.pdf {
            None => ("None", None),
            Some(pdf) if now < pdf.started => ("Pending", Some(pdf.requested)),
            Some(pdf) if now < pdf.finished => ("Processing", Some(pdf.started)),
            Some(pdf) if pdf.failed => ("Error", Some(pdf.finished)),
            Some(Pdf { outdated: Some(since), finished, .. }) => ("Obsolete", Some(*since.max(finished))),
            Some(pdf) => ("Generated", Some(pdf.finished)),
        };
        let url = self.pdf.as_ref().filter(|_| status == "Generated").map(|pdf| &pdf.url);
        let failed = status == "Error";
        Json::non_null([
            ("invoiceId", (&self.id).into()),
            ("invoiceNumber", (&self.number).into()),
            ("pdfGenerationStatus", status.into()),
            ("createdOn", self.pdf.as_ref().map(|pdf| tenant.zone.stamp(pdf.requested)).into()),
            ("updatedOn", updated.map(|at| tenant.zone.stamp(at)).into()),
            ("pdfFileUrl", url.into()),
            (
                if error_code { "errorCode" } else { "errorCategory" },
                failed.then_some("INVALID_TEMPLATE").into(),
            ),
            ("errorMessage", failed.then_some("The template of the invoice cannot be read.").into()),
        ])
    }
}
