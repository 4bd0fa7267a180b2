//! Lists whose pages are requested before they are due.

use std::collections::BTreeSet;
use std::fmt;
use std::mem;

use bytes::Bytes;

use super::Call;
use super::response::Response;
use crate::error::{Error, Result};
use crate::operation::{Operation, Paginated};
use crate::session::Session;
use crate::session::call_options::CallOptions;

/// Page engine of a list: decides which pages to request concurrently, and returns them in order.
///
/// `Prefetch` runs nothing itself: start the calls that [`start`](Self::start) returns until it returns none, run them
/// concurrently, and pass their results to [`take`](Self::take) in the order in which they were started.
/// [`pagination::asynchronous::Pages`](crate::pagination::asynchronous::Pages) does so with futures,
/// `zuora_ureq::PrefetchedPages` with threads.
///
/// - The first page is requested alone: only its response shows whether there is a second.
/// - After that up to `window` pages are in flight, so at most `window` - 1 of them are past the end.
/// - Lists that continue from a cursor are read one page after the other, whatever the window.
/// - Each page is an ordinary call of the session, and obeys the tenant's limits.
/// - The request of a page is built once, or twice when the page was requested before it was due.
#[doc(alias = "pagination")]
#[doc(alias = "read ahead")]
pub struct Prefetch<O> {
    session: Session,
    options: CallOptions,
    window: usize,
    upcoming: Upcoming<O>,
    /// URI of the next page according to the last response, when that page was requested already.
    named: Option<String>,
    in_flight: usize,
    /// Whether the last page was followed by another one.
    has_more: bool,
    requested: BTreeSet<String>,
    last_body: Bytes,
    /// Number of pages without rows before the next page.
    empty_pages: u32,
}

impl<O> fmt::Debug for Prefetch<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch")
            .field("window", &self.window)
            .field("in_flight", &self.in_flight)
            .field("has_more", &self.has_more)
            .finish_non_exhaustive()
    }
}

/// Number of pages without rows after which a list counts as endless. One page without rows does not end a list.
const MAX_EMPTY_PAGES: u32 = 1_000;

/// The page after those in flight.
#[derive(Default)]
#[allow(clippy::large_enum_variant)] // a box would cost each page an allocation
enum Upcoming<O> {
    /// Unknown, or past the end.
    #[default]
    None,
    Operation(O),
    /// A call that was built to check that it does not point back.
    Call(Call<O>),
}

impl<O: Paginated> Prefetch<O> {
    /// Starts at the page that `operation` requests. With a window of one page, each page is requested when it is due.
    pub fn new(session: &Session, operation: O, window: usize) -> Self {
        Self::with_options(session, operation, window, &CallOptions::default())
    }

    /// Starts at the page that `operation` requests, with settings for each page's call.
    pub fn with_options(session: &Session, operation: O, window: usize, options: &CallOptions) -> Self {
        Self {
            session: session.clone(),
            options: options.clone(),
            window: window.max(1),
            upcoming: Upcoming::Operation(operation),
            named: None,
            in_flight: 0,
            has_more: false,
            requested: BTreeSet::new(),
            last_body: Bytes::new(),
            empty_pages: 0,
        }
    }

    /// Sets the number of pages that may be in flight at once, from now on.
    pub fn set_window(&mut self, window: usize) {
        self.window = window.max(1);
    }

    /// Returns the next call to run, if one is due.
    pub fn start(&mut self) -> Option<Call<O>> {
        let most = if self.has_more { self.window } else { 1 };
        if self.in_flight >= most {
            return None;
        }
        let call = match mem::take(&mut self.upcoming) {
            Upcoming::None => return None,
            Upcoming::Operation(operation) => self.call(operation),
            Upcoming::Call(call) => call,
        };
        if let Some(next) = call.operation().next_page().filter(|_| self.has_more && self.window > 1) {
            self.upcoming = Upcoming::Operation(next);
        }
        self.in_flight += 1;
        Some(call)
    }

    fn call(&self, operation: O) -> Call<O> {
        Call::with_options(&self.session, operation, &self.options)
    }

    /// Takes the result of the call that was started first, and returns the rows of its page. When the list
    /// [is over](Self::is_over) after that, discard the calls that are still in flight.
    ///
    /// # Errors
    /// The error of the call, or a list that points back to an earlier page.
    pub fn take(
        &mut self,
        call: &Call<O>,
        result: Result<Response<O::Output>>,
    ) -> Result<Response<Vec<O::Item>>> {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.has_more = false;
        let page = result.and_then(|response| self.split_page(call, response));
        if !self.has_more {
            self.stop();
        }
        page
    }

