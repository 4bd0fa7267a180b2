//! Invoices of three accounts, computed by hand from the tenant file.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::TestClient;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Items {
    invoice_items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    charge_name: String,
    service_start_date: String,
    service_end_date: String,
    unit_price: Box<RawValue>,
    quantity: Box<RawValue>,
    charge_amount: Box<RawValue>,
    balance: Box<RawValue>,
}

#[derive(Deserialize)]
struct Total {
    amount: Box<RawValue>,
    balance: Box<RawValue>,
}

/// Charge, first and last day, unit price, quantity, amount.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

#[track_caller]
fn check(account: &str, currency: &str, rows: &[Row<'_>], total: &str) {
    let mut client = TestClient::demo();
    let tenant: serde_json::Value = serde_json::from_str(include_str!("../../demo-tenant.json")).unwrap();
    let accounts = tenant["accounts"].as_array().unwrap();
    let id = accounts.iter().find(|one| one["accountNumber"] == account).unwrap()["id"].clone();
    let run = client.completed(r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#);
    let drafts = client.invoices(&run);
    let mine: Vec<_> = drafts.iter().filter(|invoice| invoice["accountId"] == id).collect();
    assert_eq!(mine.len(), 1, "one draft for the account");
    assert_eq!((&mine[0]["status"], &mine[0]["currency"]), (&"Draft".into(), &currency.into()));
    let path = format!("/v1/invoices/{}", mine[0]["id"].as_str().unwrap());
    let text = client.get(&format!("{path}/items?pageSize=40")).text;
    let items: Items = serde_json::from_str(&text).unwrap();
    let seen: Vec<Row<'_>> = items.invoice_items.iter().map(Item::row).collect();
    assert_eq!(seen, rows, "{account}");
    for item in &items.invoice_items {
        assert_eq!(item.balance.get(), item.charge_amount.get());
    }
    let text = client.get(&path).text;
    let invoice: Total = serde_json::from_str(&text).unwrap();
    assert_eq!((invoice.amount.get(), invoice.balance.get()), (total, total));
}

impl Item {
    fn row(&self) -> Row<'_> {
        let Self {
            charge_name,
            service_start_date,
            service_end_date,
            unit_price,
            quantity,
            charge_amount,
            ..
        } = self;
        (
            charge_name,
            service_start_date,
            service_end_date,
            unit_price.get(),
            quantity.get(),
            charge_amount.get(),
        )
    }
}

#[test]
fn dollars_of_a00000001() {
    let rows = [
        // 9.995 x 3 = 29.985: half a cent is rounded up, to 29.99 (half to even would give 29.98).
        ("Team Plan: seats", "2026-01-01", "2026-01-31", "9.995", "3", "29.99"),
        ("Team Plan: seats", "2026-02-01", "2026-02-28", "9.995", "3", "29.99"),
        ("Team Plan: seats", "2026-03-01", "2026-03-31", "9.995", "3", "29.99"),
        ("Set-up", "2026-01-01", "2026-01-01", "250", "1", "250"),
        // 1000 on January 5 and 234 on January 31: 1234 x 0.0125 = 15.425, up to 15.43.
        ("API calls", "2026-01-01", "2026-01-31", "0.0125", "1234", "15.43"),
        // 2001 x 0.0125 = 25.0125, down to 25.01. March is not over on the 31st.
        ("API calls", "2026-02-01", "2026-02-28", "0.0125", "2001", "25.01"),
        // A quarter from February 1: one period, the next begins on May 1.
        ("Premium support", "2026-02-01", "2026-04-30", "149.99", "1", "149.99"),
    ];
    // 3 x 29.99 = 89.97; + 250 = 339.97; + 15.43 + 25.01 = 380.41; + 149.99 = 530.40.
    check("A00000001", "USD", &rows, "530.40");
}

#[test]
fn euros_of_a00000003() {
    let rows = [
        // 33.335, up to 33.34.
        ("Platform fee", "2026-01-01", "2026-01-31", "33.335", "1", "33.34"),
        ("Platform fee", "2026-02-01", "2026-02-28", "33.335", "1", "33.34"),
        ("Platform fee", "2026-03-01", "2026-03-31", "33.335", "1", "33.34"),
        // In arrears: 7.125 x 5 = 35.625, up to 35.63; March is due on April 1.
        ("Team Plan: seats", "2026-01-01", "2026-01-31", "7.125", "5", "35.63"),
        ("Team Plan: seats", "2026-02-01", "2026-02-28", "7.125", "5", "35.63"),
        // A year from October 1, 2025.
        ("Premium support", "2025-10-01", "2026-09-30", "1199.99", "1", "1199.99"),
    ];
    // 3 x 33.34 = 100.02; + 2 x 35.63 = 171.28; + 1199.99 = 1371.27.
    check("A00000003", "EUR", &rows, "1371.27");
}

#[test]
fn yen_of_a00000006() {
    let rows = [
        // A yen has no decimals: 333.5 x 3 = 1000.5, up to 1001 (half to even would give 1000).
        ("Platform fee", "2026-01-01", "2026-01-31", "333.5", "3", "1001"),
        ("Platform fee", "2026-02-01", "2026-02-28", "333.5", "3", "1001"),
        ("Platform fee", "2026-03-01", "2026-03-31", "333.5", "3", "1001"),
        ("Set-up", "2026-01-01", "2026-01-01", "15000", "1", "15000"),
        // 1001 x 0.25 = 250.25, down to 250; 2 x 0.25 = 0.5, up to 1.
        ("API calls", "2026-01-01", "2026-01-31", "0.25", "1001", "250"),
        ("API calls", "2026-02-01", "2026-02-28", "0.25", "2", "1"),
    ];
    // 3 x 1001 = 3003; + 15000 = 18003; + 251 = 18254.
    check("A00000006", "JPY", &rows, "18254");
}
