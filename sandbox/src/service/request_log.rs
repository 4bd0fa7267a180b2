//! The most recent requests, for tests that count them.

use std::collections::VecDeque;

use http::Method;

use crate::http::path_ends_with;

/// Method and path of the most recent requests.
#[derive(Clone, Default)]
pub(crate) struct RequestLog(VecDeque<(Method, String)>);

/// Number of requests that are kept, so that a long-running server does not grow.
const LOG_CAPACITY: usize = 10_000;

impl RequestLog {
    /// Records a request, in place of the oldest one if the log is full.
    pub(crate) fn record(&mut self, method: &Method, path: &str) {
        if self.0.len() == LOG_CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back((method.clone(), path.to_owned()));
    }

    /// Counts the requests with that method and a path that ends in `path`.
    pub(crate) fn count(&self, method: &Method, path: &str) -> usize {
        self.0.iter().filter(|(logged, at)| logged == method && path_ends_with(at, path)).count()
    }
}
