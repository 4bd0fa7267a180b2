//! The bytes of a body that is being written.

use std::{io, mem};

use bytes::Bytes;

/// Size of the stack buffer, in which most bodies fit.
const BUFFER_SIZE: usize = 1024;

/// A body, with a buffer on the stack. A body that fits in the buffer costs one allocation of its exact size.
pub(super) struct Body {
    buffer: [u8; BUFFER_SIZE],
    used: usize,
    /// The part of the body that no longer fitted in the buffer.
    flushed: Vec<u8>,
}

impl Body {
    /// Creates an empty body with an expected length of `size` bytes.
    pub(super) fn with_expected(size: usize) -> Self {
        let flushed = if size > BUFFER_SIZE { Vec::with_capacity(size) } else { Vec::new() };
        Self { buffer: [0; BUFFER_SIZE], used: 0, flushed }
    }

    /// Returns the body. Takes a reference because moving the buffer would copy it.
    pub(super) fn finish(&mut self) -> Bytes {
        let last = &self.buffer[..self.used];
        if self.flushed.is_empty() {
            return Bytes::copy_from_slice(last);
        }
        self.flushed.extend_from_slice(last);
        mem::take(&mut self.flushed).into()
    }

    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        match self.buffer.get_mut(self.used..self.used + bytes.len()) {
            Some(target) => {
                target.copy_from_slice(bytes);
                self.used += bytes.len();
            }
            None => self.flush_and_put(bytes),
        }
    }

    /// Puts a text between quotation marks.
    #[inline]
    pub(super) fn put_quoted(&mut self, text: &[u8]) {
        match self.buffer.get_mut(self.used..self.used + text.len() + 2) {
            Some([open, target @ .., close]) => {
                (*open, *close) = (b'"', b'"');
                target.copy_from_slice(text);
                self.used += text.len() + 2;
            }
            _ => {
                self.put(b"\"");
                self.put(text);
                self.put(b"\"");
            }
        }
    }

    #[cold]
    fn flush_and_put(&mut self, bytes: &[u8]) {
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

impl io::Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
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
                    assert_eq!(
                        crate::wire::writer::write(&value, size).unwrap(),
                        serde_json::to_string(value).unwrap()
                    );
                }
            }
        }
    }
}
