//! Splitting of JSON text that may be damaged.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A position in JSON text, which moves over one complete value at a time.
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.trim_start_matches('\u{feff}') }
    }

    pub(super) fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.bytes().next()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }

    /// Reads one complete, valid value as JSON text.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<&'a RawValue>();
        let value = values.next()?.ok()?.get();
        self.rest = self.rest.get(values.byte_offset()..)?;
        Some(value)
    }

    fn name(&mut self) -> Option<String> {
        let name = self.value()?;
        let name: Cow<'_, str> = serde_json::from_str(name).ok()?;
        self.take(b':').then(|| name.into_owned())
    }

    /// Reads the fields of an object until `field` returns false or the text is not valid. Returns `None` if there
    /// is no object.
    pub(super) fn object(&mut self, mut field: impl FnMut(&mut Self, String) -> bool) -> Option<()> {
        if !self.take(b'{') {
            return None;
        }
        while self.peek() != Some(b'}') {
            let Some(name) = self.name() else { break };
            if !field(self, name) || !self.take(b',') {
                break;
            }
        }
        Some(())
    }

    /// Reads the entries of a list. Returns whether the list was read to its end.
    pub(super) fn list(&mut self, mut entry: impl FnMut(&'a str)) -> bool {
        if !self.take(b'[') {
            return false;
        }
        if self.take(b']') {
            return true;
        }
        loop {
            let Some(value) = self.value() else { return false };
            // A value at the end of a truncated text may itself be truncated.
            let is_last = self.take(b']');
            if !is_last && !self.take(b',') {
                if value.ends_with('}') {
                    entry(value);
                }
                return false;
            }
            entry(value);
            if is_last {
                return true;
            }
        }
    }
}
