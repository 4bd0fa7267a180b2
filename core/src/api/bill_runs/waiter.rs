//! Waiting for a bill run to get somewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BillRun, BillRunStatus, GetBillRun};
use crate::call::poller::{Progress, Waiter};
use crate::error::{Error, Result};
use crate::transport::Timestamp;
use crate::types::BillRunId;

/// How long a run may show the status it had before an action, after the action was accepted.
const GRACE: Duration = Duration::from_secs(60);

/// A bill run that is on its way to a goal, judged with memory.
///
/// There is no status that ends every wait: a run that is to be posted is `Completed` before posting begins and
/// `Completed` again when a document could not be posted. Which of the two it is depends on what was seen
/// before, and only the goal says whether it is good news.
///
/// | Goal | Reached | Failed |
/// | --- | --- | --- |
/// | [`Completed`](Goal::Completed) | `Completed`, `PostInProgress`, `Posted` | `Error`, `Canceled`, or being canceled or removed |
/// | [`Posted`](Goal::Posted) | `Posted` | the same; `Completed` after `PostInProgress`, or for 60 s without it |
/// | [`Canceled`](Goal::Canceled) | `Canceled` | `Posted`, `Error`; any other status after `CancelInProgress`, or for 60 s without it |
/// | [`Deleted`](Goal::Deleted) | 404 | any other status after `RemoveInProgress`, or for 60 s without it |
///
/// Every status that is not known keeps the wait going. When it is reached there is the run as last seen; for
/// [`Deleted`](Goal::Deleted) that is the last look before it was gone.
///
/// ```
/// use zuora_core::{Client, Config, DataCenter};
/// use zuora_core::polling::PollingPolicy;
/// use zuora_core::testing::FakeTransport;
/// use zuora_core::bill_runs::{BillRunWaiter, BillRunGoal};
/// # use std::cell::Cell;
///
/// # let looks = Cell::new(0);
/// # let world = FakeTransport::new(|_| {
/// #     looks.set(looks.get() + 1);
/// #     let status = ["Pending", "Processing", "Completed"][looks.get() - 1];
/// #     Ok(FakeTransport::json(200, format!(r#"{{"id":"2c98","status":"{status}","success":true}}"#)))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, world)?;
/// let run = client.wait(BillRunWaiter::new("2c98", BillRunGoal::Completed), PollingPolicy::default())?;
/// assert_eq!(run.status()?.as_str(), "Completed");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillRunWaiter {
    id: BillRunId,
    goal: BillRunGoal,
    #[serde(default)]
    seen: Option<BillRun>,
    /// The passing status that leads to the goal was seen.
    #[serde(default)]
    under_way: bool,
    /// How long the run has shown the status it had before.
    #[serde(default)]
    unchanged: Duration,
    #[serde(skip)]
    last_look: Option<Timestamp>,
}

/// Where a bill run is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BillRunGoal {
    /// Its documents exist.
    Completed,
    /// Its documents are posted.
    Posted,
    /// It is canceled.
    Canceled,
    /// It is gone, with its documents.
    Deleted,
}

impl BillRunWaiter {
    /// Awaits the run with this id.
    pub fn new(id: impl Into<BillRunId>, goal: BillRunGoal) -> Self {
        Self { id: id.into(), goal, seen: None, under_way: false, unchanged: Duration::ZERO, last_look: None }
    }

    /// The run as the last look showed it.
    pub fn seen(&self) -> Option<&BillRun> {
        self.seen.as_ref()
    }

    /// The status that the last look showed.
    pub fn status(&self) -> Option<&BillRunStatus> {
        self.seen.as_ref()?.status.as_ref()
    }

    /// Pending for as long as a run may take to begin what was asked of it.
    fn not_yet(&mut self, status: &BillRunStatus) -> Result<Progress<BillRun>> {
        if self.under_way || self.unchanged >= GRACE {
            return Err(self.missed(status));
        }
        Ok(Progress::Pending(None))
    }

    fn on_the_way(&mut self) -> Progress<BillRun> {
        self.under_way = true;
        Progress::Pending(None)
    }

