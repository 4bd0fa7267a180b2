//! The clock of the sandbox, which follows the time that the front passes until a test changes it.

use crate::values::UnixTime;

/// A clock that runs at the speed of another one, or is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SandboxClock {
    /// Latest time of the other clock.
    outside: UnixTime,
    /// Time of the other clock at which this clock was last set.
    set_at: UnixTime,
    /// Time to which this clock was set.
    set_to: UnixTime,
    frozen: bool,
}

impl SandboxClock {
    /// Returns the time of this clock at a time of the other one.
    pub(crate) fn read(&mut self, outside: UnixTime) -> UnixTime {
        self.outside = self.outside.max(outside);
        self.at(outside)
    }

    /// Returns the time of this clock at a time of the other one, which is not remembered.
    pub(crate) fn at(&self, outside: UnixTime) -> UnixTime {
        match self.frozen {
            true => self.set_to,
            false => self.set_to.after(outside.since(self.set_at)),
        }
    }

    /// Takes over the latest time of the other clock.
    pub(crate) fn catch_up(&mut self, other: Self) {
        self.outside = self.outside.max(other.outside);
    }

    /// Sets the clock, which then runs or is frozen.
    pub(crate) fn set(&mut self, time: UnixTime, frozen: bool) {
        *self = Self { set_to: time.clamped(), set_at: self.outside, frozen, ..*self };
    }

    /// Returns the time at the latest time of the other clock.
    pub(crate) fn now(&self) -> UnixTime {
        self.at(self.outside)
    }

    /// Returns the latest time of the other clock.
    pub(crate) fn outside(&self) -> UnixTime {
        self.outside
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen
    }
}
