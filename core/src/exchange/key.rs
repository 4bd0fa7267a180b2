//! The idempotency key of a call.

use std::fmt::Write as _;
use std::time::Duration;

use http::HeaderValue;

use crate::error::Result;
use crate::session::Session;
use crate::session::headers;
use crate::transport::{Timestamp, WallTime};

/// Time for which a key is trusted after the first possible sending. The service forgets a key after 24 hours; the
/// clocks of two machines may differ.
pub(crate) const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60 - 15 * 60);
/// Difference by which a clock that was set back may be behind the first sending.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

/// Returns the age of a key by the wall clock, or `None` if the clock cannot be right.
pub(crate) fn age(first_sent: WallTime, now: WallTime) -> Option<Duration> {
    match first_sent.since(now) {
        Some(ahead) if ahead > MAX_CLOCK_SKEW => None,
        _ => Some(now.since(first_sent).unwrap_or_default()),
    }
}

/// Whether the service may have forgotten a key that was first sent at this time.
pub(super) fn may_be_forgotten(first_sent: Timestamp, now: Timestamp) -> bool {
    let age = match (first_sent.wall(), now.wall()) {
        // Another clock, or one that stopped while the machine slept.
        (Some(first), Some(wall)) if !now.is_comparable_to(first_sent) => age(first, wall),
        _ => Some(first_sent.until(now)),
    };
    age.is_none_or(|age| age >= LIFETIME)
}

/// A key, and the number of times that a stored rejection has made it give way to the next one.
///
/// The number is part of the text (`K`, `K.retry1`, `K.retry2`), and a key that is given with it continues from there: a
/// caller who received `K.retry1` and a caller who starts again from `K` walk through the same keys. No caller numbers
/// keys in this form, whose next key could be that of another operation.
///
/// A key of the session's own is stored as its number, since its text is needed only for a send and for an error.
#[derive(Debug)]
pub(super) struct IdempotencyKey {
    base: Base,
    turn: u32,
}

#[derive(Debug)]
enum Base {
    Caller(String),
    /// None until the first send.
    Session(Option<u64>),
}

impl IdempotencyKey {
    pub(super) fn new(of_caller: Option<String>) -> Self {
        match of_caller {
            None => Self { base: Base::Session(None), turn: 0 },
            Some(key) => {
                let (base, turn) = headers::split_key(&key);
                Self { base: Base::Caller(base.to_owned()), turn }
            }
        }
    }

    /// Returns the key as a header value, the same until [`advance`](Self::advance) is called.
    pub(super) fn value(&mut self, session: &Session) -> Result<HeaderValue> {
        if let Base::Session(number @ None) = &mut self.base {
            *number = Some(session.next_key());
        }
        headers::key(self.text(session).unwrap_or_default())
    }

    /// Returns the key that was sent or is about to be sent, unless there is none yet.
    pub(super) fn text(&self, session: &Session) -> Option<String> {
        let mut text = match &self.base {
            Base::Caller(text) => text.clone(),
            Base::Session(number) => session.key_text((*number)?),
        };
        if self.turn > 0 {
            // Writing to a string does not fail.
            let _ = write!(text, "{}{}", headers::RETRY, self.turn);
        }
        Some(text)
    }

    /// Whether the next key is short enough for the service.
    pub(super) fn can_advance(&self) -> bool {
        let digits = self.turn.saturating_add(1).ilog10() as usize + 1;
        match &self.base {
            Base::Caller(text) => text.len() + headers::RETRY.len() + digits <= headers::MAX_KEY,
            Base::Session(_) => true,
        }
    }

    /// Moves on to the next key, the one that a restarted caller would use next.
    pub(super) fn advance(&mut self) {
        self.turn = self.turn.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_behind_by_a_quarter_of_an_hour_at_most() {
        let wall =
            |seconds: u64| WallTime::from_unix_millis(1_700_000_000_000) + Duration::from_secs(seconds);
        assert_eq!(age(wall(100), wall(160)), Some(Duration::from_secs(60)));
        assert_eq!(age(wall(900), wall(0)), Some(Duration::ZERO));
        assert_eq!(age(wall(901), wall(0)), None, "the clock is wrong");
    }

    #[test]
    fn a_key_is_forgotten_after_its_lifetime_by_the_clock_that_can_be_compared() {
        let moment = |seconds: u64, wall: u64| {
            let start = WallTime::from_unix_millis(1_700_000_000_000);
            Timestamp::new(Duration::from_secs(seconds)).with_wall(start + Duration::from_secs(wall))
        };
        let end = LIFETIME.as_secs();
        assert!(!may_be_forgotten(moment(0, 0), moment(end - 1, end - 1)));
        assert!(may_be_forgotten(moment(0, 0), moment(end, end)));
        // The machine slept, or another process continues: the wall clock decides.
        assert!(may_be_forgotten(moment(0, 0), moment(1000, end)));
        assert!(!may_be_forgotten(moment(5_000_000, 0), moment(0, 60)));
        assert!(may_be_forgotten(moment(0, 1000), moment(5_000_000, 0)), "the wall clock is wrong");
    }
}
