//! Faults as JSON.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::fault::{Duplication, Fault};
use super::planned_fault::PlannedFault;
use super::request_pattern::RequestPattern;
use crate::http::{ApiError, Fields};
use crate::values::{FailureCategory, Json, SettingValue as _};

/// The kinds of faults, each with the members that describe it. `throttle` is read as `reject` with the response of the
/// concurrency limit.
const KINDS: &[(&str, &[&str])] = &[
    ("lose_response", &[]),
    ("not_sent", &[]),
    ("respond", &["status", "headers", "body"]),
    ("reject", &["status", "headers", "body"]),
    ("throttle", &["retry_after"]),
    ("delay", &["after"]),
    ("execute_then_respond", &["status", "headers", "body"]),
    ("execute_later", &["after", "status", "headers", "body"]),
    ("lose_then_execute", &["after"]),
    ("disconnect", &["bytes"]),
    ("truncate", &["bytes"]),
    ("garble", &["bytes"]),
    ("drip", &["bytes", "pause"]),
    ("duplicate", &["response", "after"]),
    ("fail", &["category"]),
    ("execute_then_fail", &["category"]),
    ("fail_row", &["category", "index"]),
    ("fail_document", &["index"]),
    ("run_as_job", &["after"]),
    ("stale_read", &["after"]),
    ("expire_token", &[]),
    ("expire_token_after", &[]),
];

/// The members that plan a fault.
const PLAN_FIELDS: &[&str] = &["nth", "times", "delayed", "lasting"];

impl PlannedFault {
    /// Returns the names of all members of a fault.
    pub(crate) fn fields() -> Vec<&'static str> {
        let details = KINDS.iter().flat_map(|(_, details)| *details).copied().collect::<BTreeSet<_>>();
        let mut fields = vec!["fault"];
        fields.extend(details);
        fields.extend(RequestPattern::FIELDS.iter().chain(PLAN_FIELDS));
        fields
    }

    /// Reads a fault from an object such as `{"fault": "lose_response", "operation": "post_bill_run"}`.
    pub(crate) fn from_fields(fields: Fields<'_>) -> Result<Self, ApiError> {
        let fields = fields.deny_unknown(&Self::fields())?;
        let mut planned = read_fault(fields)?.matching(RequestPattern::from_fields(fields)?);
        let count = |name| Ok::<_, ApiError>(fields.integer(name, 1, i64::from(u32::MAX))?.map(size));
        if let Some(nth) = count("nth")? {
            planned = planned.nth(nth);
        }
        if let Some(times) = count("times")? {
            planned = planned.times(times);
        }
        if let Some(delay) = duration(fields, "delayed")? {
            planned = planned.delayed(delay);
        }
        match duration(fields, "lasting")? {
            Some(_) if fields.has("times") => {
                Err(ApiError::value(&fields.name("lasting"), "either times or lasting is expected"))
            }
            Some(span) => Ok(planned.lasting(span)),
            None => Ok(planned),
        }
    }

    /// Writes the fault as [`from_fields`](Self::from_fields) reads it; `nth` and `times` are those that are
    /// left.
    pub(crate) fn to_json(&self) -> Json {
        let lasting = self.lasting.map(|span| span.to_json());
        let times = lasting.is_none().then(|| self.times.to_json());
        let delayed = (!self.delay.is_zero()).then(|| self.delay.to_json());
        let nth = (self.skip > 0).then(|| (self.skip + 1).to_json());
        let plan = Json::non_null([
            ("nth", or_null(nth)),
            ("times", or_null(times)),
            ("delayed", or_null(delayed)),
            ("lasting", or_null(lasting)),
        ]);
        let mut json = fault_to_json(&self.fault);
        for part in [self.pattern().to_json(), plan] {
            if let Json::Object(members) = part {
                json = json.append(members);
            }
        }
        json
    }
}

/// Reads the kind of a fault, and rejects the details of other kinds: a fault that ignored them would not be the one
/// that was meant.
fn read_kind(fields: Fields<'_>) -> Result<&str, ApiError> {
    let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let kind = fields.one_of("fault", &names)?.ok_or_else(|| ApiError::missing(&fields.name("fault")))?;
    let has_detail =
        |name: &str| KINDS.iter().any(|(known, details)| *known == kind && details.contains(&name));
    let details = KINDS.iter().flat_map(|(_, details)| *details);
    match details.filter(|name| fields.has(name)).find(|name| !has_detail(name)) {
        Some(name) => Err(ApiError::value(&fields.name(name), &format!("{kind} has no such member"))),
        None => Ok(kind),
    }
}

