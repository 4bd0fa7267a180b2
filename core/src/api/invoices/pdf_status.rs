//! `GET /v1/invoices/pdf-status`

use serde::{Deserialize, Serialize};

use crate::api::invoices::files::file_id;
use crate::error::{Error, Result};
use crate::model::json;
use crate::model::model;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::open_enum::open_enum;
use crate::types::{DateTime, FileId, InvoiceId, InvoiceKey, InvoiceNumber};

static SPEC: Spec = Spec::read("get_invoice_pdf_status", "/v1/invoices/pdf-status");

/// `GET /v1/invoices/pdf-status` ("Retrieve the PDF file generation status of invoices"): retrieves the
/// status of the PDF generation of 1 to 50 invoices.
///
/// [`PdfWaiter`](crate::api::invoices::PdfWaiter) polls the status until every file is generated or has
/// failed.
///
/// ```
/// use zuora_core::invoices::{GetInvoicePdfStatus, PdfStatus};
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().query(), Some("invoiceKeys=INV00000155%2CINV00000156"));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"invoiceFiles":[{"invoiceNumber":"INV00000155",
/// #         "pdfGenerationStatus":"Processing"},{"invoiceNumber":"INV00000156",
/// #         "pdfGenerationStatus":"Generated","pdfFileUrl":"/v1/files/8f"}]}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let response = client.call(&GetInvoicePdfStatus::new(["INV00000155", "INV00000156"]))?;
/// assert_eq!(response.invoices[0].status, Some(PdfStatus::Processing));
/// assert_eq!(response.invoices[1].file_id().unwrap(), "8f");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_invoice_pdf_status")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoicePdfStatus {
    #[serde(rename = "invoiceKeys")]
    invoices: Vec<InvoiceKey>,
}

impl GetInvoicePdfStatus {
    /// Creates the operation for 1 to 50 invoice ids or numbers.
    pub fn new<I: Into<InvoiceKey>>(invoices: impl IntoIterator<Item = I>) -> Self {
        Self { invoices: invoices.into_iter().map(Into::into).collect() }
    }
}

impl Operation for GetInvoicePdfStatus {
    type Output = InvoicePdfStatuses;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        if !(1..=50).contains(&self.invoices.len()) {
            return Err(Error::invalid("invoiceKeys", "must have 1 to 50 entries"));
        }
        let mut keys = String::with_capacity(33 * self.invoices.len());
        for key in &self.invoices {
            if key.as_str().is_empty() || key.as_str().contains(',') {
                return Err(Error::invalid(
                    "invoiceKeys",
                    "must not contain an empty key or a key with a comma",
                ));
            }
            if !keys.is_empty() {
                keys.push(',');
            }
            keys.push_str(key.as_str());
        }
        RequestBuilder::new(&SPEC).query("invoiceKeys", &keys).empty()
    }

    fn parse(&self, success: &HttpResponse) -> Result<InvoicePdfStatuses> {
        json::read(success)
    }
}

model! {
    /// Status of the PDF generation of several invoices.
    #[doc(alias = "GetInvoicePdfStatusBatchResponse")]
    pub response InvoicePdfStatuses {
        /// One row for each invoice.
        pub invoices: Vec<InvoicePdfStatus> = "invoiceFiles",
    }
}

model! {
    /// Status of the PDF generation of an invoice.
    pub struct InvoicePdfStatus {
        /// Id of the invoice.
        pub invoice_id: Option<InvoiceId> = "invoiceId",
        /// Number of the invoice.
        pub invoice_number: Option<InvoiceNumber> = "invoiceNumber",
        /// Status of the PDF generation.
        pub status: Option<PdfStatus> = "pdfGenerationStatus",
        /// Path of the file once it is generated.
        pub pdf_file_url: Option<Box<str>> = "pdfFileUrl" | "pdfFileURL",
        /// Category of the failure, such as `INVALID_TEMPLATE`.
        pub error_category: Option<Box<str>> = "errorCategory" | "errorCode",
        /// Message of the failure.
        pub error_message: Option<Box<str>> = "errorMessage",
        /// Time at which the file was requested, in the tenant's time zone.
        pub created_on: Option<DateTime> = "createdOn",
        /// Time of the last status change, in the tenant's time zone.
        pub updated_on: Option<DateTime> = "updatedOn",
    }
}

impl InvoicePdfStatus {
    /// Returns the id of the file, to download it with [`GetFiles`](crate::api::files::GetFiles), once the
    /// file is generated.
    pub fn file_id(&self) -> Option<FileId> {
        file_id(self.pdf_file_url.as_deref())
    }
}

open_enum! {
    /// Status of a PDF generation.
    pub enum PdfStatus {
        /// No file was requested.
        None = "None",
        /// Requested, but not started.
        Pending = "Pending",
        /// Being generated.
        Processing = "Processing",
        /// Ready for download.
        Generated = "Generated",
        /// Generation failed.
        Error = "Error",
        /// Outdated, because the invoice changed after the generation.
        Obsolete = "Obsolete",
        /// Archived.
        Archived = "Archived",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_field_are_decoded() {
        let body = r#"{"success":true,"invoiceFiles":[{"invoiceId":"1","pdfGenerationStatus":"Generated",
            "pdfFileURL":"/v1/files/f","createdOn":"2024-01-01 10:00:00"},
            {"invoiceNumber":"INV2","pdfGenerationStatus":"Error","errorCode":"INVALID_TEMPLATE"}]}"#;
        let response = GetInvoicePdfStatus::new(["1"]).parse(&HttpResponse::new(body.into())).unwrap();
        let [done, failed] = &response.invoices[..] else { panic!("{response:?}") };
        assert_eq!((done.status.as_ref(), done.file_id()), (Some(&PdfStatus::Generated), Some("f".into())));
        assert_eq!(failed.error_category.as_deref(), Some("INVALID_TEMPLATE"));
        assert!(done.extra.is_empty() && failed.extra.is_empty());
    }

    #[test]
    fn invalid_keys_are_rejected() {
        let error = |keys: Vec<&str>| GetInvoicePdfStatus::new(keys).request().err();
        for keys in [vec![], vec!["1"; 51], vec!["1", ""], vec!["1,2"]] {
            assert_eq!(error(keys).unwrap().field(), Some("invoiceKeys"));
        }
        assert!(error(vec!["1"; 50]).is_none());
    }
}
