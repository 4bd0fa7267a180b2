//! Typed access to the fields that a model does not declare.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::vec;

use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, MapAccess};
use serde::ser::Serialize;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::wire::fields::ExtraFields;

impl ExtraFields {
    /// Reads the value of a field as a `T`. Returns `None` if the field is absent or null. Names are case-sensitive.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), naming the field, if the value cannot be read as a `T`.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<Option<T>> {
        let Some(json) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(json).map_err(|error| Error::unreadable(name.to_owned(), error.to_string()))
    }

    /// Sets a field, replacing any field of the same name.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the field, if the value cannot be written as JSON.
    pub fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        let json = serde_json::to_string(value)
            .map_err(|error| Error::invalid(name.to_owned(), error.to_string()))?;
        let mut fields = Self::default();
        for (known, json) in self.iter().filter(|(known, _)| known != name) {
            fields.push(&known, json);
        }
        fields.push(name, &json);
        fields.take_notes(std::mem::take(self), name);
        *self = fields;
        Ok(())
    }

    /// Reads the fields into a custom struct, one field of the struct for each name. Fields that the struct does not have
    /// are ignored. A field that occurs twice has its last value.
    ///
    /// Declare amounts as [`Amount`](crate::Amount), which preserves their digits. A `f64` rounds, and so do the numbers
    /// that `#[serde(flatten)]` collects; an `Amount` below `flatten` is an error for that reason. Declare fields that may
    /// be absent or null as `Option`.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use zuora_core::Amount;
    /// use zuora_core::invoices::Invoice;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct OurFields {
    ///     #[serde(rename = "Region__c")]
    ///     region: String,
    ///     #[serde(rename = "Rate__c", skip_serializing_if = "Option::is_none")]
    ///     rate: Option<Amount>,
    /// }
    ///
    /// let json = r#"{"invoiceNumber":"INV-1","Region__c":"EU","Rate__c":0.100}"#;
    /// let mut invoice: Invoice = serde_json::from_str(json)?;
    /// let ours: OurFields = invoice.custom_fields()?; // the same as invoice.extra.read()
    /// assert_eq!((ours.region.as_str(), ours.rate.unwrap().to_string()), ("EU", "0.100".to_owned()));
    ///
    /// invoice.set_custom_fields(&OurFields { region: "US".to_owned(), rate: None })?;
    /// assert_eq!(invoice.extra.raw("Region__c"), Some("\"US\""));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), naming the field that is absent or cannot be read.
    #[doc(alias = "custom fields")]
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        let mut entries: Vec<_> = self.iter().collect();
        let last: BTreeMap<_, _> =
            entries.iter().enumerate().map(|(index, (name, _))| (name.clone(), index)).collect();
        let mut index = 0..;
        entries.retain(|(name, _)| last.get(name).copied() == index.next());
        let mut fields = Fields { entries: entries.into_iter(), current: None };
        T::deserialize(MapAccessDeserializer::new(&mut fields)).map_err(|error| {
            let name = fields.current.map_or("extra".into(), |(name, _)| name.into_owned());
            Error::unreadable(name, error.to_string())
        })
    }

    /// Sets a field for each field of a struct, or of another value that is written as a JSON object. Replaces fields of
    /// the same names and keeps all others.
    ///
    /// `None` is written as null, with which an update clears the field. To leave such a field as it is, declare
    /// `#[serde(skip_serializing_if = "Option::is_none")]`.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) if the value cannot be written as a JSON object. No field is set
    /// then.
    #[doc(alias = "custom fields")]
    pub fn set_all(&mut self, fields: &(impl Serialize + ?Sized)) -> Result<()> {
        for (name, value) in &object(fields)? {
            self.set(name, value)?;
        }
        Ok(())
    }
}

/// Writes a value as a JSON object, and returns its fields with the text of their values.
///
/// # Errors
/// The value cannot be written, or is not an object.
pub(super) fn object(fields: &(impl Serialize + ?Sized)) -> Result<BTreeMap<String, Box<RawValue>>> {
    serde_json::to_string(fields).and_then(|json| serde_json::from_str(&json)).map_err(|error| {
        Error::invalid("custom fields", format!("must be written as a JSON object: {error}"))
    })
}

