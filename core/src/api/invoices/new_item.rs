//! Items of an invoice that is made, or that are added to one.

use crate::api::invoices::terms::{RevRecTrigger, TaxMode, TaxRateType};
use crate::error::Result;
use crate::model::model;
use crate::model::rules::Path;
use crate::types::{Amount, Date, DateTime, ProductRatePlanChargeId};

model! {
    /// An item of a standalone invoice.
    ///
    /// Its text comes from here, or from a charge of the product catalog.
    ///
    /// ```
    /// use zuora_core::invoices::{NewDiscountItem, NewInvoiceItem};
    /// use zuora_core::{Amount, Date};
    ///
    /// let item = NewInvoiceItem::named("Setup", Amount::new(250_00, 2)?, Date::new(2024, 6, 1)?)
    ///     .description("once")
    ///     .discount_items([NewDiscountItem::named("Spring", Amount::new(-25_00, 2)?)]);
    /// assert_eq!(
    ///     serde_json::to_string(&item)?,
    ///     r#"{"chargeName":"Setup","amount":250.00,"serviceStartDate":"2024-06-01","description":"once","#
    ///     .to_owned() + r#""discountItems":[{"chargeName":"Spring","amount":-25.00}]}"#,
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub request NewInvoiceItem {
        /// Name on the line; needed unless a charge of the catalog gives it.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Charge of the product catalog from which name, SKU, unit, tax and accounting codes are taken.
        pub product_rate_plan_charge_id: Option<ProductRatePlanChargeId> = "productRatePlanChargeId",
        /// Amount in the currency of the invoice; with the tax in it when the tax mode is inclusive.
        pub amount: Option<Amount> = "amount" [REQUIRED],
        /// How many units; 1 by default.
        pub quantity: Option<Amount> = "quantity",
        /// Price of a unit.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Name of the unit.
        pub unit_of_measure: Option<String> = "uom" [max_len(255)],
        /// First day of the period that it bills.
        pub service_start_date: Option<Date> = "serviceStartDate" [REQUIRED],
        /// Last day of the period that it bills.
        pub service_end_date: Option<Date> = "serviceEndDate",
        /// When the charge is made, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Text on the line.
        pub description: Option<String> = "description" [max_len(500)],
        /// SKU; not that of a product in the catalog.
        pub sku: Option<String> = "sku" [max_len(255)],
        /// Kind of item, in the words of the tenant.
        pub item_type: Option<String> = "itemType" [max_len(50)],
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<String> = "purchaseOrderNumber" [max_len(100)],
        /// Reference of the booking.
        pub booking_reference: Option<String> = "bookingReference" [max_len(100)],
        /// Code by which it is taxed.
        pub tax_code: Option<String> = "taxCode" [max_len(64)],
        /// Whether its amount has the tax in it.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// Its tax lines, at most 5, instead of tax code and mode.
        pub tax_items: Vec<NewTaxItem> = "taxItems" [entries(0, 5)],
        /// Discounts on it, at most 10.
        pub discount_items: Vec<NewDiscountItem> = "discountItems" [entries(0, 10)],
        /// Accounting code of the item.
        pub accounting_code: Option<String> = "accountingCode" [max_len(100)],
        /// Accounting code for receivables.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [max_len(100)],
        /// Accounting code for liabilities of adjustments.
        pub adjustment_liability_accounting_code: Option<String> =
            "adjustmentLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for revenue of adjustments.
        pub adjustment_revenue_accounting_code: Option<String> =
            "adjustmentRevenueAccountingCode" [max_len(100)],
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<String> = "contractAssetAccountingCode" [max_len(100)],
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<String> =
            "contractLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for recognized revenue of contracts.
        pub contract_recognized_revenue_accounting_code: Option<String> =
            "contractRecognizedRevenueAccountingCode" [max_len(100)],
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [max_len(100)],
        /// Whether revenue accounting leaves the billing of it out.
        pub exclude_item_billing_from_revenue_accounting: Option<bool> =
            "excludeItemBillingFromRevenueAccounting",
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> =
            "recognizedRevenueAccountingCode" [max_len(100)],
        /// Code by which its revenue is recognized.
        pub rev_rec_code: Option<String> = "revRecCode" [max_len(100)],
        /// What starts the recognition of its revenue.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// Day from which its revenue is recognized.
        pub rev_rec_start_date: Option<Date> = "revRecStartDate",
        /// Rule by which its revenue is recognized.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [max_len(50)],
        /// Accounting code for receivables that are not yet billed.
        pub unbilled_receivables_accounting_code: Option<String> =
            "unbilledReceivablesAccountingCode" [max_len(100)],
        /// Id in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
    }
}

impl NewInvoiceItem {
    /// An item with a name of its own, for a service from this day on.
    pub fn named(name: impl Into<String>, amount: impl Into<Amount>, service_start: Date) -> Self {
        Self::default().charge_name(name).amount(amount).service_start_date(service_start)
    }

    /// An item that takes name, SKU, unit, tax and accounting codes from a charge of the product catalog, which must be
    /// flat-fee or per-unit.
    pub fn of_charge(
        charge: impl Into<ProductRatePlanChargeId>,
        amount: impl Into<Amount>,
        service_start: Date,
    ) -> Self {
        Self::default().product_rate_plan_charge_id(charge).amount(amount).service_start_date(service_start)
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        if self.charge_name.is_none() && self.product_rate_plan_charge_id.is_none() {
            return Err(path.refuse("chargeName", "or productRatePlanChargeId is needed"));
        }
        if !self.tax_items.is_empty() && (self.tax_code.is_some() || self.tax_mode.is_some()) {
            let field = if self.tax_code.is_some() { "taxCode" } else { "taxMode" };
            return Err(path.refuse(field, "cannot be combined with taxItems"));
        }
        check_taxes(path, &self.tax_items)?;
        for (index, discount) in self.discount_items.iter().enumerate() {
            discount.check(&path.row("discountItems", index))?;
        }
        Ok(())
    }
}

