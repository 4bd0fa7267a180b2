//! `GET /v1/bill-runs/{billRunId}`

use serde::{Deserialize, Serialize};

use super::BillRun;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::operation::Spec;
use crate::types::BillRunId;

static SPEC: Spec = Spec::read("get_bill_run", "/v1/bill-runs/{billRunId}");

/// `GET /v1/bill-runs/{billRunId}` ("Retrieve a bill run"): reads a bill run, above all its status.
///
/// ```
/// use zuora_core::bill_runs::GetBillRun;
/// use zuora_core::Operation;
///
/// let request = GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43").request()?;
/// assert_eq!(request.uri(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetBillRun {
    #[serde(rename = "billRunId")]
    bill_run: BillRunId,
}

impl GetBillRun {
    /// Reads the run of this id.
    pub fn new(bill_run: impl Into<BillRunId>) -> Self {
        Self { bill_run: bill_run.into() }
    }
}

operation_by_key! { GetBillRun { bill_run } -> BillRun, json::read }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::bill_runs::BillRunStatus;
    use crate::error::Result;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    const ANSWER: &str = r#"{"success" : true, "id":"2c9890077e8a8490017e8bf3a5171a43","billRunNumber":"BR-00000016",
        "name":null,"status":"Completed","batches":["Batch1"],"billCycleDay":1,"billRunFilters":null,
        "chargeTypeToExclude":["OneTime"],"autoPost":false,"invoiceDate":null,"targetDate":"2022-02-01",
        "createdDate":"2022-01-24 19:58:27","requestId":"8b4b2b8a-0000-4000-8000-000000000000","newField":[1.50]}"#;

    fn read(body: &str) -> Result<BillRun> {
        GetBillRun::new("id").parse(&HttpResponse::new(Bytes::copy_from_slice(body.as_bytes())))
    }

    #[test]
    fn an_answer_is_read_and_written_without_loss() {
        let run = read(ANSWER).unwrap();
        assert_eq!(run.id().unwrap(), &"2c9890077e8a8490017e8bf3a5171a43");
        assert_eq!(run.status().unwrap(), &BillRunStatus::Completed);
        assert_eq!(run.bill_cycle_day.as_ref().unwrap().day(), Some(1));
        assert_eq!(run.envelope.success, Some(true));
        assert_eq!(run.custom::<Vec<crate::Amount>>("newField").unwrap().unwrap()[0].to_string(), "1.50");
        assert_eq!(
            serde_json::to_string(&run).unwrap(),
            r#"{"success":true,"requestId":"8b4b2b8a-0000-4000-8000-000000000000","#.to_owned()
                + r#""id":"2c9890077e8a8490017e8bf3a5171a43","billRunNumber":"BR-00000016","status":"Completed","#
                + r#""batches":["Batch1"],"billCycleDay":1,"chargeTypeToExclude":["OneTime"],"autoPost":false,"#
                + r#""targetDate":"2022-02-01","createdDate":"2022-01-24 19:58:27","newField":[1.50]}"#
        );
    }

    #[test]
    fn a_status_of_tomorrow_keeps_its_text() {
        let run = read(r#"{"status":"Hibernating"}"#).unwrap();
        let status = run.status().unwrap();
        assert!(!status.is_known());
        assert_eq!(*status, BillRunStatus::from("Hibernating"));
        assert_eq!(serde_json::to_string(&run).unwrap(), r#"{"status":"Hibernating"}"#);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_path() {
        for (body, path) in [
            (r#"{"targetDate":"soon"}"#, "targetDate"),
            (
                r#"{"billRunFilters":[{},{"condition":{"conditions":[{"field":[]}]}}]}"#,
                "billRunFilters[1].condition.conditions[0].field",
            ),
            (r#"{"nextRun":{"status":{}}}"#, "nextRun.status"),
            (r#"{"schedule":{"runTime":"#, "schedule.runTime"),
            (r#"{"new":[1,"#, "new"),
            (r#"{"":[1,"#, "$"),
            ("[]", "$"),
            ("", "$"),
        ] {
            assert_eq!(read(body).unwrap_err().field(), Some(path), "{body}");
        }
        assert_eq!(read("{}").unwrap().id().unwrap_err().field(), Some("id"));
        let deep = format!(r#"{{"billRunFilters":[{{"condition":{}"#, r#"{"conditions":["#.repeat(100_000));
        assert_eq!(read(&deep).unwrap_err().kind(), crate::ErrorKind::Decode);
        assert_eq!(
            read(&format!(r#"{{"x":{}"#, "[".repeat(100_000))).unwrap_err().kind(),
            crate::ErrorKind::Decode
        );
    }
}
