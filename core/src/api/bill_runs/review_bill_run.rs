//! Reading the invoices of a bill run into a review.

use super::BillRun;
use super::review::Review;
use super::review_pages::ReviewPages;
use super::review_rows::{Row, Rows};
use crate::error::{Error, Result};
use crate::machine::{Action, Event, Machine, ready};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;
use crate::types::{BillRunId, BillRunNumber};

/// A [`Machine`] that reads all invoices of a bill run into a [`Review`].
///
/// It fails rather than show less than the whole run: an invoice without an amount or a currency, two rows with one id
/// and a number of invoices other than the expected one are errors, and so is a run without invoices unless
/// [`allow_empty`](Self::allow_empty) is set.
#[derive(Debug)]
pub struct ReviewBillRun {
    pages: ReviewPages,
    run: Option<(BillRunId, BillRunNumber)>,
    rows: Vec<Row>,
    allows_empty: bool,
    expected: Option<usize>,
}

/// Field of a run that contains the number of its invoices, where the service reports it.
const INVOICE_COUNT: &str = "numberOfInvoices";

impl ReviewBillRun {
    /// Creates a machine for a bill run.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the id or the number of `run` is absent.
    pub fn new(session: &Session, run: &BillRun) -> Result<Self> {
        Self::with_options(session, run, &CallOptions::default())
    }

    /// Creates a machine for a bill run, with settings for each call.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_options(session: &Session, run: &BillRun, options: &CallOptions) -> Result<Self> {
        let expected = run.extra.get::<usize>(INVOICE_COUNT)?;
        let (id, number) = (run.id()?.clone(), run.number()?.clone());
        Ok(Self {
            pages: ReviewPages::new(session, number.clone(), options),
            run: Some((id, number)),
            rows: Vec::new(),
            allows_empty: false,
            expected,
        })
    }

    /// Accepts a run without invoices. Otherwise an empty list is an error, because it may also mean that the invoices
    /// are not visible yet, or not to this user.
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.allows_empty = true;
        self
    }

    /// Expects this number of invoices, for example the number that the user interface shows for the run. By default,
    /// the number is expected that the run itself reports as `numberOfInvoices`, if it does.
    #[must_use]
    pub fn expect_invoices(mut self, count: usize) -> Self {
        self.expected = Some(count);
        self
    }

    fn finish(&mut self) -> Result<Review> {
        let (bill_run_id, bill_run_number) =
            self.run.take().ok_or_else(|| Error::failed("the machine has already finished"))?;
        let count = self.rows.len();
        let what = match self.expected {
            Some(expected) if expected != count => {
                format!("bill run {bill_run_number} has {expected} invoices, but {count} were listed")
            }
            None if count == 0 && !self.allows_empty => {
                format!("bill run {bill_run_number} lists no invoices; use `allow_empty` if that is expected")
            }
            _ => {
                let invoices = Rows::sorted(std::mem::take(&mut self.rows))?;
                return Ok(Review { bill_run_id, bill_run_number, invoices });
            }
        };
        Err(Error::failed(what).in_operation("query_invoices"))
    }
}

