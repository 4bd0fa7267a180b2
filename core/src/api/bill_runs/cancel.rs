//! `PUT /v1/bill-runs/{billRunId}/cancel`

use serde::{Deserialize, Serialize};

use super::{BillRun, BillRunStatus, GetBillRun};
use crate::api::shared::{operation_by_key, read_back_by_key};
use crate::model::json;
use crate::operation::Spec;
use crate::types::BillRunId;

static SPEC: Spec = Spec::put("cancel_bill_run", "/v1/bill-runs/{billRunId}/cancel");

/// `PUT /v1/bill-runs/{billRunId}/cancel` ("Cancel a bill run"): cancels a bill run that is `Pending`, or `Completed` with nothing posted.
///
/// The service works on in the background: the answer shows `CancelInProgress`, the end is `Canceled`. Of a
/// scheduled run only this occurrence is canceled, and the answer holds the next one as
/// [`next_run`](BillRun::next_run), unless [`all_occurrences`](Self::all_occurrences) is asked for.
///
/// ```
/// use zuora_core::bill_runs::CancelBillRun;
/// use zuora_core::Operation;
///
/// let request = CancelBillRun::new("2c9890077e8a8490017e8bf3a5171a43").request()?;
/// assert_eq!(request.uri(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43/cancel");
/// assert_eq!(&request.body()[..], b"{}");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelBillRun {
    #[serde(rename = "billRunId")]
    bill_run: BillRunId,
    body: Body,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Body {
    #[serde(rename = "cancelOnce", skip_serializing_if = "Option::is_none")]
    cancel_once: Option<bool>,
}

impl CancelBillRun {
    /// Cancels the run of this id.
    pub fn new(bill_run: impl Into<BillRunId>) -> Self {
        Self { bill_run: bill_run.into(), body: Body::default() }
    }

    /// Cancels a scheduled run for good, and not only its next occurrence.
    #[must_use]
    pub fn all_occurrences(mut self) -> Self {
        self.body.cancel_once = Some(false);
        self
    }

    /// Says aloud what is the default: cancels only the next occurrence of a scheduled run.
    #[must_use]
    pub fn this_occurrence(mut self) -> Self {
        self.body.cancel_once = Some(true);
        self
    }
}

operation_by_key! { CancelBillRun { bill_run, body } -> BillRun, json::read }

read_back_by_key! {
    /// Read back through the run's status.
    CancelBillRun { bill_run } with GetBillRun, |seen| Some(matches!(
        seen.ok()?.status.as_ref()?,
        BillRunStatus::CancelInProgress | BillRunStatus::Canceled
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let operation = CancelBillRun::new("run-1").all_occurrences();
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<CancelBillRun>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/bill-runs/run-1/cancel"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), "{\"cancelOnce\":false}");
    }

    #[test]
    fn the_next_run_of_a_schedule_is_answered() {
        let body = Bytes::from(
            r#"{"success":true,"status":"CancelInProgress","nextRun":{"id":"2","status":"Pending"}}"#,
        );
        let run = CancelBillRun::new("1").parse(&HttpResponse::new(body)).unwrap();
        assert_eq!(run.next_run.unwrap().id().unwrap(), &"2");
    }
}
