//! The life of a bill run: create, wait, review, approve by signal, post, wait, e-mail.

use std::time::Duration;

use serde::Deserialize;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, ApplicationFailure, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult,
};
use zuora_workers::Job;

use crate::activities::{ATTEMPT, Billing, Goal, Write};

#[workflow]
#[derive(Default)]
pub struct BillRun {
    summary: Option<String>,
    is_approved: bool,
}

#[workflow_methods]
impl BillRun {
    /// Bills up to a date, and returns the id of the run.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, target_date: String) -> WorkflowResult<String> {
        #[derive(Deserialize)]
        struct Created {
            id: String,
        }
        let create = Write::Create { target_date: target_date.clone() };
        let created = Self::write(ctx, format!("create bill run {target_date}"), create).await?;
        let run = serde_json::from_str::<Created>(&created).map_err(ApplicationFailure::non_retryable)?.id;
        Self::wait(ctx, &run, Goal::Completed).await?;
        let options = ActivityOptions::start_to_close_timeout(READ);
        let summary = ctx.execute_activity(Billing::review, run.clone(), options).await?;
        ctx.state_mut(|state| state.summary = Some(summary));
        ctx.wait_condition(|state| state.is_approved).await?;
        Self::write(ctx, format!("post {run}"), Write::Post { run: run.clone() }).await?;
        Self::wait(ctx, &run, Goal::Posted).await?;
        Self::write(ctx, format!("e-mail {run}"), Write::Email { run: run.clone() }).await?;
        Ok(run)
    }

    /// Approves the posting.
    #[signal]
    pub fn approve(&mut self, _: &mut SyncWorkflowContext<Self>) {
        self.is_approved = true;
    }

    /// Returns the summary for the approval, once it is known.
    #[query]
    pub fn summary(&self, _: &WorkflowContextView) -> Option<String> {
        self.summary.clone()
    }
}

/// Longest time of an attempt that only reads.
const READ: Duration = Duration::from_secs(600);

impl BillRun {
    /// Performs a write in an activity whose id is the key of its job.
    async fn write(ctx: &mut WorkflowContext<Self>, key: String, write: Write) -> WorkflowResult<String> {
        let options = ActivityOptions::start_to_close_timeout(READ);
        let job: Job = ctx.execute_activity(Billing::intend, (key.clone(), write), options).await?;
        let options = ActivityOptions::with_start_to_close_timeout(ATTEMPT).activity_id(key).build();
        Ok(ctx.execute_activity(Billing::perform, job, options).await?)
    }

    async fn wait(ctx: &mut WorkflowContext<Self>, run: &str, goal: Goal) -> WorkflowResult<()> {
        let options = ActivityOptions::start_to_close_timeout(READ);
        Ok(ctx.execute_activity(Billing::wait, (run.to_owned(), goal), options).await?)
    }
}
