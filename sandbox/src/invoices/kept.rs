//! Fields that the service keeps and gives back without making anything of them.

use std::borrow::Cow;

use crate::call::Fields;
use crate::json::Json;
use crate::refusal::Refusal;

/// What the NetSuite connector adds to invoices and their items.
pub(crate) const NETSUITE: [&str; 3] = ["IntegrationId__NS", "IntegrationStatus__NS", "SyncDate__NS"];

const NETSUITE_LENGTH: usize = 255;

/// Custom fields, NetSuite fields and whatever else is only kept, by the names that answers use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Vec<(Cow<'static, str>, Json)>);

impl Kept {
    /// Whether a request can have a custom field of that name.
    pub(crate) fn is_custom(name: &str) -> bool {
        name.len() > "__c".len() && name.ends_with("__c")
    }

    /// Whether a request can have a custom field or a NetSuite field of that name.
    pub(crate) fn is_kept(name: &str) -> bool {
        Self::is_custom(name) || NETSUITE.contains(&name)
    }

    /// Takes over the custom fields and the NetSuite fields; null clears.
    pub(crate) fn take(&mut self, fields: Fields<'_>) -> Result<(), Refusal> {
        for (name, value) in fields.members() {
            if Self::is_custom(name) {
                if matches!(value, Json::Array(_) | Json::Object(_)) {
                    return Err(Refusal::value(
                        &fields.name(name),
                        "text, a number or a boolean is expected",
                    ));
                }
                self.set(name.clone(), value.clone());
            } else if NETSUITE.contains(&name.as_ref()) {
                self.take_text(fields, name.clone(), NETSUITE_LENGTH)?;
            }
        }
        Ok(())
    }

    /// Takes over a text that answers have under the same name.
    pub(crate) fn take_text(
        &mut self,
        fields: Fields<'_>,
        name: impl Into<Cow<'static, str>>,
        longest: usize,
    ) -> Result<(), Refusal> {
        let name = name.into();
        let value = fields.text_within(&name, longest)?;
        if value.is_some() || fields.is_null(&name) {
            self.set(name, value);
        }
        Ok(())
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
