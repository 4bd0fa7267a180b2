//! `PUT /v1/invoices/{invoiceKey}/reverse`

use serde::{Deserialize, Serialize};

use crate::api::jobs::JobStatus;
use crate::api::object_query::{Comparison, Filter, QueryInvoices};
use crate::error::{Error, Result};
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{CreditMemoId, Date, DebitMemoId, InvoiceId, InvoiceKey, JobId};

static SPEC: Spec = Spec::put("reverse_invoice", "/v1/invoices/{invoiceKey}/reverse");

/// `PUT /v1/invoices/{invoiceKey}/reverse` ("Reverse an invoice"): reverses a posted invoice to which no
/// payment or credit memo is applied.
///
/// A credit memo reduces the balance to zero, and the charges can be billed again. The invoice keeps the
/// status `Posted` and is flagged as reversed. It cannot be changed afterwards. Requires Invoice Settlement.
///
/// An invoice cannot be reversed if one of these is true:
///
/// - Its status is not `Posted`.
/// - A payment or a credit memo is applied to it.
/// - It is split.
/// - Its total is negative, or all its items are zero. The billing rule for credit memos that mirror invoice items lifts
///   the second restriction.
/// - A newer invoice exists for one of its subscriptions.
/// - Its taxes were calculated by a tax connector of the Extension Platform.
/// - It has more than 50,000 items, discount items and tax lines in total. An older page says 2,000.
///
/// The service reverses an invoice with up to about 2,000 items synchronously, and a larger one in a background job.
/// [`InvoiceWaiter::of_reversal`](crate::api::invoices::InvoiceWaiter::of_reversal) waits for the job. The
/// service accepts no idempotency key. After an unknown outcome, reconcile before retrying.
///
/// ```
/// use zuora_core::invoices::ReverseInvoice;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("PUT", "/v1/invoices/INV00000155/reverse"));
/// #     assert_eq!(&request.body()[..], br#"{"comment":"wrong price"}"#);
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"creditMemo":{"id":"2c94"}}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let reversed = client.call(&ReverseInvoice::new("INV00000155").comment("wrong price"))?;
/// assert_eq!(reversed.credit_memo.as_ref().and_then(|memo| memo.id.as_ref()).unwrap(), &"2c94");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "reverse_invoice")]
#[doc(alias = "ReverseInvoiceRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReverseInvoice {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
    body: Body,
}

model! {
    pub(super) body Body {
        memo_date: Option<Date> = "memoDate",
        apply_effective_date: Option<Date> = "applyEffectiveDate",
        comment: Option<String> = "comment" [max_len(255)],
        reason_code: Option<String> = "reasonCode",
    }
}

impl ReverseInvoice {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), body: Body::default() }
    }

    /// Sets the date on the credit memo, not before the date of the invoice; today by default.
    #[must_use]
    pub fn memo_date(mut self, date: Date) -> Self {
        self.body.memo_date = Some(date);
        self
    }

    /// Sets the date on which the credit memo is applied, not before the date on the credit memo; today by
    /// default.
    #[must_use]
    pub fn apply_effective_date(mut self, date: Date) -> Self {
        self.body.apply_effective_date = Some(date);
        self
    }

    /// Sets the comment on the credit memo, at most 255 characters.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.body.comment = Some(text.into());
        self
    }

    /// Sets the reason code, one of the codes of the tenant; `Invoice reversal` by default.
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
                return Err(Error::invalid("applyEffectiveDate", "must not be before `memoDate`"));
            }
        }
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?.json(&self.body, 128)
    }

    fn parse(&self, success: &HttpResponse) -> Result<ReversedInvoice> {
        json::read(success)
    }
}

/// Returns the query that reads the reversed flag of an invoice, which no other operation returns.
pub(in crate::api) fn query_of(invoice: &InvoiceKey) -> QueryInvoices {
    let key = invoice.as_str();
    let is_id = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    let field = if is_id { "id" } else { "invoicenumber" };
    QueryInvoices::new().filter(Filter::new(field, Comparison::Equal, key))
}

model! {
    /// Response to a reversal.
    #[doc(alias = "ReverseInvoiceResponse")]
    pub response ReversedInvoice {
        /// Credit memo that was created; absent while a job is running.
        pub credit_memo: Option<ReversalCreditMemo> = "creditMemo",
        /// All credit memos that were created for a split invoice.
        pub credit_memos: Vec<ReversalCreditMemo> = "creditMemos",
        /// Debit memo, if the reversal also reversed a credit memo of the same charges.
        pub debit_memo: Option<ReversalDebitMemo> = "debitMemo",
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Id of the job that reverses a large invoice.
        pub job_id: Option<JobId> = "jobId",
        /// Status of the job that reverses a large invoice.
        pub job_status: Option<JobStatus> = "jobStatus",
    }
}

model! {
    /// Credit memo that a reversal or a write-off created.
    pub struct ReversalCreditMemo {
        /// Id of the credit memo.
        pub id: Option<CreditMemoId> = "id",
    }
}

model! {
    /// Debit memo that a reversal created.
    pub struct ReversalDebitMemo {
        /// Id of the debit memo.
        pub id: Option<DebitMemoId> = "id",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let reverse = ReverseInvoice::new("INV1").memo_date("2024-06-01".parse().unwrap()).reason_code("x");
        let text = serde_json::to_string(&reverse).unwrap();
        let request = serde_json::from_str::<ReverseInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV1/reverse"));
        assert_eq!(&request.body()[..], br#"{"memoDate":"2024-06-01","reasonCode":"x"}"#);
        assert_eq!(&ReverseInvoice::new("1").request().unwrap().body()[..], b"{}");
    }

    #[test]
    fn invalid_fields_are_named() {
        let reverse = ReverseInvoice::new("INV1").memo_date("2024-06-02".parse().unwrap());
        let early = reverse.clone().apply_effective_date("2024-06-01".parse().unwrap());
        assert_eq!(early.request().unwrap_err().field(), Some("applyEffectiveDate"));
        assert_eq!(reverse.comment("x".repeat(256)).request().unwrap_err().field(), Some("comment"));
    }

    #[test]
    fn both_forms_of_the_response_are_decoded() {
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
    fn the_reversed_flag_is_queried_by_id_or_number() {
        let read = |key: &str| query_of(&InvoiceKey::from(key)).request().unwrap().uri().to_string();
        assert!(read("INV1").ends_with("filter%5B%5D=invoicenumber.EQ%3AINV1"));
        assert!(
            read("2c92c8955bd63cc1015bd7c151af02ab").ends_with("id.EQ%3A2c92c8955bd63cc1015bd7c151af02ab")
        );
    }
}
