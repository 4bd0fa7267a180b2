//! Month-end report: the revenue of posted invoices by currency and month of service, as a table and as a picture.
//!
//! The sums are exact. Only the heights of the bars are floats, and each currency has a chart with its own scale.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use charts_rs::{BarChart, ChildChart, MultiChart, Series};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server, Settings, Tenant};
use zuora_ureq::bill_runs::{AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun, PostBillRun};
use zuora_ureq::invoices::GetInvoiceItems;
use zuora_ureq::object_query::{Comparison, Filter, QueryInvoices};
use zuora_ureq::polling::PollingPolicy;
use zuora_ureq::types::Decimal;
use zuora_ureq::{Client, Config, Date, config_from_env};

const USAGE: &str = "\
usage: example-report FILE.svg [FROM TO]

Adds up the items of all posted invoices with an invoice date from FROM to TO, such as 2026-01-01 and 2026-03-31, by
currency and month of service, and draws them. Runs on a sandbox, for which it first bills half a year. If any ZUORA_
variable is set, it reads the tenant of ZUORA_BASE_URL, ZUORA_CLIENT_ID and ZUORA_CLIENT_SECRET, and changes nothing.";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Revenue without tax, by currency and by month.
type Revenue = BTreeMap<String, BTreeMap<Month, Decimal>>;

/// A month, as the number of months since the year 0.
type Month = u32;

/// Returns the name of a month, such as `2026-03`.
fn name(month: Month) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "example-report: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (file, from, to) = match &arguments[..] {
        [file] => (file, date("2026-01-01")?, date("2026-12-31")?),
        [file, from, to] => (file, date(from)?, date(to)?),
        _ => return Err("expected FILE.svg, or FILE.svg FROM TO: see --help".into()),
    };
    let (client, _sandbox) = client()?;

    let revenue = add_up(&client, from, to)?;
    print(&revenue)?;
    fs::write(file, draw(&revenue)?).map_err(|error| format!("{file}: {error}"))?;
    writeln!(stdout(), "\ndrawn to {file}")?;
    Ok(())
}

fn date(text: &str) -> Result<Date> {
    text.parse().map_err(|_| format!("{text} is not a date such as 2026-03-31").into())
}

/// Reads the items of all posted invoices. An item without a date or an amount is an error, not a gap in the report.
fn add_up(client: &Client, from: Date, to: Date) -> Result<Revenue> {
    let posted = QueryInvoices::new()
        .filter(Filter::new("status", Comparison::Equal, "Posted"))
        .filter(Filter::new("invoicedate", Comparison::GreaterOrEqual, from.to_string()))
        .filter(Filter::new("invoicedate", Comparison::LessOrEqual, to.to_string()))
        .page_size(99);
    let mut revenue = Revenue::new();
    for invoice in client.items(&posted) {
        let invoice = invoice?;
        let id = invoice.id.ok_or("an invoice has no id")?;
        let currency = invoice.currency.ok_or("an invoice has no currency")?;
        for item in client.items(&GetInvoiceItems::new(id)) {
            let item = item?;
            let start = item.service_start_date.ok_or("an item has no service period")?;
            let month = u32::from(start.year()) * 12 + u32::from(start.month()) - 1;
            let months = revenue.entry(currency.to_string()).or_default();
            *months.entry(month).or_default() += item.charge_amount()?.to_decimal()?;
        }
    }
    Ok(revenue)
}

/// Returns every month from the first to the last, also one without revenue, so that the axis has no gap.
fn months(revenue: &Revenue) -> Vec<Month> {
    let months = || revenue.values().flat_map(BTreeMap::keys).copied();
    months().min().zip(months().max()).map_or(Vec::new(), |(first, last)| (first..=last).collect())
}

fn print(revenue: &Revenue) -> Result<()> {
    let mut out = stdout().lock();
    write!(out, "month  ")?;
    for currency in revenue.keys() {
        write!(out, "{currency:>14}")?;
    }
    writeln!(out)?;
    for month in months(revenue) {
        write!(out, "{}", name(month))?;
        for amounts in revenue.values() {
            write!(out, "{:>14}", amounts.get(&month).copied().unwrap_or_default())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Draws a chart for each currency. Amounts of different currencies have no common scale.
fn draw(revenue: &Revenue) -> Result<String> {
    let months = months(revenue);
    let names: Vec<String> = months.iter().copied().map(name).collect();
    let mut charts = MultiChart::new();
    for (currency, amounts) in revenue {
        let heights = months.iter().map(|month| height(amounts.get(month))).collect::<Result<Vec<f32>>>()?;
        let mut chart = BarChart::new(vec![Series::new(currency.clone(), heights)], names.clone());
        chart.title.text = format!("Revenue in {currency}, by month of service");
        chart.width = 720.0;
        chart.height = 240.0;
        chart.legend.show = Some(false);
        charts.add(ChildChart::Bar(chart, None));
    }
    Ok(charts.svg()?)
}

/// The height of a bar; the table has the exact amount.
fn height(amount: Option<&Decimal>) -> Result<f32> {
    Ok(amount.map_or_else(|| "0".to_owned(), ToString::to_string).parse()?)
}

fn client() -> Result<(Client, Option<Server>)> {
    let is_tenant_set =
        env::vars_os().any(|(name, value)| name.to_string_lossy().starts_with("ZUORA_") && !value.is_empty());
    if is_tenant_set {
        return Ok((Client::new(&config_from_env()?.read_only().app_name("month-end-report"))?, None));
    }
    let settings = Settings::default().processing(Duration::from_millis(50));
    let sandbox = Server::start("127.0.0.1:0", Sandbox::new(Tenant::demo(), settings))?;
    let client = Client::new(&Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET))?;
    bill(&client)?;
    Ok((client, Some(sandbox)))
}

/// Bills half a year in the sandbox, so that there is something to report.
fn bill(client: &Client) -> Result<()> {
    let policy = PollingPolicy::new(Duration::from_millis(100), Duration::from_secs(1));
    let half_year = AdHoc::up_to(date("2026-06-30")?).invoice_date(date("2026-06-30")?);
    let run = client.call(&CreateBillRun::new(Batches::all(), half_year))?;
    let id = run.id()?;
    client.wait(BillRunWaiter::new(id.clone(), BillRunGoal::Completed), policy)?;
    client.call(&PostBillRun::new(id.clone()))?;
    client.wait(BillRunWaiter::new(id.clone(), BillRunGoal::Posted), policy)?;
    Ok(())
}
