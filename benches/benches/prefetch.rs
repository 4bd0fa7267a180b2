//! Round trips: a long list over a slow link, by the clock.

use std::error::Error;
use std::time::{Duration, Instant};

use zuora_benches::{Bench, server, wire};
use zuora_core::Config;
use zuora_core::invoices::GetInvoiceItems;
use zuora_ureq::PrefetchedPages;

const ROUND_TRIP: Duration = Duration::from_millis(100);
const PAGES: usize = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let bench = Bench::from_args();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = server::start(pages(), ROUND_TRIP)?;
    let config = Config::with_token(url, "token");
    let blocking = zuora_ureq::Client::new(&config)?;
    let asynchronous = runtime.block_on(async { zuora_reqwest::Client::new(&config) })?;
    let list = GetInvoiceItems::new("INV00000155");

    bench.report("The 25 pages of an invoice of 1,000 items over a link of 100 ms", || {
        let mut rows = vec![
            "| Pages at once | blocking, s | round trips | async, s | round trips |".to_owned(),
            "| ---: | ---: | ---: | ---: | ---: |".to_owned(),
        ];
        for window in [1, 2, 4, 8] {
            let start = Instant::now();
            let read = PrefetchedPages::new(&blocking, &list, window).items().filter(Result::is_ok).count();
            let threads = start.elapsed();
            let start = Instant::now();
            let also_read = runtime.block_on(async {
                let mut items = asynchronous.items(&list).prefetch(window);
                let mut count = 0;
                while let Some(Ok(_)) = items.next().await {
                    count += 1;
                }
                count
            });
            let tasks = start.elapsed();
            assert_eq!((read, also_read), (PAGES * 40, PAGES * 40), "every item is read");
            let [threads, tasks] = [threads, tasks].map(|time| time.as_secs_f64());
            let trips = |time: f64| time / ROUND_TRIP.as_secs_f64();
            rows.push(format!(
                "| {window} | {threads:.2} | {:.1} | {tasks:.2} | {:.1} |",
                trips(threads),
                trips(tasks)
            ));
        }
        rows
    });
    Ok(())
}

/// The pages, and empty pages after the last one.
fn pages() -> Vec<(String, Vec<u8>)> {
    let page = |number: usize| match number {
        1 => ("/items?pageSize=40".to_owned(), wire::page(0, 40, true)),
        2..=PAGES => (format!("&page={number}"), wire::page(number * 40, 40, number < PAGES)),
        _ => (format!("&page={number}"), wire::page(0, 0, false)),
    };
    (1..PAGES + 8).map(page).collect()
}
