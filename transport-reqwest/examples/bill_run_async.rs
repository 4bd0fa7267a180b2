//! A bill run from its creation to its posting, async, with the items of all invoices read concurrently.
//!
//! Without any setting, the example runs against a sandbox inside this process, over real HTTP. With the variables of
//! `config_from_env`, such as `ZUORA_BASE_URL`, it runs on that tenant, bills up to today, and stops before posting
//! unless `--post` is passed.

use std::collections::BTreeMap;
use std::env;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use zuora_reqwest::bill_runs::{AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun, PostBillRun};
use zuora_reqwest::invoices::GetInvoiceItems;
use zuora_reqwest::object_query::QueryInvoices;
use zuora_reqwest::polling::PollingPolicy;
use zuora_reqwest::types::{Decimal, InvoiceId};
use zuora_reqwest::{Amount, Client, Config, Date, config_from_env};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
usage: bill_run_async [--post]

Runs on a sandbox, or if any ZUORA_ variable is set, on the tenant of ZUORA_BASE_URL, ZUORA_CLIENT_ID and
ZUORA_CLIENT_SECRET. On a tenant, it posts the run only with --post.";

#[tokio::main]
async fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "bill_run_async: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let Settings { config, target_date, may_post, sandbox: _sandbox } = Settings::from_environment()?;
    let client = Client::new(&config)?;
    let policy = PollingPolicy::new(Duration::from_millis(200), Duration::from_secs(15));

    let created = client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(target_date))).await?;
    writeln!(stdout(), "created {}, due up to {target_date}", created.number()?)?;
    let run = client.wait(BillRunWaiter::new(created.id()?.clone(), BillRunGoal::Completed), policy).await?;

    let mut invoices = BTreeMap::new();
    let query = QueryInvoices::of_bill_run(run.number()?.clone());
    let mut rows = client.items(&query);
    while let Some(invoice) = rows.next().await {
        let invoice = invoice?;
        invoices.insert(invoice.id.clone().ok_or("an invoice has no id")?.to_string(), invoice);
    }

    let started = Instant::now();
    let mut reading = JoinSet::new();
    for id in invoices.keys() {
        reading.spawn(sum_of_items(client.clone(), InvoiceId::from(id.as_str())));
    }
    let mut totals = BTreeMap::<Box<str>, Decimal>::new();
    while let Some(done) = reading.join_next().await {
        let (id, count, sum) = done??;
        let invoice = &invoices[id.as_str()];
        let amount = invoice.amount.as_ref().ok_or("an invoice has no amount")?.to_decimal()?;
        if amount != sum {
            return Err(format!("the items of an invoice of {amount} add up to {sum}").into());
        }
        let currency = invoice.currency.clone().unwrap_or_default();
        let number = invoice.number.as_ref().map_or("?", |number| number.as_str());
        writeln!(stdout(), "  {number:<14} {count:>3} items {sum:>12} {currency}")?;
        *totals.entry(currency).or_default() += sum;
    }
    writeln!(
        stdout(),
        "read the items of {} invoices concurrently in {:?}",
        invoices.len(),
        started.elapsed()
    )?;

    if may_post {
        client.call(&PostBillRun::new(run.id()?.clone())).await?;
        let posted = client.wait(BillRunWaiter::new(run.id()?.clone(), BillRunGoal::Posted), policy).await?;
        writeln!(stdout(), "{} is {}", posted.number()?, posted.status()?)?;
    } else {
        writeln!(stdout(), "not posted: pass --post to post {}", run.number()?)?;
    }
    for (currency, total) in totals {
        writeln!(stdout(), "  {currency} {total:>12}")?;
    }
    Ok(())
}

async fn sum_of_items(client: Client, id: InvoiceId) -> Outcome<(InvoiceId, usize, Decimal)> {
    let decimal = |amount: &Option<Amount>| amount.as_ref().map_or(Ok(Decimal::ZERO), Amount::to_decimal);
    let (mut count, mut sum) = (0, Decimal::ZERO);
    let query = GetInvoiceItems::new(id.clone());
    let mut items = client.items(&query);
    while let Some(item) = items.next().await {
        let item = item?;
        sum += decimal(&item.charge_amount)? + decimal(&item.tax_amount)?;
        count += 1;
    }
    Ok((id, count, sum))
}

struct Settings {
    config: Config,
    target_date: Date,
    may_post: bool,
    sandbox: Option<Server>,
}

impl Settings {
    fn from_environment() -> Outcome<Self> {
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
            let config = config_from_env()?;
            let today = time::OffsetDateTime::now_utc().date();
            let target_date = Date::new(u16::try_from(today.year())?, today.month().into(), today.day())?;
            writeln!(stdout(), "on the tenant of the environment")?;
            return Ok(Self { config, target_date, may_post: post, sandbox: None });
        }
        let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
        writeln!(stdout(), "on a sandbox at {}", sandbox.url())?;
        let config = Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET);
        Ok(Self { config, target_date: Date::new(2026, 3, 31)?, may_post: true, sandbox: Some(sandbox) })
    }
}
