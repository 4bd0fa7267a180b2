//! `PUT /v1/invoices/{invoiceKey}/write-off`.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::credit_memo::credit_memo_json;
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{
    EffectKind, ExtraFields, Invoice, InvoiceStatus, Item, JobOperation, Line, MemoTerms, NETSUITE, State,
};

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

/// Fields that require the permission for enhanced write-offs.
const ENHANCED: [&str; 4] = ["amount", "items", "nonRevenueWriteOffAccountingCode", "revenueImpacting"];

/// Reason code of a write-off, unless the request has one.
pub(super) const WRITE_OFF: &str = "Write-off";

/// Writes off the balance of a posted invoice with a credit memo at once, or by a job if the settings or a
/// fault say so.
pub(crate) fn write_off(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    state.check_settlement()?;
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = request.json(&state.settings)?;
    let checked = check(state, index, Fields::new("", &body)?);
    let terms = checked.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    let by_job = state.invoices[index].lines_count() >= state.settings.write_off_job_from;
    if !by_job && !state.overrides.has_job() {
        let memo = state.write_off_invoice(index, terms);
        return Ok(ResponseBody::Success(credit_memo_json(&memo)));
    }
    let (job, _) = state.execute_or_queue(index, JobOperation::WriteOff(terms), true)?;
    Ok(ResponseBody::Success(state.jobs[job].started_json()))
}

impl State {
    pub(crate) fn check_can_write_off(&self, index: usize) -> Result<(), ApiError> {
        check_state(self, &self.invoices[index])
            .map_err(|error| error.with_resource(self.settings.invoice_code))
    }

    /// Writes the invoice off, and returns the id of the credit memo.
    pub(crate) fn write_off_invoice(&mut self, index: usize, terms: MemoTerms) -> String {
        self.effects.record(self.now, EffectKind::InvoiceWrittenOff, &self.invoices[index].id);
        self.credit(index, terms)
    }
}

fn check(state: &State, index: usize, fields: Fields<'_>) -> Result<MemoTerms, ApiError> {
    let invoice = &state.invoices[index];
    let known = |name: &str| FIELDS.contains(&name) || ExtraFields::is_extra(name);
    let fields = fields.deny_unknown_by(known)?;
    if let Some(name) = ENHANCED.iter().find(|name| fields.has(name)) {
        if !state.settings.enhanced_write_off {
            let message = format!("The field '{name}' needs the permission for enhanced write-offs.");
            return Err(ApiError::permission(message));
        }
    }
    ExtraFields::default().read(fields)?;
    for name in NETSUITE.into_iter().chain(["Origin__NS", "Transaction__NS"]) {
        fields.text_within(name, 255)?;
    }
    fields.flag("taxAutoCalculation")?;
    let impacting = fields.one_of("revenueImpacting", &["Yes", "No"])?.unwrap_or("Yes");
    let code = fields.text_within("nonRevenueWriteOffAccountingCode", 100)?;
    if code.is_some() && impacting == "Yes" {
        return Err(ApiError::rule(
            "The field 'nonRevenueWriteOffAccountingCode' is only for write-offs that do not impact revenue.",
        ));
    }
    let terms = state.memo_terms(invoice, fields, WRITE_OFF)?;
    check_state(state, invoice)?;
    let amount = fields.decimal("amount")?;
    if amount.is_some_and(|amount| amount != invoice.balance()) {
        return Err(ApiError::rule("The amount of a write-off must be the balance of the invoice."));
    }
    if let Some(rows) = fields.rows("items")? {
        check_items(invoice, fields, rows.len())?;
    }
    Ok(terms)
}

fn check_state(state: &State, invoice: &Invoice) -> Result<(), ApiError> {
    let zero = |item: &Item| item.net().is_zero() && item.tax().is_zero();
    // The mirroring rule allows memos of zero.
    let balance = invoice.balance();
    let has_nothing_left =
        balance < Decimal::ZERO || (balance.is_zero() && !state.settings.mirror_zero_items);
    let message = if invoice.status != InvoiceStatus::Posted {
        "Only invoices with Posted status can be written off."
    } else if invoice.reversed || has_nothing_left {
        "An invoice without a balance cannot be written off."
    } else if invoice.lines_count() > state.settings.write_off_items {
        "The invoice has too many items to be written off."
    } else if !state.settings.mirror_zero_items && invoice.items.iter().any(zero) {
        "An invoice with an item of zero cannot be written off."
    } else {
        return Ok(());
    };
    Err(ApiError::rule(message))
}

/// Checks that the given items are all items of the invoice, each with its whole balance.
fn check_items(invoice: &Invoice, fields: Fields<'_>, count: usize) -> Result<(), ApiError> {
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
        let row = row.deny_unknown_by(|name| ITEM.contains(&name) || ExtraFields::is_custom(name))?;
        let id = row.required_text("invoiceItemId")?;
        let mut items = invoice.items.iter().zip(&lines);
        let Some((item, lines)) = items.find(|(item, _)| item.id == id) else {
            return Err(ApiError::value(&row.name("invoiceItemId"), "the id of an item is expected"));
        };
        let own = lines.first().copied().unwrap_or_default();
        check_amount(row, "amountWithoutTax", own)?;
        for (index, tax) in row.rows("taxationItems")?.unwrap_or_default().iter().enumerate() {
            let path = format!("{path}taxationItems[{index}].");
            let tax = Fields::new(&path, tax)?.deny_unknown(&["amount", "taxationItemId"])?;
            let id = tax.required_text("taxationItemId")?;
            let mut taxes = item.taxes.iter().zip(lines.iter().skip(1));
            let Some((_, line)) = taxes.find(|(tax, _)| tax.id == id) else {
                return Err(ApiError::value(&tax.name("taxationItemId"), "the id of a tax item is expected"));
            };
            check_amount(tax, "amount", *line)?;
        }
        named.insert(id.to_owned());
    }
    match invoice.items.iter().all(|item| item.applied_to.is_some() || named.contains(item.id.as_str())) {
        true => Ok(()),
        false => Err(ApiError::rule("The items of a write-off must be all items of the invoice.")),
    }
}

fn check_amount(fields: Fields<'_>, field: &str, line: Line) -> Result<(), ApiError> {
    match fields.decimal(field)?.is_some_and(|amount| amount != line.balance()) {
        true => Err(ApiError::value(&fields.name(field), "the whole balance is expected")),
        false => Ok(()),
    }
}
