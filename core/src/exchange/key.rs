//! The idempotency key of a call.

use std::fmt::Write as _;

use http::HeaderValue;

use crate::error::Result;
use crate::session::Session;
use crate::session::headers;

/// A key, and the number of times that a stored rejection has made it give way to the next one.
///
/// The number is part of the text (`K`, `K.1`, `K.2`), and a key that is given with a number continues from there: a
/// caller who was handed `K.1` and a caller who starts again from `K` walk through the same keys.
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
            let _ = write!(text, ".{}", self.turn);
        }
        Some(text)
    }

    /// Moves on to the next key, the one that a restarted caller would use next.
    pub(super) fn advance(&mut self) {
        self.turn = self.turn.saturating_add(1);
    }
}
