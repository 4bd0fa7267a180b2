//! Fields that a model does not declare, such as custom fields and fields that the service added later.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde_json::value::RawValue;

/// Fields that a model does not declare, in the order received, with their values as JSON text.
///
/// These are custom fields (`Region__c`), fields of the NetSuite connector (`…__NS`) without a declared counterpart,
/// and fields that the service added after this version of the crate. They are written back unchanged. Every model
/// has an `ExtraFields` in its field `extra`, and a method `custom` that reads a single field from it.
///
/// ```
/// use zuora_core::types::ExtraFields;
///
/// let mut extra = ExtraFields::default();
/// extra.set("Region__c", "EU")?;
/// assert_eq!(extra.raw("Region__c"), Some("\"EU\""));
/// assert_eq!(extra.get::<String>("Region__c")?.as_deref(), Some("EU"));
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "custom fields")]
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ExtraFields {
    /// The text of one JSON object, or empty. One string needs one allocation for any number of fields.
    object: String,
}

/// Initial capacity in bytes, enough for a few fields.
const INITIAL_CAPACITY: usize = 96;

impl ExtraFields {
    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.object.is_empty()
    }

    /// Iterates over the fields in their order, as pairs of a name and a value as JSON text.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.entries().into_iter()
    }

    /// Returns the value of a field as JSON text, or `None` if the field is absent. Names are case-sensitive.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.entries().into_iter().rev().find(|(known, _)| known == name).map(|(_, json)| json)
    }

    pub(crate) fn push(&mut self, name: &str, json: &str) {
        if self.object.pop().is_some() {
            self.object.push(',');
        } else {
            // An object with one undeclared field usually has several.
            self.object.reserve((name.len() + json.len() + 24).max(INITIAL_CAPACITY));
            self.object.push('{');
        }
        if name.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
            self.object.push('"');
            self.object.push_str(name);
            self.object.push('"');
        } else {
            self.object.push_str(&serde_json::Value::from(name).to_string());
        }
        self.object.push(':');
        self.object.push_str(json);
        self.object.push('}');
    }

    fn entries(&self) -> Vec<(Cow<'_, str>, &str)> {
        if self.object.is_empty() {
            return Vec::new();
        }
        // Only `push` writes the text, so it is always an object.
        serde_json::Deserializer::from_str(&self.object).deserialize_map(Entries).unwrap_or_default()
    }

    pub(crate) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for (name, json) in self.entries() {
            match serde_json::from_str::<&RawValue>(json) {
                Ok(value) => map.serialize_entry(&name, value)?,
                Err(error) => return Err(serde::ser::Error::custom(error)),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ExtraFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.object.is_empty() { "{}" } else { &self.object })
    }
}

/// Reads the name of a field of an object.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(Cow<'de, str>, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            entries.push((name, map.next_value::<&RawValue>()?.get()));
        }
        Ok(entries)
    }
}
