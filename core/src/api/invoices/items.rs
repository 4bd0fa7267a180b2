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
use crate::wire::values::boxed_on_the_wire;

static SPEC: Spec = Spec::read("get_invoice_items", "/v1/invoices/{invoiceKey}/items");

/// `GET /v1/invoices/{invoiceKey}/items` ("List all items of an invoice"): lists the items of an invoice in
/// pages.
///
/// ```
/// use zuora_core::invoices::GetInvoiceItems;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/invoices/INV00000155/items");
/// #     assert_eq!(request.uri().query(), Some("pageSize=20"));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"invoiceItems":[{"id":"2c86","chargeName":"Setup",
/// #         "chargeAmount":250.00}]}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// for item in client.items(&GetInvoiceItems::new("INV00000155").page_size(20)) {
///     let item = item?;
///     assert_eq!(item.charge_name.as_deref(), Some("Setup"));
///     assert_eq!(item.charge_amount()?.to_string(), "250.00");
/// }
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_invoice_items")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoiceItems {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(default)]
    paging: Paging,
}

impl GetInvoiceItems {
    /// Creates the operation for an invoice id or number. It starts at the first page and requests 40 items
    /// per page.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), paging: Paging::default() }
    }
}

numbered_pages! {
    GetInvoiceItems { keys: [invoice], page: paging.page, size: paging.size }
        -> InvoiceItems { items: InvoiceItem }
}

