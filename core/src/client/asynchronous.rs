//! The async client, its lists and its poller: the verbs of the blocking client, each with an await.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Method;

use crate::call::dry_run::dry_run;
use crate::call::poller::{Poller, PollingPolicy, Progress, Waiter};
use crate::call::prefetch::Prefetch;
use crate::call::{Call, Response};
use crate::error::Result;
use crate::intent::{AnyOperation, Delivery, Intent, Perform, Performed};
use crate::machine::{Machine, drive_async};
use crate::operation::raw::RawOperation;
use crate::operation::{Operation, Paginated};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::session::config::Config;
use crate::session::token::Token;
use crate::transport::{AsyncTransport, Body, DefaultTransport, HttpRequest, HttpResponse};

/// An async client: a session over an async transport. Clones share the session.
///
/// Every future is `Send`. Dropping a future leaves the session usable; a write that was in flight is reported to
/// [`Config::observer`].
#[doc(alias = "ApiClient")]
#[doc(alias = "ZuoraClient")]
#[derive(Clone, Debug)]
pub struct AsyncClient<T> {
    session: Session,
    transport: T,
}

impl<T: AsyncTransport + DefaultTransport> AsyncClient<T> {
    /// Creates a client over a transport with default settings.
    ///
    /// # Errors
    /// A setting is invalid, which the error names, or the transport cannot start.
    pub fn new(config: &Config) -> Result<Self> {
        Self::with_transport(config, T::create()?)
    }
}

impl<T: AsyncTransport> AsyncClient<T> {
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
    /// Any failure of the operation: see [`Error::kind`](crate::Error::kind) and [`Error::outcome`](crate::Error::outcome).
    #[doc(alias = "send")]
    #[doc(alias = "execute")]
    pub fn call<O>(&self, operation: &O) -> impl Future<Output = Result<Response<O::Output>>> + Send
    where
        O: Operation<Output: Send> + Sync,
    {
        self.drive(Call::new(&self.session, operation))
    }

    /// Sends one operation with `options`, which override the settings of the session.
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

    /// Reads a list page by page.
    #[doc(alias = "pagination")]
    pub fn pages<'a, O: Paginated>(&'a self, operation: &O) -> Pages<'a, T, O> {
        self.pages_with(operation, &CallOptions::default())
    }

    /// Does what [`pages`](Self::pages) does, with settings for the call of each page.
    pub fn pages_with<'a, O: Paginated>(&'a self, operation: &O, options: &CallOptions) -> Pages<'a, T, O> {
        let prefetch = Prefetch::with_options(&self.session, operation.clone(), 1, options);
        Pages { client: self, prefetch, in_flight: VecDeque::new() }
    }

    /// Reads a list row by row. Each page is requested when its first row is needed.
    #[doc(alias = "pagination")]
    pub fn items<'a, O: Paginated>(&'a self, operation: &O) -> Items<'a, T, O> {
        self.items_with(operation, &CallOptions::default())
    }

    /// Does what [`items`](Self::items) does, with settings for the call of each page.
    pub fn items_with<'a, O: Paginated>(&'a self, operation: &O, options: &CallOptions) -> Items<'a, T, O> {
        Items { pages: self.pages_with(operation, options), rows: Vec::new().into_iter() }
    }

    /// Creates a poller, which returns the progress after each poll.
    #[doc(alias = "poll")]
    #[doc(alias = "watch")]
    pub fn poller<A: Waiter>(&self, waiter: A, policy: PollingPolicy) -> AsyncPoller<'_, T, A> {
        self.resume(Poller::new(&self.session, waiter, policy))
    }

    /// Does what [`poller`](Self::poller) does, with settings for the call of each poll.
    pub fn poller_with<A: Waiter>(
        &self,
        waiter: A,
        policy: PollingPolicy,
        options: &CallOptions,
    ) -> AsyncPoller<'_, T, A> {
        self.resume(Poller::with_options(&self.session, waiter, policy, options))
    }

    /// Resumes a poller that was restored with [`Poller::from_json`].
    pub fn resume<A: Waiter>(&self, poller: Poller<A>) -> AsyncPoller<'_, T, A> {
        AsyncPoller { client: self, poller }
    }

    /// Polls until the condition of a waiter is met, and returns its output.
    ///
    /// # Errors
    /// The goal can no longer be reached, or was not reached within the timeout of `policy`.
    #[doc(alias = "poll")]
    #[doc(alias = "watch")]
    pub fn wait<A>(&self, waiter: A, policy: PollingPolicy) -> impl Future<Output = Result<A::Output>> + Send
    where
        A: Waiter<Read: Send, Output: Send> + Send,
        <A::Read as Operation>::Output: Send,
    {
        self.drive(Poller::new(&self.session, waiter, policy).until_done())
    }

    /// Does what [`wait`](Self::wait) does, with settings for the call of each poll, such as the entity of the object.
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
    /// Whatever went wrong, with a true [`Error::outcome`](crate::Error::outcome).
    pub fn perform(
        &self,
        intent: &Intent,
        delivery: Delivery,
    ) -> impl Future<Output = Result<Performed>> + Send {
        self.drive(Perform::new(&self.session, intent, delivery))
    }

    /// Sends a request to any other endpoint: see [`RawOperation`].
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

    /// Drives a machine until it is done, over the transport of this client.
    ///
    /// # Errors
    /// The error of the machine.
    pub fn drive<M>(&self, machine: M) -> impl Future<Output = Result<M::Output>> + Send
    where
        M: Machine<Output: Send> + Send,
    {
        drive_async(&self.transport, machine)
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

/// Pages of a list, read with [`next`](Self::next). The list ends after the last page and after an error.
pub struct Pages<'a, T, O: Paginated> {
    client: &'a AsyncClient<T>,
    prefetch: Prefetch<O>,
    /// Pages that were requested, in the order of the list.
    in_flight: VecDeque<PageCall<'a, O>>,
}

