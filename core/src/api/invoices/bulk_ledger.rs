//! The state of a bulk job: its rows, and the chunks whose outcome is unknown. It sends nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::api::invoices::bulk_chunk::{Chunk, body_of, content_hash};
use crate::api::invoices::bulk_result::{AppliedRow, RowState};
use crate::api::invoices::row_reader::MAX_ROWS;
use crate::error::reason::Reason;
use crate::error::{Error, Result};
use crate::operation::{Effect, Spec};
use crate::session::Session;
use crate::transport::Timestamp;
use crate::types::RequestScope;

/// Maximum number of items in the rows of one request.
const MAX_ITEMS: usize = 1000;
/// Maximum length of the prefix of the keys.
const MAX_PREFIX: usize = 180;

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) entries: Vec<Entry>,
    pub(super) places: BTreeMap<Arc<str>, usize>,
    pub(super) key_prefix: Option<String>,
    /// Scope of the requests, fixed when the first one is prepared.
    pub(super) scope: Option<RequestScope>,
    /// Number of chunks with the same content hash. A second chunk with equal content is no retry of the first
    /// one, and has a different key.
    pub(super) keys: BTreeMap<String, u32>,
    /// Chunks that are sent or in doubt.
    pub(super) chunks: Vec<Chunk>,
    pub(super) next_chunk: u64,
    /// No row before this index remains.
    pub(super) cursor: usize,
}

/// One row with its name.
pub(super) struct Entry {
    pub(super) name: Arc<str>,
    /// JSON text of the row. Empty once the row is applied.
    pub(super) row: Box<str>,
    /// Number of items, at least 1 for the limit of a request.
    pub(super) items: usize,
    /// Whether the service would reject the row.
    pub(super) is_invalid: bool,
    pub(super) state: State,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    Remaining,
    InDoubt,
    Applied(AppliedRow),
    Rejected(Vec<Reason>),
    Unknown,
}

impl Entry {
    pub(super) fn state(&self) -> RowState<'_> {
        match &self.state {
            State::Remaining => RowState::Remaining,
            State::InDoubt => RowState::InDoubt,
            State::Applied(applied) => RowState::Applied(applied),
            State::Rejected(reasons) => RowState::Rejected(reasons),
            State::Unknown => RowState::Unknown,
        }
    }
}

/// The next step for the remaining rows.
pub(super) enum Taken {
    /// No row remains.
    Nothing,
    /// All rows taken are invalid.
    Invalid(Vec<usize>),
    /// A chunk was made, and some rows on the way were invalid.
    Chunk(u64, Vec<usize>),
}

impl Ledger {
    /// Adds a row.
    ///
    /// # Errors
    /// A name that another row has.
    pub(super) fn add(&mut self, entry: Entry) -> Result<()> {
        let place = self.entries.len();
        if self.places.insert(Arc::clone(&entry.name), place).is_some() {
            return Err(Error::invalid(
                "rows",
                format!("must have different names, but two rows have the name {:?}", entry.name),
            ));
        }
        self.entries.push(entry);
        Ok(())
    }

    pub(super) fn count(&self, is_counted: impl Fn(&State) -> bool) -> usize {
        self.entries.iter().filter(|entry| is_counted(&entry.state)).count()
    }

    pub(super) fn chunk(&mut self, id: u64) -> Option<&mut Chunk> {
        self.chunks.iter_mut().find(|chunk| chunk.id == id)
    }

    pub(super) fn set(&mut self, place: usize, state: State) {
        let Some(entry) = self.entries.get_mut(place) else { return };
        match state {
            State::Applied(_) => entry.row = Box::default(),
            State::Remaining => self.cursor = self.cursor.min(place),
            _ => {}
        }
        entry.state = state;
    }

    pub(super) fn is_in_doubt(&self, place: usize) -> bool {
        self.entries.get(place).is_some_and(|entry| entry.state == State::InDoubt)
    }

