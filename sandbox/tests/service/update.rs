//! Updates of invoices.

use serde_json::{Value, json};

use crate::client::TestClient;

/// A draft with two items, the first taxed and discounted.
fn draft(client: &mut TestClient) -> String {
    let tax = json!({"name": "Tax", "taxAmount": 8, "taxRate": 0.08, "taxRateType": "Percentage",
        "taxDate": "2026-03-01", "taxMode": "TaxExclusive"});
    let body = json!({"accountNumber": "A00000001", "invoiceDate": "2026-03-01", "invoiceItems": [
        {"chargeName": "Work", "amount": 100, "serviceStartDate": "2026-03-01", "taxItems": [tax],
         "discountItems": [{"chargeName": "Less", "amount": -5}], "Region__c": "North", "sku": "OWN"},
        {"chargeName": "Fee", "amount": 20, "serviceStartDate": "2026-03-01"},
    ]});
    client.standalone(&body.to_string())
}

fn change(client: &mut TestClient, invoice: &str, body: &Value) -> Value {
    let response = client.put(invoice, &body.to_string());
    assert_eq!(response.status, 200, "{}", response.text);
    response.body
}

#[track_caller]
fn rejected(client: &mut TestClient, invoice: &str, body: &Value) -> String {
    let response = client.put(invoice, &body.to_string());
    response.error();
    assert_eq!(response.status, 400, "{}", response.text);
    response.body["reasons"][0]["message"].as_str().unwrap().to_owned()
}

#[test]
fn terms_change_and_the_response_has_other_names() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    let body = json!({"invoiceDate": "2026-03-10", "comments": "new", "autoPay": true, "templateId": "8ad0",
        "Region__c": "West", "SyncDate__NS": "now", "transferredToAccounting": "Ignore"});
    let response = change(&mut client, &invoice, &body);
    for (field, value) in [
        ("dueDate", json!("2026-04-09")),
        ("comment", json!("new")),
        ("number", json!("INV00000001")),
        ("templateId", json!("8ad0")),
        ("totalTaxExemptAmount", json!(0)),
        ("Region__c", json!("West")),
        ("amount", json!(123)),
        ("transferredToAccounting", json!("Ignore")),
    ] {
        assert_eq!(response[field], value, "{field}");
    }
    let due =
        change(&mut client, &invoice, &json!({"dueDate": "2026-05-01", "comments": null, "Region__c": null}));
    assert_eq!(
        (&due["dueDate"], &due["comment"], &due["Region__c"]),
        (&"2026-05-01".into(), &Value::Null, &Value::Null)
    );
    let both =
        rejected(&mut client, &invoice, &json!({"invoiceDate": "2026-03-10", "dueDate": "2026-05-01"}));
    assert_eq!(both, "Only one of invoiceDate and dueDate can be changed at once.");
}

#[test]
fn items_are_added_changed_and_removed() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    let items = client.items(&invoice);
    let (work, less, fee) = (&items[0]["id"], &items[1]["id"], &items[2]["id"]);
    let body = json!({"invoiceItems": [
        {"id": work, "amount": "110.50", "quantity": 3, "chargeName": "More work", "Region__c": null,
         "discountItems": [{"id": less, "amount": -6}, {"chargeName": "Even less", "amount": -1}]},
        {"id": fee, "delete": true},
        {"chargeName": "Extra", "amount": 7, "serviceStartDate": "2026-03-02", "taxCode": "SALES", "taxMode": "TaxExclusive"},
    ]});
    // 110.50 + 8 tax - 6 - 1 + 7 + 0.51 tax.
    assert_eq!(change(&mut client, &invoice, &body)["amount"], json!(119.01));
    let items = client.items(&invoice);
    let names: Vec<&str> = items.iter().map(|item| item["chargeName"].as_str().unwrap()).collect();
    assert_eq!(names, ["More work", "Less", "Even less", "Extra"]);
    assert_eq!((&items[0]["quantity"], &items[0]["Region__c"]), (&3.into(), &Value::Null));
    // A computed tax changes with its item, an explicit one does not.
    let body = json!({"invoiceItems": [{"id": items[0]["id"], "amount": 10}, {"id": items[3]["id"], "amount": 100}]});
    assert_eq!(change(&mut client, &invoice, &body)["taxAmount"], json!(15.25));
    let body = json!({"invoiceItems": [{"id": items[3]["id"], "description": "same price"}]});
    let before = client.items(&invoice)[3]["taxationItems"].clone();
    assert_ne!(
        before["data"][0]["id"], items[3]["taxationItems"]["data"][0]["id"],
        "computed again with the amount"
    );
    change(&mut client, &invoice, &body);
    assert_eq!(client.items(&invoice)[3]["taxationItems"], before);
    let body = json!({"invoiceItems": [
        {"id": items[0]["id"], "taxCode": null, "taxMode": null}, {"id": items[3]["id"], "taxCode": null, "taxMode": null}]});
    let untaxed = change(&mut client, &invoice, &body);
    assert_eq!((&untaxed["taxAmount"], &untaxed["amount"]), (&0.into(), &103.into()));
    // Removing an item removes its discounts.
    let body = json!({"invoiceItems": [{"id": items[0]["id"], "delete": true}]});
    assert_eq!(change(&mut client, &invoice, &body)["amount"], json!(100));
    assert_eq!(client.items(&invoice).len(), 1);
}

