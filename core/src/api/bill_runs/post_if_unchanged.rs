//! Posting a bill run that is unchanged since its review.

use super::review::Review;
use super::review_pages::ReviewPages;
use super::review_rows::Comparison;
use super::{BillRun, PostBillRun};
use crate::call::{Call, Response};
use crate::error::{Error, Result};
use crate::machine::{Action, Event, Machine, ready};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;
use crate::types::Date;

/// A request to post a bill run only if its invoices have not changed since a [`Review`].
///
/// Execute it with [`Client::post_if_unchanged`](crate::Client::post_if_unchanged). [`Review`] has an example. After an
/// unknown outcome, reconcile its [`operation`](Self::operation).
#[doc(alias = "compare and set")]
#[derive(Clone, Debug)]
pub struct PostIfUnchanged {
    post: PostBillRun,
    review: Review,
    allows_empty: bool,
}

/// Number of changed invoices that an error describes.
const DESCRIBED_CHANGES: usize = 20;

impl PostIfUnchanged {
    /// Creates a request to post the run of `review`.
    pub fn new(review: Review) -> Self {
        Self { post: PostBillRun::new(review.bill_run_id.clone()), review, allows_empty: false }
    }

    /// Posts the run even if the review contains no invoices. The run may still contain credit memos, which no review
    /// shows.
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.allows_empty = true;
        self
    }

    /// Sets the date of all invoices and credit memos of the run. See [`PostBillRun::invoice_date`].
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.post = self.post.invoice_date(date);
        self
    }

    /// Returns the operation that posts the run, which [`Client::reconcile`](crate::Client::reconcile) reads back after an
    /// unknown outcome.
    ///
    /// ```
    /// use zuora_core::Outcome;
    /// use zuora_core::bill_runs::{PostIfUnchanged, Review};
    /// use zuora_core::reconcile::Reconciled;
    /// # use zuora_core::{Client, Config, DataCenter, http::Method, testing::FakeTransport, transport::TransportError};
    /// # let transport = FakeTransport::new(|request| match (request.method(), request.uri().path()) {
    /// #     (&Method::PUT, _) => Err(TransportError::maybe_sent("connection reset")),
    /// #     (_, "/object-query/invoices") => Ok(FakeTransport::json(200, r#"{"data":[]}"#)),
    /// #     _ => Ok(FakeTransport::json(200, r#"{"id":"2c98","status":"Posted","success":true}"#)),
    /// # });
    /// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    /// # let review: Review = serde_json::from_str(r#"{"billRunId":"2c98","billRunNumber":"BR-1","invoices":[]}"#).unwrap();
    ///
    /// let post = PostIfUnchanged::new(review).allow_empty();
    /// let error = client.post_if_unchanged(&post).unwrap_err(); // the response was lost
    /// assert_eq!(error.outcome(), Outcome::Unknown);
    /// assert!(matches!(client.reconcile(post.operation(), &error)?, Reconciled::Applied(_)));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    pub fn operation(&self) -> &PostBillRun {
        &self.post
    }

    /// Returns a [`Machine`] that reads the invoices of the run again and posts the run if they have not changed.
    pub fn machine(&self, session: &Session) -> impl Machine<Output = Response<BillRun>> + Send + use<> {
        self.machine_with(session, &CallOptions::default())
    }

    /// Returns the [`machine`](Self::machine) with settings for each call.
    pub fn machine_with(
        &self,
        session: &Session,
        options: &CallOptions,
    ) -> impl Machine<Output = Response<BillRun>> + Send + use<> {
        CheckThenPost {
            pages: ReviewPages::new(session, self.review.bill_run_number.clone(), options),
            comparison: Some(Comparison::new(&self.review.invoices, DESCRIBED_CHANGES)),
            is_unconfirmed: self.review.is_empty() && !self.allows_empty,
            call: Call::with_options(session, self.post.clone(), options),
        }
    }
}

/// The machine that reads the invoices of the run again, compares them with the review, and posts the run.
#[derive(Debug)]
struct CheckThenPost {
    pages: ReviewPages,
    /// Absent once the invoices are compared.
    comparison: Option<Comparison>,
    /// Whether the review is empty and nothing says that it may be.
    is_unconfirmed: bool,
    call: Call<PostBillRun>,
}

