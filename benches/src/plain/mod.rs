//! The models of a careful hand-written client: derived structs with the same fields, money in `f64`, dates as text,
//! closed enums, unknown fields dropped.

#![allow(missing_docs)]

mod enums;

use serde::{Deserialize, Serialize};

pub use enums::*;

/// A page of items.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceItems {
    #[serde(rename = "invoiceItems")]
    pub items: Option<Vec<InvoiceItem>>,
    pub next_page: Option<String>,
    pub success: Option<bool>,
}

/// A line of an invoice.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceItem {
    pub id: Option<String>,
    pub processing_type: Option<ProcessingType>,
    pub charge_type: Option<ChargeType>,
    pub charge_amount: Option<f64>,
    pub tax_amount: Option<f64>,
    pub balance: Option<f64>,
    pub available_to_credit_amount: Option<f64>,
    pub quantity: Option<f64>,
    pub unit_price: Option<f64>,
    pub unit_of_measure: Option<String>,
    pub number_of_deliveries: Option<f64>,
    pub service_start_date: Option<String>,
    pub service_end_date: Option<String>,
    pub charge_date: Option<String>,
    pub charge_name: Option<String>,
    pub charge_description: Option<String>,
    pub description: Option<String>,
    pub product_name: Option<String>,
    pub sku: Option<String>,
    pub charge_id: Option<String>,
    pub product_rate_plan_charge_id: Option<String>,
    pub subscription_id: Option<String>,
    pub subscription_name: Option<String>,
    pub applied_to_item_id: Option<String>,
    pub reflect_discount_in_net_amount: Option<bool>,
    pub source_item_type: Option<ItemSource>,
    pub item_type: Option<String>,
    pub booking_reference: Option<String>,
    pub purchase_order_number: Option<String>,
    pub commitment_id: Option<String>,
    pub commitment_period_id: Option<String>,
    pub invoice_schedule_id: Option<String>,
    pub invoice_schedule_item_id: Option<String>,
    pub fulfillment_id: Option<String>,
    pub order_line_item_id: Option<String>,
    pub sold_to_contact_id: Option<String>,
    pub sold_to_contact_snapshot_id: Option<String>,
    pub ship_to_contact_id: Option<String>,
    pub tax_code: Option<String>,
    pub tax_mode: Option<TaxMode>,
    pub taxation_items: Option<InvoiceItemTaxes>,
    pub accounting_code: Option<String>,
    pub adjustment_liability_accounting_code: Option<String>,
    pub adjustment_revenue_accounting_code: Option<String>,
    pub contract_asset_accounting_code: Option<String>,
    pub contract_liability_accounting_code: Option<String>,
    pub contract_recognized_revenue_accounting_code: Option<String>,
    pub deferred_revenue_accounting_code: Option<String>,
    pub recognized_revenue_accounting_code: Option<String>,
    pub unbilled_receivables_accounting_code: Option<String>,
    pub exclude_item_billing_from_revenue_accounting: Option<bool>,
    pub rev_rec_code: Option<String>,
    pub rev_rec_trigger_condition: Option<RevRecTrigger>,
    pub rev_rec_start_date: Option<String>,
    pub revenue_recognition_rule_name: Option<String>,
    #[serde(rename = "IntegrationId__NS")]
    pub integration_id_ns: Option<String>,
    #[serde(rename = "IntegrationStatus__NS")]
    pub integration_status_ns: Option<String>,
    #[serde(rename = "SyncDate__NS")]
    pub sync_date_ns: Option<String>,
}

/// A page of items of which a report uses a few fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeanInvoiceItems {
    #[serde(rename = "invoiceItems")]
    pub items: Option<Vec<LeanInvoiceItem>>,
    pub next_page: Option<String>,
    pub success: Option<bool>,
}

