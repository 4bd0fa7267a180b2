//! Dates and wall-clock times in the formats of the service.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

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
    fn ordinal(self) -> i64 {
        // The year starts in March here, so that the leap day is its last day.
        let (year, month) = match self.month() {
            1 | 2 => (i64::from(self.year()) - 1, i64::from(self.month()) + 9),
            month => (i64::from(self.year()), i64::from(month) - 3),
        };
        year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + i64::from(self.day())
    }

    fn of_bytes(text: &[u8]) -> Option<Self> {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
        Self::checked(two(y1, y2)? * 100 + two(y3, y4)?, two(m1, m2)?, two(d1, d2)?)
    }

    fn text(self) -> [u8; 10] {
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

fn two(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// Returns the two digits of a number below 100.
fn digits(number: u8) -> [u8; 2] {
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
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        source.text()?.map(|text| text.parse()).transpose().map_err(ReadError::new)
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

/// A date and time on the tenant's wall clock, with a UTC offset only if the service sent one.
///
/// Timestamps of the v1 operations (`2022-01-24 19:58:27`) have no time zone. They are in the time zone of the
/// tenant, by default US Pacific time with daylight saving. The same timestamp is reported differently after the
/// tenant's time zone changes. Do not treat these timestamps as UTC. Object Query sends an offset
/// (`2025-03-21T01:42:47-07:00`).
///
/// A `DateTime` is read from both forms, with or without fractions of a second, and from a date, which means
/// midnight. It is written in the form in which it was read.
///
/// Two values are equal when their dates, times and offsets are equal, in whatever form they were read. Two values
/// are ordered as points in time if both have an offset, as wall-clock times if neither has one, and are not
/// ordered otherwise.
///
/// ```
/// use zuora_core::types::DateTime;
///
/// let wall_clock: DateTime = "2022-01-24 19:58:27".parse()?;
/// assert_eq!((wall_clock.hour(), wall_clock.offset()), (19, None));
///
/// let with_offset: DateTime = "2025-03-21T01:42:47-07:00".parse()?;
/// assert_eq!(with_offset.offset(), Some(-420));
/// # Ok::<(), zuora_core::types::DateError>(())
/// ```
#[doc(alias = "timestamp")]
#[derive(Clone, Copy)]
pub struct DateTime {
    date: Date,
    /// Seconds since midnight, up to 86,400 for a leap second.
    seconds: u32,
    nanos: u32,
    /// Offset from UTC in minutes, positive to the east.
    offset: Option<i16>,
    form: Form,
}

/// The format of the text that a time was read from.
#[derive(Clone, Copy)]
struct Form {
    /// Separator between date and time, absent if there was only a date.
    separator: Option<u8>,
    /// Number of digits in the fraction of a second.
    fraction: u8,
    zone: Zone,
}

#[derive(Clone, Copy)]
enum Zone {
    None,
    /// `Z`
    Zulu,
    /// `-07:00`
    Colon,
    /// `-0700`
    Plain,
    /// `-07`
    Hours,
}

impl DateTime {
    /// Creates a time on the tenant's wall clock, written as `2022-01-24 19:58:27`.
    ///
    /// # Errors
    /// [`DateError`] when the time of day does not exist.
    pub fn new(date: Date, hour: u8, minute: u8, second: u8) -> Result<Self, DateError> {
        if hour > 23 || minute > 59 || second > 59 {
            return Err(DateError::new(&format!("{hour:02}:{minute:02}:{second:02}"), "a time of day"));
        }
        Ok(Self {
            date,
            seconds: (u32::from(hour) * 60 + u32::from(minute)) * 60 + u32::from(second),
            nanos: 0,
            offset: None,
            form: Form { separator: Some(b' '), fraction: 0, zone: Zone::None },
        })
    }

    /// Creates a time as [`new`](Self::new) does, whose second may also be the leap second 23:59:60.
    #[cfg(feature = "chrono")]
    pub(super) fn with_leap_second(date: Date, hour: u8, minute: u8, second: u8) -> Result<Self, DateError> {
        match (hour, minute, second) {
            (23, 59, 60) => Ok(Self { seconds: 86_400, ..Self::new(date, 0, 0, 0)? }),
            _ => Self::new(date, hour, minute, second),
        }
    }

    /// Sets the fraction of the second, and writes as many groups of three digits as it needs.
    #[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
    pub(super) fn with_nanosecond(mut self, nanos: u32) -> Result<Self, DateError> {
        if nanos > 999_999_999 {
            return Err(DateError::new(&nanos.to_string(), "a number of nanoseconds below a second"));
        }
        self.nanos = nanos;
        self.form.fraction = match nanos {
            0 => 0,
            _ if nanos % 1_000_000 == 0 => 3,
            _ if nanos % 1_000 == 0 => 6,
            _ => 9,
        };
        Ok(self)
    }

    /// Sets the offset from UTC in minutes. Returns `None` for 24 hours and more.
    #[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
    pub(super) fn with_offset(mut self, minutes: i16) -> Option<Self> {
        self.offset = Some(minutes).filter(|minutes| minutes.unsigned_abs() < 24 * 60);
        self.form.separator = Some(b'T');
        self.form.zone = if minutes == 0 { Zone::Zulu } else { Zone::Colon };
        self.offset.map(|_| self)
    }

    /// Returns the date.
    pub fn date(self) -> Date {
        self.date
    }

    /// Returns the hour, 0 to 23.
    pub fn hour(self) -> u8 {
        (self.seconds.min(86_399) / 3600) as u8
    }

    /// Returns the minute, 0 to 59.
    pub fn minute(self) -> u8 {
        (self.seconds.min(86_399) / 60 % 60) as u8
    }

    /// Returns the second, 0 to 59, or 60 for a leap second at the end of the day.
    pub fn second(self) -> u8 {
        if self.seconds == 86_400 { 60 } else { (self.seconds % 60) as u8 }
    }

    /// Returns the fraction of the second, in nanoseconds.
    pub fn nanosecond(self) -> u32 {
        self.nanos
    }

    /// Returns the offset from UTC in minutes, positive to the east. Returns `None` if the service sent no offset.
    pub fn offset(self) -> Option<i16> {
        self.offset
    }

    /// Returns the key for equality and order: seconds since a day in the distant past (in UTC if there is an
    /// offset, else on the wall clock), and nanoseconds.
    fn instant(self) -> (i64, u32) {
        let offset = i64::from(self.offset.unwrap_or_default()) * 60;
        (self.date.ordinal() * 86_400 + i64::from(self.seconds) - offset, self.nanos)
    }

    fn of_bytes(text: &[u8]) -> Option<Self> {
        let (day, rest) = text.split_at_checked(10)?;
        let date = Date::of_bytes(day)?;
        let Some((&separator, rest)) = rest.split_first() else {
            let form = Form { separator: None, fraction: 0, zone: Zone::None };
            return Some(Self { date, seconds: 0, nanos: 0, offset: None, form });
        };
        let [h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = rest else { return None };
        let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
        let leap = (hour, minute, second) == (23, 59, 60);
        if !matches!(separator, b' ' | b'T') || hour > 23 || minute > 59 || (second > 59 && !leap) {
            return None;
        }
        let (fraction, nanos, rest) = fraction(rest)?;
        let (zone, offset) = zone(rest)?;
        Some(Self {
            date,
            seconds: (hour * 60 + minute) * 60 + second,
            nanos,
            offset,
            form: Form { separator: Some(separator), fraction, zone },
        })
    }
}

/// Parses the digits after a point. Returns their count, their value in nanoseconds, and the remaining text.
fn fraction(text: &[u8]) -> Option<(u8, u32, &[u8])> {
    let [b'.', rest @ ..] = text else { return Some((0, 0, text)) };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let value = rest[..count].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    Some((count as u8, value * 10_u32.pow(9 - count as u32), &rest[count..]))
}

fn zone(text: &[u8]) -> Option<(Zone, Option<i16>)> {
    let (sign, zone, hours, minutes) = match *text {
        [] => return Some((Zone::None, None)),
        [b'Z'] => return Some((Zone::Zulu, Some(0))),
        [sign, h1, h2, b':', m1, m2] => (sign, Zone::Colon, two(h1, h2)?, two(m1, m2)?),
        [sign, h1, h2, m1, m2] => (sign, Zone::Plain, two(h1, h2)?, two(m1, m2)?),
        [sign, h1, h2] => (sign, Zone::Hours, two(h1, h2)?, 0),
        _ => return None,
    };
    let offset = i16::try_from(hours * 60 + minutes).ok().filter(|_| hours < 24 && minutes < 60)?;
    match sign {
        b'+' => Some((zone, Some(offset))),
        // The sign of a zero offset would be lost when the time is written.
        b'-' if offset != 0 => Some((zone, Some(-offset))),
        _ => None,
    }
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        (self.instant(), self.offset) == (other.instant(), other.offset)
    }
}

impl Eq for DateTime {}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.instant(), self.offset).hash(state);
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.offset.is_some() != other.offset.is_some() {
            return None;
        }
        // Equal instants at different offsets are not equal values, so the offset breaks the tie.
        Some(self.instant().cmp(&other.instant()).then(self.offset.cmp(&other.offset)))
    }
}