    /// Makes a chunk of as many of the remaining rows as one request can have.
    pub(super) fn take(
        &mut self,
        spec: &'static Spec,
        session: &Session,
        scope: &RequestScope,
        now: Timestamp,
    ) -> Result<Taken> {
        let (mut rows, mut invalid, mut items) = (Vec::new(), Vec::new(), 0_usize);
        let mut place = self.cursor;
        while let Some(entry) = self.entries.get(place) {
            if entry.state == State::Remaining && entry.is_invalid {
                invalid.push(place);
            } else if entry.state == State::Remaining {
                let with_entry = entry.items.saturating_add(items);
                if rows.len() == MAX_ROWS || (!rows.is_empty() && with_entry > MAX_ITEMS) {
                    break;
                }
                items = with_entry;
                rows.push(place);
            }
            place += 1;
        }
        if rows.is_empty() {
            self.cursor = place;
            return Ok(if invalid.is_empty() { Taken::Nothing } else { Taken::Invalid(invalid) });
        }
        let id = self.make_chunk(rows, spec, session, scope, now)?;
        self.cursor = place;
        Ok(Taken::Chunk(id, invalid))
    }

    fn make_chunk(
        &mut self,
        rows: Vec<usize>,
        spec: &'static Spec,
        session: &Session,
        scope: &RequestScope,
        now: Timestamp,
    ) -> Result<u64> {
        let body = body_of(rows.iter().filter_map(|place| self.entries.get(*place)).map(|entry| &*entry.row));
        let (key, content) = match (&self.key_prefix, spec.effect) {
            (Some(prefix), Effect::Keyed) => {
                check_prefix(prefix)?;
                let content = content_hash(spec, scope, &body);
                let count = self.keys.entry(content.clone()).or_default();
                *count = count.saturating_add(1);
                (Some(format!("{prefix}-{content}-{count}")), Some(content))
            }
            (None, Effect::Keyed) => (Some(session.key_text(session.next_key())), None),
            _ => (None, None),
        };
        self.scope.get_or_insert_with(|| scope.clone());
        for place in &rows {
            self.set(*place, State::InDoubt);
        }
        let id = self.next_chunk_id();
        self.chunks.push(Chunk {
            id,
            key,
            content,
            body: Bytes::from(body),
            rows: rows.into_iter().map(Some).collect(),
            first_sent: now.wall(),
            made: Some(now),
            is_in_doubt: false,
            key_failed: false,
        });
        Ok(id)
    }

    pub(super) fn next_chunk_id(&mut self) -> u64 {
        self.next_chunk += 1;
        self.next_chunk
    }

    /// Puts the rows of a chunk that had certainly no effect back. Its key is used again for the same content, so
    /// that a job that starts from the beginning uses the same keys.
    pub(super) fn restore(&mut self, id: u64) {
        let Some(at) = self.chunks.iter().position(|chunk| chunk.id == id) else { return };
        let chunk = self.chunks.swap_remove(at);
        if let Some(count) = chunk.content.and_then(|content| self.keys.get_mut(&content)) {
            *count = count.saturating_sub(1);
        }
        for place in chunk.rows.into_iter().flatten() {
            self.set(place, State::Remaining);
        }
    }

    /// Forgets the decided rows of a chunk, and the chunk when all its rows are decided.
    pub(super) fn close(&mut self, id: u64) {
        let Some(at) = self.chunks.iter().position(|chunk| chunk.id == id) else { return };
        let mut chunk = self.chunks.swap_remove(at);
        for slot in &mut chunk.rows {
            *slot = slot.filter(|place| self.is_in_doubt(*place));
        }
        if chunk.rows.iter().any(Option::is_some) {
            chunk.is_in_doubt = true;
            self.chunks.push(chunk);
        }
    }

    /// Gives all chunks up whose outcome is unknown.
    pub(super) fn give_up(&mut self) {
        for chunk in std::mem::take(&mut self.chunks) {
            for place in chunk.rows.into_iter().flatten() {
                self.set(place, State::Unknown);
            }
        }
    }
}

fn check_prefix(prefix: &str) -> Result<()> {
    let is_valid = (1..=MAX_PREFIX).contains(&prefix.len())
        && prefix.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && !prefix.starts_with(' ');
    if is_valid {
        return Ok(());
    }
    Err(Error::invalid(
        "key_prefix",
        "must have 1 to 180 printable ASCII characters and not begin with a space",
    ))
}
