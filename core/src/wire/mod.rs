//! The JSON form of values, and the four traits by which models and values are read and written.
//!
//! The design is that of miniserde. A format and a model interact only through the trait object [`ValueReader`], so
//! each of them is compiled once. [`values`] reads single values, and two readers implement the trait:
//!
//! - [`reader`] reads any serde format in one pass. It stops at the first value that it cannot read.
//! - [`lenient`] reads JSON text again after that. It keeps a value that it cannot read, and goes on.
//!
//! Both charge what they allocate to a [`budget`](budget::Budget).

pub(crate) mod budget;
pub(crate) mod fields;
pub(crate) mod lenient;
pub(crate) mod reader;
pub(crate) mod values;

use std::borrow::Cow;
use std::fmt;

use serde::de::Error;
use serde::ser::SerializeMap;

use self::budget::Budget;
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

    /// Returns the budget that the values are charged to.
    fn budget(&self) -> &Budget;
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
    /// Whether the whole body is refused, however optional the value is.
    is_final: bool,
}

impl ReadError {
    /// Creates the error of a value that is itself invalid.
    #[cold]
    pub(crate) fn new(why: impl fmt::Display) -> Self {
        Self::at(String::new(), why)
    }

    #[cold]
    fn at(path: String, why: impl fmt::Display) -> Self {
        Self(Box::new(ErrorPath { path, why: why.to_string(), is_final: false }))
    }

    /// Creates the error of a body that must not be read further.
    #[cold]
    pub(crate) fn refusing(why: impl fmt::Display) -> Self {
        let mut error = Self::new(why);
        error.0.is_final = true;
        error
    }

    /// Creates the error of a field whose second value differs from its first.
    #[cold]
    pub(super) fn contradiction() -> Self {
        Self::new("has two different values")
    }

    /// Returns the reason, with the path below the field if there is one.
    #[cold]
    pub(super) fn in_value(self) -> String {
        let ErrorPath { path, why, .. } = *self.0;
        if path.is_empty() { why } else { format!("{}: {why}", path.trim_start_matches('.')) }
    }

    /// Removes the line and the column, which are of no use if they do not count from the start of the body.
    #[cold]
    pub(super) fn without_position(mut self) -> Self {
        if let Some(at) = self.0.why.rfind(" at line ") {
            self.0.why.truncate(at);
        }
        self
    }

    /// Returns whether the whole body is refused.
    pub(crate) fn is_final(&self) -> bool {
        self.0.is_final
    }

    /// Returns whether the value is in the body itself and not in one of its fields.
    pub(crate) fn is_of_the_body(&self) -> bool {
        self.0.path.is_empty()
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
        let ErrorPath { path, why, .. } = *self.0;
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
    /// Reads the value of the field. Null does not replace a value that was read before, and a different value is an
    /// error.
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError>;

    /// Reads another value for a present field. Returns whether it adds nothing, being null or the same.
    fn repeats<'de>(&self, source: &mut dyn ValueReader<'de>) -> Result<bool, ReadError>;

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

    /// Returns whether the field is a list, which cannot be told from an empty one when it is left out.
    fn is_list(&self) -> bool {
        false
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
