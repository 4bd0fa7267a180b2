//! `POST /v1/bill-runs/{billRunKey}/emails`

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::envelope::Success;
use crate::model::json;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::BillRunKey;

static SPEC: Spec = Spec::keyed("email_bill_run", "/v1/bill-runs/{billRunKey}/emails");

/// `POST /v1/bill-runs/{billRunKey}/emails` ("Email billing documents generated from a bill run"): e-mails the posted documents of a bill run; drafts are skipped.
///
/// Needs the tenant's notifications for manual e-mails; recipients come from their template. By default only
/// documents that were never e-mailed are sent. Asking again at once may send a document twice.
///
/// ```
/// use zuora_core::bill_runs::EmailBillRun;
/// use zuora_core::Operation;
/// use zuora_core::types::BillRunNumber;
///
/// let request = EmailBillRun::new(BillRunNumber::from("BR-00000001")).resend(true).request()?;
/// assert_eq!(request.uri(), "/v1/bill-runs/BR-00000001/emails");
/// assert_eq!(&request.body()[..], br#"{"resend":true}"#);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailBillRun {
    #[serde(rename = "billRunKey")]
    bill_run: BillRunKey,
    body: Body,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    resend: Option<bool>,
}

impl EmailBillRun {
    /// E-mails the documents of the run of this id or number.
    pub fn new(bill_run: impl Into<BillRunKey>) -> Self {
        Self { bill_run: bill_run.into(), body: Body::default() }
    }

    /// Whether documents that were e-mailed before are sent again.
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
        json::read(success.body())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let operation = EmailBillRun::new(BillRunKey::from("BR-1")).resend(false);
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<EmailBillRun>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/bill-runs/BR-1/emails"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), "{\"resend\":false}");
    }

    #[test]
    fn an_answer_says_only_that_it_worked() {
        let body = Bytes::from(r#"{"success" : true}"#);
        let done = EmailBillRun::new("BR-1").parse(&HttpResponse::new(body)).unwrap();
        assert_eq!(done.envelope.success, Some(true));
        assert_eq!(&EmailBillRun::new("BR-1").request().unwrap().body()[..], b"{}");
    }
}
