//! The JSON form of a bulk job.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::api::invoices::bulk_chunk::{Chunk, rows_of};
use crate::api::invoices::bulk_ledger::{Entry, Ledger, State};
use crate::api::invoices::bulk_result::AppliedRow;
use crate::error::reason::Reason;
use crate::error::{Error, Result};
use crate::operation::{Effect, Spec};
use crate::transport::WallTime;
use crate::types::RequestScope;
use crate::wire::to_text;

/// Version of the form. A later form that this version cannot continue has another number.
const VERSION: u32 = 1;

/// Rows and bodies are JSON *texts*: a store that parses the state and writes it again keeps every digit of them.
/// All numbers are whole and small.
#[derive(Serialize, Deserialize)]
struct SavedJob<'a> {
    version: u32,
    operation: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_prefix: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Cow<'a, RequestScope>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chunks: Vec<SavedChunk<'a>>,
    #[serde(default, skip_serializing_if = "has_no_keys")]
    keys: Cow<'a, BTreeMap<String, u32>>,
    rows: Vec<SavedRow<'a>>,
}

fn has_no_keys(keys: &BTreeMap<String, u32>) -> bool {
    keys.is_empty()
}

#[derive(Serialize, Deserialize)]
struct SavedRow<'a> {
    name: Cow<'a, str>,
    state: SavedState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    invalid: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<SavedReason<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedState {
    Remaining,
    InDoubt,
    Applied,
    Rejected,
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct SavedReason<'a> {
    code: Cow<'a, str>,
    message: Cow<'a, str>,
}

#[derive(Default, Serialize, Deserialize)]
struct SavedResult<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct SavedChunk<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<Cow<'a, str>>,
    body: Cow<'a, str>,
    /// Index of each row of the body, null once the row is decided.
    rows: Vec<Option<usize>>,
    /// Absent if the transport has no wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_sent: Option<WallTime>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    key_failed: bool,
}

/// Writes a state. The chunk that is `being_sent` may fail under its key after it was saved.
pub(super) fn write(ledger: &Ledger, spec: &Spec, being_sent: Option<u64>) -> Result<String> {
    let unwritable = |error: &dyn std::fmt::Display| Error::invalid("bulk job", error.to_string());
    let rows = ledger.entries.iter().map(save_row).collect::<serde_json::Result<_>>();
    let chunks = ledger
        .chunks
        .iter()
        .map(|chunk| save_chunk(chunk, being_sent == Some(chunk.id)))
        .collect::<Result<_, _>>();
    let saved = SavedJob {
        version: VERSION,
        operation: spec.name.into(),
        key_prefix: ledger.key_prefix.as_deref().map(Into::into),
        scope: ledger.scope.as_ref().map(Cow::Borrowed),
        chunks: chunks.map_err(|error: std::str::Utf8Error| unwritable(&error))?,
        keys: Cow::Borrowed(&ledger.keys),
        rows: rows.map_err(|error| unwritable(&error))?,
    };
    to_text(&saved).map_err(|error| unwritable(&error))
}

fn save_row(entry: &Entry) -> serde_json::Result<SavedRow<'_>> {
    let (state, result, reasons) = match &entry.state {
        State::Remaining => (SavedState::Remaining, None, &[][..]),
        State::InDoubt => (SavedState::InDoubt, None, &[][..]),
        State::Applied(applied) => (SavedState::Applied, Some(applied), &[][..]),
        State::Rejected(reasons) => (SavedState::Rejected, None, reasons.as_slice()),
        State::Unknown => (SavedState::Unknown, None, &[][..]),
    };
    let result = result.map(|applied| {
        to_text(&SavedResult {
            id: applied.id.as_ref().map(|id| id.as_str().into()),
            number: applied.number.as_ref().map(|number| number.as_str().into()),
        })
    });
    Ok(SavedRow {
        name: (&*entry.name).into(),
        state,
        row: (!entry.row.is_empty()).then(|| (&*entry.row).into()),
        items: (!entry.row.is_empty()).then_some(entry.items),
        invalid: entry.is_invalid,
        result: result.transpose()?,
        reasons: reasons
            .iter()
            .map(|reason| SavedReason {
                code: reason.code.as_str().into(),
                message: reason.message.as_str().into(),
            })
            .collect(),
    })
}

