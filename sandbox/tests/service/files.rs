//! Uploads, the list of files, and generated PDFs.

use serde_json::{Value, json};
use zuora_sandbox::{BackgroundJob, Settings};

use crate::client::{START, TestClient};

fn draft(client: &mut TestClient) -> String {
    let body = json!({"accountNumber": "A00000001", "invoiceDate": "2026-03-01", "invoiceNumber": "MINE-1",
        "invoiceItems": [{"chargeName": "Work (50%)", "amount": 10.5, "serviceStartDate": "2026-03-01"}]});
    client.standalone(&body.to_string())
}

fn files(client: &mut TestClient, invoice: &str) -> Vec<Value> {
    client.get(&format!("{invoice}/files?pageSize=40")).body["invoiceFiles"].as_array().unwrap().clone()
}

fn row(client: &mut TestClient, invoice: &str) -> Value {
    let id = invoice.rsplit('/').next().unwrap();
    client.get(&format!("/v1/invoices/pdf-status?invoiceKeys={id}")).body["invoiceFiles"][0].clone()
}

#[test]
fn a_posted_invoice_has_a_pdf_after_a_while() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    assert_eq!(row(&mut client, &invoice)["pdfGenerationStatus"], "None");
    client.put(&format!("{invoice}/post"), "{}");
    for status in ["Pending", "Processing"] {
        let row = row(&mut client, &invoice);
        assert_eq!((&row["pdfGenerationStatus"], &row["pdfFileUrl"]), (&status.into(), &Value::Null));
        assert_eq!(files(&mut client, &invoice).len(), 0);
        client.seconds += 1;
    }
    let row = row(&mut client, &invoice);
    assert_eq!((&row["pdfGenerationStatus"], &row["invoiceNumber"]), (&"Generated".into(), &"MINE-1".into()));
    assert_eq!(
        (&row["createdOn"], &row["updatedOn"]),
        (&"2026-03-01 09:00:00".into(), &"2026-03-01 09:00:02".into())
    );
    let file = files(&mut client, &invoice).remove(0);
    assert_eq!(file["pdfFileUrl"], row["pdfFileUrl"]);
    assert_eq!(file["versionNumber"], (START + 2) * 1000);
    let url = file["pdfFileUrl"].as_str().unwrap().to_owned();
    assert!(!url.contains(file["id"].as_str().unwrap()), "the id is not the handle");
    let pdf = client.get(&url);
    assert_eq!(pdf.header("content-type"), "application/pdf;charset=UTF-8");
    assert!(pdf.text.starts_with("%PDF-1.4\n") && pdf.text.contains("(Invoice MINE-1)"), "{}", pdf.text);
    assert!(pdf.text.contains(r"(Work \(50%\)  10.5)") && pdf.text.contains("(Balance 10.5 USD)"));
    assert_eq!(client.get("/v1/files/8ad0").error().1, 50_000_040);
    client.set("accept-encoding", "gzip");
    assert_eq!(client.get(&url).text, pdf.text);
}

