//! `DELETE /v1/invoices/{invoiceKey}`

use serde::{Deserialize, Serialize};

use crate::api::invoices::GetInvoice;
use crate::api::jobs::SubmittedJob;
use crate::api::shared::{operation_by_key, read_back_by_key};
use crate::model::json;
use crate::operation::Spec;
use crate::types::InvoiceKey;

static SPEC: Spec = Spec::delete("delete_invoice", "/v1/invoices/{invoiceKey}");

/// `DELETE /v1/invoices/{invoiceKey}` ("Delete an invoice"): deletes a canceled invoice.
///
/// Below some 100 items it is done at once, above by a job: see [`SubmittedJob::status`].
///
/// ```
/// use zuora_core::invoices::DeleteInvoice;
/// use zuora_core::Operation;
///
/// let request = DeleteInvoice::new("INV00000155").request()?;
/// assert_eq!((request.method().as_str(), request.uri().path()), ("DELETE", "/v1/invoices/INV00000155"));
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeleteInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
}

impl DeleteInvoice {
    /// Deletes the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into() }
    }
}

operation_by_key! { DeleteInvoice { invoice } -> SubmittedJob, json::read_deleted }

read_back_by_key! {
    /// Read back through the invoice, which is then not found.
    DeleteInvoice { invoice } with GetInvoice, |seen| match seen {
        Err(error) => error.is_not_found().then_some(true),
        Ok(_) => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::jobs::JobStatus;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let text = serde_json::to_string(&DeleteInvoice::new("INV1")).unwrap();
        let request = serde_json::from_str::<DeleteInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("DELETE", "/v1/invoices/INV1"));
        assert!(request.body().is_empty() && request.headers().is_empty());
    }

    #[test]
    fn an_answer_may_have_no_body() {
        let parse =
            |body: &'static str| DeleteInvoice::new("1").parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(parse("").status(), JobStatus::Completed);
        assert_eq!(parse(r#"{"id":"i","jobId":"j","jobStatus":"Pending"}"#).status(), JobStatus::Pending);
    }
}
