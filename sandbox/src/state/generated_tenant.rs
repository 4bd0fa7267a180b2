//! Tenants that are generated.

use std::fmt::Write as _;

use super::tenant::{CLIENT_ID, CLIENT_SECRET, Tenant};

impl Tenant {
    /// Generates a tenant with that number of accounts, in batches 1 to 50 and three currencies. The same number
    /// gives the same tenant; the credentials are [`CLIENT_ID`] and [`CLIENT_SECRET`].
    ///
    /// ```
    /// use zuora_sandbox::{CLIENT_ID, Tenant};
    ///
    /// let tenant = Tenant::generated(1000);
    /// assert_eq!(tenant.credentials().unwrap().0, CLIENT_ID);
    /// ```
    pub fn generated(accounts: usize) -> Self {
        let mut text = format!(
            r#"{{"utcOffset":"-08:00","userId":"2c92a0a298c9161b6cbca40d7c6dfe1a",
            "oauthClients":[{{"clientId":"{CLIENT_ID}","clientSecret":"{CLIENT_SECRET}"}}],
            "currencies":{{"USD":2,"EUR":2,"JPY":0}},"accounts":["#
        );
        for index in 0..accounts {
            let separator = if index == 0 { "" } else { "," };
            let _ = write!(text, "{separator}{}", account(index));
        }
        text.push_str("]}");
        Self::from_json(&text).expect("a generated tenant is valid, as a test checks")
    }
}

/// Kinds of ids, which keep the ids of an account apart.
#[derive(Clone, Copy)]
enum Kind {
    Account = 1,
    BillTo = 2,
    SoldTo = 3,
    Subscription = 4,
    Seats = 5,
    SetUp = 6,
    Calls = 7,
}

fn id(kind: Kind, index: usize) -> String {
    format!("2c92b{:03x}{index:024x}", kind as u8)
}

fn account(index: usize) -> String {
    let number = index + 1;
    let currency = ["USD", "EUR", "USD", "JPY"][index % 4];
    let price = ["9.995", "24.5", "99", "1200"][index % 4];
    let (batch, day, seats) = (index % 50 + 1, [1, 15][index / 50 % 2], index % 20 + 1);
    let term = ["Net 30", "Due Upon Receipt", "Net 45"][index % 3];
    format!(
        r#"{{"id":"{}","accountNumber":"A{number:08}","name":"Account {number}","batch":"Batch{batch}",
        "currency":"{currency}","billCycleDay":{day},"paymentTerm":"{term}","autoPay":{},
        "billToContactId":"{}","soldToContactId":"{}","subscriptions":[{{"id":"{}","name":"A-S{number:08}",
        "status":"Active","termType":"EVERGREEN","contractEffectiveDate":"2026-01-{day:02}","charges":[{},{},{}]}}]}}"#,
        id(Kind::Account, index),
        index % 2 == 0,
        id(Kind::BillTo, index),
        id(Kind::SoldTo, index),
        id(Kind::Subscription, index),
        charge(id(Kind::Seats, index), "Seats", "Recurring", price, day, &format!(r#","quantity":{seats}"#)),
        charge(id(Kind::SetUp, index), "Set-up", "OneTime", "250", day, ""),
        charge(id(Kind::Calls, index), "API calls", "Usage", "0.003", day, &usage(index)),
    )
}

fn charge(id: String, name: &str, charge_type: &str, price: &str, day: u8, more: &str) -> String {
    let period = if charge_type == "OneTime" { "" } else { r#","billingPeriod":"Month""# };
    format!(
        r#"{{"id":"{id}","productRatePlanChargeId":"2c92b000{:024x}","name":"{name}","productName":"Platform",
        "sku":"{}","accountingCode":"Revenue","chargeType":"{charge_type}","price":{price},
        "effectiveStartDate":"2026-01-{day:02}"{period}{more}}}"#,
        name.len(),
        name.to_uppercase().replace(' ', "-"),
    )
}

fn usage(index: usize) -> String {
    format!(r#","usage":[{{"date":"2026-01-20","quantity":{}}}]"#, index % 5000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_tenants_are_valid_and_bill_every_account() {
        let tenant = Tenant::generated(500);
        assert_eq!(tenant.accounts.len(), 500);
        let batches: std::collections::BTreeSet<&str> =
            tenant.accounts.iter().map(|account| account.batch.as_str()).collect();
        assert_eq!(batches.len(), 50);
        let again = Tenant::generated(500);
        assert!(format!("{:?}", tenant.accounts) == format!("{:?}", again.accounts));
    }
}
