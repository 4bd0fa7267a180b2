//! A bill run from its creation to its posting.
//!
//! Without any setting, the example runs against a sandbox inside this process, over real HTTP. With the variables of
//! `config_from_env`, such as `ZUORA_BASE_URL`, it runs on that tenant, bills up to today, and stops before posting
//! unless `--post` is passed.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
use zuora_ureq::bill_runs::{
    AdHoc, Batches, BillRun, BillRunGoal, BillRunWaiter, CreateBillRun, PostBillRun,
};
use zuora_ureq::invoices::GetInvoiceItems;
use zuora_ureq::object_query::{QueriedInvoice, QueryInvoices};
use zuora_ureq::polling::{PollingPolicy, Progress};
use zuora_ureq::types::Decimal;
use zuora_ureq::{Amount, Client, Config, Date, config_from_env};

const USAGE: &str = "\
usage: bill_run [--post]

Runs on a sandbox, or if any ZUORA_ variable is set, on the tenant of ZUORA_BASE_URL, ZUORA_CLIENT_ID and
ZUORA_CLIENT_SECRET. On a tenant, it posts the run only with --post.";

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match Job::from_environment().and_then(|job| job.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "bill_run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Job {
    client: Client,
    target_date: Date,
    may_post: bool,
    /// Kept running as long as the job.
    _sandbox: Option<Server>,
}

impl Job {
    fn run(&self) -> Result<(), Box<dyn Error>> {
        let run = self.create()?;
        let run = self.follow(&run, BillRunGoal::Completed)?;
        let invoices = self.list_invoices(&run)?;
        let totals = self.add_up(&invoices)?;

        if self.may_post {
            self.client.call(&PostBillRun::new(run.id()?.clone()))?;
            self.follow(&run, BillRunGoal::Posted)?;
        } else {
            writeln!(stdout(), "\nnot posted: pass --post to post {}", run.number()?)?;
        }
        writeln!(stdout(), "\n{} invoices of {}, as the sum of their items:", invoices.len(), run.number()?)?;
        for (currency, total) in totals {
            writeln!(stdout(), "  {currency} {total:>12}")?;
        }
        Ok(())
    }

    fn create(&self) -> Result<BillRun, Box<dyn Error>> {
        let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(self.target_date));
        let run = self.client.call(&create)?;
        let request = run.request_id().unwrap_or("?");
        writeln!(stdout(), "created {}, due up to {}, request {request}", run.number()?, self.target_date)?;
        Ok(run.into_inner())
    }

    /// Waits for the goal and prints each change of the status.
    fn follow(&self, run: &BillRun, goal: BillRunGoal) -> Result<BillRun, Box<dyn Error>> {
        let policy = PollingPolicy::new(Duration::from_millis(200), Duration::from_secs(15));
        let mut poller = self.client.poller(BillRunWaiter::new(run.id()?.clone(), goal), policy);
        let mut shown = None;
        loop {
            let progress = poller.poll()?;
            let status = poller.waiter().status().cloned();
            if status != shown {
                writeln!(stdout(), "  {}", status.as_ref().map_or("?", |status| status.as_str()))?;
                shown = status;
            }
            if let Progress::Ready(run) = progress {
                return Ok(run);
            }
        }
    }

    fn list_invoices(&self, run: &BillRun) -> Result<Vec<QueriedInvoice>, Box<dyn Error>> {
        let query = QueryInvoices::of_bill_run(run.number()?.clone()).page_size(99);
        let invoices = self.client.items(&query).collect::<Result<Vec<_>, _>>()?;
        writeln!(stdout(), "\n{:<14} {:<34} {:>4} {:>12}", "invoice", "account", "", "amount")?;
        for invoice in &invoices {
            writeln!(
                stdout(),
                "{:<14} {:<34} {:>4} {:>12}",
                invoice.number.as_ref().map_or("?", |number| number.as_str()),
                invoice.account_id.as_ref().map_or("?", |id| id.as_str()),
                invoice.currency.as_deref().unwrap_or("?"),
                invoice.amount.as_ref().map_or_else(|| "?".to_owned(), Amount::to_string),
            )?;
        }
        Ok(invoices)
    }

    /// Adds up the items of every invoice for each currency, and prints those of the first invoice.
    fn add_up(&self, invoices: &[QueriedInvoice]) -> Result<BTreeMap<Box<str>, Decimal>, Box<dyn Error>> {
        let mut totals = BTreeMap::<Box<str>, Decimal>::new();
        for (index, invoice) in invoices.iter().enumerate() {
            let mut sum = Decimal::ZERO;
            let id = invoice.id.clone().ok_or("an invoice has no id")?;
            for item in self.client.items(&GetInvoiceItems::new(id)) {
                let item = item?;
                let decimal =
                    |amount: &Option<Amount>| amount.as_ref().map_or(Ok(Decimal::ZERO), Amount::to_decimal);
                let amount = decimal(&item.charge_amount)? + decimal(&item.tax_amount)?;
                sum += amount;
                if index == 0 {
                    let (from, to) = (item.service_start_date, item.service_end_date);
                    let day =
                        |date: Option<Date>| date.map_or_else(|| " ".repeat(10), |date| date.to_string());
                    let name = item.charge_name.as_deref().unwrap_or("?");
                    writeln!(stdout(), "    {} {} {name:<28} {amount:>12}", day(from), day(to))?;
                }
            }
            let amount = invoice.amount.as_ref().ok_or("an invoice has no amount")?.to_decimal()?;
            if amount != sum {
                return Err(format!("the items of an invoice of {amount} add up to {sum}").into());
            }
            *totals.entry(invoice.currency.clone().unwrap_or_default()).or_default() += sum;
        }
        Ok(totals)
    }
}

impl Job {
    fn from_environment() -> Result<Self, Box<dyn Error>> {
        let mut post = false;
        for argument in env::args().skip(1) {
            match argument.as_str() {
                "--post" => post = true,
                other => {
                    return Err(
                        format!("unknown argument {other}: only --post and --help are supported").into()
                    );
                }
            }
        }
        let is_tenant_set = env::vars_os()
            .any(|(name, value)| name.to_string_lossy().starts_with("ZUORA_") && !value.is_empty());
        if is_tenant_set {
            let client = Client::new(&config_from_env()?)?;
            let today = time::OffsetDateTime::now_utc().date();
            let target_date = Date::new(u16::try_from(today.year())?, today.month().into(), today.day())?;
            writeln!(stdout(), "on the tenant of the environment")?;
            return Ok(Self { client, target_date, may_post: post, _sandbox: None });
        }
        let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
        writeln!(stdout(), "on a sandbox at {}", sandbox.url())?;
        let client = Client::new(&Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET))?;
        Ok(Self { client, target_date: Date::new(2026, 3, 31)?, may_post: true, _sandbox: Some(sandbox) })
    }
}
