//! Rules for the fields of a request, which reject values that the service would reject.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Result};
use crate::wire::Field;

/// A rule for a field. [`Id`] and [`Length`] apply only to fields that are present.
pub(crate) trait Rule {
    /// Checks a field. An absent one costs one comparison in an optimized build.
    fn check(self, path: &Path<'_>, name: &str, field: &impl Field) -> Result<()>;

    /// Sets the limits that this rule imposes.
    #[cfg(feature = "proptest")]
    fn limit(self, limits: Limits) -> Limits;
}

/// The field must be present.
pub(crate) struct Required;

pub(crate) const REQUIRED: Required = Required;

impl Rule for Required {
    #[inline]
    fn check(self, path: &Path<'_>, name: &str, field: &impl Field) -> Result<()> {
        if field.is_absent() { Err(path.reject(name, "is required")) } else { Ok(()) }
    }

    #[cfg(feature = "proptest")]
    fn limit(self, limits: Limits) -> Limits {
        Limits { required: true, ..limits }
    }
}

/// The field must be an id of 32 hexadecimal digits. Passing a number instead of an id is a common mistake.
pub(crate) struct Id;

pub(crate) const ID: Id = Id;

impl Rule for Id {
    #[inline]
    fn check(self, path: &Path<'_>, name: &str, field: &impl Field) -> Result<()> {
        match field.as_text() {
            Some(text) if !is_id(text) => Err(path.reject(name, "must be an id of 32 hexadecimal digits")),
            _ => Ok(()),
        }
    }

    #[cfg(feature = "proptest")]
    fn limit(self, limits: Limits) -> Limits {
        Limits { id: true, ..limits }
    }
}

/// The text must have `least` to `most` characters.
pub(crate) struct Length {
    least: usize,
    most: usize,
}

pub(crate) const fn len(least: usize, most: usize) -> Length {
    Length { least, most }
}

pub(crate) const fn max_len(most: usize) -> Length {
    len(0, most)
}

impl Length {
    #[inline]
    fn check_text(self, path: &Path<'_>, name: &str, text: Option<&str>) -> Result<()> {
        match text {
            Some(text) if !has_length(text, self.least, self.most) => {
                Err(path.refuse_length(name, self.least, self.most, "characters"))
            }
            _ => Ok(()),
        }
    }
}

impl Rule for Length {
    // Hundreds of fields have this rule, and most of them are absent: only this comparison is always copied.
    #[inline(always)]
    fn check(self, path: &Path<'_>, name: &str, field: &impl Field) -> Result<()> {
        if field.is_absent() { Ok(()) } else { self.check_text(path, name, field.as_text()) }
    }

    #[cfg(feature = "proptest")]
    fn limit(self, limits: Limits) -> Limits {
        Limits { text: (self.least, self.most), ..limits }
    }
}

/// The list must have `least` to `most` entries.
pub(crate) struct Entries {
    least: usize,
    most: usize,
}

pub(crate) const fn entries(least: usize, most: usize) -> Entries {
    Entries { least, most }
}

impl Rule for Entries {
    #[inline]
    fn check(self, path: &Path<'_>, name: &str, field: &impl Field) -> Result<()> {
        match (self.least..=self.most).contains(&field.count()) {
            true => Ok(()),
            false => Err(path.refuse_length(name, self.least, self.most, "entries")),
        }
    }

    #[cfg(feature = "proptest")]
    fn limit(self, limits: Limits) -> Limits {
        Limits { count: (self.least, self.most), ..limits }
    }
}

/// The limits that the rules of a field impose, for values that satisfy them.
#[cfg(feature = "proptest")]
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) required: bool,
    pub(crate) id: bool,
    /// Minimum and maximum number of characters.
    pub(crate) text: (usize, usize),
    /// Minimum and maximum number of entries.
    pub(crate) count: (usize, usize),
}

#[cfg(feature = "proptest")]
impl Limits {
    pub(crate) const NONE: Self =
        Self { required: false, id: false, text: (0, usize::MAX), count: (0, usize::MAX) };
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

/// Returns whether the text has `least` to `most` characters. Counts them only if the length in bytes is not decisive.
#[inline]
fn has_length(text: &str, least: usize, most: usize) -> bool {
    let bytes = text.len();
    (bytes <= most && bytes.div_ceil(4) >= least) || has_characters(text, least, most)
}

#[cold]
fn has_characters(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count())
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
