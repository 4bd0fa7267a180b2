//! Responses: bodies built from the facts, read by the operations and written back.

use std::collections::{BTreeMap, BTreeSet};

use zuora_core::{Error, ErrorKind};
use zuora_tests::json::{Json, join};

use crate::facts::{Facts, Field};
use crate::ledger::Ledger;
use crate::subject::{Form, Subject};

/// Responses that the service sends in addition to the documented ones (README of the facts, conflict 1).
const UNDOCUMENTED_RESPONSES: [(&str, &str); 1] = [("delete_invoice", "AsyncOperationResponse")];

/// The depth to which recursive schemas are followed.
const DEPTH: usize = 4;

/// List of the rows of a bulk response.
const BULK_ROWS: &str = "invoices";

/// Checks every response of every operation.
pub(crate) fn check(facts: &Facts, subjects: &[Subject], ledger: &mut Ledger) {
    for operation in &facts.operations {
        let also = UNDOCUMENTED_RESPONSES
            .iter()
            .filter(|(name, _)| *name == operation.name)
            .map(|(_, schema)| *schema);
        for schema in operation.response_schema.as_deref().into_iter().chain(also) {
            demand(facts, schema, ledger, DEPTH);
            let subject = subjects.iter().find(|subject| subject.name == operation.name);
            if let Some(form) = subject.and_then(|subject| subject.valid.first()) {
                check_round_trip(facts, schema, &**form, ledger);
                check_types(facts, schema, &**form, ledger);
            }
        }
    }
}

fn demand(facts: &Facts, schema: &str, ledger: &mut Ledger, depth: usize) {
    if depth == 0 {
        return;
    }
    ledger.demand(format!("response {schema}.*"));
    for field in &facts.schema(schema).fields {
        ledger.demand(format!("response {schema}.{}", field.name));
        if let Some(nested) = nested(facts, field) {
            demand(facts, nested, ledger, depth - 1);
        }
    }
}

/// Checks that every value that a field may have is read, and written back unchanged.
fn check_round_trip(facts: &Facts, schema: &str, form: &dyn Form, ledger: &mut Ledger) {
    let last = variants(facts, schema, DEPTH);
    let fillings = (0..last).map(Filling::Full).chain([Filling::Hollow, Filling::Null]);
    for filling in fillings {
        let sample = build_sample(facts, schema, filling, DEPTH);
        match read(form, &sample.sent) {
            // A bulk response has to name its rows: without them it proves nothing of any of them.
            Err(error) if lacks_rows(&sample.sent) && error.field() == Some(BULK_ROWS) => {}
            Err(error) => {
                ledger.wrong(&format!("response {schema}.*"), format!("{error} in {}", sample.sent));
            }
            Ok(back) => compare(facts, schema, &sample.expected, &back, ledger),
        }
    }
}

