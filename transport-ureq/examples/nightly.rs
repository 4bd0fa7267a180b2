//! A nightly job that may be killed at any point: it bills all accounts up to a date, and posts the invoices.
//!
//! Whatever is sent is first kept in a folder: the bill run as an intent, the postings as a bulk job. Run it again after
//! it was killed, and it continues. Run it again after it has finished, and it sends no write. The scheduler has to run
//! one at a time.
//!
//! `cargo run -p zuora-ureq --example nightly -- STATE 2026-03-31` runs on a sandbox inside this process. With
//! the variables of `config_from_env`, such as `ZUORA_BASE_URL`, it bills that tenant.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
use zuora_ureq::bill_runs::{AdHoc, Batches, BillRun, BillRunGoal, BillRunWaiter, CreateBillRun};
use zuora_ureq::intent::{AnyResponse, Delivery, Intent, Performed};
use zuora_ureq::invoices::{BulkJob, BulkPostInvoices, InvoiceToPost, RowState};
use zuora_ureq::polling::PollingPolicy;
use zuora_ureq::{Client, Config, Date, config_from_env};

const USAGE: &str = "\
usage: nightly FOLDER DATE

Bills all accounts up to DATE, such as 2026-03-31, and posts the invoices. FOLDER keeps the state: run it again with
the same folder after it was killed. Runs on a sandbox, or if any ZUORA_ variable is set, on the tenant of
ZUORA_BASE_URL, ZUORA_CLIENT_ID and ZUORA_CLIENT_SECRET.";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "nightly: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, date] = &arguments[..] else { return Err("expected FOLDER and DATE: see --help".into()) };
    if folder.is_empty() {
        // The working directory would be another one tomorrow, and the run would be created again.
        return Err("FOLDER must not be empty: see --help".into());
    }
    let date: Date = date.parse().map_err(|_| format!("{date} is not a date such as 2026-03-31"))?;
    let folder = Path::new(folder);
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (config, _sandbox) = config()?;
    let client = Client::new(&config)?;

    let run = create(&client, &folder.join(format!("{date}-run.json")), date)?;
    let policy = PollingPolicy::new(Duration::from_millis(200), Duration::from_secs(15));
    let run = client.wait(BillRunWaiter::new(run.id()?.clone(), BillRunGoal::Completed), policy)?;
    post(&client, &folder.join(format!("{date}-post.json")), &run)
}

/// Creates the bill run once: the same content under the same idempotency key, however often this is called.
fn create(client: &Client, file: &Path, date: Date) -> Result<BillRun> {
    let (intent, delivery) = match load(file)? {
        Some(text) => (Intent::from_json(&text)?, Delivery::again(SystemTime::now().into())),
        None => {
            let intent = client.intent(CreateBillRun::new(Batches::all(), AdHoc::up_to(date)))?;
            save(file, &intent.to_json()?)?;
            (intent, Delivery::first())
        }
    };
    match client.perform(&intent, delivery)? {
        Performed::Done(response) => match response.into_inner() {
            AnyResponse::CreateBillRun(run) => Ok(run),
            _ => Err(format!("{} is not about a bill run", file.display()).into()),
        },
        // A day later the key has expired, and no read finds the run: a person decides.
        _ => Err(format!("{}: not decided, look for the bill run in the tenant", file.display()).into()),
    }
}

/// Posts the drafts of the run. The file is written before each request and after each response.
fn post(client: &Client, file: &Path, run: &BillRun) -> Result<()> {
    let mut job = match load(file)? {
        Some(text) => BulkJob::<BulkPostInvoices>::from_json(client.session(), &text)?,
        None => {
            let review = client.review(run)?;
            let rows =
                review.invoices().map(|invoice| (invoice.id.to_string(), InvoiceToPost::new(invoice.id)));
            let job = BulkJob::new(client.session(), rows)?;
            save(file, &job.to_json()?)?;
            job
        }
    };
    while client.drive(&mut job)?.is_some() {
        save(file, &job.to_json()?)?;
    }
    let mut posted = 0;
    for (invoice, state) in job.rows() {
        match state {
            RowState::Applied(_) => posted += 1,
            other => writeln!(stdout(), "  {invoice}: {other:?}")?,
        }
    }
    writeln!(stdout(), "{}: {posted} of {} invoices are posted", run.number()?, job.rows().count())?;
    Ok(())
}

fn load(file: &Path) -> Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", file.display()).into()),
    }
}

/// Replaces the file at once, so that it is never half written. The folder is synchronized too, since it contains the
/// name of the file; Windows does that by itself.
fn save(file: &Path, text: &str) -> Result<()> {
    let new: PathBuf = file.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut written = File::create(&new)?;
        written.write_all(text.as_bytes())?;
        written.sync_all()?;
        fs::rename(&new, file)?;
        #[cfg(unix)]
        File::open(file.with_file_name("."))?.sync_all()?;
        Ok(())
    };
    write().map_err(|error| format!("{}: {error}", file.display()).into())
}

fn config() -> Result<(Config, Option<Server>)> {
    let is_tenant_set =
        env::vars_os().any(|(name, value)| name.to_string_lossy().starts_with("ZUORA_") && !value.is_empty());
    if is_tenant_set {
        return Ok((config_from_env()?, None));
    }
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    Ok((Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET), Some(sandbox)))
}
