//! Payments and credit memos that are applied to an invoice.

use rust_decimal::Decimal;

use crate::values::UnixTime;

/// Part of an invoice that was settled at once.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) by: SettledBy,
    pub(crate) amount: Decimal,
    pub(crate) at: UnixTime,
}

/// The id of what settles.
#[derive(Clone, Debug)]
pub(crate) enum SettledBy {
    Payment(String),
    CreditMemo(String),
}

/// The own amount of an item, or one of its taxes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    pub(crate) amount: Decimal,
    pub(crate) paid: Decimal,
    pub(crate) credited: Decimal,
}

impl Line {
    pub(crate) fn balance(self) -> Decimal {
        self.amount - self.paid - self.credited
    }
}
