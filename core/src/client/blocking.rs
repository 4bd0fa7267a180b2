//! The blocking client, its iterators and its poller.

use std::fmt;

use http::Method;

use crate::api::bill_runs::{BillRun, PostIfUnchanged, Review, ReviewBillRun};
use crate::call::baseline::{Baseline, ReadBaseline};
use crate::call::dry_run::dry_run;
use crate::call::paginator::Paginator;
use crate::call::poller::{Poller, PollingPolicy, Progress, Waiter};
use crate::call::read_back::Reconcile;
use crate::call::reconcile::{Reconciled, Reconciliation};
use crate::call::{Call, Response};
use crate::error::{Error, Result};
use crate::intent::{AnyOperation, Delivery, Intent, Perform, Performed};
use crate::machine::{Machine, drive};
use crate::operation::raw::RawOperation;
use crate::operation::{Operation, Paginated};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::session::config::Config;
use crate::session::token::Token;
use crate::transport::{Body, DefaultTransport, HttpRequest, HttpResponse, Transport};

/// A blocking client: a session over a blocking transport.
///
/// Clones share the session, and with it the token and the state of the tenant's limits. Several threads can share a
/// client by reference or use clones.
#[doc(alias = "ApiClient")]
#[doc(alias = "ZuoraClient")]
#[derive(Clone, Debug)]
pub struct Client<T> {
    session: Session,
    transport: T,
}

impl<T: Transport + DefaultTransport> Client<T> {
    /// Creates a client over a transport with default settings.
    ///
    /// # Errors
    /// A setting is invalid, which the error names, or the transport cannot start.
    pub fn new(config: &Config) -> Result<Self> {
        Self::with_transport(config, T::create()?)
    }
}

impl<T: Transport> Client<T> {
    /// Creates a client over an existing transport.
    ///
    /// # Errors
    /// A setting is invalid, which the error names, or the transport has no randomness for idempotency keys.
    pub fn with_transport(config: &Config, transport: T) -> Result<Self> {
        let seed = transport.seed()?;
        Ok(Self { session: Session::new(config, &seed)?, transport })
    }

    /// Creates a client that shares an existing session.
    pub fn with_session(session: &Session, transport: T) -> Self {
        Self { session: session.clone(), transport }
    }

    /// Sends one operation and reads its response.
    ///
    /// # Errors
    /// Any failure of the operation: see [`Error::kind`] and [`Error::outcome`].
    #[doc(alias = "send")]
    #[doc(alias = "execute")]
    pub fn call<O: Operation>(&self, operation: &O) -> Result<Response<O::Output>> {
        self.drive(Call::new(&self.session, operation))
    }

