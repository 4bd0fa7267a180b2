//! The items of an invoice, their tax items, and how answers show both.

use rust_decimal::Decimal;

use super::Invoice;
use super::kept::Kept;
use super::settled::Line;
use crate::billing::Due;
use crate::json::Json;
use crate::tenant::{ChargeType, Tenant};
use crate::time::{Date, UnixTime};

/// One charge for one period, or a discount on one.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    /// What a bill run billed; `None` when a caller made the item up.
    pub(crate) subscribed: Option<Subscribed>,
    /// The item that a discount is on.
    pub(crate) applied_to: Option<String>,
    pub(crate) charge_name: String,
    pub(crate) charge_type: ChargeType,
    pub(crate) charge_date: Option<String>,
    pub(crate) product_name: Option<String>,
    pub(crate) product_rate_plan_charge_id: Option<String>,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) quantity: Decimal,
    /// As it was given or billed: rounded, with the taxes that it includes.
    pub(crate) amount: Decimal,
    pub(crate) service_start: Date,
    pub(crate) service_end: Option<Date>,
    pub(crate) tax_code: Option<String>,
    pub(crate) tax_mode: Option<TaxMode>,
    pub(crate) taxes: Vec<TaxItem>,
    pub(crate) excluded_from_revenue: bool,
    pub(crate) kept: Kept,
}

/// Where an item of a bill run comes from.
#[derive(Clone, Debug)]
pub(crate) struct Subscribed {
    pub(crate) subscription_id: String,
    pub(crate) subscription_name: String,
    pub(crate) charge_id: String,
}

/// One tax on one item.
#[derive(Clone, Debug)]
pub(crate) struct TaxItem {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Rounded.
    pub(crate) amount: Decimal,
    pub(crate) exempt: Decimal,
    pub(crate) rate: Decimal,
    pub(crate) rate_type: String,
    pub(crate) mode: TaxMode,
    pub(crate) date: Date,
    /// Text about the tax; shown by the operations on tax items and with the item alike.
    pub(crate) about: Kept,
    /// What the answer of the creation alone shows.
    pub(crate) details: Kept,
    pub(crate) created: UnixTime,
}

/// Whether the amount of an item has the tax in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaxMode {
    Exclusive,
    Inclusive,
}

impl TaxMode {
    pub(crate) const WORDS: [&str; 2] = ["TaxExclusive", "TaxInclusive"];

    pub(crate) fn of_word(word: &str) -> Self {
        if word == Self::Inclusive.wire() { Self::Inclusive } else { Self::Exclusive }
    }

    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Exclusive => "TaxExclusive",
            Self::Inclusive => "TaxInclusive",
        }
    }
}

impl Item {
    pub(super) fn of_charge(id: String, due: &Due<'_>) -> Self {
        let charge = due.charge;
        let mut kept = Kept::default();
        kept.set("sku", &charge.sku);
        kept.set("accountingCode", &charge.accounting_code);
        kept.set("unitOfMeasure", charge.unit_of_measure.clone());
        Self {
            id,
            subscribed: Some(Subscribed {
                subscription_id: due.subscription.id.clone(),
                subscription_name: due.subscription.name.clone(),
                charge_id: charge.id.clone(),
            }),
            applied_to: None,
            charge_name: charge.name.clone(),
            charge_type: charge.charge_type,
            charge_date: None,
            product_name: Some(charge.product_name.clone()),
            product_rate_plan_charge_id: Some(charge.product_rate_plan_charge_id.clone()),
            unit_price: Some(charge.price),
            quantity: due.quantity,
            amount: due.amount,
            service_start: due.start,
            service_end: Some(due.end),
            tax_code: None,
            tax_mode: None,
            taxes: Vec::new(),
            excluded_from_revenue: false,
            kept,
        }
    }

    /// The amount without any tax.
    pub(crate) fn net(&self) -> Decimal {
        let included = self.taxes.iter().filter(|tax| tax.mode == TaxMode::Inclusive);
        included.fold(self.amount, |net, tax| net - tax.amount)
    }

