//! Fields that a model does not declare: custom fields, and what the service added later.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap};
use serde_json::value::RawValue;

use super::source::Name;
use crate::error::Error;

/// Fields that a model does not declare, in their order, each value as its JSON text.
///
/// Custom fields (`Region__c`), fields of the NetSuite connector (`…__NS`) that the model does not name, and
/// whatever the service adds after this version. They are written back to the letter. Every model carries one as
/// `extra`, and reads it by `custom`.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    /// Empty, or the text of one JSON object: a single allocation for any number of fields.
    object: String,
}

/// Room for a few fields.
const FIRST: usize = 96;

impl Fields {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.object.is_empty()
    }

    /// The fields in their order: name, and value as JSON text.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.entries().into_iter()
    }

    /// The value of a field, read as a `T`; none when the field is absent or null. Names are case-sensitive.
    ///
    /// # Errors
    /// [`Kind::Decode`](crate::Kind::Decode), naming the field, when the value is no `T`.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<Option<T>, Error> {
        let Some(json) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(json).map_err(|error| Error::unreadable(name.to_owned(), error.to_string()))
    }

    /// The value of a field as JSON text.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.entries().into_iter().rev().find(|(known, _)| known == name).map(|(_, json)| json)
    }

    /// Puts a field in, instead of one of the same name.
    ///
    /// # Errors
    /// [`Kind::Build`](crate::Kind::Build), naming the field, when the value cannot be written as JSON.
    pub fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let json = serde_json::to_string(value)
            .map_err(|error| Error::invalid(name.to_owned(), error.to_string()))?;
        let mut fields = Self::default();
        for (known, json) in self.iter().filter(|(known, _)| known != name) {
            fields.push(&known, json);
        }
        fields.push(name, &json);
        *self = fields;
        Ok(())
    }

    pub(super) fn push(&mut self, name: &str, json: &str) {
        if self.object.pop().is_some() {
            self.object.push(',');
        } else {
            // Where there is one there are more, as a rule.
            self.object.reserve((name.len() + json.len() + 24).max(FIRST));
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
        // Written by `push` alone, it is an object.
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

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.object.is_empty() { "{}" } else { &self.object })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_to_the_letter_and_typed_on_demand() {
        let mut fields = Fields::default();
        fields.push("Rate__c", "1.50");
        fields.push("odd \"name\"\n", "{ \"a\" : [ 1 ] }");
        fields.push("Rate__c", "2.50");
        assert_eq!(fields.get::<crate::Amount>("Rate__c").unwrap().unwrap().to_string(), "2.50");
        assert_eq!(fields.raw("odd \"name\"\n"), Some("{ \"a\" : [ 1 ] }"));
        assert_eq!(fields.get::<String>("rate__c").unwrap(), None);
        let error = fields.get::<bool>("Rate__c").unwrap_err();
        assert_eq!(error.field(), Some("Rate__c"));

        fields.set("Rate__c", "high").unwrap();
        fields.set("Nothing__c", &None::<i32>).unwrap();
        assert_eq!(fields.get::<i32>("Nothing__c").unwrap(), None);
        let names: Vec<_> = fields.iter().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["odd \"name\"\n", "Rate__c", "Nothing__c"]);
        assert_eq!(
            format!("{fields:?}"),
            r#"{"odd \"name\"\n":{ "a" : [ 1 ] },"Rate__c":"high","Nothing__c":null}"#
        );
    }
}
