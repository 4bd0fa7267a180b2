//! Names of the operations.

use std::fmt;
use std::str::FromStr;

/// Declares [`ApiOperation`]: each line is an operation and its name.
macro_rules! operations {
    ($($name:ident $text:literal $call:literal;)*) => {
        /// An operation of the service.
        ///
        /// ```
        /// use zuora_sandbox::ApiOperation;
        ///
        /// assert_eq!(ApiOperation::PostBillRun.as_str(), "post_bill_run");
        /// assert_eq!("post_bill_run".parse(), Ok(ApiOperation::PostBillRun));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ApiOperation {
            $(#[doc = concat!("`", $call, "`.")] $name,)*
        }

        impl ApiOperation {
            /// All operations.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the name in snake case.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

operations! {
    CreateToken "create_token" "POST /oauth/token";
    CreateBillRun "create_bill_run" "POST /v1/bill-runs";
    GetBillRun "get_bill_run" "GET /v1/bill-runs/{billRunId}";
    DeleteBillRun "delete_bill_run" "DELETE /v1/bill-runs/{billRunId}";
    PostBillRun "post_bill_run" "PUT /v1/bill-runs/{billRunId}/post";
    CancelBillRun "cancel_bill_run" "PUT /v1/bill-runs/{billRunId}/cancel";
    EmailBillRun "email_bill_run" "POST /v1/bill-runs/{billRunKey}/emails";
    CreateInvoice "create_invoice" "POST /v1/invoices";
    UpdateInvoices "update_invoices" "PUT /v1/invoices";
    CreateInvoices "create_invoices" "POST /v1/invoices/batch";
    PostInvoices "post_invoices" "POST /v1/invoices/bulk-post";
    GetPdfStatus "get_pdf_status" "GET /v1/invoices/pdf-status";
    GetInvoice "get_invoice" "GET /v1/invoices/{invoiceKey}";
    UpdateInvoice "update_invoice" "PUT /v1/invoices/{invoiceKey}";
    DeleteInvoice "delete_invoice" "DELETE /v1/invoices/{invoiceKey}";
    PostInvoice "post_invoice" "PUT /v1/invoices/{invoiceKey}/post";
    CancelInvoice "cancel_invoice" "PUT /v1/invoices/{invoiceKey}/cancel";
    ReverseInvoice "reverse_invoice" "PUT /v1/invoices/{invoiceKey}/reverse";
    WriteOffInvoice "write_off_invoice" "PUT /v1/invoices/{invoiceKey}/write-off";
    EmailInvoice "email_invoice" "POST /v1/invoices/{invoiceKey}/emails";
    UploadFile "upload_file" "POST /v1/invoices/{invoiceKey}/files";
    ListFiles "list_files" "GET /v1/invoices/{invoiceKey}/files";
    ListItems "list_items" "GET /v1/invoices/{invoiceKey}/items";
    ListTaxationItems "list_taxation_items" "GET /v1/invoices/{invoiceKey}/items/{itemId}/taxation-items";
    CreateTaxationItems "create_taxation_items" "POST /v1/invoices/{invoiceKey}/taxation-items";
    ListApplicationParts "list_application_parts" "GET /v1/invoices/{invoiceKey}/application-parts";
    DownloadFile "download_file" "GET /v1/files/{fileId}";
    GetJob "get_job" "GET /v1/operations/jobs/{jobId}";
    QueryInvoices "query_invoices" "GET /object-query/invoices";
    QueryCreditMemos "query_credit_memos" "GET /object-query/credit-memos";
}

impl ApiOperation {
    /// Whether the request has rows that succeed or fail one by one.
    pub(super) const fn has_rows(self) -> bool {
        matches!(self, Self::CreateInvoices | Self::PostInvoices | Self::UpdateInvoices)
    }

    /// Whether a job may execute the operation.
    pub(super) const fn may_be_a_job(self) -> bool {
        matches!(
            self,
            Self::PostInvoice
                | Self::CancelInvoice
                | Self::DeleteInvoice
                | Self::ReverseInvoice
                | Self::WriteOffInvoice
        )
    }
}

impl fmt::Display for ApiOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error of parsing an [`ApiOperation`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of an operation, such as post_bill_run")]
pub struct UnknownOperation(String);

impl FromStr for ApiOperation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().find(|operation| operation.as_str() == name);
        named.copied().ok_or_else(|| UnknownOperation(name.to_owned()))
    }
}
