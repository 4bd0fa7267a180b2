//! [`time`](::time): `Date`, `PrimitiveDateTime` and `OffsetDateTime`.

use ::time::{Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::types::{Date, DateError, DateTime};

impl From<Date> for ::time::Date {
    fn from(date: Date) -> Self {
        Month::try_from(date.month())
            .and_then(|month| Self::from_calendar_date(date.year().into(), month, date.day()))
            .expect("a date of the years 1 to 9999 is a date of time")
    }
}

/// A date outside the years 1 to 9999 is an error.
impl TryFrom<::time::Date> for Date {
    type Error = DateError;

    fn try_from(date: ::time::Date) -> Result<Self, DateError> {
        Self::of_numbers(date.year(), date.month().into(), date.day())
    }
}

/// A time with an offset is an error, since the offset would be lost. So is a leap second.
impl TryFrom<DateTime> for PrimitiveDateTime {
    type Error = DateError;

    fn try_from(time: DateTime) -> Result<Self, DateError> {
        clock(time.on_wall_clock()?)
    }
}

/// A date outside the years 1 to 9999 is an error.
impl TryFrom<PrimitiveDateTime> for DateTime {
    type Error = DateError;

    fn try_from(time: PrimitiveDateTime) -> Result<Self, DateError> {
        let (hour, minute, second, nanos) = time.time().as_hms_nano();
        Self::new(time.date().try_into()?, hour, minute, second)?.with_nanosecond(nanos)
    }
}

/// A time without an offset is an error, since its point in time depends on the time zone of the tenant. Convert it to a
/// `PrimitiveDateTime` and choose the offset. A leap second is an error.
impl TryFrom<DateTime> for OffsetDateTime {
    type Error = DateError;

    fn try_from(time: DateTime) -> Result<Self, DateError> {
        let offset = UtcOffset::from_whole_seconds(time.offset_seconds()?)
            .map_err(|_| DateError::new(&time.to_string(), "a time of time"))?;
        Ok(clock(time)?.assume_offset(offset))
    }
}

/// An offset with seconds is an error, and so is a date outside the years 1 to 9999.
impl TryFrom<OffsetDateTime> for DateTime {
    type Error = DateError;

    fn try_from(time: OffsetDateTime) -> Result<Self, DateError> {
        Self::try_from(PrimitiveDateTime::new(time.date(), time.time()))?
            .with_offset_of_seconds(time.offset().whole_seconds())
    }
}

/// Returns the clock's date and time, whatever the offset is.
fn clock(time: DateTime) -> Result<PrimitiveDateTime, DateError> {
    Time::from_hms_nano(time.hour(), time.minute(), time.second(), time.nanosecond())
        .map(|clock| PrimitiveDateTime::new(time.date().into(), clock))
        .map_err(|_| DateError::new(&time.to_string(), "a time without a leap second"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_converted_in_both_directions() {
        let date = Date::new(2024, 2, 29).unwrap();
        let other = ::time::Date::from_calendar_date(2024, Month::February, 29).unwrap();
        assert_eq!(::time::Date::from(date), other);
        assert_eq!(Date::try_from(other), Ok(date));
        assert!(Date::try_from(::time::Date::MIN).is_err());
    }

    #[test]
    fn a_wall_clock_time_becomes_primitive_and_no_point_in_time() {
        let time: DateTime = "2022-01-24 19:58:27.25".parse().unwrap();
        let other = PrimitiveDateTime::try_from(time).unwrap();
        assert_eq!(other.nanosecond(), 250_000_000);
        assert_eq!(DateTime::try_from(other), Ok(time));
        assert!(OffsetDateTime::try_from(time).is_err());
    }

    #[test]
    fn a_time_with_an_offset_becomes_a_point_in_time_and_no_primitive_time() {
        let time: DateTime = "2025-03-21T01:42:47-07:00".parse().unwrap();
        let other = OffsetDateTime::try_from(time).unwrap();
        assert_eq!(other.unix_timestamp(), 1_742_546_567);
        assert_eq!(DateTime::try_from(other).unwrap().to_string(), "2025-03-21T01:42:47-07:00");
        let utc = DateTime::try_from(other.to_offset(UtcOffset::UTC)).unwrap();
        assert_eq!(utc.to_string(), "2025-03-21T08:42:47Z");
        assert!(PrimitiveDateTime::try_from(time).is_err());
    }

    #[test]
    fn what_cannot_be_represented_is_an_error() {
        let leap: DateTime = "2016-12-31 23:59:60".parse().unwrap();
        assert!(PrimitiveDateTime::try_from(leap).is_err());
        let seconds = UtcOffset::from_whole_seconds(61).unwrap();
        assert!(DateTime::try_from(OffsetDateTime::UNIX_EPOCH.to_offset(seconds)).is_err());
        let day = UtcOffset::from_hms(25, 0, 0).unwrap();
        assert!(DateTime::try_from(OffsetDateTime::UNIX_EPOCH.to_offset(day)).is_err());
    }
}
