//! The lease of a worker, as renewed by its heartbeats.

use std::sync::{Arc, Mutex, PoisonError};

use zuora_core::intent::Perform;
use zuora_core::machine::{Action, Event, Machine};
use zuora_core::transport::Timestamp;

/// End of the time for which a worker holds its jobs, by the clock of its transport. Clones share the end.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Mutex<Timestamp>>);

impl Lease {
    /// Creates a lease.
    pub fn until(end: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(end)))
    }

    /// Returns the end.
    pub fn end(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the end to a later time.
    pub fn renew(&self, end: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = end.max(*held);
    }
}

/// A [`Perform`] that may send until the end of a lease that is renewed while it runs.
#[derive(Debug)]
pub(crate) struct UnderLease {
    perform: Perform,
    lease: Lease,
}

impl UnderLease {
    pub(crate) fn new(perform: Perform, lease: Lease) -> Self {
        Self { perform, lease }
    }
}

impl Machine for UnderLease {
    type Output = <Perform as Machine>::Output;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        self.perform.renew(self.lease.end());
        self.perform.step(event, now)
    }
}
