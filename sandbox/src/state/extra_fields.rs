//! Fields that the service stores and returns without interpreting them.

use std::borrow::Cow;

use crate::values::Json;

/// Fields that the NetSuite connector adds to invoices and their items.
pub(crate) const NETSUITE: [&str; 3] = ["IntegrationId__NS", "IntegrationStatus__NS", "SyncDate__NS"];

/// Custom fields, NetSuite fields and other fields without a meaning here, by their names in responses.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExtraFields(Vec<(Cow<'static, str>, Json)>);

impl ExtraFields {
    /// Whether a request can set a custom field of that name.
    pub(crate) fn is_custom(name: &str) -> bool {
        // Names have the characters that every text has.
        let is_basic = name.chars().all(|character| character as u32 <= 0xffff);
        name.len() > "__c".len() && name.ends_with("__c") && is_basic
    }

    /// Whether a request can set a custom field or a NetSuite field of that name.
    pub(crate) fn is_extra(name: &str) -> bool {
        Self::is_custom(name) || NETSUITE.contains(&name)
    }

    /// Creates the fields of different names that have a text.
    pub(crate) fn of<const N: usize>(fields: [(&'static str, Option<&String>); N]) -> Self {
        let mut known = Vec::with_capacity(fields.iter().filter(|(_, text)| text.is_some()).count());
        known.extend(fields.into_iter().filter_map(|(name, text)| Some((name.into(), text?.into()))));
        Self(known)
    }

    /// Stores a value; null removes the field.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Json>) {
        let (name, value) = (name.into(), value.into());
        self.0.retain(|(known, _)| *known != name);
        if value != Json::Null {
            self.0.push((name, value));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Cow<'static, str>, Json)> {
        self.0.iter()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (Cow<'static, str>, Json)> {
        self.0.iter().cloned()
    }
}
