//! The simulated tenant: OAuth clients, accounts, subscriptions and charges.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::tenant_index::TenantIndex;
use crate::values::{Date, Zone, exact_decimal};

/// Client id of the demo tenant.
pub const CLIENT_ID: &str = "00000000-0000-4000-8000-000000000001";
/// Client secret of the demo tenant; it is valid for sandboxes only.
pub const CLIENT_SECRET: &str = "sandbox-secret";

/// The content of a tenant file; `sandbox/demo-tenant.json` shows the whole format.
///
/// Amounts and quantities are JSON numbers and are read exactly. Dates are in the tenant's time zone.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object that describes a tenant")]
pub struct Tenant {
    /// Offset of the tenant's time zone from UTC, as in `-08:00`.
    #[serde(rename = "utcOffset", deserialize_with = "zone")]
    pub(crate) zone: Zone,
    /// The user that creates and updates every object.
    pub(crate) user_id: String,
    pub(crate) oauth_clients: Vec<OAuthClient>,
    /// Number of decimals of each currency.
    #[serde(deserialize_with = "unique")]
    pub(crate) currencies: BTreeMap<String, u32>,
    /// Payment terms and the days until an invoice is due. The terms of the accounts are known too.
    #[serde(default = "usual_terms", deserialize_with = "unique")]
    pub(crate) payment_terms: BTreeMap<String, u32>,
    /// Ids of the entities of Multi-entity that the tokens are for. With several, each request must name one.
    #[serde(default = "usual_entities")]
    pub(crate) entities: Vec<String>,
    /// Organizations of Multi-Org that the user belongs to. Without any, the feature is off.
    #[serde(default)]
    pub(crate) organizations: Vec<Organization>,
    /// Tax codes and their rates. An item keeps any other tax code, but is not taxed.
    #[serde(default, deserialize_with = "unique")]
    pub(crate) tax_codes: BTreeMap<String, TaxCode>,
    pub(crate) accounts: Vec<Account>,
    #[serde(skip)]
    pub(super) index: TenantIndex,
}

/// An organization of the tenant.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Credentials that a token request can use.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OAuthClient {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TaxCode {
    pub(crate) name: String,
    pub(crate) jurisdiction: String,
    /// Tax per unit of the currency: 0.19 for 19 %.
    #[serde(deserialize_with = "exact")]
    pub(crate) rate: Decimal,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) account_number: String,
    pub(crate) name: String,
    pub(crate) batch: String,
    pub(crate) currency: String,
    pub(crate) bill_cycle_day: i64,
    /// Payment term: one of `paymentTerms`, or `Net 10` and similar; any other term is due at once.
    pub(crate) payment_term: String,
    pub(crate) auto_pay: bool,
    pub(crate) bill_to_contact_id: String,
    pub(crate) sold_to_contact_id: String,
    /// Id of the organization that the account belongs to.
    pub(crate) organization_id: Option<String>,
    pub(crate) subscriptions: Vec<Subscription>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) term_type: String,
    pub(crate) contract_effective_date: Date,
    pub(crate) charges: Vec<Charge>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) product_rate_plan_charge_id: String,
    pub(crate) name: String,
    pub(crate) product_name: String,
    pub(crate) sku: String,
    pub(crate) accounting_code: String,
    pub(crate) charge_type: ChargeType,
    /// Length of a period; required for recurring and usage charges.
    pub(crate) billing_period: Option<BillingPeriod>,
    /// Whether a period is billed after its end. Usage always is.
    #[serde(default)]
    pub(crate) in_arrears: bool,
    /// Price of one unit for one period.
    #[serde(deserialize_with = "exact")]
    pub(crate) price: Decimal,
    /// Quantity of a recurring or one-time charge; that of usage is the sum of its records.
    #[serde(default = "one", deserialize_with = "exact")]
    pub(crate) quantity: Decimal,
    pub(crate) unit_of_measure: Option<String>,
    pub(crate) effective_start_date: Date,
    /// The first day that is not billed.
    pub(crate) effective_end_date: Option<Date>,
    #[serde(default)]
    pub(crate) usage: Vec<UsageRecord>,
}

/// Usage on one day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageRecord {
    pub(crate) date: Date,
    #[serde(deserialize_with = "exact")]
    pub(crate) quantity: Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum ChargeType {
    OneTime,
    Recurring,
    Usage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum BillingPeriod {
    Month,
    Quarter,
    Annual,
}

impl Tenant {
    /// Returns a tenant of twelve accounts in three currencies and four batches, three accounts per batch.
    /// Its credentials are [`CLIENT_ID`] and [`CLIENT_SECRET`].
    pub fn demo() -> Self {
        Self::from_json(include_str!("../../demo-tenant.json"))
            .expect("the demo tenant is valid, as a test checks")
    }

    /// Parses a tenant file.
    ///
    /// # Errors
    /// Fails if the text is not JSON, a member is unknown or missing, an id, name or number is used twice, a batch, rate,
    /// amount or credentials are impossible, a currency is not listed, or a billing period is missing.
    /// The message names the object and the line.
    pub fn from_json(text: &str) -> Result<Self, TenantError> {
        // Some editors start a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut tenant: Self = serde_json::from_str(text).map_err(|error| TenantError(error.to_string()))?;
        tenant.check().map_err(|problem| TenantError(problem.describe(text)))?;
        tenant.build_index();
        Ok(tenant)
    }

    /// Returns the first client id and secret of the tenant file.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.oauth_clients.first().map(|client| (client.client_id.as_str(), client.client_secret.as_str()))
    }

    /// Returns the organization with that id or name.
    pub(crate) fn organization(&self, key: &str) -> Option<&Organization> {
        self.organizations.iter().find(|organization| organization.id == key || organization.name == key)
    }

    /// Returns the due date by the payment term.
    pub(crate) fn due_date(&self, invoice_date: Date, payment_term: &str) -> Date {
        let listed = || self.payment_terms.get(payment_term).map(|days| i64::from(*days));
        let named = || payment_term.strip_prefix("Net ")?.parse().ok();
        invoice_date.plus_days(listed().or_else(named).unwrap_or(0))
    }

    /// Rounds half up to the decimals of the currency.
    pub(crate) fn round(&self, currency: &str, amount: Decimal) -> Decimal {
        let decimals = self.currencies.get(currency).copied().unwrap_or(2);
        amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
    }
}

