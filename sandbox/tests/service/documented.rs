//! Every field of every response is documented, with the documented type.

use serde_json::Value;
use zuora_sandbox::BackgroundJob;

use crate::client::TestClient;

struct Facts {
    schemas: Value,
}

const NULLS_OF_RUNS: [&str; 4] =
    ["invoiceDateOffset", "schedule", "scheduledExecutionTime", "targetDateOffset"];

impl Facts {
    fn read() -> Self {
        let mut schemas: Value =
            serde_json::from_str(include_str!("../../../tests/reference/schemas.json")).unwrap();
        let query: Value =
            serde_json::from_str(include_str!("../../../tests/reference/object_query.json")).unwrap();
        schemas["ExpandedInvoice"] = query["schema"]["ExpandedInvoice"].clone();
        Self { schemas }
    }

    #[track_caller]
    fn check(&self, schema: &str, response: &Value) {
        let fields =
            self.schemas[schema]["fields"].as_array().unwrap_or_else(|| panic!("no schema {schema}"));
        let seen = self.schemas[schema]["undeclared_fields_seen"].as_array().map_or(&[][..], Vec::as_slice);
        for (name, value) in
            response.as_object().unwrap_or_else(|| panic!("{schema} is no object: {response}"))
        {
            if name.ends_with("__c") {
                assert!(self.schemas[schema]["custom_fields"].is_string(), "{schema} has no custom fields");
                continue;
            }
            let field = fields.iter().chain(seen).find(|field| field["name"] == **name);
            let field = field.unwrap_or_else(|| panic!("{schema} has no field {name}"));
            // The sample of a created run shows these as null, which no schema says.
            if value.is_null() && NULLS_OF_RUNS.contains(&name.as_str()) {
                continue;
            }
            self.check_value(&format!("{schema}.{name}"), field, value);
        }
    }

    #[track_caller]
    fn check_value(&self, path: &str, field: &Value, value: &Value) {
        assert!(
            json_types(field).iter().any(|allowed| fits(allowed, value)),
            "{path} is {value}, documented as {:?}",
            json_types(field)
        );
        if let (Some(known), Some(text)) = (field["known_values"].as_array(), value.as_str()) {
            assert!(known.contains(&text.into()), "{path}: {text} is no known value");
        }
        if let (Some("date" | "datetime"), Some(text), Some(format)) =
            (field["type"].as_str(), value.as_str(), field["format"].as_str())
        {
            assert_eq!(text.len(), format.len(), "{path}: {text} is not {format}");
        }
        let schema = field["ref"].as_str().filter(|name| self.schemas[*name]["kind"] == "object");
        match (schema, value) {
            (Some(schema), Value::Object(_)) => self.check(schema, value),
            (Some(schema), Value::Array(rows)) => rows.iter().for_each(|row| self.check(schema, row)),
            _ => {}
        }
    }
}

fn json_types(field: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(types) = field["wire_types"].as_array() {
        return types.iter().map(text).collect();
    }
    vec![match text(&field["type"]).as_str() {
        "date" | "datetime" | "enum" => "string".to_owned(),
        other => other.to_owned(),
    }]
}

fn fits(allowed: &str, value: &Value) -> bool {
    match allowed {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

const ALL: &str = r#"{"name":"All","batches":["AllBatches"],"billCycleDay":"15","targetDate":"2026-03-31"}"#;
const MONTHLY: &str = r#"{"batches":["Batch1"],"billCycleDay":"AsRunDay","chargeTypeToExclude":["Usage"],
    "invoiceDateMonthOffset":0,"invoiceDateDayOfMonth":31,
    "schedule":{"repeatFrom":"2026-03-31","repeatTo":"2027-03-31","repeatType":"Monthly","runTime":5,
    "monthlyOnEndOfMonth":true}}"#;
const WEEKLY: &str = r#"{"billRunFilters":[{"filterType":"FilterCondition","objectType":"Account",
    "condition":{"relation":"and","conditions":[{"field":"currency","operator":"eq","value":"EUR"}]}}],
    "schedule":{"repeatFrom":"2026-03-02","repeatType":"Weekly","runTime":5,"weeklyOnDay":["Mon"]}}"#;

