//! Changes of an invoice: post, cancel, delete, reverse, write off, pay, email.

use http::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use zuora_sandbox::{BackgroundJob, Sandbox, Settings, Tenant};

use crate::client::TestClient;

fn invoice(client: &mut TestClient, items: usize) -> String {
    let item = json!({"chargeName": "Work", "amount": 10.5, "serviceStartDate": "2026-03-01",
        "taxCode": "SALES", "taxMode": "TaxExclusive"});
    let body =
        json!({"accountNumber": "A00000001", "invoiceDate": "2026-03-01", "invoiceItems": vec![item; items]});
    client.standalone(&body.to_string())
}

fn posted(client: &mut TestClient, items: usize) -> String {
    let path = invoice(client, items);
    assert_eq!(client.put(&format!("{path}/post"), "{}").status, 200);
    path
}

#[track_caller]
fn rejected(client: &mut TestClient, method: &Method, path: &str) -> (i64, String) {
    let response = client.call(method.clone(), path, if *method == Method::DELETE { "" } else { "{}" });
    let (status, code, message) = response.error();
    assert_eq!(status, 400, "{message}");
    (code, message.to_owned())
}

/// Returns the status of a job, and its last reason.
fn job(client: &mut TestClient, id: &Value) -> Value {
    let response = client.get(&format!("/v1/operations/jobs/{}", id.as_str().unwrap()));
    assert_eq!(response.status, 200, "{}", response.text);
    response.body
}

