//! [`jiff`]: `civil::Date`, `civil::DateTime`, `Timestamp` and `ZonedDateTime`.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime, civil};

use crate::types::{Date, DateError, DateTime};

impl From<Date> for civil::Date {
    fn from(date: Date) -> Self {
        Self::new(date.year() as i16, date.month() as i8, date.day() as i8)
            .expect("a date of the years 1 to 9999 is a date of jiff")
    }
}

/// A date outside the years 1 to 9999 is an error.
impl TryFrom<civil::Date> for Date {
    type Error = DateError;

    fn try_from(date: civil::Date) -> Result<Self, DateError> {
        Self::of_numbers(date.year().into(), date.month() as u8, date.day() as u8)
    }
}

/// A time with an offset is an error, since the offset would be lost. So is a leap second.
impl TryFrom<DateTime> for civil::DateTime {
    type Error = DateError;

    fn try_from(time: DateTime) -> Result<Self, DateError> {
        clock(time.on_wall_clock()?)
    }
}

/// A date outside the years 1 to 9999 is an error.
impl TryFrom<civil::DateTime> for DateTime {
    type Error = DateError;

    fn try_from(time: civil::DateTime) -> Result<Self, DateError> {
        let (hour, minute, second) = (time.hour() as u8, time.minute() as u8, time.second() as u8);
        let nanos = time.subsec_nanosecond().unsigned_abs();
        Self::new(time.date().try_into()?, hour, minute, second)?.with_nanosecond(nanos)
    }
}

/// A time without an offset is an error, since its point in time depends on the time zone of the tenant. Convert it to a
/// `civil::DateTime` and choose the zone. A leap second is an error.
impl TryFrom<DateTime> for Timestamp {
    type Error = DateError;

    fn try_from(time: DateTime) -> Result<Self, DateError> {
        Ok(ZonedDateTime::try_from(time)?.timestamp())
    }
}

/// The time has the offset zero. A time outside the years 1 to 9999 is an error.
impl TryFrom<Timestamp> for DateTime {
    type Error = DateError;

    fn try_from(time: Timestamp) -> Result<Self, DateError> {
        (&time.to_zoned_datetime(TimeZone::UTC)).try_into()
    }
}

/// The zone is the fixed offset. A time without an offset is an error, and so is a leap second.
impl TryFrom<DateTime> for ZonedDateTime {
    type Error = DateError;

    fn try_from(time: DateTime) -> Result<Self, DateError> {
        let unsupported = || DateError::new(&time.to_string(), "a time of jiff");
        let offset = Offset::from_seconds(time.offset_seconds()?).map_err(|_| unsupported())?;
        clock(time)?.to_zoned_datetime(TimeZone::fixed(offset)).map_err(|_| unsupported())
    }
}

/// The name of the zone is lost, its offset at this time is kept. An error for an offset with seconds, or for a date
/// outside the years 1 to 9999.
impl TryFrom<&ZonedDateTime> for DateTime {
    type Error = DateError;

    fn try_from(time: &ZonedDateTime) -> Result<Self, DateError> {
        Self::try_from(time.datetime())?.with_offset_of_seconds(time.offset().seconds())
    }
}

/// Returns the clock's date and time, whatever the offset is.
fn clock(time: DateTime) -> Result<civil::DateTime, DateError> {
    let date = civil::Date::from(time.date());
    let (hour, minute, second) = (time.hour() as i8, time.minute() as i8, time.second() as i8);
    civil::Time::new(hour, minute, second, time.nanosecond() as i32)
        .map(|time| date.to_datetime(time))
        .map_err(|_| DateError::new(&time.to_string(), "a time without a leap second"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_converted_in_both_directions() {
        let date = Date::new(2024, 2, 29).unwrap();
        assert_eq!(civil::Date::from(date), civil::date(2024, 2, 29));
        assert_eq!(Date::try_from(civil::date(2024, 2, 29)), Ok(date));
        assert_eq!(
            Date::try_from(civil::Date::from(Date::new(9999, 12, 31).unwrap())),
            Date::new(9999, 12, 31)
        );
        for outside in [civil::date(0, 1, 1), civil::date(-1, 12, 31)] {
            assert!(Date::try_from(outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn a_wall_clock_time_becomes_civil_and_no_point_in_time() {
        let time: DateTime = "2022-01-24 19:58:27.250".parse().unwrap();
        let civil = civil::DateTime::try_from(time).unwrap();
        assert_eq!(civil, civil::date(2022, 1, 24).at(19, 58, 27, 250_000_000));
        assert_eq!(DateTime::try_from(civil).unwrap().to_string(), "2022-01-24 19:58:27.250");
        let error = Timestamp::try_from(time).unwrap_err();
        assert_eq!(error.to_string(), "\"2022-01-24 19:58:27.250\" is not a time with a UTC offset");
    }

    #[test]
    fn a_time_with_an_offset_becomes_a_point_in_time_and_no_civil_time() {
        let time: DateTime = "2025-03-21T01:42:47-07:00".parse().unwrap();
        let zoned = ZonedDateTime::try_from(time).unwrap();
        assert_eq!(zoned.to_string(), "2025-03-21T01:42:47-07:00[-07:00]");
        assert_eq!(DateTime::try_from(&zoned), Ok(time));
        let moment = Timestamp::try_from(time).unwrap();
        assert_eq!(moment.to_string(), "2025-03-21T08:42:47Z");
        assert_eq!(DateTime::try_from(moment).unwrap().to_string(), "2025-03-21T08:42:47Z");
        assert!(civil::DateTime::try_from(time).is_err());
    }

    #[test]
    fn what_cannot_be_represented_is_an_error() {
        let leap: DateTime = "2016-12-31T23:59:60Z".parse().unwrap();
        assert!(Timestamp::try_from(leap).is_err());
        let seconds = TimeZone::fixed(Offset::from_seconds(61).unwrap());
        assert!(DateTime::try_from(&Timestamp::UNIX_EPOCH.to_zoned_datetime(seconds)).is_err());
        assert!(DateTime::try_from(Timestamp::MIN).is_err());
    }
}
