//! Any valid request contains what its operation contains, and building it again gives the same request.

use std::collections::{BTreeMap, BTreeSet};

use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use serde_json::value::RawValue;
use zuora_core::operation::Effect;
use zuora_core::testing::FakeTransport;
use zuora_core::testing::strategies::proptest;
use zuora_core::transport::TransportError;
use zuora_core::{CallOptions, Client, Config, ErrorKind};
use zuora_tests::json::Json;

use crate::{BodyLocation, Subject, body, for_any, for_each_operation};

const CASES: u32 = 32;

#[test]
fn every_operation_is_included() {
    let name = |operation: &Value| operation["name"].as_str().expect("a name").to_owned();
    let facts: Vec<Value> =
        serde_json::from_str(include_str!("../../reference/operations.json")).expect("JSON");
    let mut documented: BTreeSet<String> = facts.iter().map(name).collect();
    // Its secret is never written as JSON; the tests of the setters include it.
    documented.remove("create_token");
    documented.insert("query_invoices".to_owned());

    fn name_of<O: Subject>(_: BodyLocation) -> String {
        let any = any::<O>().new_tree(&mut TestRunner::deterministic());
        any.expect("a value").current().spec().name.to_owned()
    }
    assert_eq!(BTreeSet::from(for_each_operation!(name_of)), documented);
}

/// The strategies must draw every field. The values are the same in each run.
#[test]
fn every_documented_field_is_drawn() {
    const MOST: usize = 3000;

    fn check<O: Subject>(location: BodyLocation) {
        let operations = include_str!("../../reference/operations.json");
        let operations: Vec<Value> = serde_json::from_str(operations).expect("JSON");
        let schemas: Value =
            serde_json::from_str(include_str!("../../reference/schemas.json")).expect("JSON");
        let mut runner = TestRunner::deterministic();
        let strategy = any::<O>();
        let mut draw = || strategy.new_tree(&mut runner).expect("a value").current();
        let operation = operations.iter().find(|operation| operation["name"] == draw().spec().name);
        let schema = operation.and_then(|operation| operation["request_schema"].as_str());
        let (Some(schema), BodyLocation::Whole | BodyLocation::Field(_)) = (schema, location) else { return };

        let mut missing = BTreeSet::new();
        fields_of(&schemas, schema, &mut missing);
        for _ in 0..MOST {
            if missing.is_empty() {
                return;
            }
            cross_off(
                &schemas,
                schema,
                &Json::of(body(&draw().request().expect("a valid request"))),
                &mut missing,
            );
        }
        panic!("{missing:?} not in {MOST} values");
    }
    for_each_operation!(check);
}

/// Collects the fields of a schema and of the schemas that it contains.
fn fields_of(schemas: &Value, schema: &str, fields: &mut BTreeSet<(String, String)>) {
    for field in schemas[schema]["fields"].as_array().expect(schema) {
        let name = field["name"].as_str().expect("a name");
        let nested = field["ref"].as_str().filter(|nested| schemas[nested]["kind"] == "object");
        if fields.insert((schema.to_owned(), name.to_owned())) {
            nested.into_iter().for_each(|nested| fields_of(schemas, nested, fields));
        }
    }
}

/// Removes the fields that a body contains, all of which must be documented.
fn cross_off(schemas: &Value, schema: &str, body: &Json, missing: &mut BTreeSet<(String, String)>) {
    let Json::Object(sent) = body else { panic!("{body} is not a {schema}") };
    for (name, value) in sent {
        let documented = schemas[schema]["fields"].as_array().expect(schema);
        let Some(field) = documented.iter().find(|field| field["name"] == **name) else {
            assert!(name.ends_with("__c"), "{schema} has no {name}");
            continue;
        };
        missing.remove(&(schema.to_owned(), name.clone()));
        let nested = field["ref"].as_str().filter(|nested| schemas[nested]["kind"] == "object");
        let rows = match value {
            Json::List(rows) => &rows[..],
            row => std::slice::from_ref(row),
        };
        if let Some(nested) = nested {
            rows.iter().for_each(|row| cross_off(schemas, nested, row, missing));
        }
    }
}

