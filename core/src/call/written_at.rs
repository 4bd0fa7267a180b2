//! The time since a write failed, by the clock of whoever asks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::transport::{Timestamp, WallTime};

/// The times after which a write that is not visible was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessingLimits {
    /// Time for which the service may go on working on a request whose caller is gone, with a margin.
    pub(crate) processing: Duration,
    /// Largest difference between the wall clocks of two machines.
    pub(crate) clock_skew: Duration,
}

impl ProcessingLimits {
    pub(crate) const DOCUMENTED: Self =
        Self { processing: Duration::from_secs(130), clock_skew: Duration::from_secs(300) };

    /// Returns the time after which a write has ended that was sent by another clock.
    fn by_any_clock(self) -> Duration {
        self.processing.saturating_add(self.clock_skew)
    }
}

impl Default for ProcessingLimits {
    fn default() -> Self {
        Self::DOCUMENTED
    }
}

/// Time for which the caller of a write may assume that it has not been undone.
const MAX_CALLERS_MEMORY: Duration = Duration::from_secs(600);

/// Time at which a write failed. By the clock of the transport that sent it, while the process lives; by the wall clock
/// in JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct WrittenAt {
    #[serde(skip)]
    own: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wall: Option<WallTime>,
    /// First read by the clock of whoever reads.
    #[serde(skip)]
    first_read: Option<Timestamp>,
    #[serde(skip)]
    last_read: Option<Timestamp>,
    #[serde(skip)]
    limits: ProcessingLimits,
}

impl WrittenAt {
    pub(crate) fn new(failed_at: Option<Timestamp>) -> Self {
        Self { own: failed_at, wall: failed_at.and_then(Timestamp::wall), ..Self::default() }
    }

    pub(crate) fn by_wall(failed_at: Option<WallTime>) -> Self {
        Self { own: None, wall: failed_at, ..Self::default() }
    }

