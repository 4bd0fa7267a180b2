//! `PUT /v1/invoices/{invoiceKey}/post`

use serde::{Deserialize, Serialize};

use crate::api::invoices::{GetInvoice, InvoiceStatus};
use crate::api::jobs::SubmittedJob;
use crate::api::shared::{operation_by_key, read_back_by_key};
use crate::model::json;
use crate::operation::Spec;
use crate::types::{Date, InvoiceKey};

static SPEC: Spec = Spec::put("post_invoice", "/v1/invoices/{invoiceKey}/post");

/// `PUT /v1/invoices/{invoiceKey}/post` ("Post an invoice"): posts a draft invoice.
///
/// Below some 1,000 items it is done at once, above by a job: see [`SubmittedJob::status`]. The number of a draft may
/// change by it.
///
/// ```
/// use zuora_core::invoices::PostInvoice;
/// use zuora_core::Operation;
///
/// let request = PostInvoice::new("2c92c8955bd63cc1015bd7c151af02ab").request()?;
/// assert_eq!(request.uri(), "/v1/invoices/2c92c8955bd63cc1015bd7c151af02ab/post");
/// assert_eq!(&request.body()[..], b"{}");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    body: Body,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Body {
    #[serde(rename = "invoiceDate", skip_serializing_if = "Option::is_none")]
    invoice_date: Option<Date>,
}

impl PostInvoice {
    /// Posts the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), body: Body::default() }
    }

    /// Puts this date on the invoice; without it, the invoice keeps its own.
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.body.invoice_date = Some(date);
        self
    }
}

operation_by_key! { PostInvoice { invoice, body } -> SubmittedJob, json::read }

read_back_by_key! {
    /// Read back through the invoice's status.
    PostInvoice { invoice } with GetInvoice, |seen| match seen.ok()?.status.as_ref()? {
        InvoiceStatus::Posted => Some(true),
        InvoiceStatus::Draft => Some(false),
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
        let operation = PostInvoice::new("INV 1").invoice_date("2024-06-01".parse().unwrap());
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<PostInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV%201/post"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), r#"{"invoiceDate":"2024-06-01"}"#);
    }

    #[test]
    fn only_what_the_status_tells_is_taken_for_certain() {
        let holds = |status: &str| {
            let invoice: Invoice = serde_json::from_str(&format!(r#"{{"status":"{status}"}}"#)).unwrap();
            PostInvoice::new("1").is_applied(Ok(&invoice))
        };
        assert_eq!((holds("Posted"), holds("Draft"), holds("Generating")), (Some(true), Some(false), None));
    }
}
