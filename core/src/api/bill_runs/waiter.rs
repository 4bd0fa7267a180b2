//! Waiting for a bill run to reach a status.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BillRun, BillRunStatus, GetBillRun};
use crate::call::poller::{Progress, Waiter};
use crate::call::written_at::ProcessingLimits;
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::transport::Timestamp;
use crate::types::BillRunId;

/// Time for which a run may keep its previous status after an action on it was accepted, or for which a read may show it.
const GRACE: Duration = ProcessingLimits::DOCUMENTED.processing;

/// A [`Waiter`] that polls a bill run until it reaches a goal or can no longer reach it.
///
/// A status alone does not decide a wait. A run to be posted is `Completed` before the posting starts, and `Completed`
/// again if a document could not be posted. The waiter distinguishes the two cases by the statuses of earlier polls.
///
/// | Goal | Reached | Failed |
/// | --- | --- | --- |
/// | [`Completed`](BillRunGoal::Completed) | `Completed`, `PostInProgress`, `Posted` | `Error`, `Canceled`, `CancelInProgress`, `RemoveInProgress` |
/// | [`Posted`](BillRunGoal::Posted) | `Posted` | the same statuses; `Completed` after `PostInProgress`, or for 130 s without it |
/// | [`Canceled`](BillRunGoal::Canceled) | `Canceled` | `Posted`, `Error`, `RemoveInProgress`; any other status after `CancelInProgress`, or for 130 s without it |
/// | [`Deleted`](BillRunGoal::Deleted) | a reason of category 40 of the service | any other status after `RemoveInProgress`, or for 130 s without it |
///
/// A status unknown to this version of the crate does not end the wait. The output is the run as of the last poll. For
/// [`Deleted`](BillRunGoal::Deleted), it is the run as of the last poll before the deletion.
///
/// A waiter can be serialized, so that another process can continue the wait.
///
/// ```
/// use zuora_core::bill_runs::{BillRunGoal, BillRunStatus, BillRunWaiter};
/// use zuora_core::polling::PollingPolicy;
/// # use std::cell::Cell;
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let polls = Cell::new(0);
/// # let transport = FakeTransport::new(|_| {
/// #     polls.set(polls.get() + 1);
/// #     let status = ["Pending", "Processing", "Completed"][polls.get() - 1];
/// #     Ok(FakeTransport::json(200, format!(r#"{{"id":"2c98","status":"{status}","success":true}}"#)))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let run = client.wait(BillRunWaiter::new("2c98", BillRunGoal::Completed), PollingPolicy::default())?;
/// assert_eq!(run.status()?, &BillRunStatus::Completed);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "poll")]
#[doc(alias = "wait")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillRunWaiter {
    id: BillRunId,
    goal: BillRunGoal,
    /// The run as of the last poll.
    #[serde(default)]
    last: Option<BillRun>,
    /// Whether a poll has reported the transitional status that leads to the goal.
    #[serde(default)]
    under_way: bool,
    /// Time for which polls have reported the same status.
    #[serde(default)]
    unchanged: Duration,
    #[serde(skip)]
    last_polled_at: Option<Timestamp>,
}

/// A goal for which a [`BillRunWaiter`] waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BillRunGoal {
    /// The documents of the run exist as drafts.
    Completed,
    /// All documents of the run are posted.
    Posted,
    /// The run is canceled.
    Canceled,
    /// The run and its documents are deleted.
    Deleted,
}

impl BillRunWaiter {
    /// Creates a waiter for the bill run with this id.
    pub fn new(id: impl Into<BillRunId>, goal: BillRunGoal) -> Self {
        Self {
            id: id.into(),
            goal,
            last: None,
            under_way: false,
            unchanged: Duration::ZERO,
            last_polled_at: None,
        }
    }

    /// Returns the bill run as of the last poll.
    pub fn bill_run(&self) -> Option<&BillRun> {
        self.last.as_ref()
    }

    /// Returns the status as of the last poll.
    pub fn status(&self) -> Option<&BillRunStatus> {
        self.last.as_ref()?.status.as_ref()
    }

