//! What the service is known to refuse, said beside the fields of a request.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Result};
use crate::wire::Field;

/// A rule for a field. All but [`REQUIRED`] hold only for a field that is there.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    Required,
    Text { least: usize, most: usize },
    Count { least: usize, most: usize },
    Id,
}

/// The field is needed.
pub(crate) const REQUIRED: Rule = Rule::Required;

/// Ids in bodies are 32 hexadecimal digits: a number in the place of an id is a common slip.
pub(crate) const ID: Rule = Rule::Id;

/// Text of at most so many characters.
pub(crate) const fn max_len(most: usize) -> Rule {
    Rule::Text { least: 0, most }
}

/// Text of so many characters.
pub(crate) const fn len(least: usize, most: usize) -> Rule {
    Rule::Text { least, most }
}

/// A list of so many entries.
pub(crate) const fn entries(least: usize, most: usize) -> Rule {
    Rule::Count { least, most }
}

/// The way to a model from the body's root; spelled out only in an error.
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

    /// The error of a field of this model.
    #[cold]
    pub(crate) fn refuse(&self, field: &str, why: impl Into<Cow<'static, str>>) -> Error {
        Error::invalid(format!("{self}{field}"), why)
    }

    #[cold]
    fn refuse_length(&self, field: &str, least: usize, most: usize, unit: &str) -> Error {
        self.refuse(field, format!("takes {least} to {most} {unit}"))
    }
}

/// Ends in a point, unless it is the root.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some((parent, name, None)) => write!(f, "{parent}{name}."),
            Some((parent, name, Some(index))) => write!(f, "{parent}{name}[{index}]."),
        }
    }
}

/// Inlined, so that the rule is known to the compiler and a field that is absent costs one look. Only plain numbers
/// go to the errors: a rule that something points to would have to be kept in memory.
#[inline(always)]
pub(crate) fn check(path: &Path<'_>, name: &str, field: &impl Field, rule: Rule) -> Result<()> {
    match rule {
        Rule::Required if field.is_absent() => Err(path.refuse(name, "is needed")),
        Rule::Text { least, most } if field.as_text().is_some_and(|text| !has_length(text, least, most)) => {
            Err(path.refuse_length(name, least, most, "characters"))
        }
        Rule::Count { least, most } if !(least..=most).contains(&field.count()) => {
            Err(path.refuse_length(name, least, most, "entries"))
        }
        Rule::Id if field.as_text().is_some_and(|text| !is_id(text)) => {
            Err(path.refuse(name, "is no id: 32 hexadecimal digits"))
        }
        _ => Ok(()),
    }
}

/// In characters, which are counted only when the number of bytes does not tell.
fn has_length(text: &str, least: usize, most: usize) -> bool {
    let bytes = text.len();
    (bytes <= most && bytes.div_ceil(4) >= least) || (least..=most).contains(&text.chars().count())
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
