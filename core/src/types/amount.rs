//! Exact numbers for money, prices, quantities and rates.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use super::json_number::{is_json_number, json_form};
use crate::wire::values;
use crate::wire::{FromWire, ReadError, ValueReader};

/// An exact number, such as an amount of money, a price, a quantity or a rate.
///
/// The digits are preserved as received, trailing zeros included: `10.000000000` is written back as
/// `10.000000000`. The currency is not part of an `Amount`; it is a separate field of the same object. Numbers are
/// written without quotes. They are read with or without quotes, because the service sends both forms.
///
/// Any JSON number can be read. A number with more digits than a [`Decimal`] can represent exactly keeps its text,
/// and [`to_decimal`](Self::to_decimal) returns an error for it.
///
/// Amounts can be read from JSON text only, with `serde_json::from_str` or `from_slice`. Reading an amount from a
/// `serde_json::Value` is an error, because a `Value` has already rounded its numbers. For the same reason, do not
/// convert a model to a `Value` when the digits matter.
///
/// # Equality
/// Two amounts are equal when they are the same number: `10.0 == 10.00 == 1e1`. Amounts that a `Decimal` cannot
/// represent are equal only when their texts are equal. Compare [`to_string`](ToString::to_string) to compare the
/// digits.
///
/// ```
/// use zuora_core::Amount;
///
/// let amount: Amount = serde_json::from_str("10.50")?;
/// assert_eq!(amount.to_string(), "10.50");
/// assert_eq!(amount, "10.5".parse()?);
/// assert_eq!(Amount::sum([&amount, &Amount::from(2)])?.to_string(), "12.50");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "money")]
#[doc(alias = "decimal")]
#[doc(alias = "price")]
#[doc(alias = "quantity")]
#[derive(Clone)]
pub struct Amount(Repr);

/// The representation of an amount, in two machine words to keep responses with many amounts small.
#[derive(Clone)]
enum Repr {
    /// The digits without the decimal point, and the number of digits after the point (28 at most).
    Short { mantissa: i64, scale: u8 },
    /// A JSON number that is too long for `Short`, or that `Short` would not print in its original form.
    Long(Box<Literal>),
}

#[derive(Clone)]
struct Literal(Box<str>);

/// An error from parsing an amount or from calculating with amounts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The text is not a number.
    #[error("{0:?} is not a number")]
    NotANumber(Box<str>),
    /// The number has more digits than a [`Decimal`] can represent exactly.
    #[error("{0} has too many digits for exact arithmetic")]
    TooManyDigits(Box<str>),
}

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Short { mantissa: 0, scale: 0 });

    /// Creates an amount from `mantissa`, with its last `scale` digits after the decimal point.
    ///
    /// `Amount::new(1050, 2)` is 10.50.
    ///
    /// # Errors
    /// [`AmountError::TooManyDigits`] when `scale` is above 28.
    pub fn new(mantissa: i64, scale: u32) -> Result<Self, AmountError> {
        Decimal::try_new(mantissa, scale)
            .map(Self::from)
            .map_err(|_| AmountError::TooManyDigits(format!("{mantissa}e-{scale}").into()))
    }

    /// Converts the amount to a [`Decimal`] for arithmetic, without rounding.
    ///
    /// # Errors
    /// [`AmountError::TooManyDigits`] when a [`Decimal`] cannot represent the amount exactly.
    pub fn to_decimal(&self) -> Result<Decimal, AmountError> {
        match &self.0 {
            Repr::Short { mantissa, scale } => Ok(Decimal::new(*mantissa, (*scale).into())),
            Repr::Long(long) => exact(&long.0).ok_or_else(|| AmountError::TooManyDigits(long.0.clone())),
        }
    }

    /// Adds up amounts exactly, without rounding. The sum of no amounts is zero.
    ///
    /// Amounts have no currency, so add up amounts of one currency only.
    ///
    /// # Errors
    /// [`AmountError::TooManyDigits`] when a [`Decimal`] cannot represent one of the amounts, or the sum, exactly.
    pub fn sum<'a>(amounts: impl IntoIterator<Item = &'a Amount>) -> Result<Amount, AmountError> {
        amounts.into_iter().try_fold(Self::ZERO, |sum, amount| sum.checked_add(amount))
    }

    /// Adds another amount exactly, without rounding.
    ///
    /// ```
    /// use zuora_core::Amount;
    ///
    /// let (net, tax): (Amount, Amount) = ("250.00".parse()?, "47.5".parse()?);
    /// assert_eq!(net.checked_add(&tax)?.to_string(), "297.50");
    /// assert_eq!(net.checked_sub(&tax)?.to_string(), "202.50");
    /// # Ok::<(), zuora_core::types::AmountError>(())
    /// ```
    ///
    /// # Errors
    /// The same as for [`sum`](Self::sum).
    pub fn checked_add(&self, other: &Amount) -> Result<Amount, AmountError> {
        let (a, b) = (self.to_decimal()?, other.to_decimal()?);
        // Zeros at the end can make the digits of one scale too many.
        exact_sum(a, b)
            .or_else(|| exact_sum(a.normalize(), b.normalize()))
            .map(Self::from)
            .ok_or_else(|| AmountError::TooManyDigits(format!("{self} + {other}").into()))
    }

    /// Subtracts another amount exactly, without rounding.
    ///
    /// # Errors
    /// The same as for [`sum`](Self::sum).
    pub fn checked_sub(&self, other: &Amount) -> Result<Amount, AmountError> {
        self.checked_add(&Self::from(-other.to_decimal()?))
    }

    /// Returns whether the amount is zero, written in any form.
    pub fn is_zero(&self) -> bool {
        self.to_decimal().is_ok_and(|decimal| decimal.is_zero())
    }

    /// Returns whether the amount is less than zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Short { mantissa, .. } => *mantissa < 0,
            Repr::Long(long) => long.0.starts_with('-') && !self.is_zero(),
        }
    }

    /// Creates an amount from a JSON number whose grammar has been checked.
    pub(super) fn of_literal(text: &str) -> Self {
        Self(short(text).unwrap_or_else(|| Repr::Long(Box::new(Literal(text.into())))))
    }

    /// Reads a JSON value that is a number or a string with a number. Returns `None` for null.
    fn of_json(json: &str) -> Result<Option<Self>, AmountError> {
        match json.as_bytes() {
            [b'-' | b'0'..=b'9', ..] => Ok(Some(Self::of_literal(json))),
            [b'"', .., b'"'] => json[1..json.len() - 1].parse().map(Some),
            b"null" => Ok(None),
            _ => Err(AmountError::NotANumber(json.chars().take(40).collect())),
        }
    }
}