    /// Keeps waiting while the requested action may still start, and fails otherwise.
    fn not_yet(&mut self, status: &BillRunStatus) -> Result<Progress<BillRun>> {
        if self.under_way || self.unchanged >= GRACE {
            return Err(self.missed(status));
        }
        Ok(Progress::Pending(None))
    }

    fn progressing(&mut self) -> Progress<BillRun> {
        self.under_way = true;
        Progress::Pending(None)
    }

    fn missed(&self, status: &BillRunStatus) -> Error {
        let id = self.id.as_str();
        let advice = match (self.goal, status) {
            (BillRunGoal::Posted, BillRunStatus::Completed) if self.under_way => {
                "the run fell back, so at least one document could not be posted; post again to retry the remaining drafts"
            }
            (_, BillRunStatus::Error) => "the run failed as a whole",
            (_, _) if self.under_way => "the run fell back",
            _ => "the run is not progressing toward this goal",
        };
        Error::failed(format!("bill run {id} is {status} instead of {:?} ({advice})", self.goal))
    }

    fn evaluate_status(&mut self, run: BillRun, status: &BillRunStatus) -> Result<Progress<BillRun>> {
        use BillRunStatus::{
            CancelInProgress, Canceled, Completed, Error, Paused, Pending, PostInProgress, Posted,
            Processing, RemoveInProgress,
        };
        match (self.goal, status) {
            (BillRunGoal::Completed, Completed | PostInProgress | Posted)
            | (BillRunGoal::Posted, Posted)
            | (BillRunGoal::Canceled, Canceled) => Ok(Progress::Ready(run)),

            (BillRunGoal::Posted, PostInProgress)
            | (BillRunGoal::Canceled, CancelInProgress)
            | (BillRunGoal::Deleted, RemoveInProgress) => Ok(self.progressing()),

            (
                BillRunGoal::Completed | BillRunGoal::Posted,
                Error | Canceled | CancelInProgress | RemoveInProgress,
            )
            | (BillRunGoal::Canceled, Posted | Error | RemoveInProgress) => Err(self.missed(status)),

            (BillRunGoal::Completed | BillRunGoal::Posted, Pending | Processing | Paused) => {
                Ok(Progress::Pending(None))
            }

            (BillRunGoal::Posted, Completed)
            | (BillRunGoal::Canceled, Pending | Processing | Paused | Completed | PostInProgress)
            | (
                BillRunGoal::Deleted,
                Pending | Processing | Paused | Completed | PostInProgress | Posted | Canceled
                | CancelInProgress | Error,
            ) => self.not_yet(status),

            _ => Ok(Progress::Pending(None)),
        }
    }
}

impl Waiter for BillRunWaiter {
    type Read = GetBillRun;
    type Output = BillRun;

    fn read(&self) -> GetBillRun {
        GetBillRun::new(self.id.clone())
    }

    fn evaluate(&mut self, response: Result<BillRun>, now: Timestamp) -> Result<Progress<BillRun>> {
        let run = match response {
            Ok(run) => run,
            Err(error) if self.goal == BillRunGoal::Deleted && error.is_gone() => {
                let last = self.last.take();
                return Ok(Progress::Ready(last.unwrap_or_else(|| self.never_read())));
            }
            Err(error) => return Err(error),
        };
        let status = run.status()?.clone();
        if self.status() == Some(&status) {
            let since = self.last_polled_at.map_or(Duration::ZERO, |last| last.until(now));
            self.unchanged = self.unchanged.saturating_add(since);
        } else {
            self.unchanged = Duration::ZERO;
        }
        self.last_polled_at = Some(now);
        self.last = Some(run.clone());
        self.evaluate_status(run, &status)
    }

    fn undecided(&mut self, error: Error, waited: Duration) -> Result<BillRun> {
        if error.kind() != ErrorKind::Timeout {
            return Err(error);
        }
        let what = format!(
            "bill run {} was not {:?} within {} s (last status {})",
            self.id,
            self.goal,
            waited.as_secs(),
            self.status().map_or("unknown", BillRunStatus::as_str),
        );
        Err(Error::from(Cause::Timeout { what: what.into() }).with_unknown_outcome())
    }
}

