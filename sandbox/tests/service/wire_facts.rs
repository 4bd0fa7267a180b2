//! Facts about requests and responses: bodies, media types, characters, versions, credit memos in Object Query.

use zuora_sandbox::Settings;

use crate::client::TestClient;

const INVOICE: &str = r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01","invoiceItems":[{"chargeName":"Work",
    "amount":100,"serviceStartDate":"2026-03-01"}]}"#;

#[test]
fn a_pdf_is_not_compressed() {
    let mut client = TestClient::with(Settings::default().gzip_above(10_usize));
    let invoice = client.standalone(&INVOICE.replacen('{', r#"{"status":"Posted","#, 1));
    client.seconds += 5;
    client.set("accept-encoding", "gzip");
    let files = client.get(&format!("{invoice}/files"));
    assert_eq!(files.header("content-encoding"), "gzip");
    let file = client.get(files.body["invoiceFiles"][0]["pdfFileUrl"].as_str().unwrap());
    assert_eq!(
        (file.header("content-encoding"), file.header("content-type")),
        ("", "application/pdf;charset=UTF-8")
    );
    assert!(file.text.starts_with("%PDF-"));
}

#[test]
fn characters_outside_the_basic_plane_are_rejected() {
    let mut client = TestClient::demo();
    for (path, body) in [
        (
            "/v1/bill-runs",
            r#"{"name":"May 😀","batches":["AllBatches"],"targetDate":"2026-03-31"}"#.to_owned(),
        ),
        ("/v1/invoices", INVOICE.replace("Work", "Work 😀")),
        ("/v1/invoices", INVOICE.replacen('{', r#"{"Region__c":"😀","#, 1)),
        ("/v1/invoices", INVOICE.replacen('{', r#"{"paymentTerm":"😀","#, 1)),
        (
            "/v1/invoices",
            INVOICE.replacen(
                '{',
                r#"{"billToContact":{"firstName":"😀","lastName":"Doe","country":"US"},"#,
                1,
            ),
        ),
    ] {
        let response = client.post(path, &body);
        let (status, code, message) = response.error();
        assert_eq!((status, code % 100), (400, 20), "{body}");
        assert!(message.contains("Basic Multilingual Plane"), "{message}");
    }
    let invoice = client.standalone(INVOICE);
    assert_eq!(client.put(&invoice, r#"{"comments":"grüße €"}"#).status, 200);
    assert_eq!(client.put(&invoice, r#"{"comments":"😀"}"#).error().1, 59_000_020);
    assert_eq!(client.upload(&invoice, "😀.pdf", "application/pdf", "%PDF-1").error().1, 59_000_020);
}

#[test]
fn custom_rates_need_a_version() {
    let mut client = TestClient::demo();
    let body = INVOICE.replacen('{', r#"{"customRates":[{"currency":"EUR","customFxRate":1.1}],"#, 1);
    for (version, fits) in
        [("2025-08-12", true), ("341.0", true), ("224.0", true), ("223.0", false), ("999.0", false)]
    {
        client.set("zuora-version", version);
        let response = client.post("/v1/invoices", &body);
        match fits {
            true => assert_eq!(response.body["success"], true, "{version}"),
            false => assert_eq!(response.error().1, 58_490_021, "{version}"),
        }
    }
}

#[test]
fn only_canceling_an_invoice_needs_no_body() {
    let mut client = TestClient::demo();
    let run = client.completed(r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#);
    let draft = client.standalone(INVOICE);
    for path in
        [format!("{run}/cancel"), format!("{run}/post"), format!("{draft}/post"), format!("{draft}/reverse")]
    {
        assert_eq!(client.put(&path, "").error().0, 415, "{path}");
    }
    let canceled = client.put(&format!("{draft}/cancel"), "");
    assert_eq!((canceled.status, &canceled.body["jobStatus"]), (200, &"Completed".into()));
}

#[test]
fn only_json_and_files_are_acceptable() {
    let mut client = TestClient::demo();
    let invoice = client.standalone(INVOICE);
    for (accept, status) in [
        ("application/json", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
        ("application/xml", 406),
        ("application/json;q=0, text/html", 406),
        ("application/pdf", 406),
    ] {
        client.set("accept", accept);
        assert_eq!(client.get(&invoice).status, status, "{accept}");
    }
    assert_eq!(client.get(&invoice).error(), (406, 50_000_045, "HTTP 406 Not Acceptable"));
    assert_eq!(client.get("/v1/files/1").error().1, 50_000_040, "a PDF is acceptable here");
}

#[test]
fn posting_with_a_date_keeps_the_due_date_of_the_request() {
    let mut client = TestClient::demo();
    let given = client.standalone(&INVOICE.replacen('{', r#"{"dueDate":"2026-05-05","#, 1));
    let usual = client.standalone(INVOICE);
    for invoice in [&given, &usual] {
        client.put(&format!("{invoice}/post"), r#"{"invoiceDate":"2026-03-10"}"#);
    }
    assert_eq!(client.get(&given).body["dueDate"], "2026-05-05");
    assert_eq!(client.get(&usual).body["dueDate"], "2026-04-09", "30 days");
    let moved = client.standalone(INVOICE);
    client.put(&moved, r#"{"dueDate":"2026-06-06"}"#);
    client.put(&format!("{moved}/post"), r#"{"invoiceDate":"2026-03-10"}"#);
    assert_eq!(client.get(&moved).body["dueDate"], "2026-06-06");
}

#[test]
fn credit_memos_of_an_invoice_are_listed() {
    let mut client = TestClient::demo();
    let posted = INVOICE.replacen('{', r#"{"status":"Posted","#, 1);
    let written_off = client.standalone(&posted);
    let memo = client.put(
        &format!("{written_off}/write-off"),
        r#"{"comment":"bad debt","memoDate":"2026-03-02","reasonCode":"Correcting invoice error"}"#,
    );
    let reversed = client.standalone(&posted);
    client.put(&format!("{reversed}/reverse"), "{}");
    let of = |invoice: &str| format!("filter[]=invoiceid.EQ:{}", invoice.rsplit('/').next().unwrap());
    let mut rows = |query: &str| {
        let response = client.get(&format!("/object-query/credit-memos?{query}"));
        assert_eq!(response.status, 200, "{}", response.text);
        response.body["data"].as_array().unwrap().clone()
    };
    let shown = rows(&of(&written_off));
    assert_eq!((shown.len(), &shown[0]["id"]), (1, &memo.body["creditMemo"]["id"]));
    for (field, value) in [
        ("memoNumber", "CM00000001"),
        ("source", "AdhocFromInvoice"),
        ("sourceType", "Invoice"),
        ("reasonCode", "Correcting invoice error"),
        ("comments", "bad debt"),
        ("memoDate", "2026-03-02"),
        ("status", "Posted"),
    ] {
        assert_eq!(shown[0][field], value, "{field}");
    }
    assert_eq!(
        (shown[0]["totalAmount"].to_string(), shown[0]["balance"].to_string()),
        ("100".into(), "0".into())
    );
    assert_eq!(rows(&of(&reversed))[0]["reasonCode"], "Invoice reversal");
    assert_eq!(rows("sort[]=memonumber.DESC&pageSize=1&fields[]=memonumber")[0]["memoNumber"], "CM00000002");
    assert_eq!(rows("filter[]=totalamount.GT:100").len(), 0);
    let rejected = client.get("/object-query/credit-memos?filter[]=sourceid.EQ:1");
    assert_eq!(rejected.status, 400, "not a filter of memos");
}
