//! `GET /v1/invoices/{invoiceKey}/files`

use serde::{Deserialize, Serialize};

use crate::api::invoices::paging::{Paging, numbered_pages};
use crate::api::shared::missing;
use crate::error::Result;
use crate::model::model;
use crate::operation::Spec;
use crate::types::{FileId, InvoiceKey};

static SPEC: Spec = Spec::read("get_invoice_files", "/v1/invoices/{invoiceKey}/files");

/// `GET /v1/invoices/{invoiceKey}/files` ("List all files of an invoice"): lists the PDF files of an invoice, newest first, page by page.
///
/// A file that is still being made is not listed: ask [`GetInvoicePdfStatus`](crate::api::invoices::GetInvoicePdfStatus).
///
/// ```
/// use zuora_core::invoices::GetInvoiceFiles;
/// use zuora_core::Operation;
///
/// let request = GetInvoiceFiles::new("INV00000155").page_size(1).request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/files?pageSize=1");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoiceFiles {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(default)]
    paging: Paging,
}

impl GetInvoiceFiles {
    /// Lists the files of the invoice of this id or number, from the first page on, 40 a page.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), paging: Paging::default() }
    }
}

numbered_pages! {
    GetInvoiceFiles { keys: [invoice], page: paging.page, size: paging.size } -> InvoiceFiles { files: InvoiceFile }
}

model! {
    /// A page of an invoice's files.
    pub response InvoiceFiles {
        /// The files, newest first.
        pub files: Vec<InvoiceFile> = "invoiceFiles",
        /// Address of the next page; none on the last one. It is not followed.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// A PDF file of an invoice.
    pub struct InvoiceFile {
        /// Id of the row, which is not that of the file: take [`file_id`](Self::file_id) to download it.
        pub id: Option<Box<str>> = "id",
        /// Where the file is, such as `/v1/files/2c98901f62d7d83d0162d7facea6262d`.
        pub pdf_file_url: Option<Box<str>> = "pdfFileUrl" | "pdfFileURL",
        /// When it was made, in milliseconds since 1970.
        pub version_number: Option<i64> = "versionNumber",
    }
}

impl InvoiceFile {
    /// The id under which the file is downloaded.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the row has none.
    pub fn file_id(&self) -> Result<FileId> {
        file_id(self.pdf_file_url.as_deref()).ok_or_else(|| missing("invoiceFiles.pdfFileUrl"))
    }
}

/// The last segment of a file's address. The address itself is never followed.
pub(super) fn file_id(url: Option<&str>) -> Option<FileId> {
    let path = url?.split(['?', '#']).next()?;
    path.rsplit('/').find(|segment| !segment.is_empty()).map(FileId::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Paginated};
    use crate::transport::HttpResponse;

    #[test]
    fn pages_go_on_as_long_as_there_is_evidence_and_rows() {
        let list = GetInvoiceFiles::new("INV1").page_size(2);
        let split = |body: &'static str| list.into_page(list.parse(&HttpResponse::new(body.into())).unwrap());
        let (files, next) = split(
            r#"{"invoiceFiles":[{"id":"r","pdfFileUrl":"/v1/files/f1","versionNumber":1524041954479}],
            "nextPage":"https://elsewhere.example/v1/invoices/INV1/files?page=9"}"#,
        );
        assert_eq!(files[0].file_id().unwrap(), "f1");
        assert_eq!(files[0].version_number, Some(1_524_041_954_479));
        let next = next.unwrap();
        assert_eq!(next.request().unwrap().uri(), "/v1/invoices/INV1/files?pageSize=2&page=2");
        assert_eq!(
            serde_json::from_str::<GetInvoiceFiles>(&serde_json::to_string(&next).unwrap()).unwrap(),
            next
        );
        assert!(split(r#"{"invoiceFiles":[{}]}"#).1.is_none());
        assert!(split(r#"{"invoiceFiles":[],"nextPage":"x"}"#).1.is_none());
    }

    #[test]
    fn pages_that_do_not_exist_are_not_asked_for() {
        let fault = |list: GetInvoiceFiles| list.request().unwrap_err().field().unwrap().to_owned();
        assert_eq!(fault(GetInvoiceFiles::new("1").page_size(41)), "pageSize");
        assert_eq!(fault(GetInvoiceFiles::new("1").page_size(0)), "pageSize");
        assert_eq!(fault(GetInvoiceFiles::new("1").page(0)), "page");
    }

    #[test]
    fn the_id_of_a_file_is_the_end_of_its_address() {
        assert_eq!(file_id(Some("https://x/v1/files/abc?x=/y")).unwrap(), "abc");
        assert!(file_id(Some("/")).is_none() && file_id(None).is_none());
        assert_eq!(InvoiceFile::default().file_id().unwrap_err().field(), Some("invoiceFiles.pdfFileUrl"));
    }
}
