//! `GET /v1/bill-runs/{billRunId}`

use serde::{Deserialize, Serialize};

use super::BillRun;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::operation::Spec;
use crate::types::BillRunId;

static SPEC: Spec = Spec::read("get_bill_run", "/v1/bill-runs/{billRunId}");

/// Reads a bill run with its status.
///
/// `GET /v1/bill-runs/{billRunId}` ("Retrieve a bill run")
///
/// To wait for a status, use a [`BillRunWaiter`](super::BillRunWaiter).
///
/// ```
/// use zuora_core::bill_runs::{BillRunStatus, GetBillRun};
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43");
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"billRunNumber":"BR-00000016","status":"Completed"}"#))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let run = client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
/// assert_eq!(run.number()?.as_str(), "BR-00000016");
/// assert_eq!(run.status()?, &BillRunStatus::Completed);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_bill_run")]
#[doc(alias = "GET_BillRun")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetBillRun {
    #[serde(rename = "billRunId")]
    bill_run: BillRunId,
}

impl GetBillRun {
    /// Reads the bill run with this id.
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

    const RESPONSE: &str = r#"{"success" : true, "id":"2c9890077e8a8490017e8bf3a5171a43","billRunNumber":"BR-00000016",
        "name":null,"status":"Completed","batches":["Batch1"],"billCycleDay":1,"billRunFilters":null,
        "chargeTypeToExclude":["OneTime"],"autoPost":false,"invoiceDate":null,"targetDate":"2022-02-01",
        "createdDate":"2022-01-24 19:58:27","requestId":"8b4b2b8a-0000-4000-8000-000000000000","newField":[1.50]}"#;

    fn read(body: &str) -> Result<BillRun> {
        GetBillRun::new("id").parse(&HttpResponse::new(Bytes::copy_from_slice(body.as_bytes())))
    }

    #[test]
    fn a_response_is_read_and_written_without_loss() {
        let run = read(RESPONSE).unwrap();
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
    fn an_unknown_status_keeps_its_text() {
        let run = read(r#"{"status":"Hibernating"}"#).unwrap();
        let status = run.status().unwrap();
        assert!(!status.is_known());
        assert_eq!(*status, BillRunStatus::from("Hibernating"));
        assert_eq!(serde_json::to_string(&run).unwrap(), r#"{"status":"Hibernating"}"#);
    }

    #[test]
    fn a_decode_error_names_the_path_of_the_value() {
        for (body, path) in [
            (r#"{"success":"perhaps"}"#, "success"),
            (r#"{"billRunFilters":[{},7]}"#, "billRunFilters[1]"),
            (r#"{"targetDate":"soon","batches":{}}"#, "batches"),
            (r#"{"schedule":{"runTime":"#, "schedule.runTime"),
            (r#"{"new":[1,"#, "new"),
            (r#"{"":[1,"#, "$"),
            ("[]", "$"),
            ("", "$"),
        ] {
            assert_eq!(read(body).unwrap_err().field(), Some(path), "{body}");
        }
        for (body, field) in [
            (r#"{"targetDate":"soon"}"#, "targetDate"),
            (r#"{"nextRun":{"batches":[[]]}}"#, "nextRun"),
            (r#"{"schedule":7}"#, "schedule"),
        ] {
            let run = read(body).unwrap();
            assert_eq!(run.extra.unreadable().map(|(name, _)| name).collect::<Vec<_>>(), [field]);
            assert_eq!(serde_json::to_string(&run).unwrap(), body);
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
