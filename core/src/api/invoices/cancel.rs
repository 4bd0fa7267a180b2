//! `PUT /v1/invoices/{invoiceKey}/cancel`

use serde::{Deserialize, Serialize};

use crate::api::invoices::{GetInvoice, InvoiceStatus};
use crate::api::jobs::SubmittedJob;
use crate::api::shared::{operation_by_key, read_back_by_key};
use crate::model::json;
use crate::operation::Spec;
use crate::types::InvoiceKey;

static SPEC: Spec = Spec::put("cancel_invoice", "/v1/invoices/{invoiceKey}/cancel");

/// `PUT /v1/invoices/{invoiceKey}/cancel` ("Cancel an invoice"): cancels a draft invoice, for good.
///
/// Below some 1,000 items it is done at once, above by a job: see [`SubmittedJob::status`].
///
/// ```
/// use zuora_core::invoices::CancelInvoice;
/// use zuora_core::Operation;
///
/// let request = CancelInvoice::new("INV00000155").request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/cancel");
/// assert_eq!(&request.body()[..], b"{}");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
}

impl CancelInvoice {
    /// Cancels the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into() }
    }
}

operation_by_key! { CancelInvoice { invoice, {} } -> SubmittedJob, json::read }

read_back_by_key! {
    /// Read back through the invoice's status.
    CancelInvoice { invoice } with GetInvoice, |seen| match seen.ok()?.status.as_ref()? {
        InvoiceStatus::Canceled | InvoiceStatus::CancelInProgress => Some(true),
        InvoiceStatus::Draft | InvoiceStatus::Posted => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::Invoice;
    use crate::call::reconcile::ReadBack;
    use crate::operation::Operation;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let text = serde_json::to_string(&CancelInvoice::new("INV1")).unwrap();
        let request = serde_json::from_str::<CancelInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV1/cancel"));
        assert_eq!(request.headers()["content-type"], "application/json");
    }

    #[test]
    fn only_what_the_status_tells_is_taken_for_certain() {
        let holds = |status: &str| {
            let invoice: Invoice = serde_json::from_str(&format!(r#"{{"status":"{status}"}}"#)).unwrap();
            CancelInvoice::new("1").is_applied(Ok(&invoice))
        };
        assert_eq!(
            (holds("CancelInProgress"), holds("Draft"), holds("New")),
            (Some(true), Some(false), None)
        );
    }
}
