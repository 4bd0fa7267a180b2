//! Posts a backlog of drafts in as few requests as the service allows: `cargo run --example post_backlog -- 500`.
//!
//! A sandbox inside this process gets that many drafts first, three of which cannot be posted. What becomes of each
//! is reported; none of the bad ones holds up another.

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

/// A draft, with the number to report it by.
struct Draft {
    id: InvoiceId,
    number: String,
}

fn run() -> Result<(), Box<dyn Error>> {
    let count = match env::args().nth(1) {
        None => 120,
        Some(text) => text.parse().map_err(|_| format!("{text} is no number of invoices"))?,
    };
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    println!("on a sandbox at {}", sandbox.url());
    let client = Client::new(&Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET))?;

    let drafts = make_drafts(&client, count)?;
    // Somebody cancels three of them before the backlog is worked through.
    for draft in drafts.iter().step_by(drafts.len().div_ceil(3).max(1)) {
        client.call(&CancelInvoice::new(draft.id.clone()))?;
    }

    let rows = drafts.iter().map(|draft| InvoiceToPost::new(draft.id.clone()));
    let mut chunks = BulkJob::<BulkPostInvoices>::new(client.session(), rows).key_prefix("backlog");
    let mut posted = 0;
    let mut failed = Vec::new();
    while let Some(chunk) = client.drive(&mut chunks)? {
        let rows = drafts.iter().skip(chunk.first).zip(&chunk.results);
        for (draft, result) in rows {
            match result {
                Ok(_) => posted += 1,
                Err(failure) => failed.push(format!("{}: {failure}", draft.number)),
            }
        }
        println!("{posted} posted, {} not, {} to go", failed.len(), chunks.remaining());
    }
    for failure in failed {
        println!("  {failure}");
    }
    Ok(())
}

fn make_drafts(client: &Client, count: usize) -> Result<Vec<Draft>, Box<dyn Error>> {
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
    let mut chunks = BulkJob::<BulkCreateStandaloneInvoices>::new(client.session(), invoices);
    let mut drafts = Vec::with_capacity(count);
    while let Some(chunk) = client.drive(&mut chunks)? {
        for invoice in chunk.results {
            let invoice = invoice?;
            let number = invoice.number.as_ref().map(ToString::to_string).unwrap_or_default();
            drafts.push(Draft { id: invoice.id()?.clone(), number });
        }
    }
    println!("made {} drafts", drafts.len());
    Ok(drafts)
}
