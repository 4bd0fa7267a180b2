//! Reading of schedules and date rules from requests.

use crate::http::{ApiError, Fields};
use crate::state::{DateRule, MAX_YEARS, Repeat, Schedule, WEEKDAYS};
use crate::values::{Date, Json};

impl Schedule {
    pub(crate) fn read(schedule: &Json, today: Date) -> Result<Self, ApiError> {
        let known = ["repeatFrom", "repeatTo", "repeatType", "runTime", "weeklyOnDay", "monthlyOnEndOfMonth"];
        let fields = Fields::new("schedule.", schedule)?.deny_unknown(&known)?;
        let missing = |name: &str| ApiError::missing(&fields.name(name));
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
                return Err(ApiError::value(
                    "schedule.repeatType",
                    "None, Daily, Weekly or Monthly is expected",
                ));
            }
        };
        let end_of_month = fields.flag("monthlyOnEndOfMonth")?;
        if end_of_month == Some(true) && !(repeat == Repeat::Monthly && from.is_month_end()) {
            return Err(ApiError::rule(
                "The field 'schedule.monthlyOnEndOfMonth' is for monthly schedules from the last day of a month.",
            ));
        }
        if to.is_some_and(|to| to < from) {
            return Err(ApiError::rule("The field 'schedule.repeatTo' is before 'schedule.repeatFrom'."));
        }
        if to.unwrap_or(from) > today.plus_months(12 * MAX_YEARS) {
            return Err(ApiError::rule("A bill run cannot be scheduled more than 10 years ahead."));
        }
        Ok(Self { from, to, repeat, hour, end_of_month })
    }
}

fn week_days(names: Option<&[&str]>) -> Result<Vec<usize>, ApiError> {
    let names =
        names.filter(|names| !names.is_empty()).ok_or_else(|| ApiError::missing("schedule.weeklyOnDay"))?;
    let day = |name: &&str| WEEKDAYS.iter().position(|day| day == name);
    let days: Option<Vec<usize>> = names.iter().map(day).collect();
    let expected = "names of days from Mon to Sun, at most seven, are expected";
    days.filter(|days| days.len() <= 7).ok_or_else(|| ApiError::value("schedule.weeklyOnDay", expected))
}

impl DateRule {
    /// Reads `invoiceDate` (or `targetDate`) and its month pair. `schedule` is the schedule with the day of
    /// its first run; `default` is the date of an ad hoc run whose request has none.
    pub(crate) fn read(
        fields: Fields<'_>,
        name: &str,
        schedule: Option<(&Schedule, Date)>,
        default: Option<Date>,
    ) -> Result<Self, ApiError> {
        let (month_offset, day_of_month) = (format!("{name}MonthOffset"), format!("{name}DayOfMonth"));
        let given = fields.date(name)?;
        let months = fields.integer(&month_offset, -120, 120)?;
        let day = fields.integer(&day_of_month, 1, 31)?;
        match (given, months, day) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(ApiError::rule(format!(
                "The field '{name}' excludes '{month_offset}' and '{day_of_month}'."
            ))),
            (None, Some(_), None) => Err(ApiError::missing(&day_of_month)),
            (None, None, Some(_)) => Err(ApiError::missing(&month_offset)),
            (None, Some(months), Some(day))
                if schedule.is_some_and(|(schedule, _)| schedule.is_monthly()) =>
            {
                Ok(Self::Month { months, day })
            }
            (None, Some(_), Some(_)) => Err(ApiError::rule(format!(
                "The fields '{month_offset}' and '{day_of_month}' are for monthly schedules."
            ))),
            (given, None, None) => match schedule {
                Some((schedule, first)) => {
                    let date = given.unwrap_or(schedule.from);
                    Ok(Self::Days { days: date.days_since(first), given: Some(date) })
                }
                None => given.or(default).map(Self::Fixed).ok_or_else(|| ApiError::missing(name)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn read(json: &str) -> Result<Schedule, ApiError> {
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
    fn the_last_day_of_a_month_is_kept_only_on_request() {
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
    fn invalid_schedules_are_rejected_by_field() {
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
            let error = read(json).unwrap_err();
            assert!(error.reasons[0].message.contains(says), "{json}: {}", error.reasons[0].message);
        }
    }
}
