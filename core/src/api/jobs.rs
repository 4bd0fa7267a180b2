//! Jobs: work that the service does in the background.

use serde::{Deserialize, Serialize};

use crate::api::shared::{operation_by_key, required_fields};
use crate::model::json;
use crate::model::model;
use crate::operation::Spec;
use crate::types::JobId;
use crate::types::open_enum::open_enum;

static SPEC: Spec = Spec::read("get_operation_job", "/v1/operations/jobs/{jobId}");

/// `GET /v1/operations/jobs/{jobId}` ("Retrieve an operation job"): reads how a job stands.
///
/// That the call works says nothing about the job: look at its [`status`](OperationJob::status). Documented for
/// deletions and reversals; for other jobs the service may refuse, then read the invoice instead.
///
/// ```
/// use zuora_core::jobs::GetOperationJob;
/// use zuora_core::Operation;
///
/// let request = GetOperationJob::new("2c92c8955bd63cc1015bd7c151af02ab").request()?;
/// assert_eq!(request.uri(), "/v1/operations/jobs/2c92c8955bd63cc1015bd7c151af02ab");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetOperationJob {
    #[serde(rename = "jobId")]
    job: JobId,
}

impl GetOperationJob {
    /// Reads the job of this id.
    pub fn new(job: impl Into<JobId>) -> Self {
        Self { job: job.into() }
    }
}

operation_by_key! { GetOperationJob { job } -> OperationJob, json::read }

model! {
    /// How a job stands. Of a failed one [`verdict`](Self::verdict) has the reasons.
    pub response OperationJob {
        /// Id of the job.
        pub id: Option<JobId> = "id",
        /// Id of what it works on.
        pub object_id: Option<Box<str>> = "objectId",
        /// What it works on.
        pub object_type: Option<JobObject> = "objectType",
        /// What it does.
        pub operation_type: Option<JobKind> = "operationType",
        /// How it stands.
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
    /// What became of a request that small objects see done at once and large ones later, by a job.
    ///
    /// The service has two shapes for this; ask [`status`](Self::status), [`job_id`](Self::job_id) and
    /// [`object_id`](Self::object_id), which know both. A job id does not mean that the work still goes on.
    pub response SubmittedJob {
        /// Id of the object, or of the job when there is an `objectId` too.
        pub id: Option<Box<str>> = "id",
        /// Id of the job.
        pub job_id: Option<JobId> = "jobId",
        /// How the job stands.
        pub job_status: Option<JobStatus> = "jobStatus",
        /// Id of the object, in the shape of a job.
        pub object_id: Option<Box<str>> = "objectId",
        /// What the job works on, in the shape of a job.
        pub object_type: Option<JobObject> = "objectType",
        /// What the job does, in the shape of a job.
        pub operation_type: Option<JobKind> = "operationType",
        /// How the job stands, in the shape of a job.
        pub status: Option<JobStatus> = "status",
    }
}

impl SubmittedJob {
    /// How the work stands; done, when the answer names no job.
    pub fn status(&self) -> JobStatus {
        match self.job_status.as_ref().or(self.status.as_ref()) {
            Some(status) => status.clone(),
            None if self.job_id().is_none() => JobStatus::Completed,
            None => JobStatus::Pending,
        }
    }

    /// Id of the job, if there is one.
    pub fn job_id(&self) -> Option<JobId> {
        let of_job = self.id.as_deref().filter(|_| self.object_id.is_some());
        self.job_id.clone().or(of_job.map(JobId::from))
    }

    /// Id of the object that it is about.
    pub fn object_id(&self) -> Option<&str> {
        self.object_id.as_deref().or(self.id.as_deref())
    }
}

open_enum! {
    /// How a job stands.
    pub enum JobStatus {
        /// Not begun.
        Pending = "Pending",
        /// Begun.
        Processing = "Processing",
        /// Over, without success.
        Failed = "Failed",
        /// Done.
        Completed = "Completed",
    }
}

open_enum! {
    /// What a job works on.
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
    /// What a job does.
    pub enum JobKind {
        /// Deletes.
        Delete = "Delete",
        /// Cancels.
        Cancel = "Cancel",
        /// Posts.
        Post = "Post",
        /// Reverses.
        Reverse = "Reverse",
        /// Splits.
        Split = "Split",
        /// Takes a posting back.
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
    fn both_shapes_of_a_submission_are_understood() {
        let read = |body: &str| serde_json::from_str::<SubmittedJob>(body).unwrap();
        let small = read(r#"{"success":true,"id":"i","jobId":"j","jobStatus":"Completed"}"#);
        assert_eq!(
            (small.status(), small.job_id(), small.object_id()),
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
    fn a_failed_job_gives_its_reasons() {
        let body =
            r#"{"success":true,"id":"j","status":"Failed","reasons":[{"code":50000030,"message":"no"}]}"#;
        let job = GetOperationJob::new("j").parse(&HttpResponse::new(Bytes::from(body))).unwrap();
        assert_eq!(job.status().unwrap(), &JobStatus::Failed);
        assert_eq!(job.envelope.reasons[0].code, "50000030");
        assert_eq!(job.envelope.reasons[0].category(), crate::ReasonCategory::Rule);
    }
}
