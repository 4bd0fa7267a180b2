//! JSON whose numbers are text, so that no comparison uses a float.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value. Objects compare regardless of order, numbers digit by digit.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// # Panics
    /// If the text is not JSON, or an object contains a name twice.
    #[track_caller]
    pub fn of(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn number(literal: &(impl ToString + ?Sized)) -> Self {
        Self::Number(literal.to_string())
    }

    /// Converts a number or boolean to text, its form in a text field; other values are unchanged.
    pub fn quoted(self) -> Self {
        match self {
            Self::Number(literal) => Self::Text(literal),
            Self::Bool(value) => Self::Text(value.to_string()),
            other => other,
        }
    }

    /// The value at a path such as `invoices[0].id`; the whole value for an empty path.
    pub fn at(&self, path: &str) -> Option<&Self> {
        steps(path).try_fold(self, |json, step| match json {
            Self::Object(fields) => fields.get(step),
            Self::List(rows) => rows.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Returns a copy with another value, or none, at a path.
    ///
    /// # Panics
    /// If the path does not exist.
    #[track_caller]
    pub fn with(&self, path: &str, value: Option<Self>) -> Self {
        let mut changed = self.clone();
        let mut steps: Vec<&str> = steps(path).collect();
        let Some(last) = steps.pop() else { return value.expect("the whole value is replaced, not removed") };
        let parent = steps.iter().fold(&mut changed, |json, step| match json {
            Self::Object(fields) => fields.get_mut(*step).expect(path),
            Self::List(rows) => &mut rows[step.parse::<usize>().expect(path)],
            _ => panic!("{path} is not a path of objects and lists"),
        });
        match (parent, value) {
            (Self::Object(fields), Some(value)) => drop(fields.insert(last.to_owned(), value)),
            (Self::Object(fields), None) => drop(fields.remove(last)),
            (Self::List(rows), Some(value)) => rows[last.parse::<usize>().expect(path)] = value,
            _ => panic!("{path} is not a path of objects and lists"),
        }
        changed
    }
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty())
}

/// The path of a field of an object, as errors write it.
pub fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(literal) => f.write_str(literal),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::List(rows) => {
                f.write_str("[")?;
                for (index, row) in rows.iter().enumerate() {
                    write!(f, "{}{row}", if index > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{}:{value}", serde_json::Value::from(name.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let read = match raw.as_bytes().first() {
            Some(b'n') => Ok(Self::Null),
            Some(b't' | b'f') => serde_json::from_str(raw).map(Self::Bool),
            Some(b'"') => serde_json::from_str(raw).map(Self::Text),
            Some(b'[') => serde_json::from_str(raw).map(Self::List),
            Some(b'{') => {
                serde_json::Deserializer::from_str(raw).deserialize_map(ExtraFields).map(Self::Object)
            }
            _ => Ok(Self::number(raw)),
        };
        read.map_err(D::Error::custom)
    }
}

struct ExtraFields;

impl<'de> Visitor<'de> for ExtraFields {
    type Value = BTreeMap<String, Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name} occurs twice")));
            }
            fields.insert(name, map.next_value()?);
        }
        Ok(fields)
    }
}
