//! Verbs of the async client around a write: the state before it, its outcome, and the review of what is to be posted.

use super::asynchronous::AsyncClient;
use crate::api::bill_runs::{BillRun, PostIfUnchanged, Review, ReviewBillRun};
use crate::call::Response;
use crate::call::baseline::{Baseline, ReadBaseline};
use crate::call::poller::PollingPolicy;
use crate::call::read_back::Reconcile;
use crate::call::reconcile::{Reconciled, Reconciliation};
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::session::call_options::CallOptions;
use crate::transport::AsyncTransport;

impl<T: AsyncTransport> AsyncClient<T> {
    /// Determines whether a write that failed with `error` was applied, by reading its object for up to ten minutes.
    ///
    /// The reads use the entity, organizations and API version of the failed call. [`Reconciliation`] explains what
    /// proves that a write was not applied.
    ///
    /// # Errors
    /// The session has another base URL or entity than the failed call. The outcome of the error is
    /// [`Outcome::Unknown`](crate::Outcome::Unknown).
    pub fn reconcile<O>(
        &self,
        write: &O,
        error: &Error,
    ) -> impl Future<Output = Result<Reconciled<O::Object>>> + Send
    where
        O: Reconcile<Read: Send, Object: Send> + Send,
        <O::Read as Operation>::Output: Send,
    {
        self.wait(Reconciliation::new(write, error), Reconciliation::<O>::policy())
    }

    /// Does what [`reconcile`](Self::reconcile) does, with a baseline, for another time, or for a reconciliation kept
    /// as JSON.
    ///
    /// # Errors
    /// As for [`reconcile`](Self::reconcile).
    pub fn reconcile_with<O>(
        &self,
        reconciliation: Reconciliation<O>,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Reconciled<O::Object>>> + Send
    where
        O: Reconcile<Read: Send, Object: Send> + Send,
        <O::Read as Operation>::Output: Send,
    {
        self.wait_with(reconciliation, policy, options)
    }

    /// Reads the [`Baseline`] of a write, before the write is sent. `None` if the write has none.
    ///
    /// # Errors
    /// The object cannot be read.
    pub fn baseline<O>(&self, write: &O) -> impl Future<Output = Result<Option<Baseline>>> + Send
    where
        O: Reconcile<Read: Send, Object: Send> + Send,
    {
        self.drive(ReadBaseline::new(self.session(), write, &CallOptions::default()))
    }

    /// Does what [`baseline`](Self::baseline) does, with the settings of the write, such as its entity.
    ///
    /// # Errors
    /// As for [`baseline`](Self::baseline).
    pub fn baseline_with<O>(
        &self,
        write: &O,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Option<Baseline>>> + Send
    where
        O: Reconcile<Read: Send, Object: Send> + Send,
    {
        self.drive(ReadBaseline::new(self.session(), write, options))
    }

    /// Reads all invoices of a run into a review for a person to look at.
    ///
    /// # Errors
    /// The run lacks its id or number, or the invoices cannot be read.
    pub fn review(&self, run: &BillRun) -> impl Future<Output = Result<Review>> + Send {
        let reviewing = ReviewBillRun::new(self.session(), run);
        async move { self.drive(reviewing?).await }
    }

    /// Does what [`review`](Self::review) does, with settings for each call, such as the entity of the run.
    ///
    /// # Errors
    /// As for [`review`](Self::review).
    pub fn review_with(
        &self,
        run: &BillRun,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Review>> + Send {
        let reviewing = ReviewBillRun::with_options(self.session(), run, options);
        async move { self.drive(reviewing?).await }
    }

    /// Reads the invoices of a bill run again, and posts the run only if they match the review.
    ///
    /// A change between the second read and the posting is not detected. After an unknown outcome, pass
    /// [`PostIfUnchanged::operation`] to [`reconcile`](Self::reconcile).
    ///
    /// # Errors
    /// [`ErrorKind::Failed`](crate::ErrorKind::Failed) with the difference, or as for [`call`](Self::call).
    pub fn post_if_unchanged(
        &self,
        post: &PostIfUnchanged,
    ) -> impl Future<Output = Result<Response<BillRun>>> + Send {
        self.drive(post.machine(self.session()))
    }

    /// Does what [`post_if_unchanged`](Self::post_if_unchanged) does, with settings for each call, such as the entity
    /// of the run.
    ///
    /// # Errors
    /// As for [`post_if_unchanged`](Self::post_if_unchanged).
    pub fn post_if_unchanged_with(
        &self,
        post: &PostIfUnchanged,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Response<BillRun>>> + Send {
        self.drive(post.machine_with(self.session(), options))
    }
}
