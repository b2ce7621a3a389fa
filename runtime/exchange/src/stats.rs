//! Counters of the hot path: plain atomics, read when somebody scrapes them.

use crate::fault::{Kind, TABLE};
use crate::shard;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the duration buckets, in microseconds; one more bucket holds what is longer.
pub const BUCKETS_MICROS: [u64; 16] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    10_000_000,
];

/// Counts of exchanges, of one deployed version or of those that reached none. Each shard counts its own, so that none waits for
/// what another has in its cache.
#[derive(Debug)]
pub struct Stats {
    /// Of threads that are no shard.
    others: Counts,
    shards: Box<[Counts]>,
}

/// What one thread counts, or several that are no shard. Nothing else lies on its cache lines, and what an exchange of up to a millisecond
/// counts is on the first of them.
#[derive(Debug)]
#[repr(C, align(128))]
struct Counts {
    opened: AtomicU64,
    ok: AtomicU64,
    micros: AtomicU64,
    buckets: [AtomicU64; BUCKETS_MICROS.len() + 1],
    faults: Vec<AtomicU64>,
}

impl Default for Stats {
    fn default() -> Self {
        Self { others: Counts::default(), shards: (0..shard::expected()).map(|_| Counts::default()).collect() }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            opened: AtomicU64::new(0),
            ok: AtomicU64::new(0),
            micros: AtomicU64::new(0),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            faults: TABLE.iter().map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

/// What [`Stats`] held at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Exchanges that ended well.
    pub ok: u64,
    /// Exchanges that ended with each kind of fault that occurred.
    pub faults: Vec<(Kind, u64)>,
    /// Exchanges under way.
    pub in_flight: u64,
    /// Exchanges per duration bucket (see [`BUCKETS_MICROS`]), not cumulative; the last is unbounded.
    pub buckets: Vec<u64>,
    /// Sum of all durations, in microseconds.
    pub micros: u64,
}

impl Stats {
    pub(crate) fn opened(&self) {
        self.mine().opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self, fault: Option<Kind>, took: Duration) {
        let mine = self.mine();
        let counter = fault.map_or(Some(&mine.ok), |kind| mine.faults.get(kind.index()));
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_MICROS.partition_point(|bound| *bound < micros);
        if let Some(bucket) = mine.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        mine.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn mine(&self) -> &Counts {
        shard::current().and_then(|shard| self.shards.get(shard)).unwrap_or(&self.others)
    }

    /// What was counted up to now. An exchange that is opened by one thread and closed by another is under way until both are counted.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let sum = |of: &dyn Fn(&Counts) -> u64| std::iter::once(&self.others).chain(&self.shards).map(of).sum::<u64>();
        let ok = sum(&|counts| read(&counts.ok));
        let faults: Vec<(Kind, u64)> = TABLE
            .iter()
            .map(|row| (row.kind, sum(&|counts| counts.faults.get(row.kind.index()).map_or(0, read))))
            .filter(|(_, count)| *count > 0)
            .collect();
        let ended = ok + faults.iter().map(|(_, count)| count).sum::<u64>();
        Snapshot {
            ok,
            in_flight: sum(&|counts| read(&counts.opened)).saturating_sub(ended),
            faults,
            buckets: (0..=BUCKETS_MICROS.len())
                .map(|at| sum(&|counts| counts.buckets.get(at).map_or(0, read)))
                .collect(),
            micros: sum(&|counts| read(&counts.micros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_shards_and_others_count_is_one_sum() {
        shard::expect(2);
        let stats = Stats::default();
        std::thread::scope(|scope| {
            for number in [0, 1, 1_000] {
                let stats = &stats;
                scope.spawn(move || {
                    shard::enter(number);
                    stats.opened();
                    stats.closed(None, Duration::from_micros(60));
                    stats.opened();
                    stats.closed(Some(Kind::Saturated), Duration::from_secs(60));
                    stats.opened();
                });
            }
        });
        // Closed on another thread than it was opened on.
        stats.closed(None, Duration::from_micros(40));
        let snapshot = stats.snapshot();
        assert_eq!((snapshot.ok, snapshot.in_flight, snapshot.micros), (4, 2, 3 * 60_000_060 + 40));
        assert_eq!(snapshot.faults, [(Kind::Saturated, 3)]);
        let mut buckets = [0; BUCKETS_MICROS.len() + 1];
        (buckets[0], buckets[1], buckets[BUCKETS_MICROS.len()]) = (1, 3, 3);
        assert_eq!(snapshot.buckets, buckets);
    }
}
