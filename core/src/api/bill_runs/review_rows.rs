//! The rows of a review, in little memory: a large run has 100,000 invoices.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::review::ReviewedInvoice;
use crate::api::object_query::QueriedInvoice;
use crate::api::shared::{missing, readable};
use crate::error::{Error, Result};
use crate::types::Amount;

/// The invoices, ordered by id. A clone shares them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ReviewedInvoice>", into = "Vec<ReviewedInvoice>")]
pub(super) struct Rows(pub(super) Arc<Vec<Row>>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: Key,
    pub(super) account_id: Option<Key>,
    number: Option<Box<str>>,
    pub(super) currency: Arc<str>,
    pub(super) amount: Amount,
    pub(super) status: Option<Arc<str>>,
}

/// An id of 32 hexadecimal digits in 16 bytes, or any other text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Hex([u8; 16]),
    Text(Box<str>),
}

impl Rows {
    /// Orders the rows.
    ///
    /// # Errors
    /// Two rows with the same id: one of them would be lost, or counted twice.
    pub(super) fn sorted(mut rows: Vec<Row>) -> Result<Self> {
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        rows.shrink_to_fit();
        match rows.windows(2).find(|pair| pair[0].id == pair[1].id) {
            Some(pair) => Err(twice(&pair[0].id)),
            None => Ok(Self(Arc::new(rows))),
        }
    }

    fn place(&self, id: &Key) -> Option<usize> {
        self.0.binary_search_by(|row| row.id.cmp(id)).ok()
    }
}

#[cold]
fn twice(id: &Key) -> Error {
    Error::unreadable("data.id", format!("{id} occurs in two rows"))
}

/// The differences between the rows of a review and the same rows later, which are compared one at a time and not kept.
#[derive(Debug)]
pub(super) struct Comparison {
    before: Rows,
    is_seen: Vec<bool>,
    described: Vec<String>,
    max_described: usize,
    others: usize,
}

impl Comparison {
    /// Creates a comparison that describes the first changes, and counts the others.
    pub(super) fn new(before: &Rows, max_described: usize) -> Self {
        let is_seen = vec![false; before.0.len()];
        Self { before: before.clone(), is_seen, described: Vec::new(), max_described, others: 0 }
    }

    /// Compares a later row.
    ///
    /// # Errors
    /// A second row with the same id.
    pub(super) fn compare(&mut self, after: &Row) -> Result<()> {
        let Some(place) = self.before.place(&after.id) else {
            self.note(|| format!("{} was added ({after})", after.name()));
            return Ok(());
        };
        if std::mem::replace(&mut self.is_seen[place], true) {
            return Err(twice(&after.id));
        }
        let before = self.before.clone();
        let before = &before.0[place];
        if before.differs(after) {
            self.note(|| format!("{} changed from {before} to {after}", before.name()));
        }
        Ok(())
    }

    /// Returns a line for each change that is described, and the number of the others.
    pub(super) fn finish(mut self) -> (Vec<String>, usize) {
        let before = self.before.clone();
        for place in 0..self.is_seen.len() {
            if !self.is_seen[place] {
                self.note(|| format!("{} was removed", before.0[place].name()));
            }
        }
        (self.described, self.others)
    }

    fn note(&mut self, describe: impl FnOnce() -> String) {
        if self.described.len() < self.max_described {
            self.described.push(describe());
        } else {
            self.others += 1;
        }
    }
}

impl TryFrom<Vec<ReviewedInvoice>> for Rows {
    type Error = Error;

    fn try_from(invoices: Vec<ReviewedInvoice>) -> Result<Self> {
        let mut words = Words::default();
        let row = |invoice: ReviewedInvoice| Row {
            id: Key::of(invoice.id.as_str()),
            account_id: invoice.account_id.map(|id| Key::of(id.as_str())),
            number: invoice.number.map(|number| number.as_str().into()),
            currency: words.share(&invoice.currency),
            amount: invoice.amount,
            status: invoice.status.map(|status| words.share(status.as_str())),
        };
        Self::sorted(invoices.into_iter().map(row).collect())
    }
}

impl From<Rows> for Vec<ReviewedInvoice> {
    fn from(rows: Rows) -> Self {
        rows.0.iter().map(Row::invoice).collect()
    }
}

impl Row {
    /// Creates the row of an invoice.
    ///
    /// # Errors
    /// An invoice without an amount or a currency, or with a value that cannot be read.
    pub(super) fn of(invoice: &QueriedInvoice, words: &mut Words) -> Result<Self> {
        for name in ["data.invoiceNumber", "data.accountId", "data.status"] {
            readable(&invoice.extra, name)?;
        }
        let currency = invoice.currency()?;
        if currency.trim().is_empty() {
            return Err(missing("data.currency"));
        }
        Ok(Self {
            id: Key::of(invoice.id()?.as_str()),
            account_id: invoice.account_id.as_ref().map(|id| Key::of(id.as_str())),
            number: invoice.number.as_ref().map(|number| number.as_str().into()),
            currency: words.share(currency),
            amount: invoice.amount()?.clone(),
            status: invoice.status.as_ref().map(|status| words.share(status.as_str())),
        })
    }

    pub(super) fn invoice(&self) -> ReviewedInvoice {
        ReviewedInvoice {
            id: self.id.to_string().into(),
            number: self.number.as_deref().map(Into::into),
            account_id: self.account_id.as_ref().map(|id| id.to_string().into()),
            currency: self.currency.to_string(),
            amount: self.amount.clone(),
            status: self.status.as_deref().map(Into::into),
        }
    }

    pub(super) fn name(&self) -> String {
        self.number.as_deref().map_or_else(|| self.id.to_string(), ToOwned::to_owned)
    }

    /// Compares everything except the number, because the number of a draft may change.
    pub(super) fn differs(&self, other: &Self) -> bool {
        (&self.account_id, &self.currency, &self.amount, &self.status)
            != (&other.account_id, &other.currency, &other.amount, &other.status)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)?;
        self.status.as_ref().map_or(Ok(()), |status| write!(f, " {status}"))
    }
}

impl Key {
    fn of(id: &str) -> Self {
        let mut bytes = [0; 16];
        let is_hex = id.len() == 32
            && id.as_bytes().chunks_exact(2).zip(&mut bytes).all(|(digits, byte)| {
                let digit = |digit: u8| match digit {
                    b'0'..=b'9' => Some(digit - b'0'),
                    b'a'..=b'f' => Some(digit - b'a' + 10),
                    _ => None,
                };
                match (digit(digits[0]), digit(digits[1])) {
                    (Some(high), Some(low)) => {
                        *byte = high << 4 | low;
                        true
                    }
                    _ => false,
                }
            });
        if is_hex { Self::Hex(bytes) } else { Self::Text(id.into()) }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hex(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Currencies and statuses, each of which is stored once.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<Arc<str>>);

impl Words {
    fn share(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.iter().find(|known| &***known == word) {
            return known.clone();
        }
        let word = Arc::<str>::from(word);
        // Anything else is not one of a few words.
        if self.0.len() < 256 {
            self.0.push(word.clone());
        }
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_small_and_ids_are_kept_to_the_letter() {
        assert!(size_of::<Row>() <= 120, "{}", size_of::<Row>());
        for id in ["8ad096f60000000000000000000000c2", "8AD096F60000000000000000000000C2", "é", "", "INV1"] {
            assert_eq!(Key::of(id).to_string(), id);
        }
    }
}
