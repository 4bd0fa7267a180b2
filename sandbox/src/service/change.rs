//! Changes of a sandbox as JSON.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::fault_fields::{category, category_to_json};
use crate::http::Fields;
use crate::state::{Overrides, PlannedFailure, RowFailure};
use crate::values::{Json, SettingValue as _, UnixTime};

/// The changes since they were last taken.
#[derive(Clone)]
pub(crate) struct ChangeLog {
    pub(super) changes: Vec<Change>,
    /// Checksum of the record up to its last line.
    pub(super) checksum: u32,
}

/// A change that the log contains.
#[derive(Clone)]
pub(crate) enum Change {
    /// A request that the service performed.
    Performed(Box<Performed>),
    /// A request of the control API.
    Control { outside: UnixTime, method: Method, target: String, body: Json },
    /// All settings.
    Settings(Json),
}

/// A request that the service performed, without tokens and secrets.
#[derive(Clone)]
pub(crate) struct Performed {
    pub(super) at: UnixTime,
    /// Number of the entry of the journal.
    pub(super) number: u64,
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) overrides: Overrides,
    /// Status of the response.
    pub(super) status: StatusCode,
}

impl Change {
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Settings(settings) => Json::object([("settings", settings.clone())]),
            Self::Control { outside, method, target, body } => Json::object([
                ("outside", nanos(*outside)),
                ("method", method.as_str().into()),
                ("target", target.into()),
                ("body", body.clone()),
            ]),
            Self::Performed(performed) => performed.to_json(),
        }
    }

    /// Reads a change; `None` if it is not one.
    pub(crate) fn from_json(json: &Json) -> Option<Self> {
        if let Some(settings) = json.get("settings") {
            return Some(Self::Settings(settings.clone()));
        }
        let method = Method::from_bytes(json.get("method")?.text()?.as_bytes()).ok()?;
        let target = json.get("target")?.text()?.to_owned();
        if let Some(outside) = json.get("outside") {
            let (outside, body) = (time(outside)?, json.get("body")?.clone());
            return Some(Self::Control { outside, method, target, body });
        }
        let mut headers = HeaderMap::new();
        let Json::Object(members) = json.get("headers")? else { return None };
        for (name, value) in members {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_str(value.text()?).ok()?);
        }
        let body = match json.get("body")? {
            Json::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
            other => Bytes::from(from_hex(other.get("hex")?.text()?)?),
        };
        Some(Self::Performed(Box::new(Performed {
            at: time(json.get("at")?)?,
            number: u64::from_json(json.get("number")?)?,
            method,
            target,
            headers,
            body,
            overrides: json.get("overrides").map_or(Some(Overrides::default()), read_overrides)?,
            status: StatusCode::from_u16(u16::from_json(json.get("status")?)?).ok()?,
        })))
    }
}

impl Performed {
    fn to_json(&self) -> Json {
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned().into(), value.into())
        };
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) => text.into(),
            Err(_) => Json::object([("hex", to_hex(&self.body).into())]),
        };
        Json::non_null([
            ("at", nanos(self.at)),
            ("number", self.number.to_json()),
            ("method", self.method.as_str().into()),
            ("target", (&self.target).into()),
            ("headers", Json::Object(self.headers.iter().map(header).collect())),
            ("body", body),
            ("overrides", overrides_to_json(&self.overrides)),
            ("status", self.status.as_u16().to_json()),
        ])
    }
}

/// Writes the deviations; null if there are none.
fn overrides_to_json(overrides: &Overrides) -> Json {
    let row = overrides.row_failure.map(|failure| {
        Json::object([("row", failure.row.to_json()), ("category", category_to_json(failure.category))])
    });
    let failure = overrides.failure.map(|failure| {
        Json::object([
            ("category", category_to_json(failure.category)),
            ("executed", failure.executed.to_json()),
        ])
    });
    let document = overrides.document_failure.map(|document| document.to_json());
    let job = overrides.job.map(|job| job.to_json());
    let parts = [("row_failure", row), ("failure", failure), ("document_failure", document), ("job", job)];
    match parts.iter().all(|(_, part)| part.is_none()) {
        true => Json::Null,
        false => Json::non_null(parts.map(|(name, part)| (name, part.unwrap_or(Json::Null)))),
    }
}

fn read_overrides(json: &Json) -> Option<Overrides> {
    let category_of = |json: &Json| category(Fields::new("", json).ok()?).ok();
    let mut overrides = Overrides::default();
    if let Some(failure) = json.get("row_failure") {
        let row = usize::from_json(failure.get("row")?)?;
        overrides.row_failure = Some(RowFailure { row, category: category_of(failure)? });
    }
    if let Some(failure) = json.get("failure") {
        let executed = bool::from_json(failure.get("executed")?)?;
        overrides.failure = Some(PlannedFailure { category: category_of(failure)?, executed });
    }
    overrides.document_failure = match json.get("document_failure") {
        Some(document) => Some(usize::from_json(document)?),
        None => None,
    };
    overrides.job = match json.get("job") {
        Some(job) => Some(Duration::from_json(job)?),
        None => None,
    };
    Some(overrides)
}

fn nanos(time: UnixTime) -> Json {
    Json::Number(time.0.as_nanos().to_string().into())
}

fn time(json: &Json) -> Option<UnixTime> {
    let Json::Number(text) = json else { return None };
    let nanos: u128 = text.parse().ok()?;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(UnixTime(Duration::new(seconds, rest)))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.as_bytes().chunks(2).map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::FailureCategory;

    #[test]
    fn a_change_is_read_as_it_is_written() {
        let overrides = Overrides {
            row_failure: Some(RowFailure { row: 2, category: FailureCategory::Lock }),
            failure: Some(PlannedFailure { category: FailureCategory::Internal, executed: true }),
            document_failure: Some(3),
            job: Some(Duration::from_millis(1500)),
            ..Overrides::default()
        };
        let body = Bytes::from_static(&[0xff, 0, 0x0a]);
        let headers =
            HeaderMap::from_iter([(HeaderName::from_static("idempotency-key"), "k".parse().unwrap())]);
        let at = UnixTime(Duration::new(1_772_384_400, 7));
        let (method, target) = (Method::POST, "/v1/invoices?x=1".to_owned());
        let performed = Performed {
            at,
            number: 9,
            method,
            target,
            headers,
            body,
            overrides,
            status: StatusCode::CREATED,
        };
        let settings = Change::Settings(Json::object([("batches", 200.into())]));
        let control = Change::Control {
            outside: at,
            method: Method::POST,
            target: "/sandbox/reset".to_owned(),
            body: Json::object([]),
        };
        for change in [Change::Performed(Box::new(performed)), settings, control] {
            let text = change.to_json().to_string();
            let read = Change::from_json(&Json::read(text.as_bytes()).unwrap()).unwrap();
            let canonical = |change: &Change| Json::read(change.to_json().to_string().as_bytes());
            assert_eq!(canonical(&read), canonical(&change), "{text}");
        }
        assert!(Change::from_json(&Json::object([("method", "GET".into())])).is_none());
    }
}