#[test]
fn invalid_updates_leave_the_invoice_unchanged() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    let items = client.items(&invoice);
    let (work, less) = (items[0]["id"].clone(), items[1]["id"].clone());
    let before = client.get(&invoice).text;
    let one = |item: Value| json!({ "comments": "changed", "invoiceItems": [item] });
    let discount = json!({"chargeName": "Less", "amount": -1});
    for (body, says) in [
        (one(json!({"id": "8ad0", "amount": 1})), "'invoiceItems[0].id'"),
        (one(json!({"delete": true})), "an id beside it"),
        (one(json!({"id": work, "bookingReference": "x"})), "for new items only"),
        (one(json!({"id": work, "productRatePlanChargeId": "x"})), "for new items only"),
        (one(json!({"id": work, "taxItems": []})), "for new items only"),
        (one(json!({"id": work, "amount": -200})), "cannot be negative"),
        (one(json!({"id": less, "amount": 5})), "below zero"),
        (one(json!({"id": work, "discountItems": [{"id": work}]})), "a discount on the item"),
        (one(json!({"id": work, "discountItems": vec![discount; 10]})), "at most 10 discounts"),
        (
            one(json!({"id": work, "discountItems": [{"chargeName": "L", "amount": -1, "taxItems": []}]})),
            "for new items only",
        ),
        (one(json!({"chargeName": "New", "amount": 1})), "'invoiceItems[0].serviceStartDate' is required"),
        (
            json!({"comments": "changed", "invoiceItems": vec![json!({"id": work}); 1001]}),
            "at most 1000 rows",
        ),
        (
            json!({"invoiceItems": [{"id": work, "delete": true}, {"id": items[2]["id"], "delete": true}]}),
            "its last item",
        ),
        (json!({"comments": "changed", "transferredToAccounting": "No"}), "one of Processing"),
        (json!({"number": "X"}), "'number' is unknown"),
    ] {
        let message = rejected(&mut client, &invoice, &body);
        assert!(message.contains(says), "{says}: {message}");
    }
    assert_eq!(client.get(&invoice).text, before);
}

#[test]
fn posted_invoices_and_those_of_runs_allow_few_changes() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    let item = client.items(&invoice)[0]["id"].clone();
    client.put(&format!("{invoice}/post"), "{}");
    let response = change(
        &mut client,
        &invoice,
        &json!({"comments": "thanks", "dueDate": "2026-06-01", "transferredToAccounting": "Yes",
        "invoiceItems": [{"id": item, "Region__c": "East", "IntegrationId__NS": "7"}]}),
    );
    assert_eq!(
        (&response["comment"], &response["postedOn"]),
        (&"thanks".into(), &"2026-03-01 09:00:00".into())
    );
    assert_eq!(client.items(&invoice)[0]["Region__c"], "East");
    rejected(&mut client, &invoice, &json!({"invoiceDate": "2026-03-02"}));
    rejected(&mut client, &invoice, &json!({"invoiceItems": [{"id": item, "amount": 1}]}));
    client.sandbox.settings().change_transferred = false;
    let back = client.put(&invoice, r#"{"transferredToAccounting":"Error"}"#);
    assert_eq!(back.error().0, 403);
    client.completed(r#"{"batches":["Batch1"],"targetDate":"2026-03-31"}"#);
    let of_run = "/v1/invoices/INV00000002";
    let item = client.items(of_run)[0]["id"].clone();
    rejected(&mut client, of_run, &json!({"invoiceItems": [{"id": item, "amount": 1}]}));
    change(
        &mut client,
        of_run,
        &json!({"invoiceDate": "2026-03-20", "invoiceItems": [{"id": item, "Region__c": "x"}]}),
    );
    client.put(&format!("{of_run}/cancel"), "{}");
    rejected(&mut client, of_run, &json!({"comments": "too late"}));
}
