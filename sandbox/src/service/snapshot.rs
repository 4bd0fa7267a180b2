//! Snapshots of a sandbox.

use super::sandbox::Sandbox;

/// A copy of everything that a sandbox contains: tenant, settings, bill runs, invoices, jobs, tokens, keys,
/// quotas, faults and journal.
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
        let slots = self.slots;
        *self = (*snapshot.0).clone();
        // Asynchronous requests in progress are those of the present.
        self.slots = slots;
    }

    /// Returns to a sandbox without bill runs, invoices, tokens, keys, faults and journal. Tenant and settings
    /// are kept.
    pub fn reset(&mut self) {
        let slots = self.slots;
        *self = Self::new(self.state.tenant.clone(), self.state.settings.clone());
        self.slots = slots;
    }
}
