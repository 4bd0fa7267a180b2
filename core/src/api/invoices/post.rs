//! `PUT /v1/invoices/{invoiceKey}/post`

use serde::{Deserialize, Serialize};

use crate::api::jobs::SubmittedJob;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::model::model;
use crate::operation::Spec;
use crate::types::{Date, InvoiceKey};

static SPEC: Spec = Spec::put("post_invoice", "/v1/invoices/{invoiceKey}/post");

/// `PUT /v1/invoices/{invoiceKey}/post` ("Post an invoice"): posts a draft invoice.
///
/// The service posts an invoice with fewer than 1,000 items synchronously, and a larger one in a background job.
/// Zuora Global Support changes this threshold on request, so rely on the response. [`SubmittedJob::status`]
/// reports whether the work is done, and [`InvoiceWaiter`](crate::api::invoices::InvoiceWaiter) waits for the job.
/// Posting may change the number of the invoice. The service accepts no idempotency key. After an unknown outcome,
/// reconcile before retrying.
///
/// ```
/// use zuora_core::invoices::PostInvoice;
/// use zuora_core::jobs::JobStatus;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("PUT", "/v1/invoices/2c92c8955bd63cc1015bd7c151af02ab/post"));
/// #     assert_eq!(&request.body()[..], b"{}");
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"id":"2c92","jobId":"2c93","jobStatus":"Pending"}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let submitted = client.call(&PostInvoice::new("2c92c8955bd63cc1015bd7c151af02ab"))?;
/// assert_eq!(submitted.status(), JobStatus::Pending);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "post_invoice")]
#[doc(alias = "PostAsyncInvoiceRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostInvoice {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
    body: Body,
}

model! {
    pub(super) body Body {
        invoice_date: Option<Date> = "invoiceDate",
    }
}

impl PostInvoice {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), body: Body::default() }
    }

    /// Sets the date on the invoice. By default the date does not change.
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.body.invoice_date = Some(date);
        self
    }
}

operation_by_key! { PostInvoice { invoice, body } -> SubmittedJob, json::read }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let operation = PostInvoice::new("INV 1").invoice_date("2024-06-01".parse().unwrap());
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<PostInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV%201/post"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), r#"{"invoiceDate":"2024-06-01"}"#);
    }
}
