//! Operation jobs, which the service runs in the background.

use serde::{Deserialize, Serialize};

use crate::api::shared::{operation_by_key, required_fields};
use crate::model::json;
use crate::model::model;
use crate::operation::Spec;
use crate::types::JobId;
use crate::types::open_enum::open_enum;

static SPEC: Spec = Spec::read("get_operation_job", "/v1/operations/jobs/{jobId}");

/// Reads the status of an operation job.
///
/// `GET /v1/operations/jobs/{jobId}` ("Retrieve an operation job")
///
/// The call also succeeds for a failed job, so check the [`status`](OperationJob::status) of the job. The endpoint is
/// documented for deletions and reversals. If the service rejects the call for another type of job, read the invoice
/// instead.
///
/// ```
/// use zuora_core::jobs::{GetOperationJob, JobStatus};
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/operations/jobs/2c92c8955bd63cc1015bd7c151af02ab");
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"objectType":"Invoice","status":"Completed"}"#))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let job = client.call(&GetOperationJob::new("2c92c8955bd63cc1015bd7c151af02ab"))?;
/// assert_eq!(job.status()?, &JobStatus::Completed);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_operation_job")]
#[doc(alias = "GET_OperationJob")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetOperationJob {
    #[serde(rename = "jobId")]
    job: JobId,
}

impl GetOperationJob {
    /// Reads the job with this id.
    pub fn new(job: impl Into<JobId>) -> Self {
        Self { job: job.into() }
    }
}

operation_by_key! { GetOperationJob { job } -> OperationJob, json::read }

model! {
    /// An operation job. The [`envelope`](Self::envelope) of a failed job contains the reasons.
    #[doc(alias = "OperationJobResponse")]
    pub response OperationJob {
        /// Id of the job.
        pub id: Option<JobId> = "id",
        /// Id of the object of the job.
        pub object_id: Option<Box<str>> = "objectId",
        /// Type of the object of the job.
        pub object_type: Option<JobObject> = "objectType",
        /// Type of the job.
        pub operation_type: Option<JobKind> = "operationType",
        /// Status of the job.
        pub status: Option<JobStatus> = "status",
    }
}

required_fields! {
    OperationJob {
        /// Returns the status of the job.
        status: JobStatus = "status",
    }
}

model! {
    /// The response to an operation that the service completes immediately for a small object, and in a job for a
    /// large one.
    ///
    /// The service sends either the object with a job id, or the job itself. The methods [`status`](Self::status),
    /// [`job_id`](Self::job_id) and [`object_id`](Self::object_id) handle both forms. The job of a response with a job
    /// id may already have finished.
    #[doc(alias = "AsyncOperationResponse")]
    pub response SubmittedJob {
        /// Id of the job if `objectId` is present, and id of the object otherwise.
        pub id: Option<Box<str>> = "id",
        /// Id of the job, in the form of an object.
        pub job_id: Option<JobId> = "jobId",
        /// Status of the job, in the form of an object.
        pub job_status: Option<JobStatus> = "jobStatus",
        /// Id of the object, in the form of a job.
        pub object_id: Option<Box<str>> = "objectId",
        /// Type of the object, in the form of a job.
        pub object_type: Option<JobObject> = "objectType",
        /// Type of the job, in the form of a job.
        pub operation_type: Option<JobKind> = "operationType",
        /// Status of the job, in the form of a job.
        pub status: Option<JobStatus> = "status",
    }
}

impl SubmittedJob {
    /// Returns the status of the operation. A response without a job counts as completed, and one whose status or job
    /// id cannot be read as pending.
    pub fn status(&self) -> JobStatus {
        let is_unclear =
            self.extra.unreadable().any(|(name, _)| name != "objectType" && name != "operationType");
        match self.job_status.as_ref().or(self.status.as_ref()) {
            _ if is_unclear => JobStatus::Pending,
            Some(status) => status.clone(),
            None if self.job_id().is_none() => JobStatus::Completed,
            None => JobStatus::Pending,
        }
    }

