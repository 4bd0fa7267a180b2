//! Fields that the service keeps and gives back without making anything of them.

use std::borrow::Cow;

use crate::values::Json;

/// What the NetSuite connector adds to invoices and their items.
pub(crate) const NETSUITE: [&str; 3] = ["IntegrationId__NS", "IntegrationStatus__NS", "SyncDate__NS"];

/// Custom fields, NetSuite fields and whatever else is only kept, by the names that answers use.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExtraFields(Vec<(Cow<'static, str>, Json)>);

impl ExtraFields {
    /// Whether a request can have a custom field of that name.
    pub(crate) fn is_custom(name: &str) -> bool {
        name.len() > "__c".len() && name.ends_with("__c")
    }

    /// Whether a request can have a custom field or a NetSuite field of that name.
    pub(crate) fn is_extra(name: &str) -> bool {
        Self::is_custom(name) || NETSUITE.contains(&name)
    }

    /// Keeps a value, or none when it is null.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Json>) {
        let (name, value) = (name.into(), value.into());
        self.0.retain(|(known, _)| *known != name);
        if value != Json::Null {
            self.0.push((name, value));
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (Cow<'static, str>, Json)> {
        self.0.iter().cloned()
    }
}
