//! Reviews of the invoices of a bill run before posting.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::review_rows::{Comparison, Row, Rows};
use crate::api::digest::Digest;
use crate::api::invoices::InvoiceStatus;
use crate::types::{AccountId, Amount, AmountError, BillRunId, BillRunNumber, InvoiceId, InvoiceNumber};

/// A snapshot of the invoices of a bill run, for a review before posting.
///
/// [`Client::review`](crate::Client::review) creates a review, and fails if it cannot show the whole run: see
/// [`ReviewBillRun`](crate::bill_runs::ReviewBillRun). The API does not list the credit memos of a run or the
/// accounts that failed in it, so a review contains invoices only. A clone shares them. A review can be stored as JSON
/// until it is approved. Then [`PostIfUnchanged`](crate::bill_runs::PostIfUnchanged) posts the run, unless its invoices
/// have changed since the review.
///
/// ```
/// use zuora_core::bill_runs::{GetBillRun, PostIfUnchanged};
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     let body = match request.uri().path() {
/// #         "/object-query/invoices" => r#"{"data":[{"id":"2c91","currency":"EUR","amount":10.50}]}"#,
/// #         _ => r#"{"success":true,"id":"2c98","billRunNumber":"BR-00000016","status":"Completed"}"#,
/// #     };
/// #     Ok(FakeTransport::json(200, body))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let run = client.call(&GetBillRun::new("2c98"))?;
/// let review = client.review(&run)?;
/// assert_eq!(review.invoice_count(), 1);
/// assert_eq!(review.totals()?["EUR"].to_string(), "10.50");
///
/// client.post_if_unchanged(&PostIfUnchanged::new(review))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    pub(super) bill_run_id: BillRunId,
    pub(super) bill_run_number: BillRunNumber,
    pub(super) invoices: Rows,
}

/// An invoice in a [`Review`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReviewedInvoice {
    /// Id of the invoice.
    pub id: InvoiceId,
    /// Number of the invoice. The number of a draft may be absent, or may change when the invoice is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<InvoiceNumber>,
    /// Id of the account that owes the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Currency of the invoice, an ISO 4217 code such as `EUR`.
    pub currency: String,
    /// Total amount of the invoice including tax, in its currency.
    pub amount: Amount,
    /// Status of the invoice, such as `Draft`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<InvoiceStatus>,
}

impl Review {
    /// Returns the id of the bill run.
    pub fn bill_run_id(&self) -> &BillRunId {
        &self.bill_run_id
    }

    /// Returns the number of invoices that the run created.
    pub fn invoice_count(&self) -> usize {
        self.invoices.0.len()
    }

    /// Returns whether the run created no invoice.
    pub fn is_empty(&self) -> bool {
        self.invoices.0.is_empty()
    }

    /// Iterates over the invoices, ordered by id.
    pub fn invoices(&self) -> impl Iterator<Item = ReviewedInvoice> {
        self.invoices.0.iter().map(Row::invoice)
    }

    /// Returns the total amount of the invoices for each currency, by its ISO 4217 code.
    ///
    /// # Errors
    /// [`AmountError::TooManyDigits`] if an amount or a total cannot be represented exactly.
    pub fn totals(&self) -> Result<BTreeMap<String, Amount>, AmountError> {
        let mut totals = BTreeMap::<String, Amount>::new();
        for row in &*self.invoices.0 {
            match totals.get_mut(&*row.currency) {
                Some(total) => *total = total.checked_add(&row.amount)?,
                None => {
                    totals.insert(row.currency.to_string(), Amount::ZERO.checked_add(&row.amount)?);
                }
            }
        }
        Ok(totals)
    }

    /// Returns a checksum of 24 hexadecimal digits over the run and the ids, accounts, currencies, amounts and statuses
    /// of its invoices. Two reviews with the same fingerprint show the same invoices: it is the start of a SHA-256 hash.
    pub fn fingerprint(&self) -> String {
        let mut hash = Digest::new();
        let mut mix = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        mix(self.bill_run_id.as_str());
        for row in &*self.invoices.0 {
            mix(&row.id.to_string());
            mix(&row.account_id.as_ref().map(ToString::to_string).unwrap_or_default());
            mix(&row.currency);
            // Equal amounts may differ in their zeros.
            mix(&row
                .amount
                .to_decimal()
                .map_or_else(|_| row.amount.to_string(), |d| d.normalize().to_string()));
            mix(row.status.as_deref().unwrap_or_default());
        }
        hash.to_hex()[..24].to_owned()
    }

    /// Describes the differences between this review and a `later` one, with one line for each changed invoice.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let mut comparison = Comparison::new(&self.invoices, usize::MAX);
        for row in &*later.invoices.0 {
            // No id occurs twice in a review.
            let _ = comparison.compare(row);
        }
        comparison.finish().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Client;
    use crate::bill_runs::ReviewBillRun;
    use crate::testing::FakeTransport;
    use crate::{Config, DataCenter};

    const A: &str = r#"{"id":"8ad096f60000000000000000000000c2","invoiceNumber":"INV1","accountId":"2C98","currency":"EUR","amount":10.50,"status":"Draft"}"#;
    const B: &str = r#"{"id":"b","currency":"USD","amount":1}"#;

    fn review(rows: &str) -> Review {
        let page = format!(r#"{{"data":[{rows}]}}"#);
        let transport = FakeTransport::new(move |_| Ok(FakeTransport::json(200, page.clone())));
        let config = Config::with_token(DataCenter::UsCloud2, "token");
        let client = Client::with_transport(&config, transport).unwrap();
        let run = serde_json::from_str(r#"{"id":"2c98","billRunNumber":"BR-1"}"#).unwrap();
        client.drive(ReviewBillRun::new(client.session(), &run).unwrap()).unwrap()
    }

    #[test]
    fn a_review_is_kept_as_json_and_its_fingerprint_shows_any_change() {
        let kept = review(&[B, A].join(","));
        let text = serde_json::to_string(&kept).unwrap();
        let again: Review = serde_json::from_str(&text).unwrap();
        assert_eq!((&again, again.fingerprint()), (&kept, kept.fingerprint()));
        assert_eq!(kept.fingerprint().len(), 24);
        for (before, after) in [("10.50", "10.51"), ("EUR", "USD"), ("2C98", "2c98"), ("Draft", "Posted")] {
            let changed = review(&[B, A].join(",").replace(before, after));
            assert_ne!(changed.fingerprint(), kept.fingerprint(), "{before}");
            assert_eq!(kept.changes(&changed).len(), 1);
        }
        for (before, after) in [("10.50", "10.5"), ("INV1", "INV2")] {
            let same = review(&[B, A].join(",").replace(before, after));
            assert_eq!((same.fingerprint(), kept.changes(&same)), (kept.fingerprint(), vec![]));
        }
        let twice = text.replace(r#""id":"b""#, r#""id":"8ad096f60000000000000000000000c2""#);
        assert!(serde_json::from_str::<Review>(&twice).is_err());
    }
}
