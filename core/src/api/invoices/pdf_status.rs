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

/// `GET /v1/invoices/pdf-status` ("Retrieve the PDF file generation status of invoices"): says how far the PDF files of up to 50 invoices are.
///
/// ```
/// use zuora_core::invoices::GetInvoicePdfStatus;
/// use zuora_core::Operation;
///
/// let request = GetInvoicePdfStatus::new(["INV00000155", "INV00000156"]).request()?;
/// assert_eq!(request.uri(), "/v1/invoices/pdf-status?invoiceKeys=INV00000155%2CINV00000156");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoicePdfStatus {
    #[serde(rename = "invoiceKeys")]
    invoices: Vec<InvoiceKey>,
}

impl GetInvoicePdfStatus {
    /// Of the invoices of these ids or numbers, 1 to 50.
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
            return Err(Error::invalid("invoiceKeys", "takes 1 to 50 invoices"));
        }
        let mut keys = String::with_capacity(33 * self.invoices.len());
        for key in &self.invoices {
            if key.as_str().is_empty() || key.as_str().contains(',') {
                return Err(Error::invalid("invoiceKeys", "takes no empty key and none with a comma"));
            }
            if !keys.is_empty() {
                keys.push(',');
            }
            keys.push_str(key.as_str());
        }
        RequestBuilder::new(&SPEC).query("invoiceKeys", &keys).empty()
    }

    fn parse(&self, success: &HttpResponse) -> Result<InvoicePdfStatuses> {
        json::read(success.body())
    }
}

model! {
    /// How far the PDF files of invoices are.
    pub response InvoicePdfStatuses {
        /// One row for each invoice.
        pub invoices: Vec<InvoicePdfStatus> = "invoiceFiles",
    }
}

model! {
    /// How far the PDF file of an invoice is.
    pub struct InvoicePdfStatus {
        /// Id of the invoice.
        pub invoice_id: Option<InvoiceId> = "invoiceId",
        /// Number of the invoice.
        pub invoice_number: Option<InvoiceNumber> = "invoiceNumber",
        /// How far it is.
        pub status: Option<PdfStatus> = "pdfGenerationStatus",
        /// Where the file is, once it is generated.
        pub pdf_file_url: Option<Box<str>> = "pdfFileUrl" | "pdfFileURL",
        /// What sort of failure it was, such as `INVALID_TEMPLATE`.
        pub error_category: Option<Box<str>> = "errorCategory" | "errorCode",
        /// Why it failed.
        pub error_message: Option<Box<str>> = "errorMessage",
        /// When the file was asked for, in the tenant's time zone.
        pub created_on: Option<DateTime> = "createdOn",
        /// When the status changed last, in the tenant's time zone.
        pub updated_on: Option<DateTime> = "updatedOn",
    }
}

impl InvoicePdfStatus {
    /// The id under which the file is downloaded, once it is generated.
    pub fn file_id(&self) -> Option<FileId> {
        file_id(self.pdf_file_url.as_deref())
    }
}

open_enum! {
    /// How far the PDF file of an invoice is.
    pub enum PdfStatus {
        /// There is none.
        None = "None",
        /// Asked for.
        Pending = "Pending",
        /// Being made.
        Processing = "Processing",
        /// Ready to be downloaded.
        Generated = "Generated",
        /// Could not be made.
        Error = "Error",
        /// The invoice has changed since it was made.
        Obsolete = "Obsolete",
        /// Put away.
        Archived = "Archived",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_an_answer_are_read() {
        let body = r#"{"success":true,"invoiceFiles":[{"invoiceId":"1","pdfGenerationStatus":"Generated",
            "pdfFileURL":"/v1/files/f","createdOn":"2024-01-01 10:00:00"},
            {"invoiceNumber":"INV2","pdfGenerationStatus":"Error","errorCode":"INVALID_TEMPLATE"}]}"#;
        let answer = GetInvoicePdfStatus::new(["1"]).parse(&HttpResponse::new(body.into())).unwrap();
        let [done, failed] = &answer.invoices[..] else { panic!("{answer:?}") };
        assert_eq!((done.status.as_ref(), done.file_id()), (Some(&PdfStatus::Generated), Some("f".into())));
        assert_eq!(failed.error_category.as_deref(), Some("INVALID_TEMPLATE"));
        assert!(done.extra.is_empty() && failed.extra.is_empty());
    }

    #[test]
    fn keys_that_the_list_cannot_hold_are_refused() {
        let fault = |keys: Vec<&str>| GetInvoicePdfStatus::new(keys).request().err();
        for keys in [vec![], vec!["1"; 51], vec!["1", ""], vec!["1,2"]] {
            assert_eq!(fault(keys).unwrap().field(), Some("invoiceKeys"));
        }
        assert!(fault(vec!["1"; 50]).is_none());
    }
}
