//! Bulk requests as jobs whose state is kept as JSON, by one process after the other.

use serde::Deserialize;
use serde_json::value::RawValue;
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::{
    Bulk, BulkCreateStandaloneInvoices, BulkEvent, BulkJob, BulkPostInvoices, BulkUpdateInvoices,
    InvoicePatch, RowState,
};
use zuora_core::types::InvoiceId;
use zuora_core::{Client, Operation, Outcome};
use zuora_sandbox::InProcess;

use crate::cell::{Decided, ROUNDS, Story};
use crate::judge::{By, Judge};
use crate::plan::After;

/// Performs the rows of a bulk request as a job.
pub fn perform(story: &mut Story<'_>, client: &Client<InProcess>, judge: &mut Judge<'_>) -> Decided {
    let request = story.subject.operation.request().unwrap();
    let Rows { invoices } = serde_json::from_slice(request.body()).unwrap();
    let rows = invoices.into_iter().map(RawValue::get);
    match &story.subject.operation {
        AnyOperation::BulkCreateStandaloneInvoices(_) => {
            let rows = rows.map(|row| serde_json::from_str(row).unwrap()).collect();
            drive::<BulkCreateStandaloneInvoices>(story, client, judge, rows)
        }
        AnyOperation::BulkPostInvoices(_) => {
            let rows = rows.map(|row| serde_json::from_str(row).unwrap()).collect();
            drive::<BulkPostInvoices>(story, client, judge, rows)
        }
        AnyOperation::BulkUpdateInvoices(_) => {
            let rows = rows.zip(&story.subject.ids).map(|(row, id)| {
                let changes: InvoicePatch = serde_json::from_str(row).unwrap();
                (InvoiceId::from(id.as_str()), changes)
            });
            let rows = rows.collect();
            drive::<BulkUpdateInvoices>(story, client, judge, rows)
        }
        other => panic!("{} has no rows", other.spec().name),
    }
}

/// The body of a bulk request.
#[derive(Deserialize)]
struct Rows<'a> {
    #[serde(borrow)]
    invoices: Vec<&'a RawValue>,
}

/// Drives a job until all its rows are decided, over restarts.
fn drive<B: Bulk>(
    story: &mut Story<'_>,
    client: &Client<InProcess>,
    judge: &mut Judge<'_>,
    rows: Vec<B::Row>,
) -> Decided {
    let named = rows.into_iter().enumerate().map(|(row, content)| (row.to_string(), content));
    let mut job = BulkJob::<B>::new(client.session(), named).unwrap();
    let mut checkpoint = None;
    let kept = run(client, &mut job, &mut checkpoint);
    let is_killed = matches!(story.cell.after, After::Restart | After::RestartAfterDay);
    if !is_killed && report(&job, judge) {
        return Decided::AtOnce;
    }
    let mut client = story.go_on(client, judge);
    // The process was killed after its request, before it could keep the results.
    let mut kept = if is_killed { checkpoint.unwrap_or(kept) } else { kept };
    for _ in 0..ROUNDS {
        let mut job = BulkJob::<B>::from_json(client.session(), &kept).unwrap();
        kept = run(&client, &mut job, &mut None);
        if report(&job, judge) {
            return Decided::Later;
        }
        client = story.client();
    }
    Decided::Never
}

/// Drives a job until it returns no event, and returns its last state. Notes the state before the first request.
fn run<B: Bulk>(client: &Client<InProcess>, job: &mut BulkJob<B>, checkpoint: &mut Option<String>) -> String {
    while let Ok(Some(event)) = client.drive(&mut *job) {
        if matches!(event, BulkEvent::Checkpoint) {
            checkpoint.get_or_insert_with(|| job.to_json().unwrap());
        }
    }
    job.to_json().unwrap()
}

/// Reports the rows of a job. Returns whether nothing is left to be done or found out.
fn report<B: Bulk>(job: &BulkJob<B>, judge: &mut Judge<'_>) -> bool {
    let (mut applied, mut doubtful, mut remaining) = (0, 0, 0);
    for (_, state) in job.rows() {
        match state {
            RowState::Applied(_) => applied += 1,
            RowState::Rejected(_) => {}
            RowState::Remaining => remaining += 1,
            _ => doubtful += 1,
        }
    }
    // Rows in doubt and rows that remain may be applied from now on.
    judge.report(By::Request, Outcome::Applied, Some(applied..=applied + doubtful + remaining));
    doubtful == 0 && remaining == 0
}
