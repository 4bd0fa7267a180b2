//! Reconciling any operation, without its type.

use super::AnyOperation;
use crate::api::read_back::{Checked, SeenObject, reconcile_by_checks};
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

// Reads do nothing that could be looked for: send them again.
reconcile_by_checks!(AnyOperation as SeenObject);