    fn missed(&self, status: &BillRunStatus) -> Error {
        let id = self.id.as_str();
        let advice = match (self.goal, status) {
            (BillRunGoal::Posted, BillRunStatus::Completed) if self.under_way => {
                "it fell back, so at least one document could not be posted; posting again takes the drafts that are left"
            }
            (_, BillRunStatus::Error) => "the run as a whole failed",
            (_, _) if self.under_way => "it fell back",
            _ => "it is not on its way there",
        };
        Error::failed(format!("bill run {id} is {status} and not {:?}: {advice}", self.goal))
    }

    fn judge_status(&mut self, run: BillRun, status: &BillRunStatus) -> Result<Progress<BillRun>> {
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
            | (BillRunGoal::Deleted, RemoveInProgress) => Ok(self.on_the_way()),

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

    fn evaluate(&mut self, seen: Result<BillRun>, now: Timestamp) -> Result<Progress<BillRun>> {
        let run = match seen {
            Ok(run) => run,
            Err(error) if self.goal == BillRunGoal::Deleted && error.is_not_found() => {
                let last = self.seen.take();
                return Ok(Progress::Ready(last.unwrap_or_else(|| self.gone_at_once())));
            }
            Err(error) => return Err(error),
        };
        let status = run.status()?.clone();
        if self.status() == Some(&status) {
            let since = self.last_look.map_or(Duration::ZERO, |last| last.until(now));
            self.unchanged = self.unchanged.saturating_add(since);
        } else {
            self.unchanged = Duration::ZERO;
        }
        self.last_look = Some(now);
        self.seen = Some(run.clone());
        self.judge_status(run, &status)
    }
}

impl BillRunWaiter {
    fn gone_at_once(&self) -> BillRun {
        BillRun { id: Some(self.id.clone()), ..BillRun::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks every 10 s; gives what each status was judged as.
    fn evaluate(goal: BillRunGoal, statuses: &[&str]) -> Vec<&'static str> {
        let mut awaited = BillRunWaiter::new("2c98", goal);
        let mut verdicts = Vec::new();
        for (look, status) in statuses.iter().enumerate() {
            let seen = match *status {
                "404" => {
                    let reason = Error::failed("gone");
                    Err(reason.with_context(crate::error::Context {
                        status: Some(http::StatusCode::NOT_FOUND),
                        ..Default::default()
                    }))
                }
                status => Ok(BillRun { status: Some(status.into()), ..BillRun::default() }),
            };
            let now = Timestamp::new(Duration::from_secs(10 * look as u64));
            verdicts.push(match awaited.evaluate(seen, now) {
                Ok(Progress::Ready(_)) => "ready",
                Ok(Progress::Pending(_)) => "pending",
                Err(_) => "failed",
            });
        }
        verdicts
    }

    #[test]
    fn completed_is_news_of_either_kind_for_a_run_to_be_posted() {
        assert_eq!(
            evaluate(BillRunGoal::Posted, &["Completed", "PostInProgress", "Posted"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(evaluate(BillRunGoal::Posted, &["PostInProgress", "Completed"]), ["pending", "failed"]);
        let idle = evaluate(BillRunGoal::Posted, &["Completed"; 8]);
        assert_eq!(idle[..6], ["pending"; 6]);
        assert_eq!(idle[6], "failed", "after a minute without posting");
    }

    #[test]
    fn each_goal_has_its_own_end() {
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
    fn a_status_that_nobody_knows_keeps_the_wait_going() {
        assert_eq!(
            evaluate(BillRunGoal::Posted, &["Archiving", "PostInProgress", "Resting", "Posted"])[3],
            "ready"
        );
    }

    #[test]
    fn memory_outlives_the_process() {
        let mut awaited = BillRunWaiter::new("2c98", BillRunGoal::Posted);
        let seen = |status: &str| Ok(BillRun { status: Some(status.into()), ..BillRun::default() });
        awaited.evaluate(seen("PostInProgress"), Timestamp::default()).unwrap();
        let text = serde_json::to_string(&awaited).unwrap();
        let mut taken_up: BillRunWaiter = serde_json::from_str(&text).unwrap();
        assert!(taken_up.evaluate(seen("Completed"), Timestamp::default()).is_err(), "it fell back");
    }
}
