//! The one hash function: SHA-256.

use std::fmt::Write as _;

/// A hash of bytes that are added piece by piece.
pub(crate) struct Digest(hmac_sha256::Hash);

impl Digest {
    pub(crate) fn new() -> Self {
        Self(hmac_sha256::Hash::new())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash as 64 hexadecimal digits.
    pub(crate) fn to_hex(&self) -> String {
        self.0.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_all_pieces() {
        let mut digest = Digest::new();
        digest.update(b"a");
        digest.update(b"bc");
        // The first example of FIPS 180-2.
        assert_eq!(digest.to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
