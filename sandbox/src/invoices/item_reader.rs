//! Reads items, discounts and tax items out of requests.

use rust_decimal::Decimal;

use super::item::{Item, TaxItem, TaxMode};
use super::kept::Kept;
use crate::call::Fields;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::tenant::{ChargeType, Tenant};
use crate::time::{Date, UnixTime};
use crate::world::Ids;

/// Reads the items of one invoice.
pub(super) struct ItemReader<'w> {
    pub(super) tenant: &'w Tenant,
    pub(super) settings: &'w Settings,
    pub(super) ids: &'w mut Ids,
    pub(super) currency: String,
    pub(super) invoice_date: Date,
    pub(super) now: UnixTime,
}

/// Most items in one request, most discounts on an item, most taxes on either.
pub(super) const MOST_ITEMS: usize = 1000;
const MOST_DISCOUNTS: usize = 10;
const MOST_TAXES: usize = 5;

const CHARGE_NAME: usize = 130;
const TAX_CODE: usize = 64;

/// Text that is kept: field and greatest length.
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

/// What items and discounts have besides the texts.
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

/// What items alone have.
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

/// Text about a tax: field and greatest length.
const TAX_TEXTS: [(&str, usize); 5] = [
    ("jurisdiction", 255),
    ("locationCode", 32),
    ("taxCode", TAX_CODE),
    ("taxCodeDescription", 255),
    ("taxRateDescription", 255),
];