fn save_chunk(chunk: &Chunk, is_being_sent: bool) -> Result<SavedChunk<'_>, std::str::Utf8Error> {
    Ok(SavedChunk {
        key: chunk.key.as_deref().map(Into::into),
        content: chunk.content.as_deref().map(Into::into),
        body: std::str::from_utf8(&chunk.body)?.into(),
        rows: chunk.rows.clone(),
        first_sent: chunk.first_sent,
        key_failed: chunk.key_failed || (is_being_sent && chunk.key.is_some()),
    })
}

/// Reads a state. A row that `is_row` rejects would be sent, and its response could not be read.
///
/// # Errors
/// Text that [`write`] did not write, or the state of another operation.
pub(super) fn read(text: &str, spec: &Spec, is_row: impl Fn(&str) -> bool) -> Result<Ledger> {
    let invalid = |why: &str| Error::unreadable("bulk job", why.to_owned());
    let saved: SavedJob<'_> = serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))?;
    if saved.version != VERSION {
        return Err(invalid("the state was saved by another version of this crate"));
    }
    if saved.operation != spec.name {
        return Err(invalid("the state belongs to a job of another operation"));
    }
    let mut ledger = Ledger {
        key_prefix: saved.key_prefix.map(Cow::into_owned),
        scope: saved.scope.map(Cow::into_owned),
        keys: saved.keys.into_owned(),
        ..Ledger::default()
    };
    for row in saved.rows {
        if row.row.as_deref().is_some_and(|text| !is_row(text)) {
            return Err(invalid(&format!("row {:?} cannot be read", row.name)));
        }
        ledger.add(read_row(row)?).map_err(|error| invalid(&error.to_string()))?;
    }
    let mut doubts = ledger.count(|state| *state == State::InDoubt);
    let mut seen = vec![false; ledger.entries.len()];
    for chunk in saved.chunks {
        for place in chunk.rows.iter().flatten() {
            match seen.get_mut(*place) {
                Some(seen) if !*seen && ledger.is_in_doubt(*place) => *seen = true,
                _ => {
                    return Err(invalid(
                        "a chunk contains a row that is not in doubt, or is in another chunk",
                    ));
                }
            }
            doubts = doubts.saturating_sub(1);
        }
        let rows = rows_of(&chunk.body).unwrap_or_default();
        if rows.len() != chunk.rows.len() || !rows.into_iter().all(&is_row) {
            return Err(invalid("the body of a chunk has other rows than the chunk"));
        }
        if chunk.key.is_none() == (spec.effect == Effect::Keyed) {
            return Err(invalid("a chunk lacks its key"));
        }
        let id = ledger.next_chunk_id();
        ledger.chunks.push(Chunk {
            id,
            key: chunk.key.map(Cow::into_owned),
            content: chunk.content.map(Cow::into_owned),
            body: Bytes::from(chunk.body.into_owned()),
            rows: chunk.rows,
            first_sent: chunk.first_sent,
            made: None,
            is_in_doubt: true,
            key_failed: chunk.key_failed,
        });
    }
    if doubts > 0 {
        return Err(invalid("a row in doubt is in no chunk"));
    }
    Ok(ledger)
}

fn read_row(saved: SavedRow<'_>) -> Result<Entry> {
    let invalid = |why: &str| Error::unreadable("bulk job", format!("row {:?}: {why}", saved.name));
    let state = match saved.state {
        SavedState::Remaining => State::Remaining,
        SavedState::InDoubt => State::InDoubt,
        SavedState::Unknown => State::Unknown,
        SavedState::Applied => {
            let result = saved.result.as_deref().unwrap_or("{}");
            let ids: SavedResult<'_> =
                serde_json::from_str(result).map_err(|error| invalid(&error.to_string()))?;
            State::Applied(AppliedRow {
                id: ids.id.map(|id| id.as_ref().into()),
                number: ids.number.map(|number| number.as_ref().into()),
            })
        }
        SavedState::Rejected => State::Rejected(
            saved
                .reasons
                .iter()
                .map(|reason| Reason {
                    code: reason.code.clone().into_owned(),
                    message: reason.message.clone().into_owned(),
                    ..Reason::default()
                })
                .collect(),
        ),
    };
    if saved.row.is_none() && saved.state != SavedState::Applied {
        return Err(invalid("the row is missing"));
    }
    Ok(Entry {
        items: saved.items.unwrap_or(0),
        is_invalid: saved.invalid,
        name: Arc::from(saved.name.as_ref()),
        row: saved.row.unwrap_or_default().into(),
        state,
    })
}
