//! `DELETE /v1/bill-runs/{billRunId}`

use serde::{Deserialize, Serialize};

use super::{BillRun, BillRunStatus, GetBillRun};
use crate::api::shared::{operation_by_key, read_back_by_key};
use crate::model::json;
use crate::operation::Spec;
use crate::types::BillRunId;

static SPEC: Spec = Spec::delete("delete_bill_run", "/v1/bill-runs/{billRunId}");

/// `DELETE /v1/bill-runs/{billRunId}` ("Delete a bill run"): deletes a bill run that is `Canceled` or `Error`, and what it made.
///
/// The service works on in the background (`RemoveInProgress`); in the end reading the run answers 404.
///
/// ```
/// use zuora_core::bill_runs::DeleteBillRun;
/// use zuora_core::Operation;
///
/// let request = DeleteBillRun::new("2c9890077e8a8490017e8bf3a5171a43").request()?;
/// assert_eq!(request.method(), "DELETE");
/// assert_eq!(request.uri(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeleteBillRun {
    #[serde(rename = "billRunId")]
    bill_run: BillRunId,
}

impl DeleteBillRun {
    /// Deletes the run of this id.
    pub fn new(bill_run: impl Into<BillRunId>) -> Self {
        Self { bill_run: bill_run.into() }
    }
}

operation_by_key! { DeleteBillRun { bill_run } -> BillRun, json::read_deleted }

read_back_by_key! {
    /// Read back through the run's status.
    DeleteBillRun { bill_run } with GetBillRun, |seen| match seen {
        Err(error) => error.is_not_found().then_some(true),
        Ok(run) => Some(*run.status.as_ref()? == BillRunStatus::RemoveInProgress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let operation = DeleteBillRun::new("run-1");
        let text = serde_json::to_string(&operation).unwrap();
        let request = serde_json::from_str::<DeleteBillRun>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("DELETE", "/v1/bill-runs/run-1"));
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), "");
    }

    #[test]
    fn an_answer_may_have_no_body() {
        let delete = DeleteBillRun::new("1");
        assert_eq!(delete.parse(&HttpResponse::new(Bytes::new())).unwrap(), BillRun::default());
        let body = Bytes::from(r#"{"success":true,"status":"RemoveInProgress"}"#);
        assert!(delete.parse(&HttpResponse::new(body)).unwrap().status.is_some());
    }
}
