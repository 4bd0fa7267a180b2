//! When a run runs, and which dates its invoices get.

use crate::call::Fields;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::time::Date;

/// The `schedule` of a run.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) from: Date,
    to: Option<Date>,
    repeat: Repeat,
    pub(crate) hour: i64,
    end_of_month: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Repeat {
    None,
    Daily,
    /// Days of the week, 0 for Monday.
    Weekly(Vec<usize>),
    Monthly,
}

const WEEK: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// No schedule reaches further.
const YEARS: i64 = 10;

impl Schedule {
    pub(crate) fn read(schedule: &Json, today: Date) -> Result<Self, Refusal> {
        let known = ["repeatFrom", "repeatTo", "repeatType", "runTime", "weeklyOnDay", "monthlyOnEndOfMonth"];
        let fields = Fields::new("schedule.", schedule)?.known(&known)?;
        let missing = |name: &str| Refusal::missing(&fields.name(name));
        let from = fields.date("repeatFrom")?.ok_or_else(|| missing("repeatFrom"))?;
        let to = fields.date("repeatTo")?;
        let hour = fields.integer("runTime", 0, 23)?.ok_or_else(|| missing("runTime"))?;
        let days = fields.texts("weeklyOnDay")?;
        let repeat = match fields.required_text("repeatType")? {
            "None" => Repeat::None,
            "Daily" => Repeat::Daily,
            "Monthly" => Repeat::Monthly,
            "Weekly" => Repeat::Weekly(week_days(days.as_deref())?),
            _ => {
                return Err(Refusal::value(
                    "schedule.repeatType",
                    "None, Daily, Weekly or Monthly is expected",
                ));
            }
        };
        let end_of_month = fields.flag("monthlyOnEndOfMonth")?;
        if end_of_month == Some(true) && !(repeat == Repeat::Monthly && from.is_month_end()) {
            return Err(Refusal::rule(
                "The field 'schedule.monthlyOnEndOfMonth' is for monthly schedules from the last day of a month.",
            ));
        }
        if to.is_some_and(|to| to < from) {
            return Err(Refusal::rule("The field 'schedule.repeatTo' is before 'schedule.repeatFrom'."));
        }
        if to.unwrap_or(from) > today.plus_months(12 * YEARS) {
            return Err(Refusal::rule("A bill run cannot be scheduled more than 10 years ahead."));
        }
        Ok(Self { from, to, repeat, hour, end_of_month })
    }

    pub(crate) fn is_monthly(&self) -> bool {
        self.repeat == Repeat::Monthly
    }

    /// The day of the first run.
    pub(crate) fn first(&self) -> Option<Date> {
        match &self.repeat {
            Repeat::Weekly(_) => self.next(self.from.plus_days(-1)),
            _ => Some(self.from),
        }
    }

    /// The day of the first run after `day`.
    pub(crate) fn next(&self, day: Date) -> Option<Date> {
        let next = match &self.repeat {
            Repeat::None => return None,
            Repeat::Daily => day.plus_days(1),
            Repeat::Weekly(days) => {
                (1..=7).map(|ahead| day.plus_days(ahead)).find(|next| days.contains(&next.weekday()))?
            }
            Repeat::Monthly => (1..=12 * YEARS).map(|months| self.month(months)).find(|next| *next > day)?,
        };
        let last = self.to.unwrap_or_else(|| self.from.plus_months(12 * YEARS));
        (next <= last && next > day).then_some(next)
    }

    fn month(&self, months: i64) -> Date {
        let day = if self.end_of_month == Some(true) { 31 } else { self.from.day() };
        self.from.in_month(months, day)
    }

    pub(crate) fn json(&self) -> Json {
        let (repeat, days) = match &self.repeat {
            Repeat::None => ("None", None),
            Repeat::Daily => ("Daily", None),
            Repeat::Weekly(days) => ("Weekly", Some(days.iter().map(|day| WEEK[*day]).collect::<Vec<_>>())),
            Repeat::Monthly => ("Monthly", None),
        };
        Json::filled([
            ("repeatFrom", self.from.into()),
            ("repeatTo", self.to.into()),
            ("repeatType", repeat.into()),
            ("runTime", self.hour.into()),
            ("weeklyOnDay", days.into()),
            ("monthlyOnEndOfMonth", self.end_of_month.into()),
        ])
    }
}

