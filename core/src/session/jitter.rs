//! Random numbers for jitter. They only have to differ between clients, and are not used for keys.

use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u128) -> Self {
        let halves = seed.to_be_bytes();
        let (mut high, mut low) = ([0; 8], [0; 8]);
        high.copy_from_slice(&halves[..8]);
        low.copy_from_slice(&halves[8..]);
        Self(u64::from_be_bytes(high) ^ u64::from_be_bytes(low))
    }

    /// Returns a random time from zero up to `max`.
    pub(crate) fn below(&mut self, max: Duration) -> Duration {
        // An f64 between 0 and 1 has 53 bits of precision.
        #[allow(clippy::cast_precision_loss)]
        let fraction = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        max.mul_f64(fraction)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
