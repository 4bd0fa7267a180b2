//! Reading of extra fields from requests.

use std::borrow::Cow;

use crate::http::{ApiError, Fields};
use crate::state::{ExtraFields, NETSUITE};
use crate::values::Json;

const NETSUITE_LENGTH: usize = 255;

impl ExtraFields {
    /// Reads the custom fields and the NetSuite fields; null removes a field.
    pub(crate) fn read(&mut self, fields: Fields<'_>) -> Result<(), ApiError> {
        for (name, value) in fields.members() {
            if Self::is_custom(name) {
                if matches!(value, Json::Array(_) | Json::Object(_)) {
                    return Err(ApiError::value(
                        &fields.name(name),
                        "text, a number or a boolean is expected",
                    ));
                }
                self.set(name.clone(), fields.plain(name)?.cloned());
            } else if NETSUITE.contains(&name.as_ref()) {
                self.read_text(fields, name.clone(), NETSUITE_LENGTH)?;
            }
        }
        Ok(())
    }

    /// Reads a text that has the same name in responses; null removes it.
    pub(crate) fn read_text(
        &mut self,
        fields: Fields<'_>,
        name: impl Into<Cow<'static, str>>,
        max_len: usize,
    ) -> Result<(), ApiError> {
        let name = name.into();
        let value = fields.text_within(&name, max_len)?;
        if value.is_some() || fields.is_null(&name) {
            self.set(name, value);
        }
        Ok(())
    }
}
