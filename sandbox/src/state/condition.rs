//! Condition trees of filters, and their evaluation.

use std::cmp::Ordering;

use super::tenant::{Account, Charge, Subscription};
use crate::values::{Date, exact_decimal};

/// A comparison of one field, or a group of conditions of which all or any must match.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Test { field: FieldGetter, operator: Operator, value: String },
    Group { all: bool, conditions: Vec<Condition> },
}

/// A charge with its subscription and account.
pub(crate) type Subject<'t> = (&'t Account, &'t Subscription, &'t Charge);
/// Reads one field of a subject; `None` if it is not set.
pub(crate) type FieldGetter = fn(Subject<'_>) -> Option<String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Like,
    In,
    Null,
    NotNull,
}

/// The dates that the built-in variables of a value refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dates {
    pub(crate) run: Date,
    pub(crate) invoice: Date,
    pub(crate) target: Date,
}

impl Condition {
    /// Whether the charge, or the account or subscription that it belongs to, matches.
    pub(crate) fn matches(&self, subject: Subject<'_>, dates: &Dates) -> bool {
        match self {
            Self::Group { all: true, conditions } => conditions.iter().all(|one| one.matches(subject, dates)),
            Self::Group { all: false, conditions } => {
                conditions.iter().any(|one| one.matches(subject, dates))
            }
            Self::Test { field, operator, value } => {
                operator.matches(field(subject).as_deref(), &dates.filled_in(value))
            }
        }
    }
}

impl Operator {
    fn matches(self, field: Option<&str>, value: &str) -> bool {
        let Some(field) = field else { return matches!(self, Self::Null | Self::NotEqual) };
        let order = compare(field, value);
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Greater => order == Ordering::Greater,
            Self::Less => order == Ordering::Less,
            Self::AtLeast => order != Ordering::Less,
            Self::AtMost => order != Ordering::Greater,
            Self::Like => like(field, value),
            Self::In => value.split(',').any(|value| compare(field, value.trim()) == Ordering::Equal),
            Self::Null => false,
            Self::NotNull => true,
        }
    }
}

impl Dates {
    fn filled_in(&self, value: &str) -> String {
        let mut non_null = String::new();
        let mut rest = value;
        while let Some((before, (name, after))) =
            rest.split_once("{{").and_then(|(before, open)| Some((before, open.split_once("}}")?)))
        {
            non_null.push_str(before);
            match name.trim() {
                "BillRunDate" | "Today" => non_null.push_str(&self.run.to_string()),
                "TargetDate" => non_null.push_str(&self.target.to_string()),
                "InvoiceDate" => non_null.push_str(&self.invoice.to_string()),
                "AsRunDay" => non_null.push_str(&self.run.day().to_string()),
                _ => {}
            }
            rest = after;
        }
        non_null + rest
    }
}

/// Compares two numbers as numbers, and everything else, dates included, as text.
fn compare(left: &str, right: &str) -> Ordering {
    match (exact_decimal(left), exact_decimal(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.cmp(right),
    }
}

/// Matches text with a pattern in which `%` matches any text; a pattern without `%` matches a substring.
fn like(text: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('%').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return text.contains(pattern) };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