/// Checks that any documented field is declared, and that nonsense in it is an error or is kept to the letter. A field
/// that is missing from the model would keep its null as an extra field.
fn check_types(facts: &Facts, schema: &str, form: &dyn Form, ledger: &mut Ledger) {
    let whole = build_sample(facts, schema, Filling::Full(0), DEPTH).sent;
    let mut tried = BTreeSet::new();
    walk(facts, schema, &whole, "", DEPTH, &mut |schema, field, path| {
        let claim = format!("response {schema}.{}", field.name);
        if !tried.insert(claim.clone()) {
            return;
        }
        let read_with = |value: &str| read(form, &whole.with(path, Some(Json::of(value))));
        let declared = match read_with("null") {
            Err(error) if path == BULK_ROWS && error.field() == Some(path) => Ok(()),
            Ok(back) if back.at(path).is_some() => {
                Err("is not read: it is kept as an extra field".to_owned())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(format!("null at {path} is rejected with {error}")),
        };
        ledger.check(&claim, declared);
        let nonsense = if field.kind == "array" { "{}" } else { "[]" };
        let kept = match read_with(nonsense) {
            Ok(back) if back.at(path) == Some(&Json::of(nonsense)) => Ok(()),
            // The rows of a bulk response are those of the request, each with an unknown outcome.
            Ok(back) if path == BULK_ROWS => unknown_rows(&back),
            // The only reason of a row is the list of its reasons.
            Ok(back) if back.at(path) == Some(&Json::of(&format!("[{nonsense}]"))) => Ok(()),
            // Its rows are reported although another list is nonsense.
            Ok(back) if field.kind == "array" && back.at(BULK_ROWS).is_some() => Ok(()),
            Ok(_) => Err(format!("nonsense at {path} is lost")),
            Err(error) if error.kind() == ErrorKind::Decode && error.field() == Some(path) => Ok(()),
            Err(error) => Err(format!("nonsense at {path} is rejected with {error}")),
        };
        ledger.check(&claim, kept);
        ledger.seen(&format!("response {schema}.*"));
    });
}

/// Reads a response. The rows of a bulk response belong to rows of the request, so the request has one for each, and
/// they succeed only in a response that succeeds.
fn read(form: &dyn Form, response: &Json) -> Result<Json, Error> {
    let request = form.text();
    let Some(row) = request.at("invoices[0]") else { return form.read(&response.to_string()) };
    let rows = match response.at(BULK_ROWS) {
        Some(Json::List(rows)) => rows,
        None | Some(Json::Null) => {
            let back = form.read(&response.to_string())?;
            if back.at(BULK_ROWS).is_some() {
                unknown_rows(&back).expect("no rows were received");
                return Ok(back.with(BULK_ROWS, None));
            }
            return Ok(back);
        }
        Some(_) => return form.read(&response.to_string()),
    };
    let row_for = |received: &Json| match received.at("id") {
        Some(id @ Json::Text(_)) if row.at("id").is_some() => row.with("id", Some(id.clone())),
        _ => row.clone(),
    };
    let request = request.with(BULK_ROWS, Some(Json::List(rows.iter().map(row_for).collect())));
    let request = form.read_form(&request.to_string()).expect("a bulk request");
    match response.at("success") {
        Some(Json::Bool(false)) => {
            let success = response.with("success", Some(Json::Bool(true)));
            Ok(request.read(&success.to_string())?.with("success", Some(Json::Bool(false))))
        }
        _ => request.read(&response.to_string()),
    }
}

fn lacks_rows(response: &Json) -> bool {
    matches!(response.at(BULK_ROWS), Some(Json::Null))
}

fn unknown_rows(response: &Json) -> Result<(), String> {
    match response.at(BULK_ROWS) {
        Some(Json::List(rows)) if rows.iter().all(|row| row.at("success").is_none()) => Ok(()),
        other => Err(format!("unreadable rows are read as {other:?}")),
    }
}

fn walk(
    facts: &Facts,
    schema: &str,
    json: &Json,
    path: &str,
    depth: usize,
    visit: &mut impl FnMut(&str, &Field, &str),
) {
    for field in facts.schema(schema).fields.iter().filter(|_| depth > 0) {
        let path = join(path, &field.name);
        let inner = path.strip_prefix('.').unwrap_or(&path);
        let Some(value) = json.at(&field.name) else { continue };
        visit(schema, field, inner);
        let Some(nested) = nested(facts, field) else { continue };
        match value {
            Json::List(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    walk(facts, nested, row, &format!("{inner}[{index}]"), depth - 1, visit);
                }
            }
            row => walk(facts, nested, row, inner, depth - 1, visit),
        }
    }
}

/// The values that a body is filled with.
#[derive(Clone, Copy)]
enum Filling {
    /// Every field set, to a different one of its values for each variant.
    Full(usize),
    /// Empty lists, and objects whose fields are null.
    Hollow,
    /// Every field null.
    Null,
}

/// A body, and the expected result of writing it back.
struct Sample {
    sent: Json,
    expected: Json,
}

