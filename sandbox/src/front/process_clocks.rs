//! Clocks of a client process.

use std::time::Duration;

use crate::values::UnixTime;

/// The clocks of one client process, relative to the clock of the sandbox.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProcessClocks {
    /// Time during which the monotonic clock did not run.
    pub(super) stopped: Duration,
    /// Time by which the monotonic clock was advanced alone.
    pub(super) ahead: Duration,
    pub(super) wall: WallOffset,
}

/// The difference between a wall clock and the clock of the sandbox.
#[derive(Clone, Copy, Debug)]
pub(super) enum WallOffset {
    Ahead(Duration),
    Behind(Duration),
}

impl ProcessClocks {
    /// Returns the time of the monotonic clock at a time of the sandbox.
    pub(super) fn monotonic(&self, elapsed: Duration) -> Duration {
        elapsed.saturating_sub(self.stopped).saturating_add(self.ahead)
    }

    /// Returns the time of the wall clock at a time of the sandbox.
    pub(super) fn wall_time(&self, now: UnixTime) -> UnixTime {
        match self.wall {
            WallOffset::Ahead(span) => now.after(span),
            WallOffset::Behind(span) => UnixTime(now.0.saturating_sub(span)),
        }
    }
}

impl WallOffset {
    pub(super) fn between(now: UnixTime, wall: UnixTime) -> Self {
        match wall >= now {
            true => Self::Ahead(wall.since(now)),
            false => Self::Behind(now.since(wall)),
        }
    }
}

impl Default for WallOffset {
    fn default() -> Self {
        Self::Ahead(Duration::ZERO)
    }
}
