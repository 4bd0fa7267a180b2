//! Waiter for the PDF files of invoices.

use serde::{Deserialize, Serialize};

use crate::api::invoices::{GetInvoicePdfStatus, InvoicePdfStatus, InvoicePdfStatuses, PdfStatus};
use crate::call::poller::{Progress, Waiter};
use crate::error::Result;
use crate::transport::Timestamp;
use crate::types::InvoiceKey;

/// Waits until the PDF file of each of 1 to 50 invoices is generated or has failed.
///
/// The output is one row for each invoice. The row of a failed file contains the error message, and does not
/// stop the wait for the other files. The waiter also waits for outdated files and for files that were not
/// requested yet, because posting and most changes make the service generate a new file.
///
/// ```
/// use zuora_core::files::GetFiles;
/// use zuora_core::invoices::PdfWaiter;
/// use zuora_core::{Client, Config, DataCenter};
/// use zuora_core::polling::PollingPolicy;
/// use zuora_core::testing::FakeTransport;
///
/// # let transport = FakeTransport::new(|request| Ok(match request.uri().path() {
/// #     "/v1/invoices/pdf-status" => FakeTransport::json(200, r#"{"invoiceFiles":[{"invoiceId":"8a",
/// #         "pdfGenerationStatus":"Generated","pdfFileUrl":"/v1/files/8f"}],"success":true}"#),
/// #     _ => FakeTransport::json(200, "%PDF-1.7"),
/// # }));
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, transport)?;
/// for row in client.wait(PdfWaiter::new(["INV00000155"]), PollingPolicy::default())? {
///     match row.file_id() {
///         Some(file) => assert!(client.call(&GetFiles::new(file))?.is_pdf()),
///         None => println!("{:?}", row.error_message),
///     }
/// }
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "wait")]
#[doc(alias = "poll")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PdfWaiter {
    invoices: Vec<InvoiceKey>,
}

impl PdfWaiter {
    /// Creates the waiter for 1 to 50 invoice ids or numbers.
    pub fn new<I: Into<InvoiceKey>>(invoices: impl IntoIterator<Item = I>) -> Self {
        Self { invoices: invoices.into_iter().map(Into::into).collect() }
    }
}

impl Waiter for PdfWaiter {
    type Read = GetInvoicePdfStatus;
    type Output = Vec<InvoicePdfStatus>;

    fn read(&self) -> GetInvoicePdfStatus {
        GetInvoicePdfStatus::new(self.invoices.clone())
    }

    fn evaluate(
        &mut self,
        seen: Result<InvoicePdfStatuses>,
        _: Timestamp,
    ) -> Result<Progress<Vec<InvoicePdfStatus>>> {
        let rows = seen?.invoices;
        let is_final = |row: &InvoicePdfStatus| {
            matches!(row.status, Some(PdfStatus::Generated | PdfStatus::Archived | PdfStatus::Error))
        };
        Ok(match rows.len() >= self.invoices.len() && rows.iter().all(is_final) {
            true => Progress::Ready(rows),
            false => Progress::Pending(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_file_ends_the_wait_and_a_missing_row_does_not() {
        let mut waiter = PdfWaiter::new(["1", "2"]);
        let mut evaluate = |rows: &str| {
            let body = format!(r#"{{"invoiceFiles":[{rows}]}}"#);
            match waiter.evaluate(Ok(serde_json::from_str(&body).unwrap()), Timestamp::default()).unwrap() {
                Progress::Ready(rows) => rows.len(),
                Progress::Pending(_) | Progress::Incomplete => 0,
            }
        };
        let done = r#"{"pdfGenerationStatus":"Generated"}"#;
        assert_eq!(evaluate(done), 0);
        assert_eq!(evaluate(&format!(r#"{done},{{"pdfGenerationStatus":"Obsolete"}}"#)), 0);
        assert_eq!(evaluate(&format!(r#"{done},{{"pdfGenerationStatus":"Queued"}}"#)), 0);
        assert_eq!(evaluate(&format!(r#"{done},{{"pdfGenerationStatus":"Error"}}"#)), 2);
    }
}