    /// Splits a page into its rows and the operation for the next page.
    fn split_page(
        &mut self,
        call: &Call<O>,
        response: Response<O::Output>,
    ) -> Result<Response<Vec<O::Item>>> {
        if self.named.take().is_some_and(|named| Some(named) != uri_of(call)) {
            return Err(Error::failed(
                "the list continues with another page than the one requested in advance",
            ));
        }
        let mut next = None;
        let page = response.map(|page| {
            let (rows, following) = call.operation().into_page(page);
            next = following;
            rows
        });
        if let Some(next) = next {
            self.requested.extend(uri_of(call));
            self.empty_pages = if page.is_empty() { self.empty_pages + 1 } else { 0 };
            if *call.body() == self.last_body || self.empty_pages > MAX_EMPTY_PAGES {
                return Err(points_back(&next));
            }
            self.continue_with(next)?;
            self.has_more = true;
        }
        self.last_body = call.body().clone();
        Ok(page)
    }

    fn continue_with(&mut self, next: O) -> Result<()> {
        let call = self.call(next);
        if uri_of(&call).is_some_and(|uri| self.requested.contains(&uri)) {
            return Err(points_back(call.operation()));
        }
        if self.in_flight > 0 {
            self.named = uri_of(&call);
        } else {
            self.upcoming = Upcoming::Call(call);
        }
        Ok(())
    }

    /// Requests `operation` next, after an error.
    pub(super) fn restart(&mut self, operation: O) {
        self.upcoming = Upcoming::Operation(operation);
    }

    /// Abandons the rest of the list.
    pub fn stop(&mut self) {
        (self.upcoming, self.named, self.in_flight) = (Upcoming::None, None, 0);
    }

    /// Whether no call is left to start or to take. True after the last page and after an error.
    pub fn is_over(&self) -> bool {
        matches!(self.upcoming, Upcoming::None) && self.in_flight == 0
    }
}

fn uri_of<O: Operation>(call: &Call<O>) -> Option<String> {
    call.uri().map(ToString::to_string)
}

