//! The knowledge of earlier sendings of an intent.

use std::time::Duration;

use crate::call::written_at::ProcessingLimits;
use crate::transport::{Timestamp, WallTime};

/// Time after the last possible sending for which a write that is not seen is [`Performed::Undecided`](super::Performed::Undecided).
const UNDECIDED_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The knowledge of a queue, or of a caller's record, about an intent that is handed out.
///
/// An attempt count of a queue is no proof that nothing was sent: redrives and manual requeues reset it. Write one line
/// (key, first and last time) to a send log before each send, and build the delivery from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub(super) sent: Sent,
    /// A PUT or DELETE is sent only before this time.
    pub(super) lease_until: Option<Timestamp>,
    pub(super) limits: ProcessingLimits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Never,
    Maybe { first: Option<WallTime>, last: WallTime },
}

impl Delivery {
    /// Creates the first delivery: the intent was surely never sent.
    pub const fn first() -> Self {
        Self { sent: Sent::Never, lease_until: None, limits: ProcessingLimits::DOCUMENTED }
    }

    /// Creates a further delivery: the intent may have been sent before, at the latest at `last`: the time of the last
    /// send, the end of the last lease, or any later time.
    pub const fn again(last: WallTime) -> Self {
        let sent = Sent::Maybe { first: None, last };
        Self { sent, lease_until: None, limits: ProcessingLimits::DOCUMENTED }
    }

    /// Adds the first possible sending, from which the day of an idempotency key counts. Without it the key counts from
    /// the time at which the intent was made. Has no effect on a [`first`](Self::first) delivery.
    #[must_use]
    pub const fn since(mut self, first: WallTime) -> Self {
        if let Sent::Maybe { last, .. } = self.sent {
            self.sent = Sent::Maybe { first: Some(first), last };
        }
        self
    }

    /// Limits a PUT or DELETE to the time before `until`, on the clock of the transport that performs the intent: the
    /// end of the lease after which the queue may hand the intent to another worker.
    #[must_use]
    pub const fn lease_until(mut self, until: Timestamp) -> Self {
        self.lease_until = Some(until);
        self
    }

    /// Sets the time for which the service may go on working on a request after its attempt has failed. The default of
    /// 130 s is the documented time of the service with a margin: a shorter time is right for a simulator only. After a
    /// time that is too short, a PUT or DELETE may be sent that is still being applied.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use zuora_core::intent::Delivery;
    ///
    /// // Workers on one machine, in a test against a simulator that works on no request for longer than two seconds.
    /// let delivery = Delivery::again(SystemTime::now().into())
    ///     .max_processing(Duration::from_secs(2))
    ///     .max_clock_skew(Duration::ZERO);
    /// # let _ = delivery;
    /// ```
    #[must_use]
    pub const fn max_processing(mut self, time: Duration) -> Self {
        self.limits.processing = time;
        self
    }

    /// Sets the largest difference between the wall clocks of the machines that perform the intent. The default is
    /// 300 s. Workers on one machine share a clock, and may set it to zero: see the example of
    /// [`max_processing`](Self::max_processing).
    #[must_use]
    pub const fn max_clock_skew(mut self, difference: Duration) -> Self {
        self.limits.clock_skew = difference;
        self
    }

    /// Whether the last possible sending was so long ago that no later read is expected to decide more.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        match (self.sent, now.wall()) {
            (Sent::Maybe { last, .. }, Some(now)) => {
                now.since(last).is_some_and(|age| age >= UNDECIDED_LIMIT)
            }
            _ => false,
        }
    }
}
