//! Changes of a field.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::wire::{Field, FromWire, ReadError, ValueReader};

/// What an update does to a field for which an explicit null has a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// Leave it as it is: the field is not sent.
    #[default]
    Keep,
    /// Take its value away: null is sent.
    Clear,
    /// Give it this value.
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

impl<T: FromWire + Serialize> Field for Patch<T> {
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *self = T::read(source)?.map_or(Self::Clear, Self::Set);
        Ok(())
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

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}
