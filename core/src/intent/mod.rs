//! Operations that lie in a queue until some worker runs them.

mod read_back;

use serde::{Deserialize, Serialize};

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
use crate::operation::{Operation, Spec};
use crate::session::call_options::CallOptions;
use crate::transport::{HttpRequest, HttpResponse};

/// Any operation with the key that it is to be sent under: what a producer puts into a queue as JSON text and a
/// worker takes out of it.
///
/// Amounts stay exact only as JSON *text*: do not send it through `serde_json::Value` or a binary format.
///
/// ```
/// use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun};
/// use zuora_core::{Client, Config, DataCenter, Date, Operation};
/// use zuora_core::intent::Intent;
/// use zuora_core::testing::FakeTransport;
///
/// let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31)?));
/// let text = Intent::new(create).idempotency_key("march-2026").to_json()?;
///
/// # let world = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"id":"2c98","success":true}"#)));
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// # let client = Client::with_transport(&config, world)?;
/// let queued = Intent::from_json(&text)?;
/// assert_eq!(queued.operation.spec().name, "create_bill_run");
/// client.call_with(&queued.operation, &queued.options())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Intent {
    /// What to do.
    pub operation: AnyOperation,
    /// The key to do it under. A POST that two workers take up without one is done twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

impl Intent {
    /// Queues an operation.
    pub fn new(operation: impl Into<AnyOperation>) -> Self {
        Self { operation: operation.into(), idempotency_key: None }
    }

    /// The key that every worker sends: see [`CallOptions::idempotency_key`].
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The options to call it with.
    pub fn options(&self) -> CallOptions {
        match &self.idempotency_key {
            Some(key) => CallOptions::new().idempotency_key(key),
            None => CallOptions::new(),
        }
    }

    /// As JSON text.
    ///
    /// # Errors
    /// A value that cannot be written.
    // Inlined, and so is `from_json`: only programs that queue compile the writers and readers of all operations,
    // which would be a quarter of this library's code.
    #[inline]
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::invalid("queued", error.to_string()))
    }

    /// Out of its text.
    ///
    /// # Errors
    /// Text that [`to_json`](Self::to_json) did not write, or an operation that this version does not know.
    #[inline]
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::unreadable("queued", error.to_string()))
    }
}

/// The list of all operations, once.
macro_rules! any_operation {
    ($($operation:ident => $answer:ty = $name:literal,)*) => {
        /// Any of the typed operations, told apart in text by its name in the API.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum AnyOperation {
            $(#[serde(rename = $name)] $operation($operation),)*
        }

        /// What an [`AnyOperation`] gives.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum AnyResponse {
            $($operation($answer),)*
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
                }
            }

            fn request(&self) -> Result<HttpRequest> {
                match self {
                    $(Self::$operation(operation) => operation.request(),)*
                }
            }

            fn parse(&self, success: &HttpResponse) -> Result<AnyResponse> {
                match self {
                    $(Self::$operation(operation) => operation.parse(success).map(AnyResponse::$operation),)*
                }
            }
        }
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::NewInvoiceItem;
    use crate::types::{AccountId, Amount};

    #[test]
    fn an_operation_comes_out_of_its_text_as_it_went_in() {
        let day = "2024-06-01".parse().unwrap();
        let item = NewInvoiceItem::named("Fee", "10.000000000".parse::<Amount>().unwrap(), day);
        let create = CreateStandaloneInvoice::new(AccountId::from("a"), day, [item]);
        let queued = Intent::new(create).idempotency_key("k");
        let text = queued.to_json().unwrap();
        assert!(text.starts_with(r#"{"operation":{"create_standalone_invoice":{"#), "{text}");
        assert!(text.contains("10.000000000") && text.ends_with(r#""idempotency_key":"k"}"#), "{text}");
        let back = Intent::from_json(&text).unwrap();
        assert_eq!(back, queued);
        assert_eq!(back.operation.request().unwrap().body(), queued.operation.request().unwrap().body());
        let unknown = Intent::from_json(r#"{"operation":{"pause_bill_run":{}}}"#).unwrap_err();
        assert!(unknown.to_string().contains("pause_bill_run"), "{unknown}");
    }

    #[test]
    fn its_name_in_text_is_that_of_its_facts() {
        for operation in [
            AnyOperation::from(GetBillRun::new("a")),
            GetInvoiceItems::new("a").into(),
            GetFiles::new("a").into(),
            PostInvoice::new("a").into(),
            QueryInvoices::new().into(),
        ] {
            let text = Intent::new(operation.clone()).to_json().unwrap();
            assert!(text.starts_with(&format!(r#"{{"operation":{{"{}":"#, operation.spec().name)), "{text}");
        }
    }
}