fn points_back(next: &impl Paginated) -> Error {
    let why = "points back to an earlier page, so the list would never end";
    Error::unreadable("nextPage", why).in_operation(next.spec().name)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use http::Method;

    use super::*;
    use crate::operation::{RawOperation, Spec};
    use crate::testing::FakeTransport;
    use crate::transport::{
        AsyncTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, TransportError,
    };
    use crate::{AsyncClient, Config, DataCenter, ErrorKind, Operation};

    const ROUND_TRIP: Duration = Duration::from_millis(100);

    /// A list of pages; page n contains the row n.
    #[derive(Clone, Debug)]
    struct List {
        page: u64,
        is_numbered: bool,
    }

    impl Operation for List {
        type Output = (u64, Option<u64>);

        fn spec(&self) -> &Spec {
            static SPEC: Spec = Spec::read("list_things", "/v1/things");
            &SPEC
        }

        fn request(&self) -> Result<HttpRequest> {
            RawOperation::new(Method::GET, format!("/v1/things?page={}", self.page)).request()
        }

        fn parse(&self, success: &HttpResponse) -> Result<Self::Output> {
            serde_json::from_slice(success.body()).map_err(|error| Error::unreadable("$", error.to_string()))
        }
    }

    impl Paginated for List {
        type Item = u64;

        fn into_page(&self, (row, next): Self::Output) -> (Vec<u64>, Option<Self>) {
            (vec![row], next.map(|page| Self { page, ..*self }))
        }

        fn next_page(&self) -> Option<Self> {
            self.is_numbered.then_some(Self { page: self.page + 1, ..*self })
        }
    }

    /// A remote server on a clock that only the test advances.
    struct Link<F> {
        now: Mutex<Timestamp>,
        requested: Mutex<Vec<u64>>,
        respond: F,
    }

    impl<F: Fn(u64) -> HttpResponse + Send + Sync> AsyncTransport for Link<F> {
        async fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
            let page = request.uri().query().unwrap()["page=".len()..].parse().unwrap();
            self.requested.lock().unwrap().push(page);
            self.sleep_until(self.now() + ROUND_TRIP).await;
            Ok((self.respond)(page))
        }

        async fn sleep_until(&self, time: Timestamp) {
            std::future::poll_fn(|_| if self.now() < time { Poll::Pending } else { Poll::Ready(()) }).await;
        }

        fn now(&self) -> Timestamp {
            *self.now.lock().unwrap()
        }

        fn seed(&self) -> Result<Seed, TransportError> {
            Ok(Seed::from_bytes([7; 32]))
        }
    }

    /// Returns a server whose list has `pages` pages.
    fn server(pages: u64) -> impl Fn(u64) -> HttpResponse + Send + Sync {
        move |page| match page <= pages {
            true => FakeTransport::json(
                200,
                format!("[{page},{}]", if page < pages { (page + 1).to_string() } else { "null".to_owned() }),
            ),
            false => FakeTransport::json(
                404,
                r#"{"success":false,"reasons":[{"code":50000040,"message":"no such page"}]}"#,
            ),
        }
    }

    struct Read {
        rows: Vec<u64>,
        error: Option<Error>,
        requested: Vec<u64>,
        round_trips: u32,
    }

    fn read(window: usize, is_numbered: bool, respond: impl Fn(u64) -> HttpResponse + Send + Sync) -> Read {
        let link = Link { now: Mutex::default(), requested: Mutex::default(), respond };
        let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
        let client = AsyncClient::with_transport(&config, link).unwrap();
        let mut rows = client.items(&List { page: 1, is_numbered }).prefetch(window);
        let mut context = Context::from_waker(Waker::noop());
        let mut read = Read { rows: Vec::new(), error: None, requested: Vec::new(), round_trips: 0 };
        loop {
            let row = pin!(rows.next()).poll(&mut context);
            match row {
                Poll::Pending => {
                    let mut now = client.transport().now.lock().unwrap();
                    *now = *now + ROUND_TRIP;
                    read.round_trips += 1;
                }
                Poll::Ready(Some(Ok(row))) => read.rows.push(row),
                Poll::Ready(Some(Err(error))) => read.error = Some(error),
                Poll::Ready(None) => break,
            }
        }
        read.requested = client.transport().requested.lock().unwrap().clone();
        read
    }

    #[test]
    fn a_window_of_four_reads_twenty_five_pages_in_seven_round_trips() {
        let one = read(1, true, server(25));
        assert_eq!((one.rows, one.round_trips), ((1..=25).collect(), 25));
        assert_eq!(one.requested, (1..=25).collect::<Vec<_>>(), "no page is requested in advance");
        let four = read(4, true, server(25));
        assert_eq!((four.rows, four.round_trips), ((1..=25).collect(), 7));
        assert!(four.error.is_none(), "errors past the end are ignored");
    }

    #[test]
    fn no_more_than_a_window_is_requested_past_the_end() {
        assert_eq!(read(4, true, server(1)).requested, [1], "one page is one request");
        for pages in 2..12 {
            let seen = read(4, true, server(pages));
            assert_eq!(seen.rows, (1..=pages).collect::<Vec<_>>());
            assert!(seen.requested.iter().all(|page| *page < pages + 4), "{pages}: {:?}", seen.requested);
        }
    }

    #[test]
    fn a_list_without_page_numbers_is_read_page_by_page() {
        let seen = read(4, false, server(5));
        assert_eq!((seen.rows, seen.round_trips), (vec![1, 2, 3, 4, 5], 5));
        assert_eq!(seen.requested, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_error_is_returned_in_page_order_and_ends_the_list() {
        let broken = server(25);
        let seen =
            read(4, true, |page| if page == 6 { FakeTransport::json(400, "{}") } else { broken(page) });
        assert_eq!(seen.rows, [1, 2, 3, 4, 5]);
        assert_eq!(seen.error.unwrap().kind(), ErrorKind::Rejected);
        assert!(seen.requested.iter().all(|page| *page <= 9), "{:?}", seen.requested);
    }

    #[test]
    fn a_list_that_skips_pages_or_repeats_them_ends_with_an_error() {
        let jumps =
            read(4, true, |page| FakeTransport::json(200, format!("[{page},{}]", page + 1 + page / 3)));
        assert_eq!((jumps.rows, jumps.error.unwrap().kind()), (vec![1, 2, 3], ErrorKind::Failed));
        let circle = read(4, true, |_| FakeTransport::json(200, "[1,2]"));
        assert_eq!(circle.error.unwrap().kind(), ErrorKind::Decode);
    }
}