#[test]
fn bill_runs_are_documented() {
    let facts = Facts::read();
    let mut client = TestClient::demo();
    for body in [ALL, MONTHLY, WEEKLY] {
        let created = client.post("/v1/bill-runs", body);
        facts.check("BillRunResponse", &created.body);
        let run = format!("/v1/bill-runs/{}", created.body["id"].as_str().unwrap());
        facts.check("BillRunResponse", &client.get(&run).body);
        let canceled = client.put(&format!("{run}/cancel"), "{}").body;
        assert_eq!(canceled["nextRun"].is_object(), body != ALL);
        facts.check("CancelBillRunResponse", &canceled);
        client.seconds += 1;
        facts.check("BillRunResponse", &client.delete(&run).body);
    }
    let run = client.completed(ALL);
    facts.check("BillRunResponse", &client.put(&format!("{run}/post"), "{}").body);
    client.seconds += 1;
    facts.check("BillRunResponse", &client.get(&run).body);
    facts.check("CommonResponse", &client.post(&format!("{run}/emails"), "{}").body);
}

#[test]
fn a_created_run_has_the_fields_and_the_nulls_of_the_documented_sample() {
    let account = "2c92a08282fa634378aca02a1626d315";
    let filter = format!(r#"{{"filterType":"Account","accountId":"{account}"}}"#);
    let body = format!(
        r#"{{"autoEmail":false,"autoPost":false,"autoRenewal":false,"billRunFilters":[{filter}],
        "chargeTypeToExclude":["OneTime"],"invoiceDate":"2020-02-01","name":"test",
        "noEmailForZeroAmountInvoice":false,"targetDate":"2020-02-01"}}"#
    );
    let created = TestClient::demo().post("/v1/bill-runs", &body).body;
    let nulls = ["batches", "billCycleDay"].into_iter().chain(NULLS_OF_RUNS);
    for name in nulls {
        assert_eq!(created.get(name), Some(&Value::Null), "{name}");
    }
    for (name, value) in [
        ("autoEmail", Value::Bool(false)),
        ("autoPost", Value::Bool(false)),
        ("autoRenewal", Value::Bool(false)),
        ("noEmailForZeroAmountInvoice", Value::Bool(false)),
        ("billRunNumber", "BR-00000001".into()),
        ("chargeTypeToExclude", vec!["OneTime"].into()),
        ("billRunFilters", serde_json::from_str(&format!("[{filter}]")).unwrap()),
        ("invoiceDate", "2020-02-01".into()),
        ("targetDate", "2020-02-01".into()),
        ("name", "test".into()),
        ("status", "Pending".into()),
        ("success", Value::Bool(true)),
    ] {
        assert_eq!(created[name], value, "{name}");
    }
    for name in ["id", "createdById", "createdDate", "updatedById", "updatedDate"] {
        assert!(created[name].is_string(), "{name}");
    }
}

#[test]
fn invoices_and_their_items_are_documented() {
    let facts = Facts::read();
    let mut client = TestClient::demo();
    let run = client.completed(ALL);
    facts.check("InvoiceResponse", &client.get("/v1/invoices/INV00000001").body);
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 1;
    client.post(&format!("{run}/emails"), "{}");
    let posted = client.get("/v1/invoices/INV00000001").body;
    assert!(posted["postedDate"].is_string() && posted["lastEmailSentDate"].is_string());
    facts.check("InvoiceResponse", &posted);
    facts.check("InvoiceItemsResponse", &client.get("/v1/invoices/INV00000001/items?pageSize=1&page=1").body);
    for row in client.invoices(&run) {
        facts.check("ExpandedInvoice", &row);
    }
    let nulls = client.get("/object-query/invoices?includeNullFields=true").body["data"][0].clone();
    let known = facts.schemas["ExpandedInvoice"]["fields"].as_array().unwrap();
    assert_eq!(nulls.as_object().unwrap().len(), known.len());
}

