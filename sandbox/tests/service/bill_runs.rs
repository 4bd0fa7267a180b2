//! The statuses of a bill run, and every error response on the way.

use std::time::Duration;

use serde_json::Value;
use zuora_sandbox::{BackgroundJob, Sandbox, Settings, Tenant};

use crate::client::TestClient;

const DEMO: &str = include_str!("../../demo-tenant.json");
const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;

fn account_id(number: usize) -> String {
    let tenant: Value = serde_json::from_str(DEMO).unwrap();
    tenant["accounts"][number - 1]["id"].as_str().unwrap().to_owned()
}

fn subscription_id(account: usize, place: usize) -> String {
    let tenant: Value = serde_json::from_str(DEMO).unwrap();
    tenant["accounts"][account - 1]["subscriptions"][place]["id"].as_str().unwrap().to_owned()
}

/// Tokens that outlive every schedule.
fn long_lived_tokens() -> Settings {
    Settings::default().token_life(Duration::from_secs(365 * 86_400))
}

/// Returns the numbers of the accounts that a run has invoiced.
fn billed(client: &mut TestClient, run: &str) -> Vec<usize> {
    let rows = client.invoices(run);
    let number = |row: &Value| (1..=12).find(|number| row["accountId"] == account_id(*number)).unwrap();
    rows.iter().map(number).collect()
}

