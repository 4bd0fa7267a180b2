//! Dates in the format of the service.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::date_time::DateTime;
use crate::wire::values;
use crate::wire::{FromWire, ReadError, ValueReader};

/// A calendar date without a time or a time zone.
///
/// Dates are read and written as `2021-02-01`. A time after the date, as in `2021-02-01 00:00:00` or
/// `2021-02-01T00:00:00`, is accepted and dropped, because some responses have a midnight in date fields.
///
/// ```
/// use zuora_core::Date;
///
/// let date: Date = "2024-02-29".parse()?;
/// assert_eq!((date.year(), date.month(), date.day()), (2024, 2, 29));
/// assert!(Date::new(2023, 2, 29).is_err());
/// # Ok::<(), zuora_core::types::DateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(
    /// Year, month and day in one number that is never zero, so that `Option<Date>` needs no extra space.
    NonZeroU32,
);

/// An error for text or numbers that are not a valid date or time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct DateError {
    text: Box<str>,
    expected: &'static str,
}

impl DateError {
    pub(super) fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(40).collect(), expected }
    }
}

impl Date {
    /// Creates a date of the Gregorian calendar, in the years 1 to 9999.
    ///
    /// # Errors
    /// [`DateError`] when the date does not exist.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        Self::checked(year.into(), month.into(), day.into())
            .ok_or_else(|| DateError::new(&format!("{year:04}-{month:02}-{day:02}"), "a calendar date"))
    }

    fn checked(year: u32, month: u32, day: u32) -> Option<Self> {
        if !(1..=9999).contains(&year) || day == 0 || day > days_of_month(year, month) {
            return None;
        }
        NonZeroU32::new(year << 9 | month << 5 | day).map(Self)
    }

    /// Returns the year, 1 to 9999.
    pub fn year(self) -> u16 {
        (self.0.get() >> 9) as u16
    }

    /// Returns the month, 1 to 12.
    pub fn month(self) -> u8 {
        (self.0.get() >> 5 & 15) as u8
    }

    /// Returns the day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        (self.0.get() & 31) as u8
    }

    /// Returns whether the date is the last day of its month.
    pub fn is_month_end(self) -> bool {
        u32::from(self.day()) == days_of_month(self.year().into(), self.month().into())
    }

    /// Counts the days since a fixed day in the distant past.
    pub(super) fn ordinal(self) -> i64 {
        // The year starts in March here, so that the leap day is its last day.
        let (year, month) = match self.month() {
            1 | 2 => (i64::from(self.year()) - 1, i64::from(self.month()) + 9),
            month => (i64::from(self.year()), i64::from(month) - 3),
        };
        year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + i64::from(self.day())
    }

    pub(super) fn of_bytes(text: &[u8]) -> Option<Self> {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
        Self::checked(two(y1, y2)? * 100 + two(y3, y4)?, two(m1, m2)?, two(d1, d2)?)
    }

    pub(super) fn text(self) -> [u8; 10] {
        let [y1, y2] = digits((self.year() / 100) as u8);
        let [y3, y4] = digits((self.year() % 100) as u8);
        let ([m1, m2], [d1, d2]) = (digits(self.month()), digits(self.day()));
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
    }
}

fn days_of_month(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

pub(super) fn two(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// Returns the two digits of a number below 100.
pub(super) fn digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10, b'0' + number % 10]
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let day = text.as_bytes().get(..10).unwrap_or_default();
        match text.as_bytes().get(10..) {
            Some([]) => Self::of_bytes(day),
            Some([b' ' | b'T', ..]) => text.parse::<DateTime>().ok().map(DateTime::date),
            _ => None,
        }
        .ok_or_else(|| DateError::new(text, "a date such as 2021-02-01"))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromWire for Date {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *place = match source.text()? {
            Some(text) => Some(text.parse().map_err(ReadError::new)?),
            None => None,
        };
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_must_exist_in_the_calendar() {
        for (text, form) in [
            ("2021-02-01", "2021-02-01"),
            ("0001-01-01", "0001-01-01"),
            ("9999-12-31", "9999-12-31"),
            ("2000-02-29", "2000-02-29"),
            ("2021-02-01 00:00:00", "2021-02-01"),
            ("2021-02-01T09:00:00.000+02:00", "2021-02-01"),
        ] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), form);
        }
        for text in [
            "",
            "2021-2-1",
            "2021-02-30",
            "1900-02-29",
            "0000-01-01",
            "2021-13-01",
            "2021-02-01x",
            "2021-02-01 ",
            "20210201",
            "２０２１-02-01",
        ] {
            let error = text.parse::<Date>().unwrap_err();
            assert!(error.to_string().contains("2021-02-01"), "{error}");
        }
        let days: Vec<Date> =
            ["2024-02-28", "2024-02-29", "2024-03-01"].iter().map(|d| d.parse().unwrap()).collect();
        assert!(days.is_sorted());
        assert!(days.windows(2).all(|pair| pair[0].ordinal() + 1 == pair[1].ordinal()));
        assert_eq!(days.iter().map(|day| day.is_month_end()).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(size_of::<Option<Date>>(), 4);
    }
}
