//! Changes to the items of an invoice.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::api::invoices::new_item::{NewDiscountItem, NewInvoiceItem};
use crate::api::invoices::terms::{RevRecTrigger, TaxMode};
use crate::error::Result;
use crate::model::model;
use crate::model::patch::Patch;
use crate::model::rules::Path;
use crate::types::{Amount, Date, DateTime, InvoiceItemId};
use crate::wire::{FromWire, values};
use crate::wire::{ReadError, ValueReader};

/// Change to one item of a draft invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ItemUpdate {
    /// Adds an item.
    Add(Box<NewInvoiceItem>),
    /// Modifies an item.
    Modify(Box<ItemPatch>),
    /// Removes an item.
    Remove(InvoiceItemId),
}

impl ItemUpdate {
    /// Creates the change that removes an item.
    #[doc(alias = "delete")]
    pub fn remove(item: impl Into<InvoiceItemId>) -> Self {
        Self::Remove(item.into())
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        match self {
            Self::Add(item) => item.check(path),
            Self::Modify(item) => item.check(path),
            Self::Remove(id) if id.as_str().chars().count() > 32 => {
                Err(path.reject("id", "must have at most 32 characters"))
            }
            Self::Remove(_) => Ok(()),
        }
    }
}

impl From<NewInvoiceItem> for ItemUpdate {
    fn from(item: NewInvoiceItem) -> Self {
        Self::Add(Box::new(item))
    }
}

impl From<ItemPatch> for ItemUpdate {
    fn from(item: ItemPatch) -> Self {
        Self::Modify(Box::new(item))
    }
}

model! {
    /// Changes to an item. Fields that are not set do not change.
    ///
    /// ```
    /// use zuora_core::Amount;
    /// use zuora_core::invoices::ItemPatch;
    ///
    /// let changes = ItemPatch::of("2c86c8955bd63cc1015bd7c151af02ef").amount(Amount::new(9_90, 2)?).without_tax();
    /// assert_eq!(
    ///     serde_json::to_string(&changes)?,
    ///     r#"{"id":"2c86c8955bd63cc1015bd7c151af02ef","amount":9.90,"taxCode":null,"taxMode":null}"#,
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub request ItemPatch {
        /// Id of the item.
        id: Option<InvoiceItemId> = "id" (by hand) [max_len(32)],
        /// Name of the item.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Amount in the currency of the invoice. Includes tax when the tax mode is inclusive.
        pub amount: Option<Amount> = "amount",
        /// Number of units.
        pub quantity: Option<Amount> = "quantity",
        /// Price of one unit.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Name of the unit.
        pub unit_of_measure: Option<String> = "uom" [max_len(255)],
        /// First day of the service period.
        pub service_start_date: Option<Date> = "serviceStartDate",
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
        /// Tax code of the item. Clearing both the tax code and the tax mode removes the tax lines.
        pub tax_code: Patch<String> = "taxCode" [max_len(64)],
        /// Tax mode of the item. Clearing both the tax code and the tax mode removes the tax lines.
        pub tax_mode: Patch<TaxMode> = "taxMode",
        /// New discounts and changes to existing discounts, at most 10.
        pub discount_items: Vec<DiscountUpdate> = "discountItems" [entries(0, 10)],
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

impl ItemPatch {
    /// Creates an empty set of changes to an item.
    pub fn of(item: impl Into<InvoiceItemId>) -> Self {
        Self { id: Some(item.into()), ..Self::default() }
    }

    pub(super) fn id(&self) -> Option<&InvoiceItemId> {
        self.id.as_ref()
    }

    /// Clears the tax code and the tax mode, which removes the tax lines of the item.
    #[must_use]
    pub fn without_tax(self) -> Self {
        self.tax_code(Patch::Clear).tax_mode(Patch::Clear)
    }

    fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        for (index, discount) in self.discount_items.iter().enumerate() {
            discount.check(&path.row("discountItems", index))?;
        }
        Ok(())
    }
}

/// Returns the first field of a discount that is allowed only when the discounted item is new too.
fn field_for_new_items_only(discount: &NewDiscountItem) -> Option<&'static str> {
    if discount.product_rate_plan_charge_id.is_some() {
        Some("productRatePlanChargeId")
    } else if discount.booking_reference.is_some() {
        Some("bookingReference")
    } else if !discount.tax_items.is_empty() {
        Some("taxItems")
    } else {
        None
    }
}