fn build_sample(facts: &Facts, schema: &str, filling: Filling, depth: usize) -> Sample {
    let (mut sent, mut expected) = (BTreeMap::new(), BTreeMap::new());
    for field in &facts.schema(schema).fields {
        let Some(value) = value(facts, field, filling, depth) else { continue };
        let name = match (&field.also_named, filling) {
            (Some(other), Filling::Full(variant)) if variant % 2 == 1 => other,
            _ => &field.name,
        };
        sent.insert(name.clone(), value.sent);
        if let Some(value) = value.expected {
            expected.insert(field.name.clone(), value);
        }
    }
    if let Filling::Full(_) = filling {
        for (name, value) in
            [("Region__c", "\"EMEA\""), ("Rate__c", "0.10"), ("later", "{\"rows\":[1.50,null]}")]
        {
            sent.insert(name.to_owned(), Json::of(value));
            expected.insert(name.to_owned(), Json::of(value));
        }
    }
    Sample { sent: Json::Object(sent), expected: Json::Object(expected) }
}

struct Value {
    sent: Json,
    /// `None` if the value counts as absent.
    expected: Option<Json>,
}

/// Returns `None` where a recursive schema would not end.
fn value(facts: &Facts, field: &Field, filling: Filling, depth: usize) -> Option<Value> {
    if let Filling::Null = filling {
        return Some(Value { sent: Json::Null, expected: None });
    }
    let is_list = field.kind == "array";
    let rows = match (nested(facts, field), filling) {
        (Some(_), _) if depth == 1 => return None,
        (Some(nested), Filling::Full(variant)) if is_list => vec![
            build_sample(facts, nested, filling, depth - 1),
            build_sample(facts, nested, Filling::Full(variant + 1), depth - 1),
        ],
        (Some(nested), _) => vec![build_sample(facts, nested, filling, depth - 1)],
        (None, Filling::Full(variant)) => {
            let samples = samples(facts, field);
            let pick = |variant: usize| {
                let (sent, expected) = samples[variant % samples.len()].clone();
                Sample { sent, expected }
            };
            if is_list { vec![pick(variant), pick(variant + 1)] } else { vec![pick(variant)] }
        }
        (None, _) if is_list => return Some(Value { sent: Json::List(Vec::new()), expected: None }),
        (None, _) => return Some(Value { sent: Json::Null, expected: None }),
    };
    let (sent, mut expected): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|sample| (sample.sent, sample.expected)).unzip();
    if is_list {
        return Some(Value { sent: Json::List(sent), expected: Some(Json::List(expected)) });
    }
    Some(Value { sent: sent.into_iter().next()?, expected: expected.pop() })
}

/// Single values of a field in every form that the service sends, each with the form that is written back.
fn samples(facts: &Facts, field: &Field) -> Vec<(Json, Json)> {
    let as_is = |json: Json| (json.clone(), json);
    let kind = field.items.as_deref().unwrap_or(&field.kind);
    let dated = field.format.as_deref().is_some_and(|format| format.starts_with("datetime"));
    let mut samples: Vec<(Json, Json)> = match kind {
        "boolean" => {
            let quoted = field.may_be_sent_as("string").then(|| (Json::text("true"), Json::Bool(true)));
            [as_is(Json::Bool(true)), as_is(Json::Bool(false))].into_iter().chain(quoted).collect()
        }
        "integer" => ["7", "0", "1705449600000"].map(both).concat(),
        "number" => [
            "0.10",
            "-1234567.890000000",
            "15",
            "12345678901234567890.123456789",
            "0.000000001",
            "1E+2",
            "-0.00",
        ]
        .map(both)
        .concat(),
        "date" => {
            let old = field.also_seen.as_deref().map(|text| (Json::text(text), Json::text(&text[..10])));
            [as_is(Json::text("2024-02-29"))].into_iter().chain(old).collect()
        }
        "datetime" => vec![as_is(Json::text("2022-01-24 19:58:27"))],
        _ if dated => vec![as_is(Json::text("2025-03-21T01:42:47-07:00"))],
        _ => {
            let known = facts.known_values(field);
            let bare = [("integer", Json::number(&1)), ("boolean", Json::Bool(false))];
            let bare = bare.into_iter().filter(|(wire_type, _)| field.may_be_sent_as(wire_type));
            known
                .into_iter()
                .map(Json::text)
                .chain([Json::text("A value \"unknown\" to the library \u{e9}\u{20ac}")])
                .chain(bare.map(|(_, value)| value))
                .map(as_is)
                .collect()
        }
    };
    if samples.len() == 1 {
        samples.push(samples[0].clone());
    }
    samples
}

