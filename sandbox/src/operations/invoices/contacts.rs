//! Contacts of a new invoice: those of the account, or new ones in the request.

use crate::http::{ApiError, Fields};
use crate::state::{Account, Contact, ExtraFields, State};

/// Name and maximum length of each text field.
const TEXTS: [(&str, usize); 20] = [
    ("address1", 255),
    ("address2", 255),
    ("city", 100),
    ("contactDescription", 100),
    ("country", 64),
    ("county", 100),
    ("fax", 40),
    ("firstName", 100),
    ("homePhone", 40),
    ("lastName", 100),
    ("mobilePhone", 40),
    ("nickname", 100),
    ("otherPhone", 40),
    ("otherPhoneType", 20),
    ("personalEmail", 80),
    ("state", 100),
    ("taxRegion", 100),
    ("workEmail", 80),
    ("workPhone", 40),
    ("zipCode", 20),
];

/// The three contacts of an invoice, and the new ones among them.
pub(crate) struct Contacts {
    pub(crate) bill_to: String,
    pub(crate) sold_to: String,
    pub(crate) ship_to: Option<String>,
    pub(crate) new: Vec<Contact>,
}

impl Contacts {
    /// Reads the contacts of a new invoice.
    pub(crate) fn read(state: &mut State, account: &Account, fields: Fields<'_>) -> Result<Self, ApiError> {
        let mut new = Vec::new();
        let bill_to = one(state, account, fields, "billTo", &mut new)?;
        let sold_to = one_or_bill_to(state, account, fields, "soldTo", bill_to.as_ref(), &mut new)?;
        let ship_to = one_or_bill_to(state, account, fields, "shipTo", bill_to.as_ref(), &mut new)?;
        Ok(Self {
            bill_to: bill_to.unwrap_or_else(|| account.bill_to_contact_id.clone()),
            sold_to: sold_to.unwrap_or_else(|| account.sold_to_contact_id.clone()),
            ship_to,
            new,
        })
    }
}

impl State {
    /// Whether the contact has an email address; every contact of the tenant file has one.
    pub(crate) fn has_email(&self, contact: &str) -> bool {
        self.contacts.by_key(contact).is_none_or(|known| known.has_email)
    }
}

fn one_or_bill_to(
    state: &mut State,
    account: &Account,
    fields: Fields<'_>,
    role: &str,
    bill_to: Option<&String>,
    new: &mut Vec<Contact>,
) -> Result<Option<String>, ApiError> {
    let same = format!("{role}SameAsBillTo");
    // The field is `soldToSameAsBillTo` or `shipToSameAsBillTo`.
    if fields.flag(&same)? != Some(true) {
        return one(state, account, fields, role, new);
    }
    for other in [format!("{role}Contact"), format!("{role}ContactId")] {
        if fields.has(&other) {
            let message = format!(
                "The fields '{}' and '{}' exclude each other.",
                fields.name(&same),
                fields.name(&other)
            );
            return Err(ApiError::rule(message));
        }
    }
    match bill_to {
        Some(bill_to) => Ok(Some(bill_to.clone())),
        None => Err(ApiError::rule(format!("The field '{}' needs a bill-to contact.", fields.name(&same)))),
    }
}

/// Reads a contact, given by id or in full.
fn one(
    state: &mut State,
    account: &Account,
    fields: Fields<'_>,
    role: &str,
    new: &mut Vec<Contact>,
) -> Result<Option<String>, ApiError> {
    let (whole, by_id) = (format!("{role}Contact"), format!("{role}ContactId"));
    match (fields.get(&whole), fields.text(&by_id)?) {
        (Some(_), Some(_)) => Err(ApiError::rule(format!(
            "The fields '{}' and '{}' exclude each other.",
            fields.name(&whole),
            fields.name(&by_id)
        ))),
        (Some(contact), None) => {
            let path = format!("{}.", fields.name(&whole));
            let contact = read(state, account, Fields::new(&path, contact)?)?;
            let id = contact.id.clone();
            new.push(contact);
            Ok(Some(id))
        }
        (None, Some(id)) => {
            let of_tenant = id == account.bill_to_contact_id || id == account.sold_to_contact_id;
            let of_invoice = state.contacts.by_key(id).is_some_and(|known| known.account_id == account.id);
            match of_tenant || of_invoice {
                true => Ok(Some(id.to_owned())),
                false => Err(ApiError::value(
                    &fields.name(&by_id),
                    "the id of a contact of the account is expected",
                )),
            }
        }
        (None, None) => Ok(None),
    }
}

fn read(state: &mut State, account: &Account, fields: Fields<'_>) -> Result<Contact, ApiError> {
    let known = |name: &str| TEXTS.iter().any(|(known, _)| *known == name) || ExtraFields::is_custom(name);
    let fields = fields.deny_unknown_by(known)?;
    for (name, max_len) in TEXTS {
        fields.text_within(name, max_len)?;
    }
    fields.required_text("firstName")?;
    fields.required_text("lastName")?;
    Ok(Contact {
        id: state.ids.entity(),
        account_id: account.id.clone(),
        has_email: fields.has("workEmail") || fields.has("personalEmail"),
    })
}
