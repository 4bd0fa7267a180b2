//! Schedules of bill runs.

use crate::api::shared::reject;
use crate::error::Result;
use crate::model::model;
use crate::types::Date;
use crate::types::open_enum::open_enum;

model! {
    /// The schedule of a bill run, as reported by the service.
    ///
    /// To create a schedule for a request, use [`Schedule`] or [`MonthlySchedule`].
    pub struct BillRunSchedule {
        /// Day of the first run.
        pub repeat_from: Option<Date> = "repeatFrom",
        /// Last day on which a run may start. Absent for a schedule without an end.
        pub repeat_to: Option<Date> = "repeatTo",
        /// Frequency of the runs.
        pub repeat_type: Option<RepeatType> = "repeatType",
        /// Hour of the day at which a run starts, 0 to 23, in the tenant's time zone.
        pub run_time: Option<i64> = "runTime",
        /// Days of the week on which a weekly run starts.
        pub weekly_on_day: Vec<Weekday> = "weeklyOnDay",
        /// Whether a monthly schedule that starts on the last day of a month always runs on the last day of the month.
        /// If so, the run after April 30 is on May 31 instead of May 30.
        pub monthly_on_end_of_month: Option<bool> = "monthlyOnEndOfMonth",
    }
}

/// Rules for schedules that the service would reject.
impl BillRunSchedule {
    pub(super) fn check(&self) -> Result<()> {
        if self.repeat_from.is_none() {
            reject("schedule.repeatFrom", "is required")?;
        }
        if !self.run_time.is_some_and(|hour| (0..=23).contains(&hour)) {
            reject("schedule.runTime", "must be an hour from 0 to 23")?;
        }
        if self.weekly_on_day.len() > 7 {
            reject("schedule.weeklyOnDay", "must have at most 7 entries")?;
        }
        match &self.repeat_type {
            None => reject("schedule.repeatType", "is required"),
            Some(RepeatType::Weekly) if self.weekly_on_day.is_empty() => {
                reject("schedule.weeklyOnDay", "is required for a weekly schedule")
            }
            Some(RepeatType::None | RepeatType::Daily | RepeatType::Weekly)
                if self.monthly_on_end_of_month.is_some() =>
            {
                reject("schedule.monthlyOnEndOfMonth", "is allowed only for monthly schedules")
            }
            _ if self.monthly_on_end_of_month == Some(true)
                && !self.repeat_from.is_some_and(Date::is_month_end) =>
            {
                reject("schedule.monthlyOnEndOfMonth", "requires a `repeatFrom` on the last day of a month")
            }
            _ => Ok(()),
        }
    }

    /// Whether the schedule runs by the month. The service may know more frequencies than this version of the crate.
    pub(super) fn may_be_monthly(&self) -> bool {
        !matches!(self.repeat_type, Some(RepeatType::None | RepeatType::Daily | RepeatType::Weekly) | None)
    }
}

/// A schedule for a new bill run that runs once, daily or weekly.
///
/// By default, the invoice date and the target date are the day of each run. A fixed date applies to the first run.
/// For each later run, the service moves the date so that its distance to the day of the run remains the same.
///
/// ```
/// use zuora_core::bill_runs::{Batches, CreateBillRun, Schedule, Weekday};
/// use zuora_core::{Date, Operation};
///
/// let schedule = Schedule::weekly(Date::new(2024, 6, 3)?, 4, [Weekday::Monday]);
/// let create = CreateBillRun::new(Batches::all(), schedule);
/// assert!(create.request().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Schedule {
    pub(super) wire: BillRunSchedule,
    pub(super) as_run_day: bool,
    pub(super) invoice_date: RunDate,
    pub(super) target_date: RunDate,
}

/// The rule for a date of a scheduled run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum RunDate {
    /// The day of the run.
    #[default]
    RunDay,
    Fixed(Date),
    InMonth {
        offset: i64,
        day: u8,
    },
}

impl Schedule {
    /// Schedules a single run in the future, at an hour from 0 to 23 in the tenant's time zone.
    pub fn once(on: Date, hour: u8) -> Self {
        Self::repeating(RepeatType::None, on, hour)
    }

    /// Schedules a run every day, at an hour from 0 to 23 in the tenant's time zone.
    pub fn daily(from: Date, hour: u8) -> Self {
        Self::repeating(RepeatType::Daily, from, hour)
    }

