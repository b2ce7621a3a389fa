//! Counters of the hot path: plain atomics, read when somebody scrapes them.

use crate::fault::{Kind, TABLE};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the duration buckets, in microseconds; one more bucket holds what is longer.
pub const BUCKETS_MICROS: [u64; 16] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    10_000_000,
];

/// Counts of exchanges, of one deployed version or of those that reached none.
#[derive(Debug)]
pub struct Stats {
    opened: AtomicU64,
    ok: AtomicU64,
    faults: Vec<AtomicU64>,
    buckets: [AtomicU64; BUCKETS_MICROS.len() + 1],
    micros: AtomicU64,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            opened: AtomicU64::new(0),
            ok: AtomicU64::new(0),
            faults: TABLE.iter().map(|_| AtomicU64::new(0)).collect(),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            micros: AtomicU64::new(0),
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
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self, fault: Option<Kind>, took: Duration) {
        let counter = fault.map_or(Some(&self.ok), |kind| self.faults.get(kind.index()));
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_MICROS.partition_point(|bound| *bound < micros);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was counted up to now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let ok = self.ok.load(Ordering::Relaxed);
        let faults: Vec<(Kind, u64)> = TABLE
            .iter()
            .zip(&self.faults)
            .map(|(row, count)| (row.kind, count.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let ended = ok + faults.iter().map(|(_, count)| count).sum::<u64>();
        Snapshot {
            ok,
            in_flight: self.opened.load(Ordering::Relaxed).saturating_sub(ended),
            faults,
            buckets: self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect(),
            micros: self.micros.load(Ordering::Relaxed),
        }
    }
}
