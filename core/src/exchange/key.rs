//! The idempotency key of a call.

use std::fmt::Write as _;
use std::time::Duration;

use http::HeaderValue;

use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::headers;
use crate::transport::{Timestamp, WallTime};

/// Time for which a key is trusted after the first possible sending. The service forgets a key after 24 hours; the
/// clocks of two machines may differ.
pub(crate) const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60 - 15 * 60);
/// Difference by which a clock that was set back may be behind the first sending.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

/// Longest key that the service accepts.
const MAX_LENGTH: usize = 255;
/// The text between a key and the number of its retry.
const RETRY: &str = ".retry";

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
                let (base, turn) = split_key(&key);
                Self { base: Base::Caller(base.to_owned()), turn }
            }
        }
    }

    /// Returns the key as a header value, the same until [`advance`](Self::advance) is called.
    pub(super) fn value(&mut self, session: &Session) -> Result<HeaderValue> {
        if let Base::Session(number @ None) = &mut self.base {
            *number = Some(session.next_key());
        }
        header(self.text(session).unwrap_or_default())
    }

    /// Returns the key that was sent or is about to be sent, unless there is none yet.
    pub(super) fn text(&self, session: &Session) -> Option<String> {
        let mut text = match &self.base {
            Base::Caller(text) => text.clone(),
            Base::Session(number) => session.key_text((*number)?),
        };
        if self.turn > 0 {
            // Writing to a string does not fail.
            let _ = write!(text, "{}{}", RETRY, self.turn);
        }
        Some(text)
    }

    /// Whether the next key is short enough for the service.
    pub(super) fn can_advance(&self) -> bool {
        let digits = self.turn.saturating_add(1).ilog10() as usize + 1;
        match &self.base {
            Base::Caller(text) => text.len() + RETRY.len() + digits <= MAX_LENGTH,
            Base::Session(_) => true,
        }
    }

    /// Moves on to the next key, the one that a restarted caller would use next.
    pub(super) fn advance(&mut self) {
        self.turn = self.turn.saturating_add(1);
    }
}

/// Checks a key that the caller chose.
///
/// # Errors
/// The key is empty, too long or not printable ASCII.
pub(super) fn check(text: &str) -> Result<()> {
    headers::printable("Idempotency-Key", text)?;
    header(text.to_owned()).map(drop)
}

/// Converts a key with its counters into a header value, without copying the text.
///
/// # Errors
/// The service would reject the key.
fn header(text: String) -> Result<HeaderValue> {
    if text.len() > MAX_LENGTH {
        return Err(Error::invalid("Idempotency-Key", "must have at most 255 characters"));
    }
    HeaderValue::try_from(text).map_err(|_| Error::invalid("Idempotency-Key", "must be a valid header value"))
}

/// Splits a key into its base and its number, 0 for a key without one. Only numbers in the form that
/// an exchange writes count.
fn split_key(key: &str) -> (&str, u32) {
    key.rsplit_once(RETRY)
        .filter(|(base, number)| !base.is_empty() && !number.starts_with(['0', '+']))
        .and_then(|(base, number)| Some((base, number.parse().ok().filter(|number| *number < u32::MAX)?)))
        .unwrap_or((key, 0))
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

    #[test]
    fn a_number_counts_only_in_the_form_that_is_written() {
        for (key, base, turn) in [
            ("K", "K", 0),
            ("K.retry1", "K", 1),
            ("K.retry1.retry1", "K.retry1", 1),
            ("K.1", "K.1", 0),
            ("K.1.retry2", "K.1", 2),
            ("2024.06", "2024.06", 0),
            ("Kretry1", "Kretry1", 0),
            ("K.Retry1", "K.Retry1", 0),
            ("K.retry0", "K.retry0", 0),
            ("K.retry+1", "K.retry+1", 0),
            ("K.retry", "K.retry", 0),
            (".retry1", ".retry1", 0),
            ("K.retry4294967295", "K.retry4294967295", 0),
            ("K.retry99999999999", "K.retry99999999999", 0),
        ] {
            assert_eq!(split_key(key), (base, turn), "{key}");
        }
    }
}
