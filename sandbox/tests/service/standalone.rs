//! Creation of standalone invoices: amounts computed by hand, and every error response.

use crate::client::TestClient;

const FIRST: &str = "2c92a08282fa634378aca02a1626d315";

/// Returns an invoice of account 1 with additional fields.
fn body(items: &str, more: &str) -> String {
    format!(r#"{{"accountNumber":"A00000001","invoiceDate":"2026-03-01","invoiceItems":[{items}]{more}}}"#)
}

const ITEM: &str = r#"{"chargeName":"Work","amount":10,"serviceStartDate":"2026-03-01"}"#;

fn tax(amount: &str) -> String {
    format!(
        r#"{{"name":"Tax","taxAmount":{amount},"taxRate":"0.0725","taxRateType":"Percentage","taxDate":"2026-03-01",
        "taxMode":"TaxExclusive","taxCode":"OWN","jurisdiction":"CA","Zone__c":"7"}}"#
    )
}

#[test]
fn amounts_are_exact_to_the_cent() {
    let mut client = TestClient::demo();
    let items = format!(
        r#"{{"chargeName":"Consulting","amount":"100.005","quantity":"2.5","unitPrice":40.002,"uom":"Hour",
        "serviceStartDate":"2026-03-01","serviceEndDate":"2026-03-31","description":"March","Region__c":"North",
        "IntegrationId__NS":"n-1","accountingCode":"Services","revRecTriggerCondition":"ContractEffectiveDate",
        "revRecStartDate":"2026-03-02","discountItems":[{{"chargeName":"Friends","amount":-10,"taxItems":[{}]}}],
        "taxItems":[{},{}]}},
        {{"chargeName":"Fee","amount":30.00,"serviceStartDate":"2026-03-01"}}"#,
        tax("-0.725"),
        tax("7.2504"),
        tax("\"1e-1\"")
    );
    let response = client
        .post("/v1/invoices", &body(&items, r#","comments":"hello","Region__c":"South","SyncDate__NS":"x""#));
    assert_eq!(response.status, 200, "{}", response.text);
    // Rounded: 100.005 to 100.01, the tax of the discount from -0.725 to -0.73, 7.2504 to 7.25.
    // 100.01 - 10 + 30 = 120.01 without tax; 7.25 + 0.10 - 0.73 = 6.62 of tax.
    for (field, value) in [
        ("amountWithoutTax", "120.01"),
        ("taxAmount", "6.62"),
        ("amount", "126.63"),
        ("balance", "126.63"),
        ("discount", "10"),
        ("creditMemoAmount", "0"),
    ] {
        let literal = format!("\"{field}\":{value}");
        assert!(response.text.contains(&format!("{literal},")), "{literal} in {}", response.text);
    }
    let shown = &response.body;
    assert_eq!((&shown["status"], &shown["sourceType"]), (&"Draft".into(), &"Standalone".into()));
    assert_eq!((&shown["source"], &shown["billRunId"]), (&"API".into(), &serde_json::Value::Null));
    assert_eq!((&shown["dueDate"], &shown["comments"]), (&"2026-03-31".into(), &"hello".into()), "net 30");
    assert_eq!((&shown["Region__c"], &shown["SyncDate__NS"]), (&"South".into(), &"x".into()));
    let path = format!("/v1/invoices/{}", shown["id"].as_str().unwrap());
    let text = client.get(&format!("{path}/items")).text;
    for literal in
        ["\"chargeAmount\":100.01,", "\"chargeAmount\":-10,", "\"taxAmount\":7.35,", "\"taxAmount\":-0.73,"]
    {
        assert!(text.contains(literal), "{literal} in {text}");
    }
    let items = client.items(&path);
    let names: Vec<&str> = items.iter().map(|item| item["chargeName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Consulting", "Friends", "Fee"]);
    assert_eq!(
        (&items[1]["processingType"], &items[1]["appliedToItemId"]),
        (&"Discount".into(), &items[0]["id"])
    );
    for (field, value) in [
        ("Region__c", "North"),
        ("IntegrationId__NS", "n-1"),
        ("accountingCode", "Services"),
        ("unitOfMeasure", "Hour"),
        ("description", "March"),
        ("revRecStartDate", "2026-03-02"),
        ("serviceEndDate", "2026-03-31"),
        ("sourceItemType", "InvoiceDetail"),
        ("chargeDate", "2026-03-01 00:00:00"),
    ] {
        assert_eq!(items[0][field], value, "{field}");
    }
    let taxes = items[0]["taxationItems"]["data"].as_array().unwrap();
    assert_eq!((taxes.len(), &taxes[0]["Zone__c"], &taxes[0]["taxCode"]), (2, &"7".into(), &"OWN".into()));
    let listed = client.get(&format!("{path}/items/{}/taxation-items", items[0]["id"].as_str().unwrap()));
    assert_eq!(listed.body["data"].as_array(), Some(taxes));
}

#[test]
fn yen_have_no_decimals() {
    let mut client = TestClient::demo();
    let item = r#"{"chargeName":"Work","amount":1000.5,"serviceStartDate":"2026-03-01","taxCode":"SALES","taxMode":"TaxExclusive"}"#;
    let response = client.post("/v1/invoices", &body(item, r#","currency":"JPY""#));
    // 1001 x 0.0725 = 72.5725, up to 73.
    assert!(response.text.contains("\"amount\":1074,"), "{}", response.text);
}

#[test]
fn tax_codes_of_the_tenant_are_taxed_by_their_rate() {
    for (mode, net, tax) in [("TaxExclusive", "9.99", "1.90"), ("TaxInclusive", "8.39", "1.60")] {
        let mut client = TestClient::demo();
        // 9.99 x 0.19 = 1.8981; included: 9.99 x 0.19 / 1.19 = 1.5950..
        let item = format!(
            r#"{{"chargeName":"Work","amount":9.99,"serviceStartDate":"2026-03-01","taxCode":"VAT","taxMode":"{mode}"}}"#
        );
        let response = client.post("/v1/invoices", &body(&item, ""));
        for literal in [format!("\"amountWithoutTax\":{net},"), format!("\"taxAmount\":{tax},")] {
            assert!(response.text.contains(&literal), "{literal} in {}", response.text);
        }
    }
    let mut client = TestClient::demo();
    let item = ITEM.replace('}', r#","taxCode":"UNKNOWN","taxMode":"TaxExclusive"}"#);
    let path = client.standalone(&body(&item, ""));
    let item = client.items(&path).remove(0);
    assert_eq!((&item["taxCode"], &item["taxAmount"]), (&"UNKNOWN".into(), &0.into()));
}

#[test]
fn products_provide_name_and_codes() {
    let mut client = TestClient::demo();
    let item = r#"{"productRatePlanChargeId":"2c92a011a3a856070926cb6fa902cfc4","amount":5,
        "serviceStartDate":"2026-03-01","sku":"MINE","uom":"Mine","accountingCode":"Mine","chargeName":"Mine"}"#;
    let path = client.standalone(&body(item, ""));
    let item = client.items(&path).remove(0);
    for (field, value) in [
        ("chargeName", "Set-up"),
        ("sku", "SETUP"),
        ("accountingCode", "Services Revenue"),
        ("productName", "Services"),
        ("sourceItemType", "ProductRatePlanCharge"),
        ("productRatePlanChargeId", "2c92a011a3a856070926cb6fa902cfc4"),
    ] {
        assert_eq!(item[field], value, "{field}");
    }
}

#[test]
fn accounts_are_found_by_id_number_or_both() {
    let mut client = TestClient::demo();
    let with = |account: &str| format!(r#"{{{account},"invoiceDate":"2026-03-01","invoiceItems":[{ITEM}]}}"#);
    for account in [
        format!(r#""accountId":"{FIRST}""#),
        r#""accountNumber":"A00000001""#.to_owned(),
        format!(r#""accountId":"{FIRST}","accountNumber":"A00000001""#),
    ] {
        let response = client.post("/v1/invoices", &with(&account));
        assert_eq!(response.body["accountId"], FIRST, "{}", response.text);
    }
    let unknown = client.post("/v1/invoices", &with(r#""accountId":"8ad0""#));
    assert_eq!(unknown.error(), (400, 58_490_020, "No account is found with accountId 8ad0."));
    let torn =
        client.post("/v1/invoices", &with(&format!(r#""accountId":"{FIRST}","accountNumber":"A00000002""#)));
    assert_eq!(torn.error().1, 58_490_030);
    let none = client.post("/v1/invoices", &with(r#""comments":"x""#));
    assert_eq!(none.error().1, 58_490_022);
}

#[test]
fn contacts_are_given_by_id_or_in_full() {
    let mut client = TestClient::demo();
    let contact = r#""billToContact":{"firstName":"Ada","lastName":"L","city":"Bath"}"#;
    let response = client.post(
        "/v1/invoices",
        &body(ITEM, &format!(r#",{contact},"soldToSameAsBillTo":true,"shipToSameAsBillTo":true"#)),
    );
    let bill_to = response.body["billToContactId"].as_str().unwrap().to_owned();
    assert_eq!(bill_to.len(), 32);
    assert_eq!(response.body["soldToContactId"], *bill_to);
    assert_eq!(response.body["shipToContactId"], *bill_to);
    let again = client.post("/v1/invoices", &body(ITEM, &format!(r#","soldToContactId":"{bill_to}""#)));
    assert_eq!(again.body["soldToContactId"], *bill_to);
    let usual = "2c92a0583de5c3e1ff2c1a22991f8b64";
    assert_eq!(
        (&again.body["billToContactId"], &again.body["shipToContactId"]),
        (&usual.into(), &serde_json::Value::Null)
    );
    let other = body(ITEM, &format!(r#","billToContactId":"{bill_to}""#)).replace("A00000001", "A00000002");
    assert_eq!(client.post("/v1/invoices", &other).error().1, 58_490_020, "the contact of another account");
}

#[test]
fn an_invoice_is_posted_at_once_with_a_given_number() {
    let mut client = TestClient::demo();
    let own = r#","invoiceNumber":"INV00000001","status":"Posted","paymentTerm":"Net 15","autoPay":"true","templateId":"8ad0""#;
    let response = client.post("/v1/invoices", &body(ITEM, own));
    let shown = &response.body;
    assert_eq!((&shown["status"], &shown["postedDate"]), (&"Posted".into(), &"2026-03-01".into()));
    assert_eq!((&shown["dueDate"], &shown["autoPay"]), (&"2026-03-16".into(), &true.into()));
    assert_eq!(client.get("/v1/invoices/INV00000001").body["id"], shown["id"]);
    let next = client.post("/v1/invoices", &body(ITEM, r#","dueDate":"2026-04-01""#));
    assert_eq!(
        (&next.body["invoiceNumber"], &next.body["dueDate"]),
        (&"INV00000002".into(), &"2026-04-01".into())
    );
    let taken = client.post("/v1/invoices", &body(ITEM, r#","invoiceNumber":"INV00000002""#));
    assert_eq!(taken.error().1, 58_490_020);
}

#[test]
fn a_key_creates_one_invoice() {
    let mut client = TestClient::demo();
    client.set("idempotency-key", "k-1");
    let first = client.post("/v1/invoices", &body(ITEM, ""));
    let again = client.post("/v1/invoices", &body(ITEM, ""));
    assert_eq!((first.status, &first.text), (200, &again.text));
    client.unset("idempotency-key");
    assert_eq!(client.get("/object-query/invoices").body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn invalid_invoices_are_rejected() {
    let mut client = TestClient::demo();
    let item = |more: &str| ITEM.replace('}', &format!(",{more}}}"));
    let many = |row: &str, count: usize| vec![row; count].join(",");
    let discount = r#"{"chargeName":"Less","amount":-1}"#;
    let contact = r#"{"firstName":"A","lastName":"B"}"#;
    let cases = [
        (body("", ""), 22, "'invoiceItems' is required"),
        (body(&many(ITEM, 1001), ""), 20, "at most 1000 rows"),
        (
            body(ITEM, "").replace("2026-03-01\",\"invoiceItems", "2026-02-30\",\"invoiceItems"),
            20,
            "'invoiceDate'",
        ),
        (body(ITEM, r#","color":1"#), 21, "'color' is unknown"),
        (body(&item(r#""color":1"#), ""), 21, "'invoiceItems[0].color' is unknown"),
        (body(&item(r#""Color__c":[1]"#), ""), 20, "'invoiceItems[0].Color__c'"),
        (body(&ITEM.replace("\"amount\":10,", ""), ""), 22, "'invoiceItems[0].amount' is required"),
        (body(&ITEM.replace("10", "\"ten\""), ""), 20, "'invoiceItems[0].amount'"),
        (body(&ITEM.replace("10", "1000000000000000"), ""), 20, "at most 15 digits"),
        (body(&ITEM.replace("\"chargeName\":\"Work\",", ""), ""), 22, "'invoiceItems[0].chargeName'"),
        (body(&ITEM.replace("Work", &"x".repeat(131)), ""), 20, "at most 130 characters"),
        (body(&ITEM.replace("Work", "🎉"), ""), 20, "Basic Multilingual Plane"),
        (body(&item(r#""productRatePlanChargeId":"8ad0""#), ""), 20, "charge of the catalog"),
        (body(&item(r#""sku":"SETUP""#), ""), 20, "SKU that no product"),
        (body(&item(r#""serviceEndDate":"2026-02-28""#), ""), 20, "not before serviceStartDate"),
        (body(&item(r#""chargeDate":"2026-03-01""#), ""), 20, "yyyy-mm-dd hh:mm:ss"),
        (body(&item(r#""taxMode":"Taxed""#), ""), 20, "one of TaxExclusive, TaxInclusive"),
        (body(&item(&format!(r#""discountItems":[{}]"#, many(discount, 11))), ""), 20, "at most 10 rows"),
        (body(&item(r#""discountItems":[{"chargeName":"More","amount":1}]"#), ""), 20, "below zero"),
        (body(&item(&format!(r#""taxItems":[{}]"#, many(&tax("1"), 6))), ""), 20, "at most 5 rows"),
        (body(&item(&format!(r#""taxItems":[{}],"taxCode":"VAT""#, tax("1"))), ""), 30, "excludes taxCode"),
        (
            body(&item(&format!(r#""taxItems":[{}]"#, tax("1").replace("Exclusive", "Inclusive"))), ""),
            20,
            "'invoiceItems[0].taxItems[0].taxMode'",
        ),
        (
            body(&item(&format!(r#""taxItems":[{}]"#, tax("1").replace("\"name\":\"Tax\",", ""))), ""),
            22,
            "'invoiceItems[0].taxItems[0].name' is required",
        ),
        (body(&ITEM.replace("10", "-10"), ""), 30, "cannot be negative"),
        (body(ITEM, r#","status":"Canceled""#), 20, "one of Draft, Posted"),
        (body(ITEM, r#","invoiceNumber":"A B""#), 20, "1 to 32 letters"),
        (body(ITEM, &format!(r#","invoiceNumber":"{}""#, "1".repeat(33))), 20, "1 to 32 letters"),
        (body(ITEM, r#","currency":"XXX""#), 20, "currency that the tenant uses"),
        (body(ITEM, r#","customRates":[{},{},{}]"#), 20, "at most 2 rows"),
        (body(ITEM, r#","customRates":[{"currency":"EUR"}]"#), 22, "'customRates[0].customFxRate'"),
        (body(ITEM, &format!(r#","comments":"{}""#, "x".repeat(256))), 20, "at most 255"),
        (body(ITEM, r#","billToContactId":"8ad0""#), 20, "contact of the account"),
        (
            body(ITEM, &format!(r#","billToContact":{contact},"billToContactId":"8ad0""#)),
            30,
            "exclude each other",
        ),
        (body(ITEM, r#","soldToSameAsBillTo":true"#), 30, "needs a bill-to"),
        (
            body(
                ITEM,
                &format!(r#","billToContact":{contact},"soldToContact":{contact},"soldToSameAsBillTo":true"#),
            ),
            30,
            "exclude each other",
        ),
        (body(ITEM, r#","shipToContact":{"firstName":"A"}"#), 22, "'shipToContact.lastName' is required"),
        (body(ITEM, r#","transferredToAccounting":"Maybe""#), 20, "one of No, Processing"),
    ];
    for (body, category, says) in cases {
        let response = client.post("/v1/invoices", &body);
        let (status, code, message) = response.error();
        assert_eq!((status, code), (400, 58_490_000 + category), "{says}: {message}");
        assert!(message.contains(says), "{says}: {message}");
    }
    assert_eq!(client.get("/object-query/invoices").body["data"].as_array().unwrap().len(), 0);
    assert_eq!(client.call(http::Method::POST, "/v1/invoices", "").status, 415);
}

#[test]
fn features_can_be_disabled() {
    let settings = zuora_sandbox::Settings::default();
    let mut client = TestClient::with(
        settings.flexible_billing(false).multiple_currencies(false).reject_excess_decimals(true),
    );
    for more in [r#","paymentTerm":"Net 7""#, r#","currency":"USD""#] {
        let response = client.post("/v1/invoices", &body(ITEM, more));
        assert_eq!((response.error().0, response.error().1), (403, 50_000_010), "{more}");
    }
    let response = client.post("/v1/invoices", &body(&ITEM.replace("10", "10.005"), ""));
    assert!(response.error().2.contains("more decimals than USD"), "{}", response.text);
    assert_eq!(client.post("/v1/invoices", &body(&ITEM.replace("10", "10.500000000"), "")).status, 200);
}
