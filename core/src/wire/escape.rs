//! The search for characters that are escaped in JSON.

/// Returns whether a byte of a text is escaped in JSON.
pub(super) fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Returns whether any byte of a text is escaped.
pub(super) fn may_need_escape(text: &[u8]) -> bool {
    let Some((last, _)) = text.split_last_chunk::<8>().map(|(_, last)| (*last, ())) else {
        return text.iter().any(|byte| is_escaped(*byte));
    };
    text.chunks_exact(8).any(|chunk| chunk.try_into().is_ok_and(has_escaped)) || has_escaped(last)
}

/// Returns whether any of eight bytes is escaped. A subtraction borrows from the highest bit of a byte that is smaller.
fn has_escaped(bytes: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(bytes);
    let is_below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let is = |byte: u8| is_below(word ^ (ONES * u64::from(byte)), 1);
    is_below(word, b' ') | is(b'"') | is(b'\\') != 0
}
