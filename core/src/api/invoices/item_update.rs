//! What an update does to the items of an invoice.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::api::invoices::new_item::{NewDiscountItem, NewInvoiceItem};
use crate::api::invoices::terms::{RevRecTrigger, TaxMode};
use crate::error::Result;
use crate::model::model;
use crate::model::patch::Patch;
use crate::model::rules::Path;
use crate::types::{Amount, Date, DateTime, InvoiceItemId};
use crate::wire::{Fault, Source};
use crate::wire::{Wire, values};

/// What an update does with one item of a draft invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ItemUpdate {
    /// Adds an item.
    Add(Box<NewInvoiceItem>),
    /// Changes an item.
    Change(Box<ItemChanges>),
    /// Takes an item away.
    Remove(InvoiceItemId),
}

impl ItemUpdate {
    /// Takes an item away.
    pub fn remove(item: impl Into<InvoiceItemId>) -> Self {
        Self::Remove(item.into())
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        match self {
            Self::Add(item) => item.check(path),
            Self::Change(item) => item.check(path),
            Self::Remove(id) if id.as_str().chars().count() > 32 => {
                Err(path.refuse("id", "takes at most 32 characters"))
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

impl From<ItemChanges> for ItemUpdate {
    fn from(item: ItemChanges) -> Self {
        Self::Change(Box::new(item))
    }
}

model! {
    /// Changes of an item; what is not named stays.
    ///
    /// ```
    /// use zuora_core::Amount;
    /// use zuora_core::invoices::ItemChanges;
    ///
    /// let changes = ItemChanges::of("2c86c8955bd63cc1015bd7c151af02ef").amount(Amount::new(9_90, 2)?).without_tax();
    /// assert_eq!(
    ///     serde_json::to_string(&changes)?,
    ///     r#"{"id":"2c86c8955bd63cc1015bd7c151af02ef","amount":9.90,"taxCode":null,"taxMode":null}"#,
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub request ItemChanges {
        /// The item.
        id: Option<InvoiceItemId> = "id" (by hand) [up_to(32)],
        /// Name on the line.
        pub charge_name: Option<String> = "chargeName" [up_to(130)],
        /// Amount in the currency of the invoice; with the tax in it when the tax mode is inclusive.
        pub amount: Option<Amount> = "amount",
        /// How many units.
        pub quantity: Option<Amount> = "quantity",
        /// Price of a unit.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Name of the unit.
        pub unit_of_measure: Option<String> = "uom" [up_to(255)],
        /// First day of the period that it bills.
        pub service_start_date: Option<Date> = "serviceStartDate",
        /// Last day of the period that it bills.
        pub service_end_date: Option<Date> = "serviceEndDate",
        /// When the charge is made, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Text on the line.
        pub description: Option<String> = "description" [up_to(500)],
        /// SKU; not that of a product in the catalog.
        pub sku: Option<String> = "sku" [up_to(255)],
        /// Kind of item, in the words of the tenant.
        pub item_type: Option<String> = "itemType" [up_to(50)],
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<String> = "purchaseOrderNumber" [up_to(100)],
        /// Code by which it is taxed; cleared together with the tax mode, its tax lines go.
        pub tax_code: Patch<String> = "taxCode" [up_to(64)],
        /// Whether its amount has the tax in it; cleared together with the tax code, its tax lines go.
        pub tax_mode: Patch<TaxMode> = "taxMode",
        /// Discounts on it, at most 10: new ones, and changes of those that it has.
        pub discount_items: Vec<DiscountUpdate> = "discountItems" [count(0, 10)],
        /// Accounting code of the item.
        pub accounting_code: Option<String> = "accountingCode" [up_to(100)],
        /// Accounting code for receivables.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [up_to(100)],
        /// Accounting code for liabilities of adjustments.
        pub adjustment_liability_accounting_code: Option<String> =
            "adjustmentLiabilityAccountingCode" [up_to(100)],
        /// Accounting code for revenue of adjustments.
        pub adjustment_revenue_accounting_code: Option<String> =
            "adjustmentRevenueAccountingCode" [up_to(100)],
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<String> = "contractAssetAccountingCode" [up_to(100)],
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<String> =
            "contractLiabilityAccountingCode" [up_to(100)],
        /// Accounting code for recognized revenue of contracts.
        pub contract_recognized_revenue_accounting_code: Option<String> =
            "contractRecognizedRevenueAccountingCode" [up_to(100)],
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [up_to(100)],
        /// Whether revenue accounting leaves the billing of it out.
        pub exclude_item_billing_from_revenue_accounting: Option<bool> =
            "excludeItemBillingFromRevenueAccounting",
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> =
            "recognizedRevenueAccountingCode" [up_to(100)],
        /// Code by which its revenue is recognized.
        pub rev_rec_code: Option<String> = "revRecCode" [up_to(100)],
        /// What starts the recognition of its revenue.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// Day from which its revenue is recognized.
        pub rev_rec_start_date: Option<Date> = "revRecStartDate",
        /// Rule by which its revenue is recognized.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [up_to(50)],
        /// Accounting code for receivables that are not yet billed.
        pub unbilled_receivables_accounting_code: Option<String> =
            "unbilledReceivablesAccountingCode" [up_to(100)],
        /// Id in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [up_to(255)],
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [up_to(255)],
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [up_to(255)],
    }
}

impl ItemChanges {
    /// Changes of this item.
    pub fn of(item: impl Into<InvoiceItemId>) -> Self {
        Self { id: Some(item.into()), ..Self::default() }
    }

    /// Takes its tax lines away.
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

/// What can be said of a discount only while its item is new.
fn of_new_items_only(discount: &NewDiscountItem) -> Option<&'static str> {
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

/// What an update does with one discount of an item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DiscountUpdate {
    /// Adds a discount; with a name of its own and without booking reference and tax lines, which are for discounts
    /// of new items.
    Add(Box<NewDiscountItem>),
    /// Changes a discount.
    Change(Box<DiscountChanges>),
}

impl DiscountUpdate {
    fn check(&self, path: &Path<'_>) -> Result<()> {
        match self {
            Self::Add(discount) => match of_new_items_only(discount) {
                Some(field) => Err(path.refuse(field, "is only for discounts of new items")),
                None => discount.check(path),
            },
            Self::Change(discount) => discount.check_fields(path),
        }
    }
}

impl From<NewDiscountItem> for DiscountUpdate {
    fn from(discount: NewDiscountItem) -> Self {
        Self::Add(Box::new(discount))
    }
}

impl From<DiscountChanges> for DiscountUpdate {
    fn from(discount: DiscountChanges) -> Self {
        Self::Change(Box::new(discount))
    }
}

model! {
    /// Changes of a discount; what is not named stays.
    pub request DiscountChanges {
        /// The discount.
        id: Option<InvoiceItemId> = "id" (by hand) [up_to(32)],
        /// Name on the line.
        pub charge_name: Option<String> = "chargeName" [up_to(130)],
        /// Amount in the currency of the invoice, usually below zero; a fixed one even for a discount by percentage.
        pub amount: Option<Amount> = "amount",
        /// Price of a unit; the percentage of a discount by percentage.
        pub unit_price: Option<Amount> = "unitPrice",
        /// When the charge is made, in the tenant's time zone.
        pub charge_date: Option<DateTime> = "chargeDate",
        /// Text on the line.
        pub description: Option<String> = "description" [up_to(500)],
        /// SKU; not that of a product in the catalog.
        pub sku: Option<String> = "sku" [up_to(255)],
        /// Kind of item, in the words of the tenant.
        pub item_type: Option<String> = "itemType" [up_to(50)],
        /// Number of the customer's purchase order.
        pub purchase_order_number: Option<String> = "purchaseOrderNumber" [up_to(100)],
        /// Accounting code of the item.
        pub accounting_code: Option<String> = "accountingCode" [up_to(100)],
        /// Accounting code for receivables.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [up_to(100)],
        /// Accounting code for liabilities of adjustments.
        pub adjustment_liability_accounting_code: Option<String> =
            "adjustmentLiabilityAccountingCode" [up_to(100)],
        /// Accounting code for revenue of adjustments.
        pub adjustment_revenue_accounting_code: Option<String> =
            "adjustmentRevenueAccountingCode" [up_to(100)],
        /// Accounting code for contract assets.
        pub contract_asset_accounting_code: Option<String> = "contractAssetAccountingCode" [up_to(100)],
        /// Accounting code for contract liabilities.
        pub contract_liability_accounting_code: Option<String> =
            "contractLiabilityAccountingCode" [up_to(100)],
        /// Accounting code for recognized revenue of contracts.
        pub contract_recognized_revenue_accounting_code: Option<String> =
            "contractRecognizedRevenueAccountingCode" [up_to(100)],
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [up_to(100)],
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> =
            "recognizedRevenueAccountingCode" [up_to(100)],
        /// Code by which its revenue is recognized.
        pub rev_rec_code: Option<String> = "revRecCode" [up_to(100)],
        /// What starts the recognition of its revenue.
        pub rev_rec_trigger_condition: Option<RevRecTrigger> = "revRecTriggerCondition",
        /// Rule by which its revenue is recognized.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [up_to(50)],
        /// Accounting code for receivables that are not yet billed.
        pub unbilled_receivables_accounting_code: Option<String> =
            "unbilledReceivablesAccountingCode" [up_to(100)],
        /// Id in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [up_to(255)],
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [up_to(255)],
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [up_to(255)],
    }
}

impl DiscountChanges {
    /// Changes of this discount.
    pub fn of(discount: impl Into<InvoiceItemId>) -> Self {
        Self { id: Some(discount.into()), ..Self::default() }
    }
}

model! {
    /// What tells an item that is new from one that is changed or removed.
    struct Kind {
        id: Option<InvoiceItemId> = "id",
        delete: Option<bool> = "delete",
    }
}

impl Wire for ItemUpdate {
    fn read<'de>(source: &mut dyn Source<'de>) -> Result<Option<Self>, Fault> {
        let json = source.raw()?;
        let read = || {
            let Some(kind) = serde_json::from_str::<Option<Kind>>(json)? else { return Ok(None) };
            Ok(Some(match kind {
                Kind { id: Some(id), delete: Some(true), .. } => Self::Remove(id),
                Kind { id: Some(_), .. } => Self::Change(serde_json::from_str(json)?),
                _ => Self::Add(serde_json::from_str(json)?),
            }))
        };
        read().map_err(|error: serde_json::Error| Fault::of_text(&error.to_string()))
    }
}

impl Wire for DiscountUpdate {
    fn read<'de>(source: &mut dyn Source<'de>) -> Result<Option<Self>, Fault> {
        let json = source.raw()?;
        let read = || {
            let Some(kind) = serde_json::from_str::<Option<Kind>>(json)? else { return Ok(None) };
            Ok(Some(match kind.id {
                Some(_) => Self::Change(serde_json::from_str(json)?),
                None => Self::Add(serde_json::from_str(json)?),
            }))
        };
        read().map_err(|error: serde_json::Error| Fault::of_text(&error.to_string()))
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
            Self::Change(item) => item.serialize(serializer),
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
            Self::Change(discount) => discount.serialize(serializer),
        }
    }
}
