//! The async client: the verbs of the blocking one, each with an await.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Method;

use crate::call::dry_run::dry_run;
use crate::call::poller::{Poller, PollingPolicy, Progress, Waiter};
use crate::call::prefetch::Prefetch;
use crate::call::{Call, Response};
use crate::error::Result;
use crate::machine::{Machine, drive_async};
use crate::operation::raw::RawOperation;
use crate::operation::{Operation, Paginated};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::session::config::Config;
use crate::session::token::Token;
use crate::transport::{AsyncTransport, Body, DefaultTransport, HttpRequest, HttpResponse};

/// A session over an async transport. Clones share the session. Every future is `Send`, and dropping one leaves
/// the session usable: a write that was in flight is told to [`Config::observer`].
#[derive(Clone, Debug)]
pub struct AsyncClient<T> {
    session: Session,
    transport: T,
}

impl<T: AsyncTransport + DefaultTransport> AsyncClient<T> {
    /// A client over the transport's own defaults.
    ///
    /// # Errors
    /// A setting that is wrong, named; or the transport cannot start.
    pub fn new(config: &Config) -> Result<Self> {
        Self::with_transport(config, T::create()?)
    }
}

impl<T: AsyncTransport> AsyncClient<T> {
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
    pub fn call<O>(&self, operation: &O) -> impl Future<Output = Result<Response<O::Output>>> + Send
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
    ) -> impl Future<Output = Result<Response<O::Output>>> + Send
    where
        O: Operation<Output: Send> + Sync,
    {
        self.drive(Call::with_options(&self.session, operation, options))
    }

    /// A list, page by page.
    pub fn pages<'a, O: Paginated>(&'a self, operation: &O) -> Pages<'a, T, O> {
        self.pages_with(operation, &CallOptions::default())
    }

    /// [`pages`](Self::pages) with settings for the call of each page.
    pub fn pages_with<'a, O: Paginated>(&'a self, operation: &O, options: &CallOptions) -> Pages<'a, T, O> {
        let ahead = Prefetch::with_options(&self.session, operation.clone(), 1, options);
        Pages { client: self, ahead, out: VecDeque::new() }
    }

    /// A list, row by row; pages are asked for as they are needed.
    pub fn items<'a, O: Paginated>(&'a self, operation: &O) -> Items<'a, T, O> {
        self.items_with(operation, &CallOptions::default())
    }

    /// [`items`](Self::items) with settings for the call of each page.
    pub fn items_with<'a, O: Paginated>(&'a self, operation: &O, options: &CallOptions) -> Items<'a, T, O> {
        Items { pages: self.pages_with(operation, options), rows: Vec::new().into_iter() }
    }

    /// Looks at something again and again; the caller sees every look.
    pub fn poller<A: Waiter>(&self, waiter: A, policy: PollingPolicy) -> AsyncPoller<'_, T, A> {
        self.resume(Poller::new(&self.session, waiter, policy))
    }

    /// [`poller`](Self::poller) with settings for the call of each poll.
    pub fn poller_with<A: Waiter>(
        &self,
        waiter: A,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> AsyncPoller<'_, T, A> {
        self.resume(Poller::with_options(&self.session, waiter, policy, options))
    }

    /// Goes on with a poller that was kept as text.
    pub fn resume<A: Waiter>(&self, poller: Poller<A>) -> AsyncPoller<'_, T, A> {
        AsyncPoller { client: self, poller }
    }

    /// Waits until something is decided.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time that `policy` gives.
    pub fn wait<A>(&self, waiter: A, policy: PollingPolicy) -> impl Future<Output = Result<A::Output>> + Send
    where
        A: Waiter<Read: Send, Output: Send> + Send,
        <A::Read as Operation>::Output: Send,
    {
        self.drive(Poller::new(&self.session, waiter, policy).until_done())
    }

    /// [`wait`](Self::wait) with settings for the call of each poll, such as the entity of the object.
    ///
    /// # Errors
    /// As for [`wait`](Self::wait).
    pub fn wait_with<A>(
        &self,
        waiter: A,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> impl Future<Output = Result<A::Output>> + Send
    where
        A: Waiter<Read: Send, Output: Send> + Send,
        <A::Read as Operation>::Output: Send,
    {
        self.drive(Poller::with_options(&self.session, waiter, policy, options).until_done())
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
    pub fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<Body>,
    ) -> impl Future<Output = Result<Response<HttpResponse>>> + Send {
        self.drive(Call::new(&self.session, RawOperation::from_parts(method, path, body)))
    }

    /// Runs any machine over this client's transport.
    ///
    /// # Errors
    /// What the machine ends with.
    pub fn drive<M>(&self, machine: M) -> impl Future<Output = Result<M::Output>> + Send
    where
        M: Machine<Output: Send> + Send,
    {
        drive_async(&self.transport, machine)
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
pub struct Pages<'a, T, O: Paginated> {
    client: &'a AsyncClient<T>,
    ahead: Prefetch<O>,
    /// Pages that were asked for, in their order.
    out: VecDeque<Asked<'a, O>>,
}

enum Asked<'a, O: Paginated> {
    Running(Pin<Box<dyn Future<Output = Box<Answered<O>>> + Send + 'a>>),
    Done(Box<Answered<O>>),
}

type Answered<O> = (Call<O>, Result<Response<<O as Operation>::Output>>);

type Page<O> = Response<Vec<<O as Paginated>::Item>>;

impl<T, O: Paginated> Pages<'_, T, O> {
    /// Asks for up to `window` pages at once, in the order of the list all the same: see
    /// [`Prefetch`](crate::Ahead). 1 unless set; 4 hides most of a slow link.
    #[must_use]
    pub fn prefetch(mut self, window: usize) -> Self {
        self.ahead.set_window(window);
        self
    }
}

