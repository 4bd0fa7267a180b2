//! Credit memos that reversals and write-offs create.

use rust_decimal::Decimal;

use super::store::Stored;
use crate::values::{Date, UnixTime};

/// A credit memo that is applied to its invoice in full.
#[derive(Clone, Debug)]
pub(crate) struct CreditMemo {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) invoice_id: String,
    pub(crate) account_id: String,
    pub(crate) currency: String,
    pub(crate) amount: Decimal,
    pub(crate) tax_amount: Decimal,
    pub(crate) terms: MemoTerms,
    pub(crate) created: UnixTime,
}

/// The fields of a memo that a request sets.
#[derive(Clone, Debug)]
pub(crate) struct MemoTerms {
    pub(crate) date: Date,
    pub(crate) reason: String,
    pub(crate) comment: Option<String>,
}

impl MemoTerms {
    pub(crate) fn new(date: Date, reason: &str) -> Self {
        Self { date, reason: reason.to_owned(), comment: None }
    }
}

impl Stored for CreditMemo {
    fn id(&self) -> &str {
        &self.id
    }

    fn number(&self) -> Option<&str> {
        Some(&self.number)
    }
}
