//! Filters of the form `FIELD.OP:VALUE`.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use super::query::read_field;
use crate::http::ApiError;
use crate::state::{Column, Field};
use crate::values::{FieldValue, Rank, Ranks};

/// A filter with the values that it compares with.
pub(super) struct Filter {
    /// Place of the field in those of the object.
    pub(super) field: usize,
    operator: Operator,
    /// As received.
    texts: Vec<String>,
    /// For each text, the value that it is for this field; `None` if it is none, so that it cannot be compared.
    values: Vec<Option<(Ranks, FieldValue<'static>)>>,
    /// The first ranks of the fields that match, if it decides.
    matching: Option<RangeInclusive<Rank>>,
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
    pub(super) fn read<T>(text: &str, fields: &[Field<T>]) -> Result<Self, ApiError> {
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
        let texts: Vec<String> = match operator {
            Operator::In => {
                value.trim_matches(['[', ']']).split(',').map(|value| value.trim().to_owned()).collect()
            }
            _ => vec![value.to_owned()],
        };
        let field = read_field(field, fields)?;
        let read = |text: &String| fields[field].read(text).map(|value| (value.ranks(), value));
        let values: Vec<Option<(Ranks, _)>> = texts.iter().map(read).collect();
        let matching = match &values[..] {
            [Some(([rank, ..], _))] if rank.is_exact() && value != "null" => operator.matching_ranks(*rank),
            _ => None,
        };
        Ok(Self { field, operator, texts, values, matching })
    }

    /// Returns the values of which the field must have one; `None` if the filter does not name them.
    pub(super) fn exact(&self) -> Option<&[String]> {
        matches!(self.operator, Operator::Equal | Operator::In).then_some(&self.texts)
    }

    /// Whether the object at a position matches, by the ranks of the field; `value` returns the value of the field, and is
    /// called if they do not decide.
    pub(super) fn matches<'v>(
        &self,
        column: Column<'_>,
        position: usize,
        value: impl Fn() -> FieldValue<'v>,
    ) -> bool {
        let rank = column.rank(position, 0);
        if let Some(matching) = &self.matching {
            return matching.contains(&rank);
        }
        let is_absent = rank == Rank::ABSENT;
        let found = self.texts.iter().zip(&self.values).any(|(text, wanted)| match (self.operator, wanted) {
            // `null` is the value of a field that is not set.
            (Operator::StartsWith, _) if is_absent => false,
            (operator, _) if is_absent => text == "null" && operator.accepts(Ordering::Equal),
            (Operator::StartsWith, Some((_, FieldValue::Text(prefix)))) => {
                column.starts_with(position, prefix).unwrap_or_else(|| value().starts_with(prefix))
            }
            (Operator::StartsWith, _) => value().starts_with(text),
            (operator, Some((ranks, wanted))) => {
                let order = column.order_to(position, ranks).unwrap_or_else(|| value().order(wanted));
                operator.accepts(order)
            }
            (_, None) => false,
        });
        found != (self.operator == Operator::NotEqual)
    }
}

impl Operator {
    /// Returns the ranks that match a value which alone has the given one.
    fn matching_ranks(self, rank: Rank) -> Option<RangeInclusive<Rank>> {
        match self {
            Self::Equal | Self::In => Some(rank..=rank),
            Self::Less => Some(Rank::LEAST..=rank.before()),
            Self::AtMost => Some(Rank::LEAST..=rank),
            Self::Greater => Some(rank.after()..=Rank::GREATEST),
            Self::AtLeast => Some(rank..=Rank::GREATEST),
            Self::NotEqual | Self::StartsWith => None,
        }
    }

    /// Whether a field in that order to the value matches. `NotEqual` is the opposite of `Equal`, also if the two cannot be
    /// compared.
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal | Self::In | Self::NotEqual => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::AtMost => order.is_le(),
            Self::StartsWith => false,
        }
    }
}
