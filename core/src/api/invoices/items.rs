//! `GET /v1/invoices/{invoiceKey}/items`

use serde::{Deserialize, Serialize};

use crate::api::bill_runs::ChargeType;
use crate::api::invoices::paging::{Paging, numbered_pages};
use crate::api::invoices::terms::{ItemSource, ProcessingType, RevRecTrigger, TaxMode, TaxRateType};
use crate::api::shared::required_fields;
use crate::model::model;
use crate::operation::Spec;
use crate::types::{
    Amount, ContactId, Date, DateTime, InvoiceItemId, InvoiceKey, ProductRatePlanChargeId, SubscriptionId,
    TaxationItemId,
};

static SPEC: Spec = Spec::read("get_invoice_items", "/v1/invoices/{invoiceKey}/items");

/// `GET /v1/invoices/{invoiceKey}/items` ("List all items of an invoice"): lists the items of an invoice, page by page.
///
/// ```
/// use zuora_core::invoices::GetInvoiceItems;
/// use zuora_core::Operation;
///
/// let request = GetInvoiceItems::new("INV00000155").page_size(20).page(2).request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/items?pageSize=20&page=2");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoiceItems {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(default)]
    paging: Paging,
}

impl GetInvoiceItems {
    /// Lists the items of the invoice of this id or number, from the first page on, 40 a page.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), paging: Paging::default() }
    }
}

numbered_pages! {
    GetInvoiceItems { keys: [invoice], page: paging.page, size: paging.size } -> InvoiceItems { items: InvoiceItem }
}

