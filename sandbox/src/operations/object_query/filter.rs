//! Filters of the form `FIELD.OP:VALUE`, and the order of values.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::query::read_field;
use crate::http::ApiError;
use crate::values::{Date, UnixTime, exact_decimal, parse_iso};

/// The value of a field that can be filtered and sorted by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Absent,
    Time(UnixTime),
    Date(Date),
    Number(Decimal),
    Text(Cow<'a, str>),
}

/// Place of a value in the order of all values of its field. A lower value has the same or a lower rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    pub(super) number: u128,
    /// Whether no other value has the same number.
    pub(super) is_exact: bool,
}

/// A filter with the values that it compares with.
pub(super) struct Filter {
    pub(super) field: &'static str,
    operator: Operator,
    values: Vec<String>,
}

/// A number that is greater than the cents of every decimal.
const LIMIT: i128 = 1 << 98;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    StartsWith,
    In,
    AtLeast,
    AtMost,
}

impl Filter {
    pub(super) fn read(text: &str, indexed: &[&'static str]) -> Result<Self, ApiError> {
        let invalid = || ApiError::query(format!("The filter '{text}' is not of the form FIELD.OP:VALUE."));
        let (left, value) = text.split_once(':').ok_or_else(invalid)?;
        let (field, operator) = left.rsplit_once('.').ok_or_else(invalid)?;
        let operator = match operator {
            "EQ" => Operator::Equal,
            "NE" => Operator::NotEqual,
            "LT" => Operator::Less,
            "GT" => Operator::Greater,
            "SW" => Operator::StartsWith,
            "IN" => Operator::In,
            "GE" => Operator::AtLeast,
            "LE" => Operator::AtMost,
            _ => return Err(invalid()),
        };
        let values = match operator {
            Operator::In => {
                value.trim_matches(['[', ']']).split(',').map(|value| value.trim().to_owned()).collect()
            }
            _ => vec![value.to_owned()],
        };
        Ok(Self { field: read_field(field, indexed)?, operator, values })
    }

    /// Returns the values of which the field must have one; `None` if the filter does not name them.
    pub(super) fn exact(&self) -> Option<&[String]> {
        matches!(self.operator, Operator::Equal | Operator::In).then_some(&self.values)
    }

    pub(super) fn matches(&self, field: &Value<'_>) -> bool {
        let any = |wanted: fn(Ordering) -> bool| {
            self.values.iter().any(|value| field.compare(value).is_some_and(wanted))
        };
        match self.operator {
            Operator::Equal | Operator::In => any(Ordering::is_eq),
            Operator::NotEqual => !any(Ordering::is_eq),
            Operator::Less => any(Ordering::is_lt),
            Operator::Greater => any(Ordering::is_gt),
            Operator::AtLeast => any(Ordering::is_ge),
            Operator::AtMost => any(Ordering::is_le),
            Operator::StartsWith => match field {
                Value::Text(text) => self.values.iter().any(|value| text.starts_with(value.as_str())),
                Value::Number(number) => {
                    let text = number.to_string();
                    self.values.iter().any(|value| text.starts_with(value.as_str()))
                }
                Value::Date(date) => {
                    let text = date.to_text();
                    self.values.iter().any(|value| text.starts_with(value.as_str()))
                }
                Value::Absent | Value::Time(_) => false,
            },
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Compares with a value of a filter: times as points in time, numbers as numbers, everything else as text.
    /// `null` is the value of a field that is not set. `None` if the two cannot be compared.
    fn compare(&self, literal: &str) -> Option<Ordering> {
        match self {
            Self::Absent => (literal == "null").then_some(Ordering::Equal),
            Self::Time(time) => Some(time.cmp(&parse_iso(literal)?)),
            Self::Number(number) => Some(number.cmp(&exact_decimal(literal)?)),
            Self::Date(date) => Some((*date.to_text()).cmp(literal)),
            Self::Text(text) => Some(text.as_ref().cmp(literal)),
        }
    }

    /// Returns the rank of the value, which agrees with [`order`](Self::order).
    pub(super) fn rank(&self) -> Rank {
        match self {
            Self::Absent => Rank { number: 0, is_exact: true },
            Self::Time(time) => Rank { number: 1 + time.0.as_nanos(), is_exact: true },
            Self::Date(date) => Rank { number: date.as_number().into(), is_exact: true },
            Self::Number(number) => {
                // Most amounts are whole cents. The mantissa of a decimal has 96 bits.
                let cents = number.checked_mul(Decimal::ONE_HUNDRED);
                let beyond = if number.is_sign_negative() { -LIMIT } else { LIMIT };
                let whole = cents.map_or(beyond, |cents| cents.trunc().mantissa());
                let is_exact = cents.is_some_and(|cents| cents.fract().is_zero());
                Rank { number: 1 + whole.abs_diff(-LIMIT), is_exact }
            }
            Self::Text(text) => {
                let text = text.as_bytes();
                let mut bytes = [0; size_of::<u128>()];
                let length = text.len().min(bytes.len() - 1);
                bytes[0] = 1;
                bytes[1..=length].copy_from_slice(&text[..length]);
                let is_exact = length == text.len() && !text.contains(&0);
                Rank { number: u128::from_be_bytes(bytes), is_exact }
            }
        }
    }

    /// Returns the order of two values of one field. A field that is not set is first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Time(left), Self::Time(right)) => left.cmp(right),
            (Self::Date(left), Self::Date(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (left, right) => (*left != Self::Absent).cmp(&(*right != Self::Absent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = (Value<'static>, Value<'static>)> {
        let number = || {
            let digits = prop_oneof![-300_i64..300, any::<i64>()];
            let long = any::<i64>().prop_map(|high| i128::from(high) << 32);
            let digits = prop_oneof![digits.prop_map(i128::from), long];
            (digits, 0_u32..5)
                .prop_map(|(digits, scale)| Value::Number(Decimal::from_i128_with_scale(digits, scale)))
        };
        let text = || "[a\0]{0,3}|INV0{14,16}[ab]?".prop_map(|text| Value::Text(text.into()));
        let date = || {
            (1_u32..4, 1_u32..3, 1_u32..3).prop_map(|(year, month, day)| {
                Value::Date(Date::parse(&format!("{year:04}-{month:02}-{day:02}")).unwrap())
            })
        };
        let time = || (0_u64..4).prop_map(|seconds| Value::Time(UnixTime::from_secs(seconds)));
        let absent = || Just(Value::Absent);
        prop_oneof![
            (number(), number()),
            (prop_oneof![text(), absent()], prop_oneof![text(), absent()]),
            (date(), date()),
            (prop_oneof![time(), absent()], prop_oneof![time(), absent()]),
        ]
    }

    proptest! {
        #[test]
        fn ranks_have_the_order_of_the_values((left, right) in values()) {
            let (left_rank, right_rank) = (left.rank(), right.rank());
            let order = left_rank.number.cmp(&right_rank.number);
            if order.is_ne() || (left_rank.is_exact && right_rank.is_exact) {
                prop_assert_eq!(order, left.order(&right));
            }
        }
    }
}
