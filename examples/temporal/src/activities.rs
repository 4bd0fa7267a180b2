//! The steps that talk to the service.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use temporalio_macros::activities;
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use zuora_reqwest::bill_runs::{
    AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun, EmailBillRun, GetBillRun, PostBillRun,
};
use zuora_reqwest::intent::AnyOperation;
use zuora_reqwest::polling::PollingPolicy;
use zuora_reqwest::transport::AsyncTransport as _;
use zuora_reqwest::{Client, Date};
use zuora_workers::SendLog as _;
use zuora_workers::{Acknowledged, Decision, Job, Lease, Limits, deliver};

use crate::folder_log::FolderLog;

/// Time for which one attempt of a write holds its activity. Temporal hands it out again afterwards.
pub const ATTEMPT: Duration = Duration::from_secs(60);

/// The activities of a worker: a session, and the send log of the fleet.
pub struct Billing {
    pub client: Client,
    pub log: FolderLog,
    pub limits: Limits,
}

/// A write of the workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Write {
    Create { target_date: String },
    Post { run: String },
    Email { run: String },
}

/// A state of the bill run that the workflow waits for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Goal {
    Completed,
    Posted,
}

#[activities]
impl Billing {
    /// Makes the intent of a write. Its key and its time are in the history from then on, so that each attempt of
    /// `perform` is the same write.
    #[activity]
    pub async fn intend(
        self: Arc<Self>,
        _: ActivityContext,
        (key, write): (String, Write),
    ) -> Result<Job, ActivityError> {
        let operation: AnyOperation = match write {
            Write::Create { target_date } => {
                let day: Date = target_date.parse()?;
                CreateBillRun::new(Batches::named(["Batch1"]), AdHoc::up_to(day)).into()
            }
            Write::Post { run } => PostBillRun::new(run).into(),
            Write::Email { run } => EmailBillRun::new(run).into(),
        };
        Ok(Job::new(key, &self.client.intent(operation)?)?)
    }

    /// Performs a write once, and returns its response or its evidence.
    #[activity]
    pub async fn perform(self: Arc<Self>, ctx: ActivityContext, job: Job) -> Result<String, ActivityError> {
        // The attempt ends at the deadline, whatever this process does.
        let left = ctx.info().deadline.and_then(|end| end.duration_since(SystemTime::now()).ok());
        let lease = Lease::until(self.client.transport().now() + left.unwrap_or(ATTEMPT));
        let (decision, record) = deliver(&self.client, &self.log, &job, &lease, &self.limits).await?;
        if record != Default::default() {
            self.log.write(&job.key, &record).await?;
        }
        let (kind, text, delay) = match decision {
            Decision::Acknowledge(Acknowledged::Response(text) | Acknowledged::Evidence(text)) => {
                return Ok(text);
            }
            Decision::NotBefore { at, why } => {
                let delay = at.since(SystemTime::now().into()).unwrap_or_default();
                ("not before", why, Some(delay.max(Duration::from_millis(100))))
            }
            // All that a person needs is in the failure of the workflow.
            end => (end.state(), serde_json::to_string(&end)?, None),
        };
        let failure = ApplicationFailure::builder(text).type_name(kind.to_owned());
        let failure = failure.non_retryable(delay.is_none()).maybe_next_retry_delay(delay).build();
        Err(ActivityError::Application(Box::new(failure)))
    }

    /// Waits for a state of the run. An attempt that takes too long is tried again, which reads only.
    #[activity]
    pub async fn wait(
        self: Arc<Self>,
        _: ActivityContext,
        (run, goal): (String, Goal),
    ) -> Result<(), ActivityError> {
        let goal = match goal {
            Goal::Completed => BillRunGoal::Completed,
            Goal::Posted => BillRunGoal::Posted,
        };
        self.client.wait(BillRunWaiter::new(run, goal), PollingPolicy::default()).await?;
        Ok(())
    }

    /// Summarizes the invoices of the run for a person.
    #[activity]
    pub async fn review(self: Arc<Self>, _: ActivityContext, run: String) -> Result<String, ActivityError> {
        let run = self.client.call(&GetBillRun::new(run)).await?;
        let review = self.client.review(&run).await?;
        let totals = review.totals()?.into_iter().map(|(currency, total)| format!("{total} {currency}"));
        let totals = totals.collect::<Vec<_>>().join(", ");
        Ok(format!("{} invoices, {totals}", review.invoice_count()))
    }
}
