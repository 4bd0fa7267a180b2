//! `DELETE /v1/bill-runs/{billRunId}`

use serde::{Deserialize, Serialize};

use super::BillRun;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::operation::Spec;
use crate::types::BillRunId;

static SPEC: Spec = Spec::delete("delete_bill_run", "/v1/bill-runs/{billRunId}");

/// Deletes a bill run that is `Canceled` or `Error`, together with its documents.
///
/// `DELETE /v1/bill-runs/{billRunId}` ("Delete a bill run")
///
/// The service deletes the run in the background, in the status `RemoveInProgress`. After the deletion, reading the
/// run fails with 404. Wait for it with [`BillRunGoal::Deleted`](super::BillRunGoal::Deleted).
///
/// ```
/// use zuora_core::bill_runs::{BillRunStatus, DeleteBillRun};
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.method(), "DELETE");
/// #     assert_eq!(request.uri().path(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43");
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"status":"RemoveInProgress"}"#))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let run = client.call(&DeleteBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
/// assert_eq!(run.status()?, &BillRunStatus::RemoveInProgress);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "delete_bill_run")]
#[doc(alias = "DELETE_DeleteBillRun")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeleteBillRun {
    #[serde(rename = "billRunId")]
    pub(in crate::api) bill_run: BillRunId,
}

impl DeleteBillRun {
    /// Deletes the bill run with this id.
    pub fn new(bill_run: impl Into<BillRunId>) -> Self {
        Self { bill_run: bill_run.into() }
    }
}

operation_by_key! { DeleteBillRun { bill_run } -> BillRun, json::read_deleted }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    #[test]
    fn a_queued_operation_builds_the_same_request() {
        let operation = DeleteBillRun::new("run-1");
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<DeleteBillRun>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("DELETE", "/v1/bill-runs/run-1"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), "");
    }

    #[test]
    fn a_response_may_have_no_body() {
        let delete = DeleteBillRun::new("1");
        assert_eq!(delete.parse(&HttpResponse::new(Bytes::new())).unwrap(), BillRun::default());
        let body = Bytes::from(r#"{"success":true,"status":"RemoveInProgress"}"#);
        assert!(delete.parse(&HttpResponse::new(body)).unwrap().status.is_some());
    }
}
