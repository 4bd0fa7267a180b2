//! Typed access to the fields that a model does not declare.

use serde::de::Deserialize;
use serde::ser::Serialize;

use crate::error::Error;
use crate::wire::fields::ExtraFields;

impl ExtraFields {
    /// Reads the value of a field as a `T`. Returns `None` if the field is absent or null. Names are case-sensitive.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), naming the field, if the value cannot be read as a `T`.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<Option<T>, Error> {
        let Some(json) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(json).map_err(|error| Error::unreadable(name.to_owned(), error.to_string()))
    }

    /// Sets a field, replacing any field of the same name.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the field, if the value cannot be written as JSON.
    pub fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
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
}
