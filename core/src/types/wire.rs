//! How single values travel, leniently, in one place.
//!
//! The service writes a number as text, a boolean as text, an integer where text is documented, and null where a
//! field could as well be absent. Each type says here what it takes; the models only name their fields.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap};
use serde_json::value::RawValue;

/// A type that stands in a field of a model; null reads as none.
pub(crate) trait Wire: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;

    /// The text, when it is some.
    fn as_text(&self) -> Option<&str> {
        None
    }
}

/// A field of a model, absent or not.
pub(crate) trait Field {
    /// Takes the value that comes next.
    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error>;

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
    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

impl<T: Wire + Serialize> Field for Option<T> {
    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        *self = map.next_value_seed(Seed(PhantomData))?;
        Ok(())
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn as_text(&self) -> Option<&str> {
        self.as_ref().and_then(Wire::as_text)
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value))
    }
}

impl<T: Wire + Serialize> Field for Vec<T> {
    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        *self = map.next_value_seed(Seed(PhantomData))?.unwrap_or_default();
        Ok(())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        if self.is_empty() { Ok(()) } else { map.serialize_entry(name, self) }
    }
}

/// Reads one value.
pub(super) struct Seed<T>(pub(super) PhantomData<T>);

impl<'de, T: Wire> DeserializeSeed<'de> for Seed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer)
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(T::read(deserializer)?.map(Box::new))
    }
}

impl Wire for String {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(own_text(deserializer)?.map(Into::into))
    }

    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Wire for bool {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        match text(deserializer)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(not("true or false", other)),
        }
    }
}

impl Wire for i64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let Some(text) = text(deserializer)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| not("a whole number", &text))
    }
}

fn not<E: Error>(wanted: &str, found: &str) -> E {
    let found: String = found.chars().take(40).collect();
    E::custom(format_args!("{found:?} is not {wanted}"))
}

/// The next value as it stands in the text.
pub(crate) fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(deserializer).map(RawValue::get).map_err(explain)
}

/// A `Value` and a reader cannot lend their text, which serde_json says in its own terms.
#[cold]
fn explain<E: Error>(error: E) -> E {
    if error.to_string().contains("expected raw value") {
        return E::custom(
            "numbers and unknown fields are read from JSON text only: use from_str or from_slice",
        );
    }
    error
}

/// Text, or what may stand in for it: a number or a boolean.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    deserializer.deserialize_any(Text(PhantomData))
}

/// The same to keep.
pub(crate) fn own_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<str>>, D::Error> {
    deserializer.deserialize_any(Text(PhantomData))
}

struct Text<T>(PhantomData<T>);

impl<'de, T: From<String> + From<&'de str>> Visitor<'de> for Text<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned().into()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(if value { "true" } else { "false" }.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    /// The form that numbers take when some crate of the build switches on serde_json's `arbitrary_precision`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_key::<Cow<'de, str>>()?.as_deref() {
            Some("$serde_json::private::Number") => Ok(Some(map.next_value::<String>()?.into())),
            _ => Err(A::Error::custom("an object where a single value belongs")),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(List(PhantomData))
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Wire> Visitor<'de> for List<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        loop {
            match seq.next_element_seed(Seed::<T>(PhantomData)) {
                Ok(Some(Some(row))) => list.push(row),
                Ok(Some(None)) => return Err(super::model::at_index(list.len(), &A::Error::custom("null"))),
                Ok(None) => return Ok(Some(list)),
                Err(error) => return Err(super::model::at_index(list.len(), &error)),
            }
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// For a type that has `as_str` and is made of a text that was read.
macro_rules! text_on_the_wire {
    ($name:ident, $read:path) => {
        impl $crate::types::wire::Wire for $name {
            fn read<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                Ok($read(deserializer)?.map(Self::of_text))
            }

            fn as_text(&self) -> Option<&str> {
                Some(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::types::wire::required(deserializer)
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

/// A value that may not be null.
pub(crate) fn required<'de, T: Wire, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)?.ok_or_else(|| D::Error::custom("null where a value belongs"))
}
