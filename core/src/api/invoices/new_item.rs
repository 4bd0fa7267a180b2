//! Items of a new invoice, and items to add to an existing invoice.

use crate::api::invoices::terms::{RevRecTrigger, TaxMode, TaxRateType};
use crate::error::Result;
use crate::model::model;
use crate::model::rules::Path;
use crate::types::{Amount, Date, DateTime, ExtraFields, ProductRatePlanChargeId};

model! {
    /// Item to create on a standalone invoice.
    ///
    /// The name is set here, or a charge of the product catalog provides the name, SKU, unit, tax and
    /// accounting codes.
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
        /// Name of the item. Required unless a charge of the product catalog provides the name.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Id of the charge in the product catalog that provides the name, SKU, unit, tax and accounting
        /// codes.
        pub product_rate_plan_charge_id: Option<ProductRatePlanChargeId> = "productRatePlanChargeId",
        /// Amount in the currency of the invoice. Includes tax when the tax mode is inclusive.
        pub amount: Option<Amount> = "amount" [REQUIRED],
        /// Number of units; 1 by default.
        pub quantity: Option<Amount> = "quantity",
        /// Price of one unit.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Name of the unit.
        pub unit_of_measure: Option<String> = "uom" [max_len(255)],
        /// First day of the service period.
        pub service_start_date: Option<Date> = "serviceStartDate" [REQUIRED],
        /// Last day of the service period.
        pub service_end_date: Option<Date> = "serviceEndDate",
        /// Time of the charge, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Description of the item, at most 500 characters.
        pub description: Option<String> = "description" [max_len(500)],
        /// SKU of the item, which must not be the SKU of a product in the catalog.
        pub sku: Option<String> = "sku" [max_len(255)],
        /// Kind of the item, as defined by the tenant.
        pub item_type: Option<String> = "itemType" [max_len(50)],
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<String> = "purchaseOrderNumber" [max_len(100)],
        /// Booking reference.
        pub booking_reference: Option<String> = "bookingReference" [max_len(100)],
        /// Tax code of the item.
        pub tax_code: Option<String> = "taxCode" [max_len(64)],
        /// Tax mode: whether the amount of the item includes tax.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// Tax lines of the item, at most 5. They replace the tax code and the tax mode.
        pub tax_items: Vec<NewTaxItem> = "taxItems" [entries(0, 5)],
        /// Discounts on the item, at most 10.
        pub discount_items: Vec<NewDiscountItem> = "discountItems" [entries(0, 10)],
        /// Accounting code of the item.
        pub accounting_code: Option<String> = "accountingCode" [max_len(100)],
        /// Accounting code for accounts receivable.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [max_len(100)],
        /// Accounting code for adjustment liabilities.
        pub adjustment_liability_accounting_code: Option<String> =
            "adjustmentLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for adjustment revenue.
        pub adjustment_revenue_accounting_code: Option<String> =
            "adjustmentRevenueAccountingCode" [max_len(100)],
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<String> = "contractAssetAccountingCode" [max_len(100)],
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<String> =
            "contractLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for recognized contract revenue.
        pub contract_recognized_revenue_accounting_code: Option<String> =
            "contractRecognizedRevenueAccountingCode" [max_len(100)],
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [max_len(100)],
        /// Whether the billing of the item is excluded from revenue accounting.
        pub exclude_item_billing_from_revenue_accounting: Option<bool> =
            "excludeItemBillingFromRevenueAccounting",
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> =
            "recognizedRevenueAccountingCode" [max_len(100)],
        /// Revenue recognition code of the item.
        pub rev_rec_code: Option<String> = "revRecCode" [max_len(100)],
        /// Event that starts the revenue recognition of the item.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// First day of the revenue recognition of the item.
        pub rev_rec_start_date: Option<Date> = "revRecStartDate",
        /// Name of the revenue recognition rule.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [max_len(50)],
        /// Accounting code for unbilled receivables.
        pub unbilled_receivables_accounting_code: Option<String> =
            "unbilledReceivablesAccountingCode" [max_len(100)],
        /// Id of the corresponding object in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Status of the synchronization with NetSuite.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// Time of the last synchronization with NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
    }
}

