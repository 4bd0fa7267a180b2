//! A standalone invoice from its creation to its write-off, on a sandbox inside this process, over real HTTP.
//!
//! With the variables of `config_from_env`, such as `ZUORA_BASE_URL`, and with `ZUORA_ACCOUNT_NUMBER`, the example runs on
//! that tenant, which must have Invoice Settlement. It leaves a posted and written-off invoice there.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
use zuora_ureq::files::GetFiles;
use zuora_ureq::invoices::{
    CreateStandaloneInvoice, GetInvoice, GetInvoiceItems, Invoice, InvoiceGoal, InvoicePatch,
    InvoicePdfStatus, InvoiceWaiter, ItemUpdate, NewDiscountItem, NewInvoiceItem, NewTaxItem, PdfWaiter,
    PostInvoice, TaxRateType, UpdateInvoice, WriteOff, WriteOffInvoice,
};
use zuora_ureq::polling::PollingPolicy;
use zuora_ureq::types::{AccountNumber, InvoiceId};
use zuora_ureq::{Amount, Client, Config, Date, config_from_env};

const USAGE: &str = "\
usage: standalone_invoice

Runs on a sandbox, or if any ZUORA_ variable is set, on the tenant of ZUORA_BASE_URL, ZUORA_CLIENT_ID and
ZUORA_CLIENT_SECRET, with the account ZUORA_ACCOUNT_NUMBER.";

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(argument) = env::args().nth(1) {
        let _ =
            writeln!(stderr(), "standalone_invoice: unknown argument {argument}: only --help is supported");
        return ExitCode::FAILURE;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "standalone_invoice: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (config, account, _sandbox) = environment()?;
    let client = Client::new(&config)?;
    let policy = PollingPolicy::new(Duration::from_millis(200), Duration::from_secs(15));

    let created = client.call(&new_invoice(account)?)?;
    let id = created.id()?.clone();
    show(&client, "created", &id)?;

    let due_date = Date::new(2026, 5, 15)?;
    let hours = NewInvoiceItem::named("Support hours", "37.5".parse::<Amount>()?, Date::new(2026, 3, 1)?);
    let changes = InvoicePatch::default()
        .due_date(due_date)
        .comments("Agreed by phone")
        .items([ItemUpdate::from(hours)]);
    client.call(&UpdateInvoice::new(id.clone(), changes))?;
    show(&client, "changed", &id)?;

    let submitted = client.call(&PostInvoice::new(id.clone()))?;
    client.wait(InvoiceWaiter::of(id.clone(), InvoiceGoal::Posted, &submitted), policy)?;
    let posted = show(&client, "posted", &id)?;

    let pdf = client.wait(PdfWaiter::new([id.clone()]), policy)?;
    let file = pdf.first().and_then(InvoicePdfStatus::file_id).ok_or("no PDF was generated")?;
    let file = client.call(&GetFiles::new(file))?;
    let name = format!("{}.pdf", posted.number.as_ref().map_or("invoice", |number| number.as_str()));
    let path = env::temp_dir().join(name);
    fs::write(&path, &file.bytes)?;
    writeln!(
        stdout(),
        "saved       {} ({} bytes, a PDF: {})",
        path.display(),
        file.bytes.len(),
        file.is_pdf()
    )?;

    let written_off =
        client.call(&WriteOffInvoice::new(id.clone()).details(WriteOff::default().comment("Goodwill")))?;
    let memo = written_off.credit_memo.as_ref().and_then(|memo| memo.id.as_ref());
    writeln!(stdout(), "written off with credit memo {}", memo.map_or("?", |memo| memo.as_str()))?;
    show(&client, "final", &id)?;
    Ok(())
}

fn new_invoice(account: AccountNumber) -> Result<CreateStandaloneInvoice, Box<dyn Error>> {
    let date = Date::new(2026, 3, 1)?;
    let tax = NewTaxItem::new(
        "VAT",
        "47.50".parse::<Amount>()?,
        "0.19".parse::<Amount>()?,
        TaxRateType::Percentage,
        date,
    );
    let discount = NewDiscountItem::named("Partner discount", Amount::from(-50));
    let setup = NewInvoiceItem::named("Set-up", 300, date).discount_items([discount]).tax_items([tax]);
    let training =
        NewInvoiceItem::named("Training", "199.99".parse::<Amount>()?, date).description("Two days");
    Ok(CreateStandaloneInvoice::new(account, date, [setup, training]).comments("Order 4711"))
}

fn show(client: &Client, step: &str, id: &InvoiceId) -> Result<Invoice, Box<dyn Error>> {
    let invoice = client.call(&GetInvoice::new(id.clone()))?.into_inner();
    let text = |amount: &Option<Amount>| amount.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    writeln!(
        stdout(),
        "{step:<11} {} {}, due {}: amount {}, tax {}, balance {} {}",
        invoice.number.as_ref().map_or("?", |number| number.as_str()),
        invoice.status.as_ref().map_or("?", |status| status.as_str()),
        invoice.due_date.map_or_else(|| "?".to_owned(), |date| date.to_string()),
        text(&invoice.amount),
        text(&invoice.tax_amount),
        text(&invoice.balance),
        invoice.currency.as_deref().unwrap_or(""),
    )?;
    for item in client.items(&GetInvoiceItems::new(id.clone())) {
        let item = item?;
        let name = item.charge_name.as_deref().unwrap_or("?");
        writeln!(
            stdout(),
            "              {name:<18} {:>9} + {:>6} tax",
            text(&item.charge_amount),
            text(&item.tax_amount)
        )?;
    }
    Ok(invoice)
}

fn environment() -> Result<(Config, AccountNumber, Option<Server>), Box<dyn Error>> {
    let is_tenant_set =
        env::vars_os().any(|(name, value)| name.to_string_lossy().starts_with("ZUORA_") && !value.is_empty());
    if is_tenant_set {
        let config = config_from_env()?;
        let account = env::var("ZUORA_ACCOUNT_NUMBER").ok().filter(|account| !account.is_empty());
        let account = account.ok_or("ZUORA_ACCOUNT_NUMBER: must be the number of an account")?;
        writeln!(stdout(), "on the tenant of the environment")?;
        return Ok((config, AccountNumber::from(account), None));
    }
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    writeln!(stdout(), "on a sandbox at {}", sandbox.url())?;
    let config = Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET);
    Ok((config, AccountNumber::from("A00000003"), Some(sandbox)))
}