enum PageCall<'a, O: Paginated> {
    Running(Pin<Box<dyn Future<Output = Box<Finished<O>>> + Send + 'a>>),
    Done(Box<Finished<O>>),
}

type Finished<O> = (Call<O>, Result<Response<<O as Operation>::Output>>);

type Page<O> = Response<Vec<<O as Paginated>::Item>>;

impl<T, O: Paginated> Pages<'_, T, O> {
    /// Requests up to `window` pages concurrently; they are still returned in the order of the list.
    ///
    /// The default is 1. A window of 4 hides most of the latency of a slow link. See
    /// [`Prefetch`](crate::pagination::Prefetch).
    #[doc(alias = "read ahead")]
    #[must_use]
    pub fn prefetch(mut self, window: usize) -> Self {
        self.prefetch.set_window(window);
        self
    }
}

impl<'a, T, O> Pages<'a, T, O>
where
    T: AsyncTransport,
    O: Paginated<Output: Send, Item: Send> + Send + 'a,
{
    /// Returns the next page, or `None` after the last one. Dropping the future loses nothing: the next future
    /// continues with the same requests.
    #[allow(clippy::should_implement_trait)] // the async counterpart of `Iterator::next`
    pub fn next(&mut self) -> impl Future<Output = Option<Result<Page<O>>>> + Send {
        poll_fn(|context| self.poll_page(context))
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page<O>>>> {
        while let Some(mut call) = self.prefetch.start() {
            let transport = &self.client.transport;
            self.in_flight.push_back(PageCall::Running(Box::pin(async move {
                let result = drive_async(transport, &mut call).await;
                Box::new((call, result))
            })));
        }
        for page in &mut self.in_flight {
            if let PageCall::Running(running) = page {
                if let Poll::Ready(finished) = running.as_mut().poll(context) {
                    *page = PageCall::Done(finished);
                }
            }
        }
        match self.in_flight.pop_front() {
            None => Poll::Ready(None),
            Some(PageCall::Done(finished)) => {
                let (call, result) = *finished;
                let page = self.prefetch.take(&call, result);
                if self.prefetch.is_over() {
                    self.in_flight.clear();
                }
                Poll::Ready(Some(page))
            }
            Some(running) => {
                self.in_flight.push_front(running);
                Poll::Pending
            }
        }
    }
}

impl<T, O: Paginated> fmt::Debug for Pages<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages(..)")
    }
}

/// Rows of a list, read with [`next`](Self::next). The list ends after the last row and after an error.
pub struct Items<'a, T, O: Paginated> {
    pages: Pages<'a, T, O>,
    rows: std::vec::IntoIter<O::Item>,
}

impl<T, O: Paginated> Items<'_, T, O> {
    /// Requests up to `window` pages concurrently: see [`Pages::prefetch`].
    #[doc(alias = "read ahead")]
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
    /// Returns the next row, or `None` after the last one. Dropping the future loses nothing.
    #[allow(clippy::should_implement_trait)] // the async counterpart of `Iterator::next`
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

impl<T, O: Paginated> fmt::Debug for Items<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// A [`Poller`] that is driven by an [`AsyncClient`].
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
    /// Polls once, after the delay that is due.
    ///
    /// # Errors
    /// The goal can no longer be reached, or was not reached within the timeout of the policy.
    pub fn poll(&mut self) -> impl Future<Output = Result<Progress<A::Output>>> + Send {
        self.client.drive(&mut self.poller)
    }
}

impl<T, A: Waiter> AsyncPoller<'_, T, A> {
    /// Returns the waiter, with its state after the last poll.
    pub fn waiter(&self) -> &A {
        self.poller.waiter()
    }

    /// Returns the underlying poller, for example to save it with [`Poller::to_json`].
    pub fn into_poller(self) -> Poller<A> {
        self.poller
    }
}

impl<T, A: Waiter + fmt::Debug> fmt::Debug for AsyncPoller<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncPoller").field(&self.poller).finish()
    }
}