impl ItemReader<'_> {
    /// An item with the discounts on it.
    pub(super) fn item(&mut self, fields: Fields<'_>) -> Result<Vec<Item>, Refusal> {
        let mut item = self.named(fields)?;
        item.amount =
            self.money(fields, "amount")?.ok_or_else(|| Refusal::missing(&fields.name("amount")))?;
        item.service_start = fields.required_date("serviceStartDate")?;
        self.take_common(&mut item, fields)?;
        self.take_of_item(&mut item, fields)?;
        self.compute_tax(&mut item);
        self.take_explicit_taxes(&mut item, fields)?;
        let mut items = vec![item];
        for (index, row) in fields.rows_within("discountItems", MOST_DISCOUNTS)?.iter().enumerate() {
            let path = fields.name(&format!("discountItems[{index}]."));
            let discount =
                self.discount(Fields::new(&path, row)?.known_by(Self::is_of_discounts)?, &items[0])?;
            items.push(discount);
        }
        Ok(items)
    }

    /// A discount on an item.
    pub(super) fn discount(&mut self, fields: Fields<'_>, item: &Item) -> Result<Item, Refusal> {
        let mut discount = self.named(fields)?;
        let amount = self.money(fields, "amount")?;
        discount.amount = amount.ok_or_else(|| Refusal::missing(&fields.name("amount")))?;
        discount.applied_to = Some(item.id.clone());
        discount.service_start = item.service_start;
        discount.service_end = item.service_end;
        self.take_common(&mut discount, fields)?;
        check_discount(&discount, fields)?;
        self.take_explicit_taxes(&mut discount, fields)?;
        Ok(discount)
    }

    /// Changes an item or a discount. What only new items have is refused.
    pub(super) fn change(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), Refusal> {
        for name in ["productRatePlanChargeId", "bookingReference", "taxItems"] {
            if fields.has(name) {
                let message = format!("The field '{}' is for new items only.", fields.name(name));
                return Err(Refusal::rule(message));
            }
        }
        if let Some(amount) = self.money(fields, "amount")? {
            item.amount = amount;
        }
        if let Some(name) = fields.text_within("chargeName", CHARGE_NAME)? {
            name.clone_into(&mut item.charge_name);
        }
        if let Some(start) = fields.date("serviceStartDate")? {
            item.service_start = start;
        }
        self.take_common(item, fields)?;
        match item.applied_to {
            Some(_) => check_discount(item, fields),
            None => {
                if fields.is_null("taxCode") && fields.is_null("taxMode") {
                    item.taxes.clear();
                }
                self.take_of_item(item, fields)?;
                if ["amount", "taxCode", "taxMode"].into_iter().any(|name| fields.has(name)) {
                    self.compute_tax(item);
                }
                Ok(())
            }
        }
    }

    /// A tax item for an item, as the call that creates tax items has it.
    pub(super) fn tax(&mut self, fields: Fields<'_>, usual: TaxMode) -> Result<TaxItem, Refusal> {
        let name = fields.text_within("name", 128)?.ok_or_else(|| Refusal::missing(&fields.name("name")))?;
        let amount = self.money(fields, "taxAmount")?;
        let rate_type = fields.one_of("taxRateType", &["Percentage", "FlatFee"])?;
        let mut tax = TaxItem {
            id: self.ids.entity(),
            name: name.to_owned(),
            amount: amount.ok_or_else(|| Refusal::missing(&fields.name("taxAmount")))?,
            exempt: self.money(fields, "exemptAmount")?.unwrap_or_default(),
            rate: fields.required_decimal("taxRate")?,
            rate_type: rate_type.ok_or_else(|| Refusal::missing(&fields.name("taxRateType")))?.to_owned(),
            mode: fields.one_of("taxMode", &TaxMode::WORDS)?.map_or(usual, TaxMode::of_word),
            date: fields.required_date("taxDate")?,
            about: Kept::default(),
            details: Kept::default(),
            created: self.now,
        };
        for (name, longest) in TAX_TEXTS {
            tax.about.take_text(fields, name, longest)?;
        }
        tax.about.take(fields)?;
        Ok(tax)
    }

    pub(super) fn is_of_items(name: &str) -> bool {
        Self::is_of_discounts(name) || OF_ITEMS.contains(&name)
    }

    pub(super) fn is_of_discounts(name: &str) -> bool {
        TEXTS.iter().any(|(known, _)| *known == name) || COMMON.contains(&name) || Kept::is_kept(name)
    }

    pub(super) fn is_of_taxes(name: &str) -> bool {
        const OTHERS: [&str; 7] =
            ["exemptAmount", "name", "taxAmount", "taxDate", "taxMode", "taxRate", "taxRateType"];
        TAX_TEXTS.iter().any(|(known, _)| *known == name) || OTHERS.contains(&name) || Kept::is_custom(name)
    }

    /// An item with the name it has by itself or by its product; the rest is still to be read.
    fn named(&mut self, fields: Fields<'_>) -> Result<Item, Refusal> {
        let id = self.ids.entity();
        let mut item = Item {
            id,
            subscribed: None,
            applied_to: None,
            charge_name: String::new(),
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
            kept: Kept::default(),
        };
        let Some(product) = fields.text("productRatePlanChargeId")? else {
            let name = fields.text_within("chargeName", CHARGE_NAME)?;
            let name = name.filter(|name| !name.is_empty());
            name.ok_or_else(|| Refusal::missing(&fields.name("chargeName")))?
                .clone_into(&mut item.charge_name);
            return Ok(item);
        };
        let charge = self.tenant.product_charge(product).ok_or_else(|| {
            Refusal::value(
                &fields.name("productRatePlanChargeId"),
                "the id of a charge of the catalog is expected",
            )
        })?;
        item.charge_name.clone_from(&charge.name);
        item.charge_type = charge.charge_type;
        item.product_name = Some(charge.product_name.clone());
        item.product_rate_plan_charge_id = Some(product.to_owned());
        Ok(item)
    }

    /// What items and discounts have in common; the product has the last word.
    fn take_common(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), Refusal> {
        for (name, longest) in TEXTS {
            item.kept.take_text(fields, name, longest)?;
        }
        // No answer has it.
        fields.text_within("accountsReceivableAccountingCode", 100)?;
        if let Some(trigger) = fields.one_of("revRecTriggerCondition", &TRIGGERS)? {
            item.kept.set("revRecTriggerCondition", trigger);
        }
        item.kept.take(fields)?;
        if let Some(price) = fields.decimal("unitPrice")? {
            item.unit_price = Some(price);
        }
        if let Some(stamp) = fields.text("chargeDate")? {
            let sound = stamp.len() == 19 && Date::parse(stamp.get(..10).unwrap_or_default()).is_some();
            if !sound {
                let field = fields.name("chargeDate");
                return Err(Refusal::value(&field, "a stamp yyyy-mm-dd hh:mm:ss is expected"));
            }
            item.charge_date = Some(stamp.to_owned());
        }
        let product =
            item.product_rate_plan_charge_id.as_deref().and_then(|id| self.tenant.product_charge(id));
        match (product, fields.text("sku")?) {
            (Some(charge), _) => {
                item.kept.set("sku", &charge.sku);
                item.kept.set("accountingCode", &charge.accounting_code);
                item.kept.set("unitOfMeasure", charge.unit_of_measure.clone());
                Ok(())
            }
            (None, Some(sku)) if self.tenant.has_sku(sku) => Err(Refusal::value(
                &fields.name("sku"),
                "a SKU that no product of the catalog has is expected",
            )),
            _ => Ok(()),
        }
    }

    fn take_of_item(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), Refusal> {
        if let Some(quantity) = fields.decimal("quantity")? {
            item.quantity = quantity;
        }
        if let Some(end) = fields.date("serviceEndDate")? {
            item.service_end = Some(end);
        }
        if item.service_end.is_some_and(|end| end < item.service_start) {
            let field = fields.name("serviceEndDate");
            return Err(Refusal::value(&field, "a date not before serviceStartDate is expected"));
        }
        if let Some(excluded) = fields.flag("excludeItemBillingFromRevenueAccounting")? {
            item.excluded_from_revenue = excluded;
        }
        if let Some(date) = fields.date("revRecStartDate")? {
            item.kept.set("revRecStartDate", date);
        }
        let unit = fields.text_within("uom", 255)?;
        if unit.is_some() && item.product_rate_plan_charge_id.is_none() {
            item.kept.set("unitOfMeasure", unit);
        }
        let code = fields.text_within("taxCode", TAX_CODE)?;
        if code.is_some() || fields.is_null("taxCode") {
            item.tax_code = code.map(str::to_owned);
        }
        let mode = fields.one_of("taxMode", &TaxMode::WORDS)?;
        if mode.is_some() || fields.is_null("taxMode") {
            item.tax_mode = mode.map(TaxMode::of_word);
        }
        Ok(())
    }

    /// Taxes an item by the rates of the tenant, when its tax code has one.
    fn compute_tax(&mut self, item: &mut Item) {
        let (Some(code), Some(mode)) = (&item.tax_code, item.tax_mode) else { return };
        let Some(known) = self.tenant.tax_codes.get(code) else { return };
        let tax = item.amount * known.rate;
        let tax = match mode {
            TaxMode::Exclusive => tax,
            TaxMode::Inclusive => tax / (Decimal::ONE + known.rate),
        };
        let mut about = Kept::default();
        about.set("jurisdiction", &known.jurisdiction);
        about.set("taxCode", code);
        item.taxes = vec![TaxItem {
            id: self.ids.entity(),
            name: known.name.clone(),
            amount: self.tenant.round(&self.currency, tax),
            exempt: Decimal::ZERO,
            rate: known.rate,
            rate_type: "Percentage".to_owned(),
            mode,
            date: self.invoice_date,
            about,
            details: Kept::default(),
            created: self.now,
        }];
    }

    fn take_explicit_taxes(&mut self, item: &mut Item, fields: Fields<'_>) -> Result<(), Refusal> {
        let rows = fields.rows_within("taxItems", MOST_TAXES)?;
        if !rows.is_empty() && (item.tax_code.is_some() || item.tax_mode.is_some()) {
            let message = format!("The field '{}' excludes taxCode and taxMode.", fields.name("taxItems"));
            return Err(Refusal::rule(message));
        }
        for (index, row) in rows.iter().enumerate() {
            let path = fields.name(&format!("taxItems[{index}]."));
            let fields = Fields::new(&path, row)?.known_by(Self::is_of_taxes)?;
            let tax = self.tax(fields, TaxMode::Exclusive)?;
            if tax.mode == TaxMode::Inclusive {
                return Err(Refusal::value(&fields.name("taxMode"), "TaxExclusive is expected"));
            }
            item.taxes.push(tax);
        }
        Ok(())
    }

    /// An amount in the currency of the invoice.
    pub(super) fn money(&self, fields: Fields<'_>, field: &str) -> Result<Option<Decimal>, Refusal> {
        let Some(amount) = fields.decimal(field)? else { return Ok(None) };
        let rounded = self.tenant.round(&self.currency, amount);
        if self.settings.refuse_excess_decimals && rounded != amount {
            let expected = format!("an amount without more decimals than {} has is expected", self.currency);
            return Err(Refusal::value(&fields.name(field), &expected));
        }
        Ok(Some(rounded))
    }
}

fn check_discount(discount: &Item, fields: Fields<'_>) -> Result<(), Refusal> {
    match discount.amount > Decimal::ZERO {
        true => Err(Refusal::value(&fields.name("amount"), "an amount below zero is expected")),
        false => Ok(()),
    }
}