fn week_days(names: Option<&[&str]>) -> Result<Vec<usize>, Refusal> {
    let names =
        names.filter(|names| !names.is_empty()).ok_or_else(|| Refusal::missing("schedule.weeklyOnDay"))?;
    let day = |name: &&str| WEEK.iter().position(|day| day == name);
    let days: Option<Vec<usize>> = names.iter().map(day).collect();
    let expected = "names of days from Mon to Sun, at most seven, are expected";
    days.filter(|days| days.len() <= 7).ok_or_else(|| Refusal::value("schedule.weeklyOnDay", expected))
}

/// How a run finds its invoice date or its target date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateRule {
    /// Of an ad hoc run.
    Fixed(Date),
    /// So many days after the day of the run; `given` is what the first run of a schedule was created with.
    Days { days: i64, given: Option<Date> },
    /// A day of a month, so many months after the run.
    Month { months: i64, day: i64 },
}

impl DateRule {
    /// Reads `invoiceDate` (or `targetDate`) and its month pair. `first` is the day of the first run of
    /// `schedule`, or the day that an ad hoc run gets when it names none.
    pub(crate) fn read(
        fields: Fields<'_>,
        name: &str,
        schedule: Option<(&Schedule, Date)>,
        default: Option<Date>,
    ) -> Result<Self, Refusal> {
        let (month_offset, day_of_month) = (format!("{name}MonthOffset"), format!("{name}DayOfMonth"));
        let given = fields.date(name)?;
        let months = fields.integer(&month_offset, -120, 120)?;
        let day = fields.integer(&day_of_month, 1, 31)?;
        match (given, months, day) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(Refusal::rule(format!(
                "The field '{name}' excludes '{month_offset}' and '{day_of_month}'."
            ))),
            (None, Some(_), None) => Err(Refusal::missing(&day_of_month)),
            (None, None, Some(_)) => Err(Refusal::missing(&month_offset)),
            (None, Some(months), Some(day))
                if schedule.is_some_and(|(schedule, _)| schedule.is_monthly()) =>
            {
                Ok(Self::Month { months, day })
            }
            (None, Some(_), Some(_)) => Err(Refusal::rule(format!(
                "The fields '{month_offset}' and '{day_of_month}' are for monthly schedules."
            ))),
            (given, None, None) => match schedule {
                Some((schedule, first)) => {
                    let date = given.unwrap_or(schedule.from);
                    Ok(Self::Days { days: date.days_since(first), given: Some(date) })
                }
                None => given.or(default).map(Self::Fixed).ok_or_else(|| Refusal::missing(name)),
            },
        }
    }

    /// The date for a run on `day`.
    pub(crate) fn on(self, day: Date) -> Date {
        match self {
            Self::Fixed(date) => date,
            Self::Days { days, .. } => day.plus_days(days),
            Self::Month { months, day: of_month } => day.in_month(months, of_month),
        }
    }

    /// The rule of the later runs of a schedule.
    pub(crate) fn repeated(self) -> Self {
        match self {
            Self::Days { days, .. } => Self::Days { days, given: None },
            other => other,
        }
    }

    /// Date, offset in days, offset in months, day of month, as they are shown.
    pub(crate) fn shown(self) -> [Json; 4] {
        const NONE: Json = Json::Null;
        match self {
            Self::Fixed(date) => [date.into(), NONE, NONE, NONE],
            Self::Days { days, given } => [given.into(), days.into(), NONE, NONE],
            Self::Month { months, day } => [NONE, NONE, months.into(), day.into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn read(json: &str) -> Result<Schedule, Refusal> {
        Schedule::read(&Json::read(json.as_bytes()).unwrap(), date("2024-01-01"))
    }

    fn days(json: &str, count: usize) -> Vec<String> {
        let schedule = read(json).unwrap();
        let days = std::iter::successors(schedule.first(), |day| schedule.next(*day));
        days.take(count).map(|day| day.to_string()).collect()
    }

    #[test]
    fn runs_repeat_by_day_week_and_month() {
        let daily = r#"{"repeatFrom":"2024-02-28","repeatTo":"2024-03-01","repeatType":"Daily","runTime":1}"#;
        assert_eq!(days(daily, 9), ["2024-02-28", "2024-02-29", "2024-03-01"]);
        let weekly =
            r#"{"repeatFrom":"2024-04-30","repeatType":"Weekly","runTime":0,"weeklyOnDay":["Mon","Thu"]}"#;
        assert_eq!(days(weekly, 3), ["2024-05-02", "2024-05-06", "2024-05-09"]);
        let once = r#"{"repeatFrom":"2024-04-30","repeatType":"None","runTime":23}"#;
        assert_eq!(days(once, 3), ["2024-04-30"]);
    }

    #[test]
    fn the_last_day_of_a_month_is_kept_only_when_asked() {
        let monthly = |end| {
            format!(
                r#"{{"repeatFrom":"2024-04-30","repeatType":"Monthly","runTime":0,"monthlyOnEndOfMonth":{end}}}"#
            )
        };
        assert_eq!(days(&monthly(true), 3), ["2024-04-30", "2024-05-31", "2024-06-30"]);
        assert_eq!(days(&monthly(false), 3), ["2024-04-30", "2024-05-30", "2024-06-30"]);
        let short = r#"{"repeatFrom":"2024-01-31","repeatType":"Monthly","runTime":0}"#;
        assert_eq!(days(short, 3), ["2024-01-31", "2024-02-29", "2024-03-31"]);
    }

    #[test]
    fn month_pairs_give_the_documented_dates() {
        let end_of_month = DateRule::Month { months: 0, day: 31 };
        assert_eq!(end_of_month.on(date("2026-02-25")), date("2026-02-28"));
        let first_of_next = DateRule::Month { months: 1, day: 1 };
        assert_eq!(first_of_next.on(date("2026-12-16")), date("2027-01-01"));
    }

    #[test]
    fn unsound_schedules_are_refused_by_name() {
        for (json, says) in [
            (r#"{"repeatType":"None","runTime":0}"#, "'schedule.repeatFrom' is required"),
            (r#"{"repeatFrom":"2024-04-30","runTime":0}"#, "'schedule.repeatType' is required"),
            (r#"{"repeatFrom":"2024-04-30","repeatType":"None"}"#, "'schedule.runTime' is required"),
            (r#"{"repeatFrom":"2024-04-30","repeatType":"None","runTime":24}"#, "'schedule.runTime'"),
            (r#"{"repeatFrom":"2024-04-30","repeatType":"Yearly","runTime":2}"#, "'schedule.repeatType'"),
            (
                r#"{"repeatFrom":"2024-04-30","repeatType":"Weekly","runTime":2}"#,
                "'schedule.weeklyOnDay' is required",
            ),
            (
                r#"{"repeatFrom":"2024-04-30","repeatType":"Weekly","runTime":2,"weeklyOnDay":["Monday"]}"#,
                "'schedule.weeklyOnDay'",
            ),
            (
                r#"{"repeatFrom":"2024-04-29","repeatType":"Monthly","runTime":2,"monthlyOnEndOfMonth":true}"#,
                "'schedule.monthlyOnEndOfMonth'",
            ),
            (
                r#"{"repeatFrom":"2024-04-29","repeatTo":"2024-04-28","repeatType":"Daily","runTime":2}"#,
                "'schedule.repeatTo'",
            ),
            (r#"{"repeatFrom":"2034-04-29","repeatType":"Daily","runTime":2}"#, "10 years"),
            (
                r#"{"repeatFrom":"2024-04-29","repeatType":"Daily","runTime":2,"hour":1}"#,
                "'schedule.hour' is unknown",
            ),
        ] {
            let refusal = read(json).unwrap_err();
            assert!(refusal.reasons[0].message.contains(says), "{json}: {}", refusal.reasons[0].message);
        }
    }
}