model! {
    /// Page of invoice items.
    #[doc(alias = "InvoiceItemsResponse")]
    pub response InvoiceItems {
        /// Items on the page.
        pub items: Vec<InvoiceItem> = "invoiceItems",
        /// URL of the next page; absent on the last page. The client does not follow the URL.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// Item of an invoice.
    ///
    /// Amounts are in the currency of the invoice. A discount is a separate item, which refers to the
    /// discounted item with [`applied_to_item_id`](Self::applied_to_item_id).
    pub struct InvoiceItem {
        /// Id of the item.
        pub id: Option<InvoiceItemId> = "id",
        /// Kind of the item, such as a charge or a discount.
        pub processing_type: Option<ProcessingType> = "processingType",
        /// Type of the charge.
        pub charge_type: Option<ChargeType> = "chargeType",
        /// Amount of the item: before tax, unless the tax mode is inclusive.
        pub charge_amount: Option<Amount> = "chargeAmount",
        /// Tax on the item.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// Amount of the item that is still due.
        pub balance: Option<Amount> = "balance",
        /// Amount that can still be credited by credit memos.
        pub available_to_credit_amount: Option<Amount> = "availableToCreditAmount",
        /// Number of units.
        pub quantity: Option<Amount> = "quantity",
        /// Price of one unit.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Name of the unit.
        pub unit_of_measure: Option<Box<str>> = "unitOfMeasure",
        /// Number of deliveries that the item bills.
        pub number_of_deliveries: Option<Amount> = "numberOfDeliveries",
        /// First day of the service period.
        pub service_start_date: Option<Date> = "serviceStartDate",
        /// Last day of the service period.
        pub service_end_date: Option<Date> = "serviceEndDate",
        /// Time of the charge, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Name of the charge.
        pub charge_name: Option<Box<str>> = "chargeName",
        /// Description of the charge in the product catalog.
        pub charge_description: Option<Box<str>> = "chargeDescription",
        /// Description of the item.
        pub description: Option<Box<str>> = "description",
        /// Name of the product.
        pub product_name: Option<Box<str>> = "productName",
        /// SKU of the product.
        pub sku: Option<Box<str>> = "sku",
        /// Id of the charge.
        pub charge_id: Option<Box<str>> = "chargeId",
        /// Id of the charge in the product catalog.
        pub product_rate_plan_charge_id: Option<ProductRatePlanChargeId> = "productRatePlanChargeId",
        /// Id of the subscription that the item bills.
        pub subscription_id: Option<SubscriptionId> = "subscriptionId",
        /// Number of the subscription that the item bills.
        pub subscription_name: Option<Box<str>> = "subscriptionName",
        /// Id of the item that the discount applies to. Present on discounts.
        pub applied_to_item_id: Option<InvoiceItemId> = "appliedToItemId",
        /// Whether the discount is reflected in the net amount of the item that it applies to.
        pub reflect_discount_in_net_amount: Option<bool> = "reflectDiscountInNetAmount",
        /// Kind of object that the item was created from.
        pub source_item_type: Option<ItemSource> = "sourceItemType",
        /// Kind of the item, as defined by the tenant.
        pub item_type: Option<Box<str>> = "itemType",
        /// Booking reference.
        pub booking_reference: Option<Box<str>> = "bookingReference",
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<Box<str>> = "purchaseOrderNumber",
        /// Id of the commitment that the item counts toward.
        pub commitment_id: Option<Box<str>> = "commitmentId",
        /// Id of the commitment period that the item counts toward.
        pub commitment_period_id: Option<Box<str>> = "commitmentPeriodId",
        /// Id of the invoice schedule that created the item.
        pub invoice_schedule_id: Option<Box<str>> = "invoiceScheduleId",
        /// Id of the invoice schedule item that created the item.
        pub invoice_schedule_item_id: Option<Box<str>> = "invoiceScheduleItemId",
        /// Id of the fulfillment of the order line item.
        pub fulfillment_id: Option<Box<str>> = "fulfillmentId",
        /// Id of the order line item that the item bills.
        pub order_line_item_id: Option<Box<str>> = "orderLineItemId",
        /// Id of the sold-to contact.
        pub sold_to_contact_id: Option<ContactId> = "soldToContactId",
        /// Id of the snapshot of the sold-to contact, taken when the invoice was posted.
        pub sold_to_contact_snapshot_id: Option<Box<str>> = "soldToContactSnapshotId",
        /// Id of the ship-to contact.
        pub ship_to_contact_id: Option<ContactId> = "shipToContactId",
        /// Tax code of the item.
        pub tax_code: Option<Box<str>> = "taxCode",
        /// Tax mode: whether the amount of the item includes tax.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// First page of the tax lines of the item.
        pub taxation_items: Option<Box<InvoiceItemTaxes>> = "taxationItems",
        /// Accounting code of the item.
        pub accounting_code: Option<Box<str>> = "accountingCode",
        /// Accounting code for adjustment liabilities.
        pub adjustment_liability_accounting_code: Option<Box<str>> = "adjustmentLiabilityAccountingCode",
        /// Accounting code for adjustment revenue.
        pub adjustment_revenue_accounting_code: Option<Box<str>> = "adjustmentRevenueAccountingCode",
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<Box<str>> = "contractAssetAccountingCode",
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<Box<str>> = "contractLiabilityAccountingCode",
        /// Accounting code for recognized contract revenue.
        pub contract_recognized_revenue_accounting_code: Option<Box<str>> = "contractRecognizedRevenueAccountingCode",
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<Box<str>> = "deferredRevenueAccountingCode",
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<Box<str>> = "recognizedRevenueAccountingCode",
        /// Accounting code for unbilled receivables.
        pub unbilled_receivables_accounting_code: Option<Box<str>> = "unbilledReceivablesAccountingCode",
        /// Whether the billing of the item is excluded from revenue accounting.
        pub exclude_item_billing_from_revenue_accounting: Option<bool> = "excludeItemBillingFromRevenueAccounting",
        /// Revenue recognition code of the item.
        pub rev_rec_code: Option<Box<str>> = "revRecCode",
        /// Event that starts the revenue recognition of the item.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// First day of the revenue recognition of the item.
        pub rev_rec_start_date: Option<Date> = "revRecStartDate",
        /// Name of the revenue recognition rule.
        pub revenue_recognition_rule_name: Option<Box<str>> = "revenueRecognitionRuleName",
        /// Id of the corresponding object in NetSuite.
        pub integration_id_ns: Option<Box<str>> = "IntegrationId__NS",
        /// Status of the synchronization with NetSuite.
        pub integration_status_ns: Option<Box<str>> = "IntegrationStatus__NS",
        /// Time of the last synchronization with NetSuite.
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
    /// First page of the tax lines of an invoice item.
    /// [`GetTaxationItems`](crate::api::invoices::GetTaxationItems) lists all of them.
    pub struct InvoiceItemTaxes {
        /// Tax lines.
        pub data: Vec<InvoiceTaxationItem> = "data",
        /// URL of the next page; absent on the last page. The client does not follow the URL.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

boxed_on_the_wire! { InvoiceItemTaxes }

model! {
    /// Tax line of an invoice item. Amounts are in the currency of the invoice.
    pub struct InvoiceTaxationItem {
        /// Id of the tax line.
        pub id: Option<TaxationItemId> = "id",
        /// Name of the tax.
        pub name: Option<Box<str>> = "name",
        /// Amount of the tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// Amount that is exempt from the tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// Amount of the tax before rounding.
        pub applicable_tax_un_rounded: Option<Amount> = "applicableTaxUnRounded",
        /// Amount of the tax that is still due.
        pub balance: Option<Amount> = "balance",
        /// Amount of the payments that are applied to the tax.
        pub payment_amount: Option<Amount> = "paymentAmount",
        /// Amount of the credit memos that are applied to the tax.
        pub credit_amount: Option<Amount> = "creditAmount",
        /// Amount that can still be credited by credit memos.
        pub available_to_credit_amount: Option<Amount> = "availableToCreditAmount",
        /// Tax rate: a fraction of 1 or a fixed amount, depending on its type.
        pub tax_rate: Option<Amount> = "taxRate",
        /// Type of the tax rate.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType",
        /// Description of the tax rate by the tax engine.
        pub tax_rate_description: Option<Box<str>> = "taxRateDescription",
        /// Date on which the tax applies.
        pub tax_date: Option<Date> = "taxDate",
        /// Tax code.
        pub tax_code: Option<Box<str>> = "taxCode",
        /// Description of the tax code.
        pub tax_code_description: Option<Box<str>> = "taxCodeDescription",
        /// Jurisdiction that levies the tax.
        pub jurisdiction: Option<Box<str>> = "jurisdiction",
        /// Code of the location.
        pub location_code: Option<Box<str>> = "locationCode",
        /// Country of the tax.
        pub country: Option<Box<str>> = "country",
    }
}
