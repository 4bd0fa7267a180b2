//! [`chrono`]: `NaiveDate`, `NaiveDateTime` and `DateTime<FixedOffset>`.

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike};

use crate::types::{Date, DateError, DateTime};

/// Nanoseconds of a second. chrono marks a leap second by adding them.
const SECOND: u32 = 1_000_000_000;

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        Self::from_ymd_opt(date.year().into(), date.month().into(), date.day().into())
            .expect("a date of the years 1 to 9999 is a date of chrono")
    }
}

/// A date outside the years 1 to 9999 is an error.
impl TryFrom<NaiveDate> for Date {
    type Error = DateError;

    fn try_from(date: NaiveDate) -> Result<Self, DateError> {
        Self::of_numbers(date.year(), date.month() as u8, date.day() as u8)
    }
}

/// A time with an offset is an error, since the offset would be lost.
impl TryFrom<DateTime> for NaiveDateTime {
    type Error = DateError;

    fn try_from(time: DateTime) -> Result<Self, DateError> {
        clock(time.on_wall_clock()?)
    }
}

/// A date outside the years 1 to 9999 is an error, and so is a leap second before the end of the day.
impl TryFrom<NaiveDateTime> for DateTime {
    type Error = DateError;

    fn try_from(time: NaiveDateTime) -> Result<Self, DateError> {
        let (second, nanos) = match time.nanosecond() {
            leap if leap >= SECOND => (time.second() + 1, leap - SECOND),
            nanos => (time.second(), nanos),
        };
        let date = time.date().try_into()?;
        Self::with_leap_second(date, time.hour() as u8, time.minute() as u8, second as u8)?
            .with_nanosecond(nanos)
    }
}

/// A time without an offset is an error, since its point in time depends on the time zone of the tenant. Convert it to a
/// `NaiveDateTime` and choose the zone.
impl TryFrom<DateTime> for chrono::DateTime<FixedOffset> {
    type Error = DateError;

    fn try_from(time: DateTime) -> Result<Self, DateError> {
        FixedOffset::east_opt(time.offset_seconds()?)
            .and_then(|offset| offset.from_local_datetime(&clock(time).ok()?).single())
            .ok_or_else(|| DateError::new(&time.to_string(), "a time of chrono"))
    }
}

/// The name of the zone is lost, its offset at this time is kept. An error for an offset with seconds, or for a date
/// outside the years 1 to 9999.
impl<Z: TimeZone> TryFrom<chrono::DateTime<Z>> for DateTime {
    type Error = DateError;

    fn try_from(time: chrono::DateTime<Z>) -> Result<Self, DateError> {
        let offset = time.offset().fix();
        // `naive_local` panics at the ends of chrono's range.
        let local = time.naive_utc().checked_add_offset(offset);
        let local = local.ok_or_else(|| DateError::new("the time", "in the years 1 to 9999"))?;
        Self::try_from(local)?.with_offset_of_seconds(offset.local_minus_utc())
    }
}

/// Returns the clock's date and time, whatever the offset is.
fn clock(time: DateTime) -> Result<NaiveDateTime, DateError> {
    let (second, nanos) = match time.second() {
        60 => (59, time.nanosecond() + SECOND),
        second => (second, time.nanosecond()),
    };
    NaiveDate::from(time.date())
        .and_hms_nano_opt(time.hour().into(), time.minute().into(), second.into(), nanos)
        .ok_or_else(|| DateError::new(&time.to_string(), "a time of chrono"))
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    #[test]
    fn dates_are_converted_in_both_directions() {
        let date = Date::new(2024, 2, 29).unwrap();
        let other = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
        assert_eq!(NaiveDate::from(date), other);
        assert_eq!(Date::try_from(other), Ok(date));
        for outside in [NaiveDate::MIN, NaiveDate::MAX, NaiveDate::from_ymd_opt(0, 1, 1).unwrap()] {
            assert!(Date::try_from(outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn a_wall_clock_time_becomes_naive_and_no_point_in_time() {
        for text in ["2022-01-24 19:58:27.250", "2016-12-31 23:59:60"] {
            let time: DateTime = text.parse().unwrap();
            let naive = NaiveDateTime::try_from(time).unwrap();
            assert_eq!(DateTime::try_from(naive).unwrap().to_string(), text);
            assert!(chrono::DateTime::<FixedOffset>::try_from(time).is_err());
        }
    }

    #[test]
    fn a_time_with_an_offset_becomes_a_point_in_time_and_no_naive_time() {
        let time: DateTime = "2025-03-21T01:42:47-07:00".parse().unwrap();
        let other = chrono::DateTime::<FixedOffset>::try_from(time).unwrap();
        assert_eq!(format!("{other:?}"), "2025-03-21T01:42:47-07:00");
        assert_eq!(DateTime::try_from(other), Ok(time));
        assert_eq!(
            DateTime::try_from(other.with_timezone(&Utc)).unwrap().to_string(),
            "2025-03-21T08:42:47Z"
        );
        assert!(NaiveDateTime::try_from(time).is_err());
    }

    #[test]
    fn what_cannot_be_represented_is_an_error() {
        let early = NaiveDate::from_ymd_opt(2016, 12, 31).unwrap();
        // A leap second of UTC, on a clock to its west.
        assert!(DateTime::try_from(early.and_hms_nano_opt(15, 59, 59, SECOND).unwrap()).is_err());
        let seconds = FixedOffset::east_opt(61).unwrap();
        assert!(DateTime::try_from(seconds.from_utc_datetime(&early.and_hms_opt(1, 2, 3).unwrap())).is_err());
        let (east, west) = (FixedOffset::east_opt(3600).unwrap(), FixedOffset::west_opt(3600).unwrap());
        assert!(DateTime::try_from(chrono::DateTime::<Utc>::MAX_UTC.with_timezone(&east)).is_err());
        assert!(DateTime::try_from(chrono::DateTime::<Utc>::MIN_UTC.with_timezone(&west)).is_err());
    }
}
