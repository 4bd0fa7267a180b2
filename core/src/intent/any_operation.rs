//! The list of all operations.

use serde::{Deserialize, Serialize, Serializer};

use crate::api::bill_runs::{
    BillRun, CancelBillRun, CreateBillRun, DeleteBillRun, EmailBillRun, GetBillRun, PostBillRun,
};
use crate::api::files::{File, GetFiles};
use crate::api::invoices::{
    ApplicationParts, BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CancelInvoice,
    CreateStandaloneInvoice, CreateTaxationItems, CreatedInvoices, CreatedTaxationItems, DeleteInvoice,
    EmailInvoice, GetInvoice, GetInvoiceApplicationParts, GetInvoiceFiles, GetInvoiceItems,
    GetInvoicePdfStatus, GetTaxationItems, Invoice, InvoiceFiles, InvoiceItems, InvoicePdfStatuses,
    InvoiceTaxationItems, PostInvoice, PostedInvoices, ReverseInvoice, ReversedInvoice, UpdateInvoice,
    UpdatedInvoice, UploadInvoiceFile, UploadedFile, WriteOffInvoice, WrittenOffInvoice,
};
use crate::api::jobs::{GetOperationJob, OperationJob, SubmittedJob};
use crate::api::object_query::{QueriedInvoices, QueryInvoices};
use crate::error::{Error, Result};
use crate::model::envelope::Success;
use crate::operation::{Operation, RawOperation, Spec};
use crate::transport::{HttpRequest, HttpResponse};

/// Declares the list of all typed operations.
macro_rules! any_operation {
    ($($operation:ident => $output:ty = $name:literal,)*) => {
        /// Any operation, identified in JSON by its name in the API.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum AnyOperation {
            $(#[serde(rename = $name)] $operation($operation),)*
            #[serde(rename = "raw")]
            Raw(RawOperation),
        }

        /// The response to an [`AnyOperation`].
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum AnyResponse {
            $($operation($output),)*
            Raw(HttpResponse),
        }

        /// The value as the service writes it, without the name of its operation. A raw response is its body, or null if
        /// the body is not text.
        impl Serialize for AnyResponse {
            #[inline]
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$operation(response) => response.serialize(serializer),)*
                    Self::Raw(response) => std::str::from_utf8(response.body()).ok().serialize(serializer),
                }
            }
        }

        impl From<RawOperation> for AnyOperation {
            fn from(operation: RawOperation) -> Self {
                Self::Raw(operation)
            }
        }

        $(impl From<$operation> for AnyOperation {
            fn from(operation: $operation) -> Self {
                Self::$operation(operation)
            }
        })*

        impl Operation for AnyOperation {
            type Output = AnyResponse;

            fn spec(&self) -> &Spec {
                match self {
                    $(Self::$operation(operation) => operation.spec(),)*
                    Self::Raw(operation) => operation.spec(),
                }
            }

            fn request(&self) -> Result<HttpRequest> {
                match self {
                    $(Self::$operation(operation) => operation.request(),)*
                    Self::Raw(operation) => saved(operation)?.request(),
                }
            }

            fn parse(&self, success: &HttpResponse) -> Result<AnyResponse> {
                match self {
                    $(Self::$operation(operation) => operation.parse(success).map(AnyResponse::$operation),)*
                    Self::Raw(operation) => saved(operation)?.parse(success).map(AnyResponse::Raw),
                }
            }
        }
    };
}

/// Returns the operation if it may be saved.
///
/// # Errors
/// A token request: its secret and its token would be saved as JSON.
fn saved(operation: &RawOperation) -> Result<&RawOperation> {
    if operation.requests_token() {
        return Err(Error::invalid(
            "path",
            "must not be that of a token request: call `CreateToken` instead",
        ));
    }
    Ok(operation)
}

any_operation! {
    CreateBillRun => BillRun = "create_bill_run",
    GetBillRun => BillRun = "get_bill_run",
    PostBillRun => BillRun = "post_bill_run",
    CancelBillRun => BillRun = "cancel_bill_run",
    DeleteBillRun => BillRun = "delete_bill_run",
    EmailBillRun => Success = "email_bill_run",
    QueryInvoices => QueriedInvoices = "query_invoices",
    CreateStandaloneInvoice => Invoice = "create_standalone_invoice",
    BulkCreateStandaloneInvoices => CreatedInvoices = "bulk_create_standalone_invoices",
    BulkPostInvoices => PostedInvoices = "bulk_post_invoices",
    BulkUpdateInvoices => Success = "bulk_update_invoices",
    UpdateInvoice => UpdatedInvoice = "update_invoice",
    GetInvoice => Invoice = "get_invoice",
    GetInvoiceItems => InvoiceItems = "get_invoice_items",
    GetInvoiceFiles => InvoiceFiles = "get_invoice_files",
    GetInvoiceApplicationParts => ApplicationParts = "get_invoice_application_parts",
    GetTaxationItems => InvoiceTaxationItems = "get_taxation_items_of_invoice_item",
    CreateTaxationItems => CreatedTaxationItems = "create_invoice_taxation_items",
    GetInvoicePdfStatus => InvoicePdfStatuses = "get_invoice_pdf_status",
    PostInvoice => SubmittedJob = "post_invoice",
    CancelInvoice => SubmittedJob = "cancel_invoice",
    DeleteInvoice => SubmittedJob = "delete_invoice",
    EmailInvoice => Success = "email_invoice",
    UploadInvoiceFile => UploadedFile = "upload_file_for_invoice",
    ReverseInvoice => ReversedInvoice = "reverse_invoice",
    WriteOffInvoice => WrittenOffInvoice = "write_off_invoice",
    GetOperationJob => OperationJob = "get_operation_job",
    GetFiles => File = "get_files",
}
