//! `POST /v1/invoices/{invoiceKey}/taxation-items`.

use super::create::check_total;
use super::item::TaxMode;
use super::item_reader::ItemReader;
use super::{InvoiceStatus, TaxItem};
use crate::call::{Call, Fields};
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

const OTHERS: [&str; 4] = ["applicableTaxUnRounded", "country", "financeInformation", "invoiceItemId"];
const FINANCE: [&str; 2] = ["accountsReceivableAccountingCode", "salesTaxPayableAccountingCode"];

/// Adds tax items to items of a draft, all of them or none.
pub(crate) fn create_taxation_items(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = call.object(&world.settings, &["taxationItems"])?;
    let added = add(world, index, Fields::new("", &body)?);
    let rows = added.map_err(|refusal| refusal.of_resource(world.settings.invoice_code))?;
    world.make_pdf(index);
    Ok(Reply::Success(Json::object([("taxationItems", Json::Array(rows))])))
}

fn add(world: &mut World, index: usize, fields: Fields<'_>) -> Result<Vec<Json>, Refusal> {
    let mut invoice = world.invoices[index].clone();
    if invoice.status != InvoiceStatus::Draft {
        return Err(Refusal::rule("Tax items can be added to invoices with Draft status only."));
    }
    let mut reader = ItemReader {
        tenant: &world.tenant,
        settings: &world.settings,
        ids: &mut world.ids,
        currency: invoice.currency.clone(),
        invoice_date: invoice.invoice_date,
        now: world.now,
    };
    let rows = fields.rows_within("taxationItems", world.settings.taxation_items)?;
    if rows.is_empty() {
        return Err(Refusal::missing("taxationItems"));
    }
    let mut answers = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let path = format!("taxationItems[{index}].");
        let known = |name: &str| ItemReader::is_of_taxes(name) || OTHERS.contains(&name);
        let row = Fields::new(&path, row)?.known_by(known)?;
        let id = row.required_text("invoiceItemId")?;
        let Some(item) = invoice.items.iter_mut().find(|item| item.id == id) else {
            let field = row.name("invoiceItemId");
            return Err(Refusal::value(&field, "the id of an item of the invoice is expected"));
        };
        row.required_text("jurisdiction")?;
        let mut tax = reader.tax(row, item.tax_mode.unwrap_or(TaxMode::Exclusive))?;
        take_details(&mut tax, row)?;
        answers.push(tax.created_json(id, &world.tenant));
        item.taxes.push(tax);
    }
    if invoice.is_standalone() {
        check_total(&invoice)?;
    }
    invoice.updated = world.now;
    world.invoices[index] = invoice;
    Ok(answers)
}

fn take_details(tax: &mut TaxItem, fields: Fields<'_>) -> Result<(), Refusal> {
    tax.details.take_text(fields, "country", 255)?;
    tax.details.set("applicableTaxUnRounded", fields.decimal("applicableTaxUnRounded")?);
    if let Some(finance) = fields.get("financeInformation") {
        let path = format!("{}.", fields.name("financeInformation"));
        let codes = Fields::new(&path, finance)?.known(&FINANCE)?;
        for name in FINANCE {
            codes.text_within(name, 100)?;
        }
        tax.details.set("financeInformation", finance.clone());
    }
    Ok(())
}