model! {
    /// A page of an invoice's items.
    pub response InvoiceItems {
        /// The items.
        pub items: Vec<InvoiceItem> = "invoiceItems",
        /// Address of the next page; none on the last one. Only evidence that there is one: it is not followed.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// A line of an invoice.
    ///
    /// Amounts are in the currency of the invoice. A discount is a line of its own that names the line it
    /// applies to.
    pub struct InvoiceItem {
        /// Id of the item.
        pub id: Option<InvoiceItemId> = "id",
        /// What the item is.
        pub processing_type: Option<ProcessingType> = "processingType",
        /// Kind of the charge.
        pub charge_type: Option<ChargeType> = "chargeType",
        /// Its amount; before tax, unless the tax mode is inclusive.
        pub charge_amount: Option<Amount> = "chargeAmount",
        /// Its tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// What is still owed of it.
        pub balance: Option<Amount> = "balance",
        /// What credit memos may still take from it.
        pub available_to_credit_amount: Option<Amount> = "availableToCreditAmount",
        /// How many units.
        pub quantity: Option<Amount> = "quantity",
        /// Price of a unit.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Name of the unit.
        pub unit_of_measure: Option<Box<str>> = "unitOfMeasure",
        /// How many deliveries it bills.
        pub number_of_deliveries: Option<Amount> = "numberOfDeliveries",
        /// First day of the period that it bills.
        pub service_start_date: Option<Date> = "serviceStartDate",
        /// Last day of the period that it bills.
        pub service_end_date: Option<Date> = "serviceEndDate",
        /// When the charge was made, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Name of the charge.
        pub charge_name: Option<Box<str>> = "chargeName",
        /// What the catalog says of the charge.
        pub charge_description: Option<Box<str>> = "chargeDescription",
        /// Text on the line.
        pub description: Option<Box<str>> = "description",
        /// Name of the product.
        pub product_name: Option<Box<str>> = "productName",
        /// The product's SKU.
        pub sku: Option<Box<str>> = "sku",
        /// Id of the charge.
        pub charge_id: Option<Box<str>> = "chargeId",
        /// The charge in the product catalog.
        pub product_rate_plan_charge_id: Option<ProductRatePlanChargeId> = "productRatePlanChargeId",
        /// The subscription that it bills.
        pub subscription_id: Option<SubscriptionId> = "subscriptionId",
        /// Number of that subscription.
        pub subscription_name: Option<Box<str>> = "subscriptionName",
        /// The line that this discount applies to.
        pub applied_to_item_id: Option<InvoiceItemId> = "appliedToItemId",
        /// Whether the net amount of that line shows the discount.
        pub reflect_discount_in_net_amount: Option<bool> = "reflectDiscountInNetAmount",
        /// What it comes from.
        pub source_item_type: Option<ItemSource> = "sourceItemType",
        /// Kind of item, in the words of the tenant.
        pub item_type: Option<Box<str>> = "itemType",
        /// Reference of the booking.
        pub booking_reference: Option<Box<str>> = "bookingReference",
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<Box<str>> = "purchaseOrderNumber",
        /// The commitment that it counts toward.
        pub commitment_id: Option<Box<str>> = "commitmentId",
        /// The period of that commitment.
        pub commitment_period_id: Option<Box<str>> = "commitmentPeriodId",
        /// The invoice schedule that made it.
        pub invoice_schedule_id: Option<Box<str>> = "invoiceScheduleId",
        /// The item of that schedule.
        pub invoice_schedule_item_id: Option<Box<str>> = "invoiceScheduleItemId",
        /// The fulfillment of the order line item.
        pub fulfillment_id: Option<Box<str>> = "fulfillmentId",
        /// The order line item that it bills.
        pub order_line_item_id: Option<Box<str>> = "orderLineItemId",
        /// Whom it was sold to.
        pub sold_to_contact_id: Option<ContactId> = "soldToContactId",
        /// That contact as it was when the invoice was posted.
        pub sold_to_contact_snapshot_id: Option<Box<str>> = "soldToContactSnapshotId",
        /// Whom it was shipped to.
        pub ship_to_contact_id: Option<ContactId> = "shipToContactId",
        /// Code by which it is taxed.
        pub tax_code: Option<Box<str>> = "taxCode",
        /// Whether its amount has the tax in it.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// Its tax lines, the first page of them.
        pub taxation_items: Option<Box<InvoiceItemTaxes>> = "taxationItems",
        /// Accounting code of the item.
        pub accounting_code: Option<Box<str>> = "accountingCode",
        /// Accounting code for liabilities of adjustments.
        pub adjustment_liability_accounting_code: Option<Box<str>> = "adjustmentLiabilityAccountingCode",
        /// Accounting code for revenue of adjustments.
        pub adjustment_revenue_accounting_code: Option<Box<str>> = "adjustmentRevenueAccountingCode",
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<Box<str>> = "contractAssetAccountingCode",
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<Box<str>> = "contractLiabilityAccountingCode",
        /// Accounting code for recognized revenue of contracts.
        pub contract_recognized_revenue_accounting_code: Option<Box<str>> = "contractRecognizedRevenueAccountingCode",
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<Box<str>> = "deferredRevenueAccountingCode",
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<Box<str>> = "recognizedRevenueAccountingCode",
        /// Accounting code for receivables that are not yet billed.
        pub unbilled_receivables_accounting_code: Option<Box<str>> = "unbilledReceivablesAccountingCode",
        /// Whether revenue accounting leaves the billing of it out.
        pub exclude_item_billing_from_revenue_accounting: Option<bool> = "excludeItemBillingFromRevenueAccounting",
        /// Code by which its revenue is recognized.
        pub rev_rec_code: Option<Box<str>> = "revRecCode",
        /// What starts the recognition of its revenue.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// Day from which its revenue is recognized.
        pub rev_rec_start_date: Option<Date> = "revRecStartDate",
        /// Rule by which its revenue is recognized.
        pub revenue_recognition_rule_name: Option<Box<str>> = "revenueRecognitionRuleName",
        /// Id that it has in NetSuite.
        pub integration_id_ns: Option<Box<str>> = "IntegrationId__NS",
        /// Where its transfer to NetSuite stands.
        pub integration_status_ns: Option<Box<str>> = "IntegrationStatus__NS",
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<Box<str>> = "SyncDate__NS",
    }
}

required_fields! {
    InvoiceItem {
        /// Returns the id of the item.
        id: InvoiceItemId = "invoiceItems.id",
        /// Returns the amount of the item, in the currency of the invoice.
        charge_amount: Amount = "invoiceItems.chargeAmount",
    }
}

model! {
    /// Tax lines of an invoice item.
    pub struct InvoiceItemTaxes {
        /// The lines.
        pub data: Vec<InvoiceTaxationItem> = "data",
        /// Address of the next page; none on the last one. It is not followed.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// A tax line of an invoice item. Amounts are in the currency of the invoice.
    pub struct InvoiceTaxationItem {
        /// Id of the line.
        pub id: Option<TaxationItemId> = "id",
        /// Name of the tax.
        pub name: Option<Box<str>> = "name",
        /// The tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// The part of the item that is free of this tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// The tax before rounding.
        pub applicable_tax_un_rounded: Option<Amount> = "applicableTaxUnRounded",
        /// What is still owed of it.
        pub balance: Option<Amount> = "balance",
        /// What payments have settled.
        pub payment_amount: Option<Amount> = "paymentAmount",
        /// What credit memos have settled.
        pub credit_amount: Option<Amount> = "creditAmount",
        /// What credit memos may still take from it.
        pub available_to_credit_amount: Option<Amount> = "availableToCreditAmount",
        /// The rate: a fraction of 1 or an amount, by its type.
        pub tax_rate: Option<Amount> = "taxRate",
        /// What the rate is.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType",
        /// What the tax engine says of the rate.
        pub tax_rate_description: Option<Box<str>> = "taxRateDescription",
        /// Day that the tax counts for.
        pub tax_date: Option<Date> = "taxDate",
        /// Code of the tax.
        pub tax_code: Option<Box<str>> = "taxCode",
        /// What the code means.
        pub tax_code_description: Option<Box<str>> = "taxCodeDescription",
        /// Who levies it.
        pub jurisdiction: Option<Box<str>> = "jurisdiction",
        /// Code of the place.
        pub location_code: Option<Box<str>> = "locationCode",
        /// The country.
        pub country: Option<Box<str>> = "country",
    }
}