impl NewInvoiceItem {
    /// Creates an item with a custom name, an amount in the currency of the invoice, and the first day of the
    /// service period.
    pub fn named(name: impl Into<String>, amount: impl Into<Amount>, service_start: Date) -> Self {
        Self::default().charge_name(name).amount(amount).service_start_date(service_start)
    }

    /// Creates an item from a charge of the product catalog, which provides the name, SKU, unit, tax and
    /// accounting codes. The charge must be a flat-fee or per-unit charge.
    pub fn of_charge(
        charge: impl Into<ProductRatePlanChargeId>,
        amount: impl Into<Amount>,
        service_start: Date,
    ) -> Self {
        Self::default().product_rate_plan_charge_id(charge).amount(amount).service_start_date(service_start)
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        check_new(path, &self.extra)?;
        if self.charge_name.is_none() && self.product_rate_plan_charge_id.is_none() {
            return Err(
                path.reject("chargeName", "either `chargeName` or `productRatePlanChargeId` is required")
            );
        }
        if !self.tax_items.is_empty() && (self.tax_code.is_some() || self.tax_mode.is_some()) {
            let field = if self.tax_code.is_some() { "taxCode" } else { "taxMode" };
            return Err(path.reject(field, "cannot be combined with `taxItems`"));
        }
        check_taxes(path, &self.tax_items)?;
        for (index, discount) in self.discount_items.iter().enumerate() {
            discount.check(&path.row("discountItems", index))?;
        }
        Ok(())
    }
}

model! {
    /// Discount to create on an item.
    pub request NewDiscountItem {
        /// Name of the discount. Required unless a charge of the product catalog provides the name.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Id of the charge in the product catalog that provides the name, SKU, unit, tax and accounting
        /// codes.
        pub product_rate_plan_charge_id: Option<ProductRatePlanChargeId> = "productRatePlanChargeId",
        /// Amount in the currency of the invoice, usually negative. A fixed amount, even for a percentage
        /// discount.
        pub amount: Option<Amount> = "amount" [REQUIRED],
        /// Price of one unit, or the percentage of a percentage discount.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Time of the charge, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Description of the discount, at most 500 characters.
        pub description: Option<String> = "description" [max_len(500)],
        /// SKU of the discount, which must not be the SKU of a product in the catalog.
        pub sku: Option<String> = "sku" [max_len(255)],
        /// Kind of the discount, as defined by the tenant.
        pub item_type: Option<String> = "itemType" [max_len(50)],
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<String> = "purchaseOrderNumber" [max_len(100)],
        /// Booking reference.
        pub booking_reference: Option<String> = "bookingReference" [max_len(100)],
        /// Tax lines of the discount, at most 5.
        pub tax_items: Vec<NewTaxItem> = "taxItems" [entries(0, 5)],
        /// Accounting code of the discount.
        pub accounting_code: Option<String> = "accountingCode" [max_len(100)],
        /// Accounting code for accounts receivable.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [max_len(100)],
        /// Accounting code for adjustment liabilities.
        pub adjustment_liability_accounting_code: Option<String> =
            "adjustmentLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for adjustment revenue.
        pub adjustment_revenue_accounting_code: Option<String> =
            "adjustmentRevenueAccountingCode" [max_len(100)],
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<String> = "contractAssetAccountingCode" [max_len(100)],
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<String> =
            "contractLiabilityAccountingCode" [max_len(100)],
        /// Accounting code for recognized contract revenue.
        pub contract_recognized_revenue_accounting_code: Option<String> =
            "contractRecognizedRevenueAccountingCode" [max_len(100)],
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [max_len(100)],
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> =
            "recognizedRevenueAccountingCode" [max_len(100)],
        /// Revenue recognition code of the discount.
        pub rev_rec_code: Option<String> = "revRecCode" [max_len(100)],
        /// Event that starts the revenue recognition of the discount.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// Name of the revenue recognition rule.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [max_len(50)],
        /// Accounting code for unbilled receivables.
        pub unbilled_receivables_accounting_code: Option<String> =
            "unbilledReceivablesAccountingCode" [max_len(100)],
        /// Id of the corresponding object in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Status of the synchronization with NetSuite.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// Time of the last synchronization with NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
    }
}

