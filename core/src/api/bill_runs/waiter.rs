//! Waiting for a bill run to get somewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BillRun, BillRunStatus, GetBillRun};
use crate::call::poller::{Awaited, Progress};
use crate::error::{Error, Result};
use crate::transport::Now;
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
/// use zuora_core::{Client, Config, DataCenter, Offline, Pace};
/// use zuora_core::bill_runs::{AwaitBillRun, Goal};
/// # use std::cell::Cell;
///
/// # let looks = Cell::new(0);
/// # let world = Offline::new(|_| {
/// #     looks.set(looks.get() + 1);
/// #     let status = ["Pending", "Processing", "Completed"][looks.get() - 1];
/// #     Ok(Offline::json(200, format!(r#"{{"id":"2c98","status":"{status}","success":true}}"#)))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::over(&config, world)?;
/// let run = client.wait(AwaitBillRun::new("2c98", Goal::Completed), Pace::default())?;
/// assert_eq!(run.status()?.as_str(), "Completed");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwaitBillRun {
    id: BillRunId,
    goal: Goal,
    #[serde(default)]
    seen: Option<BillRun>,
    /// The passing status that leads to the goal was seen.
    #[serde(default)]
    under_way: bool,
    /// How long the run has shown the status it had before.
    #[serde(default)]
    unchanged: Duration,
    #[serde(skip)]
    last_look: Option<Now>,
}

/// Where a bill run is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Goal {
    /// Its documents exist.
    Completed,
    /// Its documents are posted.
    Posted,
    /// It is canceled.
    Canceled,
    /// It is gone, with its documents.
    Deleted,
}

impl AwaitBillRun {
    /// Awaits the run with this id.
    pub fn new(id: impl Into<BillRunId>, goal: Goal) -> Self {
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
            (Goal::Posted, BillRunStatus::Completed) if self.under_way => {
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
            (Goal::Completed, Completed | PostInProgress | Posted)
            | (Goal::Posted, Posted)
            | (Goal::Canceled, Canceled) => Ok(Progress::Ready(run)),

            (Goal::Posted, PostInProgress)
            | (Goal::Canceled, CancelInProgress)
            | (Goal::Deleted, RemoveInProgress) => Ok(self.on_the_way()),

            (Goal::Completed | Goal::Posted, Error | Canceled | CancelInProgress | RemoveInProgress)
            | (Goal::Canceled, Posted | Error | RemoveInProgress) => Err(self.missed(status)),

            (Goal::Completed | Goal::Posted, Pending | Processing | Paused) => Ok(Progress::Pending(None)),

            (Goal::Posted, Completed)
            | (Goal::Canceled, Pending | Processing | Paused | Completed | PostInProgress)
            | (
                Goal::Deleted,
                Pending | Processing | Paused | Completed | PostInProgress | Posted | Canceled
                | CancelInProgress | Error,
            ) => self.not_yet(status),

            _ => Ok(Progress::Pending(None)),
        }
    }
}

impl Awaited for AwaitBillRun {
    type Read = GetBillRun;
    type Ready = BillRun;

    fn read(&self) -> GetBillRun {
        GetBillRun::new(self.id.clone())
    }

    fn judge(&mut self, seen: Result<BillRun>, now: Now) -> Result<Progress<BillRun>> {
        let run = match seen {
            Ok(run) => run,
            Err(error) if self.goal == Goal::Deleted && error.is_not_found() => {
                let last = self.seen.take();
                return Ok(Progress::Ready(last.unwrap_or_else(|| self.gone_at_once())));
            }
            Err(error) => return Err(error),
        };
        let Some(status) = run.status.clone() else {
            return Err(Error::unreadable("status", "missing"));
        };
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

impl AwaitBillRun {
    fn gone_at_once(&self) -> BillRun {
        BillRun { id: Some(self.id.clone()), ..BillRun::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks every 10 s; gives what each status was judged as.
    fn judge(goal: Goal, statuses: &[&str]) -> Vec<&'static str> {
        let mut awaited = AwaitBillRun::new("2c98", goal);
        let mut verdicts = Vec::new();
        for (look, status) in statuses.iter().enumerate() {
            let seen = match *status {
                "404" => {
                    let reason = Error::failed("gone");
                    Err(reason.under(crate::error::Circumstances {
                        status: Some(http::StatusCode::NOT_FOUND),
                        ..Default::default()
                    }))
                }
                status => Ok(BillRun { status: Some(status.into()), ..BillRun::default() }),
            };
            let now = Now(Duration::from_secs(10 * look as u64));
            verdicts.push(match awaited.judge(seen, now) {
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
            judge(Goal::Posted, &["Completed", "PostInProgress", "Posted"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(judge(Goal::Posted, &["PostInProgress", "Completed"]), ["pending", "failed"]);
        let idle = judge(Goal::Posted, &["Completed"; 8]);
        assert_eq!(idle[..6], ["pending"; 6]);
        assert_eq!(idle[6], "failed", "after a minute without posting");
    }

    #[test]
    fn each_goal_has_its_own_end() {
        assert_eq!(
            judge(Goal::Completed, &["Pending", "Processing", "Completed"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(judge(Goal::Completed, &["Processing", "Error"]), ["pending", "failed"]);
        assert_eq!(judge(Goal::Completed, &["Posted"]), ["ready"]);
        assert_eq!(
            judge(Goal::Canceled, &["Completed", "CancelInProgress", "Canceled"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(judge(Goal::Canceled, &["CancelInProgress", "Completed"]), ["pending", "failed"]);
        assert_eq!(judge(Goal::Canceled, &["Posted"]), ["failed"]);
        assert_eq!(
            judge(Goal::Deleted, &["Canceled", "RemoveInProgress", "404"]),
            ["pending", "pending", "ready"]
        );
        assert_eq!(judge(Goal::Deleted, &["404"]), ["ready"]);
        assert_eq!(judge(Goal::Posted, &["404"]), ["failed"]);
    }

    #[test]
    fn a_status_that_nobody_knows_keeps_the_wait_going() {
        assert_eq!(judge(Goal::Posted, &["Archiving", "PostInProgress", "Resting", "Posted"])[3], "ready");
    }

    #[test]
    fn memory_outlives_the_process() {
        let mut awaited = AwaitBillRun::new("2c98", Goal::Posted);
        let seen = |status: &str| Ok(BillRun { status: Some(status.into()), ..BillRun::default() });
        awaited.judge(seen("PostInProgress"), Now::default()).unwrap();
        let text = serde_json::to_string(&awaited).unwrap();
        let mut taken_up: AwaitBillRun = serde_json::from_str(&text).unwrap();
        assert!(taken_up.judge(seen("Completed"), Now::default()).is_err(), "it fell back");
    }
}