impl Machine for CheckThenPost {
    type Output = Response<BillRun>;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Self::Output> {
        if self.is_unconfirmed {
            let why = "contains no invoices; use `allow_empty` to post the run anyway";
            return Action::Done(Err(Error::invalid("review", why).in_operation("post_bill_run")));
        }
        while let Some(comparison) = &mut self.comparison {
            let compared = match ready!(self.pages.step(event, now)) {
                Ok(Some(rows)) => rows.iter().try_for_each(|row| comparison.compare(row)),
                Ok(None) => self.comparison.take().map_or(Ok(()), unchanged),
                Err(error) => Err(error),
            };
            if let Err(error) = compared {
                return Action::Done(Err(error.in_operation("query_invoices")));
            }
            event = Event::Tick;
        }
        self.call.step(event, now)
    }
}

/// Checks that nothing has changed.
///
/// # Errors
/// The changes, if there are any.
fn unchanged(comparison: Comparison) -> Result<()> {
    let (mut changes, others) = comparison.finish();
    if changes.is_empty() {
        return Ok(());
    }
    if others > 0 {
        changes.push(format!("{others} more"));
    }
    let what =
        format!("bill run not posted because its invoices changed after the review ({})", changes.join("; "));
    Err(Error::failed(what).in_operation("post_bill_run"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeTransport;
    use crate::{Client, Config, DataCenter, ErrorKind, Outcome};

    #[test]
    fn a_run_without_invoices_is_posted_only_if_that_is_allowed() {
        let empty: Review =
            serde_json::from_str(r#"{"billRunId":"2c98","billRunNumber":"BR-1","invoices":[]}"#).unwrap();
        let transport = FakeTransport::new(|request| {
            Ok(match request.method().as_str() {
                "GET" => FakeTransport::json(200, r#"{"data":[]}"#),
                _ => FakeTransport::json(200, r#"{"success":true,"status":"PostInProgress"}"#),
            })
        });
        let config = Config::with_token(DataCenter::UsCloud2, "token");
        let client = Client::with_transport(&config, transport).unwrap();
        let error = client.post_if_unchanged(&PostIfUnchanged::new(empty.clone())).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Build, Outcome::NotApplied));
        assert!(client.post_if_unchanged(&PostIfUnchanged::new(empty).allow_empty()).is_ok());
    }

    #[test]
    fn every_kind_of_change_keeps_the_run_unposted_and_is_described() {
        let review: Review = serde_json::from_str(
            r#"{"billRunId":"2c98","billRunNumber":"BR-1","invoices":[
                {"id":"a","number":"INV-A","currency":"EUR","amount":1},{"id":"b","currency":"EUR","amount":2}]}"#,
        )
        .unwrap();
        let a = r#"{"id":"a","invoiceNumber":"INV-A","currency":"EUR","amount":1.00}"#;
        let b = r#"{"id":"b","currency":"EUR","amount":2}"#;
        let c = r#"{"id":"c","currency":"USD","amount":3}"#;
        for (rows, said) in [
            (format!("{b},{a}"), ""),
            (a.to_owned(), "(b was removed)"),
            (String::new(), "(INV-A was removed; b was removed)"),
            (format!("{a},{b},{c}"), "(c was added (3 USD))"),
            (format!("{a},{}", b.replace('2', "2.01")), "(b changed from 2 EUR to 2.01 EUR)"),
            (format!("{a},{b},{a}"), "a occurs in two rows"),
        ] {
            let page = format!(r#"{{"data":[{rows}]}}"#);
            let posts = std::cell::Cell::new(0);
            let transport = FakeTransport::new(|request| {
                Ok(match request.method().as_str() {
                    "GET" => FakeTransport::json(200, page.clone()),
                    _ => {
                        posts.set(posts.get() + 1);
                        FakeTransport::json(200, r#"{"success":true,"status":"PostInProgress"}"#)
                    }
                })
            });
            let client =
                Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)
                    .unwrap();
            let posted = client.post_if_unchanged(&PostIfUnchanged::new(review.clone()));
            drop(client);
            assert_eq!(posts.get(), u32::from(said.is_empty()), "{rows}");
            if let Err(error) = posted {
                assert_eq!(error.outcome(), Outcome::NotApplied);
                assert!(!said.is_empty() && error.to_string().contains(said), "{error}");
            }
        }
    }
}
