//! Contacts of a new invoice.

use crate::api::invoices::terms::PhoneType;
use crate::model::model;
use crate::types::ContactId;

/// Sold-to or ship-to contact of a new invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Contact {
    /// Existing contact of the account.
    Existing(ContactId),
    /// New contact, which is created under the account.
    New(Box<NewContact>),
    /// Same contact as the bill-to contact.
    SameAsBillTo,
}

impl From<ContactId> for Contact {
    fn from(contact: ContactId) -> Self {
        Self::Existing(contact)
    }
}

impl From<NewContact> for Contact {
    fn from(contact: NewContact) -> Self {
        Self::New(Box::new(contact))
    }
}

/// Bill-to contact of a new invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum BillTo {
    /// Existing contact of the account.
    Existing(ContactId),
    /// New contact, which is created under the account.
    New(Box<NewContact>),
}

impl From<ContactId> for BillTo {
    fn from(contact: ContactId) -> Self {
        Self::Existing(contact)
    }
}

impl From<NewContact> for BillTo {
    fn from(contact: NewContact) -> Self {
        Self::New(Box::new(contact))
    }
}

model! {
    /// Contact that is created together with an invoice.
    ///
    /// ```
    /// use zuora_core::invoices::{CreateStandaloneInvoice, NewContact, NewInvoiceItem};
    /// use zuora_core::{Date, types::AccountNumber};
    ///
    /// let date = Date::new(2026, 3, 31)?;
    /// let contact = NewContact::new("Ada", "Lovelace").work_email("ada@example.com").country("United Kingdom");
    /// let item = NewInvoiceItem::named("Setup", 250, date);
    /// let create = CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), date, [item]).bill_to(contact);
    /// # use zuora_core::Operation;
    /// # create.request()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub request NewContact {
        /// First name, 1 to 100 characters.
        pub first_name: Option<String> = "firstName" [REQUIRED, len(1, 100)],
        /// Last name, 1 to 100 characters.
        pub last_name: Option<String> = "lastName" [REQUIRED, len(1, 100)],
        /// Nickname.
        pub nickname: Option<String> = "nickname" [max_len(100)],
        /// Description of the contact.
        pub contact_description: Option<String> = "contactDescription" [max_len(100)],
        /// Work email address.
        pub work_email: Option<String> = "workEmail" [max_len(80)],
        /// Personal email address.
        pub personal_email: Option<String> = "personalEmail" [max_len(80)],
        /// Work phone number.
        pub work_phone: Option<String> = "workPhone" [max_len(40)],
        /// Mobile phone number.
        pub mobile_phone: Option<String> = "mobilePhone" [max_len(40)],
        /// Home phone number.
        pub home_phone: Option<String> = "homePhone" [max_len(40)],
        /// Additional phone number.
        pub other_phone: Option<String> = "otherPhone" [max_len(40)],
        /// Type of the additional phone number.
        pub other_phone_type: Option<PhoneType> = "otherPhoneType",
        /// Fax number.
        pub fax: Option<String> = "fax" [max_len(40)],
        /// First line of the address.
        pub address1: Option<String> = "address1" [max_len(255)],
        /// Second line of the address.
        pub address2: Option<String> = "address2" [max_len(255)],
        /// City.
        pub city: Option<String> = "city" [max_len(100)],
        /// County.
        pub county: Option<String> = "county" [max_len(100)],
        /// State or province.
        pub state: Option<String> = "state" [max_len(100)],
        /// Postal code.
        pub zip_code: Option<String> = "zipCode" [max_len(20)],
        /// Country, by name or abbreviation.
        pub country: Option<String> = "country" [max_len(64)],
        /// Tax region.
        pub tax_region: Option<String> = "taxRegion" [max_len(100)],
    }
}

impl NewContact {
    /// Creates a contact with a first and a last name.
    pub fn new(first_name: impl Into<String>, last_name: impl Into<String>) -> Self {
        Self::default().first_name(first_name).last_name(last_name)
    }
}
