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
use crate::wire::{FromWire, values};
use crate::wire::{ReadError, ValueReader};

/// What an update does with one item of a draft invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ItemUpdate {
    /// Adds an item.
    Add(Box<NewInvoiceItem>),
    /// Changes an item.
    Change(Box<ItemPatch>),
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

impl From<ItemPatch> for ItemUpdate {
    fn from(item: ItemPatch) -> Self {
        Self::Change(Box::new(item))
    }
}

model! {
    /// Changes of an item; what is not named stays.
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
        /// The item.
        id: Option<InvoiceItemId> = "id" (by hand) [max_len(32)],
        /// Name on the line.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Amount in the currency of the invoice; with the tax in it when the tax mode is inclusive.
        pub amount: Option<Amount> = "amount",
        /// How many units.
        pub quantity: Option<Amount> = "quantity",
        /// Price of a unit.
        pub unit_price: Option<Amount> = "unitPrice",
        /// Name of the unit.
        pub unit_of_measure: Option<String> = "uom" [max_len(255)],
        /// First day of the period that it bills.
        pub service_start_date: Option<Date> = "serviceStartDate",
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
        /// Code by which it is taxed; cleared together with the tax mode, its tax lines go.
        pub tax_code: Patch<String> = "taxCode" [max_len(64)],
        /// Whether its amount has the tax in it; cleared together with the tax code, its tax lines go.
        pub tax_mode: Patch<TaxMode> = "taxMode",
        /// Discounts on it, at most 10: new ones, and changes of those that it has.
        pub discount_items: Vec<DiscountUpdate> = "discountItems" [entries(0, 10)],
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

impl ItemPatch {
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
    Change(Box<DiscountPatch>),
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

impl From<DiscountPatch> for DiscountUpdate {
    fn from(discount: DiscountPatch) -> Self {
        Self::Change(Box::new(discount))
    }
}

model! {
    /// Changes of a discount; what is not named stays.
    pub request DiscountPatch {
        /// The discount.
        id: Option<InvoiceItemId> = "id" (by hand) [max_len(32)],
        /// Name on the line.
        pub charge_name: Option<String> = "chargeName" [max_len(130)],
        /// Amount in the currency of the invoice, usually below zero; a fixed one even for a discount by percentage.
        pub amount: Option<Amount> = "amount",
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

impl DiscountPatch {
    /// Changes of this discount.
    pub fn of(discount: impl Into<InvoiceItemId>) -> Self {
        Self { id: Some(discount.into()), ..Self::default() }
    }
}

model! {
    /// What tells an item that is new from one that is changed or removed.
    struct ErrorKind {
        id: Option<InvoiceItemId> = "id",
        delete: Option<bool> = "delete",
    }
}

impl FromWire for ItemUpdate {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        let json = source.raw()?;
        let read = || {
            let Some(kind) = serde_json::from_str::<Option<ErrorKind>>(json)? else { return Ok(None) };
            Ok(Some(match kind {
                ErrorKind { id: Some(id), delete: Some(true), .. } => Self::Remove(id),
                ErrorKind { id: Some(_), .. } => Self::Change(serde_json::from_str(json)?),
                _ => Self::Add(serde_json::from_str(json)?),
            }))
        };
        read().map_err(|error: serde_json::Error| ReadError::of_text(&error.to_string()))
    }
}

impl FromWire for DiscountUpdate {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        let json = source.raw()?;
        let read = || {
            let Some(kind) = serde_json::from_str::<Option<ErrorKind>>(json)? else { return Ok(None) };
            Ok(Some(match kind.id {
                Some(_) => Self::Change(serde_json::from_str(json)?),
                None => Self::Add(serde_json::from_str(json)?),
            }))
        };
        read().map_err(|error: serde_json::Error| ReadError::of_text(&error.to_string()))
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
