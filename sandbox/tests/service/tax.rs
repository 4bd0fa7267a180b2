//! Taxes of items and discounts, and how changes affect them.

use serde_json::Value;

use crate::client::TestClient;

/// An item of 100 with a tax of 7.25, which the code computes.
const TAXED: &str = r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01","invoiceItems":[{"chargeName":"Work",
    "amount":100,"serviceStartDate":"2026-03-01","taxCode":"SALES","taxMode":"TaxExclusive"}]}"#;

fn taxes(client: &mut TestClient, invoice: &str) -> Vec<(String, String)> {
    let items = client.items(invoice);
    let rows = items.iter().flat_map(|item| item["taxationItems"]["data"].as_array().unwrap());
    rows.map(|tax| (tax["name"].as_str().unwrap().to_owned(), tax["taxAmount"].to_string())).collect()
}

fn change(client: &mut TestClient, invoice: &str, more: &str) -> Value {
    let id = client.items(invoice)[0]["id"].as_str().unwrap().to_owned();
    let body = format!(r#"{{"invoiceItems":[{{"id":"{id}",{more}}}]}}"#);
    let response = client.put(invoice, &body);
    assert_eq!(response.status, 200, "{}", response.text);
    client.get(invoice).body
}

fn add_tax(client: &mut TestClient, invoice: &str) {
    let id = client.items(invoice)[0]["id"].as_str().unwrap().to_owned();
    let body = format!(
        r#"{{"taxationItems":[{{"invoiceItemId":"{id}","name":"City","jurisdiction":"SF","taxAmount":1,"taxRate":0.01,
        "taxRateType":"Percentage","taxDate":"2026-03-01"}}]}}"#
    );
    let response = client.post(&format!("{invoice}/taxation-items"), &body);
    assert_eq!(response.status, 200, "{}", response.text);
}

#[test]
fn an_unknown_tax_code_removes_the_computed_tax() {
    let mut client = TestClient::demo();
    let invoice = client.standalone(TAXED);
    assert_eq!(taxes(&mut client, &invoice), [("Sales tax".to_owned(), "7.25".to_owned())]);
    let shown = change(&mut client, &invoice, r#""taxCode":"UNKNOWN""#);
    assert_eq!(taxes(&mut client, &invoice), []);
    assert_eq!(
        (shown["taxAmount"].to_string(), shown["amount"].to_string()),
        ("0".to_owned(), "100".to_owned())
    );
}

#[test]
fn a_changed_amount_keeps_added_tax_items() {
    let mut client = TestClient::demo();
    let invoice = client.standalone(TAXED);
    add_tax(&mut client, &invoice);
    let shown = change(&mut client, &invoice, r#""amount":200"#);
    let city = ("City".to_owned(), "1".to_owned());
    assert_eq!(taxes(&mut client, &invoice), [("Sales tax".to_owned(), "14.5".to_owned()), city.clone()]);
    assert_eq!(shown["amount"].to_string(), "215.5");
    change(&mut client, &invoice, r#""taxCode":"UNKNOWN""#);
    assert_eq!(taxes(&mut client, &invoice), [city]);
}

#[test]
fn a_discount_lowers_the_tax() {
    let mut client = TestClient::demo();
    let discounted = TAXED.replace(
        r#""TaxExclusive"}"#,
        r#""TaxExclusive","discountItems":[{"chargeName":"Less","amount":-20}]}"#,
    );
    let invoice = client.standalone(&discounted);
    let shown = client.get(&invoice).body;
    // 7.25 % of 100 and of -20.
    assert_eq!((shown["taxAmount"].to_string(), shown["amount"].to_string()), ("5.8".into(), "85.8".into()));
    let less = client.items(&invoice)[1].clone();
    assert_eq!(
        (less["taxCode"].as_str(), less["taxAmount"].to_string()),
        (Some("SALES"), "-1.45".to_owned())
    );
    let id = less["id"].as_str().unwrap();
    let shown = change(&mut client, &invoice, &format!(r#""discountItems":[{{"id":"{id}","amount":-40}}]"#));
    assert_eq!(shown["taxAmount"].to_string(), "4.35");
    let shown = change(&mut client, &invoice, r#""taxCode":null,"taxMode":null"#);
    assert_eq!((shown["taxAmount"].to_string(), shown["amount"].to_string()), ("0".into(), "60".into()));
}
