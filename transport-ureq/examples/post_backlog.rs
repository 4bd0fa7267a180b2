//! Posts a backlog of drafts in as few requests as the service allows: `cargo run --example post_backlog -- 500`.
//!
//! The example first creates the drafts in a sandbox inside this process, three of which cannot be posted. The result of
//! each invoice is reported, and a failed one does not stop the others.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
use zuora_ureq::invoices::{
    BulkCreateStandaloneInvoices, BulkJob, BulkPostInvoices, CancelInvoice, CreateStandaloneInvoice,
    InvoiceToPost, NewInvoiceItem,
};
use zuora_ureq::types::{AccountNumber, InvoiceId};
use zuora_ureq::{Amount, Client, Config, Date};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("post_backlog: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A draft invoice, with its number for the report.
struct Draft {
    id: InvoiceId,
    number: String,
}

fn run() -> Result<(), Box<dyn Error>> {
    let count = match env::args().nth(1) {
        None => 120,
        Some(text) => text.parse().map_err(|_| format!("{text} is not a number of invoices"))?,
    };
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    println!("on a sandbox at {}", sandbox.url());
    let client = Client::new(&Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET))?;

    let drafts = create_drafts(&client, count)?;
    // Three of the drafts are canceled before the backlog is posted.
    for draft in drafts.iter().step_by(drafts.len().div_ceil(3).max(1)) {
        client.call(&CancelInvoice::new(draft.id.clone()))?;
    }

    let rows = drafts.iter().map(|draft| InvoiceToPost::new(draft.id.clone()));
    let mut job = BulkJob::<BulkPostInvoices>::new(client.session(), rows).key_prefix("backlog");
    let mut posted = 0;
    let mut failed = Vec::new();
    while let Some(chunk) = client.drive(&mut job)? {
        let rows = drafts.iter().skip(chunk.first).zip(&chunk.results);
        for (draft, result) in rows {
            match result {
                Ok(_) => posted += 1,
                Err(failure) => failed.push(format!("{}: {failure}", draft.number)),
            }
        }
        println!("{posted} posted, {} failed, {} remaining", failed.len(), job.remaining());
    }
    for failure in failed {
        println!("  {failure}");
    }
    Ok(())
}

fn create_drafts(client: &Client, count: usize) -> Result<Vec<Draft>, Box<dyn Error>> {
    let date = Date::new(2026, 3, 1)?;
    let invoices = (1..=count).map(|number| {
        let cents = i64::try_from(number).unwrap_or(i64::MAX);
        let amount = Amount::new(cents, 2).unwrap_or(Amount::from(1));
        let account = AccountNumber::from(["A00000001", "A00000002", "A00000003"][number % 3]);
        CreateStandaloneInvoice::new(
            account,
            date,
            [NewInvoiceItem::named(format!("Fee {number}"), amount, date)],
        )
    });
    let mut job = BulkJob::<BulkCreateStandaloneInvoices>::new(client.session(), invoices);
    let mut drafts = Vec::with_capacity(count);
    while let Some(chunk) = client.drive(&mut job)? {
        for invoice in chunk.results {
            let invoice = invoice?;
            let number = invoice.number.as_ref().map(ToString::to_string).unwrap_or_default();
            drafts.push(Draft { id: invoice.id()?.clone(), number });
        }
    }
    println!("created {} drafts", drafts.len());
    Ok(drafts)
}
