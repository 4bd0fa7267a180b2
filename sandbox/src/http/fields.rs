//! Typed access to the members of a JSON object in a request body.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::api_error::{ApiError, Category, Reason};
use crate::values::{Date, Json};

/// The members of one object, read by name. Each error names the full path of the member.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    path: &'a str,
    object: &'a Json,
}

impl<'a> Fields<'a> {
    /// Wraps an object. `path` is the prefix of its members: empty for the body itself, otherwise with a
    /// trailing dot.
    pub(crate) fn new(path: &'a str, object: &'a Json) -> Result<Self, ApiError> {
        match object {
            Json::Object(_) => Ok(Self { path, object }),
            _ => Err(ApiError::value(path.trim_end_matches('.'), "an object is expected")),
        }
    }

    /// Rejects members that are not listed; one error names all of them.
    pub(crate) fn deny_unknown(self, known: &[&str]) -> Result<Self, ApiError> {
        self.deny_unknown_by(|name| known.contains(&name))
    }

    /// Rejects members that `known` does not accept; one error names all of them.
    pub(crate) fn deny_unknown_by(self, known: impl Fn(&str) -> bool) -> Result<Self, ApiError> {
        let unknown = self.members().iter().filter(|(name, _)| !known(name));
        let reason = |(name, _): &(Cow<'static, str>, Json)| Reason {
            category: Category::UnknownField,
            message: format!("The field '{}' is unknown.", self.name(name)),
        };
        let reasons: Vec<Reason> = unknown.map(reason).collect();
        if reasons.is_empty() {
            return Ok(self);
        }
        Err(ApiError { reasons, ..ApiError::missing("") })
    }

    /// Returns every member, nulls included.
    pub(crate) fn members(self) -> &'a [(Cow<'static, str>, Json)] {
        match self.object {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    pub(crate) fn name(self, field: &str) -> String {
        format!("{}{field}", self.path)
    }

    /// Returns the member, unless it is absent or null.
    pub(crate) fn get(self, field: &str) -> Option<&'a Json> {
        self.object.get(field).filter(|value| **value != Json::Null)
    }

    pub(crate) fn has(self, field: &str) -> bool {
        self.get(field).is_some()
    }

    /// Whether the member is present and null; an update clears some fields by null.
    pub(crate) fn is_null(self, field: &str) -> bool {
        self.object.get(field) == Some(&Json::Null)
    }

    fn read<T>(
        self,
        field: &str,
        expected: &str,
        read: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let rejected = || ApiError::value(&self.name(field), expected);
        self.plain(field)?.map(|value| read(value).ok_or_else(rejected)).transpose()
    }

    /// Reads a value of any type. Text with characters outside the Basic Multilingual Plane is rejected, as the
    /// service does for every text.
    pub(crate) fn plain(self, field: &str) -> Result<Option<&'a Json>, ApiError> {
        let expected = "characters of the Basic Multilingual Plane are expected";
        match self.get(field) {
            Some(Json::Text(text)) if !is_basic(text) => Err(ApiError::value(&self.name(field), expected)),
            value => Ok(value),
        }
    }

    pub(crate) fn text(self, field: &str) -> Result<Option<&'a str>, ApiError> {
        self.read(field, "text is expected", Json::text)
    }

    /// Reads a text, which is required.
    pub(crate) fn required_text(self, field: &str) -> Result<&'a str, ApiError> {
        self.text(field)?.ok_or_else(|| ApiError::missing(&self.name(field)))
    }

    /// Reads a text of at most `max_len` characters.
    pub(crate) fn text_within(self, field: &str, max_len: usize) -> Result<Option<&'a str>, ApiError> {
        let expected = format!("text of at most {max_len} characters is expected");
        self.read(field, &expected, |value| value.text().filter(|text| text.chars().count() <= max_len))
    }

    /// Reads a text that is one of `words`.
    pub(crate) fn one_of(self, field: &str, words: &[&str]) -> Result<Option<&'a str>, ApiError> {
        let expected = format!("one of {} is expected", words.join(", "));
        self.read(field, &expected, |value| value.text().filter(|text| words.contains(text)))
    }

    /// Reads a decimal number, bare or quoted. At most 15 digits before the decimal point are accepted, so
    /// that sums stay exact.
    pub(crate) fn decimal(self, field: &str) -> Result<Option<Decimal>, ApiError> {
        let limit = Decimal::from(1_000_000_000_000_000_u64);
        let expected = "a decimal number of at most 15 digits before the point is expected";
        self.read(field, expected, |value| value.decimal().filter(|value| value.abs() < limit))
    }

    /// Reads a decimal number, which is required.
    pub(crate) fn required_decimal(self, field: &str) -> Result<Decimal, ApiError> {
        self.decimal(field)?.ok_or_else(|| ApiError::missing(&self.name(field)))
    }

    /// Reads a boolean, bare or quoted.
    pub(crate) fn flag(self, field: &str) -> Result<Option<bool>, ApiError> {
        self.read(field, "true or false is expected", |value| match value {
            Json::Bool(value) => Some(*value),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        })
    }

    pub(crate) fn integer(self, field: &str, low: i64, high: i64) -> Result<Option<i64>, ApiError> {
        let expected = format!("a whole number from {low} to {high} is expected");
        self.read(field, &expected, |value| value.integer().filter(|value| (low..=high).contains(value)))
    }

    pub(crate) fn date(self, field: &str) -> Result<Option<Date>, ApiError> {
        self.read(field, "a date yyyy-mm-dd is expected", |value| Date::parse(value.text()?))
    }

    /// Reads a date, which is required.
    pub(crate) fn required_date(self, field: &str) -> Result<Date, ApiError> {
        self.date(field)?.ok_or_else(|| ApiError::missing(&self.name(field)))
    }

    /// Reads a list of at most `max` rows; an absent list is empty.
    pub(crate) fn rows_within(self, field: &str, most: usize) -> Result<&'a [Json], ApiError> {
        let rows = self.rows(field)?.unwrap_or_default();
        match rows.len() > most {
            true => Err(ApiError::value(&self.name(field), &format!("at most {most} rows are expected"))),
            false => Ok(rows),
        }
    }

    pub(crate) fn rows(self, field: &str) -> Result<Option<&'a [Json]>, ApiError> {
        self.read(field, "a list is expected", |value| match value {
            Json::Array(rows) => Some(rows.as_slice()),
            _ => None,
        })
    }

    /// Reads a list of texts.
    pub(crate) fn texts(self, field: &str) -> Result<Option<Vec<&'a str>>, ApiError> {
        self.read(field, "a list of texts is expected", |value| match value {
            Json::Array(rows) => rows.iter().map(|row| row.text().filter(|text| is_basic(text))).collect(),
            _ => None,
        })
    }
}

/// Whether all characters are in the Basic Multilingual Plane.
pub(crate) fn is_basic(text: &str) -> bool {
    text.chars().all(|character| character as u32 <= 0xffff)
}
