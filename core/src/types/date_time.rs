//! Wall-clock times and points in time in the formats of the service.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::date::{Date, DateError, digits, two};
use crate::wire::values;
use crate::wire::{FromWire, ReadError, ValueReader};

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
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *place = match source.text()? {
            Some(text) => Some(text.parse().map_err(ReadError::new)?),
            None => None,
        };
        Ok(())
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