model! {
    /// A discount on an item.
    pub request NewDiscountItem {
        /// Name on the line; needed unless a charge of the catalog gives it.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Charge of the product catalog from which name, SKU, unit, tax and accounting codes are taken.
        pub product_rate_plan_charge_id: Option<ProductRatePlanChargeId> = "productRatePlanChargeId",
        /// Amount in the currency of the invoice, usually below zero; a fixed one even for a discount by percentage.
        pub amount: Option<Amount> = "amount" [REQUIRED],
        /// Price of a unit; the percentage of a discount by percentage.
        pub unit_price: Option<Amount> = "unitPrice",
        /// When the charge is made, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Text on the line.
        pub description: Option<String> = "description" [max_len(500)],
        /// SKU; not that of a product in the catalog.
        pub sku: Option<String> = "sku" [max_len(255)],
        /// Kind of item, in the words of the tenant.
        pub item_type: Option<String> = "itemType" [max_len(50)],
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<String> = "purchaseOrderNumber" [max_len(100)],
        /// Reference of the booking.
        pub booking_reference: Option<String> = "bookingReference" [max_len(100)],
        /// Its tax lines, at most 5.
        pub tax_items: Vec<NewTaxItem> = "taxItems" [entries(0, 5)],
        /// Accounting code of the item.
        pub accounting_code: Option<String> = "accountingCode" [max_len(100)],
        /// Accounting code for receivables.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [max_len(100)],
        /// Accounting code for liabilities of adjustments.
        pub adjustment_liability_accounting_code: Option<String> =
            "adjustmentLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for revenue of adjustments.
        pub adjustment_revenue_accounting_code: Option<String> =
            "adjustmentRevenueAccountingCode" [max_len(100)],
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<String> = "contractAssetAccountingCode" [max_len(100)],
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<String> =
            "contractLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for recognized revenue of contracts.
        pub contract_recognized_revenue_accounting_code: Option<String> =
            "contractRecognizedRevenueAccountingCode" [max_len(100)],
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [max_len(100)],
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> =
            "recognizedRevenueAccountingCode" [max_len(100)],
        /// Code by which its revenue is recognized.
        pub rev_rec_code: Option<String> = "revRecCode" [max_len(100)],
        /// What starts the recognition of its revenue.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// Rule by which its revenue is recognized.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [max_len(50)],
        /// Accounting code for receivables that are not yet billed.
        pub unbilled_receivables_accounting_code: Option<String> =
            "unbilledReceivablesAccountingCode" [max_len(100)],
        /// Id in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
    }
}

impl NewDiscountItem {
    /// A discount with a name of its own. Its amount is usually below zero.
    pub fn named(name: impl Into<String>, amount: impl Into<Amount>) -> Self {
        Self::default().charge_name(name).amount(amount)
    }

    /// A discount that takes its text and codes from a charge of the product catalog.
    pub fn of_charge(charge: impl Into<ProductRatePlanChargeId>, amount: impl Into<Amount>) -> Self {
        Self::default().product_rate_plan_charge_id(charge).amount(amount)
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        if self.charge_name.is_none() && self.product_rate_plan_charge_id.is_none() {
            return Err(path.refuse("chargeName", "or productRatePlanChargeId is needed"));
        }
        check_taxes(path, &self.tax_items)
    }
}

model! {
    /// A tax line of an item or of a discount.
    pub request NewTaxItem {
        /// Name of the tax.
        pub name: Option<String> = "name" [REQUIRED, len(1, 128)],
        /// The tax, in the currency of the invoice.
        pub tax_amount: Option<Amount> = "taxAmount" [REQUIRED],
        /// Day that the tax counts for.
        pub tax_date: Option<Date> = "taxDate" [REQUIRED],
        /// The rate, by its type.
        pub tax_rate: Option<Amount> = "taxRate" [REQUIRED],
        /// What the rate is.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType" [REQUIRED],
        /// Tax lines of an item go with amounts before tax.
        pub tax_mode: Option<TaxMode> = "taxMode" [REQUIRED],
        /// Code of the tax; needed by some versions of the service.
        pub tax_code: Option<String> = "taxCode" [len(1, 64)],
        /// The part of the item that is free of this tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// Who levies it.
        pub jurisdiction: Option<String> = "jurisdiction" [max_len(255)],
        /// Code of the place.
        pub location_code: Option<String> = "locationCode" [max_len(32)],
        /// What the code means.
        pub tax_code_description: Option<String> = "taxCodeDescription" [max_len(255)],
        /// What the tax engine says of the rate.
        pub tax_rate_description: Option<String> = "taxRateDescription" [max_len(255)],
    }
}

impl NewTaxItem {
    /// A tax worked out by a rate, on an amount before tax.
    pub fn new(
        name: impl Into<String>,
        tax: impl Into<Amount>,
        rate: impl Into<Amount>,
        rate_type: TaxRateType,
        date: Date,
    ) -> Self {
        let line = Self::default().name(name).tax_amount(tax).tax_rate(rate).tax_rate_type(rate_type);
        line.tax_date(date).tax_mode(TaxMode::TaxExclusive)
    }
}

fn check_taxes(path: &Path<'_>, taxes: &[NewTaxItem]) -> Result<()> {
    for (index, tax) in taxes.iter().enumerate() {
        let path = path.row("taxItems", index);
        tax.check_fields(&path)?;
        if tax.tax_mode == Some(TaxMode::TaxInclusive) {
            return Err(path.refuse("taxMode", "is TaxExclusive for tax lines of one's own"));
        }
    }
    Ok(())
}
