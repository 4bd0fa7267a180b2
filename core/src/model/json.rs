//! Reading and writing of JSON bodies.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::Serialize;

use crate::error::Error;
use crate::transport::HttpResponse;
use crate::wire::budget::{Budget, Cap};
use crate::wire::reader::Once;
use crate::wire::{FromWire, Model, ReadError, ValueReader, lenient, text_reader, values, writer};

/// Reads the body of a response.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the path of the value that cannot be read.
pub(crate) fn read<M: Model + Default>(response: &HttpResponse) -> Result<M, Error> {
    read_rows(response, usize::MAX)
}

/// Reads a page, whose lists have at most `rows` entries each.
pub(crate) fn read_rows<M: Model + Default>(response: &HttpResponse, rows: usize) -> Result<M, Error> {
    let mut model = M::default();
    read_body(response, rows, &mut model)?;
    Ok(model)
}

fn read_body(response: &HttpResponse, rows: usize, model: &mut dyn Model) -> Result<(), Error> {
    let body = response.body();
    let cap = Cap::of(response.extensions());
    read_text(text(body)?, &|| Budget::new(body.len(), cap, rows), model)
        .map_err(|error| unreadable(error, body))
}

/// Reads the response to a deletion, which may have an empty body.
pub(crate) fn read_deleted<M: Model + Default>(response: &HttpResponse) -> Result<M, Error> {
    if response.body().is_empty() { Ok(M::default()) } else { read(response) }
}

/// Returns the text of a body, without a byte order mark. UTF-8 is validated once for the whole body, which is faster
/// than validating each text.
pub(crate) fn text(body: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Error::unreadable("$", format!("byte {} is not valid UTF-8", error.valid_up_to()))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads JSON text in one pass, and leniently after that pass has stopped at a value. The first attempt is for usual text.
/// `model` is empty before.
fn read_text(text: &str, budget: &dyn Fn() -> Budget, model: &mut dyn Model) -> Result<(), ReadError> {
    if text_reader::read(text, model, &budget()).is_ok() {
        return Ok(());
    }
    model.clear();
    let Err(error) = fill(model, text, &budget()) else { return Ok(()) };
    if error.is_final() {
        return Err(error);
    }
    // Frees what the first pass has read.
    model.clear();
    match fill_leniently(model, text, &budget()) {
        // The first pass names the place at which the syntax is broken.
        Err(second) if second.is_of_the_body() && !second.is_final() => Err(error),
        read => read,
    }
}

fn fill(model: &mut dyn Model, text: &str, budget: &Budget) -> Result<(), ReadError> {
    let mut json = serde_json::Deserializer::from_str(text);
    match Once::reader(&mut json, budget).object(model)? {
        true => json.end().map_err(ReadError::new),
        false => Err(ReadError::new("expected an object, found null")),
    }
}

#[cold]
fn fill_leniently(model: &mut dyn Model, text: &str, budget: &Budget) -> Result<(), ReadError> {
    match lenient::read(text, model, budget)? {
        true => Ok(()),
        false => Err(ReadError::new("expected an object, found null")),
    }
}

#[cold]
fn unreadable(error: ReadError, body: &[u8]) -> Error {
    let (path, why) = error.into_parts();
    match body.trim_ascii_start() {
        [] => Error::unreadable("$", "the body is empty"),
        [b'<', ..] => Error::unreadable("$", "expected JSON, found an HTML page or XML"),
        _ => Error::unreadable(path, why),
    }
}

/// Reads a model from any serde format: leniently from JSON text, and strictly from other formats.
pub(crate) fn deserialize<'de, M: Model + FromWire + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<M, D::Error> {
    // serde_json lends its text under this name. Other formats pass their value through.
    deserializer.deserialize_newtype_struct(RAW_VALUE, Lent(PhantomData))
}

const RAW_VALUE: &str = "$serde_json::private::RawValue";

struct Lent<M>(PhantomData<M>);

impl<'de, M: Model + FromWire + Default> Visitor<'de> for Lent<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<M, D::Error> {
        values::required(deserializer)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        match map.next_key::<Cow<'de, str>>()? {
            Some(name) if name == RAW_VALUE => map.next_value_seed(self),
            first => values::required(MapAccessDeserializer::new(Peeked { first, map })),
        }
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<M, E> {
        let mut model = M::default();
        read_text(text, &Budget::unlimited, &mut model).map_err(ReadError::into_error)?;
        Ok(model)
    }

    /// Reads text that serde_json has written itself, from a `Value` that has rounded its numbers.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<M, E> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(E::custom)?;
        values::required(value).map_err(E::custom)
    }
}

impl<'de, M: Model + FromWire + Default> DeserializeSeed<'de> for Lent<M> {
    type Value = M;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<M, D::Error> {
        deserializer.deserialize_str(self)
    }
}

/// A map whose first name has been read.
struct Peeked<'de, A> {
    first: Option<Cow<'de, str>>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Peeked<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(first) => seed.deserialize(CowStrDeserializer::new(first)).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Writes a body with an expected length of `size` bytes.
///
/// # Errors
/// [`ErrorKind::Build`](crate::ErrorKind::Build) if a value cannot be written as JSON.
pub(crate) fn write(value: &impl Serialize, size: usize) -> Result<Bytes, Error> {
    writer::write(value, size).map_err(|error| Error::invalid("body", error.to_string()))
}
