//! Lists read ahead by threads: the core starts none, so this is where they are.

use std::collections::VecDeque;
use std::io;
use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

use zuora_core::machine::{Call, drive};
use zuora_core::pagination::{Paginated, Prefetch};
use zuora_core::transport::{Transport, TransportError};
use zuora_core::{Client, Operation, Response, Result};

/// Pages of a list, several of them asked for at once, each by a thread of its own. They come in the order of the
/// list, and end after the last page and after an error, as those of [`Client::pages`] do; what is asked for when
/// is said at [`Prefetch`].
///
/// Any transport will do whose clones work side by side, as those of [`Ureq`](crate::Ureq) do, which share their
/// connections.
///
/// Threads live as long as their request. Dropping the iterator does not wait for them: their answers are thrown
/// away.
///
/// ```no_run
/// use zuora_ureq::invoices::GetInvoiceItems;
/// use zuora_ureq::{Client, PrefetchedPages};
///
/// # fn read(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
/// for item in PrefetchedPages::new(client, &GetInvoiceItems::new("INV00000155"), 4).items() {
///     println!("{}", item?.charge_amount()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PrefetchedPages<T, O: Paginated> {
    world: T,
    ahead: Prefetch<O>,
    /// Pages that were asked for, in their order.
    out: VecDeque<JoinHandle<Answered<O>>>,
}

type Answered<O> = Box<(Call<O>, Result<Response<<O as Operation>::Output>>)>;

impl<T, O> PrefetchedPages<T, O>
where
    T: Transport + Clone + Send + 'static,
    O: Paginated<Output: Send> + Send + 'static,
{
    /// Reads the list from the page on that `operation` asks for, up to `window` pages at once; 4 hides most of a
    /// slow link.
    pub fn new(client: &Client<T>, operation: &O, window: usize) -> Self {
        let ahead = Prefetch::new(client.session(), operation.clone(), window);
        Self { world: client.transport().clone(), ahead, out: VecDeque::new() }
    }

    /// The same list row by row.
    pub fn items(self) -> impl Iterator<Item = Result<O::Item>> {
        self.flat_map(|page| {
            let (rows, error) = match page {
                Ok(page) => (page.into_inner(), None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            rows.into_iter().map(Ok).chain(error)
        })
    }

    fn start(&self, mut call: Call<O>) -> io::Result<JoinHandle<Answered<O>>> {
        let world = self.world.clone();
        thread::Builder::new().name("zuora-page".to_owned()).spawn(move || {
            let answer = drive(&world, &mut call);
            Box::new((call, answer))
        })
    }
}

impl<T, O> Iterator for PrefetchedPages<T, O>
where
    T: Transport + Clone + Send + 'static,
    O: Paginated<Output: Send> + Send + 'static,
{
    type Item = Result<Response<Vec<O::Item>>>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(call) = self.ahead.start() {
            match self.start(call) {
                Ok(thread) => self.out.push_back(thread),
                Err(error) => {
                    self.ahead.stop();
                    self.out.clear();
                    return Some(Err(TransportError::unusable(error).into()));
                }
            }
        }
        // What a thread panicked with was not its own: it is the transport's or the operation's.
        let (call, answer) = *self.out.pop_front()?.join().unwrap_or_else(|panic| resume_unwind(panic));
        let page = self.ahead.take(&call, answer);
        if self.ahead.is_over() {
            self.out.clear();
        }
        Some(page)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Condvar, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::invoices::GetInvoiceItems;
    use crate::testing::FakeTransport;
    use crate::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp};
    use crate::{Config, DataCenter, ErrorKind};

    /// A server of six pages that answers a round of requests at once, when as many are there as are expected.
    #[derive(Clone)]
    struct Rounds {
        shared: Arc<(Mutex<Seen>, Condvar)>,
        sizes: &'static [usize],
        broken: Option<usize>,
    }

    #[derive(Default)]
    struct Seen {
        pages: Vec<usize>,
        rounds: Vec<usize>,
        waiting: usize,
    }

    impl Rounds {
        fn of(sizes: &'static [usize]) -> Self {
            Self { shared: Arc::default(), sizes, broken: None }
        }

        /// Waits until the round is full. The time is there for a broken reader: a whole one never waits so long.
        fn meet(&self, page: usize) {
            let (seen, changed) = &*self.shared;
            let mut seen = seen.lock().unwrap();
            seen.pages.push(page);
            seen.waiting += 1;
            let round = seen.rounds.len();
            if seen.waiting == self.sizes.get(round).copied().unwrap_or(1) {
                let full = std::mem::take(&mut seen.waiting);
                seen.rounds.push(full);
                changed.notify_all();
                return;
            }
            let (seen, _) = changed
                .wait_timeout_while(seen, Duration::from_secs(20), |seen| seen.rounds.len() == round)
                .unwrap();
            assert!(seen.rounds.len() > round, "only {} of a round were asked for", seen.waiting);
        }
    }

    impl Transport for Rounds {
        fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
            let query = request.uri().query().unwrap();
            let page = query.split_once("&page=").map_or(1, |(_, page)| page.parse().unwrap());
            self.meet(page);
            let next = if page < 6 { r#""next""# } else { "null" };
            let body = format!(r#"{{"invoiceItems":[{{"id":"{page}"}}],"nextPage":{next},"success":true}}"#);
            Ok(match page {
                page if Some(page) == self.broken => FakeTransport::json(404, "{}"),
                1..=6 => FakeTransport::json(200, body),
                _ => FakeTransport::json(404, "{}"),
            })
        }

        fn sleep_until(&self, _: Timestamp) {}

        fn now(&self) -> Timestamp {
            Timestamp::default()
        }

        fn seed(&self) -> Result<Seed, TransportError> {
            Ok(Seed::from_bytes([7; 32]))
        }
    }

    fn read(world: &Rounds, window: usize) -> (Vec<String>, Option<ErrorKind>) {
        let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
        let client = Client::with_transport(&config, world.clone()).unwrap();
        let (mut ids, mut end) = (Vec::new(), None);
        for item in PrefetchedPages::new(&client, &GetInvoiceItems::new("INV1"), window).items() {
            match item {
                Ok(item) => ids.push(item.id().unwrap().to_string()),
                Err(error) => end = Some(error.kind()),
            }
        }
        (ids, end)
    }

    #[test]
    fn pages_are_asked_for_side_by_side_and_come_in_order() {
        let world = Rounds::of(&[1, 3]);
        assert_eq!(read(&world, 3), (["1", "2", "3", "4", "5", "6"].map(String::from).to_vec(), None));
        let asked = &world.shared.0.lock().unwrap().pages;
        assert!(asked.iter().all(|page| *page <= 6 + 2), "{asked:?}");
    }

    #[test]
    fn a_window_of_one_asks_for_each_page_when_it_is_due() {
        let world = Rounds::of(&[]);
        assert_eq!(read(&world, 1).0.len(), 6);
        assert_eq!(world.shared.0.lock().unwrap().pages, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn an_error_comes_in_its_place_and_ends_the_list() {
        let world = Rounds { broken: Some(3), ..Rounds::of(&[1, 4]) };
        assert_eq!(read(&world, 4), (vec!["1".to_owned(), "2".to_owned()], Some(ErrorKind::Rejected)));
    }
}
