//! JSON values whose numbers keep their digits.
//!
//! `serde_json::Value` would pass a number through `f64`, which changes amounts. This module parses
//! `serde_json`'s raw values instead, one level at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::text::Text;
use super::time::Date;

/// A JSON value. Objects keep the order of their members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The literal.
    Number(Text),
    Text(Text),
    Array(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>),
    /// An object that is written already, and has members; only its text is needed.
    Written(String),
}

/// Maximum depth of nesting, more than any documented body has.
const DEPTH: usize = 32;

impl Json {
    /// Parses a document; `None` if it is not JSON or exceeds the maximum depth.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        Self::level(serde_json::from_str(text).ok()?, DEPTH)
    }

    fn level(raw: &RawValue, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let text = raw.get();
        Some(match text.as_bytes().first()? {
            b'n' => Self::Null,
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'"' => Self::Text(serde_json::from_str::<String>(text).ok()?.into()),
            b'[' => {
                let rows: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Self::Array(rows.into_iter().map(|row| Self::level(row, depth)).collect::<Option<_>>()?)
            }
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let read = |(name, raw)| Some((Cow::Owned(name), Self::level(raw, depth)?));
                Self::Object(members.into_iter().map(read).collect::<Option<_>>()?)
            }
            _ => Self::Number(text.into()),
        })
    }

    /// Creates an object of all the given members, nulls included.
    pub(crate) fn object<const N: usize>(members: [(&'static str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// Creates an object of the members that are not null, since most responses omit fields that are not
    /// set.
    pub(crate) fn non_null<const N: usize>(members: [(&'static str, Json); N]) -> Self {
        // One place more, since most responses have the flag `success` too.
        let mut kept = Vec::with_capacity(N + 1);
        for (name, value) in members {
            if !matches!(value, Self::Null) {
                kept.push((Cow::Borrowed(name), value));
            }
        }
        Self::Object(kept)
    }

    /// Inserts a member at the front of an object; other values stay unchanged.
    pub(crate) fn prepend(self, name: &'static str, value: Json) -> Self {
        match self {
            Self::Object(mut members) => {
                members.insert(0, (Cow::Borrowed(name), value));
                Self::Object(members)
            }
            Self::Written(text) => {
                let mut out = Vec::with_capacity(name.len() + text.len() + 16);
                write_name(name, &mut out);
                value.write(&mut out);
                out[0] = b'{';
                out.push(b',');
                out.extend_from_slice(&text.as_bytes()[1..]);
                Self::Written(String::from_utf8(out).expect("JSON is text"))
            }
            other => other,
        }
    }

    /// Appends members to an object; other values stay unchanged.
    pub(crate) fn append(self, more: impl IntoIterator<Item = (Cow<'static, str>, Json)>) -> Self {
        match self {
            Self::Object(mut members) => {
                members.extend(more);
                Self::Object(members)
            }
            other => other,
        }
    }

    /// Writes the value as JSON.
    pub(crate) fn to_bytes(&self) -> Cow<'_, [u8]> {
        if let Self::Written(text) = self {
            return Cow::Borrowed(text.as_bytes());
        }
        let mut out = Vec::with_capacity(1024);
        self.write(&mut out);
        Cow::Owned(out)
    }

    /// Appends the value as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(literal) => out.extend_from_slice(literal.as_bytes()),
            Self::Text(text) => write_quoted(text.as_bytes(), out),
            Self::Array(rows) => {
                out.push(b'[');
                for (index, row) in rows.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    row.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                let start = out.len();
                members.iter().for_each(|member| write_member(member, out));
                match out.get_mut(start) {
                    Some(comma) => *comma = b'{',
                    None => out.push(b'{'),
                }
                out.push(b'}');
            }
            Self::Written(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// Returns the member of that name, if this is an object that has one and is not written yet.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the exact value of a number or a quoted number, both of which the service accepts.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Number(literal) | Self::Text(literal) => exact_decimal(literal),
            _ => None,
        }
    }

    /// Returns the value of a whole number or a quoted whole number.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(literal) | Self::Text(literal) => literal.parse().ok(),
            _ => None,
        }
    }
}

/// Parses a decimal with or without exponent; `None` if a digit would be lost.
pub(crate) fn exact_decimal(literal: &str) -> Option<Decimal> {
    match Decimal::from_str_exact(literal) {
        Ok(value) => Some(value),
        Err(_) => Decimal::from_scientific(literal).ok().filter(|_| literal.len() < 28),
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_bytes()).expect("JSON is text"))
    }
}

/// Writes a member of an object, with a comma before it.
pub(super) fn write_member((name, value): &(Cow<'static, str>, Json), out: &mut Vec<u8>) {
    match name {
        Cow::Borrowed(name) => write_name(name, out),
        Cow::Owned(name) => {
            out.push(b',');
            write_quoted(name.as_bytes(), out);
            out.push(b':');
        }
    }
    value.write(out);
}

/// Writes the name of a member, with a comma before and a colon after it. Names in this program need no escapes.
pub(super) fn write_name(name: &'static str, out: &mut Vec<u8>) {
    out.push(b',');
    push_quoted(name.as_bytes(), out);
    out.push(b':');
}

/// Writes a text, which is UTF-8.
pub(super) fn write_quoted(text: &[u8], out: &mut Vec<u8>) {
    // Most texts need no escapes. A fold without an early end handles several bytes at once.
    let is_escaped = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    match text.iter().fold(false, |found, byte| found | is_escaped(*byte)) {
        false => push_quoted(text, out),
        true => {
            let text = std::str::from_utf8(text).unwrap_or_default();
            out.extend_from_slice(&serde_json::to_vec(text).expect("text can be written as JSON"));
        }
    }
}

fn push_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Self::Text(text.as_str().into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Json {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Decimal> for Json {
    fn from(value: Decimal) -> Self {
        Self::Number(value.into())
    }
}

impl From<Date> for Json {
    fn from(date: Date) -> Self {
        Self::Text(date.to_text())
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(rows: Vec<T>) -> Self {
        Self::Array(rows.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let text = r#"{"a":10.000000000,"b":[0.1,1e2,-0],"c":"x\"\u00e9","d":null,"e":true}"#;
        let read = Json::read(text.as_bytes()).unwrap();
        assert_eq!(read.to_string(), text.replace("\\u00e9", "é"));
        assert_eq!(read.get("a").unwrap().decimal().unwrap().to_string(), "10.000000000");
        assert_eq!(Json::from("12.50").decimal().unwrap().to_string(), "12.50");
        assert_eq!(Json::Number("1e2".into()).decimal(), Some(Decimal::ONE_HUNDRED));
        assert_eq!(Json::Number("0.12345678901234567890123456789012".into()).decimal(), None);
    }

    #[test]
    fn invalid_and_deep_documents_are_rejected() {
        for text in ["", "{", "[1,]", "nul", "\"\\ud800\"", "{} {}"] {
            assert_eq!(Json::read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Json::read(&[0xff, 0xfe]), None);
        assert_eq!(Json::read("[".repeat(100_000).as_bytes()), None);
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert_eq!(Json::read(deep.as_bytes()), None);
    }
}
