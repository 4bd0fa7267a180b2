//! The traces of a write in a bill run.

use super::reads::{FromSeen, ReadObject, SeenObject};
use super::step::{Step, note};
use crate::api::bill_runs::{BillRun, BillRunStatus, GetBillRun};
use crate::api::invoices::InvoiceStatus;
use crate::api::object_query::{Comparison, Filter, QueriedInvoices, QueryInvoices};
use crate::call::read_back::{Finding, Sight};
use crate::error::Result;
use crate::operation::Paginated;
use crate::types::{BillRunId, BillRunNumber};

/// A write on a bill run. All of them go on in the background.
#[derive(Clone, Debug)]
pub(super) struct BillRunCheck {
    pub(super) id: BillRunId,
    pub(super) wanted: WantedRun,
}

/// The state to which a write leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WantedRun {
    Posted,
    Canceled,
    /// All occurrences of the schedule are canceled, which no read shows.
    AllCanceled,
    Deleted,
}

impl BillRunCheck {
    pub(super) fn begin(&self) -> ReadObject {
        ReadObject::BillRun(GetBillRun::new(self.id.clone()))
    }

    pub(super) fn observe<T: FromSeen>(
        &self,
        sight: &mut Sight<T>,
        read: &ReadObject,
        seen: Result<SeenObject>,
    ) -> Result<Step> {
        let seen = match seen {
            Err(error) if error.is_gone() => return Ok(Step::Found(self.gone())),
            Err(error) => return Err(error),
            Ok(seen) => seen,
        };
        Ok(match &seen {
            SeenObject::BillRun(run) => {
                note(sight, &seen, run.status.as_ref().map(BillRunStatus::as_str), run.updated_date);
                self.evaluate(run)
            }
            SeenObject::Invoices(page) => posted(&mut sight.ids, read, page),
            _ => Step::Found(Finding::Unexpected("the service returned another object".to_owned())),
        })
    }

    fn gone(&self) -> Finding {
        match self.wanted {
            WantedRun::Deleted => Finding::Applied,
            _ => Finding::Unexpected("the bill run no longer exists".to_owned()),
        }
    }

    fn evaluate(&self, run: &BillRun) -> Step {
        use BillRunStatus::{
            CancelInProgress, Canceled, Completed, Error, Paused, Pending, PostInProgress, Posted,
            Processing, RemoveInProgress,
        };
        let Some(status) = &run.status else {
            return Step::Found(Finding::Unexpected("the bill run has no status".to_owned()));
        };
        Step::Found(match (self.wanted, status) {
            (WantedRun::Posted, Posted) | (WantedRun::Canceled, Canceled) => Finding::Applied,

            (WantedRun::Posted, PostInProgress)
            | (WantedRun::Canceled, CancelInProgress)
            | (WantedRun::Deleted, RemoveInProgress) => Finding::UnderWay,

            (WantedRun::Posted, Completed) => match &run.number {
                Some(number) => return Step::Read(ReadObject::Invoices(posted_invoices(number.clone()))),
                None => Finding::Unchanged,
            },
            (WantedRun::Posted, Pending | Processing | Paused)
            | (WantedRun::Canceled | WantedRun::AllCanceled, Pending | Processing | Paused | Completed)
            | (WantedRun::Deleted, Canceled | Error) => Finding::Unchanged,

            (WantedRun::AllCanceled, Canceled | CancelInProgress) => Finding::Unexpected(format!(
                "this occurrence is {status}, but no read shows whether the later ones of the schedule are canceled"
            )),
            _ => Finding::Unexpected(format!("the bill run is {status}, which the write does not explain")),
        })
    }
}

/// Gathers the ids of the posted invoices of a run that is `Completed`.
fn posted(ids: &mut Vec<String>, read: &ReadObject, page: &QueriedInvoices) -> Step {
    let ReadObject::Invoices(query) = read else {
        return Step::Found(Finding::Unexpected("the service returned another object".to_owned()));
    };
    let (invoices, next) = query.into_page(page.clone());
    let posted = invoices.iter().filter(|invoice| invoice.status == Some(InvoiceStatus::Posted));
    ids.extend(posted.filter_map(|invoice| invoice.id.as_ref()).map(ToString::to_string));
    match next {
        Some(next) => Step::Read(ReadObject::Invoices(next)),
        None if ids.is_empty() => Step::Found(Finding::Unchanged),
        None => Step::Found(Finding::Partly(std::mem::take(ids))),
    }
}

fn posted_invoices(number: BillRunNumber) -> QueryInvoices {
    let posted = Filter::new("status", Comparison::Equal, "Posted");
    QueryInvoices::of_bill_run(number).filter(posted)
}
