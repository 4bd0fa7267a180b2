//! The search for characters that are escaped in the strings of JSON.

const WORD: usize = size_of::<u64>();

/// Returns the position of the first byte that is escaped, or the length of the text.
#[inline]
pub(super) fn first_escaped(text: &[u8]) -> usize {
    let position = |at: usize, found: u64| at + found.trailing_zeros() as usize / 8;
    let words = text.chunks_exact(WORD);
    let rest = words.remainder();
    for (nth, word) in words.enumerate() {
        let found = escaped(word.try_into().unwrap_or_default());
        if found != 0 {
            return position(nth * WORD, found);
        }
    }
    match text.last_chunk() {
        // The rest, after bytes in which nothing was found.
        Some(word) if !rest.is_empty() => match escaped(*word) {
            0 => text.len(),
            found => position(text.len() - WORD, found),
        },
        Some(_) => text.len(),
        None => {
            let is_escaped = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
            text.iter().position(is_escaped).unwrap_or(text.len())
        }
    }
}

/// Returns a word whose lowest bit that is set is in the first byte that is escaped. A subtraction borrows from the highest
/// bit of a byte that is smaller.
#[inline]
fn escaped(bytes: [u8; WORD]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    const BACKSLASH: u64 = ONES * b'\\' as u64;
    // With this bit flipped, the quotation mark follows the control characters, and only one comparison is needed.
    const FLIPPED: u64 = ONES * 2;
    const LIMIT: u64 = ONES * 0x21;
    let word = u64::from_le_bytes(bytes);
    ((word ^ FLIPPED).wrapping_sub(LIMIT) | (word ^ BACKSLASH).wrapping_sub(ONES)) & !word & HIGH
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
