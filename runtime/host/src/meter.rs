//! The meter: processor time in the guest, counted between entering and leaving it.
//!
//! Waiting for an upstream system costs a guest nothing, and neither does the time in which it was interrupted in
//! favour of its neighbours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Not in the guest.
const OUTSIDE: u64 = u64::MAX;

/// Counts the time of one exchange in its guest. Touched by one task at a time; atomics only because the engine's
/// callbacks must be `Sync`.
#[derive(Debug)]
pub(crate) struct Meter {
    base: Instant,
    budget: u64,
    used: AtomicU64,
    entered: AtomicU64,
}

impl Meter {
    pub(crate) fn new(budget: Duration) -> Arc<Self> {
        Arc::new(Self {
            base: Instant::now(),
            budget: nanos(budget),
            used: AtomicU64::new(0),
            entered: AtomicU64::new(OUTSIDE),
        })
    }

    /// The guest begins or goes on to run.
    pub(crate) fn enter(&self) {
        self.entered.store(nanos(self.base.elapsed()), Ordering::Relaxed);
    }

    /// The guest stops running.
    pub(crate) fn leave(&self) {
        let entered = self.entered.swap(OUTSIDE, Ordering::Relaxed);
        if entered != OUTSIDE {
            let ran = nanos(self.base.elapsed()).saturating_sub(entered);
            self.used.fetch_add(ran, Ordering::Relaxed);
        }
    }

    /// Whether the budget is used up. Meant for a moment outside of the guest.
    pub(crate) fn is_spent(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.budget
    }

    /// The time used up to the last moment outside, in microseconds.
    pub(crate) fn micros(&self) -> u64 {
        self.used.load(Ordering::Relaxed) / 1000
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(OUTSIDE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_inside_counts() {
        let meter = Meter::new(Duration::from_millis(5));
        std::thread::sleep(Duration::from_millis(10));
        meter.leave();
        assert_eq!(meter.micros(), 0);
        assert!(!meter.is_spent());
        meter.enter();
        std::thread::sleep(Duration::from_millis(10));
        meter.leave();
        assert!(meter.micros() >= 10_000);
        assert!(meter.is_spent());
        let used = meter.micros();
        std::thread::sleep(Duration::from_millis(2));
        meter.leave();
        assert_eq!(meter.micros(), used, "leaving twice counts once");
    }
}
