//! The writer of request bodies: JSON as serde_json writes it, byte for byte.
//!
//! serde_json looks at each byte of a text to find what has to be escaped, which is a third of the work for a large
//! request. This writer looks at eight bytes at a time. It leaves floats to serde_json.

use std::mem;

use bytes::Bytes;
use serde::ser::{self, Error as _, Serialize, Serializer};

use super::body::Body;
use super::escape::first_escaped;

type Result<T = ()> = std::result::Result<T, serde_json::Error>;

/// Writes a value as JSON text with an expected length of `size` bytes.
///
/// # Errors
/// Those of the value, and a key of a map that is not text.
pub(crate) fn write(value: &impl Serialize, size: usize) -> Result<Bytes> {
    let mut writer = Writer { body: Body::with_expected(size), form: Form::Value };
    value.serialize(&mut writer)?;
    Ok(writer.body.finish())
}

struct Writer {
    body: Body,
    form: Form,
}

/// The meaning of the next value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Value,
    /// The key of a map: numbers are written as text.
    Key,
    /// JSON text, which is written as it is.
    Json,
}

/// Names under which serde_json passes JSON text and numbers of any length.
const JSON_TEXT: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        self.body.put(bytes);
    }

    fn text(&mut self, text: &str) {
        let text = text.as_bytes();
        match first_escaped(text) == text.len() {
            true => self.body.put_quoted(text),
            false => self.escaped_text(text),
        }
    }

    #[cold]
    fn escaped_text(&mut self, text: &[u8]) {
        self.put(b"\"");
        let mut rest = text;
        while let (plain, [byte, after @ ..]) = rest.split_at(first_escaped(rest)) {
            self.put(plain);
            self.escape(*byte);
            rest = after;
        }
        self.put(rest);
        self.put(b"\"");
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let letter = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                let [high, low] = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
                return self.put(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        };
        self.put(&[b'\\', letter]);
    }

    fn literal(&mut self, literal: &[u8]) {
        match self.form {
            Form::Key => self.body.put_quoted(literal),
            Form::Value | Form::Json => self.put(literal),
        }
    }

    fn number(&mut self, number: u64, is_negative: bool) {
        let mut digits = [b'-'; 20];
        let mut start = digits.len();
        let mut rest = number;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.literal(&digits[start - usize::from(is_negative)..]);
    }

    /// Writes a rare value as serde_json does.
    #[cold]
    fn other(&mut self, value: &impl Serialize) -> Result {
        let text = serde_json::to_string(value)?;
        self.literal(text.as_bytes());
        Ok(())
    }

    fn open(&mut self, bracket: &'static [u8], close: &'static [u8]) -> Result<Entries<'_>> {
        if self.form == Form::Key {
            return Err(serde_json::Error::custom("key must be a string"));
        }
        self.put(bracket);
        Ok(Entries { writer: self, is_first: true, close })
    }

    /// Opens `{"variant":` and what follows.
    fn open_variant(
        &mut self,
        variant: &str,
        bracket: &'static [u8],
        close: &'static [u8],
    ) -> Result<Entries<'_>> {
        self.open(b"{", b"}")?;
        self.text(variant);
        self.put(b":");
        self.open(bracket, close)
    }
}

/// The entries of a list or an object.
struct Entries<'w> {
    writer: &'w mut Writer,
    is_first: bool,
    close: &'static [u8],
}

impl Entries<'_> {
    fn separate(&mut self) {
        if !mem::take(&mut self.is_first) {
            self.writer.put(b",");
        }
    }

    fn entry<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.separate();
        value.serialize(&mut *self.writer)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result {
        self.separate();
        self.writer.text(name);
        self.writer.put(b":");
        value.serialize(&mut *self.writer)
    }

    fn close(self) {
        self.writer.put(self.close);
    }
}

/// Implements the trait of a compound by one method of [`Entries`].
macro_rules! compound {
    ($($trait:ident: $method:ident($($name:ident: $type:ty)?) by $by:ident;)*) => {$(
        impl ser::$trait for Entries<'_> {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result {
                self.$by($($name,)? value)
            }

            fn end(self) -> Result {
                self.close();
                Ok(())
            }
        }
    )*};
}

compound! {
    SerializeSeq: serialize_element() by entry;
    SerializeTuple: serialize_element() by entry;
    SerializeTupleStruct: serialize_field() by entry;
    SerializeTupleVariant: serialize_field() by entry;
    SerializeStructVariant: serialize_field(name: &'static str) by field;
}

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result {
        self.separate();
        self.writer.form = Form::Key;
        let written = key.serialize(&mut *self.writer);
        self.writer.form = Form::Value;
        written
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.writer.put(b":");
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStruct for Entries<'_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result {
        if self.writer.form == Form::Json {
            let written = value.serialize(&mut *self.writer);
            self.writer.form = Form::Value;
            return written;
        }
        self.field(name, value)
    }

    fn end(self) -> Result {
        self.close();
        Ok(())
    }
}

