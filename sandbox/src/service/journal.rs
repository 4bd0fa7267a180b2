//! The journal: requests with their responses, and what they changed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Response;

use super::journal_entry::{Delivery, JournalEntry};
use super::operation::ApiOperation;
use super::packed::Packer;
use super::request_pattern::RequestPattern;
use crate::http::ApiRequest;
use crate::state::{Effect, EffectKind, Tenant};
use crate::values::UnixTime;

/// The requests with their responses, and the effects of requests, background work and other users.
///
/// Entries show neither tokens nor secrets, which are removed when an entry is read. The oldest entries and effects are dropped if the size exceeds
/// [`Settings::journal_bytes`](crate::Settings::journal_bytes). `Display` writes the journal as text; the same
/// requests at the same times give the same text, byte for byte.
///
/// ```
/// use http::Method;
/// use zuora_sandbox::{EffectKind, InProcess, RequestPattern};
///
/// let transport = InProcess::demo();
/// // ... requests ...
/// let sandbox = transport.sandbox();
/// let journal = sandbox.journal();
/// assert_eq!(journal.count(&RequestPattern::path(Method::PUT, "/post")), 0);
/// assert_eq!(journal.effects_of_kind(EffectKind::InvoicePosted).count(), 0);
/// println!("{journal}");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<JournalEntry>,
    effects: VecDeque<Effect>,
    size: usize,
    packer: Packer,
    /// Size of what was made of entries that were read.
    total_shown: Arc<AtomicUsize>,
    last_number: u64,
    dropped: u64,
}

impl Journal {
    /// Returns the entries in the order of arrival.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &JournalEntry> + ExactSizeIterator + Clone {
        self.entries.iter()
    }

    /// Returns the entry with that number, unless it was dropped.
    pub fn entry(&self, number: u64) -> Option<&JournalEntry> {
        let first = self.entries.front()?.number;
        self.entries.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// Returns the entries whose requests match the pattern and were sent.
    pub fn matching(&self, pattern: &RequestPattern) -> impl Iterator<Item = &JournalEntry> {
        self.entries.iter().filter(|entry| entry.was_sent() && pattern.matches(&entry.as_target()))
    }

    /// Counts the requests that match the pattern and were sent.
    pub fn count(&self, pattern: &RequestPattern) -> usize {
        self.matching(pattern).count()
    }

    /// Returns the effects in the order in which they happened.
    pub fn effects(&self) -> impl DoubleEndedIterator<Item = &Effect> + ExactSizeIterator + Clone {
        self.effects.iter()
    }

    /// Returns the effects of that kind.
    pub fn effects_of_kind(&self, kind: EffectKind) -> impl Iterator<Item = &Effect> {
        self.effects.iter().filter(move |effect| effect.kind == kind)
    }

    /// Returns the effects on the object with that id.
    pub fn effects_on<'j>(&'j self, id: &'j str) -> impl Iterator<Item = &'j Effect> {
        self.effects.iter().filter(move |effect| effect.id == id)
    }

    /// Returns the effects of the request with that number, later ones in the background included.
    pub fn effects_of(&self, number: u64) -> impl Iterator<Item = &Effect> {
        self.effects.iter().filter(move |effect| effect.request == Some(number))
    }

    /// Returns the effects of requests with that idempotency key.
    pub fn effects_of_key<'j>(&'j self, key: &'j str) -> impl Iterator<Item = &'j Effect> {
        self.effects.iter().filter(move |effect| effect.key.as_deref() == Some(key))
    }

    /// Counts the effects of that kind on the object with that id.
    pub fn count_effects(&self, kind: EffectKind, id: &str) -> usize {
        self.effects_on(id).filter(|effect| effect.kind == kind).count()
    }

    /// Returns the number of entries and effects that were dropped because of the size.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Removes all entries and effects; numbers continue.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.effects.clear();
        self.size = 0;
    }

    /// Lets the numbers continue after that one.
    pub(crate) fn continue_after(&mut self, number: u64) {
        self.last_number = self.last_number.max(number);
    }

    /// Adds a request that arrives at a time and is described by `faults`; returns the number of its entry.
    pub(super) fn add(
        &mut self,
        at: UnixTime,
        operation: Option<ApiOperation>,
        request: &ApiRequest,
        tenant: Arc<Tenant>,
        faults: Option<String>,
    ) -> u64 {
        self.last_number += 1;
        let (total_shown, packer) = (Arc::clone(&self.total_shown), &mut self.packer);
        let mut entry =
            JournalEntry::new(self.last_number, at, operation, request, tenant, total_shown, packer);
        entry.faults = faults;
        self.size += entry.size();
        self.entries.push_back(entry);
        self.last_number
    }

    /// Records the response of the service to an entry.
    pub(crate) fn executed(&mut self, number: u64, response: &Response<Bytes>, at: UnixTime) {
        self.change(number, |entry, packer| entry.executed(response, at, packer));
    }

    /// Records that the request of an entry was not sent.
    pub(crate) fn not_sent(&mut self, number: u64) {
        self.change(number, |entry, _| entry.delivery = Delivery::NotSent);
    }

    /// Records that the client of an entry receives no response.
    pub(crate) fn lost(&mut self, number: u64) {
        self.change(number, |entry, _| entry.delivery = Delivery::Lost);
    }

    /// Records that the client of an entry receives the response of an intermediary.
    pub(crate) fn replaced(&mut self, number: u64, response: &Response<Bytes>) {
        self.change(number, |entry, packer| entry.replaced(response, packer));
    }

    /// Records that the request of an entry is that of an earlier one, delivered again.
    pub(crate) fn mark_duplicate(&mut self, number: u64, original: u64) {
        self.change(number, |entry, _| entry.duplicate_of = Some(original));
    }

    fn change(&mut self, number: u64, change: impl FnOnce(&mut JournalEntry, &mut Packer)) {
        let Some(first) = self.entries.front().map(|entry| entry.number) else { return };
        let Some(place) = number.checked_sub(first).and_then(|place| usize::try_from(place).ok()) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(place) else { return };
        let before = entry.size();
        change(entry, &mut self.packer);
        self.size = self.size - before + entry.size();
    }

    /// Adds effects, then drops the oldest entries and effects above the maximum size.
    pub(crate) fn add_effects(&mut self, effects: Vec<Effect>, max_size: usize) {
        self.size += effects.iter().map(effect_size).sum::<usize>();
        self.effects.extend(effects);
        // Reading must not change which entries are kept, so this is apart from their size.
        if self.total_shown.load(Ordering::Relaxed) > max_size / 8 {
            self.entries.iter_mut().for_each(JournalEntry::forget_shown);
        }
        while self.size > max_size {
            let entry_at = self.entries.front().filter(|_| self.entries.len() > 1).map(|entry| entry.at);
            let effect_at = self.effects.front().map(|effect| effect.at);
            let oldest_is_entry = match (entry_at, effect_at) {
                (Some(entry), Some(effect)) => entry <= effect,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            self.size -= match oldest_is_entry {
                true => {
                    let size = self.entries.front().map_or(0, JournalEntry::size);
                    // An entry is large, so that dropping it in place is faster than moving it first.
                    self.entries.drain(..1);
                    size
                }
                false => self.effects.pop_front().as_ref().map_or(0, effect_size),
            };
            self.dropped += 1;
        }
    }
}

