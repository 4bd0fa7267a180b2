//! Measures a sandbox with many accounts: bill runs, pages, creation, history, and the server under load.
//!
//! Other load on the machine disturbs all figures but the processor times.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // The program prints its figures, and stops on any error.

mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, RateQuota, Sandbox, Settings, Tenant, UnixTime};

const USAGE: &str = "\
usage: cargo run --release -p zuora-sandbox --features serve --example scale [-- ACCOUNTS..]
       cargo run --release -p zuora-sandbox --features serve --example scale -- --load ROUNDS
       valgrind --tool=callgrind --separate-threads=yes SCALE --requests COUNT sandbox|trivial

Measures a sandbox with each number of accounts (default 1000 10000 100000), then its server. With --load, only the
server is measured, in that number of rounds. With --requests, one server responds to a number of requests and nothing
else happens, so that a profiler sees the server alone.";

const START: u64 = 1_772_384_400;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (&words[..], words.get(1).and_then(|count| count.parse().ok())) {
        (["--requests", _, server], Some(count)) => {
            return server::serve_requests(count, *server == "trivial");
        }
        (["--load", _], Some(rounds)) => return server::measure_throughput(rounds),
        _ => {}
    }
    let sizes: Option<Vec<usize>> = arguments.iter().map(|text| text.parse().ok()).collect();
    let Some(sizes) = sizes else {
        println!("{USAGE}");
        return;
    };
    let sizes = if sizes.is_empty() { vec![1000, 10_000, 100_000] } else { sizes };
    for accounts in &sizes {
        measure_accounts(*accounts);
    }
    measure_history();
    server::measure_posting_over_http(sizes.iter().copied().max().unwrap_or(1000));
    server::measure_throughput(3);
    server::measure_connections();
}

/// Returns the processor time of this thread, which other load on the machine hardly changes.
fn processor() -> Duration {
    // The time is exact as of the last pass through the scheduler.
    std::thread::yield_now();
    run_time(Path::new("/proc/thread-self"))
}

