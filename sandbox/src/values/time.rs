//! Points in time, calendar dates and the tenant's time zone.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::text::{Text, digit};

/// A point in time: the duration since 1970-01-01T00:00:00Z.
///
/// The sandbox has no clock; the caller passes the time of each request. Times after the year 9998 count as
/// the end of that year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub Duration);

impl UnixTime {
    /// Creates a point in time from whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The last second whose year has four digits in every time zone.
    const LAST: u64 = 253_370_764_799;

    pub(crate) fn clamped(self) -> Self {
        self.min(Self::from_secs(Self::LAST))
    }

    pub(crate) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }

    /// Returns the time without the fraction of a second, as timestamps show it.
    pub(crate) fn to_seconds(self) -> Self {
        Self::from_secs(self.0.as_secs())
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX / 2)
    }

    /// Formats the time in UTC, to the millisecond: `2026-03-01T17:00:00.020Z`.
    pub(crate) fn to_utc(self) -> String {
        let mut text = Zone(0).text(self, "T");
        text.push(".");
        text.push_digits(self.clamped().0.subsec_millis().into(), 3);
        text.push("Z");
        text.to_string()
    }

    fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX)
    }
}

/// A fixed offset from UTC, in minutes. The service shows every date and timestamp in the tenant's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone(i64);

impl Zone {
    /// Parses `Z`, `+05:30` or `-08:00`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "Z" {
            return Some(Self(0));
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
        (hours <= 14 && minutes < 60).then_some(Self(sign * (hours * 60 + minutes)))
    }

    /// Returns the calendar date at a point in time.
    pub(crate) fn date(self, at: UnixTime) -> Date {
        Date::from_days(self.seconds(at).div_euclid(86_400))
    }

    /// Formats a timestamp like the `/v1` operations: `2022-01-24 19:58:27`.
    pub(crate) fn stamp(self, at: UnixTime) -> Text {
        self.text(at, " ")
    }

    /// Formats a timestamp like Object Query: `2025-03-21T01:42:47-07:00`.
    pub(crate) fn iso(self, at: UnixTime) -> Text {
        let mut text = self.text(at, "T");
        text.push(if self.0 < 0 { "-" } else { "+" });
        text.push_digits(self.0.unsigned_abs() / 60, 2);
        text.push(":");
        text.push_digits(self.0.unsigned_abs() % 60, 2);
        text
    }

    /// Returns the point in time at which a date has this hour in the zone.
    pub(crate) fn at_hour(self, date: Date, hour: i64) -> UnixTime {
        let seconds = date.days() * 86_400 + hour * 3600 - self.0 * 60;
        UnixTime::from_secs(u64::try_from(seconds).unwrap_or(0))
    }

    /// Formats date and time of day.
    fn text(self, at: UnixTime, separator: &str) -> Text {
        let second = self.seconds(at).rem_euclid(86_400).unsigned_abs();
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = self.date(at).to_text();
        let [h, i, m, n, s, t] = [hour / 10, hour, minute / 10, minute, second / 10, second].map(digit);
        text.push(separator);
        text.push_ascii(&[h, i, b':', m, n, b':', s, t]);
        text
    }

    /// Returns the seconds since 1970 on the clocks of the zone.
    fn seconds(self, at: UnixTime) -> i64 {
        at.clamped().seconds() + self.0 * 60
    }
}

/// Parses an ISO 8601 timestamp with an offset, to the second.
pub(crate) fn parse_iso(text: &str) -> Option<UnixTime> {
    let (date, rest) = text.split_once('T')?;
    let (time, zone) = rest.split_at_checked(8)?;
    let zone = zone.find(['Z', '+', '-']).and_then(|at| Zone::parse(&zone[at..]))?;
    let mut parts = time.split(':');
    let mut part = |limit| parts.next().and_then(|text| digits(text, 2)).filter(|value| *value < limit);
    let (hour, minute, second) = (part(24)?, part(60)?, part(60)?);
    let seconds = Date::parse(date)?.days() * 86_400 + hour * 3600 + (minute - zone.0) * 60 + second;
    u64::try_from(seconds).ok().map(UnixTime::from_secs)
}

/// A day of the Gregorian calendar, in the years 1 to 9999. It is small, since an invoice has many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    year: i16,
    month: i8,
    day: i8,
}

impl Date {
    /// Creates the date of a day that exists.
    fn new(year: i64, month: i64, day: i64) -> Self {
        // The numbers are at most 9999, 12 and 31.
        Self { year: year as i16, month: month as i8, day: day as i8 }
    }

    /// Returns year, month and day.
    fn parts(self) -> (i64, i64, i64) {
        (self.year.into(), self.month.into(), self.day.into())
    }

