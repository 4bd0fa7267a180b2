//! The blocking client.

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
use crate::machine::{Machine, drive};
use crate::operation::raw::RawOperation;
use crate::operation::{Operation, Paginated};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::session::config::Config;
use crate::session::token::Token;
use crate::transport::{Body, DefaultTransport, HttpRequest, HttpResponse, Transport};

/// A session over a blocking transport. Share it between threads by reference or clone it: clones of one
/// client share one session, and so one token and one view of the tenant's limits.
#[derive(Clone, Debug)]
pub struct Client<T> {
    session: Session,
    transport: T,
}

impl<T: Transport + DefaultTransport> Client<T> {
    /// A client over the transport's own defaults.
    ///
    /// # Errors
    /// A setting that is wrong, named; or the transport cannot start.
    pub fn new(config: &Config) -> Result<Self> {
        Self::with_transport(config, T::create()?)
    }
}

impl<T: Transport> Client<T> {
    /// A client over a transport that the caller made.
    ///
    /// # Errors
    /// A setting that is wrong, named; or no randomness for idempotency keys.
    pub fn with_transport(config: &Config, transport: T) -> Result<Self> {
        let seed = transport.seed()?;
        Ok(Self { session: Session::new(config, &seed)?, transport: transport })
    }

    /// A client that joins a session.
    pub fn with_session(session: &Session, transport: T) -> Self {
        Self { session: session.clone(), transport: transport }
    }

    /// Sends one operation and reads its answer.
    ///
    /// # Errors
    /// Whatever went wrong: see [`Error::kind`] and [`Error::outcome`].
    pub fn call<O: Operation>(&self, operation: &O) -> Result<Response<O::Output>> {
        self.drive(Call::new(&self.session, operation))
    }

    /// [`call`](Self::call) with settings of its own.
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

