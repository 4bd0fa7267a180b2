//! Contacts that were created with an invoice.

use super::store::Stored;

/// A contact that was created with an invoice. Its other fields are validated and discarded.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) account_id: String,
    /// Whether the contact has an email address.
    pub(crate) has_email: bool,
}

impl Stored for Contact {
    fn id(&self) -> &str {
        &self.id
    }
}
