//! The contacts of an invoice: those of the account, or new ones that come with it.

use super::kept::Kept;
use crate::call::Fields;
use crate::refusal::Refusal;
use crate::tenant::Account;
use crate::world::World;

/// A contact that came with an invoice; what is left out here is checked and forgotten.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) account_id: String,
    /// Whether mail can reach it.
    pub(crate) has_email: bool,
}

/// Field and greatest length.
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

/// The three contacts of an invoice, and those of them that are new.
pub(super) struct Contacts {
    pub(super) bill_to: String,
    pub(super) sold_to: String,
    pub(super) ship_to: Option<String>,
    pub(super) new: Vec<Contact>,
}

impl Contacts {
    /// Reads the contacts of a new invoice.
    pub(super) fn read(world: &mut World, account: &Account, fields: Fields<'_>) -> Result<Self, Refusal> {
        let mut new = Vec::new();
        let bill_to = one(world, account, fields, "billTo", &mut new)?;
        let sold_to = one_or_bill_to(world, account, fields, "soldTo", bill_to.as_ref(), &mut new)?;
        let ship_to = one_or_bill_to(world, account, fields, "shipTo", bill_to.as_ref(), &mut new)?;
        Ok(Self {
            bill_to: bill_to.unwrap_or_else(|| account.bill_to_contact_id.clone()),
            sold_to: sold_to.unwrap_or_else(|| account.sold_to_contact_id.clone()),
            ship_to,
            new,
        })
    }
}

impl World {
    /// Whether mail can reach the contact; those of the tenant file all have an address.
    pub(super) fn has_email(&self, contact: &str) -> bool {
        self.contacts.iter().find(|known| known.id == contact).is_none_or(|known| known.has_email)
    }
}

fn one_or_bill_to(
    world: &mut World,
    account: &Account,
    fields: Fields<'_>,
    role: &str,
    bill_to: Option<&String>,
    new: &mut Vec<Contact>,
) -> Result<Option<String>, Refusal> {
    let same = format!("{role}SameAsBillTo");
    // One is `soldToSameAsBillTo`, the other `shipToSameAsBillTo`.
    if fields.flag(&same)? != Some(true) {
        return one(world, account, fields, role, new);
    }
    for other in [format!("{role}Contact"), format!("{role}ContactId")] {
        if fields.has(&other) {
            let message = format!(
                "The fields '{}' and '{}' exclude each other.",
                fields.name(&same),
                fields.name(&other)
            );
            return Err(Refusal::rule(message));
        }
    }
    match bill_to {
        Some(bill_to) => Ok(Some(bill_to.clone())),
        None => Err(Refusal::rule(format!("The field '{}' needs a bill-to contact.", fields.name(&same)))),
    }
}

/// A contact by id or in full.
fn one(
    world: &mut World,
    account: &Account,
    fields: Fields<'_>,
    role: &str,
    new: &mut Vec<Contact>,
) -> Result<Option<String>, Refusal> {
    let (whole, by_id) = (format!("{role}Contact"), format!("{role}ContactId"));
    match (fields.get(&whole), fields.text(&by_id)?) {
        (Some(_), Some(_)) => Err(Refusal::rule(format!(
            "The fields '{}' and '{}' exclude each other.",
            fields.name(&whole),
            fields.name(&by_id)
        ))),
        (Some(contact), None) => {
            let path = format!("{}.", fields.name(&whole));
            let contact = read(world, account, Fields::new(&path, contact)?)?;
            let id = contact.id.clone();
            new.push(contact);
            Ok(Some(id))
        }
        (None, Some(id)) => {
            let of_tenant = id == account.bill_to_contact_id || id == account.sold_to_contact_id;
            let came = world.contacts.iter().any(|known| known.id == id && known.account_id == account.id);
            match of_tenant || came {
                true => Ok(Some(id.to_owned())),
                false => Err(Refusal::value(
                    &fields.name(&by_id),
                    "the id of a contact of the account is expected",
                )),
            }
        }
        (None, None) => Ok(None),
    }
}

fn read(world: &mut World, account: &Account, fields: Fields<'_>) -> Result<Contact, Refusal> {
    let known = |name: &str| TEXTS.iter().any(|(known, _)| *known == name) || Kept::is_custom(name);
    let fields = fields.known_by(known)?;
    for (name, longest) in TEXTS {
        fields.text_within(name, longest)?;
    }
    fields.required_text("firstName")?;
    fields.required_text("lastName")?;
    Ok(Contact {
        id: world.ids.entity(),
        account_id: account.id.clone(),
        has_email: fields.has("workEmail") || fields.has("personalEmail"),
    })
}