/// Writes the small numbers as the largest of their kind.
macro_rules! numbers {
    ($($method:ident: $type:ty, $by:ident;)*) => {$(
        fn $method(self, number: $type) -> Result {
            self.$by(number.into())
        }
    )*};
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Entries<'w>;
    type SerializeTuple = Entries<'w>;
    type SerializeTupleStruct = Entries<'w>;
    type SerializeTupleVariant = Entries<'w>;
    type SerializeMap = Entries<'w>;
    type SerializeStruct = Entries<'w>;
    type SerializeStructVariant = Entries<'w>;

    numbers! {
        serialize_i8: i8, serialize_i64;
        serialize_i16: i16, serialize_i64;
        serialize_i32: i32, serialize_i64;
        serialize_u8: u8, serialize_u64;
        serialize_u16: u16, serialize_u64;
        serialize_u32: u32, serialize_u64;
    }

    fn serialize_i64(self, number: i64) -> Result {
        self.number(number.unsigned_abs(), number < 0);
        Ok(())
    }

    fn serialize_u64(self, number: u64) -> Result {
        self.number(number, false);
        Ok(())
    }

    fn serialize_i128(self, number: i128) -> Result {
        self.other(&number)
    }

    fn serialize_u128(self, number: u128) -> Result {
        self.other(&number)
    }

    fn serialize_f32(self, number: f32) -> Result {
        self.other(&number)
    }

    fn serialize_f64(self, number: f64) -> Result {
        match self.form {
            Form::Key => self.other(&number),
            Form::Value | Form::Json => serde_json::to_writer(&mut self.body, &number),
        }
    }

    fn serialize_bool(self, is_true: bool) -> Result {
        self.literal(if is_true { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_char(self, character: char) -> Result {
        self.text(character.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result {
        match self.form {
            Form::Json => self.put(text.as_bytes()),
            Form::Value | Form::Key => self.text(text),
        }
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result {
        bytes.serialize(self)
    }

    fn serialize_none(self) -> Result {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result {
        match self.form {
            Form::Key => Err(serde_json::Error::custom("key must be a string")),
            Form::Value | Form::Json => {
                self.put(b"null");
                Ok(())
            }
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result {
        let mut object = self.open(b"{", b"}")?;
        object.field(variant, value)?;
        object.close();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Entries<'w>> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple(self, _: usize) -> Result<Entries<'w>> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Entries<'w>> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'w>> {
        self.open_variant(variant, b"[", b"]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'w>> {
        self.open(b"{", b"}")
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Entries<'w>> {
        if JSON_TEXT.contains(&name) {
            self.form = Form::Json;
            return self.open(b"", b"");
        }
        self.open(b"{", b"}")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'w>> {
        self.open_variant(variant, b"{", b"}}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Serialize)]
    enum Variant {
        Unit,
        Newtype(u8),
        Tuple(i16, char),
        Struct { field: Option<f32> },
    }

    #[derive(Serialize)]
    struct Everything<'a> {
        signed: [i64; 4],
        unsigned: (u64, u8, u16, u32),
        wide: (i128, u128),
        float: Vec<f64>,
        unit: (),
        variants: Vec<Variant>,
        by_number: BTreeMap<i32, bool>,
        by_flag: BTreeMap<bool, &'a str>,
        by_letter: BTreeMap<char, [u8; 0]>,
        raw: &'a RawValue,
        value: Value,
        empty: BTreeMap<String, String>,
    }

    fn assert_same(value: &impl Serialize) {
        assert_eq!(write(value, 0).unwrap(), serde_json::to_string(value).unwrap());
    }

    #[test]
    fn every_type_is_written_as_serde_json_does() {
        let raw = RawValue::from_string("{\"a\": [1.50, \"\\u00fc\" ]}".to_owned()).unwrap();
        assert_same(&Everything {
            signed: [0, -1, i64::MIN, i64::MAX],
            unsigned: (u64::MAX, 255, 0, 10),
            wide: (i128::MIN, u128::MAX),
            float: vec![0.1, -0.0, 1e300, f64::NAN, 100.0],
            unit: (),
            variants: vec![
                Variant::Unit,
                Variant::Newtype(7),
                Variant::Tuple(-3, '"'),
                Variant::Struct { field: Some(1.5) },
                Variant::Struct { field: None },
            ],
            by_number: [(-5, true), (6, false)].into(),
            by_flag: [(true, "a"), (false, "b")].into(),
            by_letter: [('\\', [])].into(),
            raw: &raw,
            value: json!({"a": [null, true, 1, -2.5, "x"], "b": {}}),
            empty: BTreeMap::new(),
        });
        assert!(write(&BTreeMap::from([(vec![1], 1)]), 0).unwrap_err().to_string().contains("key must be"));
    }

    #[test]
    fn every_character_is_escaped_at_every_place() {
        for length in [1, 5, 7, 8, 9, 15, 16, 17, 40] {
            for place in 0..length {
                for character in (0..=0x7f).map(char::from).chain(['\u{80}', 'ü', '\u{2028}', '\u{10ffff}'])
                {
                    let mut text: Vec<char> = vec!['x'; length];
                    text[place] = character;
                    assert_same(&text.into_iter().collect::<String>());
                }
            }
        }
        assert_same(&"\"\\\n\"".repeat(10));
    }
}
