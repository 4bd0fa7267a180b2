//! `PUT /v1/bill-runs/{billRunId}/post`

use serde::{Deserialize, Serialize};

use super::BillRun;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::model::model;
use crate::operation::Spec;
use crate::types::{BillRunId, Date};

static SPEC: Spec = Spec::put("post_bill_run", "/v1/bill-runs/{billRunId}/post");

/// Posts all documents of a bill run that is `Completed`.
///
/// `PUT /v1/bill-runs/{billRunId}/post` ("Post a bill run")
///
/// The service posts the documents in the background. The run changes to `PostInProgress` and then to `Posted`, or
/// back to `Completed` if a document could not be posted. Wait for it with
/// [`BillRunGoal::Posted`](super::BillRunGoal::Posted).
///
/// The endpoint does not support idempotency keys. If the outcome of a call is unknown, use
/// [`Client::reconcile`](crate::Client::reconcile) before retrying.
///
/// ```
/// use zuora_core::bill_runs::{BillRunStatus, PostBillRun};
/// use zuora_core::Date;
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43/post");
/// #     assert_eq!(&request.body()[..], br#"{"invoiceDate":"2024-06-01"}"#);
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"status":"PostInProgress"}"#))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let post = PostBillRun::new("2c9890077e8a8490017e8bf3a5171a43").invoice_date(Date::new(2024, 6, 1)?);
/// let run = client.call(&post)?;
/// assert_eq!(run.status()?, &BillRunStatus::PostInProgress);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "post_bill_run")]
#[doc(alias = "PUT_PostBillRun")]
#[doc(alias = "PostBillRunRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostBillRun {
    #[serde(rename = "billRunId")]
    pub(in crate::api) bill_run: BillRunId,
    body: Body,
}

model! {
    pub(super) body Body {
        invoice_date: Option<Date> = "invoiceDate",
    }
}

impl PostBillRun {
    /// Posts the documents of the bill run with this id.
    pub fn new(bill_run: impl Into<BillRunId>) -> Self {
        Self { bill_run: bill_run.into(), body: Body::default() }
    }

    /// Sets the date of all invoices and credit memos of the run. The date must be in an open accounting period.
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.body.invoice_date = Some(date);
        self
    }
}

operation_by_key! { PostBillRun { bill_run, body } -> BillRun, json::read }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    #[test]
    fn a_queued_operation_builds_the_same_request() {
        let operation = PostBillRun::new("run-1").invoice_date("2024-06-01".parse().unwrap());
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<PostBillRun>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/bill-runs/run-1/post"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), "{\"invoiceDate\":\"2024-06-01\"}");
    }

    #[test]
    fn without_a_date_the_body_is_an_empty_object() {
        assert_eq!(&PostBillRun::new("1").request().unwrap().body()[..], b"{}");
        assert_eq!(PostBillRun::new("..").request().unwrap_err().field(), Some("billRunId"));
    }

    #[test]
    fn a_response_is_the_run() {
        let body = Bytes::from(r#"{"success":true,"id":"1","status":"PostInProgress"}"#);
        let run = PostBillRun::new("1").parse(&HttpResponse::new(body)).unwrap();
        assert_eq!(run.status().unwrap(), &crate::api::bill_runs::BillRunStatus::PostInProgress);
    }

    #[test]
    fn fields_of_a_newer_version_are_kept_and_sent() {
        let text = r#"{"billRunId":"1","body":{"invoiceDate":"2024-06-01","newField":1.50}}"#;
        let post: PostBillRun = serde_json::from_str(text).unwrap();
        assert_eq!(
            &post.request().unwrap().body()[..],
            r#"{"invoiceDate":"2024-06-01","newField":1.50}"#.as_bytes()
        );
        assert_eq!(serde_json::to_string(&post).unwrap(), text);
        assert!(
            serde_json::from_str::<PostBillRun>(r#"{"billRunId":"1","body":{"invoiceDate":""}}"#).is_err()
        );
        let text = r#"{"invoiceKey":"1","body":{"newField":{"a":1}}}"#;
        let post: crate::api::invoices::PostInvoice = serde_json::from_str(text).unwrap();
        assert_eq!(&post.request().unwrap().body()[..], r#"{"newField":{"a":1}}"#.as_bytes());
        for text in [
            r#"{"billRunId":"1","body":{"newField":null}}"#,
            r#"{"billRunId":"1","body":{"cancelOnce":false,"newField":null}}"#,
        ] {
            let cancel: crate::api::bill_runs::CancelBillRun = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&cancel).unwrap(), text);
        }
        let text = r#"{"billRunKey":"1","body":{"resend":true,"to":"x"}}"#;
        let email: crate::api::bill_runs::EmailBillRun = serde_json::from_str(text).unwrap();
        assert_eq!(&email.request().unwrap().body()[..], r#"{"resend":true,"to":"x"}"#.as_bytes());
    }
}
