//! Requests: what legal ones send, and that illegal ones are not sent.

use std::collections::BTreeSet;

use zuora_core::{Error, Kind, Request};

use crate::facts::{Facts, Field};
use crate::ledger::Ledger;
use crate::subject::{Constraint, Form, Kept, Subject, Words};
use zuora_tests::json::{Json, join};

/// Limits that are not checked: in the README of the facts, conflicts 15 and 16 say so.
const NOT_CHECKED: [(&str, &str); 2] =
    [("CreateTaxationItem.taxCode", "required"), ("UpdateDiscountInvoiceItem.id", "required")];

/// Every documented field is sent by some legal request, as the type that is documented.
pub(crate) fn check_fields(facts: &Facts, subjects: &[Subject], ledger: &mut Ledger) {
    for (subject, schema) in with_bodies(facts, subjects, ledger, demand_fields) {
        for form in &subject.legal {
            let body = body(&**form);
            assert_eq!(
                form.text().at(subject.body),
                Some(&body),
                "{}: body in the operation's text",
                subject.name
            );
            walk(facts, schema, &body, "", &mut |schema, field, path| {
                let claim = format!("request {schema}.{}", field.name);
                let value = body.at(path).expect("it was walked to");
                ledger.check(&claim, fits(field, value).then_some(()).ok_or(format!("{path} is {value}")));
            });
        }
    }
}

/// No limit of a field can be passed: a value beyond it is refused by its path, or cannot be written at all.
pub(crate) fn check_limits(facts: &Facts, subjects: &[Subject], ledger: &mut Ledger) {
    let mut long_lists = BTreeSet::new();
    for (subject, schema) in with_bodies(facts, subjects, ledger, demand_limits) {
        for form in &subject.legal {
            let (text, body) = (form.text(), body(&**form));
            walk(facts, schema, &body, "", &mut |schema, field, path| {
                let present = body.at(path).expect("it was walked to");
                for limit in limits(schema, field) {
                    let claim = format!("limit {schema}.{}.{}", field.name, limit.name());
                    if matches!(limit, Limit::MaxItems(100..))
                        && !long_lists.insert((subject.name, claim.clone()))
                    {
                        continue;
                    }
                    let send = |value| {
                        let text = text.with(&join(subject.body, path), value);
                        let form = form.of_text(&text.to_string()).map_err(Refusal::Unwritable)?;
                        form.plan().map_err(Refusal::Refused)
                    };
                    ledger.check(&claim, limit.holds(present, send, path));
                }
            });
        }
    }
}

/// Every constraint that is told in words is kept in some way.
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
    for (owner, constraint, kept) in constraints {
        let claim = format!("constraint {owner}.{constraint}");
        ledger.seen(&claim);
        let Kept::Refused(requests) = kept else { continue };
        for illegal in requests {
            let why = match illegal.form.refusal() {
                Ok(error) if names(&error, illegal.field) => continue,
                Ok(error) => format!("should be refused for {}, not: {error}", illegal.field),
                Err(why) => why,
            };
            ledger.wrong(&claim, format!("{}: {why}", illegal.form.text()));
        }
    }
}

/// Every known value of an enumeration, and of a field that has a list of its own, has a name in the library. Fields
/// that are text with a few usual values have none: `batches`, `billCycleDay`.
pub(crate) fn check_words(facts: &Facts, words: &[Words], ledger: &mut Ledger) {
    let texts = ["batches", "billCycleDay", "grant_type", "reasonCode"];
    let mut demand = |owner: &str, values: Vec<String>| {
        for value in values {
            ledger.demand(format!("word {owner}.{value}"));
            let Some((_, is_known)) = words.iter().find(|(name, _)| *name == owner) else { continue };
            let known = is_known(&value).then_some(()).ok_or("has no name".to_owned());
            ledger.check(&format!("word {owner}.{value}"), known);
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
    /// Any pattern: none allows this.
    Pattern,
    /// A closed list of values.
    Values,
}

/// Why a request was not made.
enum Refusal {
    Unwritable(String),
    Refused(Error),
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

    /// `send` makes a request with another value, or none, in the place of `present`.
    fn holds(
        &self,
        present: &Json,
        send: impl Fn(Option<Json>) -> Result<Request, Refusal>,
        path: &str,
    ) -> Result<(), String> {
        if let Some(most) = self.most(present) {
            if let Err(Refusal::Refused(error)) = send(Some(most)) {
                if names(&error, path) {
                    return Err(format!("refuses what is legal: {error}"));
                }
            }
        }
        match send(self.beyond(present)) {
            Err(Refusal::Unwritable(why)) if !why.is_empty() => Ok(()),
            Err(Refusal::Refused(error)) if names(&error, path) => Ok(()),
            Err(Refusal::Refused(error)) => Err(format!("{path} beyond its limit is refused with {error}")),
            Ok(request) if matches!(self, Self::MinItems) && parse(&request).at(path).is_none() => Ok(()),
            _ => Err(format!("{path} is sent beyond its limit")),
        }
    }

    /// The last value within the limit, where there is one.
    fn most(&self, present: &Json) -> Option<Json> {
        match self {
            Self::MinLength(length) | Self::MaxLength(length) => Some(Json::text("9".repeat(*length))),
            Self::MaxItems(count) => Some(repeated(present, *count)),
            Self::Minimum(value) | Self::Maximum(value) => Some(Json::number(value)),
            Self::Required | Self::MinItems | Self::Pattern | Self::Values => None,
        }
    }

    /// The first value beyond the limit; none for a missing one.
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
    let Json::List(rows) = list else { panic!("{list} is no list") };
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
    error.kind() == Kind::Build && error.field() == Some(field)
}

/// The subjects that send a JSON body, with its schema; the ledger gets what each schema demands.
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

/// Every schema that a request of this schema can hold, itself among them.
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
/// When the request is not legal after all.
fn body(form: &dyn Form) -> Json {
    parse(&form.plan().unwrap_or_else(|error| panic!("{} should be legal: {error}", form.text())))
}

fn parse(request: &Request) -> Json {
    Json::of(std::str::from_utf8(request.body()).expect("JSON is UTF-8"))
}

/// Every documented field of a body.
///
/// # Panics
/// On fields that are neither documented nor custom.
fn walk(facts: &Facts, schema: &str, json: &Json, path: &str, visit: &mut impl FnMut(&str, &Field, &str)) {
    let Json::Object(fields) = json else { panic!("{path}: {json} is no {schema}") };
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

/// Whether a value is of the documented type. Null takes a value away.
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
