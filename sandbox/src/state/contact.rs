//! Contacts that were created with an invoice.

/// A contact that came with an invoice; what is left out here is checked and forgotten.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) account_id: String,
    /// Whether mail can reach it.
    pub(crate) has_email: bool,
}
