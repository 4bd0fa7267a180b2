//! `POST /v1/invoices/{invoiceKey}/emails`.

use super::InvoiceStatus;
use crate::call::{Call, Fields};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

const FIELDS: [&str; 4] =
    ["emailAddresses", "includeAdditionalEmailAddresses", "pdfFileId", "useEmailTemplateSetting"];

/// Mails a posted invoice: nothing is sent, the invoice is stamped.
pub(crate) fn email(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = call.object(&world.settings, &FIELDS)?;
    let checked = check(world, index, Fields::new("", &body)?);
    checked.map_err(|refusal| refusal.of_resource(world.settings.invoice_code))?;
    let invoice = &mut world.invoices[index];
    invoice.emailed = Some(world.now);
    invoice.updated = world.now;
    Ok(Reply::success())
}

fn check(world: &World, index: usize, fields: Fields<'_>) -> Result<(), Refusal> {
    let invoice = &world.invoices[index];
    let by_template = fields.flag("useEmailTemplateSetting")?.unwrap_or(false);
    fields.flag("includeAdditionalEmailAddresses")?;
    let addresses = fields.text("emailAddresses")?;
    let sound = |address: &str| matches!(address.trim().split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty());
    if addresses.is_some_and(|addresses| !by_template && !addresses.split(',').all(sound)) {
        let field = fields.name("emailAddresses");
        return Err(Refusal::value(&field, "mail addresses with commas between them are expected"));
    }
    if let Some(file) = fields.text("pdfFileId")? {
        let known = |id: &str| id == file;
        if !invoice
            .files
            .iter()
            .any(|file| file.since <= world.now && (known(&file.id) || known(&file.handle)))
        {
            return Err(Refusal::value("pdfFileId", "the id of a file of the invoice is expected"));
        }
    }
    if invoice.status != InvoiceStatus::Posted {
        return Err(Refusal::rule("Only invoices with Posted status can be mailed."));
    }
    if !world.settings.invoice_mail {
        return Err(Refusal::rule("The notification that mails invoices is not active."));
    }
    if addresses.is_none() && !by_template && !world.has_email(&invoice.bill_to_contact_id) {
        return Err(Refusal::rule("The bill-to contact has no mail address."));
    }
    Ok(())
}
