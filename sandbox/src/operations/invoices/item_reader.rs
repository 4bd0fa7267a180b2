//! Reading of items, discounts and tax items from requests.

use rust_decimal::Decimal;

use crate::http::{ApiError, Fields};
use crate::settings::Settings;
use crate::state::{ChargeType, ExtraFields, Ids, Item, TaxItem, TaxMode, Tenant};
use crate::values::{Date, Text, UnixTime};

/// A reader of the items of one invoice.
pub(crate) struct ItemReader<'w> {
    pub(crate) tenant: &'w Tenant,
    pub(crate) settings: &'w Settings,
    pub(crate) ids: &'w mut Ids,
    pub(crate) currency: String,
    pub(crate) invoice_date: Date,
    pub(crate) now: UnixTime,
}

/// Maximum number of items per request, of discounts per item, and of taxes per item or discount.
pub(crate) const MAX_ITEMS: usize = 1000;
const MAX_DISCOUNTS: usize = 10;
const MAX_TAXES: usize = 5;

const CHARGE_NAME: usize = 130;
const TAX_CODE: usize = 64;

/// Name and maximum length of the texts that are stored unchanged.
const TEXTS: [(&str, usize); 16] = [
    ("accountingCode", 100),
    ("adjustmentLiabilityAccountingCode", 100),
    ("adjustmentRevenueAccountingCode", 100),
    ("bookingReference", 100),
    ("contractAssetAccountingCode", 100),
    ("contractLiabilityAccountingCode", 100),
    ("contractRecognizedRevenueAccountingCode", 100),
    ("deferredRevenueAccountingCode", 100),
    ("description", 500),
    ("itemType", 50),
    ("purchaseOrderNumber", 100),
    ("recognizedRevenueAccountingCode", 100),
    ("revRecCode", 100),
    ("revenueRecognitionRuleName", 50),
    ("sku", 255),
    ("unbilledReceivablesAccountingCode", 100),
];

/// Fields that items and discounts have besides the texts.
const COMMON: [&str; 8] = [
    "accountsReceivableAccountingCode",
    "amount",
    "chargeDate",
    "chargeName",
    "productRatePlanChargeId",
    "revRecTriggerCondition",
    "taxItems",
    "unitPrice",
];

/// Fields that only items have.
const OF_ITEMS: [&str; 9] = [
    "discountItems",
    "excludeItemBillingFromRevenueAccounting",
    "quantity",
    "revRecStartDate",
    "serviceEndDate",
    "serviceStartDate",
    "taxCode",
    "taxMode",
    "uom",
];

const TRIGGERS: [&str; 3] = ["ContractEffectiveDate", "ServiceActivationDate", "CustomerAcceptanceDate"];

/// Name and maximum length of the texts of a tax item.
const TAX_TEXTS: [(&str, usize); 5] = [
    ("jurisdiction", 255),
    ("locationCode", 32),
    ("taxCode", TAX_CODE),
    ("taxCodeDescription", 255),
    ("taxRateDescription", 255),
];

