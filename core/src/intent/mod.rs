//! Operations stored as JSON text, to be performed later or by another process.
//!
//! An [`Intent`] is an operation with its idempotency key. A producer writes it into a queue, and a worker reads it from
//! the queue and performs it.

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

/// An operation with the idempotency key to send it under.
///
/// [`to_json`](Self::to_json) and [`from_json`](Self::from_json) convert an intent to text and back. Amounts stay exact
/// only as JSON *text*: do not convert an intent through `serde_json::Value` or a binary format.
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
/// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"id":"2c98","success":true}"#)));
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let intent = Intent::from_json(&text)?;
/// assert_eq!(intent.operation.spec().name, "create_bill_run");
/// client.call_with(&intent.operation, &intent.options())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "queue")]
#[doc(alias = "job")]
#[doc(alias = "idempotency")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Intent {
    /// Operation to perform.
    pub operation: AnyOperation,
    /// Idempotency key to send the operation under. Without a key, a POST that two workers perform is applied twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

impl Intent {
    /// Creates an intent without an idempotency key.
    pub fn new(operation: impl Into<AnyOperation>) -> Self {
        Self { operation: operation.into(), idempotency_key: None }
    }

    /// Sets the idempotency key that every worker sends: see [`CallOptions::idempotency_key`].
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Returns the options to call the operation with.
    pub fn options(&self) -> CallOptions {
        match &self.idempotency_key {
            Some(key) => CallOptions::new().idempotency_key(key),
            None => CallOptions::new(),
        }
    }

    /// Serializes the intent as JSON text.
    ///
    /// # Errors
    /// A value cannot be serialized.
    // Inlined, as `from_json` is: only programs that use intents compile the serialization of all operations, which would
    // be a quarter of the code of this library.
    #[doc(alias = "serialize")]
    #[inline]
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::invalid("intent", error.to_string()))
    }

    /// Deserializes an intent from its JSON text.
    ///
    /// # Errors
    /// The text was not written by [`to_json`](Self::to_json), or this version does not have the operation.
    #[doc(alias = "deserialize")]
    #[inline]
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::unreadable("intent", error.to_string()))
    }
}

/// Defines `AnyOperation` and `AnyResponse` from one list of all operations.
macro_rules! any_operation {
    ($($operation:ident => $response:ty = $name:literal,)*) => {
        /// Any of the typed operations. Its JSON text is tagged with the name of the operation in the API.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum AnyOperation {
            $(#[serde(rename = $name)] $operation($operation),)*
        }

        /// Value that an [`AnyOperation`] returns.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum AnyResponse {
            $($operation($response),)*
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
    fn an_intent_survives_a_round_trip_through_its_text() {
        let day = "2024-06-01".parse().unwrap();
        let item = NewInvoiceItem::named("Fee", "10.000000000".parse::<Amount>().unwrap(), day);
        let create = CreateStandaloneInvoice::new(AccountId::from("a"), day, [item]);
        let intent = Intent::new(create).idempotency_key("k");
        let text = intent.to_json().unwrap();
        assert!(text.starts_with(r#"{"operation":{"create_standalone_invoice":{"#), "{text}");
        assert!(text.contains("10.000000000") && text.ends_with(r#""idempotency_key":"k"}"#), "{text}");
        let back = Intent::from_json(&text).unwrap();
        assert_eq!(back, intent);
        assert_eq!(back.operation.request().unwrap().body(), intent.operation.request().unwrap().body());
        let unknown = Intent::from_json(r#"{"operation":{"pause_bill_run":{}}}"#).unwrap_err();
        assert!(unknown.to_string().contains("pause_bill_run"), "{unknown}");
    }

    #[test]
    fn the_name_in_the_text_is_that_of_the_spec() {
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