/// Returns the processor time of a thread.
fn run_time(task: &Path) -> Duration {
    let times = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    Duration::from_nanos(times.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// A sandbox with a token.
struct Measured {
    sandbox: Sandbox,
    token: String,
    millis: u64,
}

impl Measured {
    fn new(tenant: Tenant, settings: Settings) -> Self {
        let mut measured =
            Self { sandbox: Sandbox::new(tenant, settings), token: String::new(), millis: START * 1000 };
        let request = Request::post("/oauth/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form())
            .unwrap();
        let response = measured.sandbox.handle(request, measured.now());
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        body["access_token"].as_str().unwrap().clone_into(&mut measured.token);
        measured
    }

    fn now(&self) -> UnixTime {
        UnixTime(Duration::from_millis(self.millis))
    }

    fn call(&mut self, method: &str, path: &str, body: &str) -> Value {
        serde_json::from_slice(&self.send(method, path, body)).unwrap()
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Bytes {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("zuora-version", "2025-08-12")
            .header("content-type", "application/json")
            .body(body.to_owned())
            .unwrap();
        let response = self.sandbox.handle(request, self.now());
        assert_eq!(response.status(), 200, "{method} {path}: {:?}", response.body());
        response.into_body()
    }

    /// Returns the median of the processor times of several calls, and the time that 99 of 100 do not exceed.
    fn median_and_high(
        &mut self,
        count: usize,
        mut call: impl FnMut(&mut Self, usize),
    ) -> (Duration, Duration) {
        let mut times: Vec<Duration> = (0..count)
            .map(|index| {
                let start = processor();
                call(self, index);
                processor() - start
            })
            .collect();
        times.sort();
        (times[count / 2], times[count * 99 / 100])
    }

    /// Does the background work of a run in steps of a slice; returns the processor time of all and of the longest step.
    fn work(&mut self, run: &str, until: &str) -> (Duration, Duration) {
        let (start, mut longest) = (processor(), Duration::ZERO);
        loop {
            self.millis += 1;
            let step = processor();
            let now = self.now();
            self.sandbox.advance(now);
            longest = longest.max(processor() - step);
            if self.millis % 20 == 0 && self.call("GET", run, "")["status"] == until {
                return (processor() - start, longest);
            }
        }
    }
}

fn form() -> String {
    format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&grant_type=client_credentials")
}

fn settings() -> Settings {
    let many = RateQuota::new(u64::MAX, u64::MAX, u64::MAX);
    Settings::default().quota(many).token_quota(many).processing(Duration::ZERO)
}

fn measure_accounts(accounts: usize) {
    let start = Instant::now();
    let mut measured = Measured::new(Tenant::generated(accounts), settings());
    println!("{accounts} accounts: read in {:.2?}", start.elapsed());
    let start = Instant::now();
    let run =
        measured.call("POST", "/v1/bill-runs", r#"{"batches":["AllBatches"],"targetDate":"2026-02-28"}"#);
    let created = start.elapsed();
    let path = format!("/v1/bill-runs/{}", run["id"].as_str().unwrap());
    let (billed, longest) = measured.work(&path, "Completed");
    println!(
        "  run created in {created:.2?}, drafts created in {billed:.2?} of processor time, longest step {longest:.2?}"
    );
    measured.call("PUT", &format!("{path}/post"), "{}");
    let (posted, longest) = measured.work(&path, "Posted");
    println!("  posted in {posted:.2?} of processor time, longest step {longest:.2?}");
    let number = run["billRunNumber"].as_str().unwrap().to_owned();
    let show = |what: &str, (median, high): (Duration, Duration)| {
        println!("  {what}: median {median:.2?}, 99 of 100 below {high:.2?}");
    };
    let mut cursor = String::new();
    let pages = measured.median_and_high(500.min(accounts / 50), |measured, _| {
        let query = format!("/object-query/invoices?pageSize=50{cursor}&filter[]=sourceid.EQ:{number}");
        let page = measured.send("GET", &query, "");
        // The body starts with the link to the next page, if there is one.
        let next = page.strip_prefix(br#"{"nextPage":""#).map(|rest| String::from_utf8_lossy(&rest[..8]));
        cursor = next.map(|next| format!("&cursor={next}")).unwrap_or_default();
    });
    show("page of 50 invoices of the run", pages);
    show(
        "page of 50 invoices",
        measured.median_and_high(200, |measured, _| {
            measured.send("GET", "/object-query/invoices?pageSize=50", "");
        }),
    );
    let middle = format!("&cursor={:08x}", accounts / 2);
    for (what, query) in [
        ("updateddate", "sort[]=updateddate.DESC"),
        ("duedate", "sort[]=duedate.DESC"),
        ("invoicenumber", "sort[]=invoicenumber.DESC"),
        ("status", "sort[]=status.DESC"),
        ("amount", "sort[]=amount.DESC"),
        ("accountid", "sort[]=accountid.ASC"),
        ("status, balance and id", "sort[]=status.ASC&sort[]=balance.DESC&sort[]=id.ASC"),
        (
            "two filters, and a sort by duedate",
            "filter[]=status.EQ:Posted&filter[]=amount.GT:0&sort[]=duedate.ASC",
        ),
        ("a filter that nothing matches", "filter[]=amount.LT:0"),
    ] {
        for (place, cursor) in [("first page", ""), ("page in the middle", &middle)] {
            let pages = measured.median_and_high(20, |measured, _| {
                measured.send("GET", &format!("/object-query/invoices?pageSize=50&{query}{cursor}"), "");
            });
            show(&format!("{place} by {what}"), pages);
        }
    }
    let sorted = "/object-query/invoices?pageSize=50&sort[]=updateddate.DESC";
    show(
        "change of an invoice, then the first page of a sorted list",
        measured.median_and_high(100, |measured, index| {
            measured.send("PUT", &format!("/v1/invoices/INV{:08}", index + 1), r#"{"comments":"x"}"#);
            measured.send("GET", sorted, "");
        }),
    );
    show(
        "later page of a sorted list",
        measured.median_and_high(200, |measured, index| {
            measured.send("GET", &format!("{sorted}&cursor={:08x}", index * 50 % accounts), "");
        }),
    );
    show(
        "page of items",
        measured.median_and_high(500, |measured, index| {
            measured.send("GET", &format!("/v1/invoices/INV{:08}/items", index % accounts + 1), "");
        }),
    );
    show(
        "invoice created",
        measured.median_and_high(500, |measured, index| {
            measured.send("POST", "/v1/invoices", &invoice(index % accounts + 1));
        }),
    );
}

fn invoice(account: usize) -> String {
    format!(
        r#"{{"accountNumber":"A{account:08}","invoiceDate":"2026-03-01","invoiceItems":[{{"chargeName":"Work",
        "amount":10,"serviceStartDate":"2026-03-01"}}]}}"#
    )
}

/// 100,000 calls of one client: the time of a call and the memory must not grow with the history.
fn measure_history() {
    let mut measured = Measured::new(Tenant::demo(), settings().journal_bytes(16_usize << 20));
    println!("history of calls, journal of 16 MiB:");
    let mut created = 0;
    for part in 1..=10 {
        let start = Instant::now();
        for index in 0..2500 {
            measured.millis += 1;
            created += 1;
            let number = format!("H-{created}");
            let body = invoice(index % 12 + 1).replacen('{', &format!(r#"{{"invoiceNumber":"{number}","#), 1);
            measured.call("POST", "/v1/invoices", &body);
            measured.call("GET", &format!("/v1/invoices/{number}"), "");
            measured.call("PUT", &format!("/v1/invoices/{number}/cancel"), "");
            measured.call("DELETE", &format!("/v1/invoices/{number}"), "");
        }
        let each = start.elapsed() / 10_000;
        println!("  calls to {}: {each:.2?} each, {} MiB resident", part * 10_000, resident_mib());
    }
}

fn resident_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0) / 1024
}