/// Entries as a map. Their values are read from JSON text, so that amounts are exact.
struct Fields<'de> {
    entries: vec::IntoIter<(Cow<'de, str>, &'de str)>,
    /// The field that is being read.
    current: Option<(Cow<'de, str>, &'de str)>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> serde_json::Result<Option<K::Value>> {
        self.current = self.entries.next();
        self.current
            .as_ref()
            .map(|(name, _)| seed.deserialize(CowStrDeserializer::new(name.clone())))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> serde_json::Result<V::Value> {
        let json = self.current.as_ref().map_or("null", |(_, json)| *json);
        seed.deserialize(&mut serde_json::Deserializer::from_str(json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_preserved_exactly_and_typed_on_demand() {
        let mut fields = ExtraFields::default();
        fields.push("Rate__c", "1.50");
        fields.push("odd \"name\"\n", "{ \"a\" : [ 1 ] }");
        fields.push("Rate__c", "2.50");
        assert_eq!(fields.get::<crate::types::Amount>("Rate__c").unwrap().unwrap().to_string(), "2.50");
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

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Ours<'a> {
        #[serde(rename = "Region__c")]
        region: Cow<'a, str>,
        #[serde(rename = "Rate__c")]
        rate: Option<crate::Amount>,
    }

    fn fields(entries: &[(&str, &str)]) -> ExtraFields {
        let mut fields = ExtraFields::default();
        entries.iter().for_each(|(name, json)| fields.push(name, json));
        fields
    }

    #[test]
    fn a_struct_is_read_and_written_with_all_digits() {
        let long = "123456789012345678901234567890.1234567890";
        for rate in ["0.1", "0.100", "1E2", "-0", long] {
            let read = fields(&[("Other__c", "[1.50]"), ("Rate__c", rate), ("Region__c", "\"EU\"")]);
            let ours: Ours<'_> = read.read().unwrap();
            assert_eq!(ours.rate.as_ref().map(ToString::to_string).as_deref(), Some(rate));
            let mut written = fields(&[("Region__c", "\"US\""), ("Other__c", "[1.50]")]);
            written.set_all(&ours).unwrap();
            assert_eq!(written.raw("Rate__c"), Some(rate));
            assert_eq!(written.raw("Other__c"), Some("[1.50]"));
            assert_eq!(written.read::<Ours<'_>>().unwrap(), ours);
        }
    }

    #[test]
    fn the_last_value_of_a_field_counts_and_null_is_absent() {
        let read = fields(&[("Region__c", "1"), ("Rate__c", "null"), ("Region__c", "\"EU\"")]);
        assert_eq!(read.read::<Ours<'_>>().unwrap(), Ours { region: "EU".into(), rate: None });
    }

    #[test]
    fn an_error_names_the_field_that_is_absent_or_unreadable() {
        let error = fields(&[("Region__c", "\"EU\""), ("Rate__c", "true")]).read::<Ours<'_>>().unwrap_err();
        assert_eq!(error.field(), Some("Rate__c"));
        let error = ExtraFields::default().read::<Ours<'_>>().unwrap_err();
        assert!(error.to_string().contains("`Region__c`"), "{error}");
        let mut none = ExtraFields::default();
        assert_eq!(none.set_all(&[1]).unwrap_err().kind(), crate::ErrorKind::Build);
        assert!(none.is_empty());
    }

    #[test]
    fn an_amount_below_flatten_is_an_error_and_not_rounded() {
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[serde(flatten)]
            _rates: BTreeMap<String, crate::Amount>,
        }
        assert!(fields(&[("Rate__c", "0.100")]).read::<Outer>().is_err());
    }

    #[test]
    fn a_model_rejects_a_struct_with_a_declared_field_or_an_id_and_sets_nothing() {
        let mut invoice = crate::invoices::Invoice::default();
        for taken in ["invoiceNumber", "id"] {
            let fields = BTreeMap::from([("A__c", "1"), (taken, "2"), ("z__c", "3")]);
            assert_eq!(invoice.set_custom_fields(&fields).unwrap_err().field(), Some(taken));
            assert!(invoice.extra.is_empty());
        }
        invoice.set_custom_fields(&Ours { region: "EU".into(), rate: None }).unwrap();
        assert_eq!(invoice.custom_fields::<Ours<'_>>().unwrap().region, "EU");
    }
}
