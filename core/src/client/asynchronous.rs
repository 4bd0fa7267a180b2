//! The async client: the verbs of the blocking one, each with an await.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Method;

use crate::api::bill_runs::{BillRun, PostReviewed, Review, Reviewing};
use crate::call::dry_run::plan;
use crate::call::poller::{Awaited, Pace, Progress, Watch};
use crate::call::prefetch::Ahead;
use crate::call::reconcile::{Settled, Settlement, Transition};
use crate::call::{Answer, Call};
use crate::error::{Error, Result};
use crate::machine::{Machine, drive_async};
use crate::operation::raw::Raw;
use crate::operation::{Operation, Paged};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::session::config::Config;
use crate::session::token::Token;
use crate::transport::{AsyncTransport, Body, Open, Request, Response};

/// A session over an async transport. Clones share the session. Every future is `Send`, and dropping one leaves
/// the session usable: a write that was in flight is told to [`Config::observer`].
#[derive(Clone, Debug)]
pub struct AsyncClient<T> {
    session: Session,
    world: T,
}

impl<T: AsyncTransport + Open> AsyncClient<T> {
    /// A client over the transport's own defaults.
    ///
    /// # Errors
    /// A setting that is wrong, named; or the transport cannot start.
    pub fn new(config: &Config) -> Result<Self> {
        Self::over(config, T::open()?)
    }
}

impl<T: AsyncTransport> AsyncClient<T> {
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
    pub fn call<O>(&self, operation: &O) -> impl Future<Output = Result<Answer<O::Output>>> + Send
    where
        O: Operation<Output: Send> + Sync,
    {
        self.drive(Call::new(&self.session, operation))
    }

    /// [`call`](Self::call) with settings of its own.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub fn call_with<O>(
        &self,
        operation: &O,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Answer<O::Output>>> + Send
    where
        O: Operation<Output: Send> + Sync,
    {
        self.drive(Call::with(&self.session, operation, options))
    }

    /// A list, page by page.
    pub fn pages<'a, O: Paged>(&'a self, operation: &O) -> AsyncPages<'a, T, O> {
        let ahead = Ahead::new(&self.session, operation.clone(), 1);
        AsyncPages { client: self, ahead, out: VecDeque::new() }
    }

    /// A list, row by row; pages are asked for as they are needed.
    pub fn items<'a, O: Paged>(&'a self, operation: &O) -> AsyncItems<'a, T, O> {
        AsyncItems { pages: self.pages(operation), rows: Vec::new().into_iter() }
    }

    /// Looks at something again and again; the caller sees every look.
    pub fn watch<A: Awaited>(&self, awaited: A, pace: Pace) -> AsyncWatching<'_, T, A> {
        self.watch_on(Watch::new(&self.session, awaited, pace))
    }

    /// Goes on with a watch that was kept as text.
    pub fn watch_on<A: Awaited>(&self, watch: Watch<A>) -> AsyncWatching<'_, T, A> {
        AsyncWatching { client: self, watch }
    }

    /// Waits until something is decided.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time that `pace` gives.
    pub fn wait<A>(&self, awaited: A, pace: Pace) -> impl Future<Output = Result<A::Ready>> + Send
    where
        A: Awaited<Read: Send, Ready: Send> + Send,
        <A::Read as Operation>::Output: Send,
    {
        self.drive(Watch::new(&self.session, awaited, pace).to_end())
    }

    /// Finds out what became of a transition that ended with `error`, by reading its object back.
    ///
    /// # Errors
    /// The object cannot be read.
    pub fn settle<O>(
        &self,
        transition: &O,
        error: &Error,
    ) -> impl Future<Output = Result<Settled<<O::Read as Operation>::Output>>> + Send
    where
        O: Transition<Read: Send> + Send,
        <O::Read as Operation>::Output: Send,
    {
        self.wait(Settlement::new(transition, error), Pace::default())
    }

    /// Reads all invoices of a run into a review for somebody to look at.
    ///
    /// # Errors
    /// The run lacks its id or number, or the invoices cannot be read.
    pub fn review(&self, run: &BillRun) -> impl Future<Output = Result<Review>> + Send {
        let reviewing = Reviewing::new(&self.session, run);
        async move { self.drive(reviewing?).await }
    }

    /// Reads the run's invoices again and posts it only if nothing has changed since the review; else the error
    /// shows the difference and nothing is posted. A change between that look and the posting cannot be seen.
    ///
    /// # Errors
    /// [`Kind::Failed`](crate::Kind::Failed) with the difference, or as for [`call`](Self::call).
    pub fn post_reviewed(&self, post: &PostReviewed) -> impl Future<Output = Result<Answer<BillRun>>> + Send {
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
    pub fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<Body>,
    ) -> impl Future<Output = Result<Answer<Response>>> + Send {
        self.drive(Call::new(&self.session, Raw::from_parts(method, path, body)))
    }

    /// Runs any machine over this client's transport.
    ///
    /// # Errors
    /// What the machine ends with.
    pub fn drive<M>(&self, machine: M) -> impl Future<Output = Result<M::Output>> + Send
    where
        M: Machine<Output: Send> + Send,
    {
        drive_async(&self.world, machine)
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
pub struct AsyncPages<'a, T, O: Paged> {
    client: &'a AsyncClient<T>,
    ahead: Ahead<O>,
    /// Pages that were asked for, in their order.
    out: VecDeque<Asked<'a, O>>,
}

