//! The blocking client.

use http::Method;

use crate::api::bill_runs::{BillRun, PostIfUnchanged, Review, ReviewBillRun};
use crate::call::dry_run::dry_run;
use crate::call::paginator::Paginator;
use crate::call::poller::{Poller, PollingPolicy, Progress, Waiter};
use crate::call::reconcile::{ReadBack, Reconciled, Reconciliation};
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
        Pages { client: self, pages: Some(Paginator::new(&self.session, operation.clone())) }
    }

    /// A list, row by row; pages are asked for as they are needed.
    pub fn items<O: Paginated>(&self, operation: &O) -> Items<'_, T, O> {
        Items { pages: self.pages(operation), rows: Vec::new().into_iter() }
    }

    /// Looks at something again and again; the caller sees every look.
    pub fn poller<A: Waiter>(&self, waiter: A, policy: PollingPolicy) -> BlockingPoller<'_, T, A> {
        self.resume(Poller::new(&self.session, waiter, policy))
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

    /// Finds out what became of a transition that ended with `error`, by reading its object back.
    ///
    /// # Errors
    /// The object cannot be read.
    pub fn reconcile<O: ReadBack>(
        &self,
        transition: &O,
        error: &Error,
    ) -> Result<Reconciled<<O::Read as Operation>::Output>> {
        self.wait(Reconciliation::new(transition, error), PollingPolicy::default())
    }

    /// Reads all invoices of a run into a review for somebody to look at.
    ///
    /// # Errors
    /// The run lacks its id or number, or the invoices cannot be read.
    pub fn review(&self, run: &BillRun) -> Result<Review> {
        self.drive(ReviewBillRun::new(&self.session, run)?)
    }

    /// Reads the run's invoices again and posts it only if nothing has changed since the review; else the error
    /// shows the difference and nothing is posted. A change between that look and the posting cannot be seen.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`](crate::ErrorKind::Failed) with the difference, or as for [`call`](Self::call).
    pub fn post_if_unchanged(&self, post: &PostIfUnchanged) -> Result<Response<BillRun>> {
        self.drive(post.machine(&self.session))
    }

    /// The exact request that [`call_with`](Self::call_with) would send, with the token left out. Nothing is
    /// sent.
    ///
    /// # Errors
    /// The request cannot be built.
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
