//! Text of the service in messages: on one line, and not longer than a reader needs.

use std::fmt::{self, Display, Write};

/// Largest number of characters of one text.
const MAX_CHARS: usize = 500;

/// Replaces characters that begin a line or reorder text, so that text from the server cannot forge log lines.
pub(crate) struct OneLine<'a, W: ?Sized>(pub(crate) &'a mut W);

impl<W: Write + ?Sized> Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (index, part) in text.split(is_forging).enumerate() {
            if index > 0 {
                self.0.write_char(' ')?;
            }
            self.0.write_str(part)?;
        }
        Ok(())
    }
}

/// Returns at most 500 characters of a value, on one line.
pub(crate) fn one_line(value: impl Display) -> String {
    let mut line = String::new();
    // A string takes everything.
    let _ = write!(OneLine(&mut line), "{}", Capped(value));
    line
}

/// Whether a character can forge a line: a control character, a line or paragraph separator, or a control of the
/// direction of text.
fn is_forging(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Prints at most 500 characters of a value, and an ellipsis for the rest.
pub(crate) struct Capped<T>(pub(crate) T);

impl<T: Display> Display for Capped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Cap { inner: f, left: MAX_CHARS, is_cut: false }, "{}", self.0)
    }
}

/// As a field of a debug output, the value is printed as it is displayed.
impl<T: Display> fmt::Debug for Capped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

struct Cap<'a, W> {
    inner: &'a mut W,
    left: usize,
    is_cut: bool,
}

impl<W: Write> Write for Cap<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.is_cut {
            return Ok(());
        }
        let Some((end, _)) = text.char_indices().nth(self.left) else {
            self.left -= text.chars().count();
            return self.inner.write_str(text);
        };
        self.is_cut = true;
        self.inner.write_str(&text[..end])?;
        self.inner.write_char('…')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_after_500_characters() {
        assert_eq!(Capped("x".repeat(500)).to_string(), "x".repeat(500));
        assert_eq!(Capped("é".repeat(501)).to_string(), "é".repeat(500) + "…");
        let parts = format_args!("{}{}{}", "a".repeat(300), "b".repeat(300), "c").to_string();
        assert_eq!(Capped(&parts).to_string(), "a".repeat(300) + &"b".repeat(200) + "…");
        assert_eq!(Capped(format_args!("{}{}", "a".repeat(500), "")).to_string(), "a".repeat(500));
    }

    #[test]
    fn no_text_begins_a_line_or_reorders_one() {
        let mut line = String::new();
        let text = "a\r\nb\u{2028}c\u{2029}d\u{202e}e\u{2066}f\u{85}g\u{1b}[31mh\u{200f}i\u{61c}j\0k é";
        write!(OneLine(&mut line), "{text}").expect("a string takes everything");
        assert_eq!(line, "a  b c d e f g [31mh i j k é");
    }
}
