//! Lookup of bill runs.

use crate::http::ApiError;
use crate::state::{BillRun, State};

impl State {
    pub(super) fn find_run(&self, is: impl Fn(&BillRun) -> bool, key: &str) -> Result<usize, ApiError> {
        self.runs.iter().position(is).ok_or_else(|| ApiError::not_found(key))
    }

    pub(super) fn run_by_id(&self, keys: &[&str]) -> Result<usize, ApiError> {
        let key = keys.first().copied().unwrap_or_default();
        let numbers = self.settings.run_number_as_id;
        self.find_run(|run| run.id == key || (numbers && run.number == key), key)
    }
}
