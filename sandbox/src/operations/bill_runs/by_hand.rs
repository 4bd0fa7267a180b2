//! Changes of bill runs by another user.

use crate::http::ApiError;
use crate::state::State;

impl State {
    /// Starts posting the run with that id or number.
    pub(crate) fn post_run_by_hand(&mut self, key: &str) -> Result<(), ApiError> {
        let run = self.find_run(key)?;
        self.start_posting(run, None)
    }

    /// Starts canceling the run with that id or number, but not later runs of its schedule.
    pub(crate) fn cancel_run_by_hand(&mut self, key: &str) -> Result<(), ApiError> {
        let run = self.find_run(key)?;
        self.start_canceling(run, true).map(drop)
    }

    /// Starts deleting the run with that id or number.
    pub(crate) fn delete_run_by_hand(&mut self, key: &str) -> Result<(), ApiError> {
        let run = self.find_run(key)?;
        self.start_removing(run)
    }
}
