//! Strategies for invoice items, new or updated.

use proptest::collection::vec;
use proptest::prelude::*;

use super::fields::{Generate, Limits, arbitrary, filled, full, generate, plain};
use super::values::text;
use crate::api::invoices::{
    ApplicationPart, CreditMemoItemFinance, DiscountPatch, DiscountUpdate, InvoiceItem, InvoiceItemTaxes,
    InvoiceTaxationItem, ItemPatch, ItemUpdate, NewDiscountItem, NewInvoiceItem, NewTaxFinance, NewTaxItem,
    NewTaxationItem, ReversalCreditMemo, ReversalDebitMemo, TaxFinance, TaxMode, TaxationItem, WriteOffItem,
    WriteOffTax,
};
use crate::types::{Amount, Date, InvoiceItemId, ProductRatePlanChargeId};

plain! {
    ApplicationPart, CreditMemoItemFinance, ReversalCreditMemo, ReversalDebitMemo, InvoiceItem, InvoiceItemTaxes,
    InvoiceTaxationItem, NewTaxFinance, NewTaxationItem, TaxFinance, TaxationItem, WriteOffItem,
    WriteOffTax,
}

impl Generate for Box<InvoiceItemTaxes> {
    fn within(limits: Limits) -> BoxedStrategy<Self> {
        InvoiceItemTaxes::within(limits).prop_map(Self::new).boxed()
    }
}

arbitrary! {
    NewInvoiceItem => new_items();
    NewDiscountItem => prop_oneof![
        4 => filled(named_discounts(), &["chargeName"]),
        1 => filled(discounts_of_charges(), &["productRatePlanChargeId"]),
    ];
    NewTaxItem => filled(tax_modes().prop_map(|mode| Self::default().tax_mode(mode)), &["taxMode"]);
    ItemUpdate => prop_oneof![
        any::<NewInvoiceItem>().prop_map(Self::from),
        any::<ItemPatch>().prop_map(Self::from),
        any::<InvoiceItemId>().prop_map(Self::Remove),
    ];
    ItemPatch => filled(any::<InvoiceItemId>().prop_map(Self::of), &[]);
    DiscountUpdate => prop_oneof![
        discounts_of_old_items().prop_map(Self::from),
        any::<DiscountPatch>().prop_map(Self::from),
    ];
    DiscountPatch => filled(any::<InvoiceItemId>().prop_map(Self::of), &[]);
}

generate! { DiscountUpdate, ItemUpdate, NewDiscountItem, NewInvoiceItem, NewTaxItem }

/// Generates items with a name or a catalog charge, and with either tax items or a tax code and mode.
fn new_items() -> BoxedStrategy<NewInvoiceItem> {
    let of_charge = (any::<ProductRatePlanChargeId>(), any::<Amount>(), any::<Date>())
        .prop_map(|(charge, amount, start)| NewInvoiceItem::of_charge(charge, amount, start));
    let taxed = vec(any::<NewTaxItem>(), 1..=2);
    let taxes = prop_oneof![20 => taxed, 1 => full(any::<NewTaxItem>(), 5)]
        .prop_map(|taxes| NewInvoiceItem::default().tax_items(taxes));
    prop_oneof![
        4 => filled(lean_items(), &["chargeName", "taxItems"]),
        1 => filled(of_charge, &["productRatePlanChargeId", "taxItems"]),
        1 => (filled(taxes, &["chargeName", "taxItems", "taxCode", "taxMode"]), text(1..=12))
            .prop_map(|(item, name)| item.charge_name(name)),
    ]
    .boxed()
}

/// Generates the tax modes that are valid for tax items, whose amounts exclude tax.
fn tax_modes() -> impl Strategy<Value = TaxMode> {
    prop_oneof![8 => Just(TaxMode::TaxExclusive), 1 => Just("NewMode".into())]
}

/// Generates items with the required fields only.
pub(super) fn lean_items() -> BoxedStrategy<NewInvoiceItem> {
    (text(1..=12), any::<Amount>(), any::<Date>())
        .prop_map(|(name, amount, start)| NewInvoiceItem::named(name, amount, start))
        .boxed()
}

fn named_discounts() -> BoxedStrategy<NewDiscountItem> {
    (text(1..=12), any::<Amount>()).prop_map(|(name, amount)| NewDiscountItem::named(name, amount)).boxed()
}

fn discounts_of_charges() -> BoxedStrategy<NewDiscountItem> {
    (any::<ProductRatePlanChargeId>(), any::<Amount>())
        .prop_map(|(charge, amount)| NewDiscountItem::of_charge(charge, amount))
        .boxed()
}

/// Generates discounts for existing items, which cannot have a catalog charge, a booking reference or tax items.
fn discounts_of_old_items() -> BoxedStrategy<NewDiscountItem> {
    let others = ["chargeName", "productRatePlanChargeId", "bookingReference", "taxItems"];
    filled(named_discounts(), &others)
}
