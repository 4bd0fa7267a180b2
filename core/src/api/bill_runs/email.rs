//! `POST /v1/bill-runs/{billRunKey}/emails`

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::envelope::Success;
use crate::model::json;
use crate::model::model;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::BillRunKey;

static SPEC: Spec = Spec::keyed("email_bill_run", "/v1/bill-runs/{billRunKey}/emails");

/// E-mails the posted documents of a bill run. Draft documents are skipped.
///
/// `POST /v1/bill-runs/{billRunKey}/emails` ("Email billing documents generated from a bill run")
///
/// By default, the operation sends only documents that have never been e-mailed. Calling it twice in quick succession
/// may send a document twice.
///
/// These settings of the tenant decide what is sent:
///
/// - The notification "Manual Email For Invoice" must be active. Credit memos, which exist with Invoice Settlement
///   only, also need the notification "Email Credit Memo".
/// - The field "To Email" of the e-mail template determines the recipients. A notification names its template in its
///   delivery options. The defaults are "Invoice Posted Default Email Template" and "Manual Email for Credit Memo
///   Default Email Template".
/// - The PDF file is attached only when the notification says so ("Include Invoice PDF", "Include Credit Memo PDF").
///
/// ```
/// use zuora_core::bill_runs::EmailBillRun;
/// use zuora_core::types::BillRunNumber;
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/bill-runs/BR-00000001/emails");
/// #     assert_eq!(&request.body()[..], br#"{"resend":true}"#);
/// #     Ok(FakeTransport::json(200, r#"{"success":true}"#))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let email = EmailBillRun::new(BillRunNumber::from("BR-00000001")).resend(true);
/// let response = client.call(&email)?;
/// assert_eq!(response.envelope.success, Some(true));
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "email_bill_run")]
#[doc(alias = "POST_EmailBillingDocumentsfromBillRun")]
#[doc(alias = "EmailBillRunRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailBillRun {
    #[serde(rename = "billRunKey")]
    pub(in crate::api) bill_run: BillRunKey,
    body: Body,
}

model! {
    pub(super) body Body {
        resend: Option<bool> = "resend",
    }
}

impl EmailBillRun {
    /// E-mails the documents of the bill run with this id or number.
    pub fn new(bill_run: impl Into<BillRunKey>) -> Self {
        Self { bill_run: bill_run.into(), body: Body::default() }
    }

    /// Sets whether to send documents again that have already been e-mailed. The default is false.
    #[must_use]
    pub fn resend(mut self, resend: bool) -> Self {
        self.body.resend = Some(resend);
        self
    }
}

impl Operation for EmailBillRun {
    type Output = Success;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        RequestBuilder::with_keys(&SPEC, &[self.bill_run.as_str()])?.json(&self.body, 32)
    }

    fn parse(&self, success: &HttpResponse) -> Result<Success> {
        json::read(success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_queued_operation_builds_the_same_request() {
        let operation = EmailBillRun::new(BillRunKey::from("BR-1")).resend(false);
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<EmailBillRun>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/bill-runs/BR-1/emails"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), "{\"resend\":false}");
    }

    #[test]
    fn a_response_reports_only_success() {
        let body = Bytes::from(r#"{"success" : true}"#);
        let response = EmailBillRun::new("BR-1").parse(&HttpResponse::new(body)).unwrap();
        assert_eq!(response.envelope.success, Some(true));
        assert_eq!(&EmailBillRun::new("BR-1").request().unwrap().body()[..], b"{}");
    }
}
