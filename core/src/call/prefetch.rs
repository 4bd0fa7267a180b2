//! Pages asked for before they are due.

use crate::call::paginator::Sequence;
use crate::call::{Call, Response};
use crate::error::{Error, Result};
use crate::operation::Paginated;
use crate::session::Session;
use crate::session::call_options::CallOptions;

/// Which pages of a list to ask for side by side, and what becomes of their answers.
///
/// It runs nothing itself: take calls from [`ask`](Self::ask) until there is none, run them side by side, and hand
/// their answers to [`take`](Self::take) in the order of asking. [`AsyncPages`](crate::pagination::asynchronous::Pages) does so with
/// futures, `zuora_ureq::PrefetchedPages` with threads.
///
/// - The first page is asked for alone: only its answer tells whether there is a second.
/// - From then on up to `window` pages are out at once, so at most `window` less one lie past the end.
/// - Lists that go on from a cursor come one page after the other, whatever the window.
/// - Each page is a call of the session like any other, and obeys the tenant's limits.
#[derive(Debug)]
pub struct Prefetch<O> {
    session: Session,
    options: CallOptions,
    window: usize,
    sequence: Sequence,
    /// What the next call asks for, as far as it is known.
    upcoming: Option<O>,
    /// What the page before has named as the next, when that was asked for already.
    named: Option<O>,
    /// How many calls are out.
    out: usize,
    /// Whether a page has shown that there is another one.
    goes_on: bool,
}

impl<O: Paginated> Prefetch<O> {
    /// Starts at the page that `operation` asks for. A window of one page asks for each when it is due.
    pub fn new(session: &Session, operation: O, window: usize) -> Self {
        Self {
            session: session.clone(),
            options: CallOptions::default(),
            window: window.max(1),
            sequence: Sequence::default(),
            upcoming: Some(operation),
            named: None,
            out: 0,
            goes_on: false,
        }
    }

    /// How many pages may be out at once, from now on.
    pub fn set_window(&mut self, window: usize) {
        self.window = window.max(1);
    }

    /// The next call to start, if one is due.
    pub fn ask(&mut self) -> Option<Call<O>> {
        let most = if self.goes_on { self.window } else { 1 };
        if self.out >= most {
            return None;
        }
        let operation = self.upcoming.take()?;
        self.upcoming = if self.goes_on { operation.next_page() } else { None };
        self.out += 1;
        Some(Call::with(&self.session, operation, &self.options))
    }

    /// Takes the answer to the call that has been out for longest, and gives the rows of its page. When it
    /// [is over](Self::is_over) after that, the calls that are still out are of no use to anybody.
    ///
    /// # Errors
    /// The call's own, or a list that leads back to a page that came before.
    pub fn take(
        &mut self,
        call: &Call<O>,
        answer: Result<Response<O::Output>>,
    ) -> Result<Response<Vec<O::Item>>> {
        self.out = self.out.saturating_sub(1);
        let turned = answer.and_then(|page| {
            self.check(call.operation())?;
            self.sequence.turn(call, page)
        });
        let following = match &turned {
            Ok((_, following)) => following.clone(),
            Err(_) => None,
        };
        self.goes_on = following.is_some();
        match following {
            None => self.stop(),
            Some(next) if self.out == 0 => self.upcoming = Some(next),
            named => self.named = named,
        }
        turned.map(|(page, _)| page)
    }

    /// Gives the rest of the list up.
    pub fn stop(&mut self) {
        (self.upcoming, self.named, self.out) = (None, None, 0);
    }

    /// Whether there is nothing left to ask for or to take: after the last page, and after an error.
    pub fn is_over(&self) -> bool {
        self.upcoming.is_none() && self.out == 0
    }

    /// A page that was asked for ahead has to be the one that the page before it names.
    fn check(&mut self, asked: &O) -> Result<()> {
        match self.named.take() {
            Some(named) if named.request()?.uri() != asked.request()?.uri() => {
                Err(Error::failed("the list goes on with another page than the one that was asked for ahead"))
            }
            _ => Ok(()),
        }
    }
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