/// A line of an invoice, with the fields that a report uses.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeanInvoiceItem {
    pub id: Option<String>,
    pub charge_amount: Option<f64>,
    pub tax_amount: Option<f64>,
    pub quantity: Option<f64>,
    pub service_start_date: Option<String>,
    pub service_end_date: Option<String>,
    pub charge_name: Option<String>,
    pub subscription_id: Option<String>,
}

/// Reads a body as a careful client does: one check of its UTF-8, and then structs from text.
pub fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// The part of a creation's response that matters to most callers, with an error for `success: false`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedInvoices {
    pub success: Option<bool>,
    pub invoices: Option<Vec<Invoice>>,
}

/// Tax lines of an item.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceItemTaxes {
    pub data: Option<Vec<InvoiceTaxationItem>>,
    pub next_page: Option<String>,
}

/// A tax line.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceTaxationItem {
    pub id: Option<String>,
    pub name: Option<String>,
    pub tax_amount: Option<f64>,
    pub exempt_amount: Option<f64>,
    pub applicable_tax_un_rounded: Option<f64>,
    pub balance: Option<f64>,
    pub payment_amount: Option<f64>,
    pub credit_amount: Option<f64>,
    pub available_to_credit_amount: Option<f64>,
    pub tax_rate: Option<f64>,
    pub tax_rate_type: Option<TaxRateType>,
    pub tax_rate_description: Option<String>,
    pub tax_date: Option<String>,
    pub tax_code: Option<String>,
    pub tax_code_description: Option<String>,
    pub jurisdiction: Option<String>,
    pub location_code: Option<String>,
    pub country: Option<String>,
}

/// An invoice.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    pub id: Option<String>,
    #[serde(rename = "invoiceNumber")]
    pub number: Option<String>,
    pub status: Option<InvoiceStatus>,
    pub account_id: Option<String>,
    pub currency: Option<String>,
    pub amount: Option<f64>,
    pub amount_without_tax: Option<f64>,
    pub tax_amount: Option<f64>,
    pub tax_exempt_amount: Option<f64>,
    pub discount: Option<f64>,
    pub balance: Option<f64>,
    pub payment_amount: Option<f64>,
    pub credit_memo_amount: Option<f64>,
    pub credit_balance_adjustment_amount: Option<f64>,
    pub adjustment_amount: Option<f64>,
    pub refund_amount: Option<f64>,
    pub invoice_date: Option<String>,
    pub due_date: Option<String>,
    pub target_date: Option<String>,
    pub posted_date: Option<String>,
    pub posted_by: Option<String>,
    pub comments: Option<String>,
    pub auto_pay: Option<bool>,
    pub source: Option<InvoiceSource>,
    pub source_id: Option<String>,
    pub source_type: Option<InvoiceSourceType>,
    pub bill_run_id: Option<String>,
    pub includes_one_time: Option<bool>,
    pub includes_recurring: Option<bool>,
    pub includes_usage: Option<bool>,
    pub invoice_group_number: Option<String>,
    pub payment_term: Option<String>,
    pub sequence_set_id: Option<String>,
    pub template_id: Option<String>,
    pub communication_profile_id: Option<String>,
    pub bill_to_contact_id: Option<String>,
    pub bill_to_contact_snapshot_id: Option<String>,
    pub sold_to_contact_id: Option<String>,
    pub sold_to_contact_snapshot_id: Option<String>,
    pub ship_to_contact_id: Option<String>,
    pub ship_to_contact_snapshot_id: Option<String>,
    pub tax_status: Option<TaxStatus>,
    pub tax_message: Option<String>,
    pub transferred_to_accounting: Option<TransferredToAccounting>,
    #[serde(alias = "einvoiceStatus")]
    pub e_invoice_status: Option<EInvoiceStatus>,
    #[serde(alias = "einvoiceErrorCode")]
    pub e_invoice_error_code: Option<String>,
    #[serde(alias = "einvoiceErrorMessage")]
    pub e_invoice_error_message: Option<String>,
    #[serde(alias = "einvoiceFileId")]
    pub e_invoice_file_id: Option<String>,
    pub sales_ereporting_request_id: Option<String>,
    pub ar_ereporting_request_id: Option<String>,
    pub last_email_sent_date: Option<String>,
    pub created_by_id: Option<String>,
    pub created_date: Option<String>,
    pub updated_by_id: Option<String>,
    pub updated_date: Option<String>,
    pub object_index: Option<i64>,
    pub organization_label: Option<String>,
    #[serde(rename = "IntegrationId__NS")]
    pub integration_id_ns: Option<String>,
    #[serde(rename = "IntegrationStatus__NS")]
    pub integration_status_ns: Option<String>,
    #[serde(rename = "SyncDate__NS")]
    pub sync_date_ns: Option<String>,
    pub success: Option<bool>,
}

