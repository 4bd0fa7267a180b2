//! Bill runs: plan, status and dates.

use std::time::Duration;

use super::condition::Dates;
use super::effect::{Cause, EffectKind};
use super::schedule::{DateRule, Schedule};
use super::scope::Scope;
use super::tenant::ChargeType;
use crate::values::{Date, Json, UnixTime};

/// One bill run.
#[derive(Clone)]
pub(crate) struct BillRun {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) status: BillRunStatus,
    /// Time at which the current status was set.
    pub(crate) since: UnixTime,
    pub(crate) created: UnixTime,
    pub(crate) updated: UnixTime,
    /// The day that the run is for, in the tenant's time zone.
    pub(crate) day: Date,
    /// Start time of a scheduled run.
    pub(crate) starts: Option<UnixTime>,
    /// The id of the first run of the schedule, shared by all its runs.
    pub(crate) series: String,
    pub(crate) invoice_date: DateRule,
    pub(crate) target_date: DateRule,
    /// The invoice date of the post request.
    pub(crate) posted_as_of: Option<Date>,
    pub(crate) plan: BillRunPlan,
    /// Position of the draft that fails to be posted, from 0 in the order of creation.
    pub(crate) document_failure: Option<usize>,
    /// The request that set the current status, or that the background work continues.
    pub(crate) cause: Cause,
}

/// The part of a run that is the same for all runs of a schedule.
#[derive(Clone)]
pub(crate) struct BillRunPlan {
    pub(crate) name: Option<String>,
    pub(crate) scope: Scope,
    /// Filters and organizations as received.
    pub(crate) filters: Json,
    pub(crate) organizations: Json,
    pub(crate) excluded: Vec<ChargeType>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) catch_up: bool,
    pub(crate) auto_post: bool,
    pub(crate) auto_email: bool,
    pub(crate) auto_renewal: bool,
    pub(crate) no_email_for_zero: bool,
    pub(crate) subscriptions: bool,
    pub(crate) order_line_items: bool,
}

/// The status of a run. `Paused` is missing, since no operation pauses a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BillRunStatus {
    Pending,
    Processing,
    Completed,
    Error,
    Canceled,
    Posted,
    PostInProgress,
    CancelInProgress,
    RemoveInProgress,
}

impl BillRunStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Completed => "Completed",
            Self::Error => "Error",
            Self::Canceled => "Canceled",
            Self::Posted => "Posted",
            Self::PostInProgress => "PostInProgress",
            Self::CancelInProgress => "CancelInProgress",
            Self::RemoveInProgress => "RemoveInProgress",
        }
    }

    /// Returns the kind of effect that a change to this status is.
    pub(super) fn effect(self) -> EffectKind {
        match self {
            Self::Pending => EffectKind::BillRunCreated,
            Self::Processing => EffectKind::BillRunProcessing,
            Self::Completed => EffectKind::BillRunCompleted,
            Self::Error => EffectKind::BillRunError,
            Self::Canceled => EffectKind::BillRunCanceled,
            Self::Posted => EffectKind::BillRunPosted,
            Self::PostInProgress => EffectKind::BillRunPostInProgress,
            Self::CancelInProgress => EffectKind::BillRunCancelInProgress,
            Self::RemoveInProgress => EffectKind::BillRunRemoveInProgress,
        }
    }
}

impl BillRun {
    /// Returns the time of the next transition; `None` in a final status.
    pub(crate) fn due(&self, processing: Duration) -> Option<UnixTime> {
        match self.status {
            BillRunStatus::Pending => Some(self.starts.unwrap_or_else(|| self.since.after(processing))),
            BillRunStatus::Processing
            | BillRunStatus::PostInProgress
            | BillRunStatus::CancelInProgress
            | BillRunStatus::RemoveInProgress => Some(self.since.after(processing)),
            BillRunStatus::Completed
            | BillRunStatus::Error
            | BillRunStatus::Canceled
            | BillRunStatus::Posted => None,
        }
    }

    pub(crate) fn set_status(&mut self, status: BillRunStatus, now: UnixTime) {
        self.status = status;
        self.since = now;
        self.updated = now;
    }

    pub(crate) fn dates(&self) -> Dates {
        Dates {
            run: self.day,
            invoice: self.invoice_date.on(self.day),
            target: self.target_date.on(self.day),
        }
    }
}
