//! How values travel as JSON: the four traits that models and values are read and written through.
//!
//! The design is miniserde's: a format meets a model at the trait object [`ValueReader`], so that each side is compiled
//! once. The readers over serde are in [`reader`], the plain values in [`values`].

pub(crate) mod fields;
pub(crate) mod reader;
pub(crate) mod values;

use std::borrow::Cow;
use std::fmt;

use serde::de::Error;
use serde::ser::SerializeMap;

use self::fields::ExtraFields;

/// One value that is yet to be read; each verb takes it.
pub(crate) trait ValueReader<'de> {
    /// Text, or what may stand in for it: a number or a boolean. None for null.
    fn text(&mut self) -> Result<Option<Cow<'de, str>>, ReadError>;

    /// The same to keep.
    fn own_text(&mut self) -> Result<Option<Box<str>>, ReadError>;

    /// Any value as it stands in the text.
    fn raw(&mut self) -> Result<&'de str, ReadError>;

    /// An object into a model; false for null.
    fn object(&mut self, model: &mut dyn Model) -> Result<bool, ReadError>;

    /// The entries of a list, one after the other; false for null.
    fn list(&mut self, each: &mut Each<'_, 'de>) -> Result<bool, ReadError>;
}

/// What is done with each entry of a list.
pub(crate) type Each<'a, 'de> = dyn FnMut(&mut dyn ValueReader<'de>) -> Result<(), ReadError> + 'a;

/// Why a value cannot be read, and which one.
#[derive(Debug)]
pub(crate) struct ReadError(Box<ErrorPath>);

#[derive(Debug)]
struct ErrorPath {
    /// Such as `.invoiceItems[3].amount`; empty for the value itself.
    path: String,
    why: String,
}

impl ReadError {
    /// The value itself is wrong.
    #[cold]
    pub(crate) fn new(why: impl fmt::Display) -> Self {
        Self::at(String::new(), why)
    }

    #[cold]
    fn at(path: String, why: impl fmt::Display) -> Self {
        Self(Box::new(ErrorPath { path, why: why.to_string() }))
    }

    /// What [`into_error`](Self::into_error) made, out of its text.
    #[cold]
    pub(crate) fn of_text(text: &str) -> Self {
        match text.strip_prefix('$').and_then(|rest| rest.split_once(": ")) {
            Some((path, why)) => Self::at(path.to_owned(), why),
            None => Self::new(text),
        }
    }

    /// The fault of a field, seen from its object.
    #[cold]
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.0.path = format!(".{name}{}", self.0.path);
        self
    }

    /// Path, as `invoiceItems[3].amount` (`$` for the whole), and reason.
    pub(crate) fn into_parts(self) -> (String, String) {
        let ErrorPath { path, why } = *self.0;
        match path.strip_prefix('.').unwrap_or(&path) {
            "" => ("$".to_owned(), why),
            path => (path.to_owned(), why),
        }
    }

    /// As an error of a format, `$.invoiceItems[3].amount: …`.
    #[cold]
    pub(crate) fn into_error<E: Error>(self) -> E {
        E::custom(format_args!("${}: {}", self.0.path, self.0.why))
    }
}

/// A type that stands in a field of a model; null reads as none.
pub(crate) trait FromWire: Sized {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError>;

    /// Reads an entry of a list, to its end.
    fn read_entry<'de>(list: &mut Vec<Self>, entry: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        list.push(Self::read(entry)?.ok_or_else(|| ReadError::new("null"))?);
        Ok(())
    }

    /// The text, when it is some.
    fn as_text(&self) -> Option<&str> {
        None
    }
}

/// A field of a model, absent or not.
pub(crate) trait Field {
    /// Takes the value that comes next.
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError>;

    /// Whether it is left out when written.
    fn is_absent(&self) -> bool;

    /// The text of a field that is some.
    fn as_text(&self) -> Option<&str> {
        None
    }

    /// The entries of a field that is a list.
    fn count(&self) -> usize {
        0
    }

    /// Writes name and value, if it is there.
    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>
    where
        Self: Sized;
}

/// What [`model!`] says of a struct; its readers and writers are the same for all.
pub(crate) trait Model {
    /// The declared field of this wire name.
    fn field(&mut self, name: &str) -> Option<&mut dyn Field>;

    /// Where all other fields are kept.
    fn extra(&mut self) -> &mut ExtraFields;

    /// Writes what is not absent.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>
    where
        Self: Sized;
}
