//! The JSON form of values, and the four traits by which models and values are read and written.
//!
//! The design is that of miniserde. A format and a model interact only through the trait object [`ValueReader`], so
//! each of them is compiled once. [`reader`] implements the trait over serde, and [`values`] reads single values.

pub(crate) mod fields;
pub(crate) mod reader;
pub(crate) mod values;

use std::borrow::Cow;
use std::fmt;

use serde::de::Error;
use serde::ser::SerializeMap;

use self::fields::ExtraFields;

/// A reader of a single value. Each method consumes the value.
pub(crate) trait ValueReader<'de> {
    /// Reads text, a number or a boolean as text. Returns `None` for null.
    fn text(&mut self) -> Result<Option<Cow<'de, str>>, ReadError>;

    /// Reads the same values as [`text`](Self::text) into owned text.
    fn own_text(&mut self) -> Result<Option<Box<str>>, ReadError>;

    /// Reads any value as its unchanged JSON text.
    fn raw(&mut self) -> Result<&'de str, ReadError>;

    /// Reads an object into a model. Returns false for null.
    fn object(&mut self, model: &mut dyn Model) -> Result<bool, ReadError>;

    /// Calls `each` for every entry of a list, in order. Returns false for null.
    fn list(&mut self, each: &mut Each<'_, 'de>) -> Result<bool, ReadError>;
}

/// A function that reads one entry of a list.
pub(crate) type Each<'a, 'de> = dyn FnMut(&mut dyn ValueReader<'de>) -> Result<(), ReadError> + 'a;

/// An error from reading a value, with the path of the value.
#[derive(Debug)]
pub(crate) struct ReadError(Box<ErrorPath>);

#[derive(Debug)]
struct ErrorPath {
    /// A path such as `.invoiceItems[3].amount`, or empty for the value itself.
    path: String,
    why: String,
}

impl ReadError {
    /// Creates the error of a value that is itself invalid.
    #[cold]
    pub(crate) fn new(why: impl fmt::Display) -> Self {
        Self::at(String::new(), why)
    }

    #[cold]
    fn at(path: String, why: impl fmt::Display) -> Self {
        Self(Box::new(ErrorPath { path, why: why.to_string() }))
    }

    /// Parses the text of an error that [`into_error`](Self::into_error) created.
    #[cold]
    pub(crate) fn of_text(text: &str) -> Self {
        match text.strip_prefix('$').and_then(|rest| rest.split_once(": ")) {
            Some((path, why)) => Self::at(path.to_owned(), why),
            None => Self::new(text),
        }
    }

    /// Prepends the name of a field to the path, for the object that contains the field.
    #[cold]
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.0.path = format!(".{name}{}", self.0.path);
        self
    }

    /// Returns the path, such as `invoiceItems[3].amount` or `$` for the whole body, and the reason.
    pub(crate) fn into_parts(self) -> (String, String) {
        let ErrorPath { path, why } = *self.0;
        match path.strip_prefix('.').unwrap_or(&path) {
            "" => ("$".to_owned(), why),
            path => (path.to_owned(), why),
        }
    }

    /// Converts to an error of a format, with a text such as `$.invoiceItems[3].amount: …`.
    #[cold]
    pub(crate) fn into_error<E: Error>(self) -> E {
        E::custom(format_args!("${}: {}", self.0.path, self.0.why))
    }
}

/// A type of the fields of a model.
pub(crate) trait FromWire: Sized {
    /// Reads a value. Returns `None` for null.
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError>;

    /// Reads an entry of a list and appends it to `list`.
    fn read_entry<'de>(list: &mut Vec<Self>, entry: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        list.push(Self::read(entry)?.ok_or_else(|| ReadError::new("expected a value, found null"))?);
        Ok(())
    }

    /// Returns the value as text, or `None` if the type is not a text type.
    fn as_text(&self) -> Option<&str> {
        None
    }
}

/// A field of a model, which may be absent.
pub(crate) trait Field {
    /// Reads the value of the field.
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError>;

    /// Returns whether the field is omitted when the model is written.
    fn is_absent(&self) -> bool;

    /// Returns the text of a present field of a text type.
    fn as_text(&self) -> Option<&str> {
        None
    }

    /// Returns the number of entries if the field is a list, and 0 otherwise.
    fn count(&self) -> usize {
        0
    }

    /// Writes the name and the value, unless the field is absent.
    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>
    where
        Self: Sized;
}

/// The part of a struct that [`model!`] generates. One reader and one writer serve all models.
pub(crate) trait Model {
    /// Returns the declared field with this wire name.
    fn field(&mut self, name: &str) -> Option<&mut dyn Field>;

    /// Returns the fields that are not declared.
    fn extra(&mut self) -> &mut ExtraFields;

    /// Writes all fields that are present.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>
    where
        Self: Sized;
}
