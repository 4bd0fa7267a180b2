//! Rules for the fields of a request, which reject values that the service would reject.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Result};
use crate::wire::Field;

/// A rule for a field. Every rule except [`REQUIRED`] applies only to fields that are present.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    Required,
    Text { least: usize, most: usize },
    Count { least: usize, most: usize },
    Id,
}

/// The field must be present.
pub(crate) const REQUIRED: Rule = Rule::Required;

/// The field must be an id of 32 hexadecimal digits. Passing a number instead of an id is a common mistake.
pub(crate) const ID: Rule = Rule::Id;

/// Requires that the text has at most `most` characters.
pub(crate) const fn max_len(most: usize) -> Rule {
    Rule::Text { least: 0, most }
}

/// Requires that the text has `least` to `most` characters.
pub(crate) const fn len(least: usize, most: usize) -> Rule {
    Rule::Text { least, most }
}

/// Requires that the list has `least` to `most` entries.
pub(crate) const fn entries(least: usize, most: usize) -> Rule {
    Rule::Count { least, most }
}

/// The path from the root of the body to a model. It is formatted only for an error.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a>(Option<(&'a Path<'a>, &'static str, Option<usize>)>);

impl<'a> Path<'a> {
    pub(crate) const ROOT: Path<'static> = Path(None);

    pub(crate) fn row(&'a self, list: &'static str, index: usize) -> Path<'a> {
        Path(Some((self, list, Some(index))))
    }

    pub(crate) fn part(&'a self, name: &'static str) -> Path<'a> {
        Path(Some((self, name, None)))
    }

    /// Creates the error of a field of this model.
    #[cold]
    pub(crate) fn reject(&self, field: &str, why: impl Into<Cow<'static, str>>) -> Error {
        Error::invalid(format!("{self}{field}"), why)
    }

    #[cold]
    fn refuse_length(&self, field: &str, least: usize, most: usize, unit: &str) -> Error {
        match least {
            0 => self.reject(field, format!("must have at most {most} {unit}")),
            _ => self.reject(field, format!("must have {least} to {most} {unit}")),
        }
    }
}

/// Ends with a period unless the path is the root, so that a field name can follow.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some((parent, name, None)) => write!(f, "{parent}{name}."),
            Some((parent, name, Some(index))) => write!(f, "{parent}{name}[{index}]."),
        }
    }
}

/// Checks a field against a rule.
///
/// The function is inlined so that the rule is a constant and an absent field costs one comparison. The error
/// functions receive plain numbers, because a reference to the rule would force it into memory.
#[inline(always)]
pub(crate) fn check(path: &Path<'_>, name: &str, field: &impl Field, rule: Rule) -> Result<()> {
    match (rule, field.as_text()) {
        (Rule::Required, _) if field.is_absent() => Err(path.reject(name, "is required")),
        (Rule::Text { least, most }, Some(text)) if !has_length(text, least, most) => {
            Err(path.refuse_length(name, least, most, "characters"))
        }
        (Rule::Count { least, most }, _) if !(least..=most).contains(&field.count()) => {
            Err(path.refuse_length(name, least, most, "entries"))
        }
        (Rule::Id, Some(text)) if !is_id(text) => {
            Err(path.reject(name, "must be an id of 32 hexadecimal digits"))
        }
        _ => Ok(()),
    }
}

/// Returns whether the text has `least` to `most` characters. Counts them only if the length in bytes is not decisive.
fn has_length(text: &str, least: usize, most: usize) -> bool {
    let bytes = text.len();
    (bytes <= most && bytes.div_ceil(4) >= least) || (least..=most).contains(&text.chars().count())
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
