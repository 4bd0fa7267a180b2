//! A progress bar over a bill run: its status while the service works, then the invoices as their items are read.

use std::env;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server, Settings, Tenant};
use zuora_ureq::bill_runs::{AdHoc, Batches, BillRun, BillRunGoal, BillRunWaiter, CreateBillRun};
use zuora_ureq::invoices::GetInvoiceItems;
use zuora_ureq::polling::{PollingPolicy, Progress};
use zuora_ureq::{Client, Config, Date};

const USAGE: &str = "\
usage: example-progress

Creates a bill run on a sandbox and shows its progress. The bars are drawn if standard error is a terminal.";

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(argument) = env::args().nth(1) {
        let _ = writeln!(stderr(), "example-progress: unknown argument {argument}: only --help is supported");
        return ExitCode::FAILURE;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "example-progress: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::default().processing(Duration::from_millis(500));
    let sandbox = Server::start("127.0.0.1:0", Sandbox::new(Tenant::demo(), settings))?;
    let client = Client::new(&Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET))?;

    let run = client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31)?)))?;
    let run = follow(&client, &run)?;
    let items = read_items(&client, &run)?;
    writeln!(stdout(), "{} is {}, with {items} items", run.number()?, run.status()?)?;
    Ok(())
}

/// The service reports a status and no percentage, so the bar is a spinner with the status and the time.
fn follow(client: &Client, run: &BillRun) -> Result<BillRun, Box<dyn Error>> {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {prefix}: {msg} for {elapsed}")?);
    bar.set_prefix(run.number()?.to_string());
    bar.enable_steady_tick(Duration::from_millis(100));

    let policy = PollingPolicy::new(Duration::from_millis(200), Duration::from_secs(15));
    let mut poller = client.poller(BillRunWaiter::new(run.id()?.clone(), BillRunGoal::Completed), policy);
    loop {
        let progress = poller.poll()?;
        if let Some(status) = poller.waiter().status() {
            bar.set_message(status.to_string());
        }
        if let Progress::Ready(run) = progress {
            bar.finish_and_clear();
            return Ok(run);
        }
    }
}

/// The number of invoices is known now, so this bar has an end.
fn read_items(client: &Client, run: &BillRun) -> Result<usize, Box<dyn Error>> {
    let review = client.review(run)?;
    let bar = ProgressBar::new(review.invoice_count() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} invoices, {eta} left")?);
    let mut count = 0;
    for invoice in review.invoices() {
        for item in client.items(&GetInvoiceItems::new(invoice.id)) {
            item?;
            count += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(count)
}