#[test]
fn a_posted_run_has_a_pdf_of_each_invoice() {
    let mut client = TestClient::demo();
    let run = client.completed(r#"{"batches":["Batch1"],"targetDate":"2026-03-31"}"#);
    let keys: Vec<String> =
        client.invoices(&run).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 3;
    let status = format!("/v1/invoices/pdf-status?invoiceKeys={}", keys.join(","));
    let rows = client.get(&status).body["invoiceFiles"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let pdf = client.get(row["pdfFileUrl"].as_str().unwrap()).text;
        assert!(pdf.contains(&format!("(Invoice {})", row["invoiceNumber"].as_str().unwrap())), "{pdf}");
    }
}

#[test]
fn changes_make_a_pdf_obsolete_or_new() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    client.put(&invoice, r#"{"comments":"one"}"#);
    assert_eq!(client.pdf_status(&invoice), "Pending", "a comment is reason enough");
    client.seconds += 2;
    assert_eq!(client.pdf_status(&invoice), "Generated");
    client.put(&invoice, r#"{"invoiceDate":"2026-03-02"}"#);
    assert_eq!(client.pdf_status(&invoice), "Obsolete");
    assert_eq!(files(&mut client, &invoice).len(), 1, "the old one is still there");
    assert_eq!(client.pdf_status(&invoice), "Pending", "the list of files requested a new one");
    client.seconds += 1;
    assert_eq!(client.pdf_status(&invoice), "Processing");
    client.put(&invoice, r#"{"comments":"two"}"#);
    assert_eq!(client.pdf_status(&invoice), "Pending", "what was being made is dropped");
    client.seconds += 2;
    let urls: Vec<Value> =
        files(&mut client, &invoice).iter().map(|file| file["pdfFileUrl"].clone()).collect();
    assert_eq!((urls.len(), &urls[0]), (2, &row(&mut client, &invoice)["pdfFileUrl"]), "newest first");
    client.put(&invoice, r#"{"comments":"three"}"#);
    client.put(&format!("{invoice}/cancel"), "{}");
    client.seconds += 5;
    assert_eq!(client.pdf_status(&invoice), "None", "a canceled invoice gets none");
    assert_eq!(files(&mut client, &invoice).len(), 2);
}

#[test]
fn a_pdf_can_fail() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    client.sandbox.fail_next(BackgroundJob::Pdf);
    client.put(&format!("{invoice}/post"), "{}");
    assert_eq!(client.pdf_status(&invoice), "Pending");
    client.seconds += 2;
    let failed = row(&mut client, &invoice);
    assert_eq!(
        (&failed["pdfGenerationStatus"], &failed["errorCategory"]),
        (&"Error".into(), &"INVALID_TEMPLATE".into())
    );
    assert!(failed["errorMessage"].is_string() && failed["pdfFileUrl"].is_null());
    client.sandbox.settings().pdf_error_code = true;
    assert_eq!(row(&mut client, &invoice)["errorCode"], "INVALID_TEMPLATE");
    assert_eq!(files(&mut client, &invoice).len(), 0);
    client.sandbox.pay("MINE-1", rust_decimal::Decimal::ONE).unwrap();
    client.seconds += 2;
    assert_eq!(client.pdf_status(&invoice), "Generated", "the payment asked for a new one");
}

#[test]
fn pdf_statuses_are_shown_for_up_to_fifty_keys() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    let id = invoice.rsplit('/').next().unwrap();
    let rows = client.get(&format!("/v1/invoices/pdf-status?invoiceKeys=MINE-1,{id}")).body;
    assert_eq!(rows["invoiceFiles"][0], rows["invoiceFiles"][1]);
    assert_eq!(client.get("/v1/invoices/pdf-status").error().1, 50_000_023);
    let many = vec!["MINE-1"; 51].join(",");
    assert_eq!(client.get(&format!("/v1/invoices/pdf-status?invoiceKeys={many}")).error().0, 400);
    assert_eq!(client.get("/v1/invoices/pdf-status?invoiceKeys=MINE-1,MINE-2").error().0, 404);
}

#[test]
fn uploads_are_stored_and_downloaded() {
    let mut client = TestClient::with(Settings::default().files(3_usize));
    let invoice = draft(&mut client);
    let content = "%PDF-1.7\n--frontier of a file\r\n";
    client.set("idempotency-key", "upload-1");
    let first = client.upload(&invoice, "a.pdf", "application/pdf", content);
    assert_eq!(client.upload(&invoice, "a.pdf", "application/pdf", content).text, first.text);
    client.unset("idempotency-key");
    let second = client.upload(&invoice, "b (1).pdf", "application/octet-stream", "%PDF-second");
    let listed = files(&mut client, &invoice);
    let ids: Vec<&Value> = listed.iter().map(|file| &file["id"]).collect();
    assert_eq!(ids, [&second.body["fileId"], &first.body["fileId"]], "newest first");
    assert_eq!(client.get(listed[1]["pdfFileUrl"].as_str().unwrap()).text, content);
    for (name, media, content, says) in [
        ("a.pdf", "application/pdf", "%PDF-", "named a.pdf already"),
        ("", "application/pdf", "%PDF-", "a file name"),
        ("c.pdf", "application/pdf", "<html>", "a PDF file"),
        ("c.pdf", "text/plain", "%PDF-", "a PDF file"),
    ] {
        let response = client.upload(&invoice, name, media, content);
        assert!(response.error().2.contains(says), "{}", response.text);
    }
    client.put(&format!("{invoice}/post"), "{}");
    assert_eq!(client.upload(&invoice, "c.pdf", "application/pdf", "%PDF-").status, 200);
    assert!(client.upload(&invoice, "d.pdf", "application/pdf", "%PDF-").error().2.contains("as many files"));
    assert_eq!(client.call(http::Method::POST, &format!("{invoice}/files"), "{}").status, 415);
    let mail = json!({ "pdfFileId": second.body["fileId"] }).to_string();
    assert_eq!(client.post(&format!("{invoice}/emails"), &mail).status, 200);
    let canceled = client.standalone(
        r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01","invoiceItems":[
        {"chargeName":"Work","amount":1,"serviceStartDate":"2026-03-01"}]}"#,
    );
    client.put(&format!("{canceled}/cancel"), "{}");
    assert!(
        client.upload(&canceled, "a.pdf", "application/pdf", "%PDF-").error().2.contains("Draft or Posted")
    );
}

#[test]
fn a_file_may_be_as_large_as_the_limit() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    let limit = 4 << 20;
    let of_size = |size: usize| format!("%PDF-{}", " ".repeat(size - 5));
    assert_eq!(client.upload(&invoice, "a.pdf", "application/pdf", &of_size(limit)).status, 200);
    let larger = client.upload(&invoice, "b.pdf", "application/pdf", &of_size(limit + 1));
    assert_eq!(larger.error().2, "Invalid value for field 'file': at most 4194304 bytes are expected.");
    let broken = client.upload(&invoice, "c.pdf\"\r\n\r\n", "", "");
    assert_eq!(broken.status, 400, "{}", broken.text);
}

#[test]
fn files_are_listed_in_pages_the_newest_first() {
    let mut client = TestClient::demo();
    let invoice = draft(&mut client);
    for index in 0..25 {
        client.upload(&invoice, &format!("{index}.pdf"), "application/pdf", "%PDF-");
    }
    let versions = |client: &mut TestClient| {
        let listed = files(client, &invoice);
        listed.iter().map(|file| file["versionNumber"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    client.seconds += 60;
    client.upload(&invoice, "last.pdf", "application/pdf", "%PDF-");
    let listed = versions(&mut client);
    assert!(listed.is_sorted_by(|newer, older| newer >= older), "{listed:?}");
    assert!(listed[0] > listed[1], "{listed:?}");
    let first = client.get(&format!("{invoice}/files")).body;
    assert_eq!(first["invoiceFiles"].as_array().unwrap().len(), 20);
    assert!(first["nextPage"].as_str().unwrap().ends_with("/files?page=2&pageSize=20"));
    assert_eq!(files(&mut client, &invoice).len(), 26);
}
