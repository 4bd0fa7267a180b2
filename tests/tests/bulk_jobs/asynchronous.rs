//! Jobs that an async client drives: the same events and the same state as with a blocking one.

use http::Method;
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkEvent, BulkJob, CreateStandaloneInvoice, NewInvoiceItem,
};
use zuora_core::session::Session;
use zuora_core::types::AccountNumber;
use zuora_core::{AsyncClient, Client, Config};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, FailureCategory, Fault, InProcess};

use crate::{day, outcome};

type Job = BulkJob<BulkCreateStandaloneInvoices>;

/// A service with a lost response, a limit that is used up, an expired token, and a row that fails.
fn service() -> InProcess {
    let transport = InProcess::demo();
    let on = |fault: Fault| fault.on(Method::POST, "/v1/invoices/batch");
    for fault in [
        on(Fault::throttled(3)),
        on(Fault::ExpireToken),
        on(Fault::FailRow(7, FailureCategory::Rule)),
        on(Fault::LoseResponse),
    ] {
        transport.sandbox().faults().push(fault);
    }
    transport
}

fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET)
}

fn job(session: &Session) -> Job {
    let row = |number: usize| {
        let item = NewInvoiceItem::named("Fee", 10, day(1));
        CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(1), [item])
            .comments(format!("row {number}"))
    };
    // One row is rejected without being sent.
    let rows = (0..120).map(|number| match number {
        60 => (format!("{number}"), row(number).comments("x".repeat(256))),
        _ => (format!("{number}"), row(number)),
    });
    Job::new(session, rows).unwrap().key_prefix("both")
}

/// The events of a job as a text, with the state that is kept after each.
fn note<D>(log: &mut Vec<String>, event: &BulkEvent<D>, job: &Job) {
    log.push(match event {
        BulkEvent::Checkpoint => "checkpoint".to_owned(),
        BulkEvent::Chunk(chunk) => {
            let rows = chunk.rows.iter().map(|row| format!("{} {:?}", row.name, outcome(&row.result)));
            rows.collect::<Vec<_>>().join(", ")
        }
        other => format!("{:?}", std::mem::discriminant(other)),
    });
    log.push(format!("{} remain, {} in doubt", job.remaining(), job.in_doubt()));
}

#[tokio::test]
async fn an_async_client_drives_a_job_to_the_same_end_as_a_blocking_one() {
    let mut blocking = Vec::new();
    let of_blocking = service();
    let client = Client::with_transport(&config(), of_blocking.clone()).unwrap();
    let mut first = job(client.session());
    while let Some(event) = client.drive(&mut first).unwrap() {
        note(&mut blocking, &event, &first);
    }

    let transport = service();
    let client = AsyncClient::with_transport(&config(), transport.clone()).unwrap();
    // In a task of a runtime with several threads, the future would have to be `Send`.
    let task = async move {
        let mut second = job(client.session());
        let mut log = Vec::new();
        while let Some(event) = client.drive(&mut second).await.unwrap() {
            note(&mut log, &event, &second);
        }
        (log, second.to_json().unwrap())
    };
    let (log, kept) = tokio::spawn(task).await.unwrap();
    assert_eq!(log, blocking);
    let count = |text: &str, part: &str| text.matches(part).count();
    for (state, rows) in [("applied", 118), ("rejected", 2)] {
        let part = format!(r#""state":"{state}""#);
        assert_eq!((count(&kept, &part), count(&first.to_json().unwrap(), &part)), (rows, rows), "{state}");
    }
    let sent = |transport: &InProcess| transport.sandbox().seen(&Method::POST, "/v1/invoices/batch");
    assert_eq!(sent(&transport), sent(&of_blocking));
    assert!(sent(&transport) > 3, "three chunks, and their retries");
}
