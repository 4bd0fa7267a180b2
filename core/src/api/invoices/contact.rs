//! A contact of an invoice that is made.

use crate::api::invoices::terms::PhoneType;
use crate::model::model;
use crate::types::ContactId;

/// Who is the sold-to or the ship-to contact of a new invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Contact {
    /// A contact of the account.
    Existing(ContactId),
    /// A new one, which is made under the account.
    New(Box<NewContact>),
    /// The same as the bill-to contact.
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

/// Who is the bill-to contact of a new invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum BillTo {
    /// A contact of the account.
    Existing(ContactId),
    /// A new one, which is made under the account.
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
    /// A contact that is made along with an invoice.
    pub request NewContact {
        /// First name.
        pub first_name: Option<String> = "firstName" [REQUIRED, text(1, 100)],
        /// Last name.
        pub last_name: Option<String> = "lastName" [REQUIRED, text(1, 100)],
        /// Nickname.
        pub nickname: Option<String> = "nickname" [up_to(100)],
        /// Text about the contact.
        pub contact_description: Option<String> = "contactDescription" [up_to(100)],
        /// E-mail address at work.
        pub work_email: Option<String> = "workEmail" [up_to(80)],
        /// Personal e-mail address.
        pub personal_email: Option<String> = "personalEmail" [up_to(80)],
        /// Telephone at work.
        pub work_phone: Option<String> = "workPhone" [up_to(40)],
        /// Mobile telephone.
        pub mobile_phone: Option<String> = "mobilePhone" [up_to(40)],
        /// Telephone at home.
        pub home_phone: Option<String> = "homePhone" [up_to(40)],
        /// Another telephone.
        pub other_phone: Option<String> = "otherPhone" [up_to(40)],
        /// What that telephone is for.
        pub other_phone_type: Option<PhoneType> = "otherPhoneType",
        /// Fax number.
        pub fax: Option<String> = "fax" [up_to(40)],
        /// First line of the address.
        pub address1: Option<String> = "address1" [up_to(255)],
        /// Second line of the address.
        pub address2: Option<String> = "address2" [up_to(255)],
        /// City.
        pub city: Option<String> = "city" [up_to(100)],
        /// County.
        pub county: Option<String> = "county" [up_to(100)],
        /// State or province.
        pub state: Option<String> = "state" [up_to(100)],
        /// Postal code.
        pub zip_code: Option<String> = "zipCode" [up_to(20)],
        /// Country, by name or abbreviation.
        pub country: Option<String> = "country" [up_to(64)],
        /// Region by which it is taxed.
        pub tax_region: Option<String> = "taxRegion" [up_to(100)],
    }
}

impl NewContact {
    /// A contact of this name.
    pub fn new(first_name: impl Into<String>, last_name: impl Into<String>) -> Self {
        Self::default().first_name(first_name).last_name(last_name)
    }
}
