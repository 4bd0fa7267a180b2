//! Payments and credit memos applied to an invoice.

use rust_decimal::Decimal;

use crate::values::UnixTime;

/// One payment or credit memo that is applied to an invoice.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) by: AppliedBy,
    pub(crate) amount: Decimal,
    pub(crate) at: UnixTime,
}

/// The applied object, with its id.
#[derive(Clone, Debug)]
pub(crate) enum AppliedBy {
    Payment(String),
    CreditMemo(String),
}

/// Amounts of one line: an item without its taxes, or one tax of an item.
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
