//! Every field of every answer is one that the facts know, with a type that they know.

use serde_json::Value;

use crate::desk::Desk;

struct Facts {
    schemas: Value,
}

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
    fn check(&self, schema: &str, answer: &Value) {
        let fields =
            self.schemas[schema]["fields"].as_array().unwrap_or_else(|| panic!("no schema {schema}"));
        for (name, value) in answer.as_object().unwrap_or_else(|| panic!("{schema} is no object: {answer}")) {
            let field = fields.iter().find(|field| field["name"] == **name);
            let field = field.unwrap_or_else(|| panic!("{schema} has no field {name}"));
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
    "invoiceDateMonthOffset":0,"invoiceDateDayOfMonth":31,"organizationLabels":[{"organizationName":"North"}],
    "schedule":{"repeatFrom":"2026-03-31","repeatTo":"2027-03-31","repeatType":"Monthly","runTime":5,
    "monthlyOnEndOfMonth":true}}"#;
const WEEKLY: &str = r#"{"billRunFilters":[{"filterType":"FilterCondition","objectType":"Account",
    "condition":{"relation":"and","conditions":[{"field":"currency","operator":"eq","value":"EUR"}]}}],
    "schedule":{"repeatFrom":"2026-03-02","repeatType":"Weekly","runTime":5,"weeklyOnDay":["Mon"]}}"#;

#[test]
fn bill_runs_are_documented() {
    let facts = Facts::read();
    let mut desk = Desk::demo();
    for body in [ALL, MONTHLY, WEEKLY] {
        let created = desk.post("/v1/bill-runs", body);
        facts.check("BillRunResponse", &created.body);
        let run = format!("/v1/bill-runs/{}", created.body["id"].as_str().unwrap());
        facts.check("BillRunResponse", &desk.get(&run).body);
        let canceled = desk.put(&format!("{run}/cancel"), "{}").body;
        assert_eq!(canceled["nextRun"].is_object(), body != ALL);
        facts.check("CancelBillRunResponse", &canceled);
        desk.seconds += 1;
        facts.check("BillRunResponse", &desk.delete(&run).body);
    }
    let run = desk.completed(ALL);
    facts.check("BillRunResponse", &desk.put(&format!("{run}/post"), "{}").body);
    desk.seconds += 1;
    facts.check("BillRunResponse", &desk.get(&run).body);
    facts.check("CommonResponse", &desk.post(&format!("{run}/emails"), "{}").body);
}

#[test]
fn invoices_and_their_items_are_documented() {
    let facts = Facts::read();
    let mut desk = Desk::demo();
    let run = desk.completed(ALL);
    facts.check("InvoiceResponse", &desk.get("/v1/invoices/INV00000001").body);
    desk.put(&format!("{run}/post"), "{}");
    desk.seconds += 1;
    desk.post(&format!("{run}/emails"), "{}");
    let posted = desk.get("/v1/invoices/INV00000001").body;
    assert!(posted["postedDate"].is_string() && posted["lastEmailSentDate"].is_string());
    facts.check("InvoiceResponse", &posted);
    facts.check("InvoiceItemsResponse", &desk.get("/v1/invoices/INV00000001/items?pageSize=1&page=1").body);
    for row in desk.invoices(&run) {
        facts.check("ExpandedInvoice", &row);
    }
    let nulls = desk.get("/object-query/invoices?includeNullFields=true").body["data"][0].clone();
    let known = facts.schemas["ExpandedInvoice"]["fields"].as_array().unwrap();
    assert_eq!(nulls.as_object().unwrap().len(), known.len());
}

#[test]
fn refusals_and_tokens_are_documented() {
    let facts = Facts::read();
    let mut desk = Desk::demo();
    facts.check("CommonResponse", &desk.get("/v1/invoices/x").body);
    facts.check("CommonResponse", &desk.post("/v1/bill-runs", "{}").body);
    facts.check(
        "ErrorResponse",
        &Value::from_iter([("reasons", desk.get("/v1/invoices/x").body["reasons"].clone())]),
    );
    let form = crate::desk::form(zuora_sandbox::CLIENT_ID, zuora_sandbox::CLIENT_SECRET);
    facts.check("TokenResponse", &desk.token(&form).body);
    desk.sandbox.revoke_tokens();
    facts.check("CommonResponse", &desk.get("/v1/invoices/x").body);
}
