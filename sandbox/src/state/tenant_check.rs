//! Checks of a tenant file, with the lines of its errors.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::tenant::{Account, Charge, ChargeType, Tenant};

/// An error in a tenant file.
pub(super) struct Problem {
    place: Place,
    /// The JSON text near which the error is located.
    near: String,
    message: String,
}

/// The part of the file that has the error.
#[derive(Clone, Copy)]
enum Place {
    File,
    Currencies,
    TaxCodes,
    Client(usize),
    Entity(usize),
    Organization(usize),
    Account(usize),
}

/// The parts of the file as text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lists<'f> {
    #[serde(borrow)]
    currencies: &'f RawValue,
    #[serde(borrow)]
    tax_codes: Option<&'f RawValue>,
    #[serde(borrow)]
    oauth_clients: Vec<&'f RawValue>,
    #[serde(borrow, default)]
    entities: Vec<&'f RawValue>,
    #[serde(borrow, default)]
    organizations: Vec<&'f RawValue>,
    #[serde(borrow)]
    accounts: Vec<&'f RawValue>,
}

/// The highest number of a batch, in the larger edition.
const MAX_BATCH: u16 = 200;

/// Largest number of decimals of a currency. No currency in use has more than four.
const MAX_DECIMALS: u32 = 9;

/// Minimum length of a client secret. It is removed from recorded bodies, which rarely contain a text that long.
const MIN_SECRET: usize = 8;

impl Problem {
    /// Reports a list that must not be empty.
    fn none_of(list: &str) -> Self {
        let message = format!("{list}: at least one is required");
        Self { place: Place::File, near: format!("\"{list}\""), message }
    }

    /// Reports a member of an object in a list.
    fn of_member(place: Place, kind: &str, index: usize, member: &str, problem: &str) -> Self {
        let message = format!("{kind} {}: {member} {problem}", index + 1);
        Self { place, near: format!("\"{member}\""), message }
    }

    /// Describes the problem, with its line in the file.
    pub(super) fn describe(&self, file: &str) -> String {
        match self.line(file) {
            Some(line) => format!("{} at line {line}", self.message),
            None => self.message.clone(),
        }
    }

    fn line(&self, file: &str) -> Option<usize> {
        let lists: Lists<'_> = serde_json::from_str(file).ok()?;
        let part = match self.place {
            Place::File => file,
            Place::Currencies => lists.currencies.get(),
            Place::TaxCodes => lists.tax_codes?.get(),
            Place::Entity(index) => lists.entities.get(index)?.get(),
            Place::Organization(index) => lists.organizations.get(index)?.get(),
            Place::Client(index) => lists.oauth_clients.get(index)?.get(),
            Place::Account(index) => lists.accounts.get(index)?.get(),
        };
        // Of a value that is used twice, the last one is the error.
        let within = part.rfind(&self.near).unwrap_or_default();
        let start = (part.as_ptr() as usize).checked_sub(file.as_ptr() as usize)?;
        Some(1 + file.get(..start + within)?.matches('\n').count())
    }
}

