//! Changes to a field in an update.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::wire::values::read_again;
use crate::wire::{Empty, Field, FromWire, ReadError, ValueReader};

/// A change to a field in an update, for fields that an explicit null clears.
///
/// ```
/// use zuora_core::types::Patch;
///
/// assert_eq!(Patch::from(5), Patch::Set(5));
/// assert_eq!(Patch::<i32>::default(), Patch::Keep);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// Keeps the current value. The field is not sent.
    #[default]
    Keep,
    /// Clears the value. The field is sent as null.
    Clear,
    /// Sets the field to this value.
    Set(T),
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl From<&str> for Patch<String> {
    fn from(value: &str) -> Self {
        Self::Set(value.to_owned())
    }
}

impl<T> Empty for Patch<T> {
    const EMPTY: Self = Self::Keep;
}

impl<T: FromWire + Serialize + PartialEq> Field for Patch<T> {
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        if !self.is_absent() {
            return read_again(self, source);
        }
        *self = read_change(source)?;
        Ok(())
    }

    /// Whether the source has the same value. Null clears the field, so it is a value like any other.
    fn repeats<'de>(&self, source: &mut dyn ValueReader<'de>) -> Result<bool, ReadError> {
        Ok(*self == read_change(source)?)
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Keep)
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Set(value) => value.as_text(),
            Self::Keep | Self::Clear => None,
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        if self.is_absent() { Ok(()) } else { map.serialize_entry(name, self) }
    }
}

fn read_change<T: FromWire>(source: &mut dyn ValueReader<'_>) -> Result<Patch<T>, ReadError> {
    let mut value = None;
    T::read(&mut value, source)?;
    match value {
        Some(value) => Ok(Patch::Set(value)),
        None => Ok(Patch::Clear),
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}
