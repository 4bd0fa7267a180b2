//! 50 invoices of 20 items to be made.

use serde::Serialize;
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, CreateStandaloneInvoice, InvoiceStatus, NewInvoiceItem, TaxMode,
};
use zuora_core::{AccountId, Amount, Date, DateError};

/// The batch as this library takes it.
///
/// # Errors
/// None: the days are days.
pub fn ours() -> Result<BulkCreateStandaloneInvoices, DateError> {
    let day = Date::new(2026, 3, 1)?;
    let end = Date::new(2026, 3, 31)?;
    let item = |index: i64| {
        let cents = |cents, scale| Amount::new(cents, scale).unwrap_or(Amount::ZERO);
        NewInvoiceItem::named(format!("Seats of region {index}"), cents(index * 1_037 + 99, 2), day)
            .quantity(index + 1)
            .unit_price(cents(index * 10_371 + 995, 3))
            .unit_of_measure("Seat")
            .service_end_date(end)
            .description("Seats in use, billed at the first of the month")
            .sku(format!("SKU-{index:08}"))
            .purchase_order_number("PO-000017")
            .tax_code("Standard")
            .tax_mode(TaxMode::TaxExclusive)
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
        .status(InvoiceStatus::Draft)
    };
    Ok(BulkCreateStandaloneInvoices::new((0..50).map(invoice)))
}

/// What is written by hand: amounts in `f64`, days as text.
#[derive(Serialize)]
pub struct PlainBatch {
    invoices: Vec<PlainInvoice>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainInvoice {
    account_id: String,
    invoice_date: String,
    status: String,
    currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comments: Option<String>,
    invoice_items: Vec<PlainItem>,
}

/// Of the fields that are not set, as many as there would be in a struct that knows them all.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainItem {
    charge_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_rate_plan_charge_id: Option<String>,
    amount: f64,
    quantity: Option<f64>,
    unit_price: Option<f64>,
    uom: Option<String>,
    service_start_date: String,
    service_end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_date: Option<String>,
    description: Option<String>,
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_type: Option<String>,
    purchase_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_reference: Option<String>,
    tax_code: Option<String>,
    tax_mode: Option<String>,
    accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjustment_liability_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjustment_revenue_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_asset_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_liability_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deferred_revenue_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recognized_revenue_accounting_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev_rec_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unbilled_receivables_accounting_code: Option<String>,
}

/// The same by hand.
pub fn plain() -> PlainBatch {
    let text = |text: &str| Some(text.to_owned());
    #[allow(clippy::cast_precision_loss)]
    let item = |index: i64| PlainItem {
        charge_name: Some(format!("Seats of region {index}")),
        product_rate_plan_charge_id: None,
        amount: (index * 1_037 + 99) as f64 / 100.0,
        quantity: Some((index + 1) as f64),
        unit_price: Some((index * 10_371 + 995) as f64 / 1_000.0),
        uom: text("Seat"),
        service_start_date: "2026-03-01".to_owned(),
        service_end_date: text("2026-03-31"),
        charge_date: None,
        description: text("Seats in use, billed at the first of the month"),
        sku: Some(format!("SKU-{index:08}")),
        item_type: None,
        purchase_order_number: text("PO-000017"),
        booking_reference: None,
        tax_code: text("Standard"),
        tax_mode: text("TaxExclusive"),
        accounting_code: text("Subscription Revenue"),
        adjustment_liability_accounting_code: None,
        adjustment_revenue_accounting_code: None,
        contract_asset_accounting_code: None,
        contract_liability_accounting_code: None,
        deferred_revenue_accounting_code: None,
        recognized_revenue_accounting_code: None,
        rev_rec_code: None,
        unbilled_receivables_accounting_code: None,
    };
    let invoice = |account: i64| PlainInvoice {
        account_id: format!("2c92a08282fa634378aca02a{account:08x}"),
        invoice_date: "2026-03-01".to_owned(),
        status: "Draft".to_owned(),
        currency: "EUR".to_owned(),
        comments: None,
        invoice_items: (0..20).map(|row| item(account * 20 + row)).collect(),
    };
    PlainBatch { invoices: (0..50).map(invoice).collect() }
}