    pub(crate) fn tax(&self) -> Decimal {
        self.taxes.iter().map(|tax| tax.amount).sum()
    }

    /// `lines` are the item's own and those of its tax items.
    pub(crate) fn json(&self, invoice: &Invoice, lines: &[Line]) -> Json {
        let line = lines.first().copied().unwrap_or_default();
        let subscribed = self.subscribed.as_ref();
        let charge_date = self.charge_date.clone();
        let source = match (&self.subscribed, &self.product_rate_plan_charge_id) {
            (Some(_), _) => "SubscriptionComponent",
            (None, Some(_)) => "ProductRatePlanCharge",
            (None, None) => "InvoiceDetail",
        };
        let taxes = self.taxes.iter().zip(lines.iter().skip(1));
        let taxes: Vec<Json> = taxes.map(|(tax, line)| tax.json(*line)).collect();
        Json::filled([
            ("id", (&self.id).into()),
            ("appliedToItemId", self.applied_to.clone().into()),
            ("chargeId", subscribed.map(|one| &one.charge_id).into()),
            ("chargeName", (&self.charge_name).into()),
            ("chargeType", self.charge_type.wire().into()),
            ("chargeAmount", self.net().into()),
            (
                "chargeDate",
                charge_date.unwrap_or_else(|| format!("{} 00:00:00", invoice.invoice_date)).into(),
            ),
            ("chargeDescription", "".into()),
            ("taxAmount", self.tax().into()),
            ("taxCode", self.tax_code.clone().into()),
            ("taxMode", self.tax_mode.map(TaxMode::wire).into()),
            ("balance", line.balance().into()),
            ("availableToCreditAmount", (line.amount - line.credited).into()),
            ("quantity", self.quantity.into()),
            ("unitPrice", self.unit_price.into()),
            ("serviceStartDate", self.service_start.into()),
            ("serviceEndDate", self.service_end.into()),
            ("processingType", if self.applied_to.is_some() { "Discount" } else { "Charge" }.into()),
            ("sourceItemType", source.into()),
            ("subscriptionId", subscribed.map(|one| &one.subscription_id).into()),
            ("subscriptionName", subscribed.map(|one| &one.subscription_name).into()),
            ("productName", self.product_name.clone().into()),
            ("productRatePlanChargeId", self.product_rate_plan_charge_id.clone().into()),
            ("shipToContactId", invoice.ship_to_contact_id.clone().into()),
            ("soldToContactId", (&invoice.sold_to_contact_id).into()),
            ("excludeItemBillingFromRevenueAccounting", self.excluded_from_revenue.into()),
            ("taxationItems", Json::object([("data", Json::Array(taxes))])),
        ])
        .followed_by(self.kept.all())
    }
}

impl TaxItem {
    /// The tax item as it stands with its invoice item.
    pub(crate) fn json(&self, line: Line) -> Json {
        self.common()
            .followed_by(self.about.all())
            .led_by("availableToCreditAmount", (line.amount - line.credited).into())
            .led_by("balance", line.balance().into())
            .led_by("creditAmount", line.credited.into())
            .led_by("paymentAmount", line.paid.into())
    }

    /// The tax item as the call that made it answers.
    pub(crate) fn created_json(&self, item: &str, tenant: &Tenant) -> Json {
        let stamp = tenant.zone.stamp(self.created);
        self.common()
            .led_by("taxMode", self.mode.wire().into())
            .led_by("invoiceItemId", item.into())
            .led_by("createdById", (&tenant.user_id).into())
            .led_by("createdDate", (&stamp).into())
            .led_by("updatedById", (&tenant.user_id).into())
            .led_by("updatedDate", stamp.into())
            .followed_by(self.about.all())
            .followed_by(self.details.all())
    }

    fn common(&self) -> Json {
        Json::object([
            ("id", (&self.id).into()),
            ("name", (&self.name).into()),
            ("taxAmount", self.amount.into()),
            ("exemptAmount", self.exempt.into()),
            ("taxRate", self.rate.into()),
            ("taxRateType", (&self.rate_type).into()),
            ("taxDate", self.date.into()),
        ])
    }
}
