//! `PUT /v1/bill-runs/{billRunId}/cancel`

use serde::{Deserialize, Serialize};

use super::BillRun;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::model::model;
use crate::operation::Spec;
use crate::types::BillRunId;

static SPEC: Spec = Spec::put("cancel_bill_run", "/v1/bill-runs/{billRunId}/cancel");

/// Cancels a bill run that is `Pending`, or `Completed` with no posted documents.
///
/// `PUT /v1/bill-runs/{billRunId}/cancel` ("Cancel a bill run")
///
/// The page of the operation names the status `Draft`, which no bill run has.
///
/// The service cancels the run in the background. The status in the response is `CancelInProgress`, and the final
/// status is `Canceled`. Wait for it with [`BillRunGoal::Canceled`](super::BillRunGoal::Canceled).
///
/// For a scheduled run, the operation cancels only the next occurrence by default. The response then contains the
/// following occurrence as [`next_run`](BillRun::next_run). Use [`all_occurrences`](Self::all_occurrences) to cancel
/// the whole schedule.
///
/// ```
/// use zuora_core::bill_runs::{BillRunStatus, CancelBillRun};
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43/cancel");
/// #     assert_eq!(&request.body()[..], b"{}");
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"status":"CancelInProgress"}"#))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let run = client.call(&CancelBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
/// assert_eq!(run.status()?, &BillRunStatus::CancelInProgress);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "cancel_bill_run")]
#[doc(alias = "PUT_CancelBillRun")]
#[doc(alias = "CancelBillRunRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelBillRun {
    #[serde(rename = "billRunId")]
    pub(in crate::api) bill_run: BillRunId,
    body: Body,
}

model! {
    pub(super) body Body {
        cancel_once: Option<bool> = "cancelOnce",
    }
}

impl CancelBillRun {
    /// Cancels the bill run with this id.
    pub fn new(bill_run: impl Into<BillRunId>) -> Self {
        Self { bill_run: bill_run.into(), body: Body::default() }
    }

    /// Returns whether the whole schedule is to be canceled.
    pub(in crate::api) fn is_of_all_occurrences(&self) -> bool {
        self.body.cancel_once == Some(false)
    }

    /// Cancels all future occurrences of a scheduled run. Sends `"cancelOnce": false`.
    #[doc(alias = "cancelOnce")]
    #[must_use]
    pub fn all_occurrences(mut self) -> Self {
        self.body.cancel_once = Some(false);
        self
    }

    /// Cancels only the next occurrence of a scheduled run, which is the default. Sends `"cancelOnce": true`.
    #[doc(alias = "cancelOnce")]
    #[must_use]
    pub fn this_occurrence(mut self) -> Self {
        self.body.cancel_once = Some(true);
        self
    }
}

operation_by_key! { CancelBillRun { bill_run, body } -> BillRun, json::read }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    #[test]
    fn a_queued_operation_builds_the_same_request() {
        let operation = CancelBillRun::new("run-1").all_occurrences();
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<CancelBillRun>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/bill-runs/run-1/cancel"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), "{\"cancelOnce\":false}");
    }

    #[test]
    fn the_response_contains_the_next_run_of_a_schedule() {
        let body = Bytes::from(
            r#"{"success":true,"status":"CancelInProgress","nextRun":{"id":"2","status":"Pending"}}"#,
        );
        let run = CancelBillRun::new("1").parse(&HttpResponse::new(body)).unwrap();
        assert_eq!(run.next_run.unwrap().id().unwrap(), &"2");
    }
}