    /// Parses `yyyy-mm-dd`; `None` if the day does not exist.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let [a, b, c, d, b'-', m, n, b'-', s, t] = *text.as_bytes() else { return None };
        let (year, month, day) = (number(&[a, b, c, d])?, number(&[m, n])?, number(&[s, t])?);
        let exists = year >= 1 && (1..=12).contains(&month) && day >= 1 && day <= month_length(year, month);
        exists.then(|| Self::new(year, month, day))
    }

    /// Formats the date: `2026-03-01`.
    pub(crate) fn to_text(self) -> Text {
        let (year, month, day) = self.parts();
        let [year, month, day] = [year, month, day].map(i64::unsigned_abs);
        let [a, b, c, d] = [year / 1000, year / 100, year / 10, year].map(digit);
        let [m, n, s, t] = [month / 10, month, day / 10, day].map(digit);
        let mut text = Text::EMPTY;
        text.push_ascii(&[a, b, c, d, b'-', m, n, b'-', s, t]);
        text
    }

    pub(crate) fn day(self) -> i64 {
        self.day.into()
    }

    /// Returns the day of the week, from 0 for Monday to 6 for Sunday.
    pub(crate) fn weekday(self) -> usize {
        usize::try_from((self.days() + 3).rem_euclid(7)).unwrap_or(0)
    }

    pub(crate) fn is_month_end(self) -> bool {
        let (year, month, day) = self.parts();
        day == month_length(year, month)
    }

    pub(crate) fn plus_days(self, days: i64) -> Self {
        Self::from_days(self.days().saturating_add(days))
    }

    pub(crate) fn days_since(self, earlier: Self) -> i64 {
        self.days() - earlier.days()
    }

    /// Returns the same day of the month that is `months` away, or the last day of a shorter month.
    pub(crate) fn plus_months(self, months: i64) -> Self {
        self.in_month(months, self.day())
    }

    /// Returns a given day of the month that is `months` away, or the last day of a shorter month.
    pub(crate) fn in_month(self, months: i64, day: i64) -> Self {
        let (year, month, _) = self.parts();
        let month = (year * 12 + month - 1).saturating_add(months).clamp(12, 9999 * 12 + 11);
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        Self::new(year, month, day.clamp(1, month_length(year, month)))
    }

    /// Returns the days since 1970-01-01. Years are counted from March, so that the leap day is the last
    /// day.
    fn days(self) -> i64 {
        let (year, month, day) = self.parts();
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn from_days(days: i64) -> Self {
        // The limits are 0001-01-01 and 9999-12-31.
        let days = days.clamp(-719_162, 2_932_896) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let month = if march < 10 { march + 3 } else { march - 9 };
        let year = era * 400 + year + i64::from(month <= 2);
        Self::new(year, month, of_year - (153 * march + 2) / 5 + 1)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format_args!("{text:?} is not a yyyy-mm-dd date")))
    }
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the number with those digits, which are few.
fn number(digits: &[u8]) -> Option<i64> {
    let append = |number, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'));
    digits.iter().try_fold(0, append)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length).then(|| number(text.as_bytes()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn dates_convert_to_days_and_back() {
        assert_eq!(date("1970-01-01").days(), 0);
        assert_eq!(date("2000-03-01").days(), 11_017);
        let mut day = date("1899-12-28");
        for days in day.days()..date("2101-01-03").days() {
            assert_eq!((day.days(), Date::from_days(days)), (days, day));
            day = day.plus_days(1);
        }
        assert_eq!(Date::from_days(i64::MAX), date("9999-12-31"));
        assert_eq!(Date::from_days(i64::MIN), date("0001-01-01"));
    }

    #[test]
    fn only_days_that_exist_are_accepted() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-32",
            "26-01-01",
            "2026-1-1",
            "2026-01-01-01",
            "",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        assert_eq!(date("2024-02-29").to_string(), "2024-02-29");
    }

    #[test]
    fn months_end_on_their_last_day() {
        assert_eq!(date("2026-01-31").plus_months(1), date("2026-02-28"));
        assert_eq!(date("2024-04-30").in_month(1, 31), date("2024-05-31"));
        assert_eq!(date("2026-12-15").plus_months(13), date("2028-01-15"));
        assert_eq!(date("2026-02-21").weekday(), 5, "a Saturday");
    }

    #[test]
    fn timestamps_are_in_the_zone() {
        let pacific = Zone::parse("-08:00").unwrap();
        let at = UnixTime::from_secs(1_772_352_000);
        assert_eq!(&*pacific.stamp(at), "2026-03-01 00:00:00");
        assert_eq!(&*pacific.iso(at), "2026-03-01T00:00:00-08:00");
        assert_eq!(pacific.at_hour(date("2026-03-01"), 0), at);
        assert_eq!(parse_iso("2026-03-01T08:00:00Z"), Some(at));
        assert_eq!(parse_iso("2026-03-01T13:30:00.250+05:30"), Some(at));
        assert_eq!(parse_iso("2026-03-01 08:00:00"), None);
    }
}