/// A number without and with quotes; it is written without.
fn both(literal: &str) -> Vec<(Json, Json)> {
    vec![(Json::number(literal), Json::number(literal)), (Json::text(literal), Json::number(literal))]
}

/// The number of bodies that are needed to show every value of every field.
fn variants(facts: &Facts, schema: &str, depth: usize) -> usize {
    let of_field = |field: &Field| match nested(facts, field) {
        Some(nested) if depth > 1 => variants(facts, nested, depth - 1),
        Some(_) => 0,
        None => samples(facts, field).len(),
    };
    facts.schema(schema).fields.iter().map(of_field).max().unwrap_or(1)
}

/// The schema of a field that contains objects.
fn nested<'a>(facts: &Facts, field: &'a Field) -> Option<&'a str> {
    field.refers_to.as_deref().filter(|name| facts.schema(name).kind == "object")
}

fn compare(facts: &Facts, schema: &str, expected: &Json, back: &Json, ledger: &mut Ledger) {
    let (Json::Object(expected), Json::Object(back)) = (expected, back) else {
        return ledger
            .wrong(&format!("response {schema}.*"), format!("{expected} was written back as {back}"));
    };
    let fields = &facts.schema(schema).fields;
    for name in expected.keys().chain(back.keys()) {
        let field = fields.iter().find(|field| field.name == *name);
        let claim = format!("response {schema}.{}", field.map_or("*", |field| &field.name));
        match (expected.get(name), back.get(name), field.and_then(|field| nested(facts, field))) {
            (Some(Json::List(expected)), Some(Json::List(back)), Some(nested))
                if expected.len() == back.len() =>
            {
                for (expected, back) in expected.iter().zip(back) {
                    compare(facts, nested, expected, back, ledger);
                }
            }
            (Some(expected @ Json::Object(_)), Some(back), Some(nested)) => {
                compare(facts, nested, expected, back, ledger);
            }
            (Some(expected), Some(back), _) if same(field, expected, back) => {}
            (expected, back, _) => {
                let show = |json: Option<&Json>| json.map_or("nothing".to_owned(), Json::to_string);
                ledger
                    .wrong(&claim, format!("{name}: {} was written back as {}", show(expected), show(back)));
            }
        }
    }
}

/// A value that is documented as text may be sent without quotes, and may then be written either way.
fn same(field: Option<&Field>, expected: &Json, back: &Json) -> bool {
    let is_text = field.is_some_and(|field| matches!(&*field.kind, "string" | "enum"));
    expected == back || is_text && expected.clone().quoted() == back.clone().quoted()
}

/// Checks that error responses in every documented form are reported by the error.
pub(crate) fn check_rejections(facts: &Facts, form: &dyn Form, ledger: &mut Ledger) {
    let forms: BTreeMap<_, _> =
        facts.operations.iter().flat_map(|operation| &operation.error_schemas).collect();
    for (status, schema) in forms {
        let body = build_sample(facts, schema, Filling::Full(0), DEPTH).sent;
        let rejection = form.rejected_with(status.parse().unwrap(), &body.to_string());
        let reported = rejection.map(|error| {
            let reasons =
                error.reasons().iter().flat_map(|reason| [reason.code.clone(), reason.message.clone()]);
            let ids = [error.request_id(), error.process_id()].into_iter().flatten().map(str::to_owned);
            reasons.chain(ids).collect::<Vec<_>>()
        });
        walk(facts, schema, &body, "", DEPTH, &mut |schema, field, path| {
            let Some(Json::Text(value)) = body.at(path).cloned().map(Json::quoted) else { return };
            if field.name == "success" {
                return;
            }
            let claim = format!("rejection {schema}.{}", field.name);
            ledger.demand(claim.clone());
            match &reported {
                Ok(reported) if reported.contains(&value) => ledger.seen(&claim),
                Ok(reported) => ledger.wrong(&claim, format!("{status}: {value} is not among {reported:?}")),
                Err(why) => ledger.wrong(&claim, why.clone()),
            }
        });
    }
}