impl<'a, T, O> Pages<'a, T, O>
where
    T: AsyncTransport,
    O: Paginated<Output: Send, Item: Send> + Send + 'a,
{
    /// The next page; `None` after the last one. A future that is dropped loses nothing: the next one goes on
    /// where it stood.
    #[allow(clippy::should_implement_trait)] // the async twin of an iterator's
    pub fn next(&mut self) -> impl Future<Output = Option<Result<Page<O>>>> + Send {
        poll_fn(|context| self.poll_page(context))
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page<O>>>> {
        while let Some(mut call) = self.ahead.start() {
            let transport = &self.client.transport;
            self.out.push_back(Asked::Running(Box::pin(async move {
                let answer = drive_async(transport, &mut call).await;
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

impl<T, O: Paginated> std::fmt::Debug for Pages<'_, T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pages(..)")
    }
}

/// Rows of a list. Ends after the last row and after an error.
pub struct Items<'a, T, O: Paginated> {
    pages: Pages<'a, T, O>,
    rows: std::vec::IntoIter<O::Item>,
}

impl<T, O: Paginated> Items<'_, T, O> {
    /// [`Pages::ahead`].
    #[must_use]
    pub fn prefetch(mut self, window: usize) -> Self {
        self.pages = self.pages.prefetch(window);
        self
    }
}

impl<'a, T, O> Items<'a, T, O>
where
    T: AsyncTransport,
    O: Paginated<Output: Send, Item: Send> + Send + 'a,
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

impl<T, O: Paginated> std::fmt::Debug for Items<'_, T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Items(..)")
    }
}

#[cfg(feature = "stream")]
mod stream {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures_core::Stream;

    use super::{AsyncTransport, Items, Page, Pages, Paginated, Result};

    impl<'a, T, O> Stream for Pages<'a, T, O>
    where
        T: AsyncTransport,
        O: Paginated<Output: Send, Item: Send> + Send + Unpin + 'a,
    {
        type Item = Result<Page<O>>;

        fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll_page(context)
        }
    }

    impl<'a, T, O> Stream for Items<'a, T, O>
    where
        T: AsyncTransport,
        O: Paginated<Output: Send, Item: Send + Unpin> + Send + Unpin + 'a,
    {
        type Item = Result<O::Item>;

        fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll_row(context)
        }
    }
}

/// A poller over a client.
pub struct AsyncPoller<'a, T, A: Waiter> {
    client: &'a AsyncClient<T>,
    poller: Poller<A>,
}

impl<T, A> AsyncPoller<'_, T, A>
where
    T: AsyncTransport,
    A: Waiter<Read: Send, Output: Send> + Send,
    <A::Read as Operation>::Output: Send,
{
    /// Takes the next look, after the pause that is due.
    ///
    /// # Errors
    /// The goal cannot be reached, or not within the time given.
    pub fn poll(&mut self) -> impl Future<Output = Result<Progress<A::Output>>> + Send {
        self.client.drive(&mut self.poller)
    }
}

impl<T, A: Waiter> AsyncPoller<'_, T, A> {
    /// What is waiter, with what it remembers of the last look.
    pub fn waiter(&self) -> &A {
        self.poller.waiter()
    }

    /// The poller itself, to be kept.
    pub fn into_poller(self) -> Poller<A> {
        self.poller
    }
}
