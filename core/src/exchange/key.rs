//! The idempotency key of a call.

use std::fmt::Write as _;

use http::HeaderValue;

use crate::error::Result;
use crate::session::Session;
use crate::session::headers;

/// A key and how often it had to give way to the next one.
///
/// A key of the session's own is kept as its number: its text is needed once a send, and after that only by
/// those who are told of a failure.
#[derive(Debug)]
pub(super) struct IdempotencyKey {
    first: First,
    turn: u32,
}

#[derive(Debug)]
enum First {
    Callers(String),
    /// None until the first send.
    Sessions(Option<u64>),
}

impl IdempotencyKey {
    pub(super) fn new(callers: Option<String>) -> Self {
        Self { first: callers.map_or(First::Sessions(None), First::Callers), turn: 0 }
    }

    /// The key as a header, the same until [`turn`](Self::turn) is called.
    pub(super) fn value(&mut self, session: &Session) -> Result<HeaderValue> {
        if let First::Sessions(number @ None) = &mut self.first {
            *number = Some(session.next_key());
        }
        headers::key(self.text(session).unwrap_or_default())
    }

    /// The key that was sent or is going to be, unless there is none yet.
    pub(super) fn text(&self, session: &Session) -> Option<String> {
        let mut text = match &self.first {
            First::Callers(text) => text.clone(),
            First::Sessions(number) => session.key_text((*number)?),
        };
        if self.turn > 0 {
            // Writing to a string does not fail.
            let _ = write!(text, ".{}", self.turn);
        }
        Some(text)
    }

    /// Goes on to the key that a restarted caller would find next.
    pub(super) fn advance(&mut self) {
        self.turn += 1;
    }
}
