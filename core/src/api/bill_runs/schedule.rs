//! When a bill run repeats.

use crate::model::model;
use crate::types::Date;
use crate::types::open_enum::open_enum;

model! {
    /// When a bill run starts and repeats, as the service shows it.
    ///
    /// To make one for a request take [`Schedule`] or [`MonthlySchedule`].
    pub struct BillRunSchedule {
        /// Day of the first run.
        pub repeat_from: Option<Date> = "repeatFrom",
        /// Last day on which it may run; none when it goes on.
        pub repeat_to: Option<Date> = "repeatTo",
        /// How it repeats.
        pub repeat_type: Option<RepeatType> = "repeatType",
        /// Hour of the day at which it starts, 0 to 23, in the tenant's time zone.
        pub run_time: Option<i64> = "runTime",
        /// Days of the week on which a weekly run starts.
        pub weekly_on_day: Vec<Weekday> = "weeklyOnDay",
        /// Whether a monthly run that began on the last day of a month stays on last days: after April 30 comes
        /// May 31, not May 30.
        pub monthly_on_end_of_month: Option<bool> = "monthlyOnEndOfMonth",
    }
}

/// A schedule for a new bill run: once, daily or weekly.
///
/// The invoice date and the target date are by default the day of each run. Fixed ones are moved along by each
/// repeat, so that their distance to the day of the run stays.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Schedule {
    pub(super) wire: BillRunSchedule,
    pub(super) as_run_day: bool,
    pub(super) invoice_date: RunDate,
    pub(super) target_date: RunDate,
}

/// Where a date of a scheduled run comes from.
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
    /// One run in the future, at an hour from 0 to 23 in the tenant's time zone.
    pub fn once(on: Date, hour: u8) -> Self {
        Self::repeating(RepeatType::None, on, hour)
    }

    /// A run every day.
    pub fn daily(from: Date, hour: u8) -> Self {
        Self::repeating(RepeatType::Daily, from, hour)
    }

    /// A run on some days of the week, at least one.
    pub fn weekly(from: Date, hour: u8, on: impl IntoIterator<Item = Weekday>) -> Self {
        let mut schedule = Self::repeating(RepeatType::Weekly, from, hour);
        schedule.wire.weekly_on_day = on.into_iter().collect();
        schedule
    }

    /// A run every month, on the day of the first one.
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

    /// The last day on which it may run.
    pub fn until(mut self, last: Date) -> Self {
        self.wire.repeat_to = Some(last);
        self
    }

    /// Bill the accounts whose bill cycle day is the day of the run. For a scope of batches that names no bill cycle
    /// day itself.
    pub fn as_run_day(mut self) -> Self {
        self.as_run_day = true;
        self
    }

    /// Date on the invoices of the first run.
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.invoice_date = RunDate::Fixed(date);
        self
    }

    /// Target date of the first run.
    pub fn target_date(mut self, date: Date) -> Self {
        self.target_date = RunDate::Fixed(date);
        self
    }
}

/// The open door: a schedule of any other form.
impl From<BillRunSchedule> for Schedule {
    fn from(wire: BillRunSchedule) -> Self {
        Self { wire, ..Self::default() }
    }
}

/// A monthly schedule for a new bill run. Its dates may also be told by month and day.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct MonthlySchedule(pub(super) Schedule);

impl MonthlySchedule {
    /// The last day on which it may run.
    pub fn until(self, last: Date) -> Self {
        Self(self.0.until(last))
    }

    /// As [`Schedule::as_run_day`].
    pub fn as_run_day(self) -> Self {
        Self(self.0.as_run_day())
    }

    /// Whether a schedule that begins on the last day of a month stays on last days: after April 30 comes May 31.
    pub fn on_end_of_month(mut self, stays: bool) -> Self {
        self.0.wire.monthly_on_end_of_month = Some(stays);
        self
    }

    /// Date on the invoices of the first run.
    pub fn invoice_date(self, date: Date) -> Self {
        Self(self.0.invoice_date(date))
    }

    /// Target date of the first run.
    pub fn target_date(self, date: Date) -> Self {
        Self(self.0.target_date(date))
    }

    /// The invoice date is a day (1 to 31; 31 is the last day of any month) of the month that lies `months` after
    /// that of the run.
    pub fn invoice_day(mut self, months: i64, day: u8) -> Self {
        self.0.invoice_date = RunDate::InMonth { offset: months, day };
        self
    }

    /// The target date is a day (1 to 31; 31 is the last day of any month) of the month that lies `months` after
    /// that of the run.
    pub fn target_day(mut self, months: i64, day: u8) -> Self {
        self.0.target_date = RunDate::InMonth { offset: months, day };
        self
    }
}

open_enum! {
    /// How a scheduled bill run repeats.
    pub enum RepeatType {
        /// It does not.
        None = "None",
        /// Every day.
        Daily = "Daily",
        /// On some days of the week.
        Weekly = "Weekly",
        /// Every month.
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
