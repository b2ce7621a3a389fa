//! Chance that is passed in: a duration drawn from a seed, so that what failed at one instant is not tried again at one instant.
//!
//! Invariant: one seed, one duration.

use std::time::Duration;

/// A duration between zero and `most`, both included, in whole milliseconds. The seeds may follow each other: they are mixed first.
pub(crate) fn within(most: Duration, seed: u64) -> Duration {
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    let mixed = mix(seed);
    Duration::from_millis(most.checked_add(1).map_or(mixed, |count| mixed % count))
}

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the seed bears on every bit of the result.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
