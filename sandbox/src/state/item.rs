//! Items of an invoice and their tax items.

use rust_decimal::Decimal;

use super::billing::DueCharge;
use super::extra_fields::ExtraFields;
use super::tenant::ChargeType;
use crate::values::{Date, Text, UnixTime};

/// One charge for one period, or a discount on an item. A large run creates many of them, so that their short texts are
/// stored in place.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: Text,
    /// The subscription and charge that a bill run billed; `None` for an item of a request.
    pub(crate) subscribed: Option<Subscribed>,
    /// The id of the item that a discount applies to.
    pub(crate) applied_to: Option<String>,
    pub(crate) charge_name: Text,
    pub(crate) charge_type: ChargeType,
    pub(crate) charge_date: Option<String>,
    pub(crate) product_name: Option<Text>,
    pub(crate) product_rate_plan_charge_id: Option<Text>,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) quantity: Decimal,
    /// The amount as given or billed, rounded, including inclusive taxes.
    pub(crate) amount: Decimal,
    pub(crate) service_start: Date,
    pub(crate) service_end: Option<Date>,
    pub(crate) tax_code: Option<String>,
    pub(crate) tax_mode: Option<TaxMode>,
    pub(crate) taxes: Vec<TaxItem>,
    pub(crate) excluded_from_revenue: bool,
    pub(crate) extra_fields: ExtraFields,
}

/// The subscription and charge of an item.
#[derive(Clone, Debug)]
pub(crate) struct Subscribed {
    pub(crate) subscription_id: Text,
    pub(crate) subscription_name: Text,
    pub(crate) charge_id: Text,
}

/// One tax on one item.
#[derive(Clone, Debug)]
pub(crate) struct TaxItem {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The tax amount, rounded.
    pub(crate) amount: Decimal,
    pub(crate) exempt: Decimal,
    pub(crate) rate: Decimal,
    pub(crate) rate_type: String,
    pub(crate) mode: TaxMode,
    /// Whether the tax follows from the tax code of its item.
    pub(crate) computed: bool,
    pub(crate) date: Date,
    /// Texts that every response with the tax item contains.
    pub(crate) about: ExtraFields,
    /// Fields that only the response to the creation contains.
    pub(crate) details: ExtraFields,
    pub(crate) created: UnixTime,
}

/// Whether the amount of an item includes the tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaxMode {
    Exclusive,
    Inclusive,
}

impl TaxMode {
    pub(crate) const WORDS: [&str; 2] = ["TaxExclusive", "TaxInclusive"];

    pub(crate) fn from_wire(word: &str) -> Self {
        if word == Self::Inclusive.as_str() { Self::Inclusive } else { Self::Exclusive }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "TaxExclusive",
            Self::Inclusive => "TaxInclusive",
        }
    }
}

impl Item {
    pub(crate) fn of_charge(id: Text, due: &DueCharge<'_>) -> Self {
        let charge = due.charge;
        let extra_fields = ExtraFields::of([
            ("sku", Some(&charge.sku)),
            ("accountingCode", Some(&charge.accounting_code)),
            ("unitOfMeasure", charge.unit_of_measure.as_ref()),
        ]);
        Self {
            id,
            subscribed: Some(Subscribed {
                subscription_id: due.subscription.id.as_str().into(),
                subscription_name: due.subscription.name.as_str().into(),
                charge_id: charge.id.as_str().into(),
            }),
            applied_to: None,
            charge_name: charge.name.as_str().into(),
            charge_type: charge.charge_type,
            charge_date: None,
            product_name: Some(charge.product_name.as_str().into()),
            product_rate_plan_charge_id: Some(charge.product_rate_plan_charge_id.as_str().into()),
            unit_price: Some(charge.price),
            quantity: due.quantity,
            amount: due.amount,
            service_start: due.start,
            service_end: Some(due.end),
            tax_code: None,
            tax_mode: None,
            taxes: Vec::new(),
            excluded_from_revenue: false,
            extra_fields,
        }
    }

    /// Returns the amount without any tax.
    pub(crate) fn net(&self) -> Decimal {
        let included = self.taxes.iter().filter(|tax| tax.mode == TaxMode::Inclusive);
        included.fold(self.amount, |net, tax| net - tax.amount)
    }

    pub(crate) fn tax(&self) -> Decimal {
        self.taxes.iter().map(|tax| tax.amount).sum()
    }
}
