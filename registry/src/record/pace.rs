//! When a sync is put off, so that more share it.
//!
//! A sync costs the processor as much as several exchanges, however many share it. While a shard has nothing left to do, a processor is
//! free for it, and each sync follows the one before at once: what comes meanwhile shares the next. While all have something to do, a
//! sync would only keep from the exchanges what they need to come to their records: it waits until one of the shards has nothing left
//! to do, for a moment at the longest. The thread sleeps meanwhile, and finds what has come all at once: to be woken for it now and then takes
//! a processor from a shard each time.

use nhip_exchange::lull::Lull;
use std::time::Duration;
use tokio::time::Instant;

/// How long after a sync the next begins where no shard is idle meanwhile.
const MOST: Duration = Duration::from_micros(1_500);

/// Wait before a sync, when the last was done at `synced`. `lull` says when a shard is idle; without shards nothing is put off.
pub(super) fn put_off(lull: Option<&Lull>, synced: Instant) {
    let left = MOST.saturating_sub(synced.elapsed());
    if let Some(lull) = lull.filter(|_| !left.is_zero()) {
        lull.wait(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long so many waits take, each after a sync of the moment that is given.
    fn waits(lull: Option<&Lull>, times: u32, synced: impl Fn() -> Instant) -> Duration {
        let began = Instant::now();
        (0..times).for_each(|_| put_off(lull, synced()));
        began.elapsed()
    }

    #[test]
    fn a_sync_is_put_off_until_a_shard_is_idle_or_the_last_is_long_ago() {
        let lull = Lull::default();
        let synced = Instant::now();
        put_off(Some(&lull), synced);
        assert!(synced.elapsed() >= MOST, "{:?}", synced.elapsed());
        // Each of so many in vain would be seconds, on the slowest machine.
        let many = 10_000;
        assert!(waits(Some(&lull), many, || synced) < MOST * many, "the last is long ago");
        lull.begins();
        assert!(waits(Some(&lull), many, Instant::now) < MOST * many, "a processor is free");
        lull.ends();
        assert!(waits(Some(&lull), 2, Instant::now) >= MOST * 2);
    }

    #[test]
    fn without_shards_nothing_is_put_off() {
        let many = 10_000;
        assert!(waits(None, many, Instant::now) < MOST * many);
    }
}
