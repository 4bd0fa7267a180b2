//! Waiting for the PDF files of invoices.

use serde::{Deserialize, Serialize};

use crate::api::invoices::{GetInvoicePdfStatus, InvoicePdfStatus, InvoicePdfStatuses, PdfStatus};
use crate::call::poller::{Progress, Waiter};
use crate::error::Result;
use crate::transport::Timestamp;
use crate::types::InvoiceKey;

/// The PDF files of 1 to 50 invoices, until each is there or has failed.
///
/// Ready are the rows: one whose file could not be made says why, and does not hold up the others. A file that is
/// out of date, or was not asked for yet, is waited for: posting and most changes make the service write a new
/// one.
///
/// ```
/// use zuora_core::files::GetFiles;
/// use zuora_core::invoices::PdfWaiter;
/// use zuora_core::{Client, Config, DataCenter};
/// use zuora_core::polling::PollingPolicy;
/// use zuora_core::testing::FakeTransport;
///
/// # let world = FakeTransport::new(|request| Ok(match request.uri().path() {
/// #     "/v1/invoices/pdf-status" => FakeTransport::json(200, r#"{"invoiceFiles":[{"invoiceId":"8a",
/// #         "pdfGenerationStatus":"Generated","pdfFileUrl":"/v1/files/8f"}],"success":true}"#),
/// #     _ => FakeTransport::json(200, "%PDF-1.7"),
/// # }));
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, world)?;
/// for row in client.wait(PdfWaiter::new(["INV00000155"]), PollingPolicy::default())? {
///     match row.file_id() {
///         Some(file) => assert!(client.call(&GetFiles::new(file))?.is_pdf()),
///         None => println!("{:?}", row.error_message),
///     }
/// }
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PdfWaiter {
    invoices: Vec<InvoiceKey>,
}

impl PdfWaiter {
    /// Of the invoices of these ids or numbers.
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
        let decided = |row: &InvoicePdfStatus| {
            matches!(row.status, Some(PdfStatus::Generated | PdfStatus::Archived | PdfStatus::Error))
        };
        Ok(match rows.len() >= self.invoices.len() && rows.iter().all(decided) {
            true => Progress::Ready(rows),
            false => Progress::Pending(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_file_is_an_answer_and_a_missing_row_is_not() {
        let mut awaited = PdfWaiter::new(["1", "2"]);
        let mut evaluate = |rows: &str| {
            let body = format!(r#"{{"invoiceFiles":[{rows}]}}"#);
            match awaited.evaluate(Ok(serde_json::from_str(&body).unwrap()), Timestamp::default()).unwrap() {
                Progress::Ready(rows) => rows.len(),
                Progress::Pending(_) => 0,
            }
        };
        let done = r#"{"pdfGenerationStatus":"Generated"}"#;
        assert_eq!(evaluate(done), 0);
        assert_eq!(evaluate(&format!(r#"{done},{{"pdfGenerationStatus":"Obsolete"}}"#)), 0);
        assert_eq!(evaluate(&format!(r#"{done},{{"pdfGenerationStatus":"Queued"}}"#)), 0);
        assert_eq!(evaluate(&format!(r#"{done},{{"pdfGenerationStatus":"Error"}}"#)), 2);
    }
}