fn read_fault(fields: Fields<'_>) -> Result<Fault, ApiError> {
    let kind = read_kind(fields)?;
    let after = || required(fields, "after", duration(fields, "after")?);
    let bytes = || required(fields, "bytes", fields.integer("bytes", 0, i64::from(u32::MAX))?).map(size);
    let index = || required(fields, "index", fields.integer("index", 0, i64::from(u32::MAX))?).map(size);
    Ok(match kind {
        "lose_response" => Fault::LoseResponse,
        "not_sent" => Fault::NotSent,
        "respond" => Fault::Respond(response(fields, None)?),
        "reject" => Fault::Reject(response(fields, None)?),
        "throttle" => {
            let seconds = fields.integer("retry_after", 0, i64::from(u32::MAX))?.unwrap_or(1);
            Fault::throttled(seconds.unsigned_abs())
        }
        "delay" => Fault::Delay(after()?),
        "execute_then_respond" => {
            Fault::ExecuteThenRespond(response(fields, Some(StatusCode::GATEWAY_TIMEOUT))?)
        }
        "execute_later" => {
            let response = Some(response(fields, Some(StatusCode::GATEWAY_TIMEOUT))?);
            Fault::ExecuteLater { after: after()?, response }
        }
        "lose_then_execute" => Fault::lose_then_execute(after()?),
        "disconnect" => Fault::Disconnect(bytes()?),
        "truncate" => Fault::Truncate(bytes()?),
        "garble" => Fault::Garble(bytes()?),
        "drip" => {
            let bytes = fields.integer("bytes", 1, i64::from(u32::MAX))?;
            let pause = required(fields, "pause", duration(fields, "pause")?)?;
            Fault::Drip { bytes: required(fields, "bytes", bytes).map(size)?, pause }
        }
        "duplicate" => Fault::Duplicate(
            match (fields.one_of("response", &["first", "second"])?, duration(fields, "after")?) {
                (Some("second"), None) => Duplication::SecondResponse,
                (Some("second"), Some(_)) => {
                    let expected = "first is expected, since the second delivery is later";
                    return Err(ApiError::value(&fields.name("response"), expected));
                }
                (_, Some(after)) => Duplication::Later(after),
                (_, None) => Duplication::FirstResponse,
            },
        ),
        "fail" => Fault::Fail(category(fields)?),
        "execute_then_fail" => Fault::ExecuteThenFail(category(fields)?),
        "fail_row" => Fault::FailRow(index()?, category(fields)?),
        "fail_document" => Fault::FailDocument(index()?),
        "run_as_job" => Fault::RunAsJob(after()?),
        "stale_read" => Fault::StaleRead(after()?),
        "expire_token" => Fault::ExpireToken,
        _ => Fault::ExpireTokenAfter,
    })
}

fn fault_to_json(fault: &Fault) -> Json {
    let named = |name: &'static str, members: Json| members.prepend("fault", name.into());
    let after = |name, span: Duration| named(name, Json::object([("after", span.to_json())]));
    let bytes = |name, count: usize| named(name, Json::object([("bytes", count.to_json())]));
    let category = |name, category| named(name, Json::object([("category", category_to_json(category))]));
    match fault {
        Fault::LoseResponse => named("lose_response", Json::object([])),
        Fault::NotSent => named("not_sent", Json::object([])),
        Fault::Respond(response) => named("respond", response_to_json(response)),
        Fault::Reject(response) => named("reject", response_to_json(response)),
        Fault::Delay(span) => after("delay", *span),
        Fault::ExecuteThenRespond(response) => named("execute_then_respond", response_to_json(response)),
        Fault::ExecuteLater { after: span, response: Some(response) } => {
            named("execute_later", response_to_json(response).prepend("after", span.to_json()))
        }
        Fault::ExecuteLater { after: span, response: None } => after("lose_then_execute", *span),
        Fault::Disconnect(count) => bytes("disconnect", *count),
        Fault::Truncate(count) => bytes("truncate", *count),
        Fault::Garble(count) => bytes("garble", *count),
        Fault::Drip { bytes: count, pause } => {
            bytes("drip", *count).append([("pause".into(), pause.to_json())])
        }
        Fault::Duplicate(Duplication::FirstResponse) => {
            named("duplicate", Json::object([("response", "first".into())]))
        }
        Fault::Duplicate(Duplication::SecondResponse) => {
            named("duplicate", Json::object([("response", "second".into())]))
        }
        Fault::Duplicate(Duplication::Later(span)) => after("duplicate", *span),
        Fault::Fail(code) => category("fail", *code),
        Fault::ExecuteThenFail(code) => category("execute_then_fail", *code),
        Fault::FailRow(row, code) => category("fail_row", *code).append([("index".into(), row.to_json())]),
        Fault::FailDocument(document) => {
            named("fail_document", Json::object([("index", document.to_json())]))
        }
        Fault::RunAsJob(span) => after("run_as_job", *span),
        Fault::StaleRead(span) => after("stale_read", *span),
        Fault::ExpireToken => named("expire_token", Json::object([])),
        Fault::ExpireTokenAfter => named("expire_token_after", Json::object([])),
    }
}