/// Parses plain digits of common length in one pass.
fn short(text: &str) -> Option<Repr> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // With at most 18 digits and a point, the value stays below 2^63.
    if digits.len() > 19 {
        return None;
    }
    let (mut value, mut scale, mut point, mut count) = (0_i64, 0, false, 0);
    for &byte in digits {
        match byte {
            b'0'..=b'9' if count < 18 => {
                value = value * 10 + i64::from(byte - b'0');
                scale += u8::from(point);
                count += 1;
            }
            b'.' => point = true,
            _ => return None,
        }
    }
    // An integer cannot represent negative zero.
    if negative && value == 0 {
        return None;
    }
    Some(Repr::Short { mantissa: if negative { -value } else { value }, scale })
}

/// Adds without rounding, which the addition of `Decimal` does when the digits do not fit.
fn exact_sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let scale = a.scale().max(b.scale());
    let widened = |d: Decimal| d.mantissa().checked_mul(10_i128.checked_pow(scale - d.scale())?);
    decimal(widened(a)?.checked_add(widened(b)?)?, scale)
}

/// Converts a literal that has an exponent, or more digits than it needs.
fn exact(text: &str) -> Option<Decimal> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = || whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit);
    let zeros = digits().rev().take_while(|byte| *byte == b'0').count();
    let significant = digits().count() - zeros;
    // Zero, also with an exponent that no number can have.
    if significant == 0 {
        return Some(Decimal::ZERO);
    }
    let mut scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent.parse().ok()?)?;
    let whole_mantissa = integer(digits());
    if whole_mantissa.is_none() {
        scale = scale.checked_sub(i32::try_from(zeros).ok()?)?;
    }
    let mut mantissa = whole_mantissa.or_else(|| integer(digits().take(significant)))?;
    while scale < 0 {
        mantissa = mantissa.checked_mul(10)?;
        scale += 1;
    }
    decimal(if whole.starts_with('-') { -mantissa } else { mantissa }, scale.unsigned_abs())
}

/// Returns `None` for more digits than fit.
fn integer(mut digits: impl Iterator<Item = u8>) -> Option<i128> {
    digits.try_fold(0_i128, |value, digit| value.checked_mul(10)?.checked_add(i128::from(digit - b'0')))
}

/// Builds the decimal of this value, dropping trailing zeros that do not fit.
fn decimal(mut mantissa: i128, mut scale: u32) -> Option<Decimal> {
    loop {
        match Decimal::try_from_i128_with_scale(mantissa, scale) {
            Ok(decimal) => return Some(decimal),
            Err(_) if scale > 0 && mantissa % 10 == 0 => {
                mantissa /= 10;
                scale -= 1;
            }
            Err(_) => return None,
        }
    }
}