impl Tenant {
    /// Checks what the types do not express.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.check_clients()?;
        self.check_entities()?;
        let rates = Decimal::ZERO..=Decimal::ONE;
        if let Some((code, tax)) = self.tax_codes.iter().find(|(_, tax)| !rates.contains(&tax.rate)) {
            let message = format!("tax code {code}: the rate {} is not 0 to 1", tax.rate);
            return Err(Problem { place: Place::TaxCodes, near: format!("{code:?}"), message });
        }
        if let Some((name, decimals)) = self.currencies.iter().find(|(_, decimals)| **decimals > MAX_DECIMALS)
        {
            let message = format!("currency {name}: {decimals} decimals are not 0 to {MAX_DECIMALS}");
            return Err(Problem { place: Place::Currencies, near: format!("{name:?}"), message });
        }
        let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for (index, account) in self.accounts.iter().enumerate() {
            let place = Place::Account(index);
            let number = &account.account_number;
            if number.is_empty() || !numbers.insert(number.as_str()) {
                let message = format!("the account number {number:?} is empty or used twice");
                return Err(Problem { place, near: "\"accountNumber\"".to_owned(), message });
            }
            self.check_account(account).map_err(|(member, message)| {
                let near = format!("\"{member}\"");
                Problem { place, near, message: format!("{number}: {message}") }
            })?;
            check_ids(account, &mut ids).map_err(|(id, message)| {
                let near = format!("\"{id}\"");
                Problem { place, near, message }
            })?;
        }
        Ok(())
    }

    fn check_clients(&self) -> Result<(), Problem> {
        let mut known = BTreeSet::new();
        if self.oauth_clients.is_empty() {
            return Err(Problem::none_of("oauthClients"));
        }
        for (index, client) in self.oauth_clients.iter().enumerate() {
            let is_usable = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
            let (member, message) = match client {
                _ if !is_usable(&client.client_id) => ("clientId", "is empty or has white space"),
                _ if !is_usable(&client.client_secret) => ("clientSecret", "is empty or has white space"),
                _ if client.client_secret.chars().count() < MIN_SECRET => {
                    ("clientSecret", "has fewer than 8 characters")
                }
                _ if !known.insert(&client.client_id) => ("clientId", "is used twice"),
                _ => continue,
            };
            return Err(Problem::of_member(Place::Client(index), "OAuth client", index, member, message));
        }
        Ok(())
    }

    /// Checks entities and organizations, of which a request names some.
    fn check_entities(&self) -> Result<(), Problem> {
        let mut known = BTreeSet::new();
        if self.entities.is_empty() {
            return Err(Problem::none_of("entities"));
        }
        for (index, entity) in self.entities.iter().enumerate() {
            if entity.is_empty() || !known.insert(entity) {
                let message = format!("the entity {entity:?} is empty or used twice");
                return Err(Problem { place: Place::Entity(index), near: String::new(), message });
            }
        }
        let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
        for (index, organization) in self.organizations.iter().enumerate() {
            let (id, name) = (&organization.id, &organization.name);
            let (member, message) = match organization {
                _ if id.is_empty() || !ids.insert(id) => ("id", format!("{id:?} is empty or used twice")),
                _ if name.is_empty() || !names.insert(name) => {
                    ("name", format!("{name:?} is empty or used twice"))
                }
                _ => continue,
            };
            return Err(Problem::of_member(
                Place::Organization(index),
                "organization",
                index,
                member,
                &message,
            ));
        }
        Ok(())
    }

    /// Checks the members of an account; an error has the name of its member.
    fn check_account(&self, account: &Account) -> Result<(), (&'static str, String)> {
        let batch = account.batch.strip_prefix("Batch").filter(|number| !number.starts_with(['0', '+']));
        let batch = batch.and_then(|number| number.parse::<u16>().ok());
        if batch.is_none_or(|number| number > MAX_BATCH) {
            return Err(("batch", format!("batch {:?} is not Batch1 to Batch{MAX_BATCH}", account.batch)));
        }
        if !self.currencies.contains_key(&account.currency) {
            return Err(("currency", format!("currency {:?} is not listed in currencies", account.currency)));
        }
        let organization = account.organization_id.as_deref();
        if organization.is_some_and(|id| self.organization(id).is_none()) {
            return Err(("organizationId", "organizationId is not listed in organizations".to_owned()));
        }
        if !(1..=31).contains(&account.bill_cycle_day) {
            return Err(("billCycleDay", format!("billCycleDay {} is not 1 to 31", account.bill_cycle_day)));
        }
        Ok(())
    }
}

/// Checks the ids of an account and of its subscriptions and charges; an error has the id.
fn check_ids<'t>(account: &'t Account, ids: &mut BTreeSet<&'t str>) -> Result<(), (String, String)> {
    let mut check = |owner: &str, id: &'t str| match id {
        _ if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Err((id.to_owned(), format!("{owner}: the id {id:?} does not have 32 hex digits")))
        }
        _ if !ids.insert(id) => Err((id.to_owned(), format!("{owner}: the id {id} is used twice"))),
        _ => Ok(()),
    };
    check(&account.account_number, &account.id)?;
    for subscription in &account.subscriptions {
        check(&subscription.name, &subscription.id)?;
        for charge in &subscription.charges {
            let owner = format!("{}, {}", subscription.name, charge.name);
            check(&owner, &charge.id)?;
            if charge.billing_period.is_none() && charge.charge_type != ChargeType::OneTime {
                return Err((charge.id.clone(), format!("{owner}: billingPeriod is missing")));
            }
            if charge.effective_end_date.is_some_and(|end| end < charge.effective_start_date) {
                let message = format!("{owner}: effectiveEndDate is before effectiveStartDate");
                return Err((charge.id.clone(), message));
            }
            if !amount_is_possible(charge) {
                let message = format!("{owner}: the amount has more than 15 digits before the point");
                return Err((charge.id.clone(), message));
            }
        }
    }
    Ok(())
}