    pub(crate) fn with_limits(mut self, limits: ProcessingLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Notes that a read began. A write of unknown age failed before its first read, at the latest.
    pub(crate) fn read_at(&mut self, now: Timestamp) {
        self.first_read.get_or_insert(now);
        self.wall = self.wall.or(now.wall());
        self.last_read = Some(now);
    }

    /// Returns the time from the first read to the last.
    pub(crate) fn waited(&self) -> Duration {
        self.first_read.zip(self.last_read).map_or(Duration::ZERO, |(first, last)| first.until(last))
    }

    /// Returns the time since the failure by the clock that measured it; none by another clock, and in doubt.
    fn own_age(&self, now: Timestamp) -> Option<Duration> {
        self.own.filter(|failed| now.is_comparable_to(*failed)).map(|failed| failed.until(now))
    }

    /// Returns the time from `now` until the service has certainly ended. Zero when it has.
    ///
    /// A moment of another clock is trusted only when the clocks may differ by their limit without harm; below
    /// that the time is counted from the first read.
    pub(crate) fn uncertain_for(&self, now: Timestamp) -> Duration {
        if let Some(age) = self.own_age(now) {
            return self.limits.processing.saturating_sub(age);
        }
        let counted = self.first_read.map_or(Duration::ZERO, |first| first.until(now));
        let afresh = self.limits.processing.saturating_sub(counted);
        let by_wall = match (self.wall, now.wall()) {
            (Some(failed), Some(now)) => {
                now.since(failed).map(|age| self.limits.by_any_clock().saturating_sub(age))
            }
            _ => None,
        };
        by_wall.map_or(afresh, |by_wall| by_wall.min(afresh))
    }

    /// Returns whether the caller of the write asks, soon enough to assume that it has not been undone.
    pub(crate) fn is_callers(&self, now: Timestamp) -> bool {
        self.own_age(now).is_some_and(|age| age <= MAX_CALLERS_MEMORY)
    }

    /// Returns a time before which the write was not sent, if the time of its failure is known.
    pub(crate) fn not_sent_before(&self) -> Option<WallTime> {
        let millis = u64::try_from(self.limits.by_any_clock().as_millis()).ok()?;
        Some(WallTime::from_unix_millis(self.wall?.unix_millis().saturating_sub(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_SERVER_PROCESSING: Duration = ProcessingLimits::DOCUMENTED.processing;

    fn moment(since: u64, wall: u64) -> Timestamp {
        let wall = WallTime::from_unix_millis(1_700_000_000_000) + Duration::from_secs(wall);
        Timestamp::new(Duration::from_secs(since)).with_wall(wall)
    }

    fn uncertain_for(written: &WrittenAt, since: u64, wall: u64) -> u64 {
        written.uncertain_for(moment(since, wall)).as_secs()
    }

    #[test]
    fn the_time_counts_from_the_failure_by_its_own_clock() {
        let written = WrittenAt::new(Some(moment(100, 100)));
        assert_eq!(uncertain_for(&written, 100, 100), 130);
        assert_eq!(uncertain_for(&written, 229, 229), 1);
        assert_eq!(uncertain_for(&written, 230, 230), 0);
        assert!(written.is_callers(moment(700, 700)) && !written.is_callers(moment(701, 701)));
    }

    #[test]
    fn the_time_of_waiting_is_that_from_the_first_read_to_the_last() {
        let mut written = WrittenAt::new(Some(moment(100, 100)));
        assert_eq!(written.waited(), Duration::ZERO);
        for second in [110, 120, 150] {
            written.read_at(moment(second, second));
        }
        assert_eq!(written.waited(), Duration::from_secs(40));
    }

    #[test]
    fn a_moment_of_another_clock_is_trusted_only_beyond_the_difference_of_clocks() {
        let mut written = WrittenAt::new(Some(moment(100, 100)));
        written.read_at(moment(5000, 200));
        assert_eq!(uncertain_for(&written, 5000, 200), 130, "counted afresh");
        assert_eq!(uncertain_for(&written, 5129, 329), 1);
        assert_eq!(uncertain_for(&written, 5000, 529), 1);
        assert_eq!(uncertain_for(&written, 5000, 530), 0);
        assert!(!written.is_callers(moment(5000, 200)), "another clock");
        let resumed: WrittenAt = serde_json::from_str(&serde_json::to_string(&written).unwrap()).unwrap();
        assert_eq!(uncertain_for(&resumed, 200, 200), 130);
        assert_eq!(uncertain_for(&resumed, 200, 530), 0);
        assert!(!resumed.is_callers(moment(200, 200)), "another process");
        assert_eq!(uncertain_for(&resumed, 200, 0), 130, "a wall clock that is behind");
    }

    #[test]
    fn without_wall_times_the_time_is_counted_from_the_first_read() {
        let mut written = WrittenAt::new(Some(Timestamp::new(Duration::from_secs(1))));
        let first = Timestamp::new(Duration::from_secs(1000));
        written.read_at(first);
        assert_eq!(written.uncertain_for(first), MAX_SERVER_PROCESSING);
        assert_eq!(written.uncertain_for(first + MAX_SERVER_PROCESSING), Duration::ZERO);
        assert!(!written.is_callers(first) && written.not_sent_before().is_none());
    }

    #[test]
    fn a_write_of_unknown_age_is_dated_by_its_first_read_also_by_another_process() {
        let mut written = WrittenAt::new(None);
        written.read_at(moment(10, 1000));
        assert_eq!(uncertain_for(&written, 139, 1129), 1);
        let resumed: WrittenAt = serde_json::from_str(&serde_json::to_string(&written).unwrap()).unwrap();
        assert_eq!(uncertain_for(&resumed, 5, 1429), 1);
        assert_eq!(uncertain_for(&resumed, 5, 1430), 0);
    }

    #[test]
    fn a_caller_may_know_other_limits() {
        let limits =
            ProcessingLimits { processing: Duration::from_secs(2), clock_skew: Duration::from_secs(1) };
        let written = WrittenAt::by_wall(moment(0, 100).wall()).with_limits(limits);
        assert_eq!(uncertain_for(&written, 0, 100), 2);
        assert_eq!(uncertain_for(&written, 0, 102), 1);
        assert_eq!(uncertain_for(&written, 0, 103), 0);
    }
}