impl FromStr for DateTime {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::of_bytes(text.as_bytes())
            .ok_or_else(|| DateError::new(text, "a time such as 2021-02-01 13:30:00"))
    }
}

/// The text of a time, on the stack.
struct TimeText {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl TimeText {
    /// Length of `2021-02-01T13:30:00.123456789+01:00`.
    const LONGEST: usize = 35;

    fn of(time: DateTime) -> Self {
        let mut text = Self { bytes: [0; Self::LONGEST], length: 0 };
        text.push(&time.date.text());
        let Some(separator) = time.form.separator else { return text };
        let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(digits);
        text.push(&[separator, hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]);
        if time.form.fraction > 0 {
            let mut fraction = *b".000000000";
            let mut rest = time.nanos;
            for digit in fraction.iter_mut().skip(1).rev() {
                *digit += (rest % 10) as u8;
                rest /= 10;
            }
            text.push(&fraction[..=usize::from(time.form.fraction)]);
        }
        let offset = time.offset.unwrap_or_default();
        let sign = if offset < 0 { b'-' } else { b'+' };
        let [hours, minutes] = [offset.abs() / 60, offset.abs() % 60].map(|part| digits(part as u8));
        match time.form.zone {
            Zone::None => {}
            Zone::Zulu => text.push(b"Z"),
            Zone::Colon => text.push(&[sign, hours[0], hours[1], b':', minutes[0], minutes[1]]),
            Zone::Plain => text.push(&[sign, hours[0], hours[1], minutes[0], minutes[1]]),
            Zone::Hours => text.push(&[sign, hours[0], hours[1]]),
        }
        text
    }

