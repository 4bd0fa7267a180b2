//! Behavior that depends on the kind of tenant: entities, organizations, numbers, terms, rules.

use http::Method;
use serde_json::Value;
use zuora_sandbox::{BackgroundJob, CLIENT_ID, CLIENT_SECRET, Sandbox, Settings, Tenant};

use crate::client::{TestClient, form};

const DEMO: &str = include_str!("../../demo-tenant.json");
const RUN: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;
const INVOICE: &str = r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01","invoiceItems":[{"chargeName":"Work",
    "amount":100,"serviceStartDate":"2026-03-01"}]}"#;

/// Returns a client of the demo tenant with additional members.
fn with_members(members: &str) -> TestClient {
    let tenant = Tenant::from_json(&DEMO.replacen('{', &format!("{{{members},"), 1)).unwrap();
    TestClient::of(Sandbox::new(tenant, Settings::default()))
}

#[test]
fn a_foreign_entity_is_rejected() {
    let mut client = TestClient::demo();
    let scope = client.token_scope();
    let entity = scope.split(' ').find_map(|part| part.strip_prefix("entity.")).unwrap().to_owned();
    assert_eq!(entity.len(), 36);
    assert!(scope.starts_with("user.") && scope.ends_with(" tenant.1 platform.write"), "{scope}");
    client.set("zuora-entity-ids", &entity);
    assert_eq!(client.get("/object-query/invoices").status, 200);
    client.set("zuora-entity-ids", "00000000-0000-4000-8000-000000000009");
    assert_eq!(client.get("/v1/invoices/1").error().0, 403);
    assert_eq!(client.get("/v1/invoices/1").error().1, 50_000_010);
}

#[test]
fn a_token_is_renewed_with_the_last_one_if_the_setting_says_so() {
    for (settings, status) in
        [(Settings::default(), 200), (Settings::default().token_request_authorization(false), 400)]
    {
        let mut client = TestClient::with(settings);
        let request = http::Request::post("/oauth/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", "Bearer old")
            .body(form(CLIENT_ID, CLIENT_SECRET))
            .unwrap();
        assert_eq!(client.send(request).status, status);
    }
}