    /// Returns the id of the job, or `None` if the service completed the operation without a job.
    pub fn job_id(&self) -> Option<JobId> {
        let of_job = self.id.as_deref().filter(|_| self.object_id.is_some());
        self.job_id.clone().or(of_job.map(JobId::from))
    }

    /// Returns the id of the object of the operation.
    pub fn object_id(&self) -> Option<&str> {
        self.object_id.as_deref().or(self.id.as_deref())
    }
}

open_enum! {
    /// Status of a job.
    #[doc(alias = "OperationJobStatus")]
    pub enum JobStatus {
        /// The job has not started.
        Pending = "Pending",
        /// The job is running.
        Processing = "Processing",
        /// The job has failed.
        Failed = "Failed",
        /// The job has succeeded.
        Completed = "Completed",
    }
}

open_enum! {
    /// Type of the object of a job.
    #[doc(alias = "OperationJobObjectType")]
    pub enum JobObject {
        /// An invoice.
        Invoice = "Invoice",
        /// A credit memo.
        CreditMemo = "CreditMemo",
        /// A debit memo.
        DebitMemo = "DebitMemo",
    }
}

open_enum! {
    /// Type of a job.
    #[doc(alias = "OperationJobType")]
    pub enum JobKind {
        /// Deletes the object.
        Delete = "Delete",
        /// Cancels the object.
        Cancel = "Cancel",
        /// Posts the object.
        Post = "Post",
        /// Reverses the object.
        Reverse = "Reverse",
        /// Splits the object.
        Split = "Split",
        /// Returns the posted object to draft.
        Unpost = "Unpost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    #[test]
    fn both_forms_of_a_submitted_job_are_read() {
        let read = |body: &str| serde_json::from_str::<SubmittedJob>(body).unwrap();
        let object = read(r#"{"success":true,"id":"i","jobId":"j","jobStatus":"Completed"}"#);
        assert_eq!(
            (object.status(), object.job_id(), object.object_id()),
            (JobStatus::Completed, Some("j".into()), Some("i"))
        );
        let job = read(
            r#"{"id":"j","objectId":"i","objectType":"Invoice","operationType":"Delete","status":"Processing"}"#,
        );
        assert_eq!(
            (job.status(), job.job_id(), job.object_id()),
            (JobStatus::Processing, Some("j".into()), Some("i"))
        );
        let bare = read(r#"{"success":true,"id":"i"}"#);
        assert_eq!((bare.status(), bare.job_id(), bare.object_id()), (JobStatus::Completed, None, Some("i")));
        assert_eq!(read(r#"{"jobId":"j"}"#).status(), JobStatus::Pending);
    }

    #[test]
    fn a_failed_job_has_reasons() {
        let body =
            r#"{"success":true,"id":"j","status":"Failed","reasons":[{"code":50000030,"message":"no"}]}"#;
        let job = GetOperationJob::new("j").parse(&HttpResponse::new(Bytes::from(body))).unwrap();
        assert_eq!(job.status().unwrap(), &JobStatus::Failed);
        assert_eq!(job.envelope.reasons[0].code, "50000030");
        assert_eq!(job.envelope.reasons[0].category(), crate::ReasonCategory::Rule);
    }

    #[test]
    fn a_job_that_cannot_be_read_is_not_completed() {
        for body in [
            r#"{"id":"i","jobStatus":{}}"#,
            r#"{"id":"i","jobId":[]}"#,
            r#"{"id":"i","jobStatus":"Completed","jobStatus":"Failed"}"#,
        ] {
            let submitted: SubmittedJob = serde_json::from_str(body).unwrap();
            assert_eq!(submitted.status(), JobStatus::Pending, "{body}");
        }
        let submitted: SubmittedJob = serde_json::from_str(r#"{"id":"i","objectType":[]}"#).unwrap();
        assert_eq!(submitted.status(), JobStatus::Completed);
    }
}
