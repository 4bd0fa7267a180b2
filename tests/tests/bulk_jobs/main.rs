//! Bulk jobs over scripted services: each fault, and what is reported of each row.

mod asynchronous;
mod calls;
mod course;
mod doubt;
mod endings;
mod evidence;
mod rows;
mod updates;

use zuora_core::invoices::{
    Bulk, BulkCreateStandaloneInvoices, BulkEvent, BulkJob, BulkPostInvoices, BulkUpdateInvoices,
    CreateStandaloneInvoice, InvoiceToPost, NewInvoiceItem, RowError,
};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, Timestamp};
use zuora_core::types::AccountId;
use zuora_core::{Config, Date, Error, Outcome};
use zuora_tests::simulation::{self, SendResult, Server, Simulation, ms, received, warm};

pub(crate) type Creations = BulkJob<BulkCreateStandaloneInvoices>;

pub(crate) type Postings = BulkJob<BulkPostInvoices>;

pub(crate) type Updates = BulkJob<BulkUpdateInvoices>;

pub(crate) fn config() -> Config {
    Config::with_token("https://rest.zuora.com", "token").max_attempts(1).gzip_requests_from(None)
}

pub(crate) fn session() -> Session {
    warm(&config())
}

pub(crate) fn day(day: u8) -> Date {
    Date::new(2026, 5, day).unwrap()
}

pub(crate) fn invoice(comment: &str) -> CreateStandaloneInvoice {
    CreateStandaloneInvoice::new(AccountId::from("a1"), day(1), [NewInvoiceItem::named("Fee", 10, day(1))])
        .comments(comment)
}

pub(crate) fn numbered(number: &str) -> CreateStandaloneInvoice {
    invoice(number).invoice_number(number).currency("EUR")
}

pub(crate) fn creations(session: &Session, names: &[&str]) -> Creations {
    Creations::new(session, names.iter().map(|name| (*name, invoice(name)))).unwrap()
}

pub(crate) fn numbered_creations(session: &Session, names: &[&str]) -> Creations {
    Creations::new(session, names.iter().map(|name| (*name, numbered(name)))).unwrap()
}

pub(crate) fn postings(session: &Session, ids: &[&str]) -> Postings {
    Postings::new(session, ids.iter().enumerate().map(|(n, id)| (format!("{n}"), InvoiceToPost::new(*id))))
        .unwrap()
}

pub(crate) fn outcome<A>(result: &Result<A, RowError>) -> Outcome {
    result.as_ref().map_or_else(|error| error.outcome, |_| Outcome::Applied)
}

/// The past of a job: results in the order reported, the last saved state, and the end.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) results: Vec<(String, Outcome)>,
    pub(crate) saved: String,
    pub(crate) end: Result<(), Error>,
}

impl Ran {
    /// Outcomes as letters: applied, rejected, unknown.
    pub(crate) fn letters(&self) -> String {
        self.results
            .iter()
            .map(|(_, outcome)| match outcome {
                Outcome::Applied => 'a',
                Outcome::NotApplied => 'r',
                Outcome::Unknown => '?',
            })
            .collect()
    }
}

pub(crate) fn run<B: Bulk, F: Server>(simulation: &mut Simulation<F>, job: &mut BulkJob<B>) -> Ran {
    let mut ran = Ran { results: Vec::new(), saved: job.to_json().unwrap(), end: Ok(()) };
    loop {
        match simulation.drive(&mut *job).result {
            Ok(Some(event)) => {
                ran.saved = job.to_json().unwrap();
                if let BulkEvent::Chunk(chunk) = event {
                    assert!(!chunk.rows.is_empty(), "an event without a result");
                    ran.results.extend(chunk.rows.iter().map(|row| (row.name.clone(), outcome(&row.result))));
                }
            }
            Ok(None) => return ran,
            Err(error) => return Ran { end: Err(error), ..ran },
        }
    }
}

/// Drives a job until the checkpoint before its first request, as a process that is killed there does.
pub(crate) fn killed<B: Bulk>(job: &mut BulkJob<B>, at: Timestamp) -> String {
    let mut simulation = Simulation::new(|_: &HttpRequest, _| unreachable!("nothing is sent"));
    simulation.now = at;
    let event = simulation.drive(&mut *job).result.unwrap();
    assert!(matches!(event, Some(BulkEvent::Checkpoint)));
    job.to_json().unwrap()
}

pub(crate) fn ok(body: &str) -> SendResult {
    received(200, &[], body)
}

pub(crate) fn rows(rows: &str) -> SendResult {
    ok(&format!(r#"{{"success":true,"invoices":[{rows}]}}"#))
}

/// A server whose responses come from a function, 100 ms after each request.
pub(crate) fn serve(mut respond: impl FnMut(&HttpRequest) -> SendResult) -> impl Server {
    move |request: &HttpRequest, _| (ms(100), respond(request))
}

pub(crate) fn post_of(response: SendResult, ids: &[&str]) -> String {
    let session = session();
    let mut simulation = Simulation::new(simulation::script([response]));
    run(&mut simulation, &mut postings(&session, ids)).letters()
}

pub(crate) fn create_of(response: SendResult, count: usize) -> String {
    let session = session();
    let names = &["A", "B", "C", "D"][..count];
    let mut simulation = Simulation::new(simulation::script([response]));
    run(&mut simulation, &mut creations(&session, names)).letters()
}