/// Whether the amount of each period has at most 15 digits before the point, so that sums stay exact.
fn amount_is_possible(charge: &Charge) -> bool {
    let limit = Decimal::from(1_000_000_000_000_000_u64);
    let used =
        charge.usage.iter().try_fold(Decimal::ZERO, |sum, record| sum.checked_add(record.quantity.abs()));
    let quantity = used.map(|used| used.max(charge.quantity.abs()));
    quantity
        .and_then(|quantity| quantity.checked_mul(charge.price.abs()))
        .is_some_and(|amount| amount < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_line() {
        let demo = include_str!("../../demo-tenant.json");
        let line_of = |text: &str, part: &str| 1 + text[..text.rfind(part).unwrap()].matches('\n').count();
        let first_id = "2c92a08282fa634378aca02a1626d315";
        for (from, to, says) in [
            ("\"batch\": \"Batch4\"", "\"batch\": \"Batch0\"", "batch \"Batch0\" is not Batch1 to Batch200"),
            ("\"batch\": \"Batch4\"", "\"batch\": \"Batch201\"", "batch \"Batch201\" is not"),
            ("\"A00000012\"", "\"A00000011\"", "the account number \"A00000011\" is empty or used twice"),
            (
                "2c92a0bf1110b1f4c58234961ae17094",
                first_id,
                "A00000012: the id 2c92a08282fa634378aca02a1626d315 is used",
            ),
            ("\"sandbox-secret\"", "\"\"", "OAuth client 1: clientSecret is empty"),
            ("\"sandbox-secret\"", "\"secret7\"", "OAuth client 1: clientSecret has fewer than 8 characters"),
        ] {
            // The last one is changed.
            let (before, after) = demo.rsplit_once(from).unwrap();
            let text = format!("{before}{to}{after}");
            let error = Tenant::from_json(&text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert!(error.ends_with(&format!(" at line {}", line_of(&text, to))), "{error}");
        }
        let twice = demo.replace("\"oauthClients\": [", "\"oauthClients\": [\n{\"clientId\": \"00000000-0000-4000-8000-000000000001\", \"clientSecret\": \"another-secret\"},");
        let error = Tenant::from_json(&twice).unwrap_err().to_string();
        assert!(error.ends_with("OAuth client 2: clientId is used twice at line 6"), "{error}");
    }

    #[test]
    fn what_is_used_twice_or_impossible_is_rejected() {
        let demo = include_str!("../../demo-tenant.json");
        let charge = "\"price\": 9.995,";
        for (from, to, says) in [
            ("{\n", "{\n\"entities\": [],\n", "entities: at least one is required at line 2"),
            (
                "{\n",
                "{\n\"entities\": [\"a\",\n\"a\"],\n",
                "the entity \"a\" is empty or used twice at line 3",
            ),
            (
                "{\n",
                "{\n\"organizations\": [{\"id\": \"a\", \"name\": \"b\"},\n{\"id\": \"a\", \"name\": \"c\"}],\n",
                "organization 2: id \"a\" is empty or used twice at line 3",
            ),
            (
                "{\n",
                "{\n\"organizations\": [{\"id\": \"a\", \"name\": \"b\"},\n{\"id\": \"c\",\n\"name\": \"b\"}],\n",
                "organization 2: name \"b\" is empty or used twice at line 4",
            ),
            ("\"EUR\": 2", "\"EUR\": 10", "currency EUR: 10 decimals are not 0 to 9 at line 7"),
            ("\"rate\": 0.19", "\"rate\": 19", "the rate 19 is not 0 to 1 at line 10"),
            (charge, "\"price\": 1e15,", "the amount has more than 15 digits before the point at line"),
            (charge, "\"price\": -79228162514264337593543950335,", "the amount has more than 15 digits"),
            (
                charge,
                "\"price\": 0, \"usage\": [{\"date\": \"2026-01-01\", \"quantity\": 7e28}, {\"date\": \"2026-01-02\", \"quantity\": 7e28}],",
                "the amount has more than 15 digits",
            ),
            (
                charge,
                "\"price\": 1, \"effectiveEndDate\": \"2025-12-31\",",
                "effectiveEndDate is before effectiveStartDate at line",
            ),
        ] {
            assert!(demo.contains(from), "{from}");
            let error = Tenant::from_json(&demo.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
