//! [`bigdecimal`]: `BigDecimal`, which has any number of digits.

use bigdecimal::BigDecimal;

use crate::types::{Amount, AmountError};

/// Largest number of zeros that are written out instead of an exponent.
const MAX_ZEROS: i64 = 40;

/// The conversion is exact and keeps trailing zeros. An exponent of more than 18 digits is an error.
impl TryFrom<&Amount> for BigDecimal {
    type Error = AmountError;

    fn try_from(amount: &Amount) -> Result<Self, AmountError> {
        let text = amount.to_string();
        text.parse().map_err(|_| AmountError::TooManyDigits(text.into()))
    }
}

/// The conversion is exact and keeps trailing zeros.
impl From<&BigDecimal> for Amount {
    fn from(decimal: &BigDecimal) -> Self {
        let (digits, scale) = decimal.as_bigint_and_scale();
        if (0..=MAX_ZEROS).contains(&scale) {
            return Self::of_literal(&decimal.to_plain_string());
        }
        // A scale may be as small as the smallest integer, so its negation may be too large for the type.
        Self::of_literal(&format!("{digits}e{}", -i128::from(scale)))
    }
}

impl From<BigDecimal> for Amount {
    fn from(decimal: BigDecimal) -> Self {
        Self::from(&decimal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn digits_survive_both_directions() {
        let long = "-123456789012345678901234567890.123456789012345678901234567890";
        for text in
            ["0", "0.00", "10.50", "-0.01", "9223372036854775807", "0.0000000000000000000000000001", long]
        {
            let amount: Amount = text.parse().unwrap();
            let decimal = BigDecimal::try_from(&amount).unwrap();
            assert_eq!(decimal.to_plain_string(), text);
            assert_eq!(Amount::from(decimal).to_string(), text);
        }
    }

    #[test]
    fn exponents_are_exact_and_take_no_memory() {
        let amount: Amount = serde_json::from_str("25e-1").unwrap();
        assert_eq!(BigDecimal::try_from(&amount).unwrap(), big("2.5"));
        for (text, written) in [("1e9000000000000", "1e9000000000000"), ("12e-500", "12e-500")] {
            assert_eq!(Amount::from(big(text)).to_string(), written);
            assert_eq!(BigDecimal::try_from(&Amount::from(big(text))).unwrap(), big(text));
        }
        let smallest = BigDecimal::new(7.into(), i64::MIN);
        assert_eq!(Amount::from(&smallest).to_string(), "7e9223372036854775808");
    }

    #[test]
    fn an_exponent_that_does_not_fit_is_an_error() {
        let amount: Amount = serde_json::from_str("1e99999999999999999999").unwrap();
        assert!(matches!(BigDecimal::try_from(&amount), Err(AmountError::TooManyDigits(_))));
    }
}
