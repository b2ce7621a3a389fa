//! Exchange ids: UUIDv7, so that they sort by the time they were opened.

use crate::clock::Clock;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::{Timestamp, Uuid};

/// The id of one exchange: a UUIDv7 (RFC 9562).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExchangeId(Uuid);

impl ExchangeId {
    /// The id as a UUID.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        self.0
    }

    /// Its text: ASCII.
    #[must_use]
    pub fn text(&self) -> [u8; 36] {
        let mut text = [0; 36];
        self.0.as_hyphenated().encode_lower(&mut text);
        text
    }
}

impl From<Uuid> for ExchangeId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), f)
    }
}

impl fmt::Debug for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many bits of an id count within its millisecond.
const COUNTER_BITS: u8 = 12;

/// Makes ids each of which sorts after all that were made before it in this process, even when the machine's clock is
/// set back.
#[derive(Debug, Default)]
pub struct IdSource {
    /// The millisecond of the latest id, and below it the id's number within the millisecond.
    latest: AtomicU64,
}

impl IdSource {
    /// A new id, and the time it carries in milliseconds since 1970.
    ///
    /// Without a lock: the latest millisecond and number are kept in an atomic. While the clock stands or is behind, ids
    /// are numbered on from the latest, into the next millisecond where one is full (RFC 9562, section 6.2); 62 bits are
    /// random, from the thread's own generator (ChaCha, seeded by the system and again and again).
    pub fn next(&self, clock: &dyn Clock) -> (ExchangeId, u64) {
        let now = clock.unix_millis() << COUNTER_BITS;
        let after = |latest: u64| now.max(latest.saturating_add(1));
        let latest = self.latest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |latest| Some(after(latest)));
        // The closure always gives a value, so this is never an error.
        let stamp = after(latest.unwrap_or_else(|latest| latest));
        let (millis, number) = (stamp >> COUNTER_BITS, stamp & ((1 << COUNTER_BITS) - 1));
        let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
        let stamp = Timestamp::from_unix_time(millis / 1000, nanos, u128::from(number), COUNTER_BITS);
        (ExchangeId(Uuid::new_v7(stamp)), millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Backwards(AtomicU64);

    impl Clock for Backwards {
        fn unix_millis(&self) -> u64 {
            self.0.fetch_sub(1000, Ordering::Relaxed)
        }
    }

    #[test]
    fn ids_keep_their_order_when_the_clock_is_set_back() {
        let clock = Backwards(AtomicU64::new(1_800_000_000_000));
        let ids = IdSource::default();
        // More than have their place in one millisecond.
        let made: Vec<(ExchangeId, u64)> = (0..10_000).map(|_| ids.next(&clock)).collect();
        for pair in made.windows(2) {
            assert!(pair[0].0 < pair[1].0 && pair[0].0.to_string() < pair[1].0.to_string(), "{pair:?}");
            assert!(pair[0].1 <= pair[1].1, "{pair:?}");
        }
        let (id, millis) = ids.next(&clock);
        let (seconds, nanos) = id.uuid().get_timestamp().unwrap().to_unix();
        assert_eq!(seconds * 1000 + u64::from(nanos) / 1_000_000, millis);
    }
}
