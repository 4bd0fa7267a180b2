//! Costs by size: of a response by its rows, of a list by its pages, of calls by their number in flight, and memory by the
//! size of a response.

use std::error::Error;

use bytes::Bytes;
use http::Method;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use zuora_benches::wire::{self, Flag};
use zuora_benches::{Bench, LargePage, Table, plain, raw};
use zuora_core::bill_runs::GetBillRun;
use zuora_core::invoices::GetInvoiceItems;
use zuora_core::transport::HttpResponse;
use zuora_core::{Config, Operation};
use zuora_reqwest::reqwest;
use zuora_ureq::ureq::Agent;

/// Items of a full page.
const PAGE: usize = 40;
/// Sizes of large responses in MiB. The larger one is the largest that a session accepts by default.
const LARGE: [usize; 2] = [16, 64];
/// Pages of the lists.
const LISTS: [usize; 4] = [1, 2, 5, 25];

fn main() -> Result<(), Box<dyn Error>> {
    let bench = Bench::from_args();
    let server = bench.server(|| {
        let mut responses = vec![(Flag::First.run().to_owned(), wire::bill_run(Flag::First))];
        for pages in LISTS {
            responses.extend((1..=pages).map(|page| {
                let body = wire::page((page - 1) * PAGE, PAGE, page < pages);
                (path_of_page(pages, page), body)
            }));
        }
        for mebibytes in LARGE {
            let body = large_page(mebibytes);
            responses.push((format!("GZIP-{mebibytes}/items"), wire::gzipped(&body)));
            responses.push((format!("PLAIN-{mebibytes}/items"), body));
        }
        responses
    })?;
    by_rows(&bench);
    by_pages(&bench, &server)?;
    by_calls(&bench, &server)?;
    memory_of_responses(&bench, &server)
}

fn by_rows(bench: &Bench) {
    let get_items = LargePage::new("INV00000155");
    for rows in [1, 10, 100_u32] {
        let title = format!("Rows: reading {rows} invoice items");
        let items = HttpResponse::new(Bytes::from(wire::invoice_items(rows as usize)));
        bench.table(
            Table::new(title, "item", rows)
                .case("derived structs, `from_str`", || plain::read::<plain::InvoiceItems>(items.body()))
                .case("this library", || get_items.parse(&items).ok())
                .case("derived structs of 8 fields, `from_str`", || {
                    plain::read::<plain::LeanInvoiceItems>(items.body())
                }),
        );
    }
}

fn path_of_page(pages: usize, page: usize) -> String {
    let path = format!("/v1/invoices/PAGES-{pages}/items?pageSize={PAGE}");
    if page == 1 { path } else { format!("{path}&page={page}") }
}

/// The raw loop asks for pages until a response names no next one, and keeps all items.
fn by_pages(bench: &Bench, server: &str) -> Result<(), Box<dyn Error>> {
    let agent: Agent = Agent::config_builder().build().into();
    let client = zuora_ureq::Client::new(&Config::with_token(server, raw::TOKEN).api_version(raw::VERSION))?;
    for pages in LISTS {
        let list = GetInvoiceItems::new(format!("PAGES-{pages}"));
        let raw_loop = || {
            let mut items = Vec::new();
            for page in 1.. {
                let body = raw::get(&agent, &format!("{server}{}", path_of_page(pages, page))).ok()?;
                let read: plain::InvoiceItems = plain::read(&body)?;
                items.extend(read.items.unwrap_or_default());
                if read.next_page.is_none() {
                    break;
                }
            }
            Some(items)
        };
        let ours = || client.items(&list).collect::<Result<Vec<_>, _>>().ok();
        bench.table(
            Table::new(format!("Pages: a list of {pages} x 40 items over ureq"), "page", pages as u32)
                .case("raw loop", raw_loop)
                .case("client.items", ours),
        );
    }
    Ok(())
}

fn by_calls(bench: &Bench, server: &str) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let untimed = reqwest::Client::builder().build()?;
    let timed = reqwest::Client::builder().timeout(raw::TIMEOUT).build()?;
    let config = Config::with_token(server, raw::TOKEN).api_version(raw::VERSION);
    let client = runtime.block_on(async { zuora_reqwest::Client::new(&config) })?;
    let url = format!("{server}/v1/bill-runs/{}", Flag::First.run());
    let raw_runs = |client: &reqwest::Client, calls| {
        in_tasks(&runtime, calls, || {
            let (client, url) = (client.clone(), url.clone());
            async move { plain::read::<plain::BillRun>(&raw::get_async(&client, &url).await?) }
        });
    };
    for calls in [1, 8, 64, 256] {
        bench.table(
            Table::new(format!("Calls: {calls} get_bill_run in flight over reqwest"), "call", calls)
                .case("raw loop", || raw_runs(&untimed, calls))
                .case("client.call", || {
                    in_tasks(&runtime, calls, || {
                        let client = client.clone();
                        async move { client.call(&GetBillRun::new(Flag::First.run())).await.ok() }
                    });
                })
                .case("raw loop with a timeout", || raw_runs(&timed, calls)),
        );
    }
    Ok(())
}

/// Runs futures in tasks of the runtime until all are done.
fn in_tasks<F>(runtime: &Runtime, calls: u32, future: impl Fn() -> F)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..calls {
            tasks.spawn(future());
        }
        tasks.join_all().await;
    });
}

/// Measures the peak memory of a large response above the memory before it, in multiples of the inflated size.
///
/// The session accepts twice the size: the body and its values together may take twice the largest size, so that not
/// every body of the largest size can be read into values.
fn memory_of_responses(bench: &Bench, server: &str) -> Result<(), Box<dyn Error>> {
    let agent: Agent = Agent::config_builder().build().into();
    for mebibytes in LARGE {
        let title = format!("Memory: the peak of a response of {mebibytes} MiB over ureq");
        let config = Config::with_token(server, raw::TOKEN).max_attempts(1);
        let client = zuora_ureq::Client::new(&config.max_response_bytes(2 * (mebibytes << 20)))?;
        let path = |form: &str| format!("/v1/invoices/{form}-{mebibytes}/items");
        let bytes =
            |form: &str| client.raw(Method::GET, &path(form), None).map(|response| response.body().len());
        let items = |form: &str| client.call(&LargePage::new(&format!("{form}-{mebibytes}")));
        let by_hand = |form: &str| {
            let mut response = agent.get(format!("{server}{}", path(form))).call().ok()?;
            let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().ok()?;
            plain::read::<plain::InvoiceItems>(&body)
        };
        let failed = "the response arrives and can be read";
        bench.peaks(
            Table::new(title, "inflated size", 1)
                .case("plain, read into derived structs by hand", || by_hand("PLAIN").expect(failed))
                .case("plain, read as bytes", || bytes("PLAIN").expect(failed))
                .case("plain, read as items", || items("PLAIN").expect(failed))
                .case("gzip, read as bytes", || bytes("GZIP").expect(failed))
                .case("gzip, read as items", || items("GZIP").expect(failed)),
            mebibytes << 20,
        );
    }
    Ok(())
}

/// A page of nearly this many mebibytes.
fn large_page(mebibytes: usize) -> Vec<u8> {
    let thousand = wire::invoice_items(1_000).len();
    wire::invoice_items((mebibytes << 20) / thousand * 1_000)
}
