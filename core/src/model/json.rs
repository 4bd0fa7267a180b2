//! Reading and writing of JSON bodies.

use std::{io, mem};

use bytes::Bytes;
use serde::ser::Serialize;

use crate::error::Error;
use crate::wire::Model;
use crate::wire::ValueReader;
use crate::wire::reader::Once;

/// Reads a body. UTF-8 is validated once for the whole body, which is faster than validating each text.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the path of the value that cannot be read.
pub(crate) fn read<M: Model + Default>(body: &[u8]) -> Result<M, Error> {
    let mut model = M::default();
    fill(&mut model, body).map(|()| model)
}

/// Reads the response to a deletion, which may have an empty body.
pub(crate) fn read_deleted<M: Model + Default>(body: &[u8]) -> Result<M, Error> {
    if body.is_empty() { Ok(M::default()) } else { read(body) }
}

fn fill(model: &mut dyn Model, body: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Error::unreadable("$", format!("byte {} is not valid UTF-8", error.valid_up_to()))
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    match Once::new(&mut json).object(model) {
        Ok(true) => json.end().map_err(|error| Error::unreadable("$", error.to_string())),
        Ok(false) => Err(Error::unreadable("$", "expected an object, found null")),
        Err(error) => {
            let (path, why) = error.into_parts();
            Err(Error::unreadable(path, why))
        }
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
