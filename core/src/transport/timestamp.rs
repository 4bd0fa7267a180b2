//! Moments: on a clock that never runs backwards, and by the wall clock.

use std::cmp::Ordering;
use std::ops::Add;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment on the clock of a transport, as the time since a point that the transport chose.
///
/// That clock never runs backwards, but it means nothing to another process and may stop while a machine sleeps. A
/// transport therefore adds the wall time: errors, idempotency keys and intents that outlive the process are dated by
/// it. Moments are compared by the transport's clock; adding a duration moves both, and saturates.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use zuora_core::transport::{Timestamp, WallTime};
///
/// let since_start = Duration::from_secs(5); // of a std::time::Instant, say
/// let now = Timestamp::new(since_start).with_wall(WallTime::from(SystemTime::now()));
/// assert!(now + Duration::from_secs(1) > now);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timestamp {
    since: Duration,
    wall: Option<WallTime>,
}

/// Two readings of a wall clock that is being adjusted are taken for the same clock up to this difference.
const ADJUSTMENT: Duration = Duration::from_secs(2);

impl Timestamp {
    /// Creates the moment `since` after the transport's own starting point, without a wall time.
    pub const fn new(since: Duration) -> Self {
        Self { since, wall: None }
    }

    /// Adds the wall time of the same moment.
    #[must_use]
    pub const fn with_wall(mut self, wall: WallTime) -> Self {
        self.wall = Some(wall);
        self
    }

    /// Returns the time since the transport's own starting point.
    pub const fn elapsed(self) -> Duration {
        self.since
    }

    /// Returns the wall time of the moment, if the transport has one.
    pub const fn wall(self) -> Option<WallTime> {
        self.wall
    }

    /// Returns the time left until `later`; zero when it has passed.
    pub fn until(self, later: Timestamp) -> Duration {
        later.since.saturating_sub(self.since)
    }

    /// Returns the moment `span` before `self`. Where the transport's clock did not run yet, it is the start of that
    /// clock, and only the wall time is right.
    pub(crate) fn before(self, span: Duration) -> Timestamp {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Timestamp {
            since: self.since.saturating_sub(span),
            wall: self.wall.map(|wall| WallTime(wall.0.saturating_sub(millis))),
        }
    }

    /// Whether `end` is reached by either clock: the transport's may have stopped while the machine slept, and the wall
    /// clock may have been set.
    pub(crate) fn has_reached(self, end: Timestamp) -> bool {
        self >= end || self.wall.zip(end.wall).is_some_and(|(wall, end)| wall >= end)
    }

    /// Whether `self` was read from the same clock as `earlier`, and not before it. False when in doubt: without wall
    /// times nothing separates two clocks.
    pub(crate) fn is_comparable_to(self, earlier: Timestamp) -> bool {
        let (Some(wall), Some(earlier_wall)) = (self.wall, earlier.wall) else { return false };
        let Some(passed) = self.since.checked_sub(earlier.since) else { return false };
        let expected = earlier_wall + passed;
        let drift = expected.since(wall).or_else(|| wall.since(expected)).unwrap_or_default();
        drift <= ADJUSTMENT
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Duration) -> Timestamp {
        Timestamp { since: self.since.saturating_add(span), wall: self.wall.map(|wall| wall + span) }
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.since == other.since
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.since.cmp(&other.since)
    }
}

/// A moment by the wall clock, in whole milliseconds since 1970-01-01T00:00:00 UTC. Kept as that number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WallTime(u64);

impl WallTime {
    /// Creates the moment this many milliseconds after 1970-01-01T00:00:00 UTC.
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00 UTC.
    pub const fn unix_millis(self) -> u64 {
        self.0
    }

    /// Returns the time passed since `earlier`; `None` if `earlier` is in the future.
    pub fn since(self, earlier: WallTime) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_millis)
    }
}

/// Times before 1970 become its first moment.
impl From<SystemTime> for WallTime {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Add<Duration> for WallTime {
    type Output = WallTime;

    fn add(self, span: Duration) -> WallTime {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(since: u64, wall: u64) -> Timestamp {
        let wall = WallTime::from_unix_millis(1_700_000_000_000) + Duration::from_secs(wall);
        Timestamp::new(Duration::from_secs(since)).with_wall(wall)
    }

    #[test]
    fn only_moments_of_one_clock_are_comparable() {
        assert!(moment(20, 120).is_comparable_to(moment(10, 110)));
        assert!(moment(20, 121).is_comparable_to(moment(10, 110)), "a clock that is adjusted");
        assert!(
            !moment(20, 200).is_comparable_to(moment(10, 110)),
            "another clock, or a machine that has slept"
        );
        assert!(!moment(5, 115).is_comparable_to(moment(10, 110)), "a later moment of a younger clock");
        assert!(!moment(20, 120).is_comparable_to(Timestamp::new(Duration::from_secs(10))));
        assert!(!Timestamp::new(Duration::from_secs(20)).is_comparable_to(Timestamp::default()));
    }

    #[test]
    fn additions_move_both_clocks_and_saturate() {
        let later = moment(1, 1) + Duration::from_secs(9);
        assert_eq!((later.elapsed(), later.wall()), (Duration::from_secs(10), moment(0, 10).wall()));
        let end = moment(1, 1) + Duration::MAX;
        assert_eq!((end.elapsed(), end.wall()), (Duration::MAX, Some(WallTime(u64::MAX))));
        assert_eq!(end.until(later), Duration::ZERO);
    }
}
