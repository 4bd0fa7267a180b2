//! Every write of this crate, with what it leaves behind.

use super::bill_run::{BillRunCheck, WantedRun};
use super::check::{Check, observe};
use super::invoice::{InvoiceCheck, WantedInvoice};
use super::reads::{FromSeen, ReadObject, SeenObject};
use crate::api::bill_runs::{
    BillRun, CancelBillRun, CreateBillRun, DeleteBillRun, EmailBillRun, PostBillRun,
};
use crate::api::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CancelInvoice,
    CreateStandaloneInvoice, CreateTaxationItems, DeleteInvoice, EmailInvoice, GetInvoiceItems, Invoice,
    InvoicePatch, PostInvoice, ReverseInvoice, UpdateInvoice, UploadInvoiceFile, WriteOffInvoice,
};
use crate::api::jobs::GetOperationJob;
use crate::api::object_query::QueriedInvoice;
use crate::call::read_back::{JobCheck, Processing, Sight};
use crate::error::Result;
use crate::operation::Paginated;
use crate::operation::raw::RawOperation;
use crate::types::InvoiceKey;

/// Number of items from which the service posts or cancels an invoice in a job.
const POST_JOB_ITEMS: u64 = 1000;
/// Number of items from which the service deletes an invoice in a job.
const DELETE_JOB_ITEMS: u64 = 100;
/// Number of items from which the service may reverse an invoice in a job.
const REVERSE_JOB_ITEMS: u64 = 2000;
/// Reason code of a write-off without one.
const WRITE_OFF_REASON: &str = "Write-off";

/// A write of this crate, without its type: what to read, and what it proves.
#[derive(Clone, Debug)]
pub struct Checked {
    checks: Vec<Check>,
    object: String,
    processing: Processing,
    /// Invoice with the number of items from which the service may use a job.
    job: Option<(InvoiceKey, u64)>,
}

impl Checked {
    /// Creates the check of a write, or of any other operation, that no read can show.
    pub fn unreadable(object: impl Into<String>) -> Self {
        Self { checks: Vec::new(), object: object.into(), processing: Processing::Immediate, job: None }
    }

    fn one(check: Check) -> Self {
        Self { object: check.name(), checks: vec![check], processing: Processing::Immediate, job: None }
    }

    fn invoice(key: &InvoiceKey, wanted: WantedInvoice) -> Self {
        Self::one(Check::Invoice(InvoiceCheck::new(key.clone(), wanted)))
    }

    fn job_from(self, key: &InvoiceKey, items: u64) -> Self {
        Self { processing: Processing::MaybeJob, job: Some((key.clone(), items)), ..self }
    }

    fn bill_run(id: &crate::types::BillRunId, wanted: WantedRun) -> Self {
        let check = Check::BillRun(BillRunCheck { id: id.clone(), wanted });
        Self { processing: Processing::Background, ..Self::one(check) }
    }

    fn all(object: String, checks: Vec<Check>) -> Self {
        Self { object, checks, processing: Processing::Immediate, job: None }
    }

    /// Returns the name of the object.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Does what [`Reconcile::begin`](crate::reconcile::Reconcile::begin) does.
    pub fn begin(&self) -> Option<ReadObject> {
        self.checks.iter().find_map(Check::begin)
    }

    /// Does what [`Reconcile::observe`](crate::reconcile::Reconcile::observe) does.
    ///
    /// # Errors
    /// The read failed.
    pub fn observe<T: FromSeen>(
        &self,
        sight: &mut Sight<T>,
        read: &ReadObject,
        seen: Result<SeenObject>,
    ) -> Result<Option<ReadObject>> {
        observe(&self.checks, sight, read, seen)
    }

    /// Does what [`Reconcile::processing`](crate::reconcile::Reconcile::processing) does.
    pub fn processing(&self) -> Processing {
        self.processing
    }

    /// Does what [`Reconcile::job`](crate::reconcile::Reconcile::job) does.
    pub fn job(&self, id: &str) -> Option<ReadObject> {
        self.job.as_ref().map(|_| ReadObject::Job(GetOperationJob::new(id)))
    }