/// Reads status, headers and body of a response; without a body, a gateway sends an HTML page.
fn response(fields: Fields<'_>, default: Option<StatusCode>) -> Result<Response<Bytes>, ApiError> {
    let status = fields.integer("status", 200, 599)?.and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).or(default);
    let status = required(fields, "status", status)?;
    let fault = match fields.get("body") {
        None => Fault::html(status),
        Some(Json::Text(text)) => Fault::text(status, &**text),
        Some(json) => Fault::json(status, json.to_string()),
    };
    let Fault::Respond(mut response) = fault else { return Ok(Response::default()) };
    if let Some(headers) = fields.get("headers") {
        let name = fields.name("headers.");
        for (header_name, value) in Fields::new(&name, headers)?.members() {
            let parsed = HeaderName::from_bytes(header_name.as_bytes()).ok();
            let value = value.text().and_then(|value| HeaderValue::from_str(value).ok());
            let (Some(header), Some(value)) = (parsed, value) else {
                return Err(ApiError::value(
                    &format!("{name}{header_name}"),
                    "a header with a text is expected",
                ));
            };
            if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(&header) {
                let expected = "no header of the framing is expected; use the fault disconnect or truncate";
                return Err(ApiError::value(&format!("{name}{header_name}"), expected));
            }
            response.headers_mut().insert(header, value);
        }
    }
    Ok(response)
}

fn response_to_json(response: &Response<Bytes>) -> Json {
    let body = String::from_utf8_lossy(response.body());
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| {
        (name.as_str().to_owned().into(), String::from_utf8_lossy(value.as_bytes()).into_owned().into())
    });
    Json::object([
        ("status", i64::from(response.status().as_u16()).into()),
        ("headers", Json::Object(headers.collect())),
        (
            "body",
            Json::read(body.as_bytes())
                .filter(|json| matches!(json, Json::Object(_)))
                .unwrap_or_else(|| body.into_owned().into()),
        ),
    ])
}

const CATEGORIES: [(i64, FailureCategory); 5] = [
    (30, FailureCategory::Rule),
    (50, FailureCategory::Lock),
    (60, FailureCategory::Internal),
    (61, FailureCategory::Temporary),
    (99, FailureCategory::External),
];

pub(super) fn category(fields: Fields<'_>) -> Result<FailureCategory, ApiError> {
    let code = fields.integer("category", 30, 99)?;
    let code = required(fields, "category", code)?;
    let known = CATEGORIES.iter().find(|(known, _)| *known == code);
    let expected = "one of 30, 50, 60, 61, 99 is expected";
    known.map(|(_, category)| *category).ok_or_else(|| ApiError::value(&fields.name("category"), expected))
}

pub(super) fn category_to_json(category: FailureCategory) -> Json {
    let code = CATEGORIES.iter().find(|(_, known)| *known == category);
    code.map(|(code, _)| *code).into()
}

/// Reads a number of seconds, or a text with a unit.
pub(crate) fn duration(fields: Fields<'_>, name: &str) -> Result<Option<Duration>, ApiError> {
    let read = |value| {
        Duration::from_json(value).ok_or_else(|| {
            ApiError::value(&fields.name(name), &format!("{} is expected", Duration::EXPECTED))
        })
    };
    fields.get(name).map(read).transpose()
}

fn required<T>(fields: Fields<'_>, name: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::missing(&fields.name(name)))
}

fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

