//! The search for characters that are escaped in the strings of JSON.

/// Returns the position of the first byte that is escaped, or the length of the text.
#[inline]
pub(super) fn first_escaped(text: &[u8]) -> usize {
    let position = |at: usize, found: u64| at + found.trailing_zeros() as usize / 8;
    let mut at = 0;
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let found = escaped(*word);
        if found != 0 {
            return position(at, found);
        }
        at += word.len();
    }
    match text.last_chunk() {
        // The rest, after bytes in which nothing was found.
        Some(word) if at < text.len() => match escaped(*word) {
            0 => text.len(),
            found => position(text.len() - word.len(), found),
        },
        Some(_) => text.len(),
        None => {
            let is_escaped = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
            text.iter().position(is_escaped).unwrap_or(text.len())
        }
    }
}

/// Returns a word whose lowest bit that is set is in the first of eight bytes that is escaped. A subtraction borrows from
/// the highest bit of a byte that is smaller.
#[inline]
fn escaped(bytes: [u8; 8]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(bytes);
    let is_below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let is = |byte: u8| is_below(word ^ (ONES * u64::from(byte)), 1);
    is_below(word, b' ') | is(b'"') | is(b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_escaped_byte_is_found_at_every_place() {
        for length in 0..40 {
            for place in 0..length {
                for byte in 0..=255 {
                    let mut text = vec![b'x'; length];
                    text[place] = byte;
                    let is_escaped = byte < b' ' || byte == b'"' || byte == b'\\';
                    let expected = if is_escaped { place } else { length };
                    assert_eq!(first_escaped(&text), expected, "{byte} at {place} of {length}");
                    // Whatever follows changes nothing.
                    text.extend([byte, 0, b'"', 0xff]);
                    let expected = if is_escaped { place } else { length + 1 };
                    assert_eq!(first_escaped(&text), expected, "{byte} at {place} of {length}");
                }
            }
        }
    }
}
