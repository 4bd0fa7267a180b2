//! `POST /v1/invoices/{invoiceKey}/emails`.

use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{EffectKind, InvoiceStatus, State};

const FIELDS: [&str; 4] =
    ["emailAddresses", "includeAdditionalEmailAddresses", "pdfFileId", "useEmailTemplateSetting"];

/// Emails a posted invoice: only the time is recorded, nothing is sent.
pub(crate) fn email(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = request.object(&state.settings, &FIELDS)?;
    let checked = check(state, index, Fields::new("", &body)?);
    checked.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    let invoice = &mut state.invoices[index];
    invoice.emailed = Some(state.now);
    invoice.updated = state.now;
    state.effects.record(state.now, EffectKind::InvoiceEmailed, &invoice.id);
    Ok(ResponseBody::success())
}

fn check(state: &State, index: usize, fields: Fields<'_>) -> Result<(), ApiError> {
    let invoice = &state.invoices[index];
    let by_template = fields.flag("useEmailTemplateSetting")?.unwrap_or(false);
    fields.flag("includeAdditionalEmailAddresses")?;
    let addresses = fields.text("emailAddresses")?;
    let is_valid = |address: &str| matches!(address.trim().split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty());
    if addresses.is_some_and(|addresses| !by_template && !addresses.split(',').all(is_valid)) {
        let field = fields.name("emailAddresses");
        return Err(ApiError::value(&field, "mail addresses with commas between them are expected"));
    }
    if let Some(file) = fields.text("pdfFileId")? {
        let known = |id: &str| id == file;
        if !invoice
            .files
            .iter()
            .any(|file| file.available_at <= state.now && (known(&file.id) || known(&file.download_id)))
        {
            return Err(ApiError::value("pdfFileId", "the id of a file of the invoice is expected"));
        }
    }
    if invoice.status != InvoiceStatus::Posted {
        return Err(ApiError::rule("Only invoices with Posted status can be mailed."));
    }
    if !state.settings.invoice_mail {
        return Err(ApiError::rule("The notification that mails invoices is not active."));
    }
    if addresses.is_none() && !by_template && !state.has_email(&invoice.bill_to_contact_id) {
        return Err(ApiError::rule("The bill-to contact has no mail address."));
    }
    Ok(())
}