    /// A list, page by page.
    pub fn pages<O: Paginated>(&self, operation: &O) -> Pages<'_, T, O> {
        self.pages_with(operation, &CallOptions::default())
    }

    /// [`pages`](Self::pages) with settings for the call of each page.
    pub fn pages_with<O: Paginated>(&self, operation: &O, options: &CallOptions) -> Pages<'_, T, O> {
        let pages = Paginator::with_options(&self.session, operation.clone(), options);
        Pages { client: self, pages: Some(pages) }
    }

    /// A list, row by row; pages are asked for as they are needed.
    pub fn items<O: Paginated>(&self, operation: &O) -> Items<'_, T, O> {
        self.items_with(operation, &CallOptions::default())
    }

    /// [`items`](Self::items) with settings for the call of each page.
    pub fn items_with<O: Paginated>(&self, operation: &O, options: &CallOptions) -> Items<'_, T, O> {
        Items { pages: self.pages_with(operation, options), rows: Vec::new().into_iter() }
    }

    /// Looks at something again and again; the caller sees every look.
    pub fn poller<A: Waiter>(&self, waiter: A, policy: PollingPolicy) -> BlockingPoller<'_, T, A> {
        self.resume(Poller::new(&self.session, waiter, policy))
    }

    /// [`poller`](Self::poller) with settings for the call of each poll.
    pub fn poller_with<A: Waiter>(
        &self,
        waiter: A,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> BlockingPoller<'_, T, A> {
        self.resume(Poller::with_options(&self.session, waiter, policy, options))
    }

    /// Goes on with a poller that was kept as text.
    pub fn resume<A: Waiter>(&self, poller: Poller<A>) -> BlockingPoller<'_, T, A> {
        BlockingPoller { client: self, poller }
    }

    /// Waits until something is decided.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time that `policy` gives.
    pub fn wait<A: Waiter>(&self, waiter: A, policy: PollingPolicy) -> Result<A::Output> {
        self.drive(Poller::new(&self.session, waiter, policy).until_done())
    }

    /// [`wait`](Self::wait) with settings for the call of each poll, such as the entity of the object.
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

    /// [`reconcile`](Self::reconcile) with a baseline, for another time, or for a reconciliation kept as JSON.
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

    /// [`baseline`](Self::baseline) with the settings of the write, such as its entity.
    ///
    /// # Errors
    /// As for [`baseline`](Self::baseline).
    pub fn baseline_with<O: Reconcile>(&self, write: &O, options: &CallOptions) -> Result<Option<Baseline>> {
        self.drive(ReadBaseline::new(&self.session, write, options))
    }

    /// Reads all invoices of a run into a review for somebody to look at.
    ///
    /// # Errors
    /// The run lacks its id or number, or the invoices cannot be read.
    pub fn review(&self, run: &BillRun) -> Result<Review> {
        self.review_with(run, &CallOptions::default())
    }

    /// [`review`](Self::review) with settings for each call, such as the entity of the run.
    ///
    /// # Errors
    /// As for [`review`](Self::review).
    pub fn review_with(&self, run: &BillRun, options: &CallOptions) -> Result<Review> {
        self.drive(ReviewBillRun::with_options(&self.session, run, options)?)
    }

    /// Reads the run's invoices again and posts it only if nothing has changed since the review; else the error
    /// shows the difference and nothing is posted. A change between that look and the posting cannot be seen.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`](crate::ErrorKind::Failed) with the difference, or as for [`call`](Self::call).
    pub fn post_if_unchanged(&self, post: &PostIfUnchanged) -> Result<Response<BillRun>> {
        self.post_if_unchanged_with(post, &CallOptions::default())
    }

    /// [`post_if_unchanged`](Self::post_if_unchanged) with settings for each call, such as the entity of the run.
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

    /// The exact request that [`call_with`](Self::call_with) would send, with the token left out. Nothing is
    /// sent.
    ///
    /// # Errors
    /// The request cannot be built.
    pub fn dry_run<O: Operation>(&self, operation: &O, options: &CallOptions) -> Result<HttpRequest> {
        dry_run(&self.session, operation, options)
    }

    /// Any other endpoint: see [`RawOperation`].
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub fn raw(&self, method: Method, path: &str, body: Option<Body>) -> Result<Response<HttpResponse>> {
        self.call(&RawOperation::from_parts(method, path, body))
    }

    /// Runs any machine over this client's transport.
    ///
    /// # Errors
    /// What the machine ends with.
    pub fn drive<M: Machine>(&self, machine: M) -> Result<M::Output> {
        drive(&self.transport, machine)
    }

    /// What this client shares with its clones.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// The token in use, to be kept for a process that starts soon.
    pub fn token(&self) -> Option<Token> {
        self.session.token(self.transport.now())
    }

    /// Takes up a token that another process fetched.
    ///
    /// # Errors
    /// A token that cannot stand in a header.
    pub fn set_token(&self, token: &Token) -> Result<()> {
        self.session.set_token(token, self.transport.now())
    }
}

/// Pages of a list. Ends after the last page and after an error.
#[derive(Debug)]
pub struct Pages<'a, T, O> {
    client: &'a Client<T>,
    pages: Option<Paginator<O>>,
}

impl<T: Transport, O: Paginated> Iterator for Pages<'_, T, O> {
    type Item = Result<Response<Vec<O::Item>>>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.client.drive(self.pages.as_mut()?).transpose();
        if !matches!(page, Some(Ok(_))) {
            self.pages = None;
        }
        page
    }
}

/// Rows of a list. Ends after the last row and after an error.
#[derive(Debug)]
pub struct Items<'a, T, O: Paginated> {
    pages: Pages<'a, T, O>,
    rows: std::vec::IntoIter<O::Item>,
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

/// A poller over a client.
pub struct BlockingPoller<'a, T, A: Waiter> {
    client: &'a Client<T>,
    poller: Poller<A>,
}

impl<T: Transport, A: Waiter> BlockingPoller<'_, T, A> {
    /// Takes the next look, after the pause that is due.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time given.
    pub fn poll(&mut self) -> Result<Progress<A::Output>> {
        self.client.drive(&mut self.poller)
    }

    /// What is waiter, with what it remembers of the last look.
    pub fn waiter(&self) -> &A {
        self.poller.waiter()
    }

    /// The poller itself, to be kept.
    pub fn into_poller(self) -> Poller<A> {
        self.poller
    }
}