/// A bill run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillRun {
    pub id: Option<String>,
    #[serde(rename = "billRunNumber")]
    pub number: Option<String>,
    pub name: Option<String>,
    pub status: Option<BillRunStatus>,
    pub batches: Option<Vec<String>>,
    pub bill_cycle_day: Option<serde_json::Value>,
    #[serde(rename = "billRunFilters")]
    pub filters: Option<Vec<BillRunFilter>>,
    #[serde(rename = "chargeTypeToExclude")]
    pub excluded_charge_types: Option<Vec<ChargeType>>,
    pub auto_email: Option<bool>,
    pub auto_post: Option<bool>,
    pub auto_renewal: Option<bool>,
    pub no_email_for_zero_amount_invoice: Option<bool>,
    pub schedule: Option<BillRunSchedule>,
    pub organization_labels: Option<Vec<OrganizationLabel>>,
    pub scheduled_execution_time: Option<String>,
    pub invoice_date: Option<String>,
    pub invoice_date_offset: Option<i64>,
    pub invoice_date_month_offset: Option<i64>,
    pub invoice_date_day_of_month: Option<i64>,
    pub target_date: Option<String>,
    pub target_date_offset: Option<i64>,
    pub target_date_month_offset: Option<i64>,
    pub target_date_day_of_month: Option<i64>,
    pub include_subscriptions: Option<bool>,
    pub include_order_line_items: Option<bool>,
    pub created_by_id: Option<String>,
    pub created_date: Option<String>,
    pub updated_by_id: Option<String>,
    pub updated_date: Option<String>,
    pub next_run: Option<Box<BillRun>>,
    pub success: Option<bool>,
}

/// The creation of a bill run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewBillRun {
    pub name: &'static str,
    pub batches: [&'static str; 2],
    pub target_date: &'static str,
}

impl NewBillRun {
    /// Returns the creation that the benches send.
    pub fn march() -> Self {
        Self { name: "March, Team Plan", batches: ["Batch1", "Batch2"], target_date: "2026-03-31" }
    }
}

/// A filter of a bill run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillRunFilter {
    pub filter_type: Option<FilterType>,
    pub account_id: Option<String>,
    pub subscription_id: Option<String>,
    #[serde(rename = "objectType")]
    pub object: Option<FilterObject>,
    pub condition: Option<Condition>,
    pub invoice_schedule_id: Option<String>,
    pub invoice_schedule_item_id: Option<String>,
    pub filter_id: Option<String>,
}

/// A condition of a filter.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    pub field: Option<String>,
    pub operator: Option<Operator>,
    pub value: Option<String>,
    pub relation: Option<Relation>,
    pub conditions: Option<Vec<Condition>>,
}

/// The schedule of a recurring bill run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillRunSchedule {
    pub repeat_from: Option<String>,
    pub repeat_to: Option<String>,
    pub repeat_type: Option<RepeatType>,
    pub run_time: Option<i64>,
    pub weekly_on_day: Option<Vec<Weekday>>,
    pub monthly_on_end_of_month: Option<bool>,
}

/// An organization.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationLabel {
    pub organization_id: Option<String>,
    pub organization_name: Option<String>,
    pub cascading_down: Option<bool>,
    pub excluded: Option<bool>,
}