    /// Sends one operation with `options`, which override the settings of the session.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: &CallOptions,
    ) -> Result<Response<O::Output>> {
        self.drive(Call::with_options(&self.session, operation, options))
    }

    /// Reads a list page by page.
    #[doc(alias = "pagination")]
    pub fn pages<O: Paginated>(&self, operation: &O) -> Pages<'_, T, O> {
        self.pages_with(operation, &CallOptions::default())
    }

    /// Does what [`pages`](Self::pages) does, with settings for the call of each page.
    pub fn pages_with<O: Paginated>(&self, operation: &O, options: &CallOptions) -> Pages<'_, T, O> {
        let paginator = Paginator::with_options(&self.session, operation.clone(), options);
        Pages { client: self, paginator: Some(paginator) }
    }

    /// Reads a list row by row. Each page is requested when its first row is needed.
    #[doc(alias = "pagination")]
    pub fn items<O: Paginated>(&self, operation: &O) -> Items<'_, T, O> {
        self.items_with(operation, &CallOptions::default())
    }

    /// Does what [`items`](Self::items) does, with settings for the call of each page.
    pub fn items_with<O: Paginated>(&self, operation: &O, options: &CallOptions) -> Items<'_, T, O> {
        Items { pages: self.pages_with(operation, options), rows: Vec::new().into_iter() }
    }

    /// Creates a poller, which returns the progress after each poll.
    #[doc(alias = "poll")]
    #[doc(alias = "watch")]
    pub fn poller<A: Waiter>(&self, waiter: A, policy: PollingPolicy) -> BlockingPoller<'_, T, A> {
        self.resume(Poller::new(&self.session, waiter, policy))
    }

    /// Does what [`poller`](Self::poller) does, with settings for the call of each poll.
    pub fn poller_with<A: Waiter>(
        &self,
        waiter: A,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> BlockingPoller<'_, T, A> {
        self.resume(Poller::with_options(&self.session, waiter, policy, options))
    }

    /// Resumes a poller that was restored with [`Poller::from_json`].
    pub fn resume<A: Waiter>(&self, poller: Poller<A>) -> BlockingPoller<'_, T, A> {
        BlockingPoller { client: self, poller }
    }

    /// Polls until the condition of a waiter is met, and returns its output.
    ///
    /// # Errors
    /// The goal can no longer be reached, or was not reached within the timeout of `policy`.
    #[doc(alias = "poll")]
    #[doc(alias = "watch")]
    pub fn wait<A: Waiter>(&self, waiter: A, policy: PollingPolicy) -> Result<A::Output> {
        self.drive(Poller::new(&self.session, waiter, policy).until_done())
    }

    /// Does what [`wait`](Self::wait) does, with settings for the call of each poll, such as the entity of the object.
    ///
    /// # Errors
    /// As for [`wait`](Self::wait).
    pub fn wait_with<A: Waiter>(
        &self,
        waiter: A,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> Result<A::Output> {
        self.drive(Poller::with_options(&self.session, waiter, policy, options).until_done())
    }

    /// Determines whether a write that failed with `error` was applied, by reading its object for up to ten minutes.
    ///
    /// The reads use the entity, organizations and API version of the failed call. [`Reconciliation`] explains what
    /// proves that a write was not applied.
    ///
    /// # Errors
    /// The session has another base URL or entity than the failed call. The outcome of the error is
    /// [`Outcome::Unknown`](crate::Outcome::Unknown).
    pub fn reconcile<O: Reconcile>(&self, write: &O, error: &Error) -> Result<Reconciled<O::Object>> {
        self.wait(Reconciliation::new(write, error), Reconciliation::<O>::policy())
    }

    /// Does what [`reconcile`](Self::reconcile) does, with a baseline, for another time, or for a reconciliation kept
    /// as JSON.
    ///
    /// # Errors
    /// As for [`reconcile`](Self::reconcile).
    pub fn reconcile_with<O: Reconcile>(
        &self,
        reconciliation: Reconciliation<O>,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> Result<Reconciled<O::Object>> {
        self.wait_with(reconciliation, policy, options)
    }

    /// Reads the [`Baseline`] of a write, before the write is sent. `None` if the write has none.
    ///
    /// # Errors
    /// The object cannot be read.
    pub fn baseline<O: Reconcile>(&self, write: &O) -> Result<Option<Baseline>> {
        self.baseline_with(write, &CallOptions::default())
    }

    /// Does what [`baseline`](Self::baseline) does, with the settings of the write, such as its entity.
    ///
    /// # Errors
    /// As for [`baseline`](Self::baseline).
    pub fn baseline_with<O: Reconcile>(&self, write: &O, options: &CallOptions) -> Result<Option<Baseline>> {
        self.drive(ReadBaseline::new(&self.session, write, options))
    }

    /// Reads all invoices of a bill run into a review, to be approved before the run is posted.
    ///
    /// # Errors
    /// The bill run has no id or number, or its invoices cannot be read.
    pub fn review(&self, run: &BillRun) -> Result<Review> {
        self.review_with(run, &CallOptions::default())
    }

    /// Does what [`review`](Self::review) does, with settings for each call, such as the entity of the run.
    ///
    /// # Errors
    /// As for [`review`](Self::review).
    pub fn review_with(&self, run: &BillRun, options: &CallOptions) -> Result<Review> {
        self.drive(ReviewBillRun::with_options(&self.session, run, options)?)
    }

    /// Reads the invoices of a bill run again, and posts the run only if they match the review.
    ///
    /// A change between the second read and the posting is not detected. After an unknown outcome, pass
    /// [`PostIfUnchanged::operation`] to [`reconcile`](Self::reconcile).
    ///
    /// # Errors
    /// [`ErrorKind::Failed`](crate::ErrorKind::Failed) with the difference when the invoices have changed; nothing is
    /// posted then. Otherwise as for [`call`](Self::call).
    pub fn post_if_unchanged(&self, post: &PostIfUnchanged) -> Result<Response<BillRun>> {
        self.post_if_unchanged_with(post, &CallOptions::default())
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
    ) -> Result<Response<BillRun>> {
        self.drive(post.machine_with(&self.session, options))
    }

    /// Builds the exact request that [`call_with`](Self::call_with) would send, without the token. Nothing is sent.
    ///
    /// # Errors
    /// The request cannot be built.
    #[doc(alias = "dry run")]
    #[doc(alias = "plan")]
    #[doc(alias = "preview")]
    pub fn dry_run<O: Operation>(&self, operation: &O, options: &CallOptions) -> Result<HttpRequest> {
        dry_run(&self.session, operation, options)
    }

    /// Makes an intent: an operation that is kept as text and performed once by any process. See
    /// [`Intent`](crate::intent::Intent).
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) when the request cannot be built, or the transport has no wall
    /// clock.
    pub fn intent(&self, operation: impl Into<AnyOperation>) -> Result<Intent> {
        Intent::new(&self.session, operation, self.transport.now())
    }

    /// Performs an intent without a second effect, as far as `delivery` says what happened before. See
    /// [`Perform`](crate::intent::Perform).
    ///
    /// # Errors
    /// Whatever went wrong, with a true [`Error::outcome`].
    pub fn perform(&self, intent: &Intent, delivery: Delivery) -> Result<Performed> {
        self.drive(Perform::new(&self.session, intent, delivery))
    }

    /// Sends a request to any other endpoint: see [`RawOperation`].
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub fn raw(&self, method: Method, path: &str, body: Option<Body>) -> Result<Response<HttpResponse>> {
        self.call(&RawOperation::from_parts(method, path, body))
    }

    /// Drives a machine until it is done, over the transport of this client.
    ///
    /// # Errors
    /// The error of the machine.
    pub fn drive<M: Machine>(&self, machine: M) -> Result<M::Output> {
        drive(&self.transport, machine)
    }

    /// Returns the session, which this client shares with its clones.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// Returns the cached token, for example to store it for another process.
    pub fn token(&self) -> Option<Token> {
        self.session.token(self.transport.now())
    }

    /// Caches a token that another process requested, or the next token of a session that cannot request one: see
    /// [`Config::with_token`].
    ///
    /// # Errors
    /// The token is not a valid header value.
    pub fn set_token(&self, token: &Token) -> Result<()> {
        self.session.set_token(token, self.transport.now())
    }
}