#[test]
fn a_request_is_the_same_each_time_and_after_a_queue() {
    fn check<O: Subject>(_: BodyLocation) {
        for_any(CASES, &any::<O>(), |operation| {
            let kept: O = serde_json::from_str(&serde_json::to_string(&operation)?)?;
            prop_assert_eq!(&kept, &operation);
            let first = operation.request()?;
            for again in [operation.request()?, kept.request()?, operation.clone().request()?] {
                prop_assert_eq!((again.method(), again.uri()), (first.method(), first.uri()));
                prop_assert_eq!(again.headers(), first.headers());
                prop_assert_eq!(again.body().as_ref(), first.body().as_ref());
            }
            Ok(())
        });
    }
    for_each_operation!(check);
}

#[test]
fn the_path_contains_its_ids() {
    fn check<O: Subject>(_: BodyLocation) {
        for_any(CASES, &any::<O>(), |operation| {
            let kept = fields(&operation)?;
            let request = operation.request()?;
            let sent: Vec<&str> = request.uri().path().split('/').collect();
            let wanted: Vec<&str> = operation.spec().path.split('/').collect();
            prop_assert_eq!(sent.len(), wanted.len(), "{}", request.uri());
            for (sent, wanted) in sent.into_iter().zip(wanted) {
                let sent = percent_decode_str(sent).decode_utf8()?.into_owned();
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) => prop_assert_eq!(sent, serde_json::from_str::<String>(kept[name].get())?),
                    None => prop_assert_eq!(sent, wanted),
                }
            }
            Ok(())
        });
    }
    for_each_operation!(check);
}

#[test]
fn the_query_contains_what_was_set() {
    fn check<O: Subject>(_: BodyLocation) {
        for_any(CASES, &any::<O>(), |operation| {
            let request = operation.request()?;
            let query = request.uri().query().unwrap_or_default();
            let mut sent: Vec<(String, String)> =
                form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let mut wanted = match operation.spec().name {
                "query_invoices" | "get_invoice_pdf_status" | "get_invoice_application_parts" => {
                    pairs(&serde_json::to_value(&operation)?)
                }
                _ => match fields(&operation)?.get("paging") {
                    Some(paging) => page(&serde_json::from_str(paging.get())?),
                    None => Vec::new(),
                },
            };
            // The sort is stable, so pairs of one name keep their order.
            sent.sort_by(|a, b| a.0.cmp(&b.0));
            wanted.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(sent, wanted);
            Ok(())
        });
    }
    for_each_operation!(check);
}

/// The query of a page: always the size, and the number unless it is the first page.
fn page(paging: &Value) -> Vec<(String, String)> {
    let mut pairs = vec![("pageSize".to_owned(), paging["size"].to_string())];
    if paging["page"] != 1 {
        pairs.push(("page".to_owned(), paging["page"].to_string()));
    }
    pairs
}

/// The query pairs: every field except the ids of the path. Lists have one pair for each entry, invoice keys one pair in
/// all.
fn pairs(kept: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let filter = |filter: &Value| {
        let part = |name: &str| filter[name].as_str().unwrap_or_default();
        format!("{}.{}:{}", part("field"), part("comparison"), part("value"))
    };
    let mut pairs = Vec::new();
    for (name, value) in kept.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("invoiceKey", _) => {}
            ("invoiceKeys", Value::Array(keys)) => {
                pairs.push((name.clone(), keys.iter().map(text).collect::<Vec<_>>().join(",")));
            }
            ("filter", Value::Array(filters)) => {
                pairs.extend(filters.iter().map(|row| ("filter[]".to_owned(), filter(row))));
            }
            (_, Value::Array(rows)) => pairs.extend(rows.iter().map(|row| (format!("{name}[]"), text(row)))),
            _ => pairs.push((name.clone(), text(value))),
        }
    }
    pairs
}

#[test]
fn the_body_is_the_body_of_the_operation() {
    fn check<O: Subject>(location: BodyLocation) {
        for_any(CASES, &any::<O>(), |operation| {
            let request = operation.request()?;
            let media = request.headers().get(CONTENT_TYPE).map(|value| value.to_str()).transpose()?;
            let kept = fields(&operation)?;
            match location {
                BodyLocation::Multipart => {
                    prop_assert!(media.is_some_and(|media| media.starts_with("multipart/form-data")));
                    return Ok(());
                }
                BodyLocation::Absent => prop_assert_eq!((body(&request), media), ("", None)),
                BodyLocation::Constant(text) => prop_assert_eq!(body(&request), text),
                BodyLocation::Field(name) => prop_assert_eq!(body(&request), kept[name].get()),
                BodyLocation::Whole => prop_assert_eq!(body(&request), serde_json::to_string(&operation)?),
            }
            if !matches!(location, BodyLocation::Absent) {
                prop_assert_eq!(media, Some("application/json"));
                Json::of(body(&request));
            }
            Ok(())
        });
    }
    for_each_operation!(check);
}