impl BillingPeriod {
    pub(crate) fn months(self) -> i64 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Annual => 12,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Month => "Month",
            Self::Quarter => "Quarter",
            Self::Annual => "Annual",
        }
    }
}

impl ChargeType {
    pub(crate) const ALL: [Self; 3] = [Self::OneTime, Self::Recurring, Self::Usage];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OneTime => "OneTime",
            Self::Recurring => "Recurring",
            Self::Usage => "Usage",
        }
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The error of a tenant file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid tenant file: {0}")]
pub struct TenantError(String);

fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let literal = <&RawValue>::deserialize(deserializer)?.get();
    exact_decimal(literal).ok_or_else(|| {
        D::Error::custom(format_args!("{literal} cannot be represented as an exact decimal number"))
    })
}

/// Reads an object whose names differ. The map alone would keep the last of two members with one name.
fn unique<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    struct Unique<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Unique<T> {
        type Value = BTreeMap<String, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some(name) = members.next_key::<String>()? {
                if map.contains_key(&name) {
                    return Err(A::Error::custom(format_args!("{name:?} is used twice")));
                }
                map.insert(name, members.next_value()?);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}

fn usual_terms() -> BTreeMap<String, u32> {
    let terms = [
        ("Due Upon Receipt", 0),
        ("Net 15", 15),
        ("Net 30", 30),
        ("Net 45", 45),
        ("Net 60", 60),
        ("Net 90", 90),
    ];
    terms.map(|(term, days)| (term.to_owned(), days)).into()
}

fn usual_entities() -> Vec<String> {
    vec!["11e643f4-a3ee-8bad-b061-0025904c57d6".to_owned()]
}

fn one() -> Decimal {
    Decimal::ONE
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
    let text = String::deserialize(deserializer)?;
    Zone::parse(&text).ok_or_else(|| D::Error::custom(format_args!("{text:?} is not an offset like -08:00")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_tenant_is_as_documented() {
        let tenant = Tenant::demo();
        assert_eq!(tenant.credentials(), Some((CLIENT_ID, CLIENT_SECRET)));
        let numbers: Vec<&str> =
            tenant.accounts.iter().map(|account| account.account_number.as_str()).collect();
        let expected: Vec<String> = (1..=12).map(|number| format!("A{number:08}")).collect();
        assert_eq!(numbers, expected);
        let count =
            |is: &dyn Fn(&Account) -> bool| tenant.accounts.iter().filter(|account| is(account)).count();
        for batch in ["Batch1", "Batch2", "Batch3", "Batch4"] {
            assert_eq!(count(&|account| account.batch == batch), 3, "{batch}");
        }
        for (currency, accounts) in [("USD", 8), ("EUR", 3), ("JPY", 1)] {
            assert_eq!(count(&|account| account.currency == currency), accounts, "{currency}");
        }
        for account in &tenant.accounts {
            assert!((1..=3).contains(&account.subscriptions.len()), "{}", account.account_number);
            assert!([1, 15].contains(&account.bill_cycle_day), "{}", account.account_number);
        }
        let charges =
            || tenant.accounts.iter().flat_map(|account| &account.subscriptions).flat_map(|s| &s.charges);
        for charge_type in ChargeType::ALL {
            assert!(charges().any(|charge| charge.charge_type == charge_type), "{charge_type:?}");
        }
        for period in [BillingPeriod::Month, BillingPeriod::Quarter, BillingPeriod::Annual] {
            assert!(charges().any(|charge| charge.billing_period == Some(period)), "{period:?}");
        }
    }

    #[test]
    fn errors_name_the_position_in_the_file() {
        let demo = include_str!("../../demo-tenant.json");
        for (from, to, says) in [
            ("\"EUR\": 2,", "", "A00000003: currency \"EUR\""),
            ("\"batch\"", "\"bach\"", "unknown field `bach`"),
            ("\"billCycleDay\": 1,", "\"billCycleDay\": 32,", "billCycleDay 32 is not 1 to 31"),
            ("\"-08:00\"", "\"PST\"", "not an offset like -08:00"),
            ("\"2026-01-01\"", "\"2026-02-30\"", "not a yyyy-mm-dd date"),
            ("\"EUR\": 2,", "\"EUR\": 2, \"EUR\": 3,", "\"EUR\" is used twice at line"),
            ("{\n", "{\n\"paymentTerms\": {\"A\": 1, \"A\": 1},\n", "\"A\" is used twice at line 2"),
            (
                "\"taxCodes\": {",
                "\"taxCodes\": {\"VAT\": {\"name\": \"a\", \"jurisdiction\": \"b\", \"rate\": 0.1}, ",
                "\"VAT\" is used twice",
            ),
        ] {
            assert!(demo.contains(from), "{from}");
            let error = Tenant::from_json(&demo.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let error = Tenant::from_json("[]").unwrap_err().to_string();
        assert!(error.contains("expected an object that describes a tenant"), "{error}");
    }

    #[test]
    fn debug_output_has_no_secrets() {
        assert!(!format!("{:?}", Tenant::demo()).contains(CLIENT_SECRET));
    }
}
