//! The token of a fleet as a queue stores it.

use serde::{Deserialize, Serialize};
use zuora_core::session::Token;
use zuora_core::transport::WallTime;

#[derive(Serialize, Deserialize)]
struct Stored {
    secret: String,
    expires_at: WallTime,
}

/// Returns the token, unless its lifetime has ended.
pub(crate) fn read(text: &[u8], now: WallTime) -> serde_json::Result<Option<Token>> {
    let stored: Stored = serde_json::from_slice(text)?;
    Ok(stored.expires_at.since(now).map(|left| Token::new(stored.secret.into(), left)))
}

/// Returns the text of a token.
pub(crate) fn write(token: &Token, now: WallTime) -> serde_json::Result<String> {
    let secret = token.secret().expose().to_owned();
    serde_json::to_string(&Stored { secret, expires_at: now + token.expires_in() })
}
