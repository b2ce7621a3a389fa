//! The meter: processor time of the sandbox, counted from the moment its instance is made to the end of its call, less the time in
//! which it waits for the host.
//!
//! Waiting for an upstream system costs a guest nothing, and neither does the time in which it was interrupted in
//! favour of its neighbours. What the engine does between two calls into the guest, carrying values in and out of its
//! memory, counts: nothing there waits, and asking the clock around each of the dozens of calls of one exchange would
//! cost more than most of them take.

use crate::clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Not running.
const OUTSIDE: u64 = u64::MAX;

/// In nanoseconds: some fifty times what a small exchange takes in a Rust adapter, three times what it takes in a JavaScript one.
const HEAVY: u64 = 1_000_000;

/// What moments are counted from.
static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Counts the time of one exchange in its sandbox. Touched by one task at a time; atomics only because the engine's
/// callbacks must be `Sync`.
#[derive(Debug)]
pub(crate) struct Meter {
    budget: u64,
    used: AtomicU64,
    entered: AtomicU64,
}

impl Meter {
    pub(crate) fn new(budget: Duration) -> Arc<Self> {
        Arc::new(Self { budget: nanos(budget), used: AtomicU64::new(0), entered: AtomicU64::new(OUTSIDE) })
    }

    /// The guest begins or goes on to run. Where it runs already, nothing changes.
    pub(crate) fn enter(&self) {
        if self.entered.load(Ordering::Relaxed) == OUTSIDE {
            clock::guest_runs();
            self.entered.store(now(), Ordering::Relaxed);
        }
    }

    /// The guest waits, or is at its end.
    pub(crate) fn leave(&self) {
        let entered = self.entered.load(Ordering::Relaxed);
        if entered != OUTSIDE {
            self.entered.store(OUTSIDE, Ordering::Relaxed);
            self.used.fetch_add(now().saturating_sub(entered), Ordering::Relaxed);
        }
    }

    /// Whether the budget is used up. Meant for a moment outside of the guest.
    pub(crate) fn is_spent(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.budget
    }

    /// Whether the exchange has computed for so long that others should hardly notice it.
    pub(crate) fn is_heavy(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= HEAVY
    }

    /// The time used up to the last moment outside, in microseconds.
    pub(crate) fn micros(&self) -> u64 {
        self.used.load(Ordering::Relaxed) / 1000
    }
}

fn now() -> u64 {
    nanos(BASE.elapsed())
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
        meter.enter();
        meter.leave();
        assert!(meter.micros() >= 10_000, "entering twice changes nothing");
        assert!(meter.is_spent());
        let used = meter.micros();
        std::thread::sleep(Duration::from_millis(2));
        meter.leave();
        assert_eq!(meter.micros(), used, "leaving twice counts once");
    }
}
