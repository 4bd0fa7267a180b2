//! Operations: method, path, query, headers, content type, and idempotency key.

use std::collections::BTreeSet;

use zuora_core::http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use zuora_core::operation::{Effect, Spec};
use zuora_core::transport::HttpRequest;
use zuora_tests::json::Json;

use crate::facts::{Facts, Operation};
use crate::ledger::Ledger;
use crate::subject::{Form, Subject};

/// Keys that would change the path of a request.
pub(crate) const UNSAFE_KEYS: [&str; 5] = ["", ".", "..", "a\nb", "\u{7f}"];

/// Checks the request line and the headers of every operation.
pub(crate) fn check(facts: &Facts, subjects: &[Subject], ledger: &mut Ledger) {
    for operation in &facts.operations {
        let claim = |part: &str| format!("operation {}.{part}", operation.name);
        for part in ["request line", "headers", "idempotency"] {
            ledger.demand(claim(part));
        }
        if !operation.path_params.is_empty() {
            ledger.demand(claim("keys"));
        }
        for parameter in &operation.query_params {
            ledger.demand(claim(&format!("query {}", parameter.name)));
        }
        let Some(subject) = subjects.iter().find(|subject| subject.name == operation.name) else { continue };
        for form in &subject.valid {
            let request =
                form.dry_run().unwrap_or_else(|error| panic!("{} should be valid: {error}", form.text()));
            check_one(operation, &form.spec(), &request, ledger);
            if !operation.path_params.is_empty() {
                ledger.check(&claim("keys"), keys(operation, &**form));
            }
            for pair in request.uri().query().into_iter().flat_map(|query| query.split('&')) {
                let name = pair.split('=').next().unwrap_or_default().replace("%5B%5D", "[]");
                ledger.seen(&claim(&format!("query {name}")));
            }
        }
    }
    for subject in subjects {
        assert!(facts.operation(subject.name).is_some(), "{} is not documented", subject.name);
    }
}

/// Checks one request.
pub(crate) fn check_one(operation: &Operation, spec: &Spec, request: &HttpRequest, ledger: &mut Ledger) {
    let claim = |part: &str| format!("operation {}.{part}", operation.name);
    ledger.check(&claim("request line"), request_line(operation, spec, request));
    ledger.check(&claim("headers"), headers(operation, request));
    ledger.check(&claim("idempotency"), idempotency(operation, spec));
}

fn request_line(operation: &Operation, spec: &Spec, request: &HttpRequest) -> Result<(), String> {
    equal("name", spec.name, &operation.name)?;
    equal("path", spec.path, &operation.path)?;
    equal("method", spec.method.as_str(), &operation.method)?;
    equal("method sent", request.method().as_str(), &operation.method)?;
    let sent: Vec<&str> = request.uri().path().split('/').collect();
    let template: Vec<&str> = operation.path.split('/').collect();
    equal("segments", &sent.len(), &template.len())?;
    for (sent, template) in sent.into_iter().zip(template) {
        if template.starts_with('{') {
            equal("empty key", &sent.is_empty(), &false)?;
        } else {
            equal("segment", sent, template)?;
        }
    }
    Ok(())
}

/// Checks that every documented header is sent except `Content-Encoding`, since only large bodies are compressed, and
/// apart from these only headers that any HTTP client sends.
fn headers(operation: &Operation, request: &HttpRequest) -> Result<(), String> {
    let usual = [ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT];
    let sent: BTreeSet<String> =
        request.headers().keys().filter(|name| !usual.contains(name)).map(ToString::to_string).collect();
    let documented: BTreeSet<String> =
        operation.headers.iter().map(|header| header.name.to_lowercase()).collect();
    let documented = documented.into_iter().filter(|name| name != "content-encoding").collect();
    equal("headers", &sent, &documented)?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = content_type.map(|value| value.split(';').next().unwrap_or_default());
    // Every PUT has a body, since the service rejects a PUT without one (README of the facts, conflict 32).
    let json = (operation.method == "PUT").then_some("application/json");
    let documented = operation.request_content_type.as_deref().or(json);
    equal("content type", &media, &documented)?;
    equal("body", &request.body().is_empty(), &documented.is_none())?;
    equal("authorization", &request.headers()[AUTHORIZATION].is_empty(), &false)
}

fn idempotency(operation: &Operation, spec: &Spec) -> Result<(), String> {
    let expected = match (&*operation.method, operation.supports_idempotency_key) {
        ("GET", false) => Effect::Read,
        ("POST", true) => Effect::Keyed,
        _ => Effect::Unkeyed,
    };
    equal("effect", &spec.effect, &expected)
}

/// Checks that keys that would change the path are rejected with the name of the parameter.
fn keys(operation: &Operation, form: &dyn Form) -> Result<(), String> {
    for parameter in &operation.path_params {
        for key in UNSAFE_KEYS {
            let text = form.text();
            equal("key in the JSON of the operation", &text.at(&parameter.name).is_some(), &true)?;
            let form = form.read_form(&text.with(&parameter.name, Some(Json::text(key))).to_string())?;
            let error = form.rejection()?;
            equal("field", &error.field(), &Some(&*parameter.name))?;
        }
    }
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug + ?Sized>(
    what: &str,
    found: &T,
    documented: &T,
) -> Result<(), String> {
    if found == documented { Ok(()) } else { Err(format!("{what}: {found:?}, documented: {documented:?}")) }
}