/// Optional headers of one call.
#[derive(Clone, Debug)]
struct Headers {
    version: Option<String>,
    entity: Option<String>,
    orgs: Option<Vec<String>>,
    track: Option<String>,
    key: Option<String>,
}

impl Headers {
    fn any() -> impl Strategy<Value = Self> {
        let letters: Vec<char> = ('!'..='~').filter(|letter| !",:;\"'".contains(*letter)).collect();
        let word = |most| vec(select(letters.clone()), 1..=most).prop_map(String::from_iter);
        let version = prop_oneof![
            (2010..=2030_u16, 1..=12_u8, 1..=28_u8).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")),
            (100..1000_u16).prop_map(|number| format!("{number}.0")),
        ];
        (
            option::of(version),
            option::of(word(36)),
            option::of(vec(word(36), 1..=3)),
            option::of(word(64)),
            option::of(word(255)),
        )
            .prop_map(|(version, entity, orgs, track, key)| Self {
                version,
                entity,
                orgs,
                track,
                key,
            })
    }

    fn options(&self, has_key: bool) -> CallOptions {
        let mut options = CallOptions::new();
        if let Some(version) = &self.version {
            options = options.api_version(version);
        }
        if let Some(entity) = &self.entity {
            options = options.entity_id(entity);
        }
        if let Some(orgs) = &self.orgs {
            options = options.org_ids(orgs);
        }
        if let Some(track) = &self.track {
            options = options.track_id(track);
        }
        match &self.key {
            Some(key) if has_key => options.idempotency_key(key),
            _ => options,
        }
    }
}

#[test]
fn a_dry_run_is_the_request_with_the_headers_that_were_set() {
    fn check<O: Subject>(_: BodyLocation) {
        let config =
            Config::new("https://rest.example.com", "00000000-0000-4000-8000-000000000001", "secret")
                .entity_id("of all calls")
                .gzip_requests_from(None);
        let offline = FakeTransport::bare(|_| Err(TransportError::not_sent("offline")));
        let client = Client::with_transport(&config, offline).expect("a valid configuration");
        for_any(CASES, &(any::<O>(), Headers::any()), |(operation, set)| {
            let keyed = operation.spec().effect == Effect::Keyed;
            let request = operation.request()?;
            let sent = client.dry_run(&operation, &set.options(keyed))?;
            prop_assert_eq!(sent.method(), request.method());
            prop_assert_eq!(sent.uri().to_string(), format!("https://rest.example.com{}", request.uri()));
            prop_assert_eq!(sent.body().as_ref(), request.body().as_ref());

            let header = |name: &str| sent.headers().get(name).map(|value| value.to_str().expect("text"));
            prop_assert_eq!(header("zuora-version"), set.version.as_deref().or(Some("2024-05-20")));
            prop_assert_eq!(header("zuora-entity-ids"), set.entity.as_deref().or(Some("of all calls")));
            prop_assert_eq!(
                header("zuora-org-ids").map(str::to_owned),
                set.orgs.as_ref().map(|orgs| orgs.join(","))
            );
            prop_assert_eq!(header("zuora-track-id"), set.track.as_deref());
            prop_assert_eq!(header("idempotency-key").is_some(), keyed);
            if let (true, Some(key)) = (keyed, set.key.as_deref()) {
                prop_assert_eq!(header("idempotency-key"), Some(key));
            }
            prop_assert_eq!(
                header("content-type").map(str::to_owned),
                request.headers().get(CONTENT_TYPE).map(|value| value.to_str().expect("text").to_owned())
            );
            let length = request.body().len().to_string();
            prop_assert_eq!(
                header("content-length"),
                Some(length.as_str()).filter(|_| sent.method() == "POST" || sent.method() == "PUT")
            );
            for values in sent.headers().keys().map(|name| sent.headers().get_all(name).iter().count()) {
                prop_assert_eq!(values, 1);
            }
            if let (false, Some(_)) = (keyed, &set.key) {
                let error =
                    client.dry_run(&operation, &set.options(true)).expect_err("the operation has no key");
                prop_assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("Idempotency-Key")));
            }
            Ok(())
        });
    }
    for_each_operation!(check);
}

/// The fields of an operation, each as JSON.
fn fields(operation: &impl serde::Serialize) -> serde_json::Result<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(&serde_json::to_string(operation)?)
}
