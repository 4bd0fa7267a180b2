//! Snapshots of a sandbox.

use std::sync::Arc;

use super::sandbox::Sandbox;

/// A copy of everything that a sandbox contains: tenant, settings, bill runs, invoices, jobs, tokens, keys,
/// quotas, faults, journal and the state of the clock.
#[derive(Clone, Debug)]
pub struct Snapshot(Box<Sandbox>);

impl Sandbox {
    /// Returns a copy of everything, for [`restore`](Self::restore).
    ///
    /// ```
    /// use zuora_sandbox::{Fault, Sandbox};
    ///
    /// let mut sandbox = Sandbox::demo();
    /// let before = sandbox.snapshot();
    /// sandbox.faults().push(Fault::NotSent);
    /// sandbox.restore(&before);
    /// assert!(sandbox.faults().is_empty());
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(Box::new(self.clone()))
    }

    /// Returns to the time of a snapshot.
    ///
    /// The sandbox has no clock: background work continues at the time of the next request.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.replace((*snapshot.0).clone());
    }

    /// Returns to a sandbox without bill runs, invoices, tokens, keys, planned faults and journal, whose clock
    /// follows the time of the requests. Tenant and settings are kept, and chaos starts again from its seed.
    pub fn reset(&mut self) {
        let mut initial = Self::with_tenant(Arc::clone(&self.state.tenant), self.state.settings.clone());
        initial.faults = self.faults.restart();
        self.replace(initial);
    }

    /// Stores a snapshot under a name, in place of an earlier one with that name.
    pub(crate) fn store_snapshot(&mut self, name: &str) {
        let mut snapshot = self.clone();
        // Otherwise each snapshot would keep all earlier ones alive.
        snapshot.snapshots.clear();
        self.snapshots.insert(name.to_owned(), Arc::new(snapshot));
    }

    /// Returns to the snapshot with that name; whether there is one.
    pub(crate) fn restore_stored(&mut self, name: &str) -> bool {
        let snapshot = self.snapshots.get(name).cloned();
        snapshot.map(|snapshot| self.replace((*snapshot).clone())).is_some()
    }

    /// Returns the names of the stored snapshots.
    pub(crate) fn snapshot_names(&self) -> impl Iterator<Item = &str> {
        self.snapshots.keys().map(String::as_str)
    }

    /// Replaces everything except what belongs to the present.
    fn replace(&mut self, other: Self) {
        let slots = self.slots;
        let slices = self.state.slices_per_call;
        let snapshots = std::mem::take(&mut self.snapshots);
        let clock = self.clock;
        let changes = self.changes.take();
        *self = other;
        self.clock.catch_up(clock);
        self.state.slices_per_call = slices;
        self.slots = slots;
        self.snapshots = snapshots;
        self.changes = changes;
    }
}
