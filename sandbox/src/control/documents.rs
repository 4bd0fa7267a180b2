//! The page, and the documents that describe the control API and the tenant file.

use super::request::{ControlBody, ControlError, ControlRequest};
use crate::service::Sandbox;

pub(super) const OPENAPI: &str = include_str!("../../control/openapi.json");
pub(super) const SCHEMA: &str = include_str!("../../control/schema.json");
pub(super) const TENANT_SCHEMA: &str = include_str!("../../control/tenant.schema.json");
const PAGE: &str = include_str!("../../control/page.html");

pub(super) fn page(_: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Text("text/html;charset=utf-8", PAGE.into()))
}

pub(super) fn openapi(_: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Text("application/json", OPENAPI.into()))
}

pub(super) fn schema(_: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Text("application/schema+json", SCHEMA.into()))
}

pub(super) fn tenant_schema(_: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Text("application/schema+json", TENANT_SCHEMA.into()))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use http::{Request, StatusCode};
    use serde_json::Value;

    use super::super::routes::ROUTES;
    use super::*;
    use crate::values::UnixTime;

    const NOW: UnixTime = UnixTime::from_secs(1_772_384_400);

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// Returns the operation of OpenAPI with the method and path of a route.
    fn operation<'d>(openapi: &'d Value, method: &str, path: &str) -> &'d Value {
        let path = path.replace('*', "{number}");
        &openapi["paths"][&path][method.to_lowercase()]
    }

    /// Returns the definition of a body, which is a reference into the schema.
    fn definition<'s>(schema: &'s Value, body: &Value) -> Option<&'s Value> {
        let reference = body["content"]["application/json"]["schema"]["$ref"].as_str()?;
        schema.pointer(reference.strip_prefix("schema.json#").unwrap())
    }

    #[test]
    fn every_route_occurs_in_openapi_and_the_other_way_round() {
        let openapi = parse(OPENAPI);
        let described = openapi["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.replace("{number}", "*")))
        });
        let routes = ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned()));
        assert_eq!(described.collect::<BTreeSet<_>>(), routes.collect());
        let ids = openapi["paths"].as_object().unwrap().values().flat_map(|methods| {
            methods.as_object().unwrap().values().map(|operation| operation["operationId"].as_str().unwrap())
        });
        assert_eq!(ids.collect::<BTreeSet<_>>().len(), ROUTES.len(), "each id is used once");
        assert_eq!(openapi["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn every_field_of_a_request_occurs_in_the_schema_and_the_other_way_round() {
        let (openapi, schema) = (parse(OPENAPI), parse(SCHEMA));
        for route in ROUTES {
            let body = &operation(&openapi, route.method.as_str(), route.path)["requestBody"];
            let described = definition(&schema, body).map(|one| one["properties"].as_object().unwrap());
            let described: BTreeSet<&str> =
                described.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let known: BTreeSet<&str> = (route.fields)().into_iter().collect();
            assert_eq!(described, known, "{} {} in control/schema.json", route.method, route.path);
        }
    }

    #[test]
    fn every_definition_describes_its_members_and_its_examples_are_valid() {
        let schema = parse(SCHEMA);
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            assert!(definition["description"].is_string(), "{name}");
            for (field, described) in definition["properties"].as_object().into_iter().flatten() {
                let is_described = described["description"].is_string() || described["$ref"].is_string();
                assert!(is_described, "{name}.{field}");
            }
            for example in definition["examples"].as_array().into_iter().flatten() {
                validate(&schema, definition, example, name);
            }
        }
    }

    #[test]
    fn every_example_of_a_request_is_accepted() {
        let (openapi, schema) = (parse(OPENAPI), parse(SCHEMA));
        for route in ROUTES {
            let body = &operation(&openapi, route.method.as_str(), route.path)["requestBody"];
            let Some(definition) = definition(&schema, body) else { continue };
            for example in definition["examples"].as_array().unwrap() {
                let mut sandbox = Sandbox::demo();
                sandbox.store_snapshot("default");
                sandbox.store_snapshot("before March");
                let request = Request::builder().method(route.method.clone()).uri(route.path);
                let response = sandbox.control(request.body(example.to_string()).unwrap(), NOW);
                // Without a request, no invoice can be paid, and no count is as expected.
                let accepted = [StatusCode::OK, StatusCode::CONFLICT].contains(&response.status());
                assert!(accepted, "{} {example}: {:?}", route.path, response.body());
            }
        }
    }

    /// Creates a sandbox with two bill runs, a posted invoice, a failed request, and a response of a gateway.
    fn busy_sandbox() -> Sandbox {
        let mut sandbox = Sandbox::demo();
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials",
            crate::CLIENT_ID,
            crate::CLIENT_SECRET
        );
        let token = Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
        let token =
            parse(std::str::from_utf8(sandbox.handle(token.body(form).unwrap(), NOW).body()).unwrap());
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let create = || {
            let request = Request::post("/v1/bill-runs").header("authorization", &bearer);
            let request = request.header("content-type", "application/json").header("idempotency-key", "k");
            request.body(r#"{"batches":["Batch4"],"targetDate":"2026-12-31"}"#).unwrap()
        };
        sandbox.faults().push(crate::Fault::execute_later(std::time::Duration::from_secs(1)));
        sandbox.deliver(create(), NOW);
        sandbox.advance_clock(std::time::Duration::from_secs(100));
        let invoice =
            sandbox.journal().effects_of_kind(crate::EffectKind::InvoiceCreated).next().unwrap().id.clone();
        sandbox.post_invoice(&invoice).unwrap();
        sandbox.handle(Request::get("/v1/bill-runs/none").body("").unwrap(), NOW);
        sandbox
    }

    #[test]
    fn every_field_of_a_response_occurs_in_the_schema() {
        let (openapi, schema) = (parse(OPENAPI), parse(SCHEMA));
        let sandbox = busy_sandbox();
        let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for route in ROUTES {
            let operation = operation(&openapi, route.method.as_str(), route.path);
            let example =
                definition(&schema, &operation["requestBody"]).map(|one| one["examples"][0].to_string());
            let request = Request::builder().method(route.method.clone()).uri(route.path.replace('*', "2"));
            let mut sandbox = sandbox.clone();
            let response = sandbox.control(request.body(example.unwrap_or_default()).unwrap(), NOW);
            let described = &operation["responses"][response.status().as_str()];
            assert!(described["description"].is_string(), "{} {}", route.path, response.status());
            let media = response.headers()["content-type"].to_str().unwrap();
            let media = media.split(';').next().unwrap();
            assert!(described["content"][media].is_object(), "{} {media}", route.path);
            if let Some(definition) = definition(&schema, described) {
                let body = parse(std::str::from_utf8(response.body()).unwrap());
                validate(&schema, definition, &body, route.path);
                note_members(&body, &mut seen, route.path);
            }
        }
        assert!(
            seen["/sandbox/journal"].contains("gateway_response")
                && seen["/sandbox/state"].contains("billed")
        );
    }

    #[test]
    fn every_error_of_a_wrong_parameter_or_body_is_described() {
        let (openapi, schema) = (parse(OPENAPI), parse(SCHEMA));
        let mut wrong = 0;
        for route in ROUTES {
            let operation = operation(&openapi, route.method.as_str(), route.path);
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.map(|one| match one["in"].as_str() {
                Some("path") => (route.path.replace('*', "none"), ""),
                _ => (format!("{}?{}=none", route.path, one["name"].as_str().unwrap()), ""),
            });
            let bodies = ["[]", "{", r#"{"none":1}"#].map(|body| (route.path.to_owned(), body));
            let bodies = bodies.into_iter().filter(|_| operation["requestBody"].is_object());
            for (target, body) in parameters.chain(bodies) {
                let request =
                    Request::builder().method(route.method.clone()).uri(&target).body(body).unwrap();
                let response = Sandbox::demo().control(request, NOW);
                assert!(response.status().is_client_error(), "{target} {body}");
                let described = &operation["responses"][response.status().as_str()];
                let definition = definition(&schema, described);
                let definition =
                    definition.unwrap_or_else(|| panic!("{target} {body}: {}", response.status()));
                let error = parse(std::str::from_utf8(response.body()).unwrap());
                validate(&schema, definition, &error, &target);
                wrong += 1;
            }
        }
        assert!(wrong > 30, "{wrong}");
    }

    fn note_members(value: &Value, seen: &mut BTreeMap<String, BTreeSet<String>>, path: &str) {
        for (name, member) in value.as_object().into_iter().flatten() {
            seen.entry(path.to_owned()).or_default().insert(name.clone());
            note_members(member, seen, path);
        }
        value.as_array().into_iter().flatten().for_each(|row| note_members(row, seen, path));
    }

    #[test]
    fn the_demo_tenant_is_as_its_schema_says() {
        let schema = parse(TENANT_SCHEMA);
        validate(&schema, &schema, &parse(include_str!("../../demo-tenant.json")), "tenant");
    }

    /// Checks a value against a schema, with the keywords that the schemas here use.
    fn validate(root: &Value, schema: &Value, value: &Value, at: &str) {
        const KEYWORDS: [&str; 17] = [
            "$schema",
            "$defs",
            "$ref",
            "title",
            "description",
            "examples",
            "default",
            "type",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "enum",
            "minimum",
            "maximum",
            "pattern",
            "minItems",
        ];
        for keyword in schema.as_object().unwrap().keys() {
            assert!(KEYWORDS.contains(&keyword.as_str()), "{at}: the test does not know {keyword}");
        }
        if let Some(reference) = schema["$ref"].as_str() {
            return validate(root, root.pointer(&reference[1..]).unwrap(), value, at);
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let is_of = |name: &&str| match *name {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            other => other == "null" && value.is_null(),
        };
        assert!(types.is_empty() || types.iter().any(is_of), "{at}: {value} is not of type {types:?}");
        if let Some(words) = schema["enum"].as_array() {
            assert!(words.contains(value), "{at}: {value} is not one of the words");
        }
        for (bound, is_met) in [("minimum", f64::ge as fn(&f64, &f64) -> bool), ("maximum", f64::le)] {
            if let (Some(bound), Some(number)) = (schema[bound].as_f64(), value.as_f64()) {
                assert!(is_met(&number, &bound), "{at}: {number}");
            }
        }
        for row in value.as_array().into_iter().flatten() {
            validate(root, &schema["items"], row, at);
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{at}: {name} is missing in {value}");
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            let described = schema["properties"].get(name).or(schema.get("additionalProperties"));
            let described = described.filter(|schema| schema.is_object());
            let Some(described) = described else { panic!("{at}: {name} is not described") };
            validate(root, described, member, &format!("{at}.{name}"));
        }
    }
}