#[test]
fn a_token_for_several_entities_needs_the_header() {
    let entities = ["11e643f4-a3ee-8bad-b061-0025904c57d6", "11e643f4-a3ee-8bad-b061-0025904c57d7"];
    let mut client = with_members(&format!(r#""entities":["{}","{}"]"#, entities[0], entities[1]));
    assert_eq!(client.get("/v1/invoices/1").error().1, 50_000_010);
    client.set("zuora-entity-ids", entities[1]);
    assert_eq!(client.get("/v1/invoices/1").error().1, 50_000_040, "admitted");
}

#[test]
fn foreign_organizations_are_rejected() {
    let mut client =
        with_members(r#""organizations":[{"id":"o-1","name":"North"},{"id":"o-2","name":"South"}]"#);
    assert_eq!(client.post("/v1/bill-runs", RUN).error().0, 400, "labels are required");
    for (labels, status) in [
        (r#"[{"organizationName":"North"}]"#, 200),
        (r#"[{"organizationId":"o-2","organizationName":"South","excluded":true}]"#, 200),
        (r#"[{"organizationId":"o-3"}]"#, 400),
        (r#"[{"organizationName":"East"}]"#, 400),
        (r#"[{"organizationId":"o-1","organizationName":"South"}]"#, 400),
    ] {
        let body = RUN.replacen('{', &format!(r#"{{"organizationLabels":{labels},"#), 1);
        assert_eq!(client.post("/v1/bill-runs", &body).status, status, "{labels}");
    }
    client.set("zuora-org-ids", "o-1, o-2");
    assert_eq!(client.get("/object-query/invoices").status, 200);
    client.set("zuora-org-ids", "o-1,o-3");
    assert_eq!(client.get("/v1/invoices/1").error().1, 50_000_010);
    let mut without = TestClient::demo();
    without.set("zuora-org-ids", "o-1");
    assert_eq!(without.get("/v1/invoices/1").error().1, 50_000_010);
}

#[test]
fn a_run_bills_the_accounts_of_its_organizations() {
    let own = DEMO.replacen(
        r#""accountNumber": "A00000002","#,
        r#""accountNumber": "A00000002", "organizationId": "o-1","#,
        1,
    );
    assert_ne!(own, DEMO);
    let tenant = own.replacen('{', r#"{"organizations":[{"id":"o-1","name":"North"}],"#, 1);
    let mut client = TestClient::of(Sandbox::new(Tenant::from_json(&tenant).unwrap(), Settings::default()));
    let run = client.completed(&RUN.replacen('{', r#"{"organizationLabels":[{"organizationId":"o-1"}],"#, 1));
    assert_eq!(client.invoices(&run).len(), 1);
    let error = Tenant::from_json(&own).unwrap_err().to_string();
    assert!(error.contains("A00000002: organizationId is not listed"), "{error}");
}

#[test]
fn drafts_have_temporary_numbers_if_numbers_are_given_on_posting() {
    let mut client = TestClient::with(Settings::default().number_on_posting(true));
    let run = client.completed(RUN);
    let drafts = client.invoices(&run);
    let (id, draft) = (drafts[0]["id"].as_str().unwrap(), drafts[0]["invoiceNumber"].as_str().unwrap());
    assert_eq!(draft, "TMP-INV-00000001");
    assert_eq!(client.put(&format!("/v1/invoices/{draft}/post"), "{}").status, 200);
    assert_eq!(client.get(&format!("/v1/invoices/{id}")).body["invoiceNumber"], "INV00000001");
    assert_eq!(client.get("/v1/invoices/INV00000001").body["id"], id);
    assert_eq!(client.get(&format!("/v1/invoices/{draft}")).error().1, 50_000_040, "the old number is gone");
    client.sandbox.unpost_invoice("INV00000001").unwrap();
    assert_eq!(client.get(&format!("/v1/invoices/{id}")).body["invoiceNumber"], "INV00000001", "kept");
    let reserved = INVOICE.replacen('{', r#"{"invoiceNumber":"TMP-INV-1","#, 1);
    assert_eq!(client.post("/v1/invoices", &reserved).error().1, 58_490_020);
}

#[test]
fn a_payment_term_must_be_known() {
    let mut client = TestClient::demo();
    let term = |term: &str| INVOICE.replacen('{', &format!(r#"{{"paymentTerm":"{term}","#), 1);
    assert_eq!(client.post("/v1/invoices", &term("Net 60")).body["dueDate"], "2026-04-30");
    assert_eq!(client.post("/v1/invoices", &term("Net 61")).error().1, 58_490_020);
    let mut own = with_members(r#""paymentTerms":{"In a week":7}"#);
    assert_eq!(own.post("/v1/invoices", &term("In a week")).body["dueDate"], "2026-03-08");
    assert_eq!(own.post("/v1/invoices", &term("Net 90")).error().1, 58_490_020);
}

#[test]
fn a_written_off_balance_may_be_zero_if_memos_mirror_items() {
    let free = INVOICE.replace("100", "0").replacen('{', r#"{"status":"Posted","#, 1);
    let mut client = TestClient::demo();
    let invoice = client.standalone(&free);
    assert_eq!(client.put(&format!("{invoice}/write-off"), "{}").error().1, 59_000_030);
    let mut mirroring = TestClient::with(Settings::default().mirror_zero_items(true));
    let invoice = mirroring.standalone(&free);
    let written_off = mirroring.put(&format!("{invoice}/write-off"), "{}");
    assert!(written_off.body["creditMemo"]["id"].is_string(), "{}", written_off.text);
    assert_eq!(mirroring.get(&invoice).body["balance"].to_string(), "0");

    // An invoice that was paid in full has items without a balance too.
    let due = INVOICE.replacen('{', r#"{"status":"Posted","#, 1);
    for (client, status) in [(&mut client, 400), (&mut mirroring, 200)] {
        let invoice = client.standalone(&due);
        let balance = client.get(&invoice).body["balance"].to_string().parse().unwrap();
        client.sandbox.pay(invoice.rsplit('/').next().unwrap(), balance).unwrap();
        assert_eq!(client.put(&format!("{invoice}/write-off"), "{}").status, status);
        assert_eq!(client.get(&invoice).body["balance"].as_f64(), Some(0.0));
    }
}

#[test]
fn posting_and_emailing_by_the_run_require_the_billing_rule() {
    let with = |client: &mut TestClient, more: &str| {
        let response = client.post("/v1/bill-runs", &RUN.replacen('{', &format!("{{{more},"), 1));
        (response.status, response.body["autoPost"].clone(), response.body["autoEmail"].clone())
    };
    let mut client = TestClient::demo();
    assert_eq!(with(&mut client, r#""name":"x""#), (200, false.into(), false.into()), "neither by default");
    assert_eq!(with(&mut client, r#""autoPost":true"#), (200, true.into(), false.into()));
    client.sandbox.settings().auto_post_rule = false;
    for fields in [r#""autoPost":true"#, r#""autoEmail":true"#] {
        assert_eq!(with(&mut client, fields).0, 403, "{fields}");
    }
    assert_eq!(with(&mut client, r#""autoPost":false,"autoEmail":false"#).0, 200);
}

#[test]
fn a_switched_off_notification_mails_nothing() {
    let mut client = TestClient::with(Settings::default().invoice_mail(false));
    let run = client.completed(RUN);
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 2;
    assert_eq!(client.post(&format!("{run}/emails"), "{}").error().1, 50_000_030);
    let automatic =
        RUN.replacen('{', r#"{"autoPost":true,"autoEmail":true,"#, 1).replace("2026-03-31", "2026-06-30");
    let run = client.create(&automatic);
    client.seconds += 10;
    assert_eq!(client.status(&run), "Posted");
    let mailed = |client: &mut TestClient| {
        let invoices = client.invoices(&run);
        assert!(!invoices.is_empty());
        invoices.iter().filter(|invoice| !invoice["lastEmailSentDate"].is_null()).count()
    };
    assert_eq!(mailed(&mut client), 0);
}

#[test]
fn a_running_bill_run_locks_its_accounts() {
    let mut client = TestClient::demo();
    let draft = client.standalone(INVOICE);
    let run = client.create(
        r#"{"billRunFilters":[{"filterType":"Account","accountId":"2c92a08282fa634378aca02a1626d315"}],
        "targetDate":"2026-03-31"}"#,
    );
    client.seconds += 1;
    assert_eq!(client.status(&run), "Processing");
    let locked = "Operation failed due to a lock competition, please retry later.";
    assert_eq!(client.put(&draft, r#"{"comments":"x"}"#).error(), (409, 50_000_050, locked));
    assert_eq!(client.post("/v1/invoices", INVOICE).error(), (409, 50_000_050, locked));
    let other = INVOICE.replace("A00000001", "A00000002");
    assert_eq!(client.post("/v1/invoices", &other).status, 200);
    client.seconds += 1;
    assert_eq!(client.put(&draft, r#"{"comments":"x"}"#).status, 200);
    let mut unlocked = TestClient::with(Settings::default().account_locks(false));
    unlocked.create(RUN);
    unlocked.seconds += 1;
    assert_eq!(unlocked.post("/v1/invoices", INVOICE).status, 200);
}

#[test]
fn a_run_is_completed_although_an_account_failed() {
    let mut client = TestClient::demo();
    client.sandbox.fail_next(BackgroundJob::BillingOf(1));
    let run = client.completed(RUN);
    let billed = client.invoices(&run).len();
    client.seconds += 10;
    let second = client.completed(RUN);
    assert_eq!((billed > 5, client.invoices(&second).len()), (true, 1), "the next run bills the account");
}

#[test]
fn fields_and_values_of_later_versions_are_sent_if_wanted() {
    let mut client = TestClient::with(Settings::default().future_fields(true));
    let invoice = client.standalone(INVOICE);
    let shown = client.get(&invoice).body;
    assert_eq!((&shown["sourceType"], &shown["status"]), (&"FutureValue".into(), &"Draft".into()));
    assert_eq!(shown["futureField"]["number"], 1);
    assert_eq!(client.items(&invoice)[0]["futureField"]["list"], Value::Array(vec![Value::Null]));
}

#[test]
fn a_deleted_invoice_is_reported_in_either_form() {
    for (settings, keys) in [
        (Settings::default(), vec!["id", "jobId", "jobStatus", "success"]),
        (
            Settings::default().delete_as_operation_job(true),
            vec!["id", "objectId", "objectType", "operationType", "status", "success"],
        ),
    ] {
        let mut client = TestClient::with(settings);
        let invoice = client.standalone(INVOICE);
        client.call(Method::PUT, &format!("{invoice}/cancel"), "");
        let deleted = client.delete(&invoice).body;
        let mut shown: Vec<&str> = deleted.as_object().unwrap().keys().map(String::as_str).collect();
        shown.sort_unstable();
        assert_eq!(shown, keys);
    }
}
