//! Recognizing a secret that the service echoes in a message.

use std::borrow::Cow;

use http::HeaderValue;
use memchr::memmem;
use percent_encoding::percent_decode;

use crate::types::Secret;

/// Secrets below this length are words as well: they are found only where no letter or digit is next to them.
const WORD: usize = 8;
/// Secrets below this length are not searched for.
const SHORTEST: usize = 4;

/// Returns a function that recognizes texts with one of the secrets: plain, percent-encoded, in base64, with `+` for a
/// space, in upper or lower case. Secrets are ASCII, as every header value and every credential of a session.
pub(crate) fn finder(secrets: Vec<Secret>) -> impl Fn(&str) -> bool + use<> {
    let forms: Vec<_> = secrets.iter().filter_map(|secret| Forms::of(secret.expose())).collect();
    move |text| is_in(&forms, text)
}

/// Returns the value of an extra header if it can be a secret. A shorter one, such as `true`, is likely to be a word.
pub(crate) fn secret_value(value: &HeaderValue) -> Option<Secret> {
    value.to_str().ok().filter(|text| text.len() >= WORD).map(Secret::from)
}

/// The forms of a secret that are searched for.
struct Forms {
    folded: Vec<u8>,
    /// None of a secret so short that it is a word: its base64 can be part of any other.
    base64: Option<[Vec<u8>; 3]>,
}

impl Forms {
    fn of(secret: &str) -> Option<Self> {
        let secret = secret.as_bytes();
        let base64 = (secret.len() >= WORD).then(|| base64_forms(secret));
        (secret.len() >= SHORTEST).then(|| Self { folded: folded(secret), base64 })
    }
}

fn is_in(secrets: &[Forms], text: &str) -> bool {
    if secrets.is_empty() || text.is_empty() {
        return false;
    }
    let is_plain = |text: &[u8]| {
        let text = folded(text);
        secrets.iter().any(|forms| contains(&text, &forms.folded))
    };
    let mut text = Cow::Borrowed(text.as_bytes());
    // A text may be encoded twice, as a part of a URL within a URL.
    for _ in 0..3 {
        if is_plain(&text) {
            return true;
        }
        let unified = unified(&text);
        let mut base64 = secrets.iter().filter_map(|forms| forms.base64.as_ref()).flatten();
        if base64.any(|form| memmem::find(&unified, form).is_some()) {
            return true;
        }
        if !text.contains(&b'%') {
            return false;
        }
        text = Cow::Owned(percent_decode(&text).collect());
    }
    is_plain(&text)
}

fn folded(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| if *byte == b'+' { b' ' } else { byte.to_ascii_lowercase() }).collect()
}

/// Returns a text in which both alphabets of base64 look alike.
fn unified(text: &[u8]) -> Vec<u8> {
    let unify = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte.to_ascii_lowercase(),
    };
    text.iter().map(unify).collect()
}

fn contains(text: &[u8], secret: &[u8]) -> bool {
    let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    memmem::find_iter(text, secret).any(|start| {
        let before = start.checked_sub(1).and_then(|index| text.get(index));
        let after = text.get(start + secret.len());
        secret.len() >= WORD || !before.iter().chain(&after).any(is_of_word)
    })
}

/// Returns the characters that base64 makes of the secret alone, for each place in a group of three that it can begin
/// at, in lower case and without the characters that depend on its neighbors.
fn base64_forms(secret: &[u8]) -> [Vec<u8>; 3] {
    const ALPHABET: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/";
    [0, 1, 2].map(|offset| {
        let bits: Vec<u8> =
            secret.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        // The first whole group of six bits begins after the bits that share a character with the byte before.
        let skipped = (6 - offset * 8 % 6) % 6;
        let groups = bits.get(skipped..).unwrap_or_default().chunks_exact(6);
        groups
            .map(|group| group.iter().fold(0, |index, bit| index << 1 | usize::from(*bit)))
            .map(|index| ALPHABET[index])
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appears_in(secret: &str, text: &str) -> bool {
        finder(vec![Secret::from(secret)])(text)
    }

    const SECRET: &str = "hunter2+hunter2/=";

    #[test]
    fn a_secret_is_found_in_every_form() {
        for text in [
            "wrong secret hunter2+hunter2/= of x",
            "HUNTER2+HUNTER2/=",
            "client_secret=hunter2%2bhunter2%2F%3D&x",
            "client_secret=hunter2%2Bhunter2/=",
            "hunter2 hunter2/=",
            "hunter2%20hunter2/=",
            "hunter2%252Bhunter2%252F%253D",
            "hunter2%25252Bhunter2%25252F%25253D",
            "aHVudGVyMitodW50ZXIyLz0=",
            "Basic eDpodW50ZXIyK2h1bnRlcjIvPQ==",
            "Basic eHg6aHVudGVyMitodW50ZXIyLz0=",
            "Basic Omh1bnRlcjIraHVudGVyMi89",
            "BASIC OMH1BNRLCJIRAHVUDGVYMI89",
            "url aHVudGVyMitodW50ZXIyLz0",
        ] {
            assert!(appears_in(SECRET, text), "{text}");
        }
        for text in ["", "hunter2", "%", "%zz", "a+b c", "aHVudGVyMg=="] {
            assert!(!appears_in(SECRET, text), "{text}");
        }
    }

    #[test]
    fn a_short_secret_is_found_as_a_word() {
        assert!(appears_in("token", "the token, which has expired"));
        assert!(appears_in("hunter2", "hunter2"));
        assert!(!appears_in("token", "tokens"));
        assert!(appears_in("word", "a word") && !appears_in("wor", "wor"), "the shortest secret");
        assert!(!appears_in("t", "t"), "one letter is no secret");
        assert!(!appears_in("", "text"));
    }

    #[test]
    fn base64_is_that_of_a_secret_which_is_no_word() {
        assert!(appears_in("hunter22", "aHVudGVyMjI=") && appears_in("hunter22", "xhunter22x"));
        assert!(!appears_in("hunter2", "aHVudGVyMg==") && !appears_in("hunter2", "xhunter2x"));
    }

    #[test]
    fn text_beyond_ascii_does_not_panic() {
        assert!(!appears_in("token", "ütokenü İstanbul"));
    }
}
