//! The line of a send log.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zuora_core::transport::WallTime;

/// The knowledge of all workers about one job: what may have been sent, and the state before it.
///
/// A line is written before each send, on condition that it is still the line that was read. Of two workers that hold
/// one job, at most one therefore sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// Number of times that the line was written; 0 if there is none. A separate column, not part of the JSON text.
    #[serde(skip)]
    pub version: u64,
    /// The possible sendings; `None` if the intent was surely never sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sendings>,
    /// `updatedDate` of the object, as read before the first sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Ids of the items of the invoice, as read before the first sending of an update that adds items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<String>>,
    /// Deliveries since the last progress that failed with an error.
    #[serde(default)]
    pub tries: u32,
    /// The first delivery to a worker that could not read the intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable_since: Option<WallTime>,
    /// Workers that ended while they performed the job alone, since the last one that did not end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lone_starts: u32,
    /// Whether the line cannot be read. A person then decides, and the line stays as it is.
    #[serde(skip)]
    pub is_unreadable: bool,
}

impl Record {
    /// Returns the record of a line that cannot be read. Its version is 0, so that no decision replaces the line.
    #[must_use]
    pub fn of_unreadable_line() -> Self {
        Self { is_unreadable: true, ..Self::default() }
    }

    /// Whether the intent may have been sent.
    #[must_use]
    pub fn may_be_sent(&self) -> bool {
        self.sent.is_some() || self.is_unreadable
    }

    /// Returns the record as its line is once it was written.
    #[must_use]
    pub fn written(self) -> Self {
        Self { version: self.version + 1, ..self }
    }

    /// Returns the record for a job that a person delivers again.
    pub(crate) fn reopened(self, history: History) -> Self {
        match history {
            History::Kept => Self { tries: 0, unreadable_since: None, lone_starts: 0, ..self },
            History::Forgotten => Self::default().at_version(self.version),
        }
    }

    /// Returns the record with the version of a line that it replaces.
    #[must_use]
    pub fn at_version(self, version: u64) -> Self {
        Self { version, ..self }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Treatment of the line of the send log when a person delivers a job again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum History {
    Kept,
    Forgotten,
}

/// First and last possible sending, by the wall clocks of the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Sendings {
    /// Time before the first one, from which the day of an idempotency key counts.
    pub first: WallTime,
    /// Time after the last one: the end of a lease, or the failure of an attempt.
    pub last: WallTime,
}

/// The times that decisions depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time for which the service may still be at work on a request. Default 130 s.
    pub span: Duration,
    /// Largest difference between the wall clocks of the workers. Default 300 s; zero on one machine.
    pub clock_skew: Duration,
    /// Time between the read of a baseline and the write. Default 1.1 s: the times of the service have whole seconds,
    /// so a write within the second of an earlier change would leave the baseline as it was.
    pub baseline_pause: Duration,
    /// Longest pause after a failure. Default 60 s.
    pub max_backoff: Duration,
    /// Failed deliveries of an intent that may have been sent, after which a person decides. Default 50. An intent that
    /// was surely never sent is tried without end.
    pub max_tries: u32,
    /// Time for which an intent that cannot be read is put back for other workers. Default 10 min.
    pub unreadable: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            span: Duration::from_secs(130),
            clock_skew: Duration::from_secs(300),
            baseline_pause: Duration::from_millis(1100),
            max_backoff: Duration::from_secs(60),
            max_tries: 50,
            unreadable: Duration::from_secs(600),
        }
    }
}

impl Limits {
    /// Sets the time for which the service may still be at work. A time below the default is right for a simulator only.
    #[must_use]
    pub const fn span(mut self, span: Duration) -> Self {
        self.span = span;
        self
    }

    /// Sets the largest difference between the wall clocks of the workers.
    #[must_use]
    pub const fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// Sets the longest pause after a failure.
    #[must_use]
    pub const fn max_backoff(mut self, pause: Duration) -> Self {
        self.max_backoff = pause;
        self
    }

    /// Sets the time for which an intent that cannot be read is put back for other workers.
    #[must_use]
    pub const fn unreadable(mut self, time: Duration) -> Self {
        self.unreadable = time;
        self
    }
}