    /// Does what [`Reconcile::count`](crate::reconcile::Reconcile::count) does.
    pub fn count(&self) -> Option<ReadObject> {
        self.job.as_ref().map(|(invoice, _)| ReadObject::Items(GetInvoiceItems::new(invoice.clone())))
    }

    /// Does what [`Reconcile::counted`](crate::reconcile::Reconcile::counted) does. Discounts are items too, and each tax line counts.
    ///
    /// # Errors
    /// The read failed.
    pub fn counted(
        &self,
        items: &mut u64,
        read: &ReadObject,
        page: Result<SeenObject>,
    ) -> Result<JobCheck<ReadObject>> {
        let page = page?;
        let (SeenObject::Items(page), ReadObject::Items(list), Some((_, limit))) = (page, read, &self.job)
        else {
            return Ok(JobCheck::Possible);
        };
        let (rows, next) = list.into_page(*page);
        for row in &rows {
            let taxes = row.taxation_items.as_ref().map_or(0, |taxes| taxes.data.len());
            if row.taxation_items.as_ref().is_some_and(|taxes| taxes.next_page.is_some()) {
                return Ok(JobCheck::Possible);
            }
            *items = items.saturating_add(1).saturating_add(u64::try_from(taxes).unwrap_or(u64::MAX));
        }
        Ok(match next {
            _ if *items >= *limit => JobCheck::Possible,
            Some(next) => JobCheck::Next(ReadObject::Items(next)),
            None => JobCheck::Impossible,
        })
    }
}

/// Implements [`Reconcile`] for a write that converts to [`Checked`], by the checks of that.
macro_rules! reconcile_by_checks {
    ($write:ty as $object:ty) => {
        impl $crate::call::read_back::Reconcile for $write {
            type Read = $crate::api::read_back::ReadObject;
            type Object = $object;

            fn object(&self) -> String {
                $crate::api::read_back::Checked::from(self).object().to_owned()
            }

            fn begin(&self) -> Option<$crate::api::read_back::ReadObject> {
                $crate::api::read_back::Checked::from(self).begin()
            }

            fn observe(
                &self,
                sight: &mut $crate::call::read_back::Sight<$object>,
                read: &$crate::api::read_back::ReadObject,
                seen: $crate::Result<$crate::api::read_back::SeenObject>,
            ) -> $crate::Result<Option<$crate::api::read_back::ReadObject>> {
                $crate::api::read_back::Checked::from(self).observe(sight, read, seen)
            }

            fn processing(&self) -> $crate::call::read_back::Processing {
                $crate::api::read_back::Checked::from(self).processing()
            }

            fn job(&self, id: &str) -> Option<$crate::api::read_back::ReadObject> {
                $crate::api::read_back::Checked::from(self).job(id)
            }

            fn count(&self) -> Option<$crate::api::read_back::ReadObject> {
                $crate::api::read_back::Checked::from(self).count()
            }

            fn counted(
                &self,
                items: &mut u64,
                read: &$crate::api::read_back::ReadObject,
                page: $crate::Result<$crate::api::read_back::SeenObject>,
            ) -> $crate::Result<$crate::call::read_back::JobCheck<$crate::api::read_back::ReadObject>> {
                $crate::api::read_back::Checked::from(self).counted(items, read, page)
            }
        }
    };
}
pub(crate) use reconcile_by_checks;

/// Implements [`Reconcile`] for writes, and the conversion that forgets their type.
macro_rules! reconcile {
    ($($operation:ident as $object:ty => |$write:pat_param| $checked:expr;)*) => {$(
        impl From<&$operation> for Checked {
            fn from($write: &$operation) -> Self {
                $checked
            }
        }

        reconcile_by_checks!($operation as $object);
    )*};
}

