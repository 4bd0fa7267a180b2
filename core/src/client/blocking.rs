//! The blocking client.

use http::Method;

use crate::api::bill_runs::{BillRun, PostReviewed, Review, Reviewing};
use crate::call::dry_run::plan;
use crate::call::paginator::Pages;
use crate::call::poller::{Awaited, Pace, Progress, Watch};
use crate::call::reconcile::{Settled, Settlement, Transition};
use crate::call::{Answer, Call};
use crate::error::{Error, Result};
use crate::machine::{Machine, drive};
use crate::operation::raw::Raw;
use crate::operation::{Operation, Paged};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::session::config::Config;
use crate::session::token::Token;
use crate::transport::{Body, Open, Request, Response, Transport};

/// A session over a blocking transport. Share it between threads by reference or clone it: clones of one
/// client share one session, and so one token and one view of the tenant's limits.
#[derive(Clone, Debug)]
pub struct Client<T> {
    session: Session,
    world: T,
}

impl<T: Transport + Open> Client<T> {
    /// A client over the transport's own defaults.
    ///
    /// # Errors
    /// A setting that is wrong, named; or the transport cannot start.
    pub fn new(config: &Config) -> Result<Self> {
        Self::over(config, T::open()?)
    }
}

impl<T: Transport> Client<T> {
    /// A client over a transport that the caller made.
    ///
    /// # Errors
    /// A setting that is wrong, named; or no randomness for idempotency keys.
    pub fn over(config: &Config, transport: T) -> Result<Self> {
        let seed = transport.seed()?;
        Ok(Self { session: Session::new(config, &seed)?, world: transport })
    }

    /// A client that joins a session.
    pub fn join(session: &Session, transport: T) -> Self {
        Self { session: session.clone(), world: transport }
    }

    /// Sends one operation and reads its answer.
    ///
    /// # Errors
    /// Whatever went wrong: see [`Error::kind`] and [`Error::outcome`].
    pub fn call<O: Operation>(&self, operation: &O) -> Result<Answer<O::Output>> {
        self.drive(Call::new(&self.session, operation))
    }

    /// [`call`](Self::call) with settings of its own.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub fn call_with<O: Operation>(&self, operation: &O, options: &CallOptions) -> Result<Answer<O::Output>> {
        self.drive(Call::with(&self.session, operation, options))
    }

    /// A list, page by page.
    pub fn pages<O: Paged>(&self, operation: &O) -> PageIter<'_, T, O> {
        PageIter { client: self, pages: Some(Pages::new(&self.session, operation.clone())) }
    }

    /// A list, row by row; pages are asked for as they are needed.
    pub fn items<O: Paged>(&self, operation: &O) -> ItemIter<'_, T, O> {
        ItemIter { pages: self.pages(operation), rows: Vec::new().into_iter() }
    }

    /// Looks at something again and again; the caller sees every look.
    pub fn watch<A: Awaited>(&self, awaited: A, pace: Pace) -> Watching<'_, T, A> {
        self.watch_on(Watch::new(&self.session, awaited, pace))
    }

    /// Goes on with a watch that was kept as text.
    pub fn watch_on<A: Awaited>(&self, watch: Watch<A>) -> Watching<'_, T, A> {
        Watching { client: self, watch }
    }

    /// Waits until something is decided.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time that `pace` gives.
    pub fn wait<A: Awaited>(&self, awaited: A, pace: Pace) -> Result<A::Ready> {
        self.drive(Watch::new(&self.session, awaited, pace).to_end())
    }

    /// Finds out what became of a transition that ended with `error`, by reading its object back.
    ///
    /// # Errors
    /// The object cannot be read.
    pub fn settle<O: Transition>(
        &self,
        transition: &O,
        error: &Error,
    ) -> Result<Settled<<O::Read as Operation>::Output>> {
        self.wait(Settlement::new(transition, error), Pace::default())
    }

    /// Reads all invoices of a run into a review for somebody to look at.
    ///
    /// # Errors
    /// The run lacks its id or number, or the invoices cannot be read.
    pub fn review(&self, run: &BillRun) -> Result<Review> {
        self.drive(Reviewing::new(&self.session, run)?)
    }

    /// Reads the run's invoices again and posts it only if nothing has changed since the review; else the error
    /// shows the difference and nothing is posted. A change between that look and the posting cannot be seen.
    ///
    /// # Errors
    /// [`Kind::Failed`](crate::Kind::Failed) with the difference, or as for [`call`](Self::call).
    pub fn post_reviewed(&self, post: &PostReviewed) -> Result<Answer<BillRun>> {
        self.drive(post.posting(&self.session))
    }

    /// The exact request that [`call_with`](Self::call_with) would send, with the token left out. Nothing is
    /// sent.
    ///
    /// # Errors
    /// The request cannot be built.
    pub fn plan<O: Operation>(&self, operation: &O, options: &CallOptions) -> Result<Request> {
        plan(&self.session, operation, options)
    }

    /// Any other endpoint: see [`Raw`].
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub fn raw(&self, method: Method, path: &str, body: Option<Body>) -> Result<Answer<Response>> {
        self.call(&Raw::from_parts(method, path, body))
    }

    /// Runs any machine over this client's transport.
    ///
    /// # Errors
    /// What the machine ends with.
    pub fn drive<M: Machine>(&self, machine: M) -> Result<M::Output> {
        drive(&self.world, machine)
    }

    /// What this client shares with its clones.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The transport.
    pub fn transport(&self) -> &T {
        &self.world
    }

    /// The token in use, to be kept for a process that starts soon.
    pub fn token(&self) -> Option<Token> {
        self.session.token(self.world.now())
    }

    /// Takes up a token that another process fetched.
    ///
    /// # Errors
    /// A token that cannot stand in a header.
    pub fn put_token(&self, token: &Token) -> Result<()> {
        self.session.put_token(token, self.world.now())
    }
}

/// Pages of a list. Ends after the last page and after an error.
#[derive(Debug)]
pub struct PageIter<'a, T, O> {
    client: &'a Client<T>,
    pages: Option<Pages<O>>,
}

impl<T: Transport, O: Paged> Iterator for PageIter<'_, T, O> {
    type Item = Result<Answer<Vec<O::Item>>>;

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
pub struct ItemIter<'a, T, O: Paged> {
    pages: PageIter<'a, T, O>,
    rows: std::vec::IntoIter<O::Item>,
}

impl<T: Transport, O: Paged> Iterator for ItemIter<'_, T, O> {
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

/// A watch over a client.
pub struct Watching<'a, T, A: Awaited> {
    client: &'a Client<T>,
    watch: Watch<A>,
}

impl<T: Transport, A: Awaited> Watching<'_, T, A> {
    /// Takes the next look, after the pause that is due.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time given.
    pub fn look(&mut self) -> Result<Progress<A::Ready>> {
        self.client.drive(&mut self.watch)
    }

    /// What is awaited, with what it remembers of the last look.
    pub fn awaited(&self) -> &A {
        self.watch.awaited()
    }

    /// The watch itself, to be kept.
    pub fn into_watch(self) -> Watch<A> {
        self.watch
    }
}
