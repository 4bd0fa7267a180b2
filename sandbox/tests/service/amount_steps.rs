//! Random requests and payments that change the amounts of invoices.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;
use rust_decimal::Decimal;

/// One request or payment. An index selects one of the existing objects.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create { account: Index, posted: bool, items: Vec<NewItem> },
    Bill { batch: u8 },
    Add { invoice: Index, item: NewItem },
    Amount { invoice: Index, item: Index, amount: Decimal },
    Remove { invoice: Index, item: Index },
    Untax { invoice: Index, item: Index },
    Tax { invoice: Index, item: Index, amount: Decimal, inclusive: bool },
    Comment { invoice: Index },
    Pay { invoice: Index, share: u8 },
    Act { invoice: Index, verb: &'static str },
    BulkPost { invoices: Vec<Index> },
    Wait,
}

#[derive(Clone, Debug)]
pub(crate) struct NewItem {
    pub(crate) amount: Decimal,
    pub(crate) discounts: Vec<Decimal>,
    pub(crate) taxes: Vec<Decimal>,
    /// Ignored if the item has taxes.
    pub(crate) code: Option<(&'static str, &'static str)>,
}

/// Amounts with more decimals than any currency, so that they are rounded.
fn amount() -> impl Strategy<Value = Decimal> {
    (-20_000_i64..2_000_000).prop_map(|value| Decimal::new(value, 3))
}

fn item() -> impl Strategy<Value = NewItem> {
    let codes = prop::sample::select(vec![
        None,
        Some(("VAT", "TaxExclusive")),
        Some(("VAT", "TaxInclusive")),
        Some(("SALES", "TaxInclusive")),
        Some(("OTHER", "TaxExclusive")),
    ]);
    let discount = (0_i64..9000).prop_map(|value| Decimal::new(-value, 3));
    let tax = (-500_i64..9000).prop_map(|value| Decimal::new(value, 3));
    (amount(), prop::collection::vec(discount, 0..3), prop::collection::vec(tax, 0..3), codes)
        .prop_map(|(amount, discounts, taxes, code)| NewItem { amount, discounts, taxes, code })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let one = any::<Index>;
    let verbs = prop::sample::select(vec!["post", "cancel", "delete", "reverse", "write-off"]);
    prop_oneof![
        3 => (one(), prop::bool::weighted(0.3), prop::collection::vec(item(), 1..4))
            .prop_map(|(account, posted, items)| Step::Create { account, posted, items }),
        1 => (1_u8..=4).prop_map(|batch| Step::Bill { batch }),
        2 => (one(), item()).prop_map(|(invoice, item)| Step::Add { invoice, item }),
        2 => (one(), one(), amount()).prop_map(|(invoice, item, amount)| Step::Amount { invoice, item, amount }),
        2 => (one(), one()).prop_map(|(invoice, item)| Step::Remove { invoice, item }),
        1 => (one(), one()).prop_map(|(invoice, item)| Step::Untax { invoice, item }),
        2 => (one(), one(), amount(), any::<bool>())
            .prop_map(|(invoice, item, amount, inclusive)| Step::Tax { invoice, item, amount, inclusive }),
        1 => one().prop_map(|invoice| Step::Comment { invoice }),
        3 => (one(), 1_u8..=4).prop_map(|(invoice, share)| Step::Pay { invoice, share }),
        6 => (one(), verbs).prop_map(|(invoice, verb)| Step::Act { invoice, verb }),
        1 => prop::collection::vec(one(), 1..4).prop_map(|invoices| Step::BulkPost { invoices }),
        1 => Just(Step::Wait),
    ]
}

impl NewItem {
    pub(crate) fn body(&self) -> String {
        let mut body =
            format!(r#"{{"chargeName":"Work","amount":{},"serviceStartDate":"2026-03-01""#, self.amount);
        let discounts: Vec<String> = self
            .discounts
            .iter()
            .map(|amount| format!(r#"{{"chargeName":"Less","amount":{amount}}}"#))
            .collect();
        let _ = write!(body, r#","discountItems":[{}]"#, discounts.join(","));
        if self.taxes.is_empty() {
            if let Some((code, mode)) = self.code {
                let _ = write!(body, r#","taxCode":"{code}","taxMode":"{mode}""#);
            }
        } else {
            let tax = |amount: &Decimal| {
                format!(
                    r#"{{"name":"T","taxAmount":{amount},"taxRate":"0.1","taxRateType":"Percentage","taxDate":"2026-03-01","taxMode":"TaxExclusive"}}"#
                )
            };
            let taxes: Vec<String> = self.taxes.iter().map(tax).collect();
            let _ = write!(body, r#","taxItems":[{}]"#, taxes.join(","));
        }
        body.push('}');
        body
    }
}