    /// A list of numbered pages; page n holds the row n.
    #[derive(Clone, Debug)]
    struct List {
        page: u64,
        can_be_told: bool,
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
            self.can_be_told.then_some(Self { page: self.page + 1, ..*self })
        }
    }

    /// A far server on a clock that only the test moves.
    struct Link<F> {
        now: Mutex<Timestamp>,
        asked: Mutex<Vec<u64>>,
        answer: F,
    }

    impl<F: Fn(u64) -> HttpResponse + Send + Sync> AsyncTransport for Link<F> {
        async fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
            let page = request.uri().query().unwrap()["page=".len()..].parse().unwrap();
            self.asked.lock().unwrap().push(page);
            self.sleep_until(self.now() + ROUND_TRIP).await;
            Ok((self.answer)(page))
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

    /// A server whose list has so many pages.
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
        end: Option<Error>,
        asked: Vec<u64>,
        round_trips: u32,
    }

    fn read(window: usize, can_be_told: bool, answer: impl Fn(u64) -> HttpResponse + Send + Sync) -> Read {
        let link = Link { now: Mutex::default(), asked: Mutex::default(), answer };
        let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
        let client = AsyncClient::with_transport(&config, link).unwrap();
        let mut rows = client.items(&List { page: 1, can_be_told }).prefetch(window);
        let mut context = Context::from_waker(Waker::noop());
        let mut read = Read { rows: Vec::new(), end: None, asked: Vec::new(), round_trips: 0 };
        loop {
            let row = pin!(rows.next()).poll(&mut context);
            match row {
                Poll::Pending => {
                    let mut now = client.transport().now.lock().unwrap();
                    *now = *now + ROUND_TRIP;
                    read.round_trips += 1;
                }
                Poll::Ready(Some(Ok(row))) => read.rows.push(row),
                Poll::Ready(Some(Err(error))) => read.end = Some(error),
                Poll::Ready(None) => break,
            }
        }
        read.asked = client.transport().asked.lock().unwrap().clone();
        read
    }

    #[test]
    fn a_window_of_four_reads_twenty_five_pages_in_seven_round_trips() {
        let one = read(1, true, server(25));
        assert_eq!((one.rows, one.round_trips), ((1..=25).collect(), 25));
        assert_eq!(one.asked, (1..=25).collect::<Vec<_>>(), "nothing is asked for ahead");
        let four = read(4, true, server(25));
        assert_eq!((four.rows, four.round_trips), ((1..=25).collect(), 7));
        assert!(four.end.is_none(), "what lies past the end is nobody's trouble");
    }

    #[test]
    fn no_more_than_a_window_is_asked_for_past_the_end() {
        assert_eq!(read(4, true, server(1)).asked, [1], "one page is one request");
        for pages in 2..12 {
            let seen = read(4, true, server(pages));
            assert_eq!(seen.rows, (1..=pages).collect::<Vec<_>>());
            assert!(seen.asked.iter().all(|page| *page < pages + 4), "{pages}: {:?}", seen.asked);
        }
    }

    #[test]
    fn a_list_that_cannot_be_told_comes_page_by_page() {
        let seen = read(4, false, server(5));
        assert_eq!((seen.rows, seen.round_trips), (vec![1, 2, 3, 4, 5], 5));
        assert_eq!(seen.asked, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_error_comes_in_its_place_and_ends_the_list() {
        let broken = server(25);
        let seen =
            read(4, true, |page| if page == 6 { FakeTransport::json(400, "{}") } else { broken(page) });
        assert_eq!(seen.rows, [1, 2, 3, 4, 5]);
        assert_eq!(seen.end.unwrap().kind(), ErrorKind::Rejected);
        assert!(seen.asked.iter().all(|page| *page <= 9), "{:?}", seen.asked);
    }

    #[test]
    fn a_list_that_goes_elsewhere_or_in_circles_ends_with_an_error() {
        let jumps =
            read(4, true, |page| FakeTransport::json(200, format!("[{page},{}]", page + 1 + page / 3)));
        assert_eq!((jumps.rows, jumps.end.unwrap().kind()), (vec![1, 2, 3], ErrorKind::Failed));
        let circle = read(4, true, |_| FakeTransport::json(200, "[1,2]"));
        assert_eq!(circle.end.unwrap().kind(), ErrorKind::Decode);
    }
}
