//! `GET /v1/invoices/{invoiceKey}/files`

use serde::{Deserialize, Serialize};

use crate::api::invoices::paging::{Paging, numbered_pages};
use crate::api::shared::missing;
use crate::error::Result;
use crate::model::model;
use crate::operation::Spec;
use crate::types::{FileId, InvoiceKey};

static SPEC: Spec = Spec::read("get_invoice_files", "/v1/invoices/{invoiceKey}/files");

/// `GET /v1/invoices/{invoiceKey}/files` ("List all files of an invoice"): lists the PDF files of an invoice
/// in pages, newest first.
///
/// A file that is still being generated is not listed.
/// [`GetInvoicePdfStatus`](crate::api::invoices::GetInvoicePdfStatus) reports its status. A
/// [`RawOperation`](crate::operation::RawOperation) for `POST /v1/action/query` reads the latest file without a list,
/// by the query `select Body from Invoice where Id = '..'`.
///
/// ```
/// use zuora_core::invoices::GetInvoiceFiles;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/invoices/INV00000155/files");
/// #     assert_eq!(request.uri().query(), Some("pageSize=1"));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"invoiceFiles":[{"id":"8e",
/// #         "pdfFileUrl":"/v1/files/2c98901f62d7d83d0162d7facea6262d"}]}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let page = client.call(&GetInvoiceFiles::new("INV00000155").page_size(1))?;
/// let newest = page.files.first().map(|file| file.file_id()).transpose()?;
/// assert_eq!(newest.unwrap(), "2c98901f62d7d83d0162d7facea6262d");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_invoice_files")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoiceFiles {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(default)]
    paging: Paging,
}

impl GetInvoiceFiles {
    /// Creates the operation for an invoice id or number. It starts at the first page and requests 40 files
    /// per page.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), paging: Paging::default() }
    }
}

numbered_pages! {
    GetInvoiceFiles { keys: [invoice], page: paging.page, size: paging.size }
        -> InvoiceFiles { files: InvoiceFile }
}

model! {
    /// Page of invoice files.
    #[doc(alias = "InvoiceFilesResponse")]
    pub response InvoiceFiles {
        /// Files on the page, newest first.
        pub files: Vec<InvoiceFile> = "invoiceFiles",
        /// URL of the next page; absent on the last page. The client does not follow the URL.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// PDF file of an invoice.
    pub struct InvoiceFile {
        /// Id of the row, which is not the id of the file. Use [`file_id`](Self::file_id) to download the
        /// file.
        pub id: Option<Box<str>> = "id",
        /// Path of the file, such as `/v1/files/2c98901f62d7d83d0162d7facea6262d`.
        pub pdf_file_url: Option<Box<str>> = "pdfFileUrl" | "pdfFileURL",
        /// Time of creation, in milliseconds since 1970 UTC.
        pub version_number: Option<i64> = "versionNumber",
    }
}

impl InvoiceFile {
    /// Returns the id of the file, to download it with [`GetFiles`](crate::api::files::GetFiles).
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the row does not contain a URL with an id.
    pub fn file_id(&self) -> Result<FileId> {
        file_id(self.pdf_file_url.as_deref()).ok_or_else(|| missing("invoiceFiles.pdfFileUrl"))
    }
}

/// Returns the last segment of a file URL. The client never follows the URL itself.
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
    fn a_next_page_requires_a_link() {
        let list = GetInvoiceFiles::new("INV1").page_size(2);
        let page = |body: &'static str| list.into_page(list.parse(&HttpResponse::new(body.into())).unwrap());
        let (files, next) = page(
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
        assert!(page(r#"{"invoiceFiles":[{}]}"#).1.is_none());
        assert!(page(r#"{"invoiceFiles":[{}],"nextPage":""}"#).1.is_none());
        assert!(page(r#"{"invoiceFiles":[],"nextPage":"x"}"#).1.is_some());
    }

    #[test]
    fn invalid_pages_are_rejected() {
        let invalid_field = |list: GetInvoiceFiles| list.request().unwrap_err().field().unwrap().to_owned();
        assert_eq!(invalid_field(GetInvoiceFiles::new("1").page_size(41)), "pageSize");
        assert_eq!(invalid_field(GetInvoiceFiles::new("1").page_size(0)), "pageSize");
        assert_eq!(invalid_field(GetInvoiceFiles::new("1").page(0)), "page");
    }

    #[test]
    fn the_file_id_is_the_last_segment_of_the_url() {
        assert_eq!(file_id(Some("https://x/v1/files/abc?x=/y")).unwrap(), "abc");
        assert!(file_id(Some("/")).is_none() && file_id(None).is_none());
        assert_eq!(InvoiceFile::default().file_id().unwrap_err().field(), Some("invoiceFiles.pdfFileUrl"));
    }
}
