//! `PUT /v1/invoices/{invoiceKey}/cancel`

use serde::{Deserialize, Serialize};

use crate::api::jobs::SubmittedJob;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::operation::Spec;
use crate::types::InvoiceKey;

static SPEC: Spec = Spec::put("cancel_invoice", "/v1/invoices/{invoiceKey}/cancel");

/// `PUT /v1/invoices/{invoiceKey}/cancel` ("Cancel an invoice"): cancels a draft invoice permanently.
///
/// The service cancels an invoice with fewer than 1,000 items synchronously, and a larger one in a background job.
/// Zuora Global Support changes this threshold on request, so rely on the response. [`SubmittedJob::status`]
/// reports whether the work is done, and [`InvoiceWaiter`](crate::api::invoices::InvoiceWaiter) waits for the job.
/// The service accepts no idempotency key. After an unknown outcome, reconcile before retrying.
///
/// ```
/// use zuora_core::invoices::CancelInvoice;
/// use zuora_core::jobs::JobStatus;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("PUT", "/v1/invoices/INV00000155/cancel"));
/// #     assert_eq!(&request.body()[..], b"{}");
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"id":"2c92",
/// #         "jobId":"2c93","jobStatus":"Completed"}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let submitted = client.call(&CancelInvoice::new("INV00000155"))?;
/// assert_eq!(submitted.status(), JobStatus::Completed);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "cancel_invoice")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelInvoice {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
}

impl CancelInvoice {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into() }
    }
}

operation_by_key! { CancelInvoice { invoice, {} } -> SubmittedJob, json::read }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let text = serde_json::to_string(&CancelInvoice::new("INV1")).unwrap();
        let request = serde_json::from_str::<CancelInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV1/cancel"));
        assert_eq!(request.headers()["content-type"], "application/json");
    }
}