enum Asked<'a, O: Paged> {
    Running(Pin<Box<dyn Future<Output = Box<Answered<O>>> + Send + 'a>>),
    Done(Box<Answered<O>>),
}

type Answered<O> = (Call<O>, Result<Answer<<O as Operation>::Output>>);

type Page<O> = Answer<Vec<<O as Paged>::Item>>;

impl<T, O: Paged> AsyncPages<'_, T, O> {
    /// Asks for up to `window` pages at once, in the order of the list all the same: see
    /// [`Ahead`](crate::Ahead). 1 unless set; 4 hides most of a slow link.
    #[must_use]
    pub fn ahead(mut self, window: usize) -> Self {
        self.ahead.set_window(window);
        self
    }
}

impl<'a, T, O> AsyncPages<'a, T, O>
where
    T: AsyncTransport,
    O: Paged<Output: Send, Item: Send> + Send + 'a,
{
    /// The next page; `None` after the last one. A future that is dropped loses nothing: the next one goes on
    /// where it stood.
    #[allow(clippy::should_implement_trait)] // the async twin of an iterator's
    pub fn next(&mut self) -> impl Future<Output = Option<Result<Page<O>>>> + Send {
        poll_fn(|context| self.poll_page(context))
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page<O>>>> {
        while let Some(mut call) = self.ahead.ask() {
            let world = &self.client.world;
            self.out.push_back(Asked::Running(Box::pin(async move {
                let answer = drive_async(world, &mut call).await;
                Box::new((call, answer))
            })));
        }
        for asked in &mut self.out {
            if let Asked::Running(running) = asked {
                if let Poll::Ready(answered) = running.as_mut().poll(context) {
                    *asked = Asked::Done(answered);
                }
            }
        }
        match self.out.pop_front() {
            None => Poll::Ready(None),
            Some(Asked::Done(answered)) => {
                let (call, answer) = *answered;
                let page = self.ahead.take(&call, answer);
                if self.ahead.is_over() {
                    self.out.clear();
                }
                Poll::Ready(Some(page))
            }
            Some(running) => {
                self.out.push_front(running);
                Poll::Pending
            }
        }
    }
}

impl<T, O: Paged> std::fmt::Debug for AsyncPages<'_, T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AsyncPages(..)")
    }
}

/// Rows of a list. Ends after the last row and after an error.
pub struct AsyncItems<'a, T, O: Paged> {
    pages: AsyncPages<'a, T, O>,
    rows: std::vec::IntoIter<O::Item>,
}

impl<T, O: Paged> AsyncItems<'_, T, O> {
    /// [`AsyncPages::ahead`].
    #[must_use]
    pub fn ahead(mut self, window: usize) -> Self {
        self.pages = self.pages.ahead(window);
        self
    }
}

impl<'a, T, O> AsyncItems<'a, T, O>
where
    T: AsyncTransport,
    O: Paged<Output: Send, Item: Send> + Send + 'a,
{
    /// The next row; `None` after the last one. A future that is dropped loses nothing.
    #[allow(clippy::should_implement_trait)] // the async twin of an iterator's
    pub fn next(&mut self) -> impl Future<Output = Option<Result<O::Item>>> + Send {
        poll_fn(|context| self.poll_row(context))
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<O::Item>>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            match ready!(self.pages.poll_page(context)) {
                Some(Ok(page)) => self.rows = page.into_inner().into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T, O: Paged> std::fmt::Debug for AsyncItems<'_, T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AsyncItems(..)")
    }
}

#[cfg(feature = "stream")]
mod stream {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures_core::Stream;

    use super::{AsyncItems, AsyncPages, AsyncTransport, Page, Paged, Result};

    impl<'a, T, O> Stream for AsyncPages<'a, T, O>
    where
        T: AsyncTransport,
        O: Paged<Output: Send, Item: Send> + Send + Unpin + 'a,
    {
        type Item = Result<Page<O>>;

        fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll_page(context)
        }
    }

    impl<'a, T, O> Stream for AsyncItems<'a, T, O>
    where
        T: AsyncTransport,
        O: Paged<Output: Send, Item: Send + Unpin> + Send + Unpin + 'a,
    {
        type Item = Result<O::Item>;

        fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll_row(context)
        }
    }
}

/// A watch over a client.
pub struct AsyncWatching<'a, T, A: Awaited> {
    client: &'a AsyncClient<T>,
    watch: Watch<A>,
}

impl<T, A> AsyncWatching<'_, T, A>
where
    T: AsyncTransport,
    A: Awaited<Read: Send, Ready: Send> + Send,
    <A::Read as Operation>::Output: Send,
{
    /// Takes the next look, after the pause that is due.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time given.
    pub fn look(&mut self) -> impl Future<Output = Result<Progress<A::Ready>>> + Send {
        self.client.drive(&mut self.watch)
    }
}

impl<T, A: Awaited> AsyncWatching<'_, T, A> {
    /// What is awaited, with what it remembers of the last look.
    pub fn awaited(&self) -> &A {
        self.watch.awaited()
    }

    /// The watch itself, to be kept.
    pub fn into_watch(self) -> Watch<A> {
        self.watch
    }
}
