//! A bulk creation of 50 invoices with 20 items each.

use serde::Serialize;
use zuora_core::invoices::{self, BulkCreateStandaloneInvoices, CreateStandaloneInvoice, NewInvoiceItem};
use zuora_core::types::{AccountId, DateError, DateTime};
use zuora_core::{Amount, Date};

use crate::plain::{InvoiceStatus, RevRecTrigger, TaxMode, TransferredToAccounting};

/// Returns the operation of this library.
///
/// # Errors
/// None: the dates are valid.
pub fn ours() -> Result<BulkCreateStandaloneInvoices, DateError> {
    of(50)
}

/// Returns the operation for another number of invoices.
///
/// # Errors
/// None: the dates are valid.
pub fn of(count: i64) -> Result<BulkCreateStandaloneInvoices, DateError> {
    let day = Date::new(2026, 3, 1)?;
    let end = Date::new(2026, 3, 31)?;
    let charged = DateTime::new(day, 9, 20, 27)?;
    let item = |index: i64| {
        let cents = |cents, scale| Amount::new(cents, scale).unwrap_or(Amount::ZERO);
        NewInvoiceItem::named(format!("Seats of region {index}"), cents(index * 1_037 + 99, 2), day)
            .quantity(index + 1)
            .unit_price(cents(index * 10_371 + 995, 3))
            .unit_of_measure("Seat")
            .service_end_date(end)
            .charge_date(charged)
            .description("Seats in use, billed at the first of the month")
            .sku(format!("SKU-{index:08}"))
            .purchase_order_number("PO-000017")
            .tax_code("Standard")
            .tax_mode(invoices::TaxMode::TaxExclusive)
            .accounting_code("Subscription Revenue")
    };
    let invoice = |account: i64| {
        let items = (0..20).map(|row| item(account * 20 + row));
        CreateStandaloneInvoice::new(
            AccountId::from(format!("2c92a08282fa634378aca02a{account:08x}")),
            day,
            items,
        )
        .currency("EUR")
        .status(invoices::InvoiceStatus::Draft)
    };
    Ok(BulkCreateStandaloneInvoices::new((0..count).map(invoice)))
}

/// The same request as hand-written structs: amounts in `f64`, dates as text, closed enums.
#[derive(Debug, Serialize)]
pub struct PlainBulkCreate {
    invoices: Vec<PlainInvoice>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainInvoice {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<String>,
    invoice_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<InvoiceStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_rates: Vec<PlainPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comments: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_pay: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    communication_profile_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transferred_to_accounting: Option<TransferredToAccounting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_to_contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_to_contact: Option<PlainPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sold_to_contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sold_to_contact: Option<PlainPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sold_to_same_as_bill_to: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_to_contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_to_contact: Option<PlainPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_to_same_as_bill_to: Option<bool>,
    #[serde(rename = "IntegrationId__NS", skip_serializing_if = "Option::is_none")]
    integration_id_ns: Option<String>,
    #[serde(rename = "IntegrationStatus__NS", skip_serializing_if = "Option::is_none")]
    integration_status_ns: Option<String>,
    #[serde(rename = "SyncDate__NS", skip_serializing_if = "Option::is_none")]
    sync_date_ns: Option<String>,
    invoice_items: Vec<PlainItem>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_rate_plan_charge_id: Option<String>,
    amount: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uom: Option<String>,
    service_start_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_mode: Option<TaxMode>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tax_items: Vec<PlainPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discount_items: Vec<PlainPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts_receivable_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjustment_liability_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjustment_revenue_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_asset_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_liability_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_recognized_revenue_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deferred_revenue_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_item_billing_from_revenue_accounting: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recognized_revenue_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev_rec_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev_rec_trigger_condition: Option<RevRecTrigger>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev_rec_start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revenue_recognition_rule_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unbilled_receivables_accounting_code: Option<String>,
    #[serde(rename = "IntegrationId__NS", skip_serializing_if = "Option::is_none")]
    integration_id_ns: Option<String>,
    #[serde(rename = "IntegrationStatus__NS", skip_serializing_if = "Option::is_none")]
    integration_status_ns: Option<String>,
    #[serde(rename = "SyncDate__NS", skip_serializing_if = "Option::is_none")]
    sync_date_ns: Option<String>,
}

/// Rates, contacts, tax lines and discounts, of which the request has none.
#[derive(Debug, Serialize)]
struct PlainPart {}

/// Returns the same request as hand-written structs.
pub fn plain() -> PlainBulkCreate {
    let text = |text: &str| Some(text.to_owned());
    #[allow(clippy::cast_precision_loss)]
    let item = |index: i64| PlainItem {
        charge_name: Some(format!("Seats of region {index}")),
        amount: (index * 1_037 + 99) as f64 / 100.0,
        quantity: Some((index + 1) as f64),
        unit_price: Some((index * 10_371 + 995) as f64 / 1_000.0),
        uom: text("Seat"),
        service_start_date: "2026-03-01".to_owned(),
        service_end_date: text("2026-03-31"),
        charge_date: text("2026-03-01 09:20:27"),
        description: text("Seats in use, billed at the first of the month"),
        sku: Some(format!("SKU-{index:08}")),
        purchase_order_number: text("PO-000017"),
        tax_code: text("Standard"),
        tax_mode: Some(TaxMode::TaxExclusive),
        accounting_code: text("Subscription Revenue"),
        ..PlainItem::default()
    };
    let invoice = |account: i64| PlainInvoice {
        account_id: Some(format!("2c92a08282fa634378aca02a{account:08x}")),
        invoice_date: "2026-03-01".to_owned(),
        status: Some(InvoiceStatus::Draft),
        currency: text("EUR"),
        invoice_items: (0..20).map(|row| item(account * 20 + row)).collect(),
        ..PlainInvoice::default()
    };
    PlainBulkCreate { invoices: (0..50).map(invoice).collect() }
}
