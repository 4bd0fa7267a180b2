//! Splitting of JSON text that may be damaged.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::wire::lenient;

/// Fields of a JSON object: names, and values as JSON text.
pub(super) type Fields<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// Fields of one object that are read at most. An invoice has fewer than a hundred.
pub(super) const MAX_FIELDS: usize = 10_000;

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

    fn name(&mut self) -> Option<Cow<'a, str>> {
        let json = self.value()?;
        let name = json.strip_prefix('"')?.strip_suffix('"')?;
        let name = match name.contains('\\') {
            true => Cow::Owned(serde_json::from_str(json).ok()?),
            false => Cow::Borrowed(name),
        };
        self.take(b':').then_some(name)
    }

    /// Reads the fields of an object until `field` returns false or the text is not valid. Returns `None` if there
    /// is no object.
    pub(super) fn object(&mut self, mut field: impl FnMut(&mut Self, Cow<'a, str>) -> bool) -> Option<()> {
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

/// Splits an object into its fields, apart from those that `special` reads: for these, it returns whether the object can
/// be read further. Returns also whether the object was read up to a fault or its end, and not to a limit; `None` if there
/// is no object.
pub(super) fn fields<'a>(
    text: &'a str,
    mut special: impl FnMut(&mut Cursor<'a>, &str) -> Option<bool>,
) -> Option<(Fields<'a>, bool)> {
    let (mut fields, mut is_whole) = (Fields::new(), true);
    Cursor::new(text).object(|cursor, name| {
        if let Some(continues) = special(cursor, &name) {
            return continues;
        }
        let Some(value) = cursor.value() else { return false };
        is_whole = fields.len() < MAX_FIELDS;
        if is_whole {
            fields.push((name, value));
        }
        is_whole
    })?;
    Some((fields, is_whole))
}

/// Returns the values of a field that are not null, as text. A value that is not text is empty text.
pub(super) fn texts<'a>(fields: &'a Fields<'_>, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let of_name = fields.iter().filter(move |(known, json)| known == name && *json != "null");
    of_name.map(|(_, json)| lenient::text(json).unwrap_or_default())
}
