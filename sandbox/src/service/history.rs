//! Earlier states, which stale reads show.

use std::collections::VecDeque;
use std::time::Duration;

use crate::state::State;
use crate::values::UnixTime;

/// States after each change, oldest first. Recorded only while a stale read is possible, since a state is
/// copied for each change.
#[derive(Clone, Default)]
pub(crate) struct History(VecDeque<State>);

impl History {
    /// Records the state, and drops the states that no read of that age can show.
    pub(crate) fn record(&mut self, state: &State, age: Duration) {
        let oldest = UnixTime(state.now.0.saturating_sub(age));
        while self.0.get(1).is_some_and(|next| next.now <= oldest) {
            self.0.pop_front();
        }
        self.0.push_back(state.clone());
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the state at a time, or else the oldest known state; `None` if no state is known.
    pub(crate) fn at(&self, time: UnixTime) -> Option<State> {
        let known = self.0.iter().rfind(|state| state.now <= time).or(self.0.front())?;
        let mut state = known.clone();
        // Background work since the last change follows from the state alone.
        state.advance(time);
        Some(state)
    }
}