#[test]
fn drafts_are_posted_or_canceled_and_deleted() {
    let mut client = TestClient::demo();
    let (kept, gone) = (invoice(&mut client, 1), invoice(&mut client, 1));
    let response = client.put(&format!("{kept}/post"), r#"{"invoiceDate":"2026-03-02"}"#).body;
    assert_eq!((&response["jobStatus"], &response["jobId"].is_string()), (&"Completed".into(), &true));
    assert!(kept.ends_with(response["id"].as_str().unwrap()));
    let shown = client.get(&kept).body;
    assert_eq!((&shown["status"], &shown["dueDate"]), (&"Posted".into(), &"2026-04-01".into()));
    assert_eq!(
        rejected(&mut client, &Method::PUT, &format!("{kept}/post")),
        (59_210_020, "Only invoices with Draft status can be posted.".to_owned())
    );
    assert_eq!(rejected(&mut client, &Method::PUT, &format!("{kept}/cancel")).0, 59_000_030);
    assert_eq!(rejected(&mut client, &Method::DELETE, &kept).0, 50_000_030);
    assert_eq!(rejected(&mut client, &Method::DELETE, &gone).0, 50_000_030);
    let canceled = client.put(&format!("{gone}/cancel"), "{}").body;
    assert_eq!(canceled["jobStatus"], "Completed");
    assert_eq!(client.get(&gone).body["status"], "Canceled");
    assert_eq!(rejected(&mut client, &Method::PUT, &format!("{gone}/post")).0, 59_210_020);
    let deleted = client.delete(&gone).body;
    assert_eq!(deleted["jobStatus"], "Completed");
    assert_eq!(client.get(&gone).status, 404);
    let job = job(&mut client, &deleted["jobId"]);
    assert_eq!((&job["operationType"], &job["objectType"]), (&"Delete".into(), &"Invoice".into()));
    assert_eq!((&job["status"], &job["objectId"]), (&"Completed".into(), &deleted["id"]));
    assert_eq!(client.call(Method::PUT, &format!("{kept}/post"), "").status, 415);
}

#[test]
fn a_canceled_draft_of_a_run_can_be_billed_again() {
    let mut client = TestClient::demo();
    let body = r#"{"batches":["Batch1"],"targetDate":"2026-03-31"}"#;
    let run = client.completed(body);
    let first = client.invoices(&run)[0].clone();
    client.put(&format!("/v1/invoices/{}/cancel", first["id"].as_str().unwrap()), "{}");
    let again = client.completed(body);
    let again = client.invoices(&again);
    assert_eq!((again.len(), &again[0]["accountId"]), (1, &first["accountId"]));
    assert_eq!(again[0]["amount"], first["amount"]);
    // The charges of a posted invoice are billed again once it is reversed, which is not possible if a newer invoice bills the same
    // subscriptions.
    let id = format!("/v1/invoices/{}", again[0]["id"].as_str().unwrap());
    client.put(&format!("{id}/post"), "{}");
    let later = client.completed(r#"{"batches":["Batch1"],"targetDate":"2026-04-30"}"#);
    let later = client.invoices(&later)[0]["id"].as_str().unwrap().to_owned();
    assert!(rejected(&mut client, &Method::PUT, &format!("{id}/reverse")).1.contains("A newer invoice"));
    client.put(&format!("/v1/invoices/{later}/cancel"), "{}");
    assert_eq!(client.put(&format!("{id}/reverse"), "{}").status, 200);
    let third = client.completed(body);
    assert_eq!(client.invoices(&third)[0]["amount"], first["amount"]);
}

#[test]
fn large_invoices_are_processed_by_jobs() {
    let settings =
        Settings::default().post_job_from(3_usize).cancel_job_from(3_usize).delete_job_from(2_usize);
    let mut client = TestClient::with(settings.reverse_job_above(5_usize));
    let small = posted(&mut client, 2);
    assert_eq!(client.get(&small).body["status"], "Posted", "at once");
    let large = invoice(&mut client, 3);
    let response = client.put(&format!("{large}/post"), "{}").body;
    assert_eq!(response["jobStatus"], "Pending");
    let busy = client.put(&format!("{large}/cancel"), "{}");
    let literal = "Operation failed due to a lock competition, please retry later.";
    assert_eq!(busy.error(), (409, 50_000_050, literal));
    for (status, invoice) in [("Pending", "Draft"), ("Processing", "Draft"), ("Completed", "Posted")] {
        assert_eq!(job(&mut client, &response["jobId"])["status"], status);
        assert_eq!(client.get(&large).body["status"], invoice);
        client.seconds += 1;
    }
    // Three items and three taxes exceed the limit of five.
    let reversal = client.put(&format!("{large}/reverse"), "{}").body;
    assert_eq!((&reversal["jobStatus"], &reversal["creditMemo"]), (&"Pending".into(), &Value::Null));
    client.sandbox.fail_next(BackgroundJob::Job);
    client.seconds += 2;
    let failed = job(&mut client, &reversal["jobId"]);
    assert_eq!((&failed["status"], &failed["success"]), (&"Failed".into(), &true.into()));
    assert!(failed["reasons"][0]["message"].is_string());
    assert_eq!(client.get(&large).body["creditMemoAmount"], 0);
    client.put(&format!("{large}/reverse"), "{}");
    client.seconds += 2;
    assert_eq!(client.get(&large).body["balance"], json!(0.0));
    let other = invoice(&mut client, 3);
    client.put(&format!("{other}/cancel"), "{}");
    client.seconds += 2;
    assert_eq!(client.get(&other).body["status"], "Canceled");
    let deletion = client.delete(&other).body;
    assert_eq!(client.get(&other).status, 200);
    client.seconds += 2;
    assert_eq!(client.get(&other).status, 404);
    assert_eq!(job(&mut client, &deletion["jobId"])["status"], "Completed");
}

#[test]
fn jobs_of_posting_can_be_hidden() {
    let mut client = TestClient::with(Settings::default().hide_posting_jobs(true));
    let path = invoice(&mut client, 1);
    let response = client.put(&format!("{path}/post"), "{}").body;
    let job = format!("/v1/operations/jobs/{}", response["jobId"].as_str().unwrap());
    assert_eq!(client.get(&job).error().1, 50_000_040);
}

#[test]
fn a_job_fails_if_the_invoice_has_changed() {
    let mut client = TestClient::with(
        Settings::default().post_job_from(1_usize).job_step(std::time::Duration::from_secs(5)),
    );
    let run = client.completed(r#"{"batches":["Batch1"],"targetDate":"2026-03-31"}"#);
    let posting = client.put("/v1/invoices/INV00000001/post", "{}").body;
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 30;
    let job = job(&mut client, &posting["jobId"]);
    assert_eq!((&job["status"], &job["reasons"][0]["code"]), (&"Failed".into(), &59_210_020.into()));
}

#[test]
fn a_reversal_credits_the_whole_invoice() {
    let mut client = TestClient::demo();
    let path = posted(&mut client, 2);
    let memo = client.put(
        &format!("{path}/reverse"),
        r#"{"memoDate":"2026-03-02","applyEffectiveDate":"2026-03-03","comment":"no","reasonCode":"Invoice reversal"}"#,
    );
    let memo = memo.body["creditMemo"]["id"].clone();
    let shown = client.get(&path).body;
    // 2 x (10.50 + 0.76).
    assert_eq!((&shown["status"], &shown["balance"]), (&"Posted".into(), &json!(0.0)));
    assert_eq!((&shown["creditMemoAmount"], &shown["amount"]), (&json!(22.52), &json!(22.52)));
    let parts = client.get(&format!("{path}/application-parts")).body["applicationParts"].clone();
    assert_eq!((&parts[0]["creditMemoId"], &parts[0]["appliedAmount"]), (&memo, &json!(22.52)));
    assert_eq!(parts[0]["paymentId"], Value::Null);
    let number = shown["invoiceNumber"].as_str().unwrap();
    let rows = client.get("/object-query/invoices?filter[]=reversed.EQ:true&fields[]=invoiceNumber").body;
    assert_eq!(rows["data"][0]["invoiceNumber"], number);
    for call in ["reverse", "write-off", "cancel"] {
        rejected(&mut client, &Method::PUT, &format!("{path}/{call}"));
    }
    rejected(&mut client, &Method::PUT, &path);
}

#[test]
fn a_write_off_credits_the_balance() {
    let mut client = TestClient::demo();
    let path = posted(&mut client, 2);
    let payment = client.sandbox.pay(path.rsplit('/').next().unwrap(), Decimal::new(1100, 2)).unwrap();
    // 11.00 of 22.52 covers the first item and 0.50 of its tax.
    let items = client.items(&path);
    let balances: Vec<&Value> = items.iter().map(|item| &item["balance"]).collect();
    assert_eq!(balances, [&json!(0.0), &json!(10.5)]);
    let tax = &items[0]["taxationItems"]["data"][0];
    assert_eq!((&tax["balance"], &tax["paymentAmount"]), (&json!(0.26), &json!(0.5)));
    assert!(
        rejected(&mut client, &Method::PUT, &format!("{path}/reverse"))
            .1
            .contains("payments or credit memos")
    );
    let all = json!({"amount": 11.52, "revenueImpacting": "No", "nonRevenueWriteOffAccountingCode": "Bad debt",
        "comment": "gone", "memoDate": "2026-03-02", "Region__c": "x", "Origin__NS": "n", "items": [
        {"invoiceItemId": items[0]["id"], "taxationItems": [{"taxationItemId": tax["id"], "amount": 0.26}]},
        {"invoiceItemId": items[1]["id"], "amountWithoutTax": 10.5}]});
    let response = client.put(&format!("{path}/write-off"), &all.to_string());
    let memo = response.body["creditMemo"]["id"].clone();
    assert!(memo.is_string(), "{}", response.text);
    let parts = client.get(&format!("{path}/application-parts?pageSize=1")).body;
    assert_eq!(parts["applicationParts"][0]["paymentId"], payment);
    assert!(parts["nextPage"].as_str().unwrap().contains("application-parts?page=2&pageSize=1"));
    for item in client.items(&path) {
        assert_eq!(
            (&item["balance"], &item["taxationItems"]["data"][0]["balance"]),
            (&json!(0.0), &json!(0.0))
        );
    }
    let shown = client.get(&path).body;
    assert_eq!((&shown["paymentAmount"], &shown["creditMemoAmount"]), (&json!(11.0), &json!(11.52)));
    assert!(
        rejected(&mut client, &Method::PUT, &format!("{path}/write-off")).1.contains("without a balance")
    );
}

#[test]
fn invalid_write_offs_and_reversals_are_rejected() {
    let mut client = TestClient::demo();
    let path = posted(&mut client, 2);
    let item = client.items(&path)[0]["id"].clone();
    for (call, body, code) in [
        ("write-off", json!({"memoDate": "2026-02-28"}), 59_000_020),
        ("write-off", json!({"reasonCode": "Mood"}), 59_000_020),
        ("write-off", json!({"amount": 1}), 59_000_030),
        ("write-off", json!({"items": [{"invoiceItemId": item}]}), 59_000_030),
        ("write-off", json!({"items": [{"invoiceItemId": item, "amountWithoutTax": 1}]}), 59_000_020),
        ("write-off", json!({"items": [{"invoiceItemId": "x"}]}), 59_000_020),
        ("write-off", json!({"items": [{}]}), 59_000_022),
        ("write-off", json!({"nonRevenueWriteOffAccountingCode": "x"}), 59_000_030),
        ("write-off", json!({"color": 1}), 59_000_021),
        ("reverse", json!({"memoDate": "2026-02-28"}), 59_000_020),
        ("reverse", json!({"memoDate": "2026-03-05", "applyEffectiveDate": "2026-03-04"}), 59_000_020),
        ("reverse", json!({"comment": "x".repeat(256)}), 59_000_020),
        ("reverse", json!({"reasonCode": "Mood"}), 59_000_020),
    ] {
        let response = client.put(&format!("{path}/{call}"), &body.to_string());
        assert_eq!((response.error().0, response.error().1), (400, code), "{call} {body}: {}", response.text);
    }
    let settings = client.sandbox.settings();
    (settings.write_off_items, settings.reverse_items, settings.enhanced_write_off) = (3, 3, false);
    for call in ["write-off", "reverse"] {
        assert!(rejected(&mut client, &Method::PUT, &format!("{path}/{call}")).1.contains("too many items"));
    }
    assert_eq!(client.put(&format!("{path}/write-off"), r#"{"revenueImpacting":"Yes"}"#).error().0, 403);
    client.sandbox.settings().invoice_settlement = false;
    assert_eq!(client.put(&format!("{path}/write-off"), "{}").error().1, 50_000_010);
    assert_eq!(client.put(&format!("{path}/reverse"), "{}").error().1, 50_000_010);
    assert_eq!(client.get(&format!("{path}/application-parts")).error().0, 403);
    assert_eq!(client.get(&path).body["creditMemoAmount"], 0);
}

#[test]
fn only_posted_invoices_with_a_positive_total_are_reversed_or_written_off() {
    let mut client = TestClient::demo();
    let draft = invoice(&mut client, 1);
    let canceled = invoice(&mut client, 1);
    assert_eq!(client.put(&format!("{canceled}/cancel"), "{}").status, 200);
    for path in [&draft, &canceled] {
        for call in ["reverse", "write-off"] {
            let (_, message) = rejected(&mut client, &Method::PUT, &format!("{path}/{call}"));
            assert!(message.contains("Posted status"), "{call}: {message}");
        }
    }

    // A credit of the first subscription.
    let demo = include_str!("../../demo-tenant.json");
    let tenant = Tenant::from_json(&demo.replacen(r#""price": 9.995"#, r#""price": -9.995"#, 1)).unwrap();
    let mut client = TestClient::of(Sandbox::new(tenant, Settings::default()));
    let run = client.completed(
        r#"{"batches":["Batch1"],"targetDate":"2026-01-31","chargeTypeToExclude":["OneTime","Usage"]}"#,
    );
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 1;
    let negative = client.invoices(&run).into_iter().find(|invoice| invoice["amount"].as_f64() < Some(0.0));
    let negative = format!("/v1/invoices/{}", negative.unwrap()["id"].as_str().unwrap());
    let (_, message) = rejected(&mut client, &Method::PUT, &format!("{negative}/reverse"));
    assert!(message.contains("negative total"), "{message}");
    let (_, message) = rejected(&mut client, &Method::PUT, &format!("{negative}/write-off"));
    assert!(message.contains("without a balance"), "{message}");
}

#[test]
fn the_documented_numbers_of_items_are_the_defaults() {
    let defaults = Settings::default();
    let thresholds = (defaults.post_job_from, defaults.cancel_job_from, defaults.delete_job_from);
    assert_eq!(thresholds, (1000, 1000, 100));
    assert_eq!((defaults.write_off_items, defaults.reverse_job_above, defaults.files), (2000, 2000, 50));
}

#[test]
fn zero_items_require_the_mirroring_rule_and_zero_totals_do_not() {
    let mut client = TestClient::demo();
    let zero = |amounts: &[i64]| {
        let item =
            |amount: &i64| json!({"chargeName": "Work", "amount": amount, "serviceStartDate": "2026-03-01"});
        let items: Vec<Value> = amounts.iter().map(item).collect();
        json!({"accountNumber": "A00000001", "invoiceDate": "2026-03-01", "status": "Posted", "invoiceItems": items}).to_string()
    };
    let nothing = client.standalone(&zero(&[0]));
    let sum = client.standalone(&zero(&[5, -5]));
    let mixed = client.standalone(&zero(&[5, 0]));
    rejected(&mut client, &Method::PUT, &format!("{nothing}/reverse"));
    rejected(&mut client, &Method::PUT, &format!("{mixed}/write-off"));
    rejected(&mut client, &Method::PUT, &format!("{sum}/write-off"));
    assert_eq!(client.put(&format!("{sum}/reverse"), "{}").status, 200);
    for item in client.items(&sum) {
        assert_eq!((&item["balance"], &item["availableToCreditAmount"]), (&json!(0), &json!(0)));
    }
    client.sandbox.settings().mirror_zero_items = true;
    assert_eq!(client.put(&format!("{nothing}/reverse"), "{}").status, 200);
    assert_eq!(client.put(&format!("{mixed}/write-off"), "{}").status, 200);
}

#[test]
fn payments_cannot_exceed_the_balance() {
    let mut client = TestClient::demo();
    let draft = invoice(&mut client, 1);
    let path = posted(&mut client, 1);
    let number = client.get(&path).body["invoiceNumber"].as_str().unwrap().to_owned();
    let mut pay = |key: &str, cents: i64, scale: u32| client.sandbox.pay(key, Decimal::new(cents, scale));
    for (key, cents, scale, says) in [
        ("8ad0", 1, 0, "no invoice has the id or number 8ad0"),
        (draft.rsplit('/').next().unwrap(), 1, 0, "is not posted"),
        (number.as_str(), 0, 0, "not a payable amount in USD"),
        (number.as_str(), -1, 0, "not a payable amount in USD"),
        (number.as_str(), 1001, 3, "not a payable amount in USD"),
        (number.as_str(), 1127, 2, "has a balance of 11.26"),
    ] {
        let error = pay(key, cents, scale).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert_ne!(pay(&number, 1000, 2).unwrap(), pay(&number, 126, 2).unwrap());
    assert_eq!(client.get(&path).body["balance"].as_f64(), Some(0.0));
}

#[test]
fn tax_items_are_added_to_drafts() {
    let mut client = TestClient::demo();
    let path = invoice(&mut client, 1);
    let item = client.items(&path)[0]["id"].clone();
    let tax = |more: Value| {
        let mut tax = json!({"invoiceItemId": item, "name": "City tax", "jurisdiction": "SF", "taxAmount": "1.005",
            "taxRate": 1.005, "taxRateType": "FlatFee", "taxDate": "2026-03-01", "exemptAmount": 2, "Zone__c": "9",
            "financeInformation": {"salesTaxPayableAccountingCode": "Tax"}, "country": "US"});
        tax.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"taxationItems": [tax]}).to_string()
    };
    let taxes = format!("{path}/taxation-items");
    client.set("idempotency-key", "tax-1");
    let added = client.post(&taxes, &tax(json!({})));
    assert_eq!(added.text, client.post(&taxes, &tax(json!({}))).text);
    client.unset("idempotency-key");
    let row = &added.body["taxationItems"][0];
    assert_eq!(
        (&row["taxAmount"], &row["taxMode"], &row["Zone__c"]),
        (&json!(1.01), &"TaxExclusive".into(), &"9".into())
    );
    assert_eq!(row["financeInformation"]["salesTaxPayableAccountingCode"], "Tax");
    // 10.50 + 0.76 + 1.01; an inclusive tax does not change the total.
    client.post(&taxes, &tax(json!({"taxMode": "TaxInclusive"})));
    let shown = client.get(&path).body;
    assert_eq!((&shown["amount"], &shown["taxAmount"]), (&json!(12.27), &json!(2.78)));
    assert_eq!((&shown["amountWithoutTax"], &shown["taxExemptAmount"]), (&json!(9.49), &json!(4)));
    let listed =
        client.get(&format!("{path}/items/{}/taxation-items?pageSize=2", item.as_str().unwrap())).body;
    assert_eq!((listed["data"].as_array().unwrap().len(), listed["nextPage"].is_string()), (2, true));
    for more in [
        json!({"invoiceItemId": "x"}),
        json!({"jurisdiction": null}),
        json!({"taxRateType": "Lump"}),
        json!({"taxAmount": null}),
        json!({"color": 1}),
        json!({"financeInformation": {"color": 1}}),
    ] {
        assert_eq!(client.post(&taxes, &tax(more)).error().0, 400);
    }
    assert_eq!(client.post(&taxes, r#"{"taxationItems":[]}"#).error().1, 59_000_022);
    assert_eq!(client.get(&format!("{path}/items/x/taxation-items")).status, 404);
    client.put(&format!("{path}/post"), "{}");
    assert!(client.post(&taxes, &tax(json!({}))).error().2.contains("Draft"));
}

#[test]
fn only_posted_invoices_are_emailed() {
    let mut client = TestClient::demo();
    let path = invoice(&mut client, 1);
    let mails = format!("{path}/emails");
    assert!(client.post(&mails, "{}").error().2.contains("Posted"));
    client.put(&format!("{path}/post"), "{}");
    for body in [
        r#"{"emailAddresses":"a@b.c,"}"#,
        r#"{"emailAddresses":"nobody"}"#,
        r#"{"pdfFileId":"8ad0"}"#,
        r#"{"useEmailTemplateSetting":"perhaps"}"#,
    ] {
        assert_eq!(client.post(&mails, body).error().1, 59_000_020, "{body}");
    }
    assert_eq!(client.get(&path).body["lastEmailSentDate"], Value::Null);
    client.set("idempotency-key", "mail-1");
    assert_eq!(
        client
            .post(&mails, r#"{"emailAddresses":"a@b.c, d@e.f","includeAdditionalEmailAddresses":true}"#)
            .status,
        200
    );
    client.unset("idempotency-key");
    assert_eq!(client.get(&path).body["lastEmailSentDate"], "2026-03-01 09:00:00");
    let contact = json!({"accountNumber": "A00000001", "invoiceDate": "2026-03-01", "status": "Posted",
        "billToContact": {"firstName": "A", "lastName": "B"},
        "invoiceItems": [{"chargeName": "Work", "amount": 1, "serviceStartDate": "2026-03-01"}]});
    let unreachable = client.standalone(&contact.to_string());
    assert!(client.post(&format!("{unreachable}/emails"), "{}").error().2.contains("no mail address"));
    assert_eq!(client.post(&format!("{unreachable}/emails"), r#"{"emailAddresses":"a@b.c"}"#).status, 200);
    client.sandbox.settings().invoice_mail = false;
    assert!(client.post(&mails, "{}").error().2.contains("not active"));
}
