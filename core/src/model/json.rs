//! Bodies, read and written.

use std::{io, mem};

use bytes::Bytes;
use serde::ser::Serialize;

use crate::error::Error;
use crate::wire::Model;
use crate::wire::ValueReader;
use crate::wire::reader::Once;

/// Reads a body. It is checked once to be UTF-8, which is faster than text by text.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the path of the value that cannot be read.
pub(crate) fn read<M: Model + Default>(body: &[u8]) -> Result<M, Error> {
    let mut model = M::default();
    fill(&mut model, body).map(|()| model)
}

/// Reads the answer to a deletion, which may have no body at all.
pub(crate) fn read_deleted<M: Model + Default>(body: &[u8]) -> Result<M, Error> {
    if body.is_empty() { Ok(M::default()) } else { read(body) }
}

fn fill(model: &mut dyn Model, body: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Error::unreadable("$", format!("byte {} is not UTF-8", error.valid_up_to())))?;
    let mut json = serde_json::Deserializer::from_str(text);
    match Once::new(&mut json).object(model) {
        Ok(true) => json.end().map_err(|error| Error::unreadable("$", error.to_string())),
        Ok(false) => Err(Error::unreadable("$", "null where an object belongs")),
        Err(fault) => {
            let (path, why) = fault.into_parts();
            Err(Error::unreadable(path, why))
        }
    }
}

/// Writes a body of about `size` bytes.
///
/// # Errors
/// [`ErrorKind::Build`](crate::ErrorKind::Build) when a value cannot be written as JSON.
pub(crate) fn write(value: &impl Serialize, size: usize) -> Result<Bytes, Error> {
    let mut body = Draft { room: [0; ROOM], used: 0, full: Vec::new() };
    if size > ROOM {
        body.full.reserve(size);
    }
    serde_json::to_writer(&mut body, value).map_err(|error| Error::invalid("body", error.to_string()))?;
    Ok(body.finish())
}

/// What most bodies fit in.
const ROOM: usize = 1024;

/// A body that is being written. Its many small pieces gather on the stack; a body that fits in there costs one
/// allocation, of its size.
struct Draft {
    room: [u8; ROOM],
    used: usize,
    /// What stood in the room each time that it was full.
    full: Vec<u8>,
}

impl Draft {
    /// By reference, since the room is large.
    fn finish(&mut self) -> Bytes {
        let last = &self.room[..self.used];
        if self.full.is_empty() {
            return Bytes::copy_from_slice(last);
        }
        self.full.extend_from_slice(last);
        mem::take(&mut self.full).into()
    }

    #[cold]
    fn make_room(&mut self, bytes: &[u8]) {
        if self.full.capacity() == 0 {
            self.full.reserve(4 * ROOM + bytes.len());
        }
        self.full.extend_from_slice(&self.room[..self.used]);
        self.used = 0;
        match self.room.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.used = bytes.len();
            }
            None => self.full.extend_from_slice(bytes),
        }
    }
}

impl io::Write for Draft {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.room.get_mut(self.used..self.used + bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.used += bytes.len();
            }
            None => self.make_room(bytes),
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
    fn bodies_of_any_size_are_written_whole_whatever_was_expected() {
        for length in [0, 1, ROOM - 3, ROOM - 2, ROOM - 1, ROOM, 5 * ROOM] {
            let rows = ["x".repeat(length), "y".repeat(length)];
            for value in [&rows[..1], &rows[..]] {
                for size in [0, ROOM, ROOM + 1, 8 * ROOM] {
                    assert_eq!(write(&value, size).unwrap(), serde_json::to_string(value).unwrap());
                }
            }
        }
    }
}
