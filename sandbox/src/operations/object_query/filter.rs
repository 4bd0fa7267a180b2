//! Filters of the form `FIELD.OP:VALUE`, and the order of values.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::query::read_field;
use crate::http::ApiError;
use crate::values::{UnixTime, exact_decimal, parse_iso};

/// The value of a field that can be filtered and sorted by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Absent,
    Time(UnixTime),
    Number(Decimal),
    Text(Cow<'a, str>),
}

/// A filter with the values that it compares with.
pub(super) struct Filter {
    pub(super) field: &'static str,
    operator: Operator,
    values: Vec<String>,
}

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
            Self::Text(text) => Some(text.as_ref().cmp(literal)),
        }
    }

    /// Returns the order of two values of one field. A field that is not set is first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Time(left), Self::Time(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (left, right) => (*left != Self::Absent).cmp(&(*right != Self::Absent)),
        }
    }
}