impl From<Decimal> for Amount {
    fn from(decimal: Decimal) -> Self {
        match i64::try_from(decimal.mantissa()) {
            Ok(mantissa) => Self(Repr::Short { mantissa, scale: decimal.scale() as u8 }),
            Err(_) => Self(Repr::Long(Box::new(Literal(decimal.to_string().into())))),
        }
    }
}

impl From<i64> for Amount {
    fn from(whole: i64) -> Self {
        Self(Repr::Short { mantissa: whole, scale: 0 })
    }
}

impl From<i32> for Amount {
    fn from(whole: i32) -> Self {
        i64::from(whole).into()
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Parses a JSON number of any length. Also accepts `+5`, `.5`, `5.` and `05`, and converts them to JSON's form.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        if is_json_number(text) {
            return Ok(Self::of_literal(text));
        }
        match json_form(text) {
            Some(number) => Ok(Self::of_literal(&number)),
            None => Err(AmountError::NotANumber(text.chars().take(40).collect())),
        }
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        match (self.to_decimal(), other.to_decimal()) {
            (Ok(a), Ok(b)) => a == b,
            (Err(AmountError::TooManyDigits(a)), Err(AmountError::TooManyDigits(b))) => a == b,
            _ => false,
        }
    }
}

impl Eq for Amount {}

impl Hash for Amount {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.to_decimal() {
            Ok(decimal) => decimal.hash(state),
            Err(_) => self.to_string().hash(state),
        }
    }
}

/// Compares by value. Amounts that a `Decimal` cannot represent are not ordered.
impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self.to_decimal(), other.to_decimal()) {
            (Ok(a), Ok(b)) => Some(a.cmp(&b)),
            _ if self == other => Some(std::cmp::Ordering::Equal),
            _ => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text(&mut [0; CAPACITY]))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromWire for Amount {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *place = Self::of_json(source.raw()?).map_err(ReadError::new)?;
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Repr::Short { mantissa, scale: 0 } => return serializer.serialize_i64(mantissa),
            Repr::Short { mantissa, scale } => {
                if let Some(float) = exact_float(mantissa, scale) {
                    return serializer.serialize_f64(float);
                }
            }
            Repr::Long(_) => {}
        }
        let mut buffer = [0; CAPACITY];
        let literal = serde_json::from_str::<&RawValue>(self.text(&mut buffer)).map_err(S::Error::custom)?;
        literal.serialize(serializer)
    }
}

/// Returns a float that prints as exactly these digits. Writing the float is twice as fast as writing the text.
///
/// Up to 15 digits survive the conversion to a float and back. The only rounding here is that of the division, and
/// the shortest text that identifies the float has no more digits than the amount. The two texts are equal unless
/// the amount ends in a zero. With at most four decimal places, the text has no exponent.
fn exact_float(mantissa: i64, scale: u8) -> Option<f64> {
    const POWERS: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];
    let power = POWERS.get(usize::from(scale))?;
    let fits = mantissa % 10 != 0 && mantissa.unsigned_abs() < 1_000_000_000_000_000;
    fits.then(|| mantissa as f64 / power)
}

/// Length of the longest short amount, which is a sign, a zero, a point and 28 digits.
const CAPACITY: usize = 32;