/// Returns an invoice with every field that a request can have.
const STANDALONE: &str = r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01","comments":"c","autoPay":true,
    "templateId":"8ad0","communicationProfileId":"8ad0","transferredToAccounting":"No","Region__c":"R",
    "IntegrationId__NS":"i","IntegrationStatus__NS":"s","SyncDate__NS":"d","sequenceSet":"q",
    "billToContact":{"firstName":"A","lastName":"B"},"soldToSameAsBillTo":true,"shipToSameAsBillTo":true,
    "customRates":[{"currency":"EUR","customFxRate":1.1,"rateDate":"2026-03-01"}],
    "invoiceItems":[{"chargeName":"Work","amount":100,"quantity":2,"unitPrice":50,"uom":"Hour","sku":"OWN",
    "serviceStartDate":"2026-03-01","serviceEndDate":"2026-03-31","chargeDate":"2026-03-01 08:00:00",
    "description":"d","accountingCode":"a","accountsReceivableAccountingCode":"a","bookingReference":"b",
    "adjustmentLiabilityAccountingCode":"a","adjustmentRevenueAccountingCode":"a","contractAssetAccountingCode":"a",
    "contractLiabilityAccountingCode":"a","contractRecognizedRevenueAccountingCode":"a",
    "deferredRevenueAccountingCode":"a","recognizedRevenueAccountingCode":"a","unbilledReceivablesAccountingCode":"a",
    "itemType":"t","purchaseOrderNumber":"p","revRecCode":"r","revRecTriggerCondition":"ContractEffectiveDate",
    "revRecStartDate":"2026-03-01","revenueRecognitionRuleName":"n","excludeItemBillingFromRevenueAccounting":true,
    "Region__c":1,"SyncDate__NS":"d","discountItems":[{"chargeName":"Less","amount":-10,"Region__c":true}],
    "taxItems":[{"name":"T","taxAmount":"8","taxRate":"0.08","taxRateType":"Percentage","taxDate":"2026-03-01",
    "taxMode":"TaxExclusive","taxCode":"C","taxCodeDescription":"d","taxRateDescription":"d","jurisdiction":"J",
    "locationCode":"L","exemptAmount":1,"Zone__c":"z"}]},
    {"chargeName":"Fee","amount":10,"serviceStartDate":"2026-03-01","taxCode":"VAT","taxMode":"TaxInclusive"}]}"#;

