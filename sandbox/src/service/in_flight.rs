//! Requests in progress, for the concurrency limit.

use super::api_family::ApiFamily;
use super::deferred_request::DeferredKind;
use super::sandbox::Sandbox;
use crate::values::UnixTime;

/// The place of an asynchronous request among those in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The request is not counted.
    Uncounted,
    /// The request is one of those in progress.
    Taken,
    /// Too many requests are in progress.
    Refused,
}

impl Sandbox {
    /// Takes a slot for a request to that path, until [`release_slot`](Self::release_slot).
    pub(crate) fn take_slot(&mut self, path: &str) -> Slot {
        let settings = &self.state.settings;
        if !settings.count_concurrency || ApiFamily::of(path) != ApiFamily::V1 {
            return Slot::Uncounted;
        }
        if self.in_progress() >= settings.concurrency_limit {
            return Slot::Refused;
        }
        self.slots += 1;
        Slot::Taken
    }

    pub(crate) fn release_slot(&mut self, slot: Slot) {
        if slot == Slot::Taken {
            self.slots = self.slots.saturating_sub(1);
        }
    }

    /// Releases all slots, since the requests are those of another sandbox.
    pub(crate) fn clear_slots(&mut self) {
        self.slots = 0;
    }

    /// Counts a response that is on its way until then.
    pub(super) fn add_delayed(&mut self, path: &str, until: UnixTime) {
        let now = self.state.now;
        self.delayed.retain(|until| *until > now);
        if until > now && ApiFamily::of(path) == ApiFamily::V1 {
            self.delayed.push(until);
        }
    }

    /// Counts the requests in progress, and those of others according to the settings.
    pub(super) fn in_progress(&self) -> u32 {
        let settings = &self.state.settings;
        if !settings.count_concurrency {
            return settings.concurrency_in_use;
        }
        let delayed = self.delayed.iter().filter(|until| **until > self.state.now).count();
        let is_counted =
            |kind: DeferredKind| matches!(kind, DeferredKind::Admitted { family: ApiFamily::V1, .. });
        let deferred = self.deferred.iter().filter(|deferred| is_counted(deferred.kind)).count();
        let counted = u32::try_from(delayed + deferred).unwrap_or(u32::MAX);
        settings.concurrency_in_use.saturating_add(self.slots).saturating_add(counted)
    }

    /// Counts the requests in progress except the one in execution.
    pub(super) fn others_in_progress(&self) -> u32 {
        let own = u32::from(self.state.overrides.admitted == Some(true));
        self.in_progress().saturating_sub(own)
    }
}
