//! Posts a backlog of drafts in few requests, and survives being killed.
//!
//! `cargo run --example post_backlog -- 500` posts 500 drafts of a sandbox inside this process, three of which cannot be
//! posted. The result of each row is reported; a row that fails does not affect the others.
//!
//! `cargo run --example post_backlog -- 500 backlog.json http://127.0.0.1:9000` does the same on a sandbox that runs
//! elsewhere, and keeps the state of the job in `backlog.json`. Kill it at any time and run it again: it continues, and
//! posts nothing twice.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{Write as _, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
use zuora_ureq::invoices::{
    BulkCreateStandaloneInvoices, BulkEvent, BulkJob, BulkPostInvoices, CancelInvoice,
    CreateStandaloneInvoice, InvoiceToPost, NewInvoiceItem, RowState,
};
use zuora_ureq::types::{AccountNumber, InvoiceId};
use zuora_ureq::{Amount, Client, Config, Date};

const USAGE: &str = "\
usage: post_backlog [COUNT [FILE [URL]]]

Posts COUNT drafts (120) of a sandbox: one in this process, or the one at URL. FILE keeps the state of the job.";

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "post_backlog: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let count = match arguments.next() {
        None => 120,
        Some(text) => text.parse().map_err(|_| format!("{text} is not a number of invoices"))?,
    };
    let file = arguments.next();
    let (url, _sandbox) = match arguments.next() {
        Some(url) => (url, None),
        None => {
            let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
            (sandbox.url().to_owned(), Some(sandbox))
        }
    };
    writeln!(stdout(), "on a sandbox at {url}")?;
    let client = Client::new(&Config::new(url.as_str(), CLIENT_ID, CLIENT_SECRET))?;
    let file = file.as_deref().map(Path::new);

    let mut job = match file.filter(|file| file.exists()) {
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            BulkJob::from_json(client.session(), &text)?
        }
        None => new_job(&client, count)?,
    };
    writeln!(stdout(), "{} to post, {} in doubt", job.remaining(), job.in_doubt())?;
    while let Some(event) = client.drive(&mut job)? {
        // Before each request and after each response: a process that is killed continues from here.
        if let Some(file) = file {
            save(file, &job.to_json()?).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        if let BulkEvent::Chunk(chunk) = event {
            let failed = chunk.rows.iter().filter(|row| row.result.is_err()).count();
            writeln!(
                stdout(),
                "{} posted, {failed} not, {} to go",
                chunk.rows.len() - failed,
                job.remaining()
            )?;
        }
    }
    report(&job)?;
    Ok(())
}

/// Creates the drafts, cancels three of them, and makes a job that posts all.
fn new_job(client: &Client, count: usize) -> Result<BulkJob<BulkPostInvoices>, Box<dyn Error>> {
    let drafts = make_drafts(client, count)?;
    for (_, id) in drafts.iter().step_by(drafts.len().div_ceil(3).max(1)) {
        client.call(&CancelInvoice::new(id.clone()))?;
    }
    let rows = drafts.into_iter().map(|(number, id)| (number, InvoiceToPost::new(id)));
    Ok(BulkJob::new(client.session(), rows)?.key_prefix("backlog"))
}

/// Replaces the file at once, so that it is never half written. The folder is synchronized too, since it contains the
/// name of the file; Windows does that by itself.
fn save(path: &Path, state: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(state.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)?;
    #[cfg(unix)]
    File::open(path.with_file_name("."))?.sync_all()?;
    Ok(())
}

fn report(job: &BulkJob<BulkPostInvoices>) -> std::io::Result<()> {
    let applied = job.rows().filter(|(_, state)| matches!(state, RowState::Applied(_))).count();
    writeln!(stdout(), "{applied} are posted")?;
    for (number, state) in job.rows() {
        match state {
            RowState::Applied(_) => {}
            RowState::Rejected(reasons) => {
                let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
                writeln!(stdout(), "  {number}: {}", reasons.join("; "))?;
            }
            RowState::InDoubt => writeln!(stdout(), "  {number}: the outcome is unknown; run this again")?,
            other => writeln!(stdout(), "  {number}: {other:?}")?,
        }
    }
    Ok(())
}

/// Returns the numbers and ids of new drafts.
fn make_drafts(client: &Client, count: usize) -> Result<Vec<(String, InvoiceId)>, Box<dyn Error>> {
    let date = Date::new(2026, 3, 1)?;
    let invoices = (1..=count).map(|number| {
        let cents = i64::try_from(number).unwrap_or(i64::MAX);
        let amount = Amount::new(cents, 2).unwrap_or(Amount::from(1));
        let account = AccountNumber::from(["A00000001", "A00000002", "A00000003"][number % 3]);
        let item = NewInvoiceItem::named(format!("Fee {number}"), amount, date);
        (format!("fee {number}"), CreateStandaloneInvoice::new(account, date, [item]))
    });
    let mut job = BulkJob::<BulkCreateStandaloneInvoices>::new(client.session(), invoices)?;
    let mut drafts = Vec::with_capacity(count);
    while let Some(event) = client.drive(&mut job)? {
        let BulkEvent::Chunk(chunk) = event else { continue };
        for row in chunk.rows {
            let invoice = row.result?;
            let number = invoice.number.as_ref().map(ToString::to_string).unwrap_or_default();
            drafts.push((number, invoice.id()?.clone()));
        }
    }
    writeln!(stdout(), "made {} drafts", drafts.len())?;
    Ok(drafts)
}