    /// Schedules a run on one or more days of the week, at an hour from 0 to 23 in the tenant's time zone.
    pub fn weekly(from: Date, hour: u8, on: impl IntoIterator<Item = Weekday>) -> Self {
        let mut schedule = Self::repeating(RepeatType::Weekly, from, hour);
        schedule.wire.weekly_on_day = on.into_iter().collect();
        schedule
    }

    /// Schedules a run every month, on the day of the month of the first run, at an hour from 0 to 23 in the tenant's
    /// time zone.
    pub fn monthly(from: Date, hour: u8) -> MonthlySchedule {
        MonthlySchedule(Self::repeating(RepeatType::Monthly, from, hour))
    }

    fn repeating(repeat_type: RepeatType, from: Date, hour: u8) -> Self {
        let wire = BillRunSchedule {
            repeat_from: Some(from),
            repeat_type: Some(repeat_type),
            run_time: Some(hour.into()),
            ..BillRunSchedule::default()
        };
        Self { wire, ..Self::default() }
    }

    /// Sets the last day on which a run may start.
    pub fn until(mut self, last: Date) -> Self {
        self.wire.repeat_to = Some(last);
        self
    }

    /// Bills the accounts whose bill cycle day is the day of the run.
    ///
    /// Applies only to a scope of batches without a bill cycle day.
    #[doc(alias = "AsRunDay")]
    pub fn as_run_day(mut self) -> Self {
        self.as_run_day = true;
        self
    }

    /// Sets the invoice date of the first run.
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.invoice_date = RunDate::Fixed(date);
        self
    }

    /// Sets the target date of the first run.
    pub fn target_date(mut self, date: Date) -> Self {
        self.target_date = RunDate::Fixed(date);
        self
    }
}

/// Creates a schedule of any other form.
impl From<BillRunSchedule> for Schedule {
    fn from(wire: BillRunSchedule) -> Self {
        Self { wire, ..Self::default() }
    }
}

/// A monthly schedule for a new bill run.
///
/// In addition to the dates of a [`Schedule`], its dates can be specified by month and day of the month.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct MonthlySchedule(pub(super) Schedule);

impl MonthlySchedule {
    /// Sets the last day on which a run may start.
    pub fn until(self, last: Date) -> Self {
        Self(self.0.until(last))
    }

    /// Bills the accounts whose bill cycle day is the day of the run. See [`Schedule::as_run_day`].
    pub fn as_run_day(self) -> Self {
        Self(self.0.as_run_day())
    }

    /// Sets whether a schedule that starts on the last day of a month always runs on the last day of the month.
    ///
    /// If so, the run after April 30 is on May 31 instead of May 30.
    #[doc(alias = "monthlyOnEndOfMonth")]
    pub fn on_end_of_month(mut self, month_end: bool) -> Self {
        self.0.wire.monthly_on_end_of_month = Some(month_end);
        self
    }

    /// Sets the invoice date of the first run.
    pub fn invoice_date(self, date: Date) -> Self {
        Self(self.0.invoice_date(date))
    }

    /// Sets the target date of the first run.
    pub fn target_date(self, date: Date) -> Self {
        Self(self.0.target_date(date))
    }

    /// Sets the invoice date to a day of the month that is `months` after the month of the run.
    ///
    /// `day` is 1 to 31. 31 means the last day of any month.
    pub fn invoice_day(mut self, months: i64, day: u8) -> Self {
        self.0.invoice_date = RunDate::InMonth { offset: months, day };
        self
    }

    /// Sets the target date to a day of the month that is `months` after the month of the run.
    ///
    /// `day` is 1 to 31. 31 means the last day of any month.
    pub fn target_day(mut self, months: i64, day: u8) -> Self {
        self.0.target_date = RunDate::InMonth { offset: months, day };
        self
    }
}

open_enum! {
    /// Frequency of a scheduled bill run.
    pub enum RepeatType {
        /// A single run.
        None = "None",
        /// A run every day.
        Daily = "Daily",
        /// A run on certain days of the week.
        Weekly = "Weekly",
        /// A run every month.
        Monthly = "Monthly",
    }
}

open_enum! {
    /// A day of the week.
    pub enum Weekday {
        /// Monday.
        Monday = "Mon",
        /// Tuesday.
        Tuesday = "Tue",
        /// Wednesday.
        Wednesday = "Wed",
        /// Thursday.
        Thursday = "Thu",
        /// Friday.
        Friday = "Fri",
        /// Saturday.
        Saturday = "Sat",
        /// Sunday.
        Sunday = "Sun",
    }
}
