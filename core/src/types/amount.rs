//! Exact numbers: money, prices, quantities, rates.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::wire::values;
use crate::wire::{FromWire, ReadError, ValueReader};

/// A number exactly as it stands in the JSON: an amount of money, a price, a quantity or a rate.
///
/// The digits are kept as they came, trailing zeros included (`10.000000000` is written back as
/// `10.000000000`). Money carries no currency of its own: it stands in a field beside it. Numbers are written
/// bare; they are read bare or quoted, since the service does both.
///
/// Any JSON number can be read. Numbers that a [`Decimal`] cannot hold to the last digit keep their text;
/// [`to_decimal`](Self::to_decimal) is an error for these, and nothing else is.
///
/// Amounts are read from JSON text only, by `serde_json::from_str` or `from_slice`: a `serde_json::Value` has
/// rounded its numbers already, so that reading from one is refused. For the same reason do not write models to a
/// `Value` when digits matter.
///
/// # Equality
/// Two amounts are equal when they are the same number: `10.0 == 10.00 == 1e1`. Amounts that no `Decimal` can
/// hold are equal only when their texts are. Compare [`to_string`](ToString::to_string) to compare the digits.
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
#[derive(Clone)]
pub struct Amount(Repr);

/// Two words, so that answers of many amounts stay small.
#[derive(Clone)]
enum Repr {
    /// The digits without their point, and how many of them stand behind it (28 at most).
    Short { mantissa: i64, scale: u8 },
    /// A JSON number that needs more room, or that printing the digits would not give back.
    Long(Box<Literal>),
}

#[derive(Clone)]
struct Literal(Box<str>);

/// Why an amount cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The text is not a number.
    #[error("{0:?} is not a number")]
    NotANumber(Box<str>),
    /// A number, but not one that 28 decimal digits hold exactly.
    #[error("{0} has too many digits for exact arithmetic")]
    TooManyDigits(Box<str>),
}

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Short { mantissa: 0, scale: 0 });

    /// `mantissa` with the last `scale` digits after the point: `new(1050, 2)` is 10.50. For prices that are
    /// known in the source.
    ///
    /// # Errors
    /// When `scale` is above 28.
    pub fn new(mantissa: i64, scale: u32) -> Result<Self, AmountError> {
        Decimal::try_new(mantissa, scale)
            .map(Self::from)
            .map_err(|_| AmountError::TooManyDigits(format!("{mantissa}e-{scale}").into()))
    }

    /// The number for arithmetic, exactly.
    ///
    /// # Errors
    /// When a [`Decimal`] would have to round it.
    pub fn to_decimal(&self) -> Result<Decimal, AmountError> {
        match &self.0 {
            Repr::Short { mantissa, scale } => Ok(Decimal::new(*mantissa, (*scale).into())),
            Repr::Long(long) => exact(&long.0).ok_or_else(|| AmountError::TooManyDigits(long.0.clone())),
        }
    }

    /// The sum to the last digit; never rounds.
    ///
    /// # Errors
    /// When one of the amounts, or the sum, has more digits than a [`Decimal`] holds.
    pub fn sum<'a>(amounts: impl IntoIterator<Item = &'a Amount>) -> Result<Amount, AmountError> {
        amounts.into_iter().try_fold(Self::ZERO, |sum, amount| sum.checked_add(amount))
    }

    /// The sum of two to the last digit; never rounds.
    ///
    /// # Errors
    /// As for [`sum`](Self::sum).
    pub fn checked_add(&self, other: &Amount) -> Result<Amount, AmountError> {
        let (a, b) = (self.to_decimal()?, other.to_decimal()?);
        // `Decimal`'s own addition rounds when the digits do not fit.
        let scale = a.scale().max(b.scale());
        let widened = |d: Decimal| d.mantissa().checked_mul(10_i128.checked_pow(scale - d.scale())?);
        widened(a)
            .zip(widened(b))
            .and_then(|(a, b)| a.checked_add(b))
            .and_then(|sum| decimal(sum, scale))
            .map(Self::from)
            .ok_or_else(|| AmountError::TooManyDigits(format!("{self} + {other}").into()))
    }

    /// The difference of two to the last digit; never rounds.
    ///
    /// # Errors
    /// As for [`sum`](Self::sum).
    pub fn checked_sub(&self, other: &Amount) -> Result<Amount, AmountError> {
        self.checked_add(&Self::from(-other.to_decimal()?))
    }

    /// Whether it is 0, in whatever form.
    pub fn is_zero(&self) -> bool {
        self.to_decimal().is_ok_and(|decimal| decimal.is_zero())
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Short { mantissa, .. } => *mantissa < 0,
            Repr::Long(long) => long.0.starts_with('-') && !self.is_zero(),
        }
    }

    /// A JSON number, whose grammar has been checked.
    fn of_literal(text: &str) -> Self {
        Self(short(text).unwrap_or_else(|| Repr::Long(Box::new(Literal(text.into())))))
    }

    /// A JSON value: a number, or text that holds one; null is none.
    fn of_json(json: &str) -> Result<Option<Self>, AmountError> {
        match json.as_bytes() {
            [b'-' | b'0'..=b'9', ..] => Ok(Some(Self::of_literal(json))),
            [b'"', .., b'"'] => json[1..json.len() - 1].parse().map(Some),
            b"null" => Ok(None),
            _ => Err(AmountError::NotANumber(json.chars().take(40).collect())),
        }
    }
}

