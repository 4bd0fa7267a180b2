//! Posting a bill run that is unchanged since its review.

use super::review::Review;
use super::review_bill_run::ReviewBillRun;
use super::{BillRun, PostBillRun};
use crate::call::{Call, Response};
use crate::error::Error;
use crate::machine::{Action, Event, Machine, ready};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;
use crate::types::Date;

/// A request to post a bill run only if its invoices have not changed since a [`Review`].
///
/// Execute it with [`Client::post_if_unchanged`](crate::Client::post_if_unchanged). [`Review`] has an example.
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
            reading: Some(ReviewBillRun::repeat(session, &self.review, options)),
            review: self.review.clone(),
            is_unconfirmed: self.review.is_empty() && !self.allows_empty,
            call: Call::with_options(session, self.post.clone(), options),
        }
    }
}

/// The machine that reads the invoices of the run again, compares them with the review, and posts the run.
#[derive(Debug)]
struct CheckThenPost {
    reading: Option<ReviewBillRun>,
    review: Review,
    /// Whether the review is empty and nothing says that it may be.
    is_unconfirmed: bool,
    call: Call<PostBillRun>,
}

impl Machine for CheckThenPost {
    type Output = Response<BillRun>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        if self.is_unconfirmed {
            let why = "contains no invoices; use `allow_empty` to post the run anyway";
            return Action::Done(Err(Error::invalid("review", why).in_operation("post_bill_run")));
        }
        let Some(reading) = &mut self.reading else {
            return self.call.step(event, now);
        };
        let later = match ready!(reading.step(event, now)) {
            Ok(later) => later,
            Err(error) => return Action::Done(Err(error)),
        };
        let mut changes = self.review.changes(&later);
        if !changes.is_empty() {
            if changes.len() > DESCRIBED_CHANGES {
                let more = changes.len() - DESCRIBED_CHANGES;
                changes.truncate(DESCRIBED_CHANGES);
                changes.push(format!("{more} more"));
            }
            let what = format!(
                "bill run not posted because its invoices changed after the review ({})",
                changes.join("; ")
            );
            return Action::Done(Err(Error::failed(what).in_operation("post_bill_run")));
        }
        self.reading = None;
        self.call.step(Event::Tick, now)
    }
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
}
