//! Fields that a model does not declare, such as custom fields and fields that the service added later.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde_json::value::RawValue;

use super::escape::first_escaped;
use super::{Empty, Model};

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
#[derive(Clone)]
pub struct ExtraFields {
    /// The text of one JSON object, or empty. One string needs one allocation for any number of fields.
    object: String,
    /// Peculiarities of the fields, by their names.
    notes: Option<Box<Notes>>,
}

/// Notes by the names of the fields.
type Notes = Vec<(Box<str>, Note)>;

/// Peculiarities of a field of a response.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// A declared field could not be read, for this reason.
    Unreadable(String),
    /// A declared field is blank text where a date or a number is expected.
    Blank,
    /// Invalid characters of a text were replaced.
    Repaired,
}

/// Initial capacity in bytes, enough for a few fields.
const INITIAL_CAPACITY: usize = 96;

impl Empty for ExtraFields {
    const EMPTY: Self = Self { object: String::new(), notes: None };
}

impl Default for ExtraFields {
    fn default() -> Self {
        Self::EMPTY
    }
}

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

    /// Iterates over the declared fields that the response contained but that could not be read, as pairs of a name and
    /// a reason. The model has no value for such a field, or the first of two different values; the value that could
    /// not be read is among these fields.
    ///
    /// A field that is blank text instead of a date or a number counts as absent, not as unreadable.
    pub fn unreadable(&self) -> impl Iterator<Item = (&str, &str)> {
        self.notes().iter().filter_map(|(name, note)| match note {
            Note::Unreadable(why) => Some((&**name, why.as_str())),
            Note::Blank | Note::Repaired => None,
        })
    }

    /// Iterates over the names of the fields whose text contained half of a surrogate pair, for example because an
    /// emoji was cut in two. The half is replaced by U+FFFD, the replacement character.
    pub fn repaired(&self) -> impl Iterator<Item = &str> {
        self.notes().iter().filter_map(|(name, note)| matches!(note, Note::Repaired).then_some(&**name))
    }

    fn notes(&self) -> &[(Box<str>, Note)] {
        self.notes.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Returns why a declared field could not be read, if it could not.
    #[inline]
    pub(crate) fn fault(&self, name: &str) -> Option<&str> {
        self.notes.as_ref()?;
        self.unreadable().find(|(known, _)| *known == name).map(|(_, why)| why)
    }

    pub(super) fn note(&mut self, name: &str, note: Note) {
        self.notes.get_or_insert_default().push((name.into(), note));
    }

    /// Returns whether the value was read under the name of a declared field, and not set by the caller.
    pub(crate) fn was_read(&self, name: &str) -> bool {
        self.notes().iter().any(|(known, note)| **known == *name && !matches!(note, Note::Repaired))
    }

    /// Takes the notes of `other`, except for the notes of one field.
    pub(crate) fn take_notes(&mut self, other: Self, except: &str) {
        self.notes = other.notes;
        if let Some(notes) = &mut self.notes {
            notes.retain(|(name, _)| &**name != except);
        }
    }

    /// Returns the memory that is reserved for more fields, in bytes.
    pub(super) fn spare(&self) -> usize {
        self.object.capacity() - self.object.len()
    }

    pub(crate) fn push(&mut self, name: &str, json: &str) {
        if self.object.pop().is_some() {
            self.object.push(',');
        } else {
            // An object with one undeclared field usually has several.
            self.object.reserve((name.len() + json.len() + 24).max(INITIAL_CAPACITY));
            self.object.push('{');
        }
        if first_escaped(name.as_bytes()) == name.len() {
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

    /// Writes the fields after the declared fields of a model. `declared` is any model of that type.
    ///
    /// # Errors
    /// A field that the model declares, unless it was read under that name: the model would have two values for it.
    pub(crate) fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        declared: &mut dyn Model,
    ) -> Result<(), M::Error> {
        for (name, json) in self.entries() {
            if declared.field(&name).is_some() && !self.was_read(&name) {
                return Err(shadows(&name));
            }
            match serde_json::from_str::<&RawValue>(json) {
                Ok(value) => map.serialize_entry(&name, value)?,
                Err(error) => return Err(serde::ser::Error::custom(error)),
            }
        }
        Ok(())
    }
}

#[cold]
fn shadows<E: serde::ser::Error>(name: &str) -> E {
    E::custom(format_args!("`{name}` is a declared field: set the field instead of its name in `extra`"))
}

/// Compares the fields and their text. How they were read does not matter.
impl PartialEq for ExtraFields {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object
    }
}

impl Eq for ExtraFields {}

impl Hash for ExtraFields {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.object.hash(state);
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

#[cfg(test)]
mod tests {
    use crate::api::invoices::Invoice;

    #[test]
    fn a_repaired_field_is_not_set_by_its_name_in_the_extra_fields() {
        let mut seen: Invoice = serde_json::from_str(r#"{"comments":"cut \ud83d"}"#).unwrap();
        assert_eq!(seen.extra.repaired().collect::<Vec<_>>(), ["comments"]);
        seen.extra.set("comments", "other").unwrap();
        let error = serde_json::to_string(&seen).unwrap_err().to_string();
        assert!(error.contains("`comments` is a declared field"), "{error}");
    }
}
