//! Reconciling any operation, without its type.

use super::AnyOperation;
use crate::api::read_back::{Checked, ReadObject, SeenObject};
use crate::call::read_back::{JobCheck, Processing, Reconcile, Sight};
use crate::error::Result;
use crate::operation::Operation;

impl From<&AnyOperation> for Checked {
    fn from(operation: &AnyOperation) -> Self {
        match operation {
            AnyOperation::PostBillRun(write) => write.into(),
            AnyOperation::CancelBillRun(write) => write.into(),
            AnyOperation::DeleteBillRun(write) => write.into(),
            AnyOperation::CreateBillRun(write) => write.into(),
            AnyOperation::EmailBillRun(write) => write.into(),
            AnyOperation::PostInvoice(write) => write.into(),
            AnyOperation::CancelInvoice(write) => write.into(),
            AnyOperation::DeleteInvoice(write) => write.into(),
            AnyOperation::ReverseInvoice(write) => write.into(),
            AnyOperation::WriteOffInvoice(write) => write.into(),
            AnyOperation::UpdateInvoice(write) => write.into(),
            AnyOperation::CreateStandaloneInvoice(write) => write.into(),
            AnyOperation::EmailInvoice(write) => write.into(),
            AnyOperation::UploadInvoiceFile(write) => write.into(),
            AnyOperation::CreateTaxationItems(write) => write.into(),
            AnyOperation::BulkPostInvoices(write) => write.into(),
            AnyOperation::BulkUpdateInvoices(write) => write.into(),
            AnyOperation::BulkCreateStandaloneInvoices(write) => write.into(),
            AnyOperation::GetBillRun(_)
            | AnyOperation::QueryInvoices(_)
            | AnyOperation::GetInvoice(_)
            | AnyOperation::GetInvoiceItems(_)
            | AnyOperation::GetInvoiceFiles(_)
            | AnyOperation::GetInvoiceApplicationParts(_)
            | AnyOperation::GetTaxationItems(_)
            | AnyOperation::GetInvoicePdfStatus(_)
            | AnyOperation::GetOperationJob(_)
            | AnyOperation::GetFiles(_)
            | AnyOperation::Raw(_) => Self::unreadable(operation.spec().name),
        }
    }
}

/// Reads do nothing that could be looked for: send them again.
impl Reconcile for AnyOperation {
    type Read = ReadObject;
    type Object = SeenObject;

    fn object(&self) -> String {
        Checked::from(self).object().to_owned()
    }

    fn begin(&self) -> Option<ReadObject> {
        Checked::from(self).begin()
    }

    fn observe(
        &self,
        sight: &mut Sight<SeenObject>,
        read: &ReadObject,
        seen: Result<SeenObject>,
    ) -> Result<Option<ReadObject>> {
        Checked::from(self).observe(sight, read, seen)
    }

    fn processing(&self) -> Processing {
        Checked::from(self).processing()
    }

    fn job(&self, id: &str) -> Option<ReadObject> {
        Checked::from(self).job(id)
    }

    fn count(&self) -> Option<ReadObject> {
        Checked::from(self).count()
    }

    fn counted(
        &self,
        items: &mut u64,
        read: &ReadObject,
        page: Result<SeenObject>,
    ) -> Result<JobCheck<ReadObject>> {
        Checked::from(self).counted(items, read, page)
    }
}
