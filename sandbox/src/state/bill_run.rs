//! Bill runs: plan, status and dates.

use std::collections::BTreeSet;
use std::time::Duration;

use super::condition::Dates;
use super::effect::{Cause, EffectKind};
use super::schedule::{DateRule, Schedule};
use super::scope::Scope;
use super::store::Stored;
use super::tenant::{Account, ChargeType, Subscription};
use crate::values::{Date, Json, UnixTime};

/// One bill run.
#[derive(Clone)]
pub(crate) struct BillRun {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) status: BillRunStatus,
    /// Time at which the current status was set.
    pub(crate) since: UnixTime,
    /// Progress of the background work of the current status.
    pub(crate) progress: Progress,
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
    /// Position of the account that fails to be billed, from 0 among the accounts that have charges due.
    pub(crate) account_failure: Option<usize>,
    /// The invoices that fail to be posted, by their positions among all invoices.
    pub(crate) failing: Vec<usize>,
    /// The request that set the current status, or that the background work continues.
    pub(crate) cause: Cause,
}

/// Progress of work that is done in slices, so that the work of a large run does not delay other requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Number of slices that are done.
    pub(crate) slices: u32,
    /// Position of the next account or invoice.
    pub(crate) next: usize,
    /// Number of accounts that had charges due.
    pub(crate) documents: usize,
}

/// The part of a run that is the same for all runs of a schedule.
#[derive(Clone)]
pub(crate) struct BillRunPlan {
    pub(crate) name: Option<String>,
    pub(crate) scope: Scope,
    /// Filters and organizations as received.
    pub(crate) filters: Json,
    pub(crate) organizations: Json,
    /// Ids of the organizations whose accounts are billed; `None` for all accounts.
    pub(crate) organization_ids: Option<BTreeSet<String>>,
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

    /// Whether the status changes with time.
    pub(super) fn is_transient(self) -> bool {
        !matches!(self, Self::Completed | Self::Error | Self::Canceled | Self::Posted)
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

impl BillRunPlan {
    /// Whether the run bills accounts of that organization.
    pub(crate) fn includes_organization(&self, id: Option<&str>) -> bool {
        self.organization_ids.as_ref().is_none_or(|ids| id.is_some_and(|id| ids.contains(id)))
    }
}

/// Time between two slices of background work.
const SLICE_TIME: Duration = Duration::from_millis(1);

impl Stored for BillRun {
    fn id(&self) -> &str {
        &self.id
    }

    fn number(&self) -> Option<&str> {
        Some(&self.number)
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
            | BillRunStatus::RemoveInProgress => {
                Some(self.since.after(processing).after(SLICE_TIME * self.progress.slices))
            }
            BillRunStatus::Completed
            | BillRunStatus::Error
            | BillRunStatus::Canceled
            | BillRunStatus::Posted => None,
        }
    }

    pub(crate) fn set_status(&mut self, status: BillRunStatus, now: UnixTime) {
        self.status = status;
        self.progress = Progress::default();
        self.since = now;
        self.updated = now;
    }

    /// Whether the run is creating the invoice of the account.
    pub(crate) fn is_billing(&self, account: &Account) -> bool {
        let dates = self.dates();
        let covers = |subscription: &Subscription| {
            let mut charges = subscription.charges.iter();
            charges.any(|charge| self.plan.scope.covers(account, subscription, charge, &dates))
        };
        self.status == BillRunStatus::Processing && account.subscriptions.iter().any(covers)
    }

    /// Whether the run is posting, canceling or deleting its invoices.
    pub(crate) fn is_changing_invoices(&self) -> bool {
        self.status.is_transient()
            && !matches!(self.status, BillRunStatus::Pending | BillRunStatus::Processing)
    }

    pub(crate) fn dates(&self) -> Dates {
        Dates {
            run: self.day,
            invoice: self.invoice_date.on(self.day),
            target: self.target_date.on(self.day),
        }
    }
}
