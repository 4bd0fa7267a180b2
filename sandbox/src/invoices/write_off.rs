//! `PUT /v1/invoices/{invoiceKey}/write-off`.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::kept::{Kept, NETSUITE};
use super::reverse::memo_json;
use super::settled::Line;
use super::{Invoice, InvoiceStatus};
use crate::call::{Call, Fields};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

const FIELDS: [&str; 10] = [
    "Origin__NS",
    "Transaction__NS",
    "amount",
    "comment",
    "items",
    "memoDate",
    "nonRevenueWriteOffAccountingCode",
    "reasonCode",
    "revenueImpacting",
    "taxAutoCalculation",
];

/// What the enhanced permission is for.
const ENHANCED: [&str; 4] = ["amount", "items", "nonRevenueWriteOffAccountingCode", "revenueImpacting"];

/// Settles what is left of a posted invoice with a credit memo.
pub(crate) fn write_off(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    world.check_settlement()?;
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = call.json(&world.settings)?;
    let checked = check(world, index, Fields::new("", &body)?);
    checked.map_err(|refusal| refusal.of_resource(world.settings.invoice_code))?;
    let memo = world.credit(index);
    Ok(Reply::Success(memo_json(&memo)))
}

fn check(world: &World, index: usize, fields: Fields<'_>) -> Result<(), Refusal> {
    let invoice = &world.invoices[index];
    let known = |name: &str| FIELDS.contains(&name) || Kept::is_kept(name);
    let fields = fields.known_by(known)?;
    if let Some(name) = ENHANCED.iter().find(|name| fields.has(name)) {
        if !world.settings.enhanced_write_off {
            let message = format!("The field '{name}' needs the permission for enhanced write-offs.");
            return Err(Refusal::permission(message));
        }
    }
    Kept::default().take(fields)?;
    for name in NETSUITE.into_iter().chain(["Origin__NS", "Transaction__NS"]) {
        fields.text_within(name, 255)?;
    }
    fields.flag("taxAutoCalculation")?;
    let impacting = fields.one_of("revenueImpacting", &["Yes", "No"])?.unwrap_or("Yes");
    let code = fields.text_within("nonRevenueWriteOffAccountingCode", 100)?;
    if code.is_some() && impacting == "Yes" {
        return Err(Refusal::rule(
            "The field 'nonRevenueWriteOffAccountingCode' is only for write-offs that do not impact revenue.",
        ));
    }
    world.memo_date(invoice, fields)?;
    check_state(world, invoice)?;
    let amount = fields.decimal("amount")?;
    if amount.is_some_and(|amount| amount != invoice.balance()) {
        return Err(Refusal::rule("The amount of a write-off must be the balance of the invoice."));
    }
    match fields.rows("items")? {
        Some(rows) => check_items(invoice, fields, rows.len()),
        None => Ok(()),
    }
}

fn check_state(world: &World, invoice: &Invoice) -> Result<(), Refusal> {
    let zero = |item: &super::Item| item.net().is_zero() && item.tax().is_zero();
    let message = if invoice.status != InvoiceStatus::Posted {
        "Only invoices with Posted status can be written off."
    } else if invoice.reversed || invoice.balance() <= Decimal::ZERO {
        "An invoice without a balance cannot be written off."
    } else if invoice.lines_count() > world.settings.write_off_items {
        "The invoice has too many items to be written off."
    } else if !world.settings.mirror_zero_items && invoice.items.iter().any(zero) {
        "An invoice with an item of zero cannot be written off."
    } else {
        return Ok(());
    };
    Err(Refusal::rule(message))
}

/// The items, when named, are all of them, each with all that is left to pay of it.
fn check_items(invoice: &Invoice, fields: Fields<'_>, count: usize) -> Result<(), Refusal> {
    const ITEM: [&str; 10] = [
        "amountWithoutTax",
        "comment",
        "excludeItemBillingFromRevenueAccounting",
        "financeInformation",
        "invoiceItemId",
        "serviceEndDate",
        "serviceStartDate",
        "skuName",
        "taxationItems",
        "unitOfMeasure",
    ];
    let lines = invoice.lines();
    let mut named = BTreeSet::new();
    for (index, row) in fields.rows_within("items", count)?.iter().enumerate() {
        let path = format!("items[{index}].");
        let row = Fields::new(&path, row)?;
        let row = row.known_by(|name| ITEM.contains(&name) || Kept::is_custom(name))?;
        let id = row.required_text("invoiceItemId")?;
        let mut items = invoice.items.iter().zip(&lines);
        let Some((item, lines)) = items.find(|(item, _)| item.id == id) else {
            return Err(Refusal::value(&row.name("invoiceItemId"), "the id of an item is expected"));
        };
        let own = lines.first().copied().unwrap_or_default();
        check_amount(row, "amountWithoutTax", own)?;
        for (index, tax) in row.rows("taxationItems")?.unwrap_or_default().iter().enumerate() {
            let path = format!("{path}taxationItems[{index}].");
            let tax = Fields::new(&path, tax)?.known(&["amount", "taxationItemId"])?;
            let id = tax.required_text("taxationItemId")?;
            let mut taxes = item.taxes.iter().zip(lines.iter().skip(1));
            let Some((_, line)) = taxes.find(|(tax, _)| tax.id == id) else {
                return Err(Refusal::value(&tax.name("taxationItemId"), "the id of a tax item is expected"));
            };
            check_amount(tax, "amount", *line)?;
        }
        named.insert(id.to_owned());
    }
    match invoice.items.iter().all(|item| item.applied_to.is_some() || named.contains(&item.id)) {
        true => Ok(()),
        false => Err(Refusal::rule("The items of a write-off must be all items of the invoice.")),
    }
}

fn check_amount(fields: Fields<'_>, field: &str, line: Line) -> Result<(), Refusal> {
    match fields.decimal(field)?.is_some_and(|amount| amount != line.balance()) {
        true => Err(Refusal::value(&fields.name(field), "the whole balance is expected")),
        false => Ok(()),
    }
}
