//! Bulk operations with valid and invalid rows.

use serde_json::{Value, json};
use zuora_sandbox::Settings;

use crate::client::TestClient;

fn invoice(account: &str, items: usize) -> Value {
    let item = json!({"chargeName": "Work", "amount": 10, "serviceStartDate": "2026-03-01"});
    json!({"accountNumber": account, "invoiceDate": "2026-03-01", "invoiceItems": vec![item; items]})
}

fn drafts(client: &mut TestClient, count: usize) -> Vec<String> {
    let rows = vec![invoice("A00000001", 1); count];
    let response = client.post("/v1/invoices/batch", &json!({ "invoices": rows }).to_string());
    let rows = response.body["invoices"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn count(client: &mut TestClient) -> usize {
    client.get("/object-query/invoices?pageSize=99").body["data"].as_array().unwrap().len()
}

#[test]
fn invalid_rows_do_not_affect_created_ones() {
    let mut client = TestClient::demo();
    let rows =
        json!([invoice("A00000001", 1), invoice("A99", 1), invoice("A00000002", 0), invoice("A00000003", 2)]);
    let response = client.post("/v1/invoices/batch", &json!({ "invoices": rows }).to_string());
    assert_eq!((response.status, &response.body["success"]), (200, &true.into()));
    let rows = response.body["invoices"].as_array().unwrap();
    let success: Vec<&Value> = rows.iter().map(|row| &row["success"]).collect();
    assert_eq!(success, [true, false, false, true]);
    assert_eq!((&rows[0]["amount"], &rows[3]["amount"]), (&10.into(), &20.into()));
    assert_eq!((&rows[1]["objectIndex"], &rows[2]["objectIndex"]), (&1.into(), &2.into()));
    assert_eq!(rows[1]["reasons"][0]["code"], 58_490_020);
    assert_eq!(rows[1]["reasons"][0]["message"], "No account is found with accountNumber A99.");
    assert_eq!(rows[2]["reasons"][0]["message"], "The field 'invoices[2].invoiceItems' is required.");
    assert_eq!(rows[1]["processId"].as_str().unwrap().len(), 16);
    assert_eq!(count(&mut client), 2);
}

#[test]
fn one_transaction_is_all_or_nothing() {
    let mut client = TestClient::demo();
    let mut rows = vec![invoice("A00000001", 1), invoice("A99", 1)];
    let body = |rows: &[Value]| json!({"invoices": rows, "useSingleTransaction": true}).to_string();
    let rejected = client.post("/v1/invoices/batch", &body(&rows));
    assert_eq!(rejected.error(), (400, 58_490_020, "No account is found with accountNumber A99."));
    assert_eq!(count(&mut client), 0);
    rows.pop();
    assert_eq!(client.post("/v1/invoices/batch", &body(&rows)).status, 200);
    assert_eq!(count(&mut client), 1);
}

#[test]
fn limits_apply_to_the_whole_request() {
    let mut client = TestClient::demo();
    let body = |rows: Vec<Value>| json!({ "invoices": rows }).to_string();
    let many = client.post("/v1/invoices/batch", &body(vec![invoice("A00000001", 1); 51]));
    assert_eq!(many.error().1, 58_490_020);
    let items = client.post("/v1/invoices/batch", &body(vec![invoice("A00000001", 501); 2]));
    assert_eq!(items.error().2, "One request can have at most 1000 invoice items in all.");
    assert_eq!(client.post("/v1/invoices/batch", &body(vec![invoice("A00000001", 20); 50])).status, 200);
    let posts = vec![json!({"id": "x"}); 51];
    assert_eq!(client.post("/v1/invoices/bulk-post", &body(posts)).error().1, 59_210_020);
    assert_eq!(client.post("/v1/invoices/bulk-post", &body(vec![])).error().1, 59_210_022);
    assert_eq!(client.put("/v1/invoices", &body(vec![json!({"id": "x"}); 51])).status, 400);
}

#[test]
fn invalid_rows_do_not_affect_posted_ones() {
    let mut client = TestClient::demo();
    let ids = drafts(&mut client, 3);
    client.put(&format!("/v1/invoices/{}/post", ids[1]), "{}");
    let body = json!({"invoices": [
        {"id": ids[0], "invoiceDate": "2026-03-05", "Region__c": "East"},
        {"id": ids[1]},
        {"id": "8ad0"},
        {"invoiceDate": "2026-03-05"},
        {"id": ids[2]},
    ]});
    let response = client.post("/v1/invoices/bulk-post", &body.to_string());
    assert_eq!((response.status, &response.body["success"]), (200, &true.into()));
    let rows = response.body["invoices"].as_array().unwrap();
    assert_eq!(rows[0], json!({"id": ids[0], "success": true}));
    assert_eq!(rows[4], json!({"id": ids[2], "success": true}));
    assert_eq!((&rows[1]["id"], &rows[1]["success"]), (&ids[1].clone().into(), &false.into()));
    let known = json!([{"code": 59_210_020, "message": "Only invoices with Draft status can be posted."}]);
    assert_eq!(rows[1]["reasons"], known);
    assert_eq!((&rows[2]["reasons"][0]["code"], &rows[2]["id"]), (&50_000_040.into(), &"8ad0".into()));
    assert_eq!(rows[3]["reasons"][0]["message"], "The field 'invoices[3].id' is required.");
    let posted = client.get(&format!("/v1/invoices/{}", ids[0])).body;
    assert_eq!((&posted["status"], &posted["invoiceDate"]), (&"Posted".into(), &"2026-03-05".into()));
    assert_eq!((&posted["dueDate"], &posted["Region__c"]), (&"2026-04-04".into(), &"East".into()));
}

#[test]
fn updates_are_all_or_nothing_unless_set_otherwise() {
    for keeps in [false, true] {
        let mut client = TestClient::with(Settings::default().keep_partial_updates(keeps));
        let ids = drafts(&mut client, 2);
        let rows = json!([{"id": ids[0], "comments": "first"}, {"id": ids[1], "invoiceDate": "tomorrow"}]);
        let rejected = client.put("/v1/invoices", &json!({ "invoices": rows }).to_string());
        assert_eq!(rejected.error().1, 59_000_020);
        assert!(rejected.error().2.contains("invoices[1].invoiceDate"), "{}", rejected.text);
        let kept = client.get(&format!("/v1/invoices/{}", ids[0])).body["comments"] == "first";
        assert_eq!(kept, keeps);
        let rows = json!([{"id": ids[0], "comments": "a"}, {"id": ids[1], "comments": "b"}]);
        let response = client.put("/v1/invoices", &json!({ "invoices": rows }).to_string());
        assert_eq!(response.body, json!({"success": true}));
        assert_eq!(client.get(&format!("/v1/invoices/{}", ids[1])).body["comments"], "b");
    }
}