#[test]
fn standalone_invoices_are_documented() {
    let facts = Facts::read();
    let mut client = TestClient::demo();
    let created = client.post("/v1/invoices", STANDALONE);
    facts.check("InvoiceResponse", &created.body);
    let path = format!("/v1/invoices/{}", created.body["id"].as_str().unwrap());
    let items = client.get(&format!("{path}/items?pageSize=1")).body;
    facts.check("InvoiceItemsResponse", &items);
    facts.check("InvoiceItemsResponse", &client.get(&format!("{path}/items")).body);
    // The response contains every given field that it has a place for.
    let item = &items["invoiceItems"][0];
    for name in
        ["bookingReference", "itemType", "purchaseOrderNumber", "revRecCode", "unitOfMeasure", "SyncDate__NS"]
    {
        assert!(item[name].is_string(), "{name}");
    }
    assert_eq!((&item["Region__c"], &item["unitPrice"]), (&1.into(), &50.into()));
    let taxes = format!("{path}/items/{}/taxation-items?pageSize=1", item["id"].as_str().unwrap());
    facts.check("TaxationItemsDataResponse", &client.get(&taxes).body);
    let tax = format!(
        r#"{{"taxationItems":[{{"invoiceItemId":{},"name":"T","jurisdiction":"J","taxAmount":1,"taxRate":0.1,
        "taxRateType":"FlatFee","taxDate":"2026-03-01","country":"US","applicableTaxUnRounded":1.001,"exemptAmount":1,
        "financeInformation":{{"accountsReceivableAccountingCode":"a","salesTaxPayableAccountingCode":"b"}},
        "locationCode":"L","taxCode":"C","taxCodeDescription":"d","taxRateDescription":"d","Zone__c":"z"}}]}}"#,
        item["id"]
    );
    let created = client.post(&format!("{path}/taxation-items"), &tax).body;
    assert_eq!(created["taxationItems"][0]["applicableTaxUnRounded"], 1.001);
    facts.check("GetTaxationItemsResponse", &created);
    facts.check("UpdateInvoiceResponse", &client.put(&path, r#"{"comments":"x","Region__c":"y"}"#).body);
    facts.check("CommonResponse", &client.put("/v1/invoices", r#"{"invoices":[{"id":"INV00000001"}]}"#).body);
    facts.check("AsyncOperationResponse", &client.put(&format!("{path}/post"), "{}").body);
    facts.check("UpdateInvoiceResponse", &client.put(&path, r#"{"comments":"z"}"#).body);
    facts.check("InvoiceResponse", &client.get(&path).body);
    facts.check(
        "CommonResponse",
        &client.post(&format!("{path}/emails"), r#"{"emailAddresses":"a@b.c"}"#).body,
    );
    // The list has custom fields too, which are documented without names.
    let row = client.get("/object-query/invoices").body["data"][0].clone();
    let known = row.as_object().unwrap().iter().filter(|(name, _)| !name.contains("__"));
    facts.check("ExpandedInvoice", &known.map(|(name, value)| (name.clone(), value.clone())).collect());
}

#[test]
fn bulk_responses_are_documented() {
    let facts = Facts::read();
    let mut client = TestClient::demo();
    let body = format!(r#"{{"invoices":[{STANDALONE},{{}}]}}"#);
    let created = client.post("/v1/invoices/batch", &body).body;
    assert_eq!(created["invoices"][1]["success"], false);
    facts.check("BulkCreateInvoicesResponse", &created);
    let posted =
        client.post("/v1/invoices/bulk-post", r#"{"invoices":[{"id":"INV00000001"},{"id":"x"}]}"#).body;
    assert_eq!(posted["invoices"][1]["success"], false);
    facts.check("BulkPostInvoicesResponse", &posted);
}

#[test]
fn memos_jobs_and_files_are_documented() {
    let facts = Facts::read();
    let mut client = TestClient::demo();
    let posted = STANDALONE.replacen('{', r#"{"status":"Posted","#, 1);
    let [reversed, written_off, paid] = [(); 3].map(|()| client.standalone(&posted));
    facts.check("ReverseInvoiceResponse", &client.put(&format!("{reversed}/reverse"), "{}").body);
    let id = paid.rsplit('/').next().unwrap();
    client.sandbox.pay(id, rust_decimal::Decimal::ONE).unwrap();
    facts.check("WriteOffInvoiceResponse", &client.put(&format!("{written_off}/write-off"), "{}").body);
    facts.check("WriteOffInvoiceResponse", &client.put(&format!("{paid}/write-off"), "{}").body);
    let mut parts = client.get(&format!("{paid}/application-parts")).body;
    for part in parts["applicationParts"].as_array_mut().unwrap() {
        let part = part.as_object_mut().unwrap();
        part.retain(|_, value| !value.is_null());
        assert!(part.contains_key("creditMemoId") != part.contains_key("paymentId"), "exactly one of them");
    }
    facts.check("GetInvoiceApplicationPartsRequest", &parts);
    let status = format!("/v1/invoices/pdf-status?invoiceKeys={id}");
    for _ in 0..3 {
        facts.check("GetInvoicePdfStatusBatchResponse", &client.get(&status).body);
        client.seconds += 1;
    }
    for code in [false, true] {
        client.sandbox.settings().pdf_error_code = code;
        client.sandbox.fail_next(BackgroundJob::Pdf);
        client.put(&paid, &format!(r#"{{"comments":"{code}"}}"#));
        client.seconds += 2;
        let failed = client.get(&status).body;
        assert_eq!(failed["invoiceFiles"][0]["pdfGenerationStatus"], "Error");
        facts.check("GetInvoicePdfStatusBatchResponse", &failed);
    }
    facts.check("UploadFileResponse", &client.upload(&paid, "a.pdf", "application/pdf", "%PDF-").body);
    facts.check("InvoiceFilesResponse", &client.get(&format!("{paid}/files?pageSize=1")).body);
    let draft = client.standalone(STANDALONE);
    facts.check("AsyncOperationResponse", &client.put(&format!("{draft}/cancel"), "{}").body);
    client.sandbox.settings().delete_job_from = 1;
    let deletion = client.delete(&draft).body;
    facts.check("AsyncOperationResponse", &deletion);
    client.sandbox.fail_next(BackgroundJob::Job);
    let job = format!("/v1/operations/jobs/{}", deletion["jobId"].as_str().unwrap());
    for status in ["Pending", "Processing", "Failed"] {
        let shown = client.get(&job).body;
        assert_eq!(shown["status"], status);
        facts.check("OperationJobResponse", &shown);
        client.seconds += 1;
    }
    client.sandbox.settings().reverse_job_above = 1;
    let large = client.standalone(&posted);
    facts.check("ReverseInvoiceResponse", &client.put(&format!("{large}/reverse"), "{}").body);
}

#[test]
fn errors_and_tokens_are_documented() {
    let facts = Facts::read();
    let mut client = TestClient::demo();
    facts.check("CommonResponse", &client.get("/v1/invoices/x").body);
    facts.check("CommonResponse", &client.post("/v1/bill-runs", "{}").body);
    facts.check(
        "ErrorResponse",
        &Value::from_iter([("reasons", client.get("/v1/invoices/x").body["reasons"].clone())]),
    );
    let form = crate::client::form(zuora_sandbox::CLIENT_ID, zuora_sandbox::CLIENT_SECRET);
    facts.check("TokenResponse", &client.token(&form).body);
    client.sandbox.revoke_tokens();
    facts.check("CommonResponse", &client.get("/v1/invoices/x").body);
}
