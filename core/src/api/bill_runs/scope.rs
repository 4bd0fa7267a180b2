//! Scope and timing of a new bill run.

use crate::api::bill_runs::batch_name::BatchName;
use crate::api::bill_runs::{
    BillCycleDay, BillRunFilter, Condition, FilterObject, FilterType, MonthlySchedule, Schedule,
};
use crate::api::shared::reject;
use crate::error::Result;
use crate::model::rules::Path;
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
    pub(super) names: Vec<BatchName>,
    pub(super) cycle_day: Option<BillCycleDay>,
}

impl Batches {
    /// Selects all batches.
    pub fn all() -> Self {
        Self::named(["AllBatches"])
    }

    /// Selects one or more batches by name, `Batch1` to `Batch50`. Any other name is an error of the request: for a
    /// tenant with more batches, use [`unchecked`](Self::unchecked).
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(BatchName::documented).collect(), cycle_day: None }
    }

    /// Selects one or more batches by names that are sent unchecked, for tenants with more than 50 batches.
    ///
    /// ```
    /// use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun};
    /// use zuora_core::{Date, Operation};
    ///
    /// let up_to = AdHoc::up_to(Date::new(2026, 3, 31)?);
    /// let error = CreateBillRun::new(Batches::named(["Batch120"]), up_to.clone()).request().unwrap_err();
    /// assert_eq!(error.field(), Some("batches"));
    /// assert!(CreateBillRun::new(Batches::unchecked(["Batch120"]), up_to).request().is_ok());
    /// # Ok::<(), zuora_core::types::DateError>(())
    /// ```
    #[doc(alias = "Batch200")]
    pub fn unchecked<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(BatchName::confirmed).collect(), cycle_day: None }
    }

    /// Limits the scope to accounts with this [`BillCycleDay`], 1 to 31. The default is any day.
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

/// Checks the scope of a bill run.
///
/// # Errors
/// A scope that the service would reject. The error names the field.
pub(super) fn check_scope(
    batches: &[BatchName],
    filters: &[BillRunFilter],
    cycle_day: Option<&BillCycleDay>,
    is_scheduled: bool,
) -> Result<()> {
    match (batches.len(), filters.len()) {
        (0, 0) => return reject("batches", "either `batches` or `billRunFilters` is required"),
        (0, _) if cycle_day.is_some() => {
            return reject("billCycleDay", "is allowed only for a scope of batches");
        }
        (0, _) => return check_filters(filters),
        (_, 1..) => return reject("billRunFilters", "cannot be combined with `batches`"),
        (301.., _) => return reject("batches", "must have at most 300 entries"),
        (count, _) if !batches.iter().all(|name| name.is_valid_among(count)) => {
            let why = "must be `AllBatches` alone or `Batch1` to `Batch50`; for a tenant with more batches, use \
                           `Batches::unchecked`";
            return reject("batches", why);
        }
        _ => {}
    }
    let Some(day) = cycle_day else { return Ok(()) };
    let is_day = |text: &str| text.parse::<i64>().is_ok_and(|day| !(1..=31).contains(&day));
    match day.as_str() {
        "AsRunDay" if !is_scheduled => {
            reject("billCycleDay", "`AsRunDay` is allowed only for scheduled runs")
        }
        text if text.is_empty() || text.len() > 1000 => {
            reject("billCycleDay", "must have 1 to 1,000 characters")
        }
        text if is_day(text) => reject("billCycleDay", "must be a day of the month from 1 to 31"),
        _ if !day.is_valid() => reject(
            "billCycleDay",
            "must be a day of the month from 1 to 31, `AllBillCycleDays` or `AsRunDay`; for any other value, use \
                 `BillCycleDay::unchecked`",
        ),
        _ => Ok(()),
    }
}

fn check_filters(filters: &[BillRunFilter]) -> Result<()> {
    for (index, filter) in filters.iter().enumerate() {
        filter.check_fields(&Path::ROOT.row("billRunFilters", index))?;
        if let Some(missing) = filter.missing_part() {
            reject(format!("billRunFilters[{index}].{missing}"), "is required for this type of filter")?;
        }
    }
    let by = |kind: &FilterType| {
        let kind = kind.clone();
        filters.iter().filter(move |filter| filter.filter_type.as_ref() == Some(&kind))
    };
    if by(&FilterType::Account).count() > 1 {
        reject("billRunFilters", "must have at most one account")?;
    }
    if by(&FilterType::Subscription).count() > 50 {
        reject("billRunFilters", "must have at most 50 subscriptions")?;
    }
    let mut accounts = by(&FilterType::Subscription).map(|filter| &filter.account_id);
    if let Some(first) = accounts.next() {
        if accounts.any(|other| other != first) {
            reject("billRunFilters", "must have subscriptions of a single account")?;
        }
    }
    Ok(())
}
