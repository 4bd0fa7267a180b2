//! Amounts, balances and lines of an invoice.
//!
//! Payments and credit memos are applied to the whole invoice. The share of each line follows from the order
//! of the lines alone, so that the lines always add up to the invoice. The first applied amount uses up the
//! negative lines; together they cover the other lines from the first one on. Payments are counted before
//! credit memos, since nothing is left to pay after a credit memo.

use rust_decimal::Decimal;

use super::application::{AppliedBy, Line};
use super::invoice::Invoice;
use super::item::Item;

impl Invoice {
    pub(crate) fn amount(&self) -> Decimal {
        self.amount_without_tax() + self.tax_amount()
    }

    pub(crate) fn amount_without_tax(&self) -> Decimal {
        self.items.iter().map(Item::net).sum()
    }

    pub(crate) fn tax_amount(&self) -> Decimal {
        self.items.iter().map(Item::tax).sum()
    }

    pub(crate) fn tax_exempt_amount(&self) -> Decimal {
        self.items.iter().flat_map(|item| &item.taxes).map(|tax| tax.exempt).sum()
    }

    /// Returns the discounts as a positive amount, without tax.
    pub(crate) fn discount(&self) -> Decimal {
        let discounts = self.items.iter().filter(|item| item.applied_to.is_some());
        discounts.fold(Decimal::ZERO, |sum, item| sum - item.net())
    }

    pub(crate) fn paid(&self) -> Decimal {
        let payments = self.applications.iter().filter(|part| matches!(part.by, AppliedBy::Payment(_)));
        payments.map(|part| part.amount).sum()
    }

    pub(crate) fn credited(&self) -> Decimal {
        let memos = self.applications.iter().filter(|part| matches!(part.by, AppliedBy::CreditMemo(_)));
        memos.map(|part| part.amount).sum()
    }

    pub(crate) fn balance(&self) -> Decimal {
        self.amount() - self.paid() - self.credited()
    }

    /// Returns the lines of each item: the item itself first, then its taxes.
    pub(crate) fn lines(&self) -> Vec<Vec<Line>> {
        let amounts: Vec<Decimal> = self.items.iter().flat_map(item_amounts).collect();
        let paid = self.paid();
        let credited = self.credited();
        let payments = shares(&amounts, paid, !paid.is_zero());
        // A reversal also covers lines that add up to zero.
        let all = shares(&amounts, paid + credited, self.reversed || !(paid + credited).is_zero());
        let settled = payments.into_iter().zip(all);
        let mut lines = amounts.iter().zip(settled).map(|(amount, (paid, all))| Line {
            amount: *amount,
            paid,
            credited: all - paid,
        });
        self.items.iter().map(|item| lines.by_ref().take(1 + item.taxes.len()).collect()).collect()
    }
}

fn item_amounts(item: &Item) -> impl Iterator<Item = Decimal> {
    std::iter::once(item.net()).chain(item.taxes.iter().map(|tax| tax.amount))
}

/// Returns the share of each line in an amount that is applied to all of them.
fn shares(amounts: &[Decimal], applied: Decimal, any_applied: bool) -> Vec<Decimal> {
    if !any_applied {
        return vec![Decimal::ZERO; amounts.len()];
    }
    let below = amounts.iter().filter(|amount| amount.is_sign_negative());
    let mut left = below.fold(applied, |left, amount| left - amount);
    let share = |amount: &Decimal| {
        if amount.is_sign_negative() {
            return *amount;
        }
        let share = (*amount).min(left);
        left -= share;
        share
    };
    amounts.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(values: &[i64]) -> Vec<Decimal> {
        values.iter().map(|value| Decimal::new(*value, 2)).collect()
    }

    #[test]
    fn negative_lines_are_settled_first_and_the_others_in_order() {
        let lines = cents(&[1000, 190, -500, 700]);
        assert_eq!(shares(&lines, Decimal::ZERO, false), cents(&[0, 0, 0, 0]));
        assert_eq!(shares(&lines, Decimal::new(1, 2), true), cents(&[501, 0, -500, 0]));
        assert_eq!(shares(&lines, Decimal::new(700, 2), true), cents(&[1000, 190, -500, 10]));
        assert_eq!(shares(&lines, Decimal::new(1390, 2), true), lines);
        assert_eq!(shares(&cents(&[500, -500]), Decimal::ZERO, true), cents(&[500, -500]));
    }
}
