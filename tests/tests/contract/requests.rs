//! Requests: the fields that valid ones send, and that invalid ones are not sent.

use std::collections::BTreeSet;

use zuora_core::transport::HttpRequest;
use zuora_core::{Error, ErrorKind};
use zuora_tests::json::{Json, join};

use crate::facts::{Facts, Field};
use crate::ledger::Ledger;
use crate::subject::{Constraint, Enforcement, Enumeration, Form, Subject};

/// Limits that are not checked, for the reasons of conflicts 15 and 16 in the README of the facts.
const NOT_CHECKED: [(&str, &str); 2] =
    [("CreateTaxationItem.taxCode", "required"), ("UpdateDiscountInvoiceItem.id", "required")];

/// Checks that every documented field is sent by a valid request, with its documented type.
pub(crate) fn check_fields(facts: &Facts, subjects: &[Subject], ledger: &mut Ledger) {
    for (subject, schema) in with_bodies(facts, subjects, ledger, demand_fields) {
        for form in &subject.valid {
            let body = body(&**form);
            assert_eq!(
                form.text().at(subject.body),
                Some(&body),
                "{}: body in the JSON of the operation",
                subject.name
            );
            walk(facts, schema, &body, "", &mut |schema, field, path| {
                let claim = format!("request {schema}.{}", field.name);
                let value = body.at(path).expect("the path was visited");
                ledger.check(&claim, fits(field, value).then_some(()).ok_or(format!("{path} is {value}")));
            });
        }
    }
}

/// Checks that no limit of a field can be exceeded: a value beyond it is rejected with its path, or cannot be
/// represented.
pub(crate) fn check_limits(facts: &Facts, subjects: &[Subject], ledger: &mut Ledger) {
    let mut long_lists = BTreeSet::new();
    for (subject, schema) in with_bodies(facts, subjects, ledger, demand_limits) {
        for form in &subject.valid {
            let (text, body) = (form.text(), body(&**form));
            walk(facts, schema, &body, "", &mut |schema, field, path| {
                let present = body.at(path).expect("the path was visited");
                for limit in limits(schema, field) {
                    let claim = format!("limit {schema}.{}.{}", field.name, limit.name());
                    if matches!(limit, Limit::MaxItems(100..))
                        && !long_lists.insert((subject.name, claim.clone()))
                    {
                        continue;
                    }
                    let send = |value| {
                        let text = text.with(&join(subject.body, path), value);
                        let form = form.read_form(&text.to_string()).map_err(Rejection::Unrepresentable)?;
                        form.dry_run().map_err(Rejection::Rejected)
                    };
                    ledger.check(&claim, limit.check(present, send, path));
                }
            });
        }
    }
}

/// Checks that every constraint that is stated in words is enforced.
pub(crate) fn check_constraints(facts: &Facts, constraints: Vec<Constraint>, ledger: &mut Ledger) {
    for operation in &facts.operations {
        if let Some(schema) = &operation.request_schema {
            demand_constraints(facts, schema, ledger);
        }
        for parameter in &operation.query_params {
            let limits = [
                ("minimum", parameter.minimum.is_some()),
                ("maximum", parameter.maximum.is_some()),
                ("max_keys", parameter.max_keys.is_some()),
            ];
            for (limit, _) in limits.into_iter().filter(|(_, documented)| *documented) {
                ledger.demand(format!("constraint {}.{} {limit}", operation.name, parameter.name));
            }
        }
    }
    for (owner, constraint, enforcement) in constraints {
        let claim = format!("constraint {owner}.{constraint}");
        ledger.seen(&claim);
        let Enforcement::Rejected(requests) = enforcement else { continue };
        for invalid in requests {
            let why = match invalid.form.rejection() {
                Ok(error) if names(&error, invalid.field) => continue,
                Ok(error) => format!("should be rejected for {}, not: {error}", invalid.field),
                Err(why) => why,
            };
            ledger.wrong(&claim, format!("{}: {why}", invalid.form.text()));
        }
    }
}

/// Checks that every known value of an enumeration, or of a field with a separate list, has a name in the library.
/// Text fields with a few common values have none: `batches`, `billCycleDay`.
pub(crate) fn check_enumerations(facts: &Facts, enumerations: &[Enumeration], ledger: &mut Ledger) {
    let texts = ["batches", "billCycleDay", "grant_type", "reasonCode"];
    let mut demand = |owner: &str, values: Vec<String>| {
        for value in values {
            ledger.demand(format!("enumeration {owner}.{value}"));
            let Some((_, is_known)) = enumerations.iter().find(|(name, _)| *name == owner) else { continue };
            let known = is_known(&value).then_some(()).ok_or("has no name".to_owned());
            ledger.check(&format!("enumeration {owner}.{value}"), known);
        }
    };
    for (name, schema) in &facts.schemas {
        demand(name, schema.enum_values.iter().chain(&schema.more_values).cloned().collect());
        for field in &schema.fields {
            if field.refers_to.is_none() && !texts.contains(&&*field.name) {
                demand(&format!("{name}.{}", field.name), field.known_values.clone());
            }
        }
    }
}

