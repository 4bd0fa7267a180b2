//! Schedules of bill runs, and the dates of their invoices.

use crate::values::Date;

/// The schedule of a bill run.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) from: Date,
    pub(crate) to: Option<Date>,
    pub(crate) repeat: Repeat,
    pub(crate) hour: i64,
    pub(crate) end_of_month: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    None,
    Daily,
    /// Days of the week, 0 for Monday.
    Weekly(Vec<usize>),
    Monthly,
}

/// Names of the days of the week in the API.
pub(crate) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Maximum length of a schedule, in years.
pub(crate) const MAX_YEARS: i64 = 10;

impl Schedule {
    pub(crate) fn is_monthly(&self) -> bool {
        self.repeat == Repeat::Monthly
    }

    /// Returns the day of the first run.
    pub(crate) fn first(&self) -> Option<Date> {
        match &self.repeat {
            Repeat::Weekly(_) => self.next(self.from.plus_days(-1)),
            _ => Some(self.from),
        }
    }

    /// Returns the day of the first run after `day`.
    pub(crate) fn next(&self, day: Date) -> Option<Date> {
        let next = match &self.repeat {
            Repeat::None => return None,
            Repeat::Daily => day.plus_days(1),
            Repeat::Weekly(days) => {
                (1..=7).map(|ahead| day.plus_days(ahead)).find(|next| days.contains(&next.weekday()))?
            }
            Repeat::Monthly => {
                (1..=12 * MAX_YEARS).map(|months| self.month(months)).find(|next| *next > day)?
            }
        };
        let last = self.to.unwrap_or_else(|| self.from.plus_months(12 * MAX_YEARS));
        (next <= last && next > day).then_some(next)
    }

    fn month(&self, months: i64) -> Date {
        let day = if self.end_of_month == Some(true) { 31 } else { self.from.day() };
        self.from.in_month(months, day)
    }
}

/// The rule that gives the invoice date or target date of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateRule {
    /// The date of an ad hoc run.
    Fixed(Date),
    /// A number of days after the day of the run. `given` is the date that the first run was created with.
    Days { days: i64, given: Option<Date> },
    /// A day of the month that is `months` after the month of the run.
    Month { months: i64, day: i64 },
}

impl DateRule {
    /// Returns the date for a run on `day`.
    pub(crate) fn on(self, day: Date) -> Date {
        match self {
            Self::Fixed(date) => date,
            Self::Days { days, .. } => day.plus_days(days),
            Self::Month { months, day: of_month } => day.in_month(months, of_month),
        }
    }

    /// Returns the rule for the later runs of a schedule.
    pub(crate) fn for_next_run(self) -> Self {
        match self {
            Self::Days { days, .. } => Self::Days { days, given: None },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn month_pairs_give_the_documented_dates() {
        let end_of_month = DateRule::Month { months: 0, day: 31 };
        assert_eq!(end_of_month.on(date("2026-02-25")), date("2026-02-28"));
        let first_of_next = DateRule::Month { months: 1, day: 1 };
        assert_eq!(first_of_next.on(date("2026-12-16")), date("2027-01-01"));
    }
}