fn effect_size(effect: &Effect) -> usize {
    150 + effect.id.len()
}

#[cfg(test)]
mod tests {
    use http::{Method, Request};

    use super::*;
    use crate::service::Sandbox;
    use crate::settings::Settings;
    use crate::state::Tenant;

    const MAX_SIZE: usize = 40_000;

    fn request_run(sandbox: &mut Sandbox, key: &str) {
        let request = Request::get("/v1/bill-runs/1").header("idempotency-key", key).body("").unwrap();
        sandbox.handle(request, UnixTime::from_secs(1_772_352_000));
    }

    fn shown(sandbox: &Sandbox) -> usize {
        sandbox.journal().total_shown.load(Ordering::Relaxed)
    }

    #[test]
    fn counting_requests_makes_nothing_of_them() {
        let mut sandbox = Sandbox::demo();
        ["a", "b", "a"].iter().for_each(|key| request_run(&mut sandbox, key));
        let pattern = RequestPattern::path(Method::GET, "/bill-runs/*").with_key("a");
        assert_eq!((sandbox.journal().count(&pattern), shown(&sandbox)), (2, 0));
    }

    #[test]
    fn reading_all_entries_takes_no_memory_for_long() {
        let settings = Settings::default().journal_bytes(MAX_SIZE);
        let mut sandbox = Sandbox::new(Tenant::demo(), settings);
        for _ in 0..100 {
            request_run(&mut sandbox, "k");
            let text = sandbox.journal().to_string();
            request_run(&mut sandbox, "k");
            assert!(shown(&sandbox) <= MAX_SIZE / 8, "{}", shown(&sandbox));
            assert!(text.contains("idempotency-key: k"), "{text}");
        }
        assert!(sandbox.journal().dropped() > 0);
        let copy = sandbox.journal().clone();
        assert_eq!(copy.to_string(), sandbox.journal().to_string());
        drop(copy);
        sandbox.clear_journal();
        assert_eq!(shown(&sandbox), 0);
    }
}