/// A limit of one field.
enum Limit {
    Required,
    MinLength(usize),
    MaxLength(usize),
    MinItems,
    MaxItems(usize),
    Minimum(i64),
    Maximum(i64),
    /// A pattern; the tests use a value that matches none of the patterns.
    Pattern,
    /// A closed list of values.
    Values,
}

/// The reason why a request was not built.
enum Rejection {
    Unrepresentable(String),
    Rejected(Error),
}

impl Limit {
    fn name(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::MinLength(_) => "min_length",
            Self::MaxLength(_) => "max_length",
            Self::MinItems => "min_items",
            Self::MaxItems(_) => "max_items",
            Self::Minimum(_) => "minimum",
            Self::Maximum(_) => "maximum",
            Self::Pattern => "pattern",
            Self::Values => "values",
        }
    }

    /// Checks the limit; `send` builds a request with another value, or none, in place of `present`.
    fn check(
        &self,
        present: &Json,
        send: impl Fn(Option<Json>) -> Result<HttpRequest, Rejection>,
        path: &str,
    ) -> Result<(), String> {
        if let Some(most) = self.most(present) {
            if let Err(Rejection::Rejected(error)) = send(Some(most)) {
                if names(&error, path) {
                    return Err(format!("rejects a valid value: {error}"));
                }
            }
        }
        match send(self.beyond(present)) {
            Err(Rejection::Unrepresentable(why)) if !why.is_empty() => Ok(()),
            Err(Rejection::Rejected(error)) if names(&error, path) => Ok(()),
            Err(Rejection::Rejected(error)) => {
                Err(format!("{path} beyond its limit is rejected with {error}"))
            }
            Ok(request) if matches!(self, Self::MinItems) && parse(&request).at(path).is_none() => Ok(()),
            _ => Err(format!("{path} is sent beyond its limit")),
        }
    }

    /// The last value within the limit, if there is one.
    fn most(&self, present: &Json) -> Option<Json> {
        match self {
            Self::MinLength(length) | Self::MaxLength(length) => Some(Json::text("9".repeat(*length))),
            Self::MaxItems(count) => Some(repeated(present, *count)),
            Self::Minimum(value) | Self::Maximum(value) => Some(Json::number(value)),
            Self::Required | Self::MinItems | Self::Pattern | Self::Values => None,
        }
    }

    /// The first value beyond the limit; `None` for a missing value.
    fn beyond(&self, present: &Json) -> Option<Json> {
        Some(match self {
            Self::Required => return None,
            Self::MinLength(length) => Json::text("9".repeat(length - 1)),
            Self::MaxLength(length) => Json::text("9".repeat(length + 1)),
            Self::MinItems => Json::List(Vec::new()),
            Self::MaxItems(count) => repeated(present, count + 1),
            Self::Minimum(value) => Json::number(&(value - 1)),
            Self::Maximum(value) => Json::number(&(value + 1)),
            Self::Pattern | Self::Values => Json::text("not like this!"),
        })
    }
}

fn repeated(list: &Json, count: usize) -> Json {
    let Json::List(rows) = list else { panic!("{list} is not a list") };
    Json::List(rows.iter().cycle().take(count).cloned().collect())
}

/// The limits of a field.
fn limits(schema: &str, field: &Field) -> Vec<Limit> {
    let pattern = field.documented_pattern.as_ref().or(field.pattern.as_ref());
    // The README of the facts, conflicts 17 and 18: of two lengths the larger one counts, except for invoice numbers.
    let shorter = field.documented_max_length.filter(|_| field.documented_pattern.is_some());
    let limits = [
        field.required.then_some(Limit::Required),
        field.min_length.filter(|length| *length > 0 && pattern.is_none()).map(Limit::MinLength),
        shorter.or(field.max_length).map(Limit::MaxLength),
        field.min_items.map(|_| Limit::MinItems),
        field.max_items.map(Limit::MaxItems),
        field.minimum.map(Limit::Minimum),
        field.maximum.map(Limit::Maximum),
        pattern.map(|_| Limit::Pattern),
        (!field.open && !field.known_values.is_empty()).then_some(Limit::Values),
    ];
    let name = format!("{schema}.{}", field.name);
    limits.into_iter().flatten().filter(|limit| !NOT_CHECKED.contains(&(&*name, limit.name()))).collect()
}

fn names(error: &Error, field: &str) -> bool {
    error.kind() == ErrorKind::Build && error.field() == Some(field)
}