/// Plain digits of common length, in one loop.
fn short(text: &str) -> Option<Repr> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // 18 digits and a point: the value stays below 2^63.
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
    // An integer has no negative zero.
    if negative && value == 0 {
        return None;
    }
    Some(Repr::Short { mantissa: if negative { -value } else { value }, scale })
}

/// A literal with an exponent, or with digits that only seem too many.
fn exact(text: &str) -> Option<Decimal> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let mut mantissa = 0_i128;
    for byte in whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit) {
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    if mantissa == 0 {
        return Some(Decimal::ZERO);
    }
    while scale < 0 {
        mantissa = mantissa.checked_mul(10)?;
        scale += 1;
    }
    decimal(if whole.starts_with('-') { -mantissa } else { mantissa }, scale.unsigned_abs())
}

/// The decimal of this value; trailing zeros give way when they do not fit.
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

/// Whether the text is a number by JSON's grammar.
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
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

    /// Reads JSON's numbers, and also `+5`, `.5`, `5.` and `05`, which are put into JSON's form.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        if is_json_number(text) {
            return Ok(Self::of_literal(text));
        }
        let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'));
        match Decimal::from_str_exact(text) {
            Ok(decimal) if plain => Ok(decimal.into()),
            _ => Err(AmountError::NotANumber(text.chars().take(40).collect())),
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

/// By value; amounts that no `Decimal` can hold have no order.
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
        f.pad(self.text(&mut [0; ROOM]))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromWire for Amount {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        Self::of_json(source.raw()?).map_err(ReadError::new)
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
        let mut room = [0; ROOM];
        let literal = serde_json::from_str::<&RawValue>(self.text(&mut room)).map_err(S::Error::custom)?;
        literal.serialize(serializer)
    }
}

/// A float that prints as exactly these digits, which is twice as fast as passing the text on.
///
/// Up to 15 digits survive the way into a float and back, both steps here are exact up to the one rounding of the
/// division, and the shortest text that names the float has no more digits than these: it is these, as long as they
/// do not end in a zero. Down to four places the text has no exponent.
fn exact_float(mantissa: i64, scale: u8) -> Option<f64> {
    const POWERS: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];
    let power = POWERS.get(usize::from(scale))?;
    let fits = mantissa % 10 != 0 && mantissa.unsigned_abs() < 1_000_000_000_000_000;
    fits.then(|| mantissa as f64 / power)
}

/// The longest short amount: a sign, a zero, a point, 28 digits.
const ROOM: usize = 32;

impl Amount {
    /// The literal, printed from the end of the room when it is short.
    fn text<'a>(&'a self, room: &'a mut [u8; ROOM]) -> &'a str {
        let (mantissa, scale) = match &self.0 {
            Repr::Short { mantissa, scale } => (*mantissa, usize::from(*scale)),
            Repr::Long(long) => return &long.0,
        };
        let (mut rest, mut at) = (mantissa.unsigned_abs(), ROOM);
        let mut put = |character| {
            at -= 1;
            room[at] = character;
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
        std::str::from_utf8(&room[at..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Amount {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_literal_is_written_back_as_it_came() {
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
    fn the_way_over_floats_prints_every_digit() {
        // A walk over mantissas of all lengths up to the limit and a little beyond.
        let mut walk = 1_u64;
        for step in 0..20_000_u64 {
            walk = walk.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = 10_i64.pow((step % 17) as u32 + 1);
            let mantissa = (walk >> 1) as i64 % digits;
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
    fn sloppy_text_is_put_into_form_and_other_text_is_refused() {
        for (text, form) in [("+5", "5"), (".5", "0.5"), ("007.10", "7.10"), ("5.", "5")] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), form);
        }
        for json in
            ["\"\"", "\"N/A\"", "\"1_000\"", "\"1,5\"", "true", "{}", "[1]", "null", "\"\\u0031\"", "\"1e\""]
        {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn equality_and_order_go_by_value() {
        assert_eq!(read("10.0"), read("1e1"));
        assert_eq!(read("-0.00"), read("0"));
        assert_ne!(read("1e400"), read("1e401"));
        assert!(read("1.10") < read("1.2"));
        assert!(read("1e400").partial_cmp(&read("1")).is_none());
        assert!(read("-0.01").is_negative() && !read("-0.0").is_negative() && read("-1e400").is_negative());
    }

    #[test]
    fn sums_never_round() {
        let sum = |texts: &[&str]| Amount::sum(&texts.iter().map(|text| read(text)).collect::<Vec<_>>());
        assert_eq!(sum(&["0.10", "0.2", "1e1", "-3"]).unwrap().to_string(), "7.30");
        assert_eq!(sum(&[]).unwrap(), Amount::ZERO);
        assert!(sum(&["79228162514264337593543950335", "0.1"]).is_err());
        assert!(sum(&["1e400"]).is_err());
        assert_eq!(read("5").checked_sub(&read("7.5")).unwrap().to_string(), "-2.5");
        assert_eq!(read("1e3").to_decimal().unwrap(), Decimal::from(1000));
        assert!(read("1e-2000000000").to_decimal().is_err() && read("1e2000000000").to_decimal().is_err());
    }

    #[test]
    fn a_value_is_not_json_text() {
        let rounded = serde_json::from_value::<Amount>(serde_json::json!(10.5)).unwrap_err();
        assert!(rounded.to_string().contains("from JSON text only"), "{rounded}");
        let streamed = serde_json::from_reader::<_, Amount>(&b"10.5"[..]).unwrap_err();
        assert!(streamed.to_string().contains("from JSON text only"), "{streamed}");
    }
}