impl ItemReader<'_> {
    /// Reads an item with its discounts.
    pub(crate) fn item(&mut self, fields: Fields<'_>) -> Result<Vec<Item>, ApiError> {
        let mut item = self.named(fields)?;
        item.amount =
            self.money(fields, "amount")?.ok_or_else(|| ApiError::missing(&fields.name("amount")))?;
        item.service_start = fields.required_date("serviceStartDate")?;
        self.read_common(&mut item, fields)?;
        self.read_item_fields(&mut item, fields)?;
        self.compute_tax(&mut item);
        self.read_tax_items(&mut item, fields)?;
        let mut items = vec![item];
        for (index, row) in fields.rows_within("discountItems", MAX_DISCOUNTS)?.iter().enumerate() {
            let path = fields.name(&format!("discountItems[{index}]."));
            let discount =
                self.discount(Fields::new(&path, row)?.deny_unknown_by(Self::is_of_discounts)?, &items[0])?;
            items.push(discount);
        }
        Ok(items)
    }

    /// Reads a discount on an item.
    pub(crate) fn discount(&mut self, fields: Fields<'_>, item: &Item) -> Result<Item, ApiError> {
        let mut discount = self.named(fields)?;
        let amount = self.money(fields, "amount")?;
        discount.amount = amount.ok_or_else(|| ApiError::missing(&fields.name("amount")))?;
        discount.applied_to = Some(item.id.to_string());
        discount.service_start = item.service_start;
        discount.service_end = item.service_end;
        self.read_common(&mut discount, fields)?;
        check_discount(&discount, fields)?;
        self.read_tax_items(&mut discount, fields)?;
        self.tax_as(&mut discount, item);
        Ok(discount)
    }

    /// Updates an item or a discount; rejects fields that only a new item can have.
    pub(crate) fn change(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), ApiError> {
        for name in ["productRatePlanChargeId", "bookingReference", "taxItems"] {
            if fields.has(name) {
                let message = format!("The field '{}' is for new items only.", fields.name(name));
                return Err(ApiError::rule(message));
            }
        }
        if let Some(amount) = self.money(fields, "amount")? {
            item.amount = amount;
        }
        if let Some(name) = fields.text_within("chargeName", CHARGE_NAME)? {
            item.charge_name = name.into();
        }
        if let Some(start) = fields.date("serviceStartDate")? {
            item.service_start = start;
        }
        self.read_common(item, fields)?;
        match item.applied_to {
            Some(_) => {
                self.compute_tax(item);
                check_discount(item, fields)
            }
            None => {
                if fields.is_null("taxCode") && fields.is_null("taxMode") {
                    item.taxes.clear();
                }
                self.read_item_fields(item, fields)?;
                let is_changed = |name: &str| fields.has(name) || fields.is_null(name);
                if fields.has("amount") || is_changed("taxCode") || is_changed("taxMode") {
                    self.compute_tax(item);
                }
                Ok(())
            }
        }
    }

    /// Reads a tax item; `usual` is its mode if none is given.
    pub(crate) fn tax(&mut self, fields: Fields<'_>, usual: TaxMode) -> Result<TaxItem, ApiError> {
        let name = fields.text_within("name", 128)?.ok_or_else(|| ApiError::missing(&fields.name("name")))?;
        let amount = self.money(fields, "taxAmount")?;
        let rate_type = fields.one_of("taxRateType", &["Percentage", "FlatFee"])?;
        let mut tax = TaxItem {
            id: self.ids.entity(),
            name: name.to_owned(),
            amount: amount.ok_or_else(|| ApiError::missing(&fields.name("taxAmount")))?,
            exempt: self.money(fields, "exemptAmount")?.unwrap_or_default(),
            rate: fields.required_decimal("taxRate")?,
            rate_type: rate_type.ok_or_else(|| ApiError::missing(&fields.name("taxRateType")))?.to_owned(),
            mode: fields.one_of("taxMode", &TaxMode::WORDS)?.map_or(usual, TaxMode::from_wire),
            computed: false,
            date: fields.required_date("taxDate")?,
            about: ExtraFields::default(),
            details: ExtraFields::default(),
            created: self.now,
        };
        for (name, max_len) in TAX_TEXTS {
            tax.about.read_text(fields, name, max_len)?;
        }
        tax.about.read(fields)?;
        Ok(tax)
    }

    pub(crate) fn is_of_items(name: &str) -> bool {
        Self::is_of_discounts(name) || OF_ITEMS.contains(&name)
    }

    pub(crate) fn is_of_discounts(name: &str) -> bool {
        TEXTS.iter().any(|(known, _)| *known == name) || COMMON.contains(&name) || ExtraFields::is_extra(name)
    }

    pub(crate) fn is_of_taxes(name: &str) -> bool {
        const OTHERS: [&str; 7] =
            ["exemptAmount", "name", "taxAmount", "taxDate", "taxMode", "taxRate", "taxRateType"];
        TAX_TEXTS.iter().any(|(known, _)| *known == name)
            || OTHERS.contains(&name)
            || ExtraFields::is_custom(name)
    }

    /// Creates an item with the charge name of the request or of the product; the other fields are still to
    /// be read.
    fn named(&mut self, fields: Fields<'_>) -> Result<Item, ApiError> {
        let mut item = Item {
            id: self.ids.entity().into(),
            subscribed: None,
            applied_to: None,
            charge_name: Text::EMPTY,
            charge_type: ChargeType::OneTime,
            charge_date: None,
            product_name: None,
            product_rate_plan_charge_id: None,
            unit_price: None,
            quantity: Decimal::ONE,
            amount: Decimal::ZERO,
            service_start: self.invoice_date,
            service_end: None,
            tax_code: None,
            tax_mode: None,
            taxes: Vec::new(),
            excluded_from_revenue: false,
            extra_fields: ExtraFields::default(),
        };
        let Some(product) = fields.text("productRatePlanChargeId")? else {
            let name = fields.text_within("chargeName", CHARGE_NAME)?;
            let name = name.filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| ApiError::missing(&fields.name("chargeName")))?;
            item.charge_name = name.into();
            return Ok(item);
        };
        let charge = self.tenant.product_charge(product).ok_or_else(|| {
            ApiError::value(
                &fields.name("productRatePlanChargeId"),
                "the id of a charge of the catalog is expected",
            )
        })?;
        item.charge_name = charge.name.as_str().into();
        item.charge_type = charge.charge_type;
        item.product_name = Some(charge.product_name.as_str().into());
        item.product_rate_plan_charge_id = Some(product.into());
        Ok(item)
    }

    /// Reads the fields that items and discounts share. Fields of the product override those of the request.
    fn read_common(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), ApiError> {
        for (name, max_len) in TEXTS {
            item.extra_fields.read_text(fields, name, max_len)?;
        }
        // The field is validated only, since no response contains it.
        fields.text_within("accountsReceivableAccountingCode", 100)?;
        if let Some(trigger) = fields.one_of("revRecTriggerCondition", &TRIGGERS)? {
            item.extra_fields.set("revRecTriggerCondition", trigger);
        }
        item.extra_fields.read(fields)?;
        if let Some(price) = fields.decimal("unitPrice")? {
            item.unit_price = Some(price);
        }
        if let Some(stamp) = fields.text("chargeDate")? {
            let is_valid = stamp.len() == 19 && Date::parse(stamp.get(..10).unwrap_or_default()).is_some();
            if !is_valid {
                let field = fields.name("chargeDate");
                return Err(ApiError::value(&field, "a stamp yyyy-mm-dd hh:mm:ss is expected"));
            }
            item.charge_date = Some(stamp.to_owned());
        }
        let product =
            item.product_rate_plan_charge_id.as_deref().and_then(|id| self.tenant.product_charge(id));
        match (product, fields.text("sku")?) {
            (Some(charge), _) => {
                item.extra_fields.set("sku", &charge.sku);
                item.extra_fields.set("accountingCode", &charge.accounting_code);
                item.extra_fields.set("unitOfMeasure", charge.unit_of_measure.clone());
                Ok(())
            }
            (None, Some(sku)) if self.tenant.has_sku(sku) => Err(ApiError::value(
                &fields.name("sku"),
                "a SKU that no product of the catalog has is expected",
            )),
            _ => Ok(()),
        }
    }

    fn read_item_fields(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), ApiError> {
        if let Some(quantity) = fields.decimal("quantity")? {
            item.quantity = quantity;
        }
        if let Some(end) = fields.date("serviceEndDate")? {
            item.service_end = Some(end);
        }
        if item.service_end.is_some_and(|end| end < item.service_start) {
            let field = fields.name("serviceEndDate");
            return Err(ApiError::value(&field, "a date not before serviceStartDate is expected"));
        }
        if let Some(excluded) = fields.flag("excludeItemBillingFromRevenueAccounting")? {
            item.excluded_from_revenue = excluded;
        }
        if let Some(date) = fields.date("revRecStartDate")? {
            item.extra_fields.set("revRecStartDate", date);
        }
        let unit = fields.text_within("uom", 255)?;
        if unit.is_some() && item.product_rate_plan_charge_id.is_none() {
            item.extra_fields.set("unitOfMeasure", unit);
        }
        let code = fields.text_within("taxCode", TAX_CODE)?;
        if code.is_some() || fields.is_null("taxCode") {
            item.tax_code = code.map(str::to_owned);
        }
        let mode = fields.one_of("taxMode", &TaxMode::WORDS)?;
        if mode.is_some() || fields.is_null("taxMode") {
            item.tax_mode = mode.map(TaxMode::from_wire);
        }
        Ok(())
    }

    /// Taxes a discount like the item that it applies to, unless it has its own tax items.
    pub(crate) fn tax_as(&mut self, discount: &mut Item, item: &Item) {
        if discount.taxes.iter().all(|tax| tax.computed) {
            discount.tax_code.clone_from(&item.tax_code);
            discount.tax_mode = item.tax_mode;
            self.compute_tax(discount);
        }
    }

    /// Taxes an item by the rate of its tax code, if the tenant has one. Tax items of requests are kept.
    fn compute_tax(&mut self, item: &mut Item) {
        item.taxes.retain(|tax| !tax.computed);
        let (Some(code), Some(mode)) = (&item.tax_code, item.tax_mode) else { return };
        let Some(known) = self.tenant.tax_codes.get(code) else { return };
        let tax = item.amount * known.rate;
        let tax = match mode {
            TaxMode::Exclusive => tax,
            TaxMode::Inclusive => tax / (Decimal::ONE + known.rate),
        };
        let mut about = ExtraFields::default();
        about.set("jurisdiction", &known.jurisdiction);
        about.set("taxCode", code);
        let computed = TaxItem {
            id: self.ids.entity(),
            name: known.name.clone(),
            amount: self.tenant.round(&self.currency, tax),
            exempt: Decimal::ZERO,
            rate: known.rate,
            rate_type: "Percentage".to_owned(),
            mode,
            computed: true,
            date: self.invoice_date,
            about,
            details: ExtraFields::default(),
            created: self.now,
        };
        item.taxes.insert(0, computed);
    }

    fn read_tax_items(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), ApiError> {
        let rows = fields.rows_within("taxItems", MAX_TAXES)?;
        if !rows.is_empty() && (item.tax_code.is_some() || item.tax_mode.is_some()) {
            let message = format!("The field '{}' excludes taxCode and taxMode.", fields.name("taxItems"));
            return Err(ApiError::rule(message));
        }
        for (index, row) in rows.iter().enumerate() {
            let path = fields.name(&format!("taxItems[{index}]."));
            let fields = Fields::new(&path, row)?.deny_unknown_by(Self::is_of_taxes)?;
            let tax = self.tax(fields, TaxMode::Exclusive)?;
            if tax.mode == TaxMode::Inclusive {
                return Err(ApiError::value(&fields.name("taxMode"), "TaxExclusive is expected"));
            }
            item.taxes.push(tax);
        }
        Ok(())
    }

    /// Reads an amount in the currency of the invoice.
    pub(crate) fn money(&self, fields: Fields<'_>, field: &str) -> Result<Option<Decimal>, ApiError> {
        let Some(amount) = fields.decimal(field)? else { return Ok(None) };
        let rounded = self.tenant.round(&self.currency, amount);
        if self.settings.reject_excess_decimals && rounded != amount {
            let expected = format!("an amount without more decimals than {} has is expected", self.currency);
            return Err(ApiError::value(&fields.name(field), &expected));
        }
        Ok(Some(rounded))
    }
}

fn check_discount(discount: &Item, fields: Fields<'_>) -> Result<(), ApiError> {
    match discount.amount > Decimal::ZERO {
        true => Err(ApiError::value(&fields.name("amount"), "an amount below zero is expected")),
        false => Ok(()),
    }
}
