//! Actions of a test that the sandbox performs at a time or around a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::request_pattern::{RequestPattern, RequestTarget};
use super::sandbox::Sandbox;
use crate::values::UnixTime;

/// An action of a test.
#[derive(Clone)]
pub(crate) struct Action(Arc<dyn Fn(&mut Sandbox) + Send + Sync>);

/// Moment of an action around a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// The actions that are planned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hooks {
    /// In the order in which they were planned.
    scheduled: Vec<(UnixTime, Action)>,
    around: Vec<(Moment, RequestPattern, Action)>,
}

impl Hooks {
    /// Returns the time of the earliest scheduled action, if that is due.
    pub(crate) fn next_due(&self, now: UnixTime) -> Option<UnixTime> {
        self.scheduled.iter().map(|(at, _)| *at).filter(|at| *at <= now).min()
    }

    /// Takes the first action that is scheduled for exactly the time `at`.
    pub(crate) fn take_due(&mut self, at: UnixTime) -> Option<Action> {
        let position = self.scheduled.iter().position(|(due, _)| *due == at)?;
        Some(self.scheduled.remove(position).1)
    }

    /// Takes the first action for that moment of the request.
    pub(crate) fn take_around(&mut self, moment: Moment, request: &RequestTarget<'_>) -> Option<Action> {
        let is_meant = |(planned, pattern, _): &(Moment, RequestPattern, Action)| {
            *planned == moment && pattern.matches(request)
        };
        let position = self.around.iter().position(is_meant)?;
        Some(self.around.remove(position).2)
    }
}

impl Action {
    pub(crate) fn perform(&self, sandbox: &mut Sandbox) {
        (self.0)(sandbox);
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Action")
    }
}

/// Actions at a time or around a request, so that other users can act while a call of the client is in
/// progress.
impl Sandbox {
    /// Performs an action at a time, in order with the work in the background.
    ///
    /// ```
    /// use zuora_sandbox::{Sandbox, UnixTime};
    ///
    /// let mut sandbox = Sandbox::demo();
    /// sandbox.schedule(UnixTime::from_secs(1_772_384_460), |sandbox| {
    ///     sandbox.unpost_invoice("INV00000001").expect("the invoice was posted");
    /// });
    /// ```
    pub fn schedule(&mut self, at: UnixTime, action: impl Fn(&mut Self) + Send + Sync + 'static) {
        self.hooks.scheduled.push((at, Action(Arc::new(action))));
    }

    /// Performs an action after the time `span`, from the last request or call of [`advance`](Self::advance).
    ///
    /// [`InProcess::sandbox`](crate::InProcess::sandbox) advances the sandbox to the time of the clock. Actions
    /// must not use the transport, which is locked while the sandbox works.
    pub fn schedule_after(&mut self, span: Duration, action: impl Fn(&mut Self) + Send + Sync + 'static) {
        self.schedule(self.now().after(span), action);
    }

    /// Performs an action once, when the next request that matches has arrived and before it is executed.
    ///
    /// For requests that [`deliver`](Self::deliver) receives; faults of the request are drawn before.
    pub fn before_next(
        &mut self,
        pattern: RequestPattern,
        action: impl Fn(&mut Self) + Send + Sync + 'static,
    ) {
        self.hooks.around.push((Moment::Before, pattern, Action(Arc::new(action))));
    }

    /// Performs an action once, when the next request that matches has been executed and before the client
    /// receives the response.
    ///
    /// For requests that [`deliver`](Self::deliver) receives.
    pub fn after_next(
        &mut self,
        pattern: RequestPattern,
        action: impl Fn(&mut Self) + Send + Sync + 'static,
    ) {
        self.hooks.around.push((Moment::After, pattern, Action(Arc::new(action))));
    }
}
