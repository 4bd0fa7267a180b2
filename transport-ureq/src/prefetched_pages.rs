//! Lists that are prefetched by threads. The core starts no thread, so they are started here.

use std::collections::VecDeque;
use std::io;
use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

use zuora_core::machine::{Call, drive};
use zuora_core::pagination::{Paginated, Prefetch};
use zuora_core::transport::{Transport, TransportError};
use zuora_core::{Client, Operation, Response, Result};

/// Iterator over the pages of a list that requests several pages concurrently, each on a separate thread.
///
/// The pages are returned in the order of the list. As with [`Client::pages`], the iterator ends after the last page and
/// after an error. [`Prefetch`] documents which pages are requested in advance.
///
/// Any transport is suitable whose clones can send concurrently. The clones of [`Ureq`](crate::Ureq) share their
/// connections.
///
/// A thread lives as long as its request. Dropping the iterator does not wait for the threads and discards their
/// responses.
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
#[doc(alias = "read ahead")]
#[doc(alias = "pagination")]
#[derive(Debug)]
pub struct PrefetchedPages<T, O: Paginated> {
    transport: T,
    prefetch: Prefetch<O>,
    /// Pages that were requested, in the order of the list.
    in_flight: VecDeque<JoinHandle<Finished<O>>>,
}

type Finished<O> = Box<(Call<O>, Result<Response<<O as Operation>::Output>>)>;

impl<T, O> PrefetchedPages<T, O>
where
    T: Transport + Clone + Send + 'static,
    O: Paginated<Output: Send> + Send + 'static,
{
    /// Starts at the page that `operation` requests, with up to `window` pages in flight. A window of 4 hides most of the
    /// latency of a slow link.
    pub fn new(client: &Client<T>, operation: &O, window: usize) -> Self {
        let prefetch = Prefetch::new(client.session(), operation.clone(), window);
        Self { transport: client.transport().clone(), prefetch, in_flight: VecDeque::new() }
    }

    /// Returns an iterator over the rows of the list.
    pub fn items(self) -> impl Iterator<Item = Result<O::Item>> {
        self.flat_map(|page| {
            let (rows, error) = match page {
                Ok(page) => (page.into_inner(), None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            rows.into_iter().map(Ok).chain(error)
        })
    }

    fn start(&self, mut call: Call<O>) -> io::Result<JoinHandle<Finished<O>>> {
        let transport = self.transport.clone();
        thread::Builder::new().name("zuora-page".to_owned()).spawn(move || {
            let result = drive(&transport, &mut call);
            Box::new((call, result))
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
        while let Some(call) = self.prefetch.start() {
            match self.start(call) {
                Ok(thread) => self.in_flight.push_back(thread),
                Err(error) => {
                    self.prefetch.stop();
                    self.in_flight.clear();
                    return Some(Err(TransportError::unusable(error).into()));
                }
            }
        }
        // A panic in the thread is one of the transport or the operation, so the caller gets it.
        let (call, result) = *self.in_flight.pop_front()?.join().unwrap_or_else(|panic| resume_unwind(panic));
        let page = self.prefetch.take(&call, result);
        if self.prefetch.is_over() {
            self.in_flight.clear();
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

    /// A server of six pages that responds to a round of requests at once, when all requests of the round are in flight.
    #[derive(Clone)]
    struct Rounds {
        shared: Arc<(Mutex<Log>, Condvar)>,
        sizes: &'static [usize],
        broken: Option<usize>,
    }

    #[derive(Default)]
    struct Log {
        pages: Vec<usize>,
        rounds: Vec<usize>,
        waiting: usize,
    }

    impl Rounds {
        fn of(sizes: &'static [usize]) -> Self {
            Self { shared: Arc::default(), sizes, broken: None }
        }

        /// Waits until the round is complete. The timeout only elapses if the pages are not requested concurrently.
        fn join_round(&self, page: usize) {
            let (log, changed) = &*self.shared;
            let mut log = log.lock().unwrap();
            log.pages.push(page);
            log.waiting += 1;
            let round = log.rounds.len();
            if log.waiting == self.sizes.get(round).copied().unwrap_or(1) {
                let size = std::mem::take(&mut log.waiting);
                log.rounds.push(size);
                changed.notify_all();
                return;
            }
            let (log, _) = changed
                .wait_timeout_while(log, Duration::from_secs(20), |log| log.rounds.len() == round)
                .unwrap();
            assert!(log.rounds.len() > round, "only {} requests of a round were sent", log.waiting);
        }
    }

    impl Transport for Rounds {
        fn send(&self, request: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
            let query = request.uri().query().unwrap();
            let page = query.split_once("&page=").map_or(1, |(_, page)| page.parse().unwrap());
            self.join_round(page);
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

    fn read(transport: &Rounds, window: usize) -> (Vec<String>, Option<ErrorKind>) {
        let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
        let client = Client::with_transport(&config, transport.clone()).unwrap();
        let (mut ids, mut failure) = (Vec::new(), None);
        for item in PrefetchedPages::new(&client, &GetInvoiceItems::new("INV1"), window).items() {
            match item {
                Ok(item) => ids.push(item.id().unwrap().to_string()),
                Err(error) => failure = Some(error.kind()),
            }
        }
        (ids, failure)
    }

    #[test]
    fn pages_are_requested_concurrently_and_returned_in_order() {
        let transport = Rounds::of(&[1, 3]);
        assert_eq!(read(&transport, 3), (["1", "2", "3", "4", "5", "6"].map(String::from).to_vec(), None));
        let requested = &transport.shared.0.lock().unwrap().pages;
        assert!(requested.iter().all(|page| *page <= 6 + 2), "{requested:?}");
    }

    #[test]
    fn a_window_of_one_requests_each_page_when_it_is_due() {
        let transport = Rounds::of(&[]);
        assert_eq!(read(&transport, 1).0.len(), 6);
        assert_eq!(transport.shared.0.lock().unwrap().pages, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn an_error_is_returned_in_page_order_and_ends_the_list() {
        let transport = Rounds { broken: Some(3), ..Rounds::of(&[1, 4]) };
        assert_eq!(read(&transport, 4), (vec!["1".to_owned(), "2".to_owned()], Some(ErrorKind::Rejected)));
    }
}
