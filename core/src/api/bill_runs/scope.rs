//! Whom a bill run bills, and when.

use crate::api::bill_runs::{
    BillCycleDay, BillRunFilter, Condition, FilterObject, MonthlySchedule, Schedule,
};
use crate::types::{AccountId, Date, SubscriptionId};

/// Whom a bill run bills.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scope {
    /// The accounts of some batches.
    Batches(Batches),
    /// One account with all its subscriptions.
    Account(AccountId),
    /// 1 to 50 subscriptions of one account.
    Subscriptions {
        /// The account.
        account: AccountId,
        /// Its subscriptions.
        subscriptions: Vec<SubscriptionId>,
    },
    /// Everything that meets one or more conditions.
    Conditions(Vec<(FilterObject, Condition)>),
    /// The open door: filters of any other form.
    Filters(Vec<BillRunFilter>),
}

impl Scope {
    /// One account with all its subscriptions.
    pub fn account(account: impl Into<AccountId>) -> Self {
        Self::Account(account.into())
    }

    /// 1 to 50 subscriptions of one account.
    pub fn subscriptions<S: Into<SubscriptionId>>(
        account: impl Into<AccountId>,
        subscriptions: impl IntoIterator<Item = S>,
    ) -> Self {
        let subscriptions = subscriptions.into_iter().map(Into::into).collect();
        Self::Subscriptions { account: account.into(), subscriptions }
    }

    /// Everything that meets a condition.
    pub fn condition(object: FilterObject, condition: Condition) -> Self {
        Self::Conditions(vec![(object, condition)])
    }
}

impl From<Batches> for Scope {
    fn from(batches: Batches) -> Self {
        Self::Batches(batches)
    }
}

/// The accounts of some batches, and of one bill cycle day or all.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Batches {
    pub(super) names: Vec<String>,
    pub(super) cycle_day: Option<BillCycleDay>,
}

impl Batches {
    /// All batches.
    pub fn all() -> Self {
        Self::named(["AllBatches"])
    }

    /// Some batches: `Batch1` to `Batch50`, or up to `Batch200` on some tenants. At least one.
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), cycle_day: None }
    }

    /// Only accounts that are billed on this day of the month, 1 to 31; without it, on any.
    pub fn cycle_day(mut self, day: impl Into<BillCycleDay>) -> Self {
        self.cycle_day = Some(day.into());
        self
    }
}

/// When a bill run runs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunTiming {
    /// Now, once.
    AdHoc(AdHoc),
    /// Later, or again and again.
    Schedule(Schedule),
}

/// A run that starts now.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AdHoc {
    pub(super) target_date: Date,
    pub(super) invoice_date: Option<Date>,
}

impl AdHoc {
    /// Bills what is due on this day or before.
    pub fn up_to(target_date: Date) -> Self {
        Self { target_date, invoice_date: None }
    }

    /// Date on the invoices; by default the current one of the tenant.
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.invoice_date = Some(date);
        self
    }
}

impl From<AdHoc> for RunTiming {
    fn from(dates: AdHoc) -> Self {
        Self::AdHoc(dates)
    }
}

impl From<Schedule> for RunTiming {
    fn from(schedule: Schedule) -> Self {
        Self::Schedule(schedule)
    }
}

impl From<MonthlySchedule> for RunTiming {
    fn from(schedule: MonthlySchedule) -> Self {
        Self::Schedule(schedule.0)
    }
}