#[test]
fn a_run_is_created_billed_and_posted() {
    let mut client = TestClient::demo();
    let run = client.create(ALL);
    let shown = client.get(&run).body;
    assert_eq!(shown["billRunNumber"], "BR-00000001");
    assert_eq!((&shown["invoiceDate"], &shown["targetDate"]), (&"2026-03-01".into(), &"2026-03-31".into()));
    assert_eq!(shown["createdDate"], "2026-03-01 09:00:00");
    client.seconds += 1;
    assert_eq!(client.status(&run), "Processing");
    assert!(client.invoices(&run).is_empty());
    client.seconds += 1;
    assert_eq!(client.status(&run), "Completed");
    assert_eq!(billed(&mut client, &run).len(), 12);

    let response = client.put(&format!("{run}/post"), r#"{"invoiceDate":"2026-03-15"}"#);
    assert_eq!((response.status, &response.body["status"]), (200, &"PostInProgress".into()));
    assert!(client.invoices(&run).iter().all(|invoice| invoice["status"] == "Draft"));
    client.seconds += 1;
    assert_eq!(client.status(&run), "Posted");
    for invoice in client.invoices(&run) {
        assert_eq!((&invoice["status"], &invoice["invoiceDate"]), (&"Posted".into(), &"2026-03-15".into()));
    }
    let first = client.get("/v1/invoices/INV00000001").body;
    assert_eq!((&first["dueDate"], &first["postedDate"]), (&"2026-04-14".into(), &"2026-03-01".into()));
}

#[test]
fn charges_are_not_billed_again_until_the_run_is_canceled() {
    let mut client = TestClient::demo();
    let first = client.completed(ALL);
    let second = client.completed(ALL);
    assert!(billed(&mut client, &second).is_empty(), "the first is still a draft");

    assert_eq!(client.put(&format!("{first}/cancel"), "{}").body["status"], "CancelInProgress");
    client.seconds += 1;
    assert_eq!(client.status(&first), "Canceled");
    assert!(client.invoices(&first).iter().all(|invoice| invoice["status"] == "Canceled"));
    let third = client.completed(ALL);
    assert_eq!(billed(&mut client, &third).len(), 12);

    assert_eq!(client.delete(&first).body["status"], "RemoveInProgress");
    client.seconds += 1;
    assert_eq!(client.get(&first).status, 404);
    assert_eq!(client.get("/v1/invoices/INV00000001").status, 404);
    let fourth = client.completed(ALL);
    assert!(billed(&mut client, &fourth).is_empty(), "deleting gives nothing back a second time");
    let later = client.completed(r#"{"batches":["AllBatches"],"targetDate":"2026-04-30"}"#);
    assert!(!billed(&mut client, &later).is_empty());
}

#[test]
fn requests_in_the_wrong_status_are_rejected() {
    let mut client = TestClient::demo();
    let run = client.create(ALL);
    let (post, cancel) = (format!("{run}/post"), format!("{run}/cancel"));
    let only = |what: &str| format!("Only bill runs with {what}.");
    let post_text = only("Completed status can be posted");
    let cancel_text = only("Pending or Completed status can be canceled");
    let delete_text = only("Canceled or Error status can be deleted");
    assert_eq!(client.put(&post, "{}").error(), (400, 50_000_030, post_text.as_str()));
    assert_eq!(client.delete(&run).error(), (400, 50_000_030, delete_text.as_str()));
    client.seconds += 1;
    assert_eq!(client.put(&post, "{}").error().2, post_text);
    assert_eq!(client.put(&cancel, "{}").error().2, cancel_text);
    client.seconds += 1;
    assert_eq!(client.delete(&run).error().2, delete_text);
    assert_eq!(client.put(&post, "{}").status, 200);
    assert_eq!(client.put(&post, "{}").error().2, post_text);
    assert_eq!(client.put(&cancel, "{}").error().2, cancel_text);
    client.seconds += 1;
    assert_eq!(client.put(&post, "{}").error().2, post_text);
    assert_eq!(client.put(&cancel, "{}").error().2, cancel_text);
    assert_eq!(client.delete(&run).error().2, delete_text);

    let other = client.create(ALL);
    client.put(&format!("{other}/cancel"), "{}");
    assert_eq!(client.put(&format!("{other}/cancel"), "{}").error().2, cancel_text);
    client.seconds += 1;
    assert_eq!(client.put(&format!("{other}/cancel"), "{}").error().2, cancel_text);
    assert_eq!(client.put(&format!("{other}/post"), "{}").error().2, post_text);
}

#[test]
fn background_work_can_fail() {
    let mut client = TestClient::demo();
    client.sandbox.fail_next(BackgroundJob::Billing);
    let run = client.create(ALL);
    client.seconds += 2;
    assert_eq!(client.status(&run), "Error");
    assert_eq!(client.delete(&run).status, 200);
    client.seconds += 1;
    assert_eq!(client.get(&run).status, 404);

    client.sandbox.fail_next(BackgroundJob::Posting);
    let run = client.completed(ALL);
    let drafts = |client: &mut TestClient| {
        client.invoices(&run).iter().filter(|invoice| invoice["status"] == "Draft").count()
    };
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 1;
    assert_eq!((client.status(&run).as_str(), drafts(&mut client)), ("Completed", 1));
    let text = "The Bill Run cannot be Cancelled, There are Posted invoices.";
    assert_eq!(client.put(&format!("{run}/cancel"), "{}").error().2, text);
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 1;
    assert_eq!((client.status(&run).as_str(), drafts(&mut client)), ("Posted", 0));
}

#[test]
fn autopost_and_autoemail_follow_each_other() {
    let mut client = TestClient::demo();
    let run = client.create(
        r#"{"batches":["Batch1"],"billCycleDay":"1","targetDate":"2026-03-31","autoPost":true,"autoEmail":true}"#,
    );
    client.seconds += 2;
    assert_eq!(client.status(&run), "PostInProgress");
    client.seconds += 1;
    assert_eq!(client.status(&run), "Posted");
    assert_eq!(billed(&mut client, &run), [1, 3]);
    assert_eq!(client.get("/v1/invoices/INV00000001").body["lastEmailSentDate"], "2026-03-01 09:00:03");
}

#[test]
fn posted_documents_are_emailed_once() {
    let mut client = TestClient::demo();
    let run = client.completed(r#"{"batches":["Batch1"],"targetDate":"2026-03-31"}"#);
    let mailed =
        |client: &mut TestClient| client.get("/v1/invoices/INV00000001").body["lastEmailSentDate"].clone();
    assert_eq!(client.post("/v1/bill-runs/BR-00000001/emails", "{}").text, r#"{"success":true}"#);
    assert_eq!(mailed(&mut client), Value::Null, "a draft");
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 1;
    client.post(&format!("{run}/emails"), "{}");
    assert_eq!(mailed(&mut client), "2026-03-01 09:00:03");
    client.seconds += 60;
    client.post("/v1/bill-runs/BR-00000001/emails", r#"{"resend":false}"#);
    assert_eq!(mailed(&mut client), "2026-03-01 09:00:03");
    client.post("/v1/bill-runs/BR-00000001/emails", r#"{"resend":"true"}"#);
    assert_eq!(mailed(&mut client), "2026-03-01 09:01:03");
    assert_eq!(client.post(&format!("{run}/emails"), "").status, 415);
}

#[test]
fn the_number_of_a_run_is_an_id_only_where_documented() {
    let mut client = TestClient::demo();
    client.create(ALL);
    let missing = "Cannot find entity by key: 'BR-00000001'.";
    assert_eq!(client.get("/v1/bill-runs/BR-00000001").error(), (404, 50_000_040, missing));
    client.sandbox.settings().run_number_as_id = true;
    assert_eq!(client.get("/v1/bill-runs/BR-00000001").status, 200);
}

#[test]
fn scopes_select_accounts_subscriptions_and_charges() {
    let run = |fields: &str| {
        let mut client = TestClient::demo();
        let run = client.completed(&format!(r#"{{{fields},"targetDate":"2026-03-31"}}"#));
        let accounts = billed(&mut client, &run);
        let items = client.get("/v1/invoices/INV00000001/items?pageSize=40").body["invoiceItems"].clone();
        (accounts, items.as_array().map_or(0, Vec::len))
    };
    assert_eq!(run(r#""batches":["Batch2","Batch4"],"billCycleDay":"15""#).0, [5, 12]);
    assert_eq!(run(r#""batches":["AllBatches"],"billCycleDay":"2""#).0, [0; 0]);
    assert_eq!(run(r#""batches":["Batch1"],"chargeTypeToExclude":["Usage","OneTime"]"#), (vec![1, 2, 3], 4));
    assert_eq!(run(r#""batches":["Batch1"],"includeSubscriptions":false"#).0, [0; 0]);
    let account = account_id(1);
    let filter = format!(r#""billRunFilters":[{{"filterType":"Account","accountId":"{account}"}}]"#);
    assert_eq!(run(&filter), (vec![1], 7));
    let subscription = subscription_id(1, 1);
    let filter = format!(
        r#""billRunFilters":[{{"filterType":"Subscription","accountId":"{account}","subscriptionId":"{subscription}"}}]"#
    );
    assert_eq!(run(&filter), (vec![1], 1));
    let condition = |object: &str, condition: &str| {
        format!(r#"{{"filterType":"FilterCondition","objectType":"{object}","condition":{condition}}}"#)
    };
    let euros = condition("Account", r#"{"field":"currency","operator":"eq","value":"EUR"}"#);
    let usage = condition("RatePlanCharge", r#"{"field":"chargeType","operator":"eq","value":"Usage"}"#);
    assert_eq!(run(&format!(r#""billRunFilters":[{euros}]"#)).0, [3, 9, 11]);
    assert_eq!(run(&format!(r#""billRunFilters":[{euros},{usage}]"#)), (vec![9], 1));
}

#[test]
fn a_filter_is_shown_as_received() {
    let mut client = TestClient::demo();
    let account = account_id(4);
    let run = client.create(&format!(
        r#"{{"billRunFilters":[{{"filterType":"Account","accountId":"{account}"}}],"targetDate":"2026-03-31"}}"#
    ));
    let shown = client.get(&run).body;
    assert_eq!(shown["billRunFilters"][0]["accountId"], *account);
    assert_eq!((&shown["batches"], &shown["billCycleDay"]), (&Value::Null, &Value::Null));
}

#[test]
fn creation_is_rejected_field_by_field() {
    let mut client = TestClient::demo();
    let account = account_id(1);
    let own = subscription_id(1, 0);
    let other = format!(
        r#"{{"filterType":"Subscription","accountId":"{}","subscriptionId":"{}"}}"#,
        account_id(2),
        subscription_id(2, 0)
    );
    let mine = format!(r#"{{"filterType":"Subscription","accountId":"{account}","subscriptionId":"{own}"}}"#);
    let of_account = format!(r#"{{"filterType":"Account","accountId":"{account}"}}"#);
    let filters =
        |rows: &[&str]| format!(r#"{{"targetDate":"2026-03-31","billRunFilters":[{}]}}"#, rows.join(","));
    let batches = |rest: &str| format!(r#"{{"batches":["AllBatches"],"targetDate":"2026-03-31",{rest}}}"#);
    let monthly = r#""schedule":{"repeatFrom":"2026-04-01","repeatType":"Monthly","runTime":3}"#;
    let daily = r#""schedule":{"repeatFrom":"2026-04-01","repeatType":"Daily","runTime":3}"#;
    let all = r#""batches":["AllBatches"]"#;
    for (body, category, says) in [
        (r#"{"targetDate":"2026-03-31"}"#.to_owned(), 22, "'batches'"),
        (r#"{"batches":["AllBatches"]}"#.to_owned(), 22, "'targetDate'"),
        (r#"{"batches":[],"targetDate":"2026-03-31"}"#.to_owned(), 22, "'batches'"),
        (r#"{"batches":["Batch51"],"targetDate":"2026-03-31"}"#.to_owned(), 20, "'batches'"),
        (r#"{"batches":["Batch01"],"targetDate":"2026-03-31"}"#.to_owned(), 20, "'batches'"),
        (r#"{"batches":["AllBatches","Batch1"],"targetDate":"2026-03-31"}"#.to_owned(), 30, "AllBatches"),
        (r#"{"batches":["Batch1"],"targetDate":"2026-02-30"}"#.to_owned(), 20, "'targetDate'"),
        (r#"{"batches":["Batch1"],"targetDate":"2036-03-02"}"#.to_owned(), 30, "10 years"),
        (batches(r#""color":1"#), 21, "'color'"),
        (batches(r#""billCycleDay":"32""#), 20, "'billCycleDay'"),
        (batches(r#""billCycleDay":"AsRunDay""#), 30, "AsRunDay"),
        (batches(r#""autoPost":"maybe""#), 20, "'autoPost'"),
        (batches(r#""chargeTypeToExclude":["Usage","OneTime","Recurring"]"#), 30, "'chargeTypeToExclude'"),
        (batches(r#""chargeTypeToExclude":["Discount"]"#), 20, "'chargeTypeToExclude'"),
        (batches(r#""invoiceDateMonthOffset":1"#), 22, "'invoiceDateDayOfMonth'"),
        (batches(r#""invoiceDateDayOfMonth":1"#), 22, "'invoiceDateMonthOffset'"),
        (batches(r#""invoiceDateMonthOffset":1,"invoiceDateDayOfMonth":1"#), 30, "monthly"),
        (batches(r#""invoiceDateMonthOffset":1,"invoiceDateDayOfMonth":32"#), 20, "'invoiceDateDayOfMonth'"),
        (batches(r#""targetDateMonthOffset":1,"targetDateDayOfMonth":1"#), 30, "excludes"),
        (batches(r#""billRunType":"CatchUp""#), 10, "Catch-Up"),
        (batches(r#""billRunType":"Odd""#), 20, "'billRunType'"),
        (
            batches(r#""organizationLabels":[{"excluded":true}]"#),
            22,
            "'organizationLabels[0].organizationId'",
        ),
        (batches(&format!(r#""billRunFilters":[{of_account}]"#)), 30, "exclude each other"),
        (format!(r#"{{{all},{daily},"targetDateMonthOffset":0,"targetDateDayOfMonth":31}}"#), 30, "monthly"),
        (format!(r#"{{{all},{monthly},"targetDateMonthOffset":0}}"#), 22, "'targetDateDayOfMonth'"),
        (filters(&[]), 22, "'billRunFilters'"),
        (filters(&[&of_account, &of_account]), 30, "only one account"),
        (filters(&[&of_account, &mine]), 30, "one type"),
        (filters(&[&mine, &other]), 30, "one account"),
        (filters(&vec![mine.as_str(); 51]), 30, "at most 50"),
        (filters(&[r#"{"filterType":"Account"}"#]), 22, "'billRunFilters[0].accountId'"),
        (filters(&[r#"{"filterType":"Account","accountId":"x"}"#]), 20, "'billRunFilters[0].accountId'"),
        (filters(&[r#"{"filterType":"InvoiceSchedule"}"#]), 20, "'billRunFilters[0].filterType'"),
        (
            filters(&[r#"{"filterType":"FilterCondition","objectType":"Account"}"#]),
            22,
            "'billRunFilters[0].condition'",
        ),
        (
            format!(r#"{{"targetDate":"2026-03-31","billCycleDay":"1","billRunFilters":[{of_account}]}}"#),
            30,
            "'billCycleDay'",
        ),
    ] {
        let response = client.post("/v1/bill-runs", &body);
        let (status, code, message) = response.error();
        assert_eq!(code % 100, category, "{body}: {message}");
        assert_eq!(status, if category == 10 { 403 } else { 400 }, "{body}");
        assert!(message.contains(says), "{body}: {message}");
    }
    assert_eq!(client.create(ALL).len(), "/v1/bill-runs/".len() + 32, "none of them made a run");
    assert_eq!(client.get("/v1/bill-runs/x").status, 404);
}

#[test]
fn documents_of_zero_are_emailed_unless_the_run_excludes_them() {
    let free = DEMO.replacen(r#""price": 9.995"#, r#""price": 0"#, 1);
    assert_ne!(free, DEMO);
    let filter = format!(
        r#"{{"filterType":"Subscription","accountId":"{}","subscriptionId":"{}"}}"#,
        account_id(1),
        subscription_id(1, 0)
    );
    let body = format!(
        r#"{{"billRunFilters":[{filter}],"targetDate":"2026-03-31","chargeTypeToExclude":["OneTime","Usage"]}}"#
    );
    for (field, emailed) in [("", true), ("false", true), ("true", false)] {
        let tenant = Tenant::from_json(&free).unwrap();
        let mut client = TestClient::of(Sandbox::new(tenant, Settings::default()));
        let excludes = match field {
            "" => String::new(),
            value => format!(r#""noEmailForZeroAmountInvoice":{value},"#),
        };
        let run = client.completed(&body.replacen('{', &format!("{{{excludes}"), 1));
        client.put(&format!("{run}/post"), "{}");
        client.seconds += 1;
        assert_eq!(client.post(&format!("{run}/emails"), "{}").status, 200);
        let invoices = client.invoices(&run);
        assert_eq!((invoices.len(), &invoices[0]["amount"]), (1, &0.into()), "{invoices:?}");
        assert_eq!(invoices[0]["lastEmailSentDate"].is_string(), emailed, "{field}");
    }
}

#[test]
fn too_many_pending_runs_are_rejected() {
    let mut client = TestClient::with(Settings::default().pending_runs(2_usize));
    for _ in 0..3 {
        client.create(ALL);
    }
    assert_eq!(client.post("/v1/bill-runs", ALL).error().1, 50_000_030);
    client.seconds += 2;
    client.create(ALL);
    assert_eq!(TestClient::demo().sandbox.settings().pending_runs, 500, "the documented number");
}

#[test]
fn a_schedule_runs_and_repeats() {
    let mut client = TestClient::with(long_lived_tokens());
    let run = client.create(
        r#"{"name":"Nightly","batches":["AllBatches"],"billCycleDay":"AsRunDay","targetDate":"2026-03-20",
            "schedule":{"repeatFrom":"2026-03-15","repeatTo":"2026-04-30","repeatType":"Monthly","runTime":3}}"#,
    );
    let shown = client.get(&run).body;
    assert_eq!(shown["scheduledExecutionTime"], "2026-03-15 03:00:00");
    assert_eq!((&shown["targetDate"], &shown["targetDateOffset"]), (&"2026-03-20".into(), &5.into()));
    assert_eq!((&shown["invoiceDate"], &shown["invoiceDateOffset"]), (&"2026-03-15".into(), &0.into()));
    // 13 days and 18 hours from 2026-03-01 09:00 to 2026-03-15 03:00.
    client.seconds += 13 * 86_400 + 18 * 3600 - 1;
    assert_eq!(client.status(&run), "Pending");
    client.seconds += 1;
    assert_eq!(client.status(&run), "Processing");
    client.seconds += 1;
    assert_eq!(billed(&mut client, &run), [2, 5, 8, 9, 12], "bill cycle day 15");
    assert_eq!(client.invoices(&run)[0]["targetDate"], "2026-03-20");

    client.sandbox.settings().run_number_as_id = true;
    let next = client.get("/v1/bill-runs/BR-00000002").body;
    assert_eq!((&next["status"], &next["name"]), (&"Pending".into(), &"Nightly".into()));
    assert_eq!(next["scheduledExecutionTime"], "2026-04-15 03:00:00");
    assert_eq!((&next["targetDate"], &next["targetDateOffset"]), (&Value::Null, &5.into()));
    client.seconds += 31 * 86_400;
    assert_eq!(client.status("/v1/bill-runs/BR-00000002"), "Completed");
    assert_eq!(client.invoices("/v1/bill-runs/BR-00000002")[0]["targetDate"], "2026-04-20");
    assert_eq!(client.get("/v1/bill-runs/BR-00000003").status, 404, "the schedule ends in April");

    let run = client.create(
        r#"{"batches":["AllBatches"],"schedule":{"repeatFrom":"2026-06-15","repeatType":"Daily","runTime":3}}"#,
    );
    let shown = client.get(&run).body;
    let first = &"2026-06-15".into();
    assert_eq!((&shown["invoiceDate"], &shown["targetDate"]), (first, first), "the day of the first run");
}

#[test]
fn canceling_once_keeps_the_next_run() {
    let body = r#"{"batches":["AllBatches"],"invoiceDateMonthOffset":1,"invoiceDateDayOfMonth":1,
        "targetDateMonthOffset":1,"targetDateDayOfMonth":31,
        "schedule":{"repeatFrom":"2026-03-16","repeatType":"Monthly","runTime":0}}"#;
    let mut client = TestClient::with(long_lived_tokens());
    let run = client.create(body);
    let response = client.put(&format!("{run}/cancel"), "{}").body;
    assert_eq!(response["status"], "CancelInProgress");
    let next = &response["nextRun"];
    assert_eq!((&next["status"], &next["billRunNumber"]), (&"Pending".into(), &"BR-00000002".into()));
    assert_eq!(next["scheduledExecutionTime"], "2026-04-16 00:00:00");
    assert_eq!((&next["invoiceDateMonthOffset"], &next["invoiceDateDayOfMonth"]), (&1.into(), &1.into()));
    let next = format!("/v1/bill-runs/{}", next["id"].as_str().unwrap());
    client.seconds += 46 * 86_400;
    assert_eq!((client.status(&run).as_str(), client.status(&next).as_str()), ("Canceled", "Completed"));
    let invoice = client.invoices(&next)[0].clone();
    assert_eq!(
        (&invoice["invoiceDate"], &invoice["targetDate"]),
        (&"2026-05-01".into(), &"2026-05-31".into())
    );

    let mut client = TestClient::with(long_lived_tokens());
    let run = client.create(body);
    let response = client.put(&format!("{run}/cancel"), r#"{"cancelOnce":false}"#).body;
    assert_eq!(response["nextRun"], Value::Null);
    client.seconds += 60 * 86_400;
    assert_eq!(client.status(&run), "Canceled");
    client.sandbox.settings().run_number_as_id = true;
    assert_eq!(client.get("/v1/bill-runs/BR-00000002").status, 404);
}

#[test]
fn a_catch_up_run_bills_without_documents() {
    let mut client = TestClient::with(Settings::default().catch_up(true));
    client.completed(r#"{"batches":["Batch1"],"targetDate":"2026-01-31"}"#);
    let run =
        client.completed(r#"{"batches":["AllBatches"],"targetDate":"2026-03-31","billRunType":"CatchUp"}"#);
    assert!(billed(&mut client, &run).is_empty());
    assert_eq!(
        client.put(&format!("{run}/cancel"), "{}").error().2,
        "Catch-up bill runs cannot be canceled."
    );
    let rest = client.completed(ALL);
    assert_eq!(billed(&mut client, &rest), [1, 2, 3], "accounts that had an invoice were left alone");
}
