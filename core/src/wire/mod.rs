//! The JSON form of values, and the traits by which models and values are read and written.
//!
//! The design is that of miniserde. A format and a model interact only through the trait object [`ValueReader`], so
//! each of them is compiled once. [`values`] reads single values, and three readers implement the trait:
//!
//! - [`text_reader`] reads JSON text, if nothing about it is unusual.
//! - [`reader`] reads any serde format in one pass. It stops at the first value that it cannot read.
//! - [`lenient`] reads JSON text again after that. It keeps a value that it cannot read, and continues.
//!
//! All charge what they allocate to a [`budget`](budget::Budget). [`writer`] writes the bodies of requests.

mod body;
pub(crate) mod budget;
mod escape;
pub(crate) mod fields;
pub(crate) mod lenient;
mod read_error;
pub(crate) mod reader;
pub(crate) mod text_reader;
pub(crate) mod values;
pub(crate) mod writer;

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap};

use self::budget::Budget;
use self::fields::ExtraFields;
pub(crate) use self::read_error::ReadError;

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

    /// Lets `list` read every entry of a list, in order. Returns false for null.
    fn list(&mut self, list: &mut dyn EntryList) -> Result<bool, ReadError>;

    /// Returns the budget that the values are charged to.
    fn budget(&self) -> &Budget;
}

/// A list that is read entry by entry.
pub(crate) trait EntryList {
    /// Reads an entry and appends it.
    fn read_entry<'de>(&mut self, entry: &mut dyn ValueReader<'de>) -> Result<(), ReadError>;

    /// Removes all entries and gives their memory back, which is charged as the list grows.
    fn clear(&mut self);
}

/// A type of the fields of a model.
pub(crate) trait FromWire: Sized {
    /// Reads a value into an empty place, which stays empty for null and after an error.
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError>;

    /// Reads an entry of a list and appends it to `list`.
    fn read_entry<'de>(list: &mut Vec<Self>, entry: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        let mut value = None;
        Self::read(&mut value, entry)?;
        match value {
            Some(value) => list.push(value),
            None => return Err(ReadError::new("expected a value, found null")),
        }
        Ok(())
    }

    /// Returns the value as text, or `None` if the type is not a text type.
    fn as_text(&self) -> Option<&str> {
        None
    }
}

/// The empty value of a type. It is a constant, so that one copy initializes a whole model.
pub(crate) trait Empty {
    const EMPTY: Self;
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

    /// Returns whether the field is a list, which looks like an empty one when it is left out.
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

    /// Empties all fields.
    fn clear(&mut self);

    /// Writes all fields that are present.
    fn write<M: SerializeMap>(&self, fields: &mut FieldWriter<M>)
    where
        Self: Sized;
}

/// A writer of the fields of a model, up to the first that cannot be written.
pub(crate) struct FieldWriter<M: SerializeMap> {
    map: M,
    error: Option<M::Error>,
}

impl<M: SerializeMap> FieldWriter<M> {
    pub(crate) fn new(map: M) -> Self {
        Self { map, error: None }
    }

    #[inline]
    pub(crate) fn field(&mut self, name: &'static str, field: &impl Field) {
        if self.error.is_none() {
            let written = field.write(name, &mut self.map);
            self.keep(written);
        }
    }

    /// Writes fields that the model does not declare.
    pub(crate) fn extra(&mut self, extra: &ExtraFields, declared: &mut dyn Model) {
        if self.error.is_none() {
            let written = extra.write(&mut self.map, declared);
            self.keep(written);
        }
    }

    // To assign each result would drop the one before it, for every field.
    #[inline]
    fn keep(&mut self, written: Result<(), M::Error>) {
        if let Err(error) = written {
            self.error = Some(error);
        }
    }

    pub(crate) fn end(self) -> Result<M::Ok, M::Error> {
        match self.error {
            None => self.map.end(),
            Some(error) => Err(error),
        }
    }
}

/// Writes a value as JSON text that is kept, by the writer of request bodies: a second one would compile each model twice.
///
/// # Errors
/// Those of the value.
pub(crate) fn to_text(value: &impl Serialize) -> serde_json::Result<String> {
    String::from_utf8(writer::write(value, 0)?.into()).map_err(serde::ser::Error::custom)
}