impl Machine for ReviewBillRun {
    type Output = Review;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Review> {
        loop {
            match ready!(self.pages.step(event, now)) {
                Ok(Some(rows)) => self.rows.extend(rows),
                Ok(None) => return Action::Done(self.finish()),
                Err(error) => return Action::Done(Err(error)),
            }
            event = Event::Tick;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::api::invoices::InvoiceStatus;
    use crate::testing::FakeTransport;
    use crate::{Client, Config, DataCenter, ErrorKind};

    fn run() -> BillRun {
        serde_json::from_str(r#"{"id":"2c98","billRunNumber":"BR-1"}"#).unwrap()
    }

    fn review(pages: &[&str]) -> Result<Review> {
        review_with(pages, &run(), |machine| machine)
    }

    fn review_with(
        pages: &[&str],
        run: &BillRun,
        options: impl Fn(ReviewBillRun) -> ReviewBillRun,
    ) -> Result<Review> {
        let rest = RefCell::new(pages.iter());
        let transport = FakeTransport::new(|request| {
            let query = request.uri().query().unwrap_or_default();
            if !query.contains("fields") && !query.contains("cursor") {
                // The invoices are read again with all fields.
                *rest.borrow_mut() = pages.iter();
            }
            Ok(FakeTransport::json(200, rest.borrow_mut().next().map_or("{}", |page| page).to_owned()))
        });
        let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
        client.drive(options(ReviewBillRun::new(client.session(), run)?))
    }

    fn page(rows: &str) -> String {
        format!(r#"{{"data":[{rows}]}}"#)
    }

    const A: &str = r#"{"id":"8ad096f60000000000000000000000c2","invoiceNumber":"INV1","accountId":"2C98","currency":"EUR","amount":10.50,"status":"Draft"}"#;
    const B: &str = r#"{"id":"b","currency":"USD","amount":1}"#;

    #[test]
    fn a_review_shows_every_invoice_or_fails() {
        let whole = review(&[&page(&[A, B].join(","))]).unwrap();
        assert_eq!(whole.invoice_count(), 2);
        assert_eq!(whole.totals().unwrap()["EUR"].to_string(), "10.50");
        let first = whole.invoices().next().unwrap();
        assert_eq!(
            (first.id.as_str(), first.account_id.unwrap().as_str()),
            ("8ad096f60000000000000000000000c2", "2C98")
        );
        assert_eq!((first.number.unwrap().as_str(), first.status), ("INV1", Some(InvoiceStatus::Draft)));

        for (rows, field) in [
            (r#"{"id":"b","currency":"USD"}"#, "data.amount"),
            (r#"{"id":"b","currency":"USD","amount":""}"#, "data.amount"),
            (r#"{"id":"b","currency":"USD","amount":"1,5"}"#, "data.amount"),
            (r#"{"id":"b","currency":"USD","amount":1,"amount":2}"#, "data.amount"),
            (r#"{"id":"b","amount":1}"#, "data.currency"),
            (r#"{"id":"b","amount":1,"currency":""}"#, "data.currency"),
            (r#"{"id":"b","amount":1,"currency":"USD","status":[]}"#, "data.status"),
            (r#"{"currency":"USD","amount":1}"#, "data.id"),
            (&[B, B].join(","), "data.id"),
        ] {
            let error = review(&[&page(rows)]).unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Decode, Some(field)), "{rows}");
        }
        let apart = [page(B).replace(']', r#"],"nextPage":"c""#), page(B).replace("1", "2")];
        assert!(review(&[&apart[0], &apart[1]]).unwrap_err().to_string().contains("two rows"));
    }

    #[test]
    fn a_page_without_rows_does_not_end_a_review() {
        let pages = [r#"{"data":[],"nextPage":"c1"}"#, r#"{"data":[],"nextPage":"c2"}"#, &page(A)];
        assert_eq!(review(&pages).unwrap().invoice_count(), 1);
    }

    #[test]
    fn an_empty_or_short_list_needs_an_explicit_word() {
        let error = review(&[&page("")]).unwrap_err();
        assert!(error.kind() == ErrorKind::Failed && error.to_string().contains("allow_empty"), "{error}");
        let empty = review_with(&[&page("")], &run(), ReviewBillRun::allow_empty).unwrap();
        assert!(empty.is_empty());
        let error = review_with(&[&page(A)], &run(), |machine| machine.expect_invoices(2)).unwrap_err();
        assert!(error.to_string().contains("has 2 invoices, but 1"), "{error}");
        let mut counted = run();
        counted.set_custom(INVOICE_COUNT, &3).unwrap();
        assert!(review_with(&[&page(A)], &counted, ReviewBillRun::allow_empty).is_err());
        counted.set_custom(INVOICE_COUNT, &1).unwrap();
        assert!(review_with(&[&page(A)], &counted, |machine| machine).is_ok());
    }
}