impl NewDiscountItem {
    /// Creates a discount with a custom name and an amount in the currency of the invoice, usually negative.
    pub fn named(name: impl Into<String>, amount: impl Into<Amount>) -> Self {
        Self::default().charge_name(name).amount(amount)
    }

    /// Creates a discount from a charge of the product catalog, which provides the name and codes. The amount
    /// is usually negative.
    pub fn of_charge(charge: impl Into<ProductRatePlanChargeId>, amount: impl Into<Amount>) -> Self {
        Self::default().product_rate_plan_charge_id(charge).amount(amount)
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        check_new(path, &self.extra)?;
        if self.charge_name.is_none() && self.product_rate_plan_charge_id.is_none() {
            return Err(
                path.reject("chargeName", "either `chargeName` or `productRatePlanChargeId` is required")
            );
        }
        check_taxes(path, &self.tax_items)
    }
}

model! {
    /// Tax line to create on an item or on a discount.
    pub request NewTaxItem {
        /// Name of the tax.
        pub name: Option<String> = "name" [REQUIRED, len(1, 128)],
        /// Amount of the tax, in the currency of the invoice.
        pub tax_amount: Option<Amount> = "taxAmount" [REQUIRED],
        /// Date on which the tax applies.
        pub tax_date: Option<Date> = "taxDate" [REQUIRED],
        /// Tax rate: a fraction of 1 or a fixed amount, depending on its type.
        pub tax_rate: Option<Amount> = "taxRate" [REQUIRED],
        /// Type of the tax rate.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType" [REQUIRED],
        /// Tax mode, which must be `TaxExclusive`: the amount of the item is before tax.
        pub tax_mode: Option<TaxMode> = "taxMode" [REQUIRED],
        /// Tax code. Some versions of the service require it.
        pub tax_code: Option<String> = "taxCode" [len(1, 64)],
        /// Amount that is exempt from the tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// Jurisdiction that levies the tax.
        pub jurisdiction: Option<String> = "jurisdiction" [max_len(255)],
        /// Code of the location.
        pub location_code: Option<String> = "locationCode" [max_len(32)],
        /// Description of the tax code.
        pub tax_code_description: Option<String> = "taxCodeDescription" [max_len(255)],
        /// Description of the tax rate by the tax engine.
        pub tax_rate_description: Option<String> = "taxRateDescription" [max_len(255)],
    }
}

impl NewTaxItem {
    /// Creates a tax line for an amount before tax.
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

/// Rejects an id: with it, the service would change an existing item instead of adding a new one.
fn check_new(path: &Path<'_>, extra: &ExtraFields) -> Result<()> {
    match extra.raw("id") {
        Some(_) => Err(path.reject("id", "must be absent from a new item")),
        None => Ok(()),
    }
}

fn check_taxes(path: &Path<'_>, taxes: &[NewTaxItem]) -> Result<()> {
    for (index, tax) in taxes.iter().enumerate() {
        let path = path.row("taxItems", index);
        tax.check_fields(&path)?;
        if tax.tax_mode == Some(TaxMode::TaxInclusive) {
            return Err(path.reject("taxMode", "must be `TaxExclusive` for custom tax lines"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::api::invoices::{InvoicePatch, ItemUpdate, UpdateInvoice};

    #[test]
    fn a_new_item_has_no_id() {
        let day: Date = "2024-06-01".parse().unwrap();
        let mut item = NewInvoiceItem::named("x", 1, day);
        assert_eq!(item.set_custom("id", "2c98").unwrap_err().field(), Some("id"));
        item.set_custom("Region__c", "EU").unwrap();
        item.extra.set("id", "2c98").unwrap();
        let update = UpdateInvoice::new("INV1", InvoicePatch::default().items([ItemUpdate::from(item)]));
        assert_eq!(update.request().unwrap_err().field(), Some("invoiceItems[0].id"));
    }

    #[test]
    fn an_extra_field_cannot_take_the_place_of_a_declared_one() {
        let day: Date = "2024-06-01".parse().unwrap();
        let mut item = NewInvoiceItem::named("x", 1, day);
        item.extra.set("amount", &2).unwrap();
        let update = UpdateInvoice::new("INV1", InvoicePatch::default().items([ItemUpdate::from(item)]));
        let error = update.request().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Build);
        assert!(error.to_string().contains("`amount`"), "{error}");
    }
}
