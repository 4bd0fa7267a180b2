//! Lenient reading of single values.
//!
//! The service may send a number as text, a boolean as text, an integer where text is documented, and null instead of
//! an absent field. The accepted forms of each type are defined here; a model only names its fields.

use serde::de::{Deserializer, Error};
use serde::ser::{Serialize, SerializeMap};

use super::budget::Budget;
use super::reader::Once;
use super::{Field, FromWire, ReadError, ValueReader};

// By `match`, since a closure would be compiled again for each type of field.
impl<T: FromWire + Serialize + PartialEq> Field for Option<T> {
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        if self.is_some() {
            return read_again(self, source);
        }
        *self = T::read(source)?;
        Ok(())
    }

    fn repeats<'de>(&self, source: &mut dyn ValueReader<'de>) -> Result<bool, ReadError> {
        let again = T::read(source)?;
        Ok(again.is_none() || again == *self)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Some(value) => value.as_text(),
            None => None,
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        match self {
            Some(value) => map.serialize_entry(name, value),
            None => Ok(()),
        }
    }
}

/// Reads another value for a field that was read before.
#[cold]
pub(crate) fn read_again(field: &dyn Field, source: &mut dyn ValueReader<'_>) -> Result<(), ReadError> {
    if field.repeats(source)? { Ok(()) } else { Err(ReadError::contradiction()) }
}

impl<T: FromWire + Serialize + PartialEq> Field for Vec<T> {
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        if !self.is_empty() {
            return read_again(self, source);
        }
        *self = FromWire::read(source)?.unwrap_or_default();
        Ok(())
    }

    fn repeats<'de>(&self, source: &mut dyn ValueReader<'de>) -> Result<bool, ReadError> {
        match <Self as FromWire>::read(source)? {
            Some(again) => Ok(again == *self),
            None => Ok(true),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn is_list(&self) -> bool {
        true
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        if self.is_empty() { Ok(()) } else { map.serialize_entry(name, self) }
    }
}

impl<T: FromWire> FromWire for Box<T> {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        Ok(T::read(source)?.map(Box::new))
    }
}

impl FromWire for Box<str> {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        source.own_text()
    }

    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl FromWire for String {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        Ok(source.own_text()?.map(Into::into))
    }

    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl FromWire for bool {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        match source.text()?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(not("`true` or `false`", other)),
        }
    }
}

impl FromWire for i64 {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        let Some(text) = source.text()? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| not("a whole number", &text))
    }
}

#[cold]
fn not(expected: &str, found: &str) -> ReadError {
    let found: String = found.chars().take(40).collect();
    ReadError::new(format_args!("{found:?} is not {expected}"))
}

impl<T: FromWire> FromWire for Vec<T> {
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        let mut list = Self::new();
        let is_list = source.list(&mut |entry| {
            if list.len() == list.capacity() {
                entry.budget().grow(&mut list)?;
            }
            T::read_entry(&mut list, entry)
        })?;
        Ok(is_list.then_some(list))
    }
}

/// Implements reading and writing for a text type, by its `as_str` and `of_text`.
macro_rules! text_on_the_wire {
    ($name:ident, $read:ident) => {
        impl $crate::wire::FromWire for $name {
            fn read<'de>(
                source: &mut dyn $crate::wire::ValueReader<'de>,
            ) -> Result<Option<Self>, $crate::wire::ReadError> {
                Ok(source.$read()?.map(Self::of_text))
            }

            fn as_text(&self) -> Option<&str> {
                Some(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::values::required(deserializer)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use text_on_the_wire;

/// Reads a value that must not be null.
pub(crate) fn required<'de, T: FromWire, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let budget = Budget::unlimited();
    let value = T::read(&mut Once::reader(deserializer, &budget)).map_err(ReadError::into_error)?;
    value.ok_or_else(|| D::Error::custom("expected a value, found null"))
}
