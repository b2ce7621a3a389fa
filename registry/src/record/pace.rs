//! When a sync is put off, so that more share it.
//!
//! A sync costs the processor as much as several exchanges, however many share it. While a shard has nothing left to do, a processor is
//! free for it, and each sync follows the one before at once: what comes meanwhile shares the next. While all have something to do, a
//! sync would only keep from the exchanges what they need to come to their records: it waits until one of the shards has nothing left
//! to do, for a moment at the longest.

use nhip_exchange::lull::Lull;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long after a sync the next begins where no shard is idle meanwhile.
const MOST: Duration = Duration::from_micros(500);
/// How often what has come meanwhile is put on the chain, so that it does not wait for that when the sync is due.
const SLICE: Duration = Duration::from_micros(200);

/// Whether syncs are put off at present.
pub(super) struct Pace {
    /// When a shard is idle. Without shards nothing is put off.
    lull: Option<Arc<Lull>>,
}

impl Pace {
    pub(super) fn new(lull: Option<Arc<Lull>>) -> Self {
        Self { lull }
    }

    /// Wait a little before a sync, when the last was done at `synced`; whether it can be put off for longer.
    pub(super) fn put_off(&self, synced: Instant) -> bool {
        let Some(lull) = &self.lull else { return false };
        let left = MOST.saturating_sub(synced.elapsed());
        !left.is_zero() && !lull.wait(std::cmp::min(left, SLICE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_is_put_off_until_a_shard_is_idle_or_the_last_is_long_ago() {
        let lull = Arc::new(Lull::default());
        let pace = Pace::new(Some(Arc::clone(&lull)));
        // Not long ago, however slow this machine is.
        let just = Instant::now() + Duration::from_secs(60);
        assert!(pace.put_off(just));
        let synced = Instant::now();
        while pace.put_off(synced) {}
        assert!(synced.elapsed() >= MOST, "{:?}", synced.elapsed());
        assert!(!pace.put_off(synced), "the last is long ago");
        lull.begins();
        assert!(!pace.put_off(just), "a processor is free");
        lull.ends();
        assert!(pace.put_off(just));
    }

    #[test]
    fn without_shards_nothing_is_put_off() {
        assert!(!Pace::new(None).put_off(Instant::now()));
    }
}