fn or_null(value: Option<Json>) -> Json {
    value.unwrap_or(Json::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PlannedFault, String> {
        let json = Json::read(text.as_bytes()).unwrap();
        let read = PlannedFault::from_fields(Fields::new("", &json).unwrap());
        read.map_err(|error| error.reasons.iter().map(|reason| reason.message.as_str()).collect())
    }

    #[test]
    fn a_fault_is_written_as_it_is_read() {
        for text in [
            r#"{"fault":"lose_response","method":"PUT","path":"/post","times":1}"#,
            r#"{"fault":"not_sent","operation":"post_bill_run","key":"k","nth":2,"times":3}"#,
            r#"{"fault":"respond","status":503,"headers":{"content-type":"text/plain"},"body":"no","times":1}"#,
            r#"{"fault":"execute_later","after":"60s","status":504,"body":{"a":1},"times":1}"#,
            r#"{"fault":"duplicate","after":"1.5s","times":1,"delayed":"2s"}"#,
            r#"{"fault":"duplicate","response":"second","times":1}"#,
            r#"{"fault":"fail","category":61,"lasting":"30s"}"#,
            r#"{"fault":"fail_row","category":50,"index":3,"times":1}"#,
            r#"{"fault":"garble","bytes":7,"times":1}"#,
            r#"{"fault":"drip","bytes":16,"pause":"2s","times":1}"#,
        ] {
            let written = read(text).unwrap().to_json().to_string();
            let again = read(&written).unwrap().to_json().to_string();
            assert_eq!(written, again);
            for member in text.trim_matches(['{', '}']).split(",\"") {
                assert!(written.contains(member), "{member} in {written}");
            }
        }
    }

    #[test]
    fn every_kind_is_read_with_its_own_members_alone() {
        let all = r#""status":500,"headers":{},"body":"x","retry_after":1,"after":1,"bytes":1,"pause":1,"response":"first","category":60,"index":0"#;
        let members: Vec<(&str, &str)> = all
            .split(",\"")
            .map(|member| member.trim_start_matches('"').split_once("\":").unwrap())
            .collect();
        for (kind, details) in KINDS {
            let with = |names: &[&str]| {
                let chosen = members.iter().filter(|(name, _)| names.contains(name));
                let chosen: String = chosen.map(|(name, value)| format!(",\"{name}\":{value}")).collect();
                read(&format!("{{\"fault\":\"{kind}\"{chosen}}}"))
            };
            let written = with(details).unwrap().to_json();
            let name = written.get("fault").and_then(Json::text).unwrap();
            assert_eq!(name, if *kind == "throttle" { "reject" } else { kind });
            for (other, _) in members.iter().filter(|(name, _)| !details.contains(name)) {
                let error = with(&[details, &[*other][..]].concat()).unwrap_err();
                let says = format!("Invalid value for field '{other}': {kind} has no such member.");
                assert_eq!(error, says);
            }
        }
    }

    #[test]
    fn errors_name_the_member() {
        for (text, says) in [
            (r#"{}"#, "The field 'fault' is required."),
            (r#"{"fault":"explode"}"#, "Invalid value for field 'fault': one of lose_response"),
            (r#"{"fault":"delay"}"#, "The field 'after' is required."),
            (r#"{"fault":"delay","after":"soon"}"#, "Invalid value for field 'after': a number of seconds"),
            (
                r#"{"fault":"not_sent","operation":"post"}"#,
                "Invalid value for field 'operation': an operation such as",
            ),
            (r#"{"fault":"not_sent","path":"post"}"#, "Invalid value for field 'path': a path that starts"),
            (r#"{"fault":"drip","bytes":0,"pause":1}"#, "Invalid value for field 'bytes':"),
            (r#"{"fault":"drip","bytes":8}"#, "The field 'pause' is required."),
            (r#"{"fault":"fail","category":31}"#, "Invalid value for field 'category': one of 30"),
            (
                r#"{"fault":"respond","status":500,"headers":{"Content-Length":"9"}}"#,
                "Invalid value for field 'headers.Content-Length': no header of the framing is expected",
            ),
            (
                r#"{"fault":"execute_later","after":1,"headers":{"transfer-encoding":"chunked"}}"#,
                "Invalid value for field 'headers.transfer-encoding': no header of the framing is expected",
            ),
            (r#"{"fault":"not_sent","often":1}"#, "The field 'often' is unknown."),
            (r#"{"fault":"not_sent","times":2,"lasting":1}"#, "Invalid value for field 'lasting': either"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
