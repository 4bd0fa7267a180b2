//! Conversions of dates, times and amounts to and from the types of other crates, each crate by a feature of its name.
//!
//! A conversion is exact in both directions. A value that the other type cannot represent is an error.

#[cfg(feature = "bigdecimal")]
mod bigdecimal;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "time")]
mod time;

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
use super::{Date, DateError, DateTime};

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
impl Date {
    /// Creates a date from the numbers of another crate's date.
    fn of_numbers(year: i32, month: u8, day: u8) -> Result<Self, DateError> {
        match u16::try_from(year) {
            Ok(year) => Self::new(year, month, day),
            Err(_) => Err(DateError::new(&format!("the year {year}"), "in the years 1 to 9999")),
        }
    }
}

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
impl DateTime {
    /// Creates a time with an offset from UTC in seconds.
    fn with_offset_of_seconds(self, seconds: i32) -> Result<Self, DateError> {
        let minutes = i16::try_from(seconds / 60).ok().filter(|_| seconds % 60 == 0);
        let why = "an offset of whole minutes and less than 24 hours";
        minutes
            .and_then(|minutes| self.with_offset(minutes))
            .ok_or_else(|| DateError::new(&format!("the offset {seconds} s"), why))
    }

    /// Returns the offset from UTC in seconds.
    fn offset_seconds(self) -> Result<i32, DateError> {
        let offset =
            self.offset().ok_or_else(|| DateError::new(&self.to_string(), "a time with a UTC offset"))?;
        Ok(i32::from(offset) * 60)
    }

    /// Returns the time if it has no offset.
    ///
    /// # Errors
    /// The time has an offset, which a time on a wall clock would lose.
    fn on_wall_clock(self) -> Result<Self, DateError> {
        match self.offset() {
            None => Ok(self),
            Some(_) => Err(DateError::new(&self.to_string(), "a time without a UTC offset")),
        }
    }
}