/// Iterator over the pages of a list. It ends after the last page and after an error.
pub struct Pages<'a, T, O> {
    client: &'a Client<T>,
    paginator: Option<Paginator<O>>,
}

impl<T, O> fmt::Debug for Pages<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages(..)")
    }
}

impl<T: Transport, O: Paginated> Iterator for Pages<'_, T, O> {
    type Item = Result<Response<Vec<O::Item>>>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.client.drive(self.paginator.as_mut()?).transpose();
        if !matches!(page, Some(Ok(_))) {
            self.paginator = None;
        }
        page
    }
}

/// Iterator over the rows of a list. It ends after the last row and after an error.
pub struct Items<'a, T, O: Paginated> {
    pages: Pages<'a, T, O>,
    rows: std::vec::IntoIter<O::Item>,
}

impl<T, O: Paginated> fmt::Debug for Items<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items(..)")
    }
}

impl<T: Transport, O: Paginated> Iterator for Items<'_, T, O> {
    type Item = Result<O::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            match self.pages.next()? {
                Ok(page) => self.rows = page.into_inner().into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// A [`Poller`] that is driven by a [`Client`].
pub struct BlockingPoller<'a, T, A: Waiter> {
    client: &'a Client<T>,
    poller: Poller<A>,
}

impl<T: Transport, A: Waiter> BlockingPoller<'_, T, A> {
    /// Polls once, after the delay that is due.
    ///
    /// # Errors
    /// The goal can no longer be reached, or was not reached within the timeout of the policy.
    pub fn poll(&mut self) -> Result<Progress<A::Output>> {
        self.client.drive(&mut self.poller)
    }

    /// Returns the waiter, with its state after the last poll.
    pub fn waiter(&self) -> &A {
        self.poller.waiter()
    }

    /// Returns the underlying poller, for example to save it with [`Poller::to_json`].
    pub fn into_poller(self) -> Poller<A> {
        self.poller
    }
}

impl<T, A: Waiter + fmt::Debug> fmt::Debug for BlockingPoller<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingPoller").field(&self.poller).finish()
    }
}
