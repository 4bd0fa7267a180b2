//! Credit memos that reversals and write-offs create.

use rust_decimal::Decimal;

use super::columns::Field;
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

impl CreditMemo {
    pub(crate) const SOURCE_TYPE: &str = "Invoice";
    pub(crate) const STATUS: &str = "Posted";
}

impl Stored for CreditMemo {
    const FIELDS: &'static [Field<Self>] = &[
        Field::text("id", |memo| Some(&memo.id)),
        Field::time("updateddate", |memo| memo.created),
        Field::number("balance", |_| Decimal::ZERO),
        Field::text("einvoicestatus", |_| None),
        Field::date("memodate", |memo| memo.terms.date),
        Field::text("memonumber", |memo| Some(&memo.number)),
        Field::text("sourcetype", |_| Some(Self::SOURCE_TYPE)),
        Field::text("status", |_| Some(Self::STATUS)),
        Field::number("totalamount", |memo| memo.amount),
        Field::text("invoiceid", |memo| Some(&memo.invoice_id)),
        Field::text("accountid", |memo| Some(&memo.account_id)),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn number(&self) -> Option<&str> {
        Some(&self.number)
    }
}