reconcile! {
    PostBillRun as BillRun => |write| Checked::bill_run(&write.bill_run, WantedRun::Posted);
    CancelBillRun as BillRun => |write| Checked::bill_run(
        &write.bill_run,
        if write.is_of_all_occurrences() { WantedRun::AllCanceled } else { WantedRun::Canceled },
    );
    DeleteBillRun as BillRun => |write| Checked::bill_run(&write.bill_run, WantedRun::Deleted);
    CreateBillRun as SeenObject => |_| Checked::unreadable("the new bill run");
    EmailBillRun as SeenObject => |write| Checked::unreadable(format!("emails of bill run {}", write.bill_run));

    PostInvoice as Invoice => |write| {
        Checked::invoice(&write.invoice, WantedInvoice::Posted).job_from(&write.invoice, POST_JOB_ITEMS)
    };
    CancelInvoice as Invoice => |write| {
        Checked::invoice(&write.invoice, WantedInvoice::Canceled).job_from(&write.invoice, POST_JOB_ITEMS)
    };
    DeleteInvoice as Invoice => |write| {
        Checked::invoice(&write.invoice, WantedInvoice::Deleted).job_from(&write.invoice, DELETE_JOB_ITEMS)
    };
    ReverseInvoice as QueriedInvoice => |write| {
        Checked::invoice(&write.invoice, WantedInvoice::Reversed).job_from(&write.invoice, REVERSE_JOB_ITEMS)
    };
    WriteOffInvoice as Invoice => |write| {
        let details = &write.details;
        let reason = details.reason_code.clone().unwrap_or_else(|| WRITE_OFF_REASON.to_owned());
        let is_whole = details.amount.is_none() && details.items.is_empty();
        Checked::invoice(&write.invoice, WantedInvoice::WrittenOff { reason, is_whole })
    };
    UpdateInvoice as Invoice => |write| {
        Checked::invoice(&write.invoice, WantedInvoice::Changed(Box::new(write.changes.clone())))
    };
    CreateStandaloneInvoice as Invoice => |write| match created(write) {
        Some(check) => Checked::one(check),
        None => Checked::unreadable("the new invoice"),
    };
    EmailInvoice as SeenObject => |write| Checked::unreadable(format!("email of invoice {}", write.invoice));
    UploadInvoiceFile as SeenObject => |write| {
        Checked::unreadable(format!("the new file of invoice {}", write.invoice))
    };
    CreateTaxationItems as SeenObject => |write| {
        Checked::unreadable(format!("the new tax lines of invoice {}", write.invoice))
    };

    BulkPostInvoices as SeenObject => |write| {
        let rows = write.rows().iter().enumerate();
        let check = |(row, invoice): (usize, &crate::api::invoices::InvoiceToPost)| match &invoice.id {
            Some(id) => Check::Invoice(InvoiceCheck::new(id, WantedInvoice::Posted)),
            None => Check::Unreadable(format!("row {row}")),
        };
        Checked::all(format!("{} invoices", write.rows().len()), rows.map(check).collect())
    };
    BulkUpdateInvoices as SeenObject => |write| {
        let rows = write.changes().iter().enumerate();
        let check = |(row, changes): (usize, &InvoicePatch)| match changes.invoice() {
            Some(id) => Check::Invoice(InvoiceCheck::new(id, WantedInvoice::Changed(Box::new(changes.clone())))),
            None => Check::Unreadable(format!("row {row}")),
        };
        Checked::all(format!("{} invoices", write.changes().len()), rows.map(check).collect())
    };
    BulkCreateStandaloneInvoices as SeenObject => |write| {
        let rows = write.rows().iter().enumerate();
        let check = |(row, invoice)| created(invoice).unwrap_or_else(|| Check::Unreadable(format!("row {row}")));
        Checked::all(format!("{} new invoices", write.rows().len()), rows.map(check).collect())
    };

    RawOperation as SeenObject => |_| Checked::unreadable("the object of a raw operation");
}

fn created(create: &CreateStandaloneInvoice) -> Option<Check> {
    let number = create.own_number()?;
    Some(Check::Invoice(InvoiceCheck::new(number, WantedInvoice::Created(Box::new(create.clone())))))
}
