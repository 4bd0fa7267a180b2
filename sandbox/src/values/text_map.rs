//! Maps whose keys are texts.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::text::Text;

/// A map with text keys. Short keys are stored in place and hashed quickly, so that a large map grows without a long
/// pause.
pub(crate) type TextMap<V> = HashMap<Text, V, BuildHasherDefault<TextHasher>>;

/// A fast hasher. It gives no protection from keys that are chosen to collide, which a sandbox does not need.
#[derive(Clone, Default)]
pub(crate) struct TextHasher(u64);

impl TextHasher {
    fn mix(&mut self, word: u64) {
        // The constants are those of splitmix64.
        let mixed = (self.0 ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.0 = mixed ^ mixed >> 32;
    }
}

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.mix(word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
        let rest = words.remainder().iter().fold(0x1, |word, byte| word << 8 | u64::from(*byte));
        self.mix(rest);
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(byte.into());
    }

    fn finish(&self) -> u64 {
        let mixed = self.0.wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::BuildHasher as _;

    use super::*;

    #[test]
    fn similar_keys_are_found_and_spread() {
        let keys = || {
            (0..5000)
                .flat_map(|index| [format!("INV{index:08}"), format!("{index:032x}"), "a".repeat(index % 90)])
        };
        let map: TextMap<String> = keys().map(|key| (key.as_str().into(), key)).collect();
        assert!(keys().all(|key| map.get(key.as_str()) == Some(&key)));
        assert_eq!(map.get("INV00005000"), None);
        let low: BTreeSet<u64> = map.keys().map(|key| map.hasher().hash_one(&**key) & 0x3fff).collect();
        assert!(low.len() > 6500, "10,090 keys in 16,384 places: {}", low.len());
    }
}