impl BillRunWaiter {
    fn never_read(&self) -> BillRun {
        BillRun { id: Some(self.id.clone()), ..BillRun::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Polls every 10 s and returns the progress after each status.
    fn evaluate(goal: BillRunGoal, statuses: &[&str]) -> Vec<&'static str> {
        let mut waiter = BillRunWaiter::new("2c98", goal);
        let mut progress = Vec::new();
        for (poll, status) in statuses.iter().enumerate() {
            let response = match *status {
                "404" => {
                    let reason = crate::Reason { code: "50000040".to_owned(), ..crate::Reason::default() };
                    Err(Error::from(Cause::Rejected).with_context(crate::error::Context {
                        status: Some(http::StatusCode::NOT_FOUND),
                        reasons: vec![reason],
                        body: r#"{"success":false,"reasons":[{"code":50000040}]}"#.into(),
                        ..Default::default()
                    }))
                }
                status => Ok(BillRun { status: Some(status.into()), ..BillRun::default() }),
            };
            let now = Timestamp::new(Duration::from_secs(10 * poll as u64));
            progress.push(match waiter.evaluate(response, now) {
                Ok(Progress::Ready(_)) => "ready",
                Ok(Progress::Pending(_) | Progress::Incomplete) => "pending",
                Err(_) => "failed",
            });
        }
        progress
    }

    #[test]
    fn completed_means_not_posted_yet_or_failed_to_post() {
        assert_eq!(
            evaluate(BillRunGoal::Posted, &["Completed", "PostInProgress", "Posted"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(evaluate(BillRunGoal::Posted, &["PostInProgress", "Completed"]), ["pending", "failed"]);
        let idle = evaluate(BillRunGoal::Posted, &["Completed"; 14]);
        assert_eq!(idle[..13], ["pending"; 13]);
        assert_eq!(idle[13], "failed", "130 s without posting");
    }

    #[test]
    fn each_goal_has_its_own_final_statuses() {
        assert_eq!(
            evaluate(BillRunGoal::Completed, &["Pending", "Processing", "Completed"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(evaluate(BillRunGoal::Completed, &["Processing", "Error"]), ["pending", "failed"]);
        assert_eq!(evaluate(BillRunGoal::Completed, &["Posted"]), ["ready"]);
        assert_eq!(
            evaluate(BillRunGoal::Canceled, &["Completed", "CancelInProgress", "Canceled"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(
            evaluate(BillRunGoal::Canceled, &["CancelInProgress", "Completed"]),
            ["pending", "failed"]
        );
        assert_eq!(evaluate(BillRunGoal::Canceled, &["Posted"]), ["failed"]);
        assert_eq!(
            evaluate(BillRunGoal::Deleted, &["Canceled", "RemoveInProgress", "404"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(evaluate(BillRunGoal::Deleted, &["404"]), ["ready"]);
        assert_eq!(evaluate(BillRunGoal::Posted, &["404"]), ["failed"]);
    }

    #[test]
    fn an_unknown_status_does_not_end_the_wait() {
        assert_eq!(
            evaluate(BillRunGoal::Posted, &["Archiving", "PostInProgress", "Resting", "Posted"])[3],
            "ready"
        );
    }

    #[test]
    fn a_serialized_waiter_remembers_earlier_polls() {
        let mut waiter = BillRunWaiter::new("2c98", BillRunGoal::Posted);
        let run = |status: &str| Ok(BillRun { status: Some(status.into()), ..BillRun::default() });
        waiter.evaluate(run("PostInProgress"), Timestamp::default()).unwrap();
        let text = serde_json::to_string(&waiter).unwrap();
        let mut resumed: BillRunWaiter = serde_json::from_str(&text).unwrap();
        assert!(resumed.evaluate(run("Completed"), Timestamp::default()).is_err(), "the run fell back");
    }
}
