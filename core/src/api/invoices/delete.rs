//! `DELETE /v1/invoices/{invoiceKey}`

use serde::{Deserialize, Serialize};

use crate::api::jobs::SubmittedJob;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::operation::Spec;
use crate::types::InvoiceKey;

static SPEC: Spec = Spec::delete("delete_invoice", "/v1/invoices/{invoiceKey}");

/// `DELETE /v1/invoices/{invoiceKey}` ("Delete an invoice"): deletes a canceled invoice permanently.
///
/// The service deletes an invoice with fewer than 100 items synchronously, and a larger one in a background job.
/// Zuora Global Support changes this threshold on request, so rely on the response. [`SubmittedJob::status`]
/// reports whether the work is done, and [`InvoiceWaiter`](crate::api::invoices::InvoiceWaiter) waits for the job.
/// The service accepts no idempotency key. After an unknown outcome, reconcile before retrying.
///
/// ```
/// use zuora_core::invoices::DeleteInvoice;
/// use zuora_core::jobs::JobStatus;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("DELETE", "/v1/invoices/INV00000155"));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"id":"2c92",
/// #         "jobId":"2c93","jobStatus":"Completed"}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let submitted = client.call(&DeleteInvoice::new("INV00000155"))?;
/// assert_eq!(submitted.status(), JobStatus::Completed);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "delete_invoice")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeleteInvoice {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
}

impl DeleteInvoice {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into() }
    }
}

operation_by_key! { DeleteInvoice { invoice } -> SubmittedJob, json::read_deleted }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::jobs::JobStatus;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let text = serde_json::to_string(&DeleteInvoice::new("INV1")).unwrap();
        let request = serde_json::from_str::<DeleteInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("DELETE", "/v1/invoices/INV1"));
        assert!(request.body().is_empty() && request.headers().is_empty());
    }

    #[test]
    fn a_response_may_have_no_body() {
        let parse =
            |body: &'static str| DeleteInvoice::new("1").parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(parse("").status(), JobStatus::Completed);
        assert_eq!(parse(r#"{"id":"i","jobId":"j","jobStatus":"Pending"}"#).status(), JobStatus::Pending);
    }
}