/// Returns the subjects that send a JSON body, with its schema, and adds the claims of each schema to the ledger.
fn with_bodies<'a>(
    facts: &'a Facts,
    subjects: &'a [Subject],
    ledger: &mut Ledger,
    demand: fn(&Facts, &str, &mut Ledger),
) -> Vec<(&'a Subject, &'a str)> {
    let mut found = Vec::new();
    for operation in &facts.operations {
        let Some(schema) = operation.request_schema.as_deref() else { continue };
        if operation.request_content_type.as_deref() != Some("application/json") {
            continue;
        }
        demand(facts, schema, ledger);
        found.extend(
            subjects.iter().find(|subject| subject.name == operation.name).map(|subject| (subject, schema)),
        );
    }
    found
}

/// Collects every schema that a request of this schema can contain, including itself.
fn contained<'a>(facts: &'a Facts, schema: &'a str, found: &mut Vec<&'a str>) {
    if found.contains(&schema) {
        return;
    }
    found.push(schema);
    for nested in facts.schema(schema).fields.iter().filter_map(|field| field.refers_to.as_deref()) {
        contained(facts, nested, found);
    }
}

fn demand_each(facts: &Facts, schema: &str, mut demand: impl FnMut(&str, &Field)) {
    let mut found = Vec::new();
    contained(facts, schema, &mut found);
    for schema in found {
        facts.schema(schema).fields.iter().for_each(|field| demand(schema, field));
    }
}

fn demand_fields(facts: &Facts, schema: &str, ledger: &mut Ledger) {
    demand_each(facts, schema, |schema, field| ledger.demand(format!("request {schema}.{}", field.name)));
}

fn demand_limits(facts: &Facts, schema: &str, ledger: &mut Ledger) {
    demand_each(facts, schema, |schema, field| {
        for limit in limits(schema, field) {
            ledger.demand(format!("limit {schema}.{}.{}", field.name, limit.name()));
        }
    });
}

fn demand_constraints(facts: &Facts, schema: &str, ledger: &mut Ledger) {
    let mut found = Vec::new();
    contained(facts, schema, &mut found);
    for schema in found {
        for constraint in &facts.schema(schema).constraints {
            ledger.demand(format!("constraint {schema}.{constraint}"));
        }
    }
}

/// # Panics
/// If the request is not valid.
fn body(form: &dyn Form) -> Json {
    parse(&form.dry_run().unwrap_or_else(|error| panic!("{} should be valid: {error}", form.text())))
}

fn parse(request: &HttpRequest) -> Json {
    Json::of(std::str::from_utf8(request.body()).expect("JSON is UTF-8"))
}

/// Visits every documented field of a body.
///
/// # Panics
/// On fields that are neither documented nor custom.
fn walk(facts: &Facts, schema: &str, json: &Json, path: &str, visit: &mut impl FnMut(&str, &Field, &str)) {
    let Json::Object(fields) = json else { panic!("{path}: {json} is not a {schema}") };
    for (name, value) in fields {
        let path = join(path, name);
        let Some(field) = facts.schema(schema).fields.iter().find(|field| field.name == *name) else {
            assert!(name.ends_with("__c"), "{schema} has no {name}");
            continue;
        };
        visit(schema, field, &path);
        let nested = field.refers_to.as_deref().filter(|name| facts.schema(name).kind == "object");
        match (nested, value) {
            (Some(nested), Json::List(rows)) => {
                for (index, row) in rows.iter().enumerate() {
                    walk(facts, nested, row, &format!("{path}[{index}]"), visit);
                }
            }
            (Some(nested), row @ Json::Object(_)) => walk(facts, nested, row, &path, visit),
            _ => {}
        }
    }
}

/// Whether a value has the documented type. Null removes a value.
fn fits(field: &Field, value: &Json) -> bool {
    let shaped = |text: &str, shape: &str| {
        let alike = |(c, s): (char, char)| if s == '0' { c.is_ascii_digit() } else { c == s };
        text.len() == shape.len() && text.chars().zip(shape.chars()).all(alike)
    };
    match (&*field.kind, value) {
        (_, Json::Null) => true,
        ("integer", Json::Number(literal)) => !literal.contains(['.', 'e', 'E']),
        ("number", Json::Number(_)) | ("boolean", Json::Bool(_)) | ("object", Json::Object(_)) => true,
        ("date", Json::Text(text)) => shaped(text, "0000-00-00"),
        ("datetime", Json::Text(text)) => shaped(text, "0000-00-00 00:00:00"),
        ("string" | "enum", Json::Text(_)) => true,
        ("array", Json::List(rows)) => {
            let objects = field.items.as_deref() == Some("object");
            rows.iter().all(|row| matches!(row, Json::Object(_)) == objects)
        }
        _ => false,
    }
}
