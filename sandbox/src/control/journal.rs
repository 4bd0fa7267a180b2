//! The journal: what was requested, and what it changed.

use super::request::{ControlBody, ControlError, ControlRequest};
use crate::http::ApiError;
use crate::service::{JournalEntry, RequestPattern, Sandbox};
use crate::state::{Effect, EffectKind};
use crate::values::{Json, SettingValue as _};
use http::StatusCode;

/// Lists the newest entries and effects, or those after the number `after`, oldest first.
pub(super) fn list(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let limit = usize::try_from(request.number("limit", 100)?).unwrap_or(usize::MAX);
    let after = request.number("after", 0)?;
    let journal = sandbox.journal();
    let entries = newest(journal.entries().filter(|entry| entry.number() > after), limit);
    // Effects of other users, and of the background, belong to no later entry.
    let effects =
        newest(journal.effects().filter(|effect| effect.request.is_none_or(|of| of > after)), limit);
    Ok(ControlBody::Json(Json::object([
        ("entries", Json::Array(entries.into_iter().map(JournalEntry::to_json).collect())),
        ("effects", Json::Array(effects.into_iter().map(Effect::to_json).collect())),
        ("entry_count", journal.entries().len().to_json()),
        ("effect_count", journal.effects().len().to_json()),
        ("dropped", journal.dropped().to_json()),
    ])))
}

/// Returns the last rows in their order.
fn newest<T>(rows: impl DoubleEndedIterator<Item = T>, limit: usize) -> Vec<T> {
    let mut rows: Vec<T> = rows.rev().take(limit).collect();
    rows.reverse();
    rows
}

pub(super) fn clear(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    sandbox.clear_journal();
    list(sandbox, request)
}

/// Exports one request as a curl command.
pub(super) fn curl(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let number = request.arguments.first().and_then(|number| number.parse().ok());
    let entry = number.and_then(|number| sandbox.journal().entry(number));
    let entry = entry.ok_or_else(|| ControlError::not_found("the journal has no entry with that number"))?;
    Ok(ControlBody::Text("text/plain;charset=utf-8", format!("{}\n", entry.to_curl()).into()))
}

/// Returns the members of an expectation.
pub(super) fn expect_fields() -> Vec<&'static str> {
    [RequestPattern::FIELDS, &["effect", "id", "count", "at_least", "at_most"]].concat()
}

/// Counts the requests that match a pattern, or the effects of a kind; a count that is not the expected one is
/// a 409.
pub(super) fn expect(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let fields = request.fields()?;
    let pattern = RequestPattern::from_fields(fields)?;
    let count = match (fields.text("effect")?, fields.text("id")?) {
        (None, None) => sandbox.journal().count(&pattern),
        (None, Some(_)) => return Err(ApiError::missing("effect").into()),
        (Some(_), _) if fields.has("method") || fields.has("path") => {
            return Err(ControlError::invalid(
                "effect: method and path are for requests; use operation or key",
            ));
        }
        (Some(kind), id) => {
            let kind = EffectKind::parse(kind)
                .ok_or_else(|| ApiError::value("effect", "a kind such as `invoice posted` is expected"))?;
            let is_of = |name, value: Option<&str>| {
                Ok::<_, ApiError>(fields.text(name)?.is_none_or(|wanted| Some(wanted) == value))
            };
            let mut count = 0;
            for effect in sandbox.journal().effects_of_kind(kind) {
                let is_meant = is_of("operation", effect.operation)? && is_of("key", effect.key.as_deref())?;
                count += usize::from(is_meant && id.is_none_or(|id| id == effect.id));
            }
            count
        }
    };
    let bound =
        |name| Ok::<_, ApiError>(fields.integer(name, 0, i64::MAX)?.and_then(|n| usize::try_from(n).ok()));
    let met = bound("count")?.is_none_or(|exact| count == exact)
        && bound("at_least")?.is_none_or(|least| count >= least)
        && bound("at_most")?.is_none_or(|most| count <= most);
    let status = if met { StatusCode::OK } else { StatusCode::CONFLICT };
    let body = Json::object([("count", count.to_json()), ("as_expected", met.into())]);
    Ok(ControlBody::Status(status, body))
}