/// Change to one discount of an item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DiscountUpdate {
    /// Adds a discount. It requires a name. A catalog charge, a booking reference and tax lines are allowed
    /// only for discounts of new items.
    Add(Box<NewDiscountItem>),
    /// Modifies a discount.
    Modify(Box<DiscountPatch>),
}

impl DiscountUpdate {
    fn check(&self, path: &Path<'_>) -> Result<()> {
        match self {
            Self::Add(discount) => match field_for_new_items_only(discount) {
                Some(field) => Err(path.reject(field, "is allowed only for discounts of new items")),
                None => discount.check(path),
            },
            Self::Modify(discount) => discount.check_fields(path),
        }
    }
}

impl From<NewDiscountItem> for DiscountUpdate {
    fn from(discount: NewDiscountItem) -> Self {
        Self::Add(Box::new(discount))
    }
}

impl From<DiscountPatch> for DiscountUpdate {
    fn from(discount: DiscountPatch) -> Self {
        Self::Modify(Box::new(discount))
    }
}

model! {
    /// Changes to a discount. Fields that are not set do not change.
    pub request DiscountPatch {
        /// Id of the discount.
        id: Option<InvoiceItemId> = "id" (by hand) [max_len(32)],
        /// Name of the discount.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Amount in the currency of the invoice, usually negative. A fixed amount, even for a percentage
        /// discount.
        pub amount: Option<Amount> = "amount",
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

impl DiscountPatch {
    /// Creates an empty set of changes to a discount.
    pub fn of(discount: impl Into<InvoiceItemId>) -> Self {
        Self { id: Some(discount.into()), ..Self::default() }
    }
}

model! {
    /// Fields that distinguish an added item from a modified or removed one.
    body Discriminant {
        id: Option<InvoiceItemId> = "id",
        delete: Option<bool> = "delete",
    }
}

impl FromWire for ItemUpdate {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        let json = source.raw()?;
        let read = || {
            let Some(kind) = serde_json::from_str::<Option<Discriminant>>(json)? else { return Ok(None) };
            Ok(Some(match kind {
                Discriminant { id: Some(id), delete: Some(true), .. } => Self::Remove(id),
                Discriminant { id: Some(_), .. } => Self::Modify(serde_json::from_str(json)?),
                _ => Self::Add(serde_json::from_str(json)?),
            }))
        };
        *place = read().map_err(|error: serde_json::Error| ReadError::of_text(&error.to_string()))?;
        Ok(())
    }
}

impl FromWire for DiscountUpdate {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        let json = source.raw()?;
        let read = || {
            let Some(kind) = serde_json::from_str::<Option<Discriminant>>(json)? else { return Ok(None) };
            Ok(Some(match kind.id {
                Some(_) => Self::Modify(serde_json::from_str(json)?),
                None => Self::Add(serde_json::from_str(json)?),
            }))
        };
        *place = read().map_err(|error: serde_json::Error| ReadError::of_text(&error.to_string()))?;
        Ok(())
    }
}

impl<'de> Deserialize<'de> for ItemUpdate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

impl<'de> Deserialize<'de> for DiscountUpdate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

impl Serialize for ItemUpdate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Add(item) => item.serialize(serializer),
            Self::Modify(item) => item.serialize(serializer),
            Self::Remove(id) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("id", id)?;
                map.serialize_entry("delete", &true)?;
                map.end()
            }
        }
    }
}

impl Serialize for DiscountUpdate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Add(discount) => discount.serialize(serializer),
            Self::Modify(discount) => discount.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_or_flag_that_cannot_be_read_makes_no_other_change() {
        for json in [r#"{"id":[],"chargeName":"x"}"#, r#"{"id":"1","delete":"perhaps"}"#] {
            assert!(serde_json::from_str::<ItemUpdate>(json).is_err(), "{json}");
        }
    }
}
