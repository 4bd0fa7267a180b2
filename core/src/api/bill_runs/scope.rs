//! Scope and timing of a new bill run.

use crate::api::bill_runs::{
    BillCycleDay, BillRunFilter, Condition, FilterObject, MonthlySchedule, Schedule,
};
use crate::types::{AccountId, Date, SubscriptionId};

/// The accounts or subscriptions that a bill run bills.
///
/// ```
/// use zuora_core::bill_runs::{Batches, Condition, FilterObject, Operator, Scope};
///
/// let batches = Scope::from(Batches::named(["Batch1", "Batch2"]));
/// let account = Scope::account("2c92a0fd5e2d4f8a015e2d5c3a1b0001");
/// let region = Scope::condition(FilterObject::Account, Condition::of("Region__c", Operator::Equal, "EU"));
/// # let _ = (batches, account, region);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scope {
    /// The accounts of certain batches.
    Batches(Batches),
    /// One account with all its subscriptions.
    Account(AccountId),
    /// 1 to 50 subscriptions of one account.
    Subscriptions {
        /// Id of the account.
        account: AccountId,
        /// Ids of the subscriptions.
        subscriptions: Vec<SubscriptionId>,
    },
    /// Objects that meet one or more conditions.
    Conditions(Vec<(FilterObject, Condition)>),
    /// Filters of any other form.
    Filters(Vec<BillRunFilter>),
}

impl Scope {
    /// Selects one account with all its subscriptions.
    pub fn account(account: impl Into<AccountId>) -> Self {
        Self::Account(account.into())
    }

    /// Selects 1 to 50 subscriptions of one account.
    pub fn subscriptions<S: Into<SubscriptionId>>(
        account: impl Into<AccountId>,
        subscriptions: impl IntoIterator<Item = S>,
    ) -> Self {
        let subscriptions = subscriptions.into_iter().map(Into::into).collect();
        Self::Subscriptions { account: account.into(), subscriptions }
    }

    /// Selects all objects of a type that meet a condition.
    pub fn condition(object: FilterObject, condition: Condition) -> Self {
        Self::Conditions(vec![(object, condition)])
    }
}

impl From<Batches> for Scope {
    fn from(batches: Batches) -> Self {
        Self::Batches(batches)
    }
}

/// A scope of batches, which are groups of accounts, optionally limited to one bill cycle day.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Batches {
    pub(super) names: Vec<String>,
    pub(super) cycle_day: Option<BillCycleDay>,
}

impl Batches {
    /// Selects all batches.
    pub fn all() -> Self {
        Self::named(["AllBatches"])
    }

    /// Selects one or more batches by name, `Batch1` to `Batch50`. Some tenants have up to `Batch200`.
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), cycle_day: None }
    }

    /// Limits the scope to accounts with this bill cycle day, 1 to 31. The default is any day.
    pub fn cycle_day(mut self, day: impl Into<BillCycleDay>) -> Self {
        self.cycle_day = Some(day.into());
        self
    }
}

/// The timing of a bill run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunTiming {
    /// A single run that starts immediately.
    AdHoc(AdHoc),
    /// One or more runs in the future.
    Schedule(Schedule),
}

/// A single bill run that starts immediately.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AdHoc {
    pub(super) target_date: Date,
    pub(super) invoice_date: Option<Date>,
}

impl AdHoc {
    /// Bills all charges that are due on or before the target date.
    pub fn up_to(target_date: Date) -> Self {
        Self { target_date, invoice_date: None }
    }

    /// Sets the invoice date. The default is the current date in the tenant's time zone.
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