    fn push(&mut self, part: &[u8]) {
        let end = self.length + part.len();
        self.bytes[self.length..end].copy_from_slice(part);
        self.length = end;
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TimeText::of(*self).as_str())
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromWire for DateTime {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        source.text()?.map(|text| text.parse()).transpose().map_err(ReadError::new)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(TimeText::of(*self).as_str())
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

    #[test]
    fn times_are_written_in_the_form_in_which_they_were_read() {
        for text in [
            "2022-01-24 19:58:27",
            "2022-01-24T19:58:27",
            "2022-01-24",
            "2022-01-24 00:00:00",
            "2022-01-24T19:58:27.5Z",
            "2022-01-24T19:58:27.000000001-07:00",
            "2022-01-24T19:58:27.120+0530",
            "2016-12-31T23:59:60Z",
            "2022-01-24 19:58:27+00:00",
            "2022-01-24 19:58:27-07",
        ] {
            let json = format!("\"{text}\"");
            let time: DateTime = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&time).unwrap(), json);
        }
        for text in [
            "2022-01-24 24:00:00",
            "2022-01-24 19:58",
            "2022-01-24 19:58:60",
            "2022-01-24x19:58:27",
            "2022-01-24 19:58:27.",
            "2022-01-24 19:58:27 PST",
            "2022-01-24 19:58:27-00:00",
            "2022-01-24 19:58:27.1234567890",
            "2022-01-24 19:58:27+24:00",
        ] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_with_and_without_an_offset_are_not_ordered() {
        let time = |text: &str| text.parse::<DateTime>().unwrap();
        assert_eq!(time("2022-01-24 00:00:00"), time("2022-01-24"));
        assert_eq!(time("2022-01-24T10:00:00Z"), time("2022-01-24T10:00:00.000+00:00"));
        assert!(time("2022-01-24 10:00:00") < time("2022-01-24T10:00:00.001"));
        assert!(time("2022-01-24T10:00:00+02:00") < time("2022-01-24T09:00:00Z"));
        assert!(time("2022-01-24T10:00:00Z").partial_cmp(&time("2022-01-24 10:00:00")).is_none());
        let noon = DateTime::new(Date::new(2022, 1, 24).unwrap(), 12, 0, 5).unwrap();
        assert_eq!((noon.to_string().as_str(), noon.offset()), ("2022-01-24 12:00:05", None));
        assert_eq!(time("2025-03-21T01:42:47-07:00").offset(), Some(-420));
    }
}