impl Amount {
    /// Returns the literal. A short amount is printed into the buffer, from its end.
    fn text<'a>(&'a self, buffer: &'a mut [u8; CAPACITY]) -> &'a str {
        let (mantissa, scale) = match &self.0 {
            Repr::Short { mantissa, scale } => (*mantissa, usize::from(*scale)),
            Repr::Long(long) => return &long.0,
        };
        let (mut rest, mut at) = (mantissa.unsigned_abs(), CAPACITY);
        let mut put = |character| {
            at -= 1;
            buffer[at] = character;
        };
        for _ in 0..scale {
            put(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
        if scale > 0 {
            put(b'.');
        }
        loop {
            put(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if mantissa < 0 {
            put(b'-');
        }
        std::str::from_utf8(&buffer[at..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Amount {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_literal_is_written_back_as_received() {
        for text in [
            "0",
            "-0",
            "-0.00",
            "0.0",
            "1",
            "-1",
            "10.000000000",
            "0.05",
            "-0.05",
            "0.10",
            "123456789012345678",
            "1234567890123456789",
            "9223372036854775808",
            "18446744073709551616",
            "0.000000000000000001",
            "-79228162514264337593543950335",
            "79228162514264337593543950336",
            "7.9228162514264337593543950335",
            "0.0000000000000000000000000001",
            "0.00000000000000000000000000001",
            "1e2",
            "1E-2",
            "-1.50e+3",
            "1e400",
            "123456789012345678901234567890.123456789",
            "99999999.9999999999",
            "1000000000000000000",
            "-0.0000000000000000000000000001",
        ] {
            let amount = read(text);
            assert_eq!(serde_json::to_string(&amount).unwrap(), text);
            assert_eq!(amount.to_string(), text);
            assert_eq!(serde_json::to_string(&read(&format!("\"{text}\""))).unwrap(), text);
            assert_eq!(amount, amount.clone());
        }
    }

    #[test]
    fn writing_as_a_float_prints_every_digit() {
        // Pseudorandom mantissas of all lengths up to the limit and slightly above it.
        let mut random = 1_u64;
        for step in 0..20_000_u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = 10_i64.pow((step % 17) as u32 + 1);
            let mantissa = (random >> 1) as i64 % digits;
            for scale in 1..=6 {
                let amount = Amount::new(if step % 2 == 0 { mantissa } else { -mantissa }, scale).unwrap();
                assert_eq!(serde_json::to_string(&amount).unwrap(), amount.to_string());
            }
        }
        for mantissa in [1, 9, 999_999_999_999_999, 1_000_000_000_000_001, i64::MAX, i64::MIN] {
            for scale in 0..=28 {
                let amount = Amount::new(mantissa, scale).unwrap();
                assert_eq!(serde_json::to_string(&amount).unwrap(), amount.to_string());
            }
        }
    }

    #[test]
    fn sloppy_numbers_are_normalized_and_other_text_is_rejected() {
        // More digits than a decimal has, in the same forms.
        let nines = "9".repeat(40);
        for (text, form) in [
            (format!("+{nines}"), nines.clone()),
            (format!(".{nines}"), format!("0.{nines}")),
            (format!("-0{nines}."), format!("-{nines}")),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!(amount.to_string(), form);
            assert!(amount.to_decimal().unwrap_err().to_string().contains("too many digits"), "{text}");
        }
        for json in
            ["\"\"", "\"N/A\"", "\"1_000\"", "\"1,5\"", "true", "{}", "[1]", "null", "\"\\u0031\"", "\"1e\""]
        {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn equality_and_order_are_by_value() {
        assert_eq!(read("10.0"), read("1e1"));
        assert_eq!(read("-0.00"), read("0"));
        assert_ne!(read("1e400"), read("1e401"));
        assert!(read("1.10") < read("1.2"));
        assert!(read("1e400").partial_cmp(&read("1")).is_none());
        assert!(read("-0.01").is_negative() && !read("-0.0").is_negative() && read("-1e400").is_negative());
        let zero = read("-0e99999999999");
        assert!(zero.is_zero() && !zero.is_negative() && zero == Amount::ZERO);
        let zeros = "0".repeat(60);
        assert_eq!(read(&format!("1.50{zeros}")), read("1.5"));
        assert_eq!(read(&format!("1{zeros}e-60")), read("1"));
        assert_eq!(read(&format!("0.{zeros}")), Amount::ZERO);
        assert!(read(&format!("1{zeros}")).to_decimal().is_err());
    }

    #[test]
    fn sums_never_round() {
        let sum = |texts: &[&str]| Amount::sum(&texts.iter().map(|text| read(text)).collect::<Vec<_>>());
        assert_eq!(sum(&["0.10", "0.2", "1e1", "-3"]).unwrap().to_string(), "7.30");
        assert_eq!(sum(&[]).unwrap(), Amount::ZERO);
        assert!(sum(&["79228162514264337593543950335", "0.1"]).is_err());
        // Digits of one scale that do not fit, although those of the sum do.
        let with_zeros = ["-53090142868.0041", "-2.00400080101003004000000000000"];
        assert_eq!(sum(&with_zeros).unwrap().to_string(), "-53090142870.00810080101003004");
        assert_eq!(sum(&["792281625142", "0.0000000000000000000000000000"]).unwrap(), read("792281625142"));
        assert!(sum(&["1e400"]).is_err());
        assert_eq!(read("5").checked_sub(&read("7.5")).unwrap().to_string(), "-2.5");
        assert_eq!(read("1e3").to_decimal().unwrap(), Decimal::from(1000));
        assert!(read("1e-2000000000").to_decimal().is_err() && read("1e2000000000").to_decimal().is_err());
    }

    #[test]
    fn amounts_are_read_from_json_text_only() {
        let rounded = serde_json::from_value::<Amount>(serde_json::json!(10.5)).unwrap_err();
        assert!(rounded.to_string().contains("from JSON text only"), "{rounded}");
        let streamed = serde_json::from_reader::<_, Amount>(&b"10.5"[..]).unwrap_err();
        assert!(streamed.to_string().contains("from JSON text only"), "{streamed}");
    }
}
