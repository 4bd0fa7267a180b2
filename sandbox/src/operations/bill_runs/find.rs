//! Lookup of bill runs.

use crate::http::ApiError;
use crate::state::State;

impl State {
    /// Returns the position of the run with that id or number.
    pub(super) fn find_run(&self, key: &str) -> Result<usize, ApiError> {
        self.runs.find(key).ok_or_else(|| ApiError::not_found(key))
    }

    pub(super) fn run_by_id(&self, keys: &[&str]) -> Result<usize, ApiError> {
        let key = keys.first().copied().unwrap_or_default();
        let numbers = self.settings.run_number_as_id;
        let run = self.find_run(key)?;
        match numbers || self.runs[run].id == key {
            true => Ok(run),
            false => Err(ApiError::not_found(key)),
        }
    }
}
