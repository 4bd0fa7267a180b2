//! `PUT /v1/invoices/{invoiceKey}/reverse`

use serde::{Deserialize, Serialize};

use crate::api::jobs::JobStatus;
use crate::api::object_query::{Comparison, Filter, QueriedInvoices, QueryInvoices};
use crate::call::reconcile::ReadBack;
use crate::error::{Error, Result};
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{CreditMemoId, Date, DebitMemoId, InvoiceId, InvoiceKey, JobId};

static SPEC: Spec = Spec::put("reverse_invoice", "/v1/invoices/{invoiceKey}/reverse");

/// `PUT /v1/invoices/{invoiceKey}/reverse` ("Reverse an invoice"): reverses a posted invoice on which nothing has been settled.
///
/// A credit memo takes its balance to zero, and its charges can be billed again. The invoice stays `Posted` and is
/// flagged as reversed; nothing can be changed on it afterwards. Needs Invoice Settlement. Up to some 2,000 items
/// it is done at once, above by a job.
///
/// ```
/// use zuora_core::invoices::ReverseInvoice;
/// use zuora_core::Operation;
///
/// let request = ReverseInvoice::new("INV00000155").comment("wrong price").request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/reverse");
/// assert_eq!(&request.body()[..], br#"{"comment":"wrong price"}"#);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReverseInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    body: Body,
}

model! {
    pub(super) struct Body {
        memo_date: Option<Date> = "memoDate",
        apply_effective_date: Option<Date> = "applyEffectiveDate",
        comment: Option<String> = "comment" [max_len(255)],
        reason_code: Option<String> = "reasonCode",
    }
}

impl ReverseInvoice {
    /// Reverses the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), body: Body::default() }
    }

    /// Date on the credit memo, not before that of the invoice; by default today.
    #[must_use]
    pub fn memo_date(mut self, date: Date) -> Self {
        self.body.memo_date = Some(date);
        self
    }

    /// Day on which the credit memo is applied, not before its date; by default today.
    #[must_use]
    pub fn apply_effective_date(mut self, date: Date) -> Self {
        self.body.apply_effective_date = Some(date);
        self
    }

    /// Text on the credit memo, at most 255 characters.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.body.comment = Some(text.into());
        self
    }

    /// One of the tenant's reason codes; by default `Invoice reversal`.
    #[must_use]
    pub fn reason_code(mut self, code: impl Into<String>) -> Self {
        self.body.reason_code = Some(code.into());
        self
    }
}

impl Operation for ReverseInvoice {
    type Output = ReversedInvoice;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.body.check_fields(&Path::ROOT)?;
        if let (Some(memo), Some(applied)) = (self.body.memo_date, self.body.apply_effective_date) {
            if applied < memo {
                return Err(Error::invalid("applyEffectiveDate", "is before memoDate"));
            }
        }
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?.json(&self.body, 128)
    }

    fn parse(&self, success: &HttpResponse) -> Result<ReversedInvoice> {
        json::read(success.body())
    }
}

/// Read back through Object Query, which alone shows the flag.
impl ReadBack for ReverseInvoice {
    type Read = QueryInvoices;

    fn read_back(&self) -> QueryInvoices {
        let key = self.invoice.as_str();
        let is_id = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        let field = if is_id { "id" } else { "invoicenumber" };
        QueryInvoices::new().filter(Filter::new(field, Comparison::Equal, key))
    }

    fn is_applied(&self, seen: Result<&QueriedInvoices, &Error>) -> Option<bool> {
        seen.ok()?.data.first()?.reversed
    }
}

model! {
    /// What a reversal made.
    pub response ReversedInvoice {
        /// The credit memo; none while a job is at work.
        pub credit_memo: Option<ReversalCreditMemo> = "creditMemo",
        /// All credit memos, of a split invoice.
        pub credit_memos: Vec<ReversalCreditMemo> = "creditMemos",
        /// The debit memo, when a credit memo of the same charges was reversed too.
        pub debit_memo: Option<ReversalDebitMemo> = "debitMemo",
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Id of the job, of a large invoice.
        pub job_id: Option<JobId> = "jobId",
        /// How the job stands.
        pub job_status: Option<JobStatus> = "jobStatus",
    }
}

model! {
    /// A credit memo that was made.
    pub struct ReversalCreditMemo {
        /// Its id.
        pub id: Option<CreditMemoId> = "id",
    }
}

model! {
    /// A debit memo that was made.
    pub struct ReversalDebitMemo {
        /// Its id.
        pub id: Option<DebitMemoId> = "id",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let reverse = ReverseInvoice::new("INV1").memo_date("2024-06-01".parse().unwrap()).reason_code("x");
        let text = serde_json::to_string(&reverse).unwrap();
        let request = serde_json::from_str::<ReverseInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV1/reverse"));
        assert_eq!(&request.body()[..], br#"{"memoDate":"2024-06-01","reasonCode":"x"}"#);
        assert_eq!(&ReverseInvoice::new("1").request().unwrap().body()[..], b"{}");
    }

    #[test]
    fn what_the_service_refuses_is_named() {
        let reverse = ReverseInvoice::new("INV1").memo_date("2024-06-02".parse().unwrap());
        let early = reverse.clone().apply_effective_date("2024-06-01".parse().unwrap());
        assert_eq!(early.request().unwrap_err().field(), Some("applyEffectiveDate"));
        assert_eq!(reverse.comment("x".repeat(256)).request().unwrap_err().field(), Some("comment"));
    }

    #[test]
    fn both_answers_are_read() {
        let read =
            |body: &'static str| ReverseInvoice::new("1").parse(&HttpResponse::new(body.into())).unwrap();
        let done = read(r#"{"success":true,"creditMemo":{"id":"cm"},"debitMemo":{"id":"dm"}}"#);
        assert_eq!(done.credit_memo.unwrap().id.unwrap(), "cm");
        assert_eq!(
            read(r#"{"id":"i","jobId":"j","jobStatus":"Pending"}"#).job_status,
            Some(JobStatus::Pending)
        );
    }

    #[test]
    fn the_flag_is_read_back_by_id_or_number() {
        let read = |key: &str| ReverseInvoice::new(key).read_back().request().unwrap().uri().to_string();
        assert!(read("INV1").ends_with("filter%5B%5D=invoicenumber.EQ%3AINV1"));
        assert!(
            read("2c92c8955bd63cc1015bd7c151af02ab").ends_with("id.EQ%3A2c92c8955bd63cc1015bd7c151af02ab")
        );
        let seen = serde_json::from_str(r#"{"data":[{"reversed":true}]}"#).unwrap();
        assert_eq!(ReverseInvoice::new("1").is_applied(Ok(&seen)), Some(true));
    }
}
