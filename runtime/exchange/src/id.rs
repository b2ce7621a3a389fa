//! Exchange ids: UUIDv7, so that they sort by the time they were opened.

use crate::clock::Clock;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::{NoContext, Timestamp, Uuid};

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

/// Makes ids whose time never runs backwards in this process, even when the machine's clock does.
#[derive(Debug, Default)]
pub struct IdSource {
    latest_millis: AtomicU64,
}

impl IdSource {
    /// A new id, and the time it carries in milliseconds since 1970.
    ///
    /// Without a lock: the latest millisecond is kept in an atomic; ids of one millisecond differ by 74 random bits.
    pub fn next(&self, clock: &dyn Clock) -> (ExchangeId, u64) {
        let now = clock.unix_millis();
        let millis = now.max(self.latest_millis.fetch_max(now, Ordering::Relaxed));
        let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
        let stamp = Timestamp::from_unix(NoContext, millis / 1000, nanos);
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
        let times: Vec<u64> = (0..50).map(|_| ids.next(&clock).1).collect();
        assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{times:?}");
        let (id, millis) = ids.next(&clock);
        let (seconds, nanos) = id.uuid().get_timestamp().unwrap().to_unix();
        assert_eq!(seconds * 1000 + u64::from(nanos) / 1_000_000, millis);
    }
}
