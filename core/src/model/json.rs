//! Reading and writing of JSON bodies.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::{fmt, io, mem};

use bytes::Bytes;
use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::Serialize;

use crate::error::Error;
use crate::transport::HttpResponse;
use crate::wire::budget::{Budget, Cap, DEFAULT_CAP};
use crate::wire::reader::Once;
use crate::wire::{FromWire, Model, ReadError, ValueReader, lenient, values};

/// Reads the body of a response.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the path of the value that cannot be read.
pub(crate) fn read<M: Model + Default>(response: &HttpResponse) -> Result<M, Error> {
    read_rows(response, usize::MAX)
}

/// Reads a page, whose lists have at most `rows` entries each.
pub(crate) fn read_rows<M: Model + Default>(response: &HttpResponse, rows: usize) -> Result<M, Error> {
    let body = response.body();
    let cap = response.extensions().get().map_or(DEFAULT_CAP, |Cap(cap)| *cap);
    read_text(text(body)?, &|| Budget::new(body.len(), cap, rows)).map_err(|error| unreadable(error, body))
}

/// Reads the response to a deletion, which may have an empty body.
pub(crate) fn read_deleted<M: Model + Default>(response: &HttpResponse) -> Result<M, Error> {
    if response.body().is_empty() { Ok(M::default()) } else { read(response) }
}

/// Returns the text of a body, without a byte order mark. UTF-8 is validated once for the whole body, which is faster
/// than validating each text.
fn text(body: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Error::unreadable("$", format!("byte {} is not valid UTF-8", error.valid_up_to()))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads JSON text in one pass, and leniently after that pass has stopped at a value.
fn read_text<M: Model + Default>(text: &str, budget: &dyn Fn() -> Budget) -> Result<M, ReadError> {
    let mut model = M::default();
    let Err(error) = fill(&mut model, text, &budget()) else { return Ok(model) };
    if error.is_final() {
        return Err(error);
    }
    // Frees what the first pass has read.
    model = M::default();
    match fill_leniently(&mut model, text, &budget()) {
        Ok(()) => Ok(model),
        // The first pass names the place at which the syntax is broken.
        Err(second) if second.is_of_the_body() && !second.is_final() => Err(error),
        Err(second) => Err(second),
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

/// Reads a model from any serde format: leniently from JSON text, and as it comes from other formats.
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
        read_text(text, &Budget::unlimited).map_err(ReadError::into_error)
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
    let mut body = BodyWriter { buffer: [0; BUFFER_SIZE], used: 0, flushed: Vec::new() };
    if size > BUFFER_SIZE {
        body.flushed.reserve(size);
    }
    serde_json::to_writer(&mut body, value).map_err(|error| Error::invalid("body", error.to_string()))?;
    Ok(body.finish())
}

/// Size of the stack buffer, in which most bodies fit.
const BUFFER_SIZE: usize = 1024;

/// A writer of a body, with a buffer on the stack. A body that fits in the buffer costs one allocation of its exact
/// size.
struct BodyWriter {
    buffer: [u8; BUFFER_SIZE],
    used: usize,
    /// The part of the body that no longer fitted in the buffer.
    flushed: Vec<u8>,
}

impl BodyWriter {
    /// Returns the body. Takes a reference because moving the buffer would copy it.
    fn finish(&mut self) -> Bytes {
        let last = &self.buffer[..self.used];
        if self.flushed.is_empty() {
            return Bytes::copy_from_slice(last);
        }
        self.flushed.extend_from_slice(last);
        mem::take(&mut self.flushed).into()
    }

    #[cold]
    fn flush_and_write(&mut self, bytes: &[u8]) {
        if self.flushed.capacity() == 0 {
            self.flushed.reserve(4 * BUFFER_SIZE + bytes.len());
        }
        self.flushed.extend_from_slice(&self.buffer[..self.used]);
        self.used = 0;
        match self.buffer.get_mut(..bytes.len()) {
            Some(target) => {
                target.copy_from_slice(bytes);
                self.used = bytes.len();
            }
            None => self.flushed.extend_from_slice(bytes),
        }
    }
}

impl io::Write for BodyWriter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.buffer.get_mut(self.used..self.used + bytes.len()) {
            Some(target) => {
                target.copy_from_slice(bytes);
                self.used += bytes.len();
            }
            None => self.flush_and_write(bytes),
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_any_length_are_complete_for_any_expected_length() {
        for length in [0, 1, BUFFER_SIZE - 3, BUFFER_SIZE - 2, BUFFER_SIZE - 1, BUFFER_SIZE, 5 * BUFFER_SIZE]
        {
            let rows = ["x".repeat(length), "y".repeat(length)];
            for value in [&rows[..1], &rows[..]] {
                for size in [0, BUFFER_SIZE, BUFFER_SIZE + 1, 8 * BUFFER_SIZE] {
                    assert_eq!(write(&value, size).unwrap(), serde_json::to_string(value).unwrap());
                }
            }
        }
    }
}
