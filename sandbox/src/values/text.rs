//! Texts of JSON values.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use rust_decimal::Decimal;

/// A text. One that is short is stored in place, since most texts of a response are: ids, dates, amounts, words.
#[derive(Clone)]
pub(crate) enum Text {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<str>),
}

/// Maximum length of a text that is stored in place, in bytes.
const SHORT: usize = 38;

impl Text {
    pub(crate) const EMPTY: Self = Self::Short { length: 0, bytes: [0; SHORT] };

    /// Appends a text.
    pub(crate) fn push(&mut self, more: &str) {
        if !self.push_short(more.as_bytes()) {
            *self = Self::Long([self, more].concat().into());
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self
    }

    /// Appends a number with at least `width` digits.
    pub(crate) fn push_digits(&mut self, number: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let (mut start, mut rest) = (digits.len(), number);
        while rest > 0 {
            start -= 1;
            digits[start] = digit(rest);
            rest /= 10;
        }
        let start = start.min(digits.len().saturating_sub(width));
        self.push_ascii(&digits[start..]);
    }

    /// Appends ASCII characters, which need no check.
    pub(crate) fn push_ascii(&mut self, more: &[u8]) {
        if !self.push_short(more) {
            self.push(std::str::from_utf8(more).unwrap_or_default());
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length)],
            Self::Long(text) => text.as_bytes(),
        }
    }

    /// Appends bytes of a text in place; whether there is a place for them.
    fn push_short(&mut self, more: &[u8]) -> bool {
        let Self::Short { length, bytes } = self else { return false };
        let start = usize::from(*length);
        let Some(free) = bytes.get_mut(start..start + more.len()) else { return false };
        free.copy_from_slice(more);
        *length += u8::try_from(more.len()).unwrap_or(u8::MAX);
        true
    }
}

/// Returns the last digit of a number.
pub(super) fn digit(number: u64) -> u8 {
    // The remainder is less than 256.
    b'0' + (number % 10) as u8
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Short { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut copy = Self::EMPTY;
        copy.push(text);
        copy
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        match text.len() <= SHORT {
            true => text.as_str().into(),
            false => Self::Long(text.into()),
        }
    }
}

impl From<i64> for Text {
    fn from(value: i64) -> Self {
        let mut text = Self::EMPTY;
        if value < 0 {
            text.push("-");
        }
        text.push_digits(value.unsigned_abs(), 1);
        text
    }
}

impl From<Decimal> for Text {
    /// Writes all decimals, trailing zeros included.
    fn from(value: Decimal) -> Self {
        let scale = value.scale();
        let mantissa = u64::try_from(value.mantissa().unsigned_abs());
        let (Ok(mantissa), Some(unit)) = (mantissa, 10_u64.checked_pow(scale)) else {
            return value.to_string().into();
        };
        let mut text = Self::EMPTY;
        if value.is_sign_negative() {
            text.push("-");
        }
        text.push_digits(mantissa / unit, 1);
        if scale > 0 {
            text.push(".");
            text.push_digits(mantissa % unit, scale as usize);
        }
        text
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl Hash for Text {
    /// Hashes like the same `str`, as a key of a map must.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_of_any_length_is_kept() {
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, 300] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let mut copy = Text::from(text.as_str());
            assert_eq!((&*copy, &*Text::from(text.clone())), (text.as_str(), text.as_str()));
            copy.push("end");
            assert_eq!(&*copy, text + "end");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_written_like_their_display(number: i64, digits: i64, scale in 0_u32..29) {
            prop_assert_eq!(&*Text::from(number), number.to_string());
            for value in [Decimal::new(digits, scale), Decimal::from_i128_with_scale(i128::from(digits) << 30, scale)] {
                for value in [value, -value, value - value, -(value - value)] {
                    prop_assert_eq!(&*Text::from(value), value.to_string());
                }
            }
        }
    }
}
