//! `POST /v1/invoices/{invoiceKey}/taxation-items`.

use super::create::check_total;
use super::item_reader::ItemReader;
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{EffectKind, InvoiceStatus, State, TaxItem, TaxMode};
use crate::values::Json;

const OTHERS: [&str; 4] = ["applicableTaxUnRounded", "country", "financeInformation", "invoiceItemId"];
const FINANCE: [&str; 2] = ["accountsReceivableAccountingCode", "salesTaxPayableAccountingCode"];

/// Adds tax items to items of a draft; changes nothing if one of them is invalid.
pub(crate) fn create_taxation_items(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = request.object(&state.settings, &["taxationItems"])?;
    let added = add(state, index, Fields::new("", &body)?);
    let rows = added.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    state.make_pdf(index);
    Ok(ResponseBody::Success(Json::object([("taxationItems", Json::Array(rows))])))
}

fn add(state: &mut State, index: usize, fields: Fields<'_>) -> Result<Vec<Json>, ApiError> {
    let mut invoice = state.invoices[index].clone();
    if invoice.status != InvoiceStatus::Draft {
        return Err(ApiError::rule("Tax items can be added to invoices with Draft status only."));
    }
    let mut reader = ItemReader {
        tenant: &state.tenant,
        settings: &state.settings,
        ids: &mut state.ids,
        currency: invoice.currency.clone(),
        invoice_date: invoice.invoice_date,
        now: state.now,
    };
    let rows = fields.rows_within("taxationItems", state.settings.taxation_items)?;
    if rows.is_empty() {
        return Err(ApiError::missing("taxationItems"));
    }
    let mut created = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let path = format!("taxationItems[{index}].");
        let known = |name: &str| ItemReader::is_of_taxes(name) || OTHERS.contains(&name);
        let row = Fields::new(&path, row)?.deny_unknown_by(known)?;
        let id = row.required_text("invoiceItemId")?;
        let Some(item) = invoice.items.iter_mut().find(|item| item.id == id) else {
            let field = row.name("invoiceItemId");
            return Err(ApiError::value(&field, "the id of an item of the invoice is expected"));
        };
        row.required_text("jurisdiction")?;
        let mut tax = reader.tax(row, item.tax_mode.unwrap_or(TaxMode::Exclusive))?;
        read_details(&mut tax, row)?;
        created.push(tax.created_json(id, &state.tenant));
        item.taxes.push(tax);
    }
    if invoice.is_standalone() {
        check_total(&invoice)?;
    }
    invoice.updated = state.now;
    state.effects.record(state.now, EffectKind::TaxItemsCreated, &invoice.id);
    state.invoices[index] = invoice;
    Ok(created)
}

fn read_details(tax: &mut TaxItem, fields: Fields<'_>) -> Result<(), ApiError> {
    tax.details.read_text(fields, "country", 255)?;
    tax.details.set("applicableTaxUnRounded", fields.decimal("applicableTaxUnRounded")?);
    if let Some(finance) = fields.get("financeInformation") {
        let path = format!("{}.", fields.name("financeInformation"));
        let codes = Fields::new(&path, finance)?.deny_unknown(&FINANCE)?;
        for name in FINANCE {
            codes.text_within(name, 100)?;
        }
        tax.details.set("financeInformation", finance.clone());
    }
    Ok(())
}
